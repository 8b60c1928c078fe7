"""`ask -f`: what is sent of files, and what is refused before anything is sent."""

import base64
import io
import json
import os
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pypdf import PdfWriter

from tests.cli.conftest import Command, Run
from tests.server import ScriptedServer


def png(width: int, height: int, noisy: bool = False) -> bytes:
    file = io.BytesIO()
    image = Image.frombytes("RGB", (width, height), os.urandom(width * height * 3)) if noisy else None
    (image or Image.new("RGB", (width, height), "red")).save(file, "PNG")
    return file.getvalue()


def pdf(*pages: str, password: str = "") -> bytes:
    """Return a PDF with these texts, a page each."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for text in pages:
        stream = f"BT /F1 12 Tf 50 700 Td ({text}) Tj ET" if text else ""
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
        resources = "<< /Font << /F1 3 0 R >> >>"
        objects.append(f"<< /Type /Page /Parent 2 0 R /Contents {len(objects)} 0 R /Resources {resources} >>")
        kids.append(f"{len(objects)} 0 R")
    box = "/MediaBox [0 0 612 792]"
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} {box} >>"
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    end = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer << /Size {len(objects) + 1} /Root 1 0 R >>"
    whole = body + f"{end}\nstartxref\n{len(body)}\n%%EOF\n".encode()
    if not password:
        return whole
    writer, file = PdfWriter(io.BytesIO(whole)), io.BytesIO()
    writer.encrypt(password, algorithm="RC4-128")
    writer.write(file)
    return file.getvalue()


def sent(server: ScriptedServer) -> Any:
    """Return the content of the last prompt that was sent."""
    return server.requests[-1].json["messages"][-1]["content"]


def test_text_goes_fenced_before_the_prompt(run_here: Run, command: Command, server: ScriptedServer) -> None:
    (command.working / "a b.py").write_text("print('```')\n")
    (command.working / "größe.txt").write_bytes("größe".encode("utf-16"))

    result = run_here("ask", "-m", "ok", "-f", "a b.py", "--file", "größe.txt", "What is this?")

    assert (result.code, result.err) == (0, "")
    assert sent(server) == ("a b.py:\n````py\nprint('```')\n````\n\ngröße.txt:\n```txt\ngröße\n```\n\nWhat is this?")


def test_an_image_goes_as_it_is_or_smaller(run_here: Run, command: Command, server: ScriptedServer) -> None:
    small = png(20, 10)
    (command.working / "small.png").write_bytes(small)
    (command.working / "large.png").write_bytes(png(3000, 1500))

    assert run_here("ask", "-m", "ok", "-f", "small.png", "-f", "large.png", "What?").code == 0

    first, second, text = sent(server)
    assert text == {"type": "text", "text": "What?"}
    assert first["image_url"]["url"] == "data:image/png;base64," + base64.b64encode(small).decode()
    scaled = Image.open(io.BytesIO(base64.b64decode(second["image_url"]["url"].partition(",")[2])))
    assert scaled.size == (2048, 1024)


def test_an_image_is_turned_upright(run_here: Run, command: Command, server: ScriptedServer) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 20), "red").save(command.working / "photo.jpg", exif=exif)

    assert run_here("ask", "-m", "ok", "-f", "photo.jpg", "What?").code == 0

    url = sent(server)[0]["image_url"]["url"]
    turned = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))
    assert (turned.size, dict(turned.getexif())) == ((20, 40), {})


def test_a_pdf_goes_as_text_by_pages_or_as_a_file(run_here: Run, command: Command, server: ScriptedServer) -> None:
    (command.working / "paper.pdf").write_bytes(pdf("Hello", "World"))
    (command.working / "scan.pdf").write_bytes(pdf(""))

    assert run_here("ask", "-m", "ok", "-f", "paper.pdf", "-f", "scan.pdf", "What?").code == 0

    file, text = sent(server)
    assert text["text"] == "paper.pdf:\n```text\n[page 1 of 2]\nHello\n\n[page 2 of 2]\nWorld\n```\n\nWhat?"
    assert file["file"]["filename"] == "scan.pdf"
    assert base64.b64decode(file["file"]["file_data"].partition(",")[2]) == pdf("")


def bomb() -> bytes:
    """Return a PNG of a few bytes that says it has 2.5 thousand million pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = (50_000).to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0"
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("missing.txt", "There is no file missing.txt."),
        ("folder", "folder is a folder: attach the files in it."),
        ("fifo", "fifo is a pipe, not a file."),
        ("empty.txt", "empty.txt is empty"),
        ("program", "program is binary: only text, images and PDFs can be attached."),
        ("latin.txt", "latin.txt is binary, or text in an encoding that it does not name"),
        ("sparse", "sparse is too large: 10 GB, and at most 32 MB can be attached."),
        ("/dev/zero", "/dev/zero is a device, not a file."),
        ("/proc/self/environ", "/proc/self/environ is under /proc"),
        ("zero", "zero is a device, not a file."),
        ("bomb.png", "bomb.png has too many pixels: 50,000 × 50,000."),
        ("torn.png", "torn.png is damaged, or no image"),
        ("locked.pdf", "locked.pdf is encrypted: it needs a password."),
        ("torn.pdf", "torn.pdf is damaged, or no PDF"),
        ("", "is a folder"),
        ("~nobody/x", "There is no file ~nobody/x."),
        ("https://example.org/a.png", "Only files are attached, no addresses on the web"),
    ],
)
def test_what_can_not_be_sent_is_refused_before_anything_is(
    run_here: Run, command: Command, server: ScriptedServer, name: str, line: str
) -> None:
    folder = command.working
    (folder / "folder").mkdir()
    os.mkfifo(folder / "fifo")
    for path, content in {
        "empty.txt": b"",
        "program": b"\x7fELF\0\0",
        "latin.txt": "größe".encode("latin-1"),
        "bomb.png": bomb(),
        "torn.png": png(50, 50)[:40],
        "locked.pdf": pdf("Secret", password="x"),
        "torn.pdf": b"%PDF-1.4\nnothing",
    }.items():
        (folder / path).write_bytes(content)
    with (folder / "sparse").open("wb") as sparse:
        sparse.truncate(10**10)
    (folder / "zero").symlink_to("/dev/zero")

    result = run_here("ask", "-m", "ok", "-f", name, "What?")

    assert (result.code, result.out) == (2, "")
    assert len(result.lines) == 1 and line in result.lines[0]
    assert server.requests == []
    assert json.loads(run_here("list", "--json").out) == []
    assert not any(b"Secret" in file.read_bytes() for file in command.data.rglob("*") if file.is_file())


