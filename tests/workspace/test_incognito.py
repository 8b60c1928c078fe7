"""Conversations that are not saved: nothing of them touches the disk, whatever is done in them."""

from pathlib import Path

import pytest

from streamtui.chat.events import Connected, TextDelta
from streamtui.workspace import Compact, Regenerate, Revise, SendPrompt
from tests.chat.scripted import HANG, OK, until
from tests.workspace.conftest import OpenWorkspace, Setup

SECRET = "xyzzySECRET"


def holds(folder: Path, text: str) -> list[str]:
    """Return the files below a folder in which a text stands, in any encoding that SQLite has."""
    return [
        str(path)
        for path in folder.rglob("*")
        if path.is_file() and any(text.encode(encoding) in path.read_bytes() for encoding in ("utf-8", "utf-16-le"))
    ]


async def secrets(setup: Setup) -> None:
    """Do in an incognito conversation all that writes something down elsewhere."""
    workspace = setup.workspace
    session = workspace.incognito()
    session.watch(lambda event: None)
    file = await session.attachments.add("notes.txt", f"{SECRET} file".encode())
    (task,) = await workspace.sender.send(session, SendPrompt(f"{SECRET} prompt", attachments=(file,)))
    await task.wait()
    await workspace.sender.send(session, Revise(str(session.conversation.leaf), f"{SECRET} reply"))
    for submission in (Regenerate(), Compact()):
        (task,) = await workspace.sender.send(session, submission)
        await task.wait()
    session.conversation.rename(f"{SECRET} title")
    session.conversation.instruct(f"{SECRET} system")
    forked = await workspace.fork(session)
    assert workspace.is_incognito(forked) and await forked.attachments.content(file)
    session.outgoing.draft = f"{SECRET} draft"
    session.outgoing.attach(file)
    workspace.drafts.keep(session)
    session.outgoing.stash(f"{SECRET} stashed")
    setup.provider.scripts = [(Connected(), TextDelta(SECRET), HANG)]
    (task,) = await workspace.sender.send(session, SendPrompt(f"{SECRET} last"))
    await until(lambda: task.reply.text)
    session.outgoing.queue(SendPrompt(f"{SECRET} queued"))


@pytest.mark.parametrize("how", ["left", "deleted", "program ends"])
async def test_nothing_of_it_is_ever_in_a_file(open_workspace: OpenWorkspace, tmp_path: Path, how: str) -> None:
    setup = open_workspace(OK)
    saved = setup.workspace.new()
    (task,) = await setup.workspace.sender.send(saved, SendPrompt("saved words"))
    await task.wait()
    await secrets(setup)
    session = setup.workspace.unsaved()
    assert session is not None
    match how:
        case "left":
            setup.workspace.incognito()
        case "deleted":
            await setup.workspace.delete(session.conversation.id)
        case _:
            setup.workspace.settle()
    await setup.workspace.aclose()
    assert [summary.title for summary in await setup.store.library.conversations()] == ["saved words"]
    assert SECRET not in str(await setup.store.library.prompts(99))
    setup.store.close()
    assert holds(tmp_path / "data", SECRET) == []
    assert holds(tmp_path / "data", "saved words")


async def test_there_is_one_at_a_time_and_the_new_one_beside_it_is_another(open_workspace: OpenWorkspace) -> None:
    setup = open_workspace()
    workspace = setup.workspace
    first = workspace.incognito()
    assert workspace.incognito() is first
    assert workspace.blank() is None
    (task,) = await workspace.sender.send(first, SendPrompt("Hi"))
    await task.wait()
    blank = workspace.new()
    assert workspace.blank() is blank and blank.is_saved
    assert workspace.unsaved() is first
    second = workspace.incognito()
    assert second is not first and workspace.get(first.conversation.id) is None
    assert await setup.store.library.conversations() == []
