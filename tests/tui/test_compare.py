"""One prompt, several models side by side."""

import pytest

from streamtui.chat.events import TextDelta
from streamtui.chat.messages import Status
from streamtui.workspace import SendPrompt
from tests.server import HELLO, THE_END, ScriptedServer
from tests.tui.conftest import Reader, last_word
from tests.tui.scripted import OpenAtServer, open_at_server, replies, said_until_told, scripted_server, server

__all__ = ["open_at_server", "scripted_server", "server"]

HELLO_TEXT = "".join(HELLO)


async def compare(reader: Reader, *models: str, prompt: str = "Say hello") -> None:
    """Send a prompt to these models and wait until their columns are there."""
    await reader.send(f"/compare {' '.join(models)}")
    await reader.until(f"next: side by side from {', '.join(models)}")
    await reader.send(prompt)
    await reader.until(lambda: all(f"{number} · {name}" in reader.screen for number, name in enumerate(models, 1)))


def halves(reader: Reader) -> tuple[str, str]:
    """What stands in the left column and in the right one."""
    middle = next(line.index("2 · ") for line in reader.lines if "2 · " in line)
    return "\n".join(line[:middle] for line in reader.lines), "\n".join(line[middle:] for line in reader.lines)


def statuses(reader: Reader) -> dict[str, Status]:
    messages = reader.app.chat.session.conversation.messages.values()
    return {str(message.model): message.status for message in messages if message.role == "assistant"}


def highlighted(reader: Reader) -> int:
    columns = reader.app.chat.view.columns
    assert columns is not None
    return [column.has_class("-highlighted") for column in columns.columns].index(True)


async def idle(reader: Reader) -> None:
    await reader.until(lambda: len(reader.app.workspace.tasks) == 0, "all replies ended")


async def test_both_replies_are_shown_side_by_side(open_at_server: OpenAtServer) -> None:
    async with open_at_server("ok") as reader:
        await compare(reader, "ok", "slow-1x3")
        await idle(reader)
        await reader.until(lambda: HELLO_TEXT in halves(reader)[0] and "w0 w1 w2" in halves(reader)[1])
        left, right = halves(reader)
        assert "w0" not in left and HELLO_TEXT not in right
        assert "✓" in left and "✓" in right


async def test_the_highlight_stays_within_the_columns(open_at_server: OpenAtServer) -> None:
    async with open_at_server("ok") as reader:
        await compare(reader, "ok", "slow-1x3")
        await idle(reader)
        seen = []
        for key in ("alt+left", "alt+right", "alt+right", "alt+left"):
            await reader.press(key)
            seen.append(highlighted(reader))
        assert seen == [0, 1, 1, 0]


@pytest.mark.parametrize("chosen", [0, 1])
async def test_enter_goes_on_with_the_highlighted_one(open_at_server: OpenAtServer, chosen: int) -> None:
    texts, names = (HELLO_TEXT, "w0 w1 w2"), ("ok", "slow-1x3")
    async with open_at_server("ok") as reader:
        await compare(reader, *names)
        await idle(reader)
        await reader.press(*["alt+right"] * chosen, "enter")
        await reader.until_gone("2 · ")
        await reader.until(f"‹{chosen + 1}/2›")
        assert texts[chosen] in reader.screen and texts[1 - chosen] not in reader.screen
        assert reader.app.chat.session.conversation.model.id == names[chosen]
        await reader.press("alt+left" if chosen else "alt+right")
        await reader.until(f"‹{2 - chosen}/2›")
        await reader.until(texts[1 - chosen])
        assert texts[chosen] not in reader.screen


async def test_a_prompt_goes_on_with_the_highlighted_column(
    open_at_server: OpenAtServer, server: ScriptedServer
) -> None:
    async with open_at_server("ok") as reader:
        await compare(reader, "ok", "slow-1x3")
        await idle(reader)
        await reader.press("alt+right")
        await reader.send("And then?")
        await reader.until_gone("2 · ")
        await reader.until(lambda: len(server.of("slow-1x3")) == 2)
        await idle(reader)
        assert [turn["content"] for turn in server.of("slow-1x3")[-1].json["messages"]] == [
            "Say hello",
            "w0 w1 w2 ",
            "And then?",
        ]
        assert len(server.of("ok")) == 1
        assert "‹2/2›" in reader.screen


