"""What a file is shows in its bytes, and text goes fenced."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtui.chat.errors import ConfigError
from streamtui.chat.sizes import size_words
from streamtui.markdown import Document
from streamtui.workspace.attachments.fences import fenced
from streamtui.workspace.attachments.kinds import media_type_of, text_of


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a\0", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"\0\0\0\x18ftypheic", "image/heic"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"plain", "text/plain"),
        ("größe".encode(), "text/plain"),
        ("größe".encode("utf-16"), "text/plain"),
        (b"BMW is a car", "text/plain"),
    ],
)
def test_kinds_by_content(content: bytes, kind: str) -> None:
    assert media_type_of(content, "x") == kind


@pytest.mark.parametrize("content", [b"\x7fELF\0\0", b"PK\x03\x04\0\0", b"\x1f\x8b\x08\0", "a\0b".encode("utf-16")])
def test_binaries_are_refused(content: bytes) -> None:
    with pytest.raises(ConfigError, match="x is binary: only text, images and PDFs"):
        media_type_of(content, "x")


def test_an_encoding_that_is_not_named_is_refused_and_not_guessed() -> None:
    with pytest.raises(ConfigError, match=r"2 bytes were not UTF-8.*iconv"):
        media_type_of("größe".encode("latin-1"), "x")


def test_text_is_decoded_by_its_mark() -> None:
    for codec in ("utf-8", "utf-8-sig", "utf-16", "utf-32"):
        assert text_of("größe\n".encode(codec), "x") == "größe\n"


@given(st.text(alphabet="`~ab \n"))
def test_no_text_ends_its_own_fence(text: str) -> None:
    document = Document(fenced("a.py", text))
    document.finish()
    for _ in iter(lambda: document.update(1.0), None):
        pass

    assert len(document.blocks) == 2


@pytest.mark.parametrize(("name", "language"), [("a.PY", "py"), ("Makefile", ""), ("a.b c", ""), (".env", "env")])
def test_the_language_is_that_of_the_name(name: str, language: str) -> None:
    assert fenced(name, "x") == f"{name}:\n```{language}\nx\n```"


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (9_960, "10 kB"), (5_000_000, "5.0 MB"),
                        (999_600, "1.0 MB"), (10**10, "10 GB")]
)  # fmt: skip
def test_sizes_in_words(size: int, words: str) -> None:
    assert size_words(size) == words
