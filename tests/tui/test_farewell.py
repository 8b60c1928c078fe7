"""What stays on the terminal after leaving."""

import pytest

from streamtui.tui.farewell import Farewell, LastWord
from tests.tui.conftest import Open


async def test_how_to_come_back_is_said_with_the_conversation(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.talk("hello fast")
        saved = reader.app.chat.session.conversation.id
        reader.app.leave()

    assert reader.app.farewell == f"To go on with this conversation: streamtui --resume {saved}"


async def test_an_empty_conversation_leaves_nothing(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.type("never sent")
        reader.app.leave()

    assert reader.app.farewell == ""


@pytest.mark.parametrize(("last_word", "stays"), [("nothing", ""), ("resume", "cmd --resume"), ("reply", "demo")])
async def test_the_setting_says_how_much_stays(open_app: Open, last_word: LastWord, stays: str) -> None:
    async with open_app() as reader:
        await reader.talk("hello fast")
        session = reader.app.chat.session
        text = Farewell("cmd", last_word).text(session)

    assert stays in text.lower()
    assert (text == "") is (stays == "")
    assert (session.conversation.path()[-1].text in text) is (last_word == "reply")


async def test_what_is_not_saved_is_not_promised(open_app: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_app() as reader:
        await reader.talk("hello fast")
        monkeypatch.setattr(type(reader.app._storage), "trouble", "The disk is full.")
        reader.app.leave()

    assert reader.app.farewell == ""