async def test_a_prompt_while_both_stream_waits_and_then_goes_on_with_the_highlighted(
    open_at_server: OpenAtServer, server: ScriptedServer
) -> None:
    async with open_at_server("ok") as reader:
        await compare(reader, "told-30", "told-31")
        await reader.press("alt+right")
        await reader.send("And then?")
        await reader.until("next: And then?")
        for model in ("told-31", "told-30"):
            assert len(server.of("told-31")) == len(server.of("told-30")) == 1
            server.end(model)
        await reader.until(lambda: len(server.of("told-31")) == 2)
        assert len(server.of("told-30")) == 1
        assert server.of("told-31")[-1].json["messages"][1]["content"] == said_until_told(server, "told-31")
        await reader.press("escape")
        await idle(reader)


async def test_enter_with_a_column_that_was_taken_back_shows_the_other(open_at_server: OpenAtServer) -> None:
    async with open_at_server("ok") as reader:
        await compare(reader, "ok", "mute")
        await reader.until(lambda: "✓" in halves(reader)[0])
        await reader.press("alt+right", "escape")
        await idle(reader)
        await reader.press("enter")
        await reader.until_gone("2 · ")
        assert HELLO_TEXT in reader.screen and "Say hello" in reader.screen
        assert reader.lines[0].split()[-3] == "ok"


async def test_columns_that_still_stream_stream_on_after_going_on(
    open_at_server: OpenAtServer, server: ScriptedServer
) -> None:
    async with open_at_server("ok") as reader:
        await compare(reader, "slow-50", "told-5")
        await reader.until(lambda: min(map(last_word, halves(reader))) >= 3)
        await reader.press("enter")
        await reader.until_gone("2 · ")
        await reader.until_word(9)
        server.end("told-5")
        await reader.until(lambda: replies(reader)["told-5"].endswith(THE_END))
        await reader.press("escape")
        await reader.until("■ stopped")
        await idle(reader)


@pytest.mark.parametrize("words", ["ok", "a b c d e"])
async def test_a_wrong_number_of_models_is_said(open_at_server: OpenAtServer, words: str) -> None:
    async with open_at_server("ok") as reader:
        await reader.send(f"/compare {words}")
        await reader.until("Name 2 to 4 models")


async def test_the_highlighted_column_is_the_branch_that_is_there_on_coming_back(open_at_server: OpenAtServer) -> None:
    async with open_at_server("ok") as reader:
        await compare(reader, "slow-50", "slow-51")
        await reader.until(lambda: min(map(last_word, halves(reader))) >= 1)
        session = reader.app.chat.session
        await reader.press("alt+right")
        await reader.press("ctrl+n")
        await reader.until("Enter sends")
        reader.app.chat.show_session(session)
        await reader.until("‹2/2›")
        await reader.press("escape")
        await reader.until("■ stopped")
        assert [run.reply.model.id for run in session.tasks] == ["slow-50"]
        await reader.press("escape")
        await idle(reader)


async def test_what_was_asked_stands_above_the_columns(open_at_server: OpenAtServer) -> None:
    async with open_at_server("ok") as reader:
        await compare(reader, "slow-20", "slow-21")
        await reader.until(lambda: reader.lines[0].strip().startswith("Say hello"), "the title, which is the prompt")
        await reader.until(lambda: "▸ 1 · slow-20" in reader.lines[1], "and no prompt again")
        await reader.press("escape", "escape")
        await idle(reader)
        await compare(reader, "slow-20", "slow-21", prompt="Say goodbye")
        await reader.until(lambda: reader.lines[1].strip() == "Say goodbye", "the prompt")
        await reader.press("escape", "escape")
        await reader.until(lambda: len(reader.app.workspace.tasks) == 0)


async def test_words_that_are_there_before_the_columns_are_shown_in_them(open_at_server: OpenAtServer) -> None:
    async with open_at_server("ok") as reader:
        chat = reader.app.chat
        models = tuple(reader.app.workspace.catalog.model(name) for name in ("slow-200", "slow-201"))
        chat.session.start(SendPrompt("race", models=models))
        columns = chat.view.columns
        assert columns is not None
        for number, column in enumerate(columns.columns):
            column.log_view.feed(column.reply.id, TextDelta(f"early{number} "))
        await reader.until(lambda: "early0 w0" in reader.screen and "early1 w0" in reader.screen, "all words")
        await reader.press("escape", "escape")
        await idle(reader)
