"""Files that go along with prompts: from the draft to each request, over stops, branches, restarts."""

import asyncio
from pathlib import Path

import pytest

from streamtui.chat.errors import ConfigError
from streamtui.chat.events import Connected
from streamtui.chat.messages import Attachment, FileReference
from streamtui.chat.ports import NullRecorder
from streamtui.store import Store
from streamtui.workspace import NotSent, Regenerate, SendPrompt, Workspace
from streamtui.workspace.unsaved import UnsavedLibrary
from tests.chat.scripted import HANG, OK, ScriptedProvider, drop, until
from tests.patience import PATIENCE_S
from tests.workspace.conftest import OpenWorkspace, ScriptedCatalog, Watcher

PNG = b"\x89PNG\r\n\x1a\n" + b"not really" * 3


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes.md"
    path.write_text("# Notes\n")
    return path


def change(path: Path, text: str | None = None) -> None:
    """Write a file anew, or remove it."""
    if text is None:
        path.unlink()
    else:
        path.write_text(text)


def holds(folder: Path, text: bytes) -> bool:
    """Return whether any file of a folder holds a text."""
    return any(text in path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_a_file_is_read_when_its_prompt_is_sent_and_goes_with_every_later_turn(
    open_workspace: OpenWorkspace, notes: Path
) -> None:
    setup = open_workspace(OK)
    session = setup.workspace.new()
    session.outgoing.attach(await setup.workspace.attachments.look(str(notes)))
    change(notes, "# Newer notes\n")

    (task,) = await setup.workspace.sender.send(session, session.outgoing.prompt("Sum up"))
    await task.wait()
    change(notes)
    (task,) = await setup.workspace.sender.send(session, SendPrompt("Again"))
    await task.wait()

    first, second = (request.turns for request in setup.provider.requests)
    assert [turn.text for turn in first] == ["notes.md:\n```md\n# Newer notes\n```\n\nSum up"]
    assert [turn.text for turn in second] == [first[0].text, "Hello, world", "Again"]
    assert session.outgoing.next.attachments == ()
    (kept,) = session.conversation.path()[0].attachments
    assert (kept.name, kept.media_type, kept.size) == ("notes.md", "text/plain", 14)


async def test_a_reopened_conversation_still_carries_its_files(open_workspace: OpenWorkspace, notes: Path) -> None:
    setup = open_workspace(OK)
    session = setup.workspace.new()
    prompt = SendPrompt("Sum up", attachments=(FileReference(str(notes)),))
    (task,) = await setup.workspace.sender.send(session, prompt)
    await task.wait()
    await setup.workspace.aclose()

    reopened = Workspace(setup.catalog, setup.store.recorder, setup.store.library)
    again = await reopened.resume(session.conversation.id)
    (task,) = await reopened.sender.send(again, Regenerate())
    await task.wait()

    assert setup.provider.requests[1].turns == setup.provider.requests[0].turns
    await reopened.aclose()


async def test_other_wordings_carry_the_files_of_the_first(open_workspace: OpenWorkspace, notes: Path) -> None:
    setup = open_workspace(OK)
    session = setup.workspace.new()
    prompt = SendPrompt("Sum up", attachments=(FileReference(str(notes)),))
    (task,) = await setup.workspace.sender.send(session, prompt)
    await task.wait()

    session.outgoing.edit(session.conversation.path()[0].id)
    (task,) = await setup.workspace.sender.send(session, session.outgoing.prompt("Sum it up"))
    await task.wait()

    assert [turn.text for turn in setup.provider.requests[1].turns] == ["notes.md:\n```md\n# Notes\n```\n\nSum it up"]


async def test_a_file_named_in_the_text_goes_only_as_long_as_it_is_named(
    open_workspace: OpenWorkspace, notes: Path
) -> None:
    session = open_workspace().workspace.new()
    named, loose = FileReference(str(notes), word="@notes.md"), FileReference("/x/loose")
    session.outgoing.attach(named, loose, loose)

    assert session.outgoing.prompt("Read @notes.md") == SendPrompt("Read @notes.md", attachments=(named, loose))

    session.outgoing.attach(named, loose)
    assert session.outgoing.prompt("Read") == SendPrompt("Read", attachments=(loose,))


async def test_a_prompt_can_be_files_alone(open_workspace: OpenWorkspace, notes: Path) -> None:
    setup = open_workspace()
    session = setup.workspace.new()

    prompt = SendPrompt("", attachments=(FileReference(str(notes)),))
    (task,) = await setup.workspace.sender.send(session, prompt)
    await task.wait()

    assert setup.provider.requests[0].turns[0].text == "notes.md:\n```md\n# Notes\n```"
    assert session.conversation.title == "notes.md"


@pytest.mark.parametrize("content", [b"\x7fELF\0\0", b""])
async def test_what_can_not_be_attached_gives_the_prompt_back(
    open_workspace: OpenWorkspace, tmp_path: Path, content: bytes
) -> None:
    setup = open_workspace()
    session = setup.workspace.new()
    watcher = Watcher()
    session.watch(watcher)
    (tmp_path / "program").write_bytes(content)
    reference = FileReference(str(tmp_path / "program"))

    setup.workspace.sender.submit(session, SendPrompt("Run", attachments=(reference,)))
    await until(lambda: "NotSent" in watcher.kinds())

    assert setup.provider.requests == []
    assert (session.outgoing.draft, session.outgoing.next.attachments) == ("Run", (reference,))
    assert any("program is" in str(event.error) for event in watcher.events if isinstance(event, NotSent))


async def test_more_than_the_model_can_read_is_said_in_tokens_and_nothing_of_it_stays(
    open_workspace: OpenWorkspace, notes: Path, tmp_path: Path
) -> None:
    setup = open_workspace()
    setup.catalog.windows["scripted"] = 8_000
    session = setup.workspace.new()
    change(notes, "word " * 10_000)

    with pytest.raises(ConfigError, match=r"notes.md: about 12,500 tokens, and scripted can read 8,000 at most"):
        await setup.workspace.sender.send(session, SendPrompt("Sum up", attachments=(FileReference(str(notes)),)))

    assert setup.provider.requests == []
    assert setup.store.flush_or_spill(PATIENCE_S)
    assert not holds(tmp_path / "data", b"word word")


async def test_files_come_back_with_a_queued_prompt_and_wait_with_it(
    open_workspace: OpenWorkspace, notes: Path
) -> None:
    setup = open_workspace((Connected(), HANG))
    session = setup.workspace.new()
    (task,) = await setup.workspace.sender.send(session, SendPrompt("First"))
    session.outgoing.attach(FileReference(str(notes)))
    setup.workspace.sender.submit(session, session.outgoing.prompt("Second"))
    waiting = session.outgoing.next
    assert waiting.attachments == ()

    assert session.outgoing.unqueue()

    assert session.outgoing.next.attachments == (FileReference(str(notes)),)
    assert task.is_streaming


async def test_files_of_a_turn_that_is_taken_back_are_in_the_draft_again(
    open_workspace: OpenWorkspace, notes: Path
) -> None:
    setup = open_workspace((Connected(), HANG), OK)
    session = setup.workspace.new()
    prompt = SendPrompt("", attachments=(FileReference(str(notes)),))
    (task,) = await setup.workspace.sender.send(session, prompt)
    await until(lambda: setup.provider.open)
    change(notes)

    session.stop()
    await task.wait()
    (kept,) = session.outgoing.next.attachments
    assert isinstance(kept, Attachment)
    (task,) = await setup.workspace.sender.send(session, session.outgoing.prompt("Now"))
    await task.wait()

    assert setup.provider.requests[-1].turns[0].text == "notes.md:\n```md\n# Notes\n```\n\nNow"


async def test_files_of_a_failed_turn_come_back(open_workspace: OpenWorkspace, notes: Path) -> None:
    setup = open_workspace((drop("auth"),))
    session = setup.workspace.new()
    prompt = SendPrompt("Hi", attachments=(FileReference(str(notes)),))
    (task,) = await setup.workspace.sender.send(session, prompt)
    await task.wait()

    assert [one.name for one in session.outgoing.next.attachments] == ["notes.md"]


async def test_drafts_keep_their_files_over_a_restart(open_workspace: OpenWorkspace, notes: Path) -> None:
    setup = open_workspace((Connected(), HANG))
    name = notes.with_name("odd\udcff\n.md")
    name.write_text("odd")
    session = setup.workspace.new()
    await setup.workspace.drafts.restore_new(session)
    files = (FileReference(str(notes), 8, "@notes.md"), FileReference(str(name), 3))
    session.outgoing.draft = "Read @notes.md"
    session.outgoing.attach(*files)
    setup.workspace.drafts.keep(session)
    assert setup.store.flush_or_spill(PATIENCE_S)

    again = open_workspace()
    restored = again.workspace.new()
    await again.workspace.drafts.restore_new(restored)

    assert (restored.outgoing.draft, restored.outgoing.next.attachments) == ("Read @notes.md", files)


async def test_the_same_bytes_are_kept_once_and_turns_cost_next_to_nothing(
    open_workspace: OpenWorkspace, tmp_path: Path
) -> None:
    setup = open_workspace(OK)
    session = setup.workspace.new()
    big = tmp_path / "big.txt"
    big.write_bytes(b"0123456789abcde\n" * 312_500)
    for number in range(25):
        attached = (FileReference(str(big)),) if number < 2 else ()
        (task,) = await setup.workspace.sender.send(session, SendPrompt(f"{number}", attachments=attached))
        await task.wait()
        if number == 0:
            await asyncio.to_thread(setup.store.backup, tmp_path / "before")
    await asyncio.to_thread(setup.store.backup, tmp_path / "after")

    before, after = ((tmp_path / name).stat().st_size for name in ("before", "after"))
    assert 5_000_000 < before < after < before * 1.01


async def test_what_is_not_saved_stays_in_memory(tmp_path: Path, notes: Path) -> None:
    provider = ScriptedProvider(OK)
    store = Store.open(tmp_path / "data")
    workspace = Workspace(ScriptedCatalog(provider), NullRecorder(), store.library, kept=UnsavedLibrary())
    session = workspace.new()
    for prompt in (SendPrompt("Hi", attachments=(FileReference(str(notes)),)), SendPrompt("Again")):
        (task,) = await workspace.sender.send(session, prompt)
        await task.wait()
    await workspace.aclose()
    store.close()

    assert provider.requests[1].turns[0].text.startswith("notes.md:\n")
    assert not holds(tmp_path / "data", b"# Notes")


async def test_a_lost_content_is_said_to_the_model(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace(OK)
    session = setup.workspace.new()
    lost = Attachment("0" * 64, "gone.txt", "text/plain", 5)

    (task,) = await setup.workspace.sender.send(session, SendPrompt("Hi", attachments=(lost,)))
    await task.wait()

    assert setup.provider.requests[0].turns[0].text == "[gone.txt: what this file held can't be read any more]\n\nHi"


async def test_uploads_are_files_too(open_workspace: OpenWorkspace) -> None:
    attachments = open_workspace().workspace.attachments

    kept = await attachments.add("C:\\folder\\a\x1bb.txt", b"hello")

    assert (kept.name, await attachments.content(kept)) == ("a\ufffdb.txt", b"hello")
    with pytest.raises(ConfigError, match="is empty"):
        await attachments.add("x", b"")
