"""The dialogs: saved conversations, models, questions, themes, help; and terminals that are low."""

import time
from datetime import date, datetime
from itertools import islice

import pytest
from textual.widgets import OptionList

from streamtui.chat.ports import ConversationSummary
from streamtui.tui.screens.conversations import Conversations, ago, day_of
from streamtui.tui.screens.dialogs import Question
from tests.tui.conftest import Open, Reader
from tests.tui.scripted import OpenAtServer, open_at_server, scripted_server, server

__all__ = ["open_at_server", "scripted_server", "server"]


async def save_three(reader: Reader) -> None:
    """Have three conversations saved, the last one in view."""
    for prompt in ("apples fast", "pears fast", "plums fast"):
        await reader.press("ctrl+n")
        await reader.until("Enter sends")
        await reader.talk(prompt)


async def list_three(reader: Reader) -> None:
    """Have three conversations saved, and the list of them open."""
    await save_three(reader)
    await reader.press("ctrl+o")
    await reader.until("enter open")
    await reader.until(lambda: len(listed(reader)) == 3)


def listed(reader: Reader) -> list[str]:
    return [name for line in reader.lines[1:] for name in ("apples", "pears", "plums") if f"{name} fast  " in line]


async def test_conversations_are_listed_newest_first(open_app: Open) -> None:
    async with open_app() as reader:
        await save_three(reader)
        await reader.press("ctrl+o")
        await reader.until("enter open")
        await reader.until(lambda: listed(reader) == ["plums", "pears", "apples"])


async def test_typing_filters_and_enter_opens(open_app: Open) -> None:
    async with open_app() as reader:
        await save_three(reader)
        await reader.press("ctrl+o")
        await reader.until("enter open")
        await reader.type("app fast")
        await reader.until(lambda: listed(reader) == ["apples"])
        await reader.press("enter")
        await reader.until(lambda: reader.lines[0].startswith(" apples fast"))


async def test_a_filter_that_fits_nothing_leaves_enter_without_effect(open_app: Open) -> None:
    async with open_app() as reader:
        await save_three(reader)
        await reader.press("ctrl+o")
        await reader.until("enter open")
        await reader.type("zzz")
        await reader.until(lambda: not listed(reader))
        await reader.press("enter")
        await reader.press("escape")
        await reader.until_gone("enter open")
        assert reader.lines[0].startswith(" plums fast")


async def test_deleting_hides_and_can_be_taken_back(open_app: Open) -> None:
    async with open_app() as reader:
        await list_three(reader)
        await reader.press("down", "ctrl+x")
        await reader.until(lambda: listed(reader) == ["plums", "apples"])
        await reader.press("ctrl+u")
        await reader.until(lambda: listed(reader) == ["plums", "pears", "apples"])


async def test_deleting_the_conversation_in_view_leaves_an_empty_one(open_app: Open) -> None:
    async with open_app() as reader:
        await list_three(reader)
        await reader.press("ctrl+x")
        await reader.until(lambda: listed(reader) == ["pears", "apples"])
        await reader.press("escape")
        await reader.until("Enter sends")


