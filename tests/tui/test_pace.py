"""Text shown evenly, a little late, or as it arrives."""

import pytest

from tests.tui.conftest import Open, Reader
from tests.tui.scripted import OpenAtServer, open_at_server, replies, scripted_server, server

__all__ = ["open_at_server", "scripted_server", "server"]


def arrived(reader: Reader) -> str:
    return "".join(run.reply.text for run in reader.app.chat.session.tasks)


def words(reader: Reader) -> list[int]:
    """The numbers of the words `w0 w1 …` that the server writes, as far as they are on the screen."""
    shown = " ".join(line for line in reader.lines if line.lstrip().startswith("▌ w"))
    return [int(word[1:] or -1) for word in shown.split() if word[0] == "w"]


def settled(reader: Reader) -> list[int]:
    """What should be on the screen of a reply that has ended, given how much of it is."""
    (text,) = replies(reader).values()
    return list(range(len(text.split())))[-len(words(reader)) :]


async def pace_is(reader: Reader, pace: str) -> None:
    await reader.send(f"/pace {pace}")
    await reader.until(lambda: reader.app.chat.view.log_view.smooth is (pace == "smooth"))


async def test_all_words_of_a_smooth_reply_are_shown_in_order(open_at_server: OpenAtServer) -> None:
    async with open_at_server("rate-300x60") as reader:
        await pace_is(reader, "smooth")
        await reader.send("Go")
        await reader.until("✓")
        assert words(reader) == list(range(60))
        assert replies(reader)["rate-300x60"] == "".join(f"w{number} " for number in range(60))


async def test_escape_shows_what_was_held_back(open_at_server: OpenAtServer) -> None:
    async with open_at_server("rate-300") as reader:
        await pace_is(reader, "smooth")
        await reader.send("Go")
        await reader.until_word(9)
        await reader.press("escape")
        await reader.until("■ stopped")
        assert words(reader) and words(reader) == settled(reader)


@pytest.mark.parametrize("pace", ["off", "smooth"])
async def test_switching_in_mid_stream_keeps_the_order(open_at_server: OpenAtServer, pace: str) -> None:
    async with open_at_server("rate-100") as reader:
        if pace == "off":
            await pace_is(reader, "smooth")
        await reader.send("Go")
        await reader.until_word(9)
        await pace_is(reader, pace)
        last = words(reader)[-2]
        await reader.until(lambda: words(reader)[-2] > last + 9)
        seen = words(reader)[:-1]  # the last one may not be whole yet
        assert seen == list(range(seen[0], seen[-1] + 1))
        await reader.press("escape")
        await reader.until("■ stopped")
        assert words(reader) and words(reader) == settled(reader)


async def test_another_conversation_and_back_neither_loses_nor_doubles_text(open_at_server: OpenAtServer) -> None:
    async with open_at_server("rate-50") as reader:
        await pace_is(reader, "smooth")
        await reader.send("Go")
        await reader.until_word(9)
        conversation = reader.app.chat.session.conversation.id
        await reader.press("ctrl+n")
        await reader.until("Enter sends")
        reader.app.chat.open_saved(conversation)
        await reader.until_word(29)
        await reader.press("escape")
        await reader.until("■ stopped")
        assert words(reader) and words(reader) == settled(reader)


async def test_pace_without_a_word_switches_and_another_word_is_refused(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.send("/pace fast")
        await reader.until("The pace is off or smooth")
        for said in ("Text is shown evenly", "Text is shown as it arrives"):
            await reader.send("/pace ")
            await reader.until(said)
            assert reader.app.chat.view.log_view.smooth is (said == "Text is shown evenly")