def test_a_pdf_of_thousands_of_pages_is_refused_in_a_line(run_here: Run, command: Command) -> None:
    (command.working / "long.pdf").write_bytes(pdf(*[""] * 5_000))

    result = run_here("ask", "-m", "ok", "-f", "long.pdf", "What?")

    assert result.code == 2
    assert result.lines == ["streamtui: long.pdf has 5,000 pages, and at most 2,000 are read. Nothing was sent."]


def test_what_is_piped_in_can_be_a_file(command: Command, server: ScriptedServer) -> None:
    result = command.run("ask", "-m", "ok", "-f", "-", "What?", stdin=png(3, 2))

    assert result.code == 0
    assert [part["type"] for part in sent(server)] == ["image_url", "text"]


@pytest.mark.parametrize(
    "words", [("-f", "-", "--no-stdin", "x"), ("-f", "-", "-f", "-", "x"), ("-f", "-", "-"), ("-f", "-", "x")]
)
def test_stdin_is_read_once_or_refused(run_here: Run, server: ScriptedServer, words: tuple[str, ...]) -> None:
    result = run_here("ask", "-m", "ok", *words)

    assert result.code == 2 and len(result.lines) >= 1
    assert server.requests == []


def test_later_turns_carry_the_file_again_and_the_store_keeps_it_once(
    run_here: Run, command: Command, server: ScriptedServer
) -> None:
    path = command.working / "photo.png"
    path.write_bytes(png(900, 900, noisy=True))
    run_here("ask", "-m", "ok", "-f", "photo.png", "What?")
    size = sum(file.stat().st_size for file in command.data.rglob("*") if file.is_file())
    path.unlink()

    for number in range(3):
        assert run_here("ask", "-c", f"And {number}?").code == 0

    assert server.requests[-1].json["messages"][0]["content"] == server.requests[0].json["messages"][0]["content"]
    assert sum(file.stat().st_size for file in command.data.rglob("*") if file.is_file()) < 1.2 * size


def test_without_saving_no_byte_of_a_file_reaches_the_disk(command: Command) -> None:
    (command.working / "secret.txt").write_text("xyzzy-plugh")

    assert command.run("ask", "-m", "ok", "--no-save", "-f", "secret.txt", "What?").code == 0

    assert not any(b"xyzzy" in file.read_bytes() for file in command.data.rglob("*") if file.is_file())


def test_several_prompts_each_carry_the_files(run_here: Run, command: Command, server: ScriptedServer) -> None:
    (command.working / "a.txt").write_text("A")

    assert run_here("ask", "-m", "ok", "-f", "a.txt", "--prompt", "One", "--prompt", "Two").code == 0

    contents = sorted(request.json["messages"][-1]["content"] for request in server.requests)
    assert contents == [f"a.txt:\n```txt\nA\n```\n\n{prompt}" for prompt in ("One", "Two")]


def test_a_web_address_in_a_prompt_is_only_text(run_here: Run, server: ScriptedServer) -> None:
    assert run_here("ask", "-m", "ok", "See @https://127.0.0.1:9/x and @/etc/passwd").code == 0

    assert sent(server) == "See @https://127.0.0.1:9/x and @/etc/passwd"
    assert Path("/etc/passwd").exists()


def test_a_file_goes_with_the_conversation_that_is_deleted(run_here: Run, command: Command) -> None:
    (command.working / "secret.txt").write_text("xyzzy-plugh " * 10_000)
    run_here("ask", "-m", "ok", "-f", "secret.txt", "What?")
    assert any(b"xyzzy" in file.read_bytes() for file in command.data.rglob("*") if file.is_file())

    assert run_here("delete", "last", "--yes").code == 0

    assert not any(b"xyzzy" in file.read_bytes() for file in command.data.rglob("*") if file.is_file())