async def test_deleting_a_streaming_conversation_settles_it(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.send("slow tour")
        await reader.until("tok/s")
        await reader.press("ctrl+o")
        await reader.until("enter open")
        await reader.until("slow tour   ")
        await reader.press("ctrl+x")
        await reader.until(lambda: len(reader.app.workspace.tasks) == 0)


async def test_saved_conversations_are_there_after_a_restart(open_app: Open) -> None:
    async with open_app() as first:
        await first.talk("apples fast")
        async with open_app() as second:
            await second.press("ctrl+o")
            await second.until("apples fast  ")


async def test_the_model_picker_filters_and_takes_names_it_does_not_know(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.send("/model ")
        await reader.until("demo:slow")
        await reader.type("tab")
        await reader.until_gone("demo:slow")
        await reader.press("enter")
        await reader.until(lambda: "demo:table @ offline" in reader.lines[0])


async def test_a_question_is_answered_by_key_or_button(open_app: Open) -> None:
    async with open_app() as reader:
        answers: list[bool | None] = []
        for keys in (["y"], ["n"], ["escape"], ["tab", "enter"]):
            await reader.app.push_screen(Question("Really [bold]so[/]?", "Do it"), answers.append)
            await reader.until("Really [bold]so[/]?")
            await reader.press(*keys)
            await reader.until_gone("Really")
        assert answers == [True, False, False, True]


@pytest.mark.parametrize("theme", ["textual-light", "nord", "gruvbox", "dracula"])
async def test_themes_change_at_once_and_keep_everything_on_screen(open_app: Open, theme: str) -> None:
    async with open_app() as reader:
        await reader.talk("table fast")
        before = reader.lines[:-1]
        await reader.send(f"/theme {theme}")
        await reader.until(f"The theme is {theme}")
        assert reader.app.theme == theme
        assert reader.lines[:-1] == before


async def test_an_unknown_theme_is_said(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.send("/theme nothing")
        await reader.until("no theme nothing")


@pytest.mark.parametrize("size", [(20, 5), (40, 9), (80, 10)])
async def test_low_terminals_show_conversation_prompt_and_whole_dialogs(open_app: Open, size: tuple[int, int]) -> None:
    async with open_app(size) as reader:
        await reader.send("fast")
        await reader.until(lambda: len(reader.app.workspace.tasks) == 0 and "▌" in reader.screen)
        await reader.press("f1")
        await reader.until("Sending and" if size[0] > 30 else "Sending")
        await reader.press("escape")
        await reader.press("ctrl+o")
        await reader.until("Type to filter")
        await reader.until("fast  " if size[0] > 30 else "fast")
        await reader.press("escape")
        await reader.type("hello")
        await reader.until("hello")


async def test_what_is_said_at_the_start_is_all_shown(open_app: Open) -> None:
    async with open_app(notices=["first warning", "second [/] warning"]) as reader:
        await reader.until("first warning")
        await reader.until("second [/] warning")


async def test_a_long_title_leaves_the_model_visible(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.talk("fast " + "very " * 60)
        assert reader.lines[0].endswith("demo @ offline")
        assert "…" in reader.lines[0]


@pytest.mark.parametrize(("seconds", "said"), [(0, "now"), (59, "now"), (60, "1 min"), (7200, "2 h"), (200_000, "2 d")])
def test_ages_in_one_unit(seconds: float, said: str) -> None:
    assert ago(seconds) == said


async def test_every_deletion_can_be_taken_back_also_when_the_list_was_closed_meanwhile(open_app: Open) -> None:
    async with open_app() as reader:
        await list_three(reader)
        await reader.press("ctrl+x")
        await reader.until(lambda: listed(reader) == ["pears", "apples"])
        await reader.press("ctrl+x")
        await reader.until(lambda: listed(reader) == ["apples"])
        await reader.press("escape")
        await reader.until_gone("enter open")
        await reader.press("ctrl+o")
        await reader.until(lambda: listed(reader) == ["apples"])
        await reader.press("ctrl+u")
        await reader.until(lambda: len(listed(reader)) == 2)
        await reader.press("ctrl+u")
        await reader.until(lambda: len(listed(reader)) == 3)


async def test_delete_edits_the_filter_and_deletes_nothing(open_app: Open) -> None:
    async with open_app() as reader:
        await list_three(reader)
        await reader.type("ap")
        await reader.until(lambda: listed(reader) == ["apples"])
        await reader.press("home", "delete", "delete")
        await reader.until(lambda: len(listed(reader)) == 3)


async def test_what_was_queued_in_a_deleted_conversation_comes_back_with_it(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.send("slow tour")
        await reader.until("tok/s")
        deleted = reader.app.chat.session.conversation.id
        await reader.send("and then")
        await reader.until("next: and then")
        await reader.press("ctrl+o")
        await reader.until("slow tour   ")
        await reader.press("ctrl+x")
        await reader.until(lambda: len(reader.app.workspace.tasks) == 0)
        await reader.until_gone("slow tour   ")
        await reader.press("ctrl+u")
        await reader.until("slow tour   ")
        await reader.press("escape")
        reader.app.chat.open_saved(deleted)
        await reader.until(lambda: reader.box == "and then")


async def test_the_name_that_is_typed_in_full_is_the_one_chosen(open_at_server: OpenAtServer) -> None:
    async with open_at_server("ok") as reader:
        await reader.send("/model ")
        await reader.until("esc close")
        names = [str(option.id) for option in reader.app.screen.query_one(OptionList).options]
        wanted = next(name for name in reversed(names) if next(each for each in names if name in each) != name)
        await reader.type(wanted)
        await reader.until(lambda: reader.app.screen.query_one(OptionList).option_count < len(names))
        await reader.press("enter")
        await reader.until(lambda: f" {wanted} @ " in reader.lines[0])


@pytest.mark.parametrize("size", [(40, 12), (80, 24)])
async def test_what_is_said_of_a_deletion_covers_nothing_of_the_list(open_app: Open, size: tuple[int, int]) -> None:
    async with open_app(size) as reader:
        await reader.send("fast")
        await reader.until(lambda: len(reader.app.workspace.tasks) == 0 and "▌" in reader.screen)
        await reader.press("ctrl+o")
        await reader.until("esc close")
        await reader.until("fast  ")
        await reader.press("ctrl+x")
        await reader.until("Deleted.")
        await reader.until("seconds.")
        await reader.press("ctrl+u")
        await reader.until("It is back.")
        await reader.until("fast  ")
        await reader.until("esc close")


async def test_news_reach_a_list_that_is_only_being_opened(open_app: Open) -> None:
    async with open_app((80, 24)) as reader:
        conversations = Conversations(reader.app.workspace, "")
        reader.app.push_screen(conversations)
        conversations.tell("It is renamed.", 60)
        await reader.until("It is renamed.")


@pytest.mark.parametrize("size", [(20, 5), (40, 12), (80, 24)])
async def test_the_box_stays_on_the_screen_whatever_stands_above_it(open_app: Open, size: tuple[int, int]) -> None:
    async with open_app(size) as reader:
        await reader.type("/")
        await reader.until("/help")
        box = reader.app.chat.composer.prompt
        assert reader.app.screen.region.contains_region(box.region)
        await reader.press("escape", "backspace")
        await reader.send("slow tour")
        await reader.until(lambda: len(reader.app.workspace.tasks) == 1)
        await reader.send("a prompt that waits " * 20)
        await reader.until("next: a prompt")
        reader.app.chat.banner.show("Nothing is saved: " + "why " * 40)
        await reader.type("one")
        await reader.press("ctrl+j")
        await reader.type("two")
        await reader.until("Nothing is saved")
        await reader.until(lambda: any(line.strip(" │") == "two" for line in reader.lines), "the line that is written")
        assert reader.app.screen.region.contains_region(box.region)
        assert not reader.app.screen.show_vertical_scrollbar
        await reader.press("escape", "escape")
        await reader.until(lambda: len(reader.app.workspace.tasks) == 0)


@pytest.mark.parametrize("width", [40, 60, 100])
async def test_every_saved_conversation_is_one_row(open_app: Open, width: int) -> None:
    async with open_app((width, 24)) as reader:
        await reader.send("fast " + "and on " * 30)
        await reader.until(lambda: len(reader.app.workspace.tasks) == 0 and "▌" in reader.screen)
        await reader.press("ctrl+o")
        await reader.until("enter open")
        await reader.until(lambda: any("fast and on" in line for line in reader.lines[1:]))
        row = next(line for line in reader.lines[1:] if "fast and on" in line)
        assert "… " in row and "now" in row
        assert reader.app.screen.query_one(OptionList).virtual_size.height == 2  # its day is above it


async def test_a_filter_that_fits_nothing_says_so(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.talk("apples fast")
        await reader.press("ctrl+o")
        await reader.until("enter open")
        await reader.type("zzz")
        await reader.until("Nothing has all of these words")
        await reader.press("escape")
        await reader.send("/model ")
        await reader.until("demo:slow")
        await reader.type("zzz")
        await reader.until("enter takes the name as it is")


async def test_what_stands_in_messages_is_found_too(open_app: Open) -> None:
    async with open_app() as reader:
        await save_three(reader)
        await reader.talk("A question about quinces fast")
        await reader.press("ctrl+o")
        await reader.until("enter open")
        await reader.type("quinces")
        await reader.until("In messages")
        await reader.until("question about quinces")
        await reader.press("enter")
        await reader.until(lambda: reader.lines[0].strip().startswith("plums fast"))


async def test_a_hit_opens_at_its_message_on_its_branch_marked(open_app: Open) -> None:
    async with open_app() as reader:
        await reader.talk("A question about quinces fast")
        session = reader.app.chat.session
        old = session.conversation.path()[0].id
        await reader.press("alt+e")
        await reader.until(lambda: reader.box == "A question about quinces fast")
        await reader.talk("about plums fast")
        await reader.until(lambda: session.conversation.path()[0].id != old and not session.is_streaming)
        await reader.press("ctrl+n")
        await reader.until("New conversation")
        await reader.press("ctrl+o")
        await reader.until("enter open")
        await reader.type("about quinc")
        await reader.until("In messages")
        await reader.press("down", "enter")
        await reader.until(lambda: reader.app.chat.session.conversation.path())
        await reader.until(lambda: reader.app.chat.session.conversation.path()[0].id == old)
        await reader.until("A question about quinces")
        assert reader.app.chat.view.log_view.find("about")


async def test_a_wide_list_shows_the_end_of_the_conversation_under_the_cursor(open_app: Open) -> None:
    async with open_app((160, 40)) as reader:
        await reader.talk("apples fast")
        await reader.press("ctrl+o")
        await reader.until("enter open")
        await reader.until("# Welcome to streamtui")


@pytest.mark.parametrize(
    ("days", "heading"),
    [(0, "Today"), (1, "Yesterday"), (3, "This week"), (12, "This month"), (40, "October"), (400, "2025")],
)
def test_days_have_headings(days: int, heading: str) -> None:
    today = date(2026, 11, 27)
    moment = datetime(2026, 11, 27, 12).timestamp() - days * 86_400
    assert day_of(moment, today) == heading


async def test_a_key_in_the_filter_costs_little_over_ten_thousand_conversations(open_app: Open) -> None:
    async with open_app() as reader:
        summaries = [
            ConversationSummary(
                str(number), f"Title {number} of many", "demo", 2, "complete", 0.0, time.time() - number
            )
            for number in range(10_000)
        ]
        picker = Conversations(reader.app.workspace, "")
        await reader.app.push_screen(picker)
        await reader.until("enter open")
        picker._take(summaries)
        await reader.pilot.pause()
        picker._mark()
        picker.choices.action_last()
        await reader.until(lambda: picker.choices.option_count > 150)
        picker._mark()
        costs = []
        for typed in ("t", "ti", "tit", "titl", "title", "title 9", "title 99"):
            began = time.process_time()
            assert len(list(islice(picker.matching(typed), 100))) <= 100
            costs.append(time.process_time() - began)
        assert sorted(costs)[len(costs) // 2] < 0.1  # tenfold what is promised
