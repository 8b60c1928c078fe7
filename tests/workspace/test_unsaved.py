"""A workspace in which nothing is saved."""

import pytest

from streamtui.chat import TextDelta
from streamtui.chat.errors import NotFoundError
from streamtui.chat.ports import NullRecorder
from streamtui.workspace import SendPrompt, Workspace
from streamtui.workspace.unsaved import UnsavedLibrary
from tests.chat.scripted import ScriptedProvider
from tests.workspace.conftest import ScriptedCatalog


async def test_a_workspace_without_a_store_answers_and_keeps_nothing() -> None:
    library = UnsavedLibrary()
    workspace = Workspace(ScriptedCatalog(ScriptedProvider([TextDelta("Hello")])), NullRecorder(), library)

    session = workspace.new()
    (reply,) = session.replies(SendPrompt("hi"))
    async with reply:
        text = "".join([event.text async for event in reply if isinstance(event, TextDelta)])

    assert text == "Hello" == session.conversation.path()[-1].text
    assert (await library.conversations(), await library.latest()) == ([], None)
    with pytest.raises(NotFoundError):
        await workspace.resume()


async def test_every_question_about_what_is_saved_is_answered_with_nothing() -> None:
    library = UnsavedLibrary()
    library.keep_draft(None, "draft")
    library.remember_prompt("prompt")

    assert (await library.draft(None), await library.prompts(9), await library.timings()) == ("", [], [])
    assert (await library.pinned(), await library.count(), await library.older_than(9e9)) == ([], 0, [])
    assert (await library.search("x"), await library.search_prompts("x", 9)) == ([], [])
    assert not await library.restore("x")
    for question in (
        library.find("x"),
        library.load("x"),
        library.tail("x", 1),
        library.message("x"),
        library.attachment("x"),
    ):
        with pytest.raises(NotFoundError):
            await question
    for change in (library.rename("x", "y"), library.delete("x"), library.pin("x", True)):
        with pytest.raises(NotFoundError):
            await change
