"""Images and PDFs, with the libraries that convert them and without."""

import importlib.util
import io
import os
from hashlib import sha256

import pytest
from PIL import Image

from streamtui.chat.errors import ConfigError
from streamtui.workspace.attachments import conversion
from streamtui.workspace.attachments.conversion import Converter, PagesOfText, WholeFile
from tests.cli.test_ask_files import pdf, png


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have neither Pillow nor pypdf installed."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


async def picture(content: bytes, kind: str = "image/png") -> conversion.Picture:
    return await Converter().image(sha256(content).hexdigest(), "x", kind, content)


async def test_without_pillow_an_image_goes_as_it_is(bare: None) -> None:
    assert (await picture(b"anything")).content == b"anything"


@pytest.mark.parametrize(
    ("content", "kind", "line"),
    [
        (b"x" * 4_000_000, "image/png", r"x is too large for an image: 4.0 MB.*pip install 'streamtui\[images\]'"),
        (b"x", "image/tiff", r"x is TIFF, which endpoints don't take: pip install 'streamtui\[images\]'"),
    ],
)
async def test_without_pillow_others_are_refused(bare: None, content: bytes, kind: str, line: str) -> None:
    with pytest.raises(ConfigError, match=line):
        await picture(content, kind)


async def test_without_pypdf_a_pdf_goes_as_a_file(bare: None) -> None:
    content = pdf("Hello")

    assert await Converter().pdf("1", "x", content) == WholeFile(content)


async def test_each_file_is_converted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    converter = Converter()
    first = await converter.pdf("1", "x", pdf("Hello"))
    monkeypatch.setattr(conversion, "_PROGRAM", "nowhere")

    assert await converter.pdf("1", "x", pdf("Hello")) == first == PagesOfText("[page 1 of 1]\nHello")


async def test_a_file_that_takes_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversion, "_PATIENCE_S", 0.0)

    with pytest.raises(ConfigError, match="x took too long to open"):
        await Converter().pdf("1", "x", pdf("Hello"))


async def test_formats_that_endpoints_do_not_take_become_one_they_do() -> None:
    file = io.BytesIO()
    Image.new("RGBA", (30, 20), (255, 0, 0, 128)).save(file, "TIFF")

    made = await picture(file.getvalue(), "image/tiff")

    assert (made.media_type, Image.open(io.BytesIO(made.content)).size) == ("image/png", (30, 20))


async def test_what_does_not_compress_is_made_small_enough() -> None:
    made = await picture(png(2000, 1500, noisy=True))

    assert made.media_type == "image/jpeg" and len(made.content) <= conversion.LARGEST_IMAGE


async def test_a_photo_of_a_hundred_million_pixels_is_scaled() -> None:
    file = io.BytesIO()
    Image.new("RGB", (10_000, 10_000), "red").save(file, "JPEG", quality=10)

    made = await picture(file.getvalue(), "image/jpeg")

    assert Image.open(io.BytesIO(made.content)).size == (2048, 2048)


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n", os.urandom(500), b"GIF89a"])
async def test_what_only_looks_like_an_image_is_refused(content: bytes) -> None:
    with pytest.raises(ConfigError, match="x is damaged, or no image"):
        await picture(content)
