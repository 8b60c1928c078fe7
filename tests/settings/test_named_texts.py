"""Snippets and system messages in files: their names, and what is no name."""

import os
from pathlib import Path

import pytest

from streamtui.chat.errors import StreamtuiError
from streamtui.settings.named_texts import NamedTexts


@pytest.fixture
def texts(tmp_path: Path) -> NamedTexts:
    folder = tmp_path / "config" / "snippets"
    folder.mkdir(parents=True)
    for name, text in {"b.md": "B\n", "Ä b.md": "x\r\ny\x1b", "a.md": "A", "no.txt": "", ".hidden.md": ""}.items():
        (folder / name).write_bytes(text.encode())
    (folder / "folder.md").mkdir()
    (tmp_path / "secret.md").write_text("secret")
    return NamedTexts(tmp_path / "config")


def test_names_are_those_of_the_files(texts: NamedTexts) -> None:
    assert texts.names("snippets") == ["a", "b", "Ä b"]
    assert texts.names("systems") == []


def test_a_text_is_cleaned_and_its_last_newline_is_the_files(texts: NamedTexts) -> None:
    assert texts.read("snippets", "b") == "B"
    assert texts.read("snippets", "Ä b") == "x\ny\ufffd"


@pytest.mark.parametrize(
    "name", ["../../secret", "..", ".", "", "/etc/passwd", "a/b", "..\\secret", "a\0", ".hidden", " a", "\x1b[2J"]
)
def test_nothing_outside_the_folder_is_read(texts: NamedTexts, name: str) -> None:
    with pytest.raises(StreamtuiError, match="can't be the name of a snippet") as error:
        texts.read("snippets", name)
    assert "\x1b" not in str(error.value)


@pytest.mark.parametrize("name", ["nothing", "folder"])
def test_what_is_not_there_is_said_with_its_place(texts: NamedTexts, name: str) -> None:
    with pytest.raises(StreamtuiError, match=rf"There is no snippet {name}: write it to .*snippets/{name}\.md"):
        texts.read("snippets", name)


def test_a_pipe_and_a_huge_file_are_not_read(texts: NamedTexts, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config" / "snippets" / "pipe.md")
    (tmp_path / "config" / "snippets" / "huge.md").write_bytes(b"x" * 1_000_001)
    for name in ("pipe", "huge"):
        with pytest.raises(StreamtuiError):
            texts.read("snippets", name)
