"""The box: history, queue, list of commands."""

import pytest
from textual import events

from streamtui.tui import commands
from streamtui.tui.widgets.prompt import PromptHistory
from tests.tui.conftest import Open


def test_history_walks_from_the_newest_to_the_oldest_and_back_to_the_empty_box() -> None:
    history = PromptHistory(["newest", "older"])
    assert [history.older(), history.older(), history.older()] == ["newest", "older", None]
    assert [history.newer(), history.newer()] == ["newest", ""]
    assert history.shown is None


def test_history_holds_a_repeated_prompt_once_and_on_top() -> None:
    history = PromptHistory(["a", "b"])
    history.remember("b")
    assert [history.older(), history.older(), history.older()] == ["b", "a", None]


def test_history_loaded_late_goes_below_what_was_sent_since() -> None:
    history = PromptHistory()
    history.remember("just now")
    history.load(["just now", "long ago"])
    assert [history.older(), history.older(), history.older()] == ["just now", "long ago", None]


@pytest.mark.parametrize(
    "prompt",
    ["/etc/hosts", "/ is a slash", "/[a-z]+/", "//", "/Capital", "see /help", "/two\nlines", "quit now", "Exit"],
)
def test_what_only_looks_like_a_command_is_a_prompt(prompt: str) -> None:
    assert commands.parse(prompt) is None


@pytest.mark.parametrize("prompt", ["quit", "exit", "clear", "/quit", "/new", "/model llama3.2:3b", "/rename a title"])
def test_commands_are_recognised(prompt: str) -> None:
    assert isinstance(commands.parse(prompt), tuple)


async def test_the_list_narrows_while_typing_and_escape_leaves_the_text(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.type("/")
        await reader.until("/export")
        await reader.type("re")
        await reader.until_gone("/export")
        assert "/retry" in reader.screen
        assert "/rename" in reader.screen
        await reader.press("escape")
        await reader.until_gone("/retry")
        assert reader.box == "/re"


async def test_down_and_enter_choose_from_the_list(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.type("/re")
        await reader.until("/rename")
        await reader.press("down", "enter")
        await reader.until(lambda: reader.box == "/rename ")


async def test_a_queued_prompt_is_shown_edited_and_sent_at_the_end(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.send("slow tour")
        await reader.until("tok/s")
        await reader.send("table fast")
        await reader.until("next: table fast")
        await reader.press("up")
        await reader.until_gone("next:")
        assert reader.box == "table fast"
        await reader.press("enter")
        await reader.until("next: table fast")
        await reader.press("escape")
        await reader.until(lambda: reader.box == "table fast")
        assert reader.app.chat.session.is_streaming
        await reader.press("escape")
        await reader.until("■ stopped")


async def test_several_queued_prompts_wait_each_in_its_own_row(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.send("slow tour")
        await reader.until("tok/s")
        for prompt in ("one", "two", "three", "four"):
            await reader.send(prompt)
        await reader.until("then: four")
        await reader.until(lambda: all(row in reader.screen for row in ("next: one", "then: two", "then: three")))
        await reader.press("up")
        await reader.until(lambda: reader.box == "four")
        await reader.until("then: three")
        await reader.press("escape", "escape", "escape", "escape")
        await reader.until("■ stopped")
        assert reader.box == "one\n\ntwo\n\nthree\n\nfour"


async def test_enter_on_an_empty_box_does_nothing(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.press("enter", "space", "enter")
        assert "Enter sends" in reader.screen


async def test_the_box_grows_with_its_text_but_not_without_end(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.press(*["a", "ctrl+j"] * 30)
        prompt = reader.app.chat.composer.prompt
        await reader.until(lambda: prompt.size.height > 5)
        assert prompt.outer_size.height <= 12


async def test_escape_never_clears_a_draft_and_never_leaves(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.type("draft")
        await reader.press(*["escape"] * 10)
        assert reader.box == "draft"
        assert reader.app.is_running


async def test_a_draft_written_over_a_recalled_prompt_is_no_part_of_the_history(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.talk("one fast")
        await reader.talk("two fast")
        await reader.press("up")
        await reader.until(lambda: reader.box == "two fast")
        await reader.type(" and more")
        await reader.press("up", "down")
        assert reader.box == "two fast and more"


async def test_keys_in_one_burst_are_two_prompts(open_app: Open) -> None:
    async with open_app() as reader:
        reader.app.chat.composer.prompt.put("slow first")
        await reader.pilot.pause()
        for key in ("enter", *"second", "enter", *"rest"):
            reader.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await reader.until("next: second")
        assert reader.box == "rest"
        assert reader.app.chat.session.title == "slow first"


async def test_an_unknown_command_stays_in_the_box(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.send("/nonsense")
        await reader.until("There is no command /nonsense")
        assert reader.box == "/nonsense"


async def test_what_replaced_or_deleted_a_draft_can_be_undone(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.type("my draft")
        await reader.press("ctrl+u")
        await reader.until(lambda: not reader.box)
        await reader.press("ctrl+underscore")
        await reader.until(lambda: reader.box == "my draft")
        await reader.press("ctrl+y")
        await reader.until(lambda: not reader.box)


async def test_keys_in_one_burst_are_taken_in_the_order_they_were_typed(open_app: Open) -> None:
    async with open_app() as reader:
        for key in ("a", "b", "backspace", "c", "ctrl+j", "d", "ctrl+a", "e", "ctrl+e", "f", "ctrl+left", "g"):
            reader.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await reader.until(lambda: reader.box == "ac\ngedf")


async def test_editing_as_in_a_shell(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.type("one two three")
        for key, text in (
            ("ctrl+u", ""),
            ("ctrl+underscore", "one two three"),
            ("ctrl+y", ""),
            ("ctrl+slash", "one two three"),
            ("ctrl+w", "one two "),
        ):
            await reader.press(key)
            assert reader.box == text
        await reader.press("alt+b", "alt+d")
        assert reader.box.rstrip() == "one"
        await reader.press("alt+left", "ctrl+k")
        assert reader.box == ""


async def test_cutting_without_a_selection_leaves_the_clipboard_alone(
    open_app: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_app() as reader:
        copied: list[str] = []

        async def copy_out(text: str, what: str) -> str:
            copied.append(text)
            return f"Copied the {what}."

        monkeypatch.setattr(reader.app, "copy_out", copy_out)
        await reader.type("one two")
        await reader.press("ctrl+x")
        assert (reader.box, copied) == ("one two", [])
        await reader.press("shift+left", "shift+left", "shift+left", "ctrl+x")
        await reader.until("Copied the cut text")
        assert (reader.box, copied) == ("one ", ["two"])


async def test_keys_in_one_burst_do_what_they_say_in_their_order(open_app: Open) -> None:
    """Alt+Up is bound on the screen, Enter in the box."""
    async with open_app() as reader:
        await reader.talk("fast")
        for key in ("alt+up", "enter"):
            reader.app.post_message(events.Key(key, None))
        await reader.until("What to do with this message")
