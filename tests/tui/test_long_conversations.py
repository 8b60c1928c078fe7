"""What the app offers once a conversation outgrows its model."""

import pytest

from streamtui.chat.compaction import PROMPT
from streamtui.chat.statistics import Price
from streamtui.tui.options import CompactChoice
from tests.server import ScriptedServer
from tests.tui.conftest import Reader
from tests.tui.scripted import OpenAtServer, open_at_server, scripted_server, server

__all__ = ["open_at_server", "scripted_server", "server"]

NEARLY = {"ok": Price(context=14)}
"""A window that the short reply and its prompt nearly fill, as the server counts them."""


async def settled(reader: Reader, messages: int) -> None:
    """Wait until the branch in view has so many messages and nothing streams."""
    session = reader.app.chat.session
    await reader.until(lambda: len(session.conversation.path()) == messages and not session.is_streaming)


async def refused(reader: Reader) -> None:
    """Talk to a model that reads four messages at most, until it refuses."""
    for count, prompt in enumerate(("one", "two"), 1):
        await reader.send(prompt)
        await settled(reader, 2 * count)
    await reader.send("three")
    await reader.until("too long for the model")


async def test_after_a_refusal_the_oldest_turns_can_be_left_out_and_the_prompt_is_asked_again(
    open_at_server: OpenAtServer, server: ScriptedServer
) -> None:
    async with open_at_server("context-4") as reader:
        await refused(reader)
        await reader.press("tab", "tab")
        assert reader.app.focused is not None and reader.app.focused.id == "leave_out"
        await reader.press("enter")
        await settled(reader, 6)
        contents = [turn["content"] for turn in server.of("context-4")[-1].json["messages"]]
        assert contents[0] == "two" and contents[-1] == "three"
        assert reader.box == ""


async def test_after_a_refusal_a_summary_can_be_gone_on_from(
    open_at_server: OpenAtServer, server: ScriptedServer
) -> None:
    async with open_at_server("context-4") as reader:
        await refused(reader)
        before = [message.text for message in reader.app.chat.session.conversation.path()][:4]
        await reader.press("tab", "enter")
        await settled(reader, 4)
        contents = [turn["content"] for turn in server.of("context-4")[-1].json["messages"]]
        assert (contents[0], contents[-1], len(contents)) == (PROMPT, "three", 3)
        assert reader.box == ""
        await reader.press("alt+left")
        await reader.until(
            lambda: [message.text for message in reader.app.chat.session.conversation.path()][:4] == before
        )


async def test_a_refusal_can_be_left_as_it_is_and_the_prompt_is_in_the_box(open_at_server: OpenAtServer) -> None:
    async with open_at_server("context-4") as reader:
        await refused(reader)
        await reader.type("x")
        await reader.press("escape")
        await reader.until_gone("too long for the model. Go on")
        assert reader.box in ("threex", "xthree")
        assert not reader.app.chat.session.is_streaming


async def test_a_window_that_is_nearly_full_is_said_and_a_summary_offered_once(open_at_server: OpenAtServer) -> None:
    async with open_at_server("ok", prices=NEARLY) as reader:
        await reader.send("one")
        await settled(reader, 2)
        await reader.until("nearly full")
        assert "Go on from a summary" not in reader.screen  # of a single turn nothing would be saved
        await reader.send("two")
        await reader.until("Go on from a summary?")
        await reader.press("escape")
        await reader.until_gone("Go on from a summary?")
        await reader.send("three")
        await settled(reader, 6)
        await reader.pilot.pause()
        assert "Go on from a summary?" not in reader.screen


async def test_the_offer_is_taken_with_enter_on_yes(open_at_server: OpenAtServer, server: ScriptedServer) -> None:
    async with open_at_server("ok", prices=NEARLY) as reader:
        for prompt in ("one", "two"):
            await reader.send(prompt)
        await reader.until("Go on from a summary?")
        await reader.press("tab", "enter")
        await reader.until(lambda: reader.app.chat.session.conversation.path()[0].text == PROMPT)
        await settled(reader, 2)
        assert server.of("ok")[-1].json["messages"][-1]["content"].startswith(PROMPT)


@pytest.mark.parametrize(("choice", "summed_up"), [("auto", True), ("never", False)])
async def test_a_summary_comes_by_itself_only_where_the_settings_say_so(
    open_at_server: OpenAtServer, choice: CompactChoice, summed_up: bool
) -> None:
    async with open_at_server("ok", prices=NEARLY, compact=choice) as reader:
        await reader.send("one")
        await settled(reader, 2)
        await reader.send("two")
        conversation = reader.app.chat.session.conversation
        if summed_up:
            await reader.until(lambda: conversation.path()[0].text == PROMPT)
            await settled(reader, 2)
        else:
            await settled(reader, 4)
            await reader.pilot.pause()
            assert conversation.path()[0].text == "one"
        assert "Go on from a summary?" not in reader.screen
