"""Files in the box: paths complete, chips stand above it, pastes read nothing."""

import asyncio
from pathlib import Path

import pytest
from textual import events

from streamtui.chat.messages import FileReference, carried
from tests.tui.conftest import Open, Reader


@pytest.fixture(autouse=True)
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "tree"
    for name in ("notes.md", "src/main_window.py", "a b.txt", "other.md"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"this is {name}\n")
    monkeypatch.chdir(folder)
    return folder


def attached(reader: Reader) -> list[str]:
    return [one.name for one in reader.app.chat.session.outgoing.next.attachments]


def asked(reader: Reader) -> list[str]:
    """Return the names of the files that went along with the last prompt."""
    own = [message for message in reader.app.chat.session.conversation.path() if message.role == "user"]
    return [attachment.name for attachment in own[-1].attachments] if own else []


async def paste(reader: Reader, text: str) -> None:
    reader.app.chat.composer.prompt.post_message(events.Paste(text))
    await reader.until(lambda: text.strip() in reader.box)


async def test_a_path_is_completed_and_the_file_goes_along(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.type("sum up @mwin")
        await reader.until("src/main_window.py")
        await reader.until("enter take it")
        await reader.press("tab")
        await reader.until(lambda: reader.box == "sum up @src/main_window.py ")
        await reader.until("▣ main_window.py 27 B ×")
        await reader.press("enter")
        await reader.until("✓")

        assert asked(reader) == ["main_window.py"]
        assert "▣ main_window.py 27 B ×" not in reader.screen


async def test_tab_before_the_list_is_there_takes_the_first_path(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.type("@note")
        await reader.press("tab")
        await reader.until(lambda: reader.box == "@notes.md ")


async def test_a_word_that_is_a_file_goes_along_without_any_list(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.type("read @notes.md")
        await reader.press("enter")
        await reader.until("✓")

        assert asked(reader) == ["notes.md"]


async def test_a_name_with_spaces_is_quoted(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.type("@a b")
        assert attached(reader) == []
        await reader.press("ctrl+u")
        await reader.type("@b.t")
        await reader.until("a b.txt")
        await reader.press("enter")
        await reader.until(lambda: reader.box == '@"a b.txt" ')
        await reader.until("▣ a b.txt")


async def test_one_word_that_can_not_be_attached_hides_no_other(open_app: Open, tree: Path) -> None:
    (tree / "empty.txt").touch()
    async with open_app() as reader:
        await reader.type("@empty.txt @notes.md @other.md ")
        await reader.until("▣ notes.md 17 B ×  ▣ other.md 17 B ×")


async def test_other_words_stay_text(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.type("ask @alice or bob@notes.md about @src ")
        await reader.press("enter")
        await reader.until("✓")

        assert asked(reader) == []


async def test_escape_closes_the_list_and_enter_sends(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.type("@note")
        await reader.until(lambda: reader.app.chat.composer.files.paths.is_open)
        await reader.press("escape")
        await reader.until(lambda: not reader.app.chat.composer.files.paths.is_open)
        await reader.press("enter")
        await reader.until("✓")

        assert asked(reader) == []


async def test_a_chip_goes_with_its_word_with_a_key_and_with_a_click(open_app: Open) -> None:
    async with open_app() as reader:
        outgoing = reader.app.chat.session.outgoing
        await reader.type("@notes.md ")
        await reader.until("▣ notes.md")
        await reader.press("ctrl+u")
        await reader.until_gone("▣ notes.md")

        outgoing.attach(FileReference("/x/notes.md", 3), FileReference("/x/other.md", 5))
        await reader.until("▣ other.md 5 B")
        await reader.press("alt+x")
        await reader.until_gone("▣ other.md")
        await reader.pilot.click("#attachments", offset=(4, 0))
        await reader.until_gone("▣ notes.md")
        assert carried(reader.box, outgoing.next.attachments) == ()


async def test_what_is_pasted_is_not_read_before_the_key(open_app: Open, tree: Path) -> None:
    async with open_app() as reader:
        await paste(reader, f"{tree}/notes.md")
        await reader.until("alt+a attaches notes.md (17 B) instead of the path.")
        assert attached(reader) == []
        await reader.press("alt+a")
        await reader.until("▣ notes.md 17 B ×")
        assert reader.box == ""
        await reader.press("enter")
        await reader.until("✓")

        assert asked(reader) == ["notes.md"]


async def test_a_pasted_word_is_only_text(open_app: Open, tree: Path) -> None:
    async with open_app() as reader:
        await paste(reader, f"please read @{tree}/notes.md and @other.md")
        await reader.type(" now")
        await reader.press("enter")
        await reader.until("✓")

        assert asked(reader) == []


async def test_attach_takes_a_path_and_refuses_what_is_none(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.send("/attach a b.txt")
        await reader.until("▣ a b.txt 16 B ×")
        await reader.send("/attach /dev/zero")
        await reader.until("/dev/zero is a device, not a file. Nothing of it was read.")
        await reader.send("/attach missing")
        await reader.until("There is no file missing.")

        assert attached(reader) == ["a b.txt"]


async def test_a_typed_device_is_refused_and_the_text_comes_back(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.type("read @/dev/zero")
        await reader.press("enter")
        await reader.until("/dev/zero is a device")

        assert reader.box == "read @/dev/zero"


async def test_what_changed_into_something_else_is_refused_when_it_is_sent(open_app: Open, tree: Path) -> None:
    async with open_app() as reader:
        await reader.type("@notes.md ")
        await reader.until("▣ notes.md")
        await asyncio.to_thread((tree / "notes.md").write_bytes, b"\x7fELF\0\0")
        await reader.type("what?")
        await reader.press("enter")
        await reader.until("notes.md is binary: only text, images and PDFs can be attached.")
        await reader.until("▣ notes.md")

        assert reader.box == "@notes.md what?"


async def test_files_wait_in_the_queue_and_come_back_with_escape(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.send("long")
        await reader.until(lambda: reader.app.chat.session.is_streaming)
        await reader.type("@notes.md then")
        await reader.press("enter")
        await reader.until(lambda: reader.app.chat.session.outgoing.next.queued)
        assert attached(reader) == []
        await reader.press("escape")
        await reader.until("▣ notes.md")

        assert reader.box == "@notes.md then"
        reader.app.chat.session.stop()


async def test_an_image_from_the_clipboard_goes_along(open_app: Open) -> None:
    from streamtui.tui.terminal.terminal_app import TerminalApp

    png = (
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90wS\xde\0\0\0\x0cIDATx\x9cc\xf8\xcf\xc0\0\0"
        b"\x03\x01\x01\0\xc9\xfe\x92\xef\0\0\0\0IEND\xaeB`\x82"
    )
    async with open_app() as reader:
        reader.app.post_message(TerminalApp.ImagePasted(png, "image/png"))
        await reader.until("▣ pasted.png")
        reader.app.post_message(TerminalApp.ImagePasted(b"\x89PNG\r\n\x1a\nno", "image/png"))
        await reader.until("is damaged, or no image")

        assert attached(reader) == ["pasted.png"]


async def test_names_do_nothing_to_the_screen(open_app: Open, tree: Path) -> None:
    name = "x\x1b[31m\n[b]‮y.md"
    (tree / name).write_text("x")
    async with open_app() as reader:
        await reader.type("@x")
        await reader.until(lambda: reader.app.chat.composer.files.paths.is_open)
        await reader.press("tab")
        await reader.until("▣ x")
        assert "\x1b" not in reader.screen and "‮" not in reader.screen
        assert "[b]" in reader.screen
        await reader.type("what?")
        await reader.press("enter")
        await reader.until("✓")

        assert len(asked(reader)) == 1
