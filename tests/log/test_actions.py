"""What can be asked of the log, by key and by mouse."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.events import AppBlur, AppFocus, Paste
from textual.widgets import Input

from streamtui.chat.errors import ErrorInfo
from streamtui.chat.events import Notice, TextDelta
from streamtui.chat.messages import Status
from streamtui.log import MessageLog
from streamtui.log.paint.format import clock_time
from streamtui.log.paint.frame import BAR
from streamtui.markdown.links import is_openable
from tests.log.conftest import conversation, reading, reply, user

CODE = "def f():\n\treturn '語'\n\n\nprint(f())   \n"


async def test_the_cursor_walks_over_messages_and_past_the_end_goes_away() -> None:
    messages = conversation(10)
    async with reading(messages) as reader:
        log = reader.log
        log.action_cursor_up()
        assert log.current == messages[-1].id
        for _ in range(12):
            log.action_cursor_up()
        assert log.current == messages[-13].id
        assert "answer 3" in reader.text and "regenerate" in reader.rows[1]
        for _ in range(13):
            log.action_cursor_down()
        assert reader.log.current is None
        assert reader.log.following


async def test_the_message_under_the_cursor_looks_it_and_offers_what_can_be_done() -> None:
    async with reading(conversation(2)) as reader:
        reader.log.action_cursor_up()
        y = reader.row_of("regenerate")
        assert "copy" in reader.rows[y] and "enter menu" in reader.rows[y]
        strips = reader.log.render_lines(reader.log.size.region)
        grounds = [{segment.style.bgcolor for segment in strips[at] if segment.style} for at in (y, y + 1)]
        look = reader.log._view.look
        assert look.assistant.head_current.name.bgcolor in grounds[0]
        assert grounds[1] == {look.background.bgcolor}
        bars = [next(segment.style for segment in strips[at] if segment.text == BAR) for at in (y, y + 1)]
        assert bars == [look.assistant.bar_current] * 2


async def test_enter_asks_for_the_menu_of_the_message_under_the_cursor_and_of_no_other() -> None:
    messages = conversation(2)
    async with reading(messages) as reader:
        reader.log.focus()
        await reader.pilot.press("enter")
        assert not reader.app.posted
        reader.log.action_cursor_up()
        reader.log.action_cursor_up()
        await reader.pilot.press("enter")
        await reader.pilot.click(reader.log, offset=reader.place_of("menu"))
        await reader.pilot.pause()
        ids = [event.message_id for event in reader.app.posted if isinstance(event, MessageLog.MenuRequested)]
        assert ids == [messages[-2].id] * 2


async def test_the_cursor_is_hidden_without_the_focus_but_not_without_the_terminals() -> None:
    async with reading(conversation(2)) as reader:
        reader.log.focus()
        reader.log.action_cursor_up()
        await reader.pilot.pause()
        assert "enter menu" in reader.text
        reader.app.post_message(AppBlur())
        await reader.until(lambda: not reader.log.has_focus)
        reader.app.post_message(AppFocus())
        await reader.until(lambda: reader.log.has_focus)
        assert "enter menu" in reader.text
        await reader.pilot.press("tab")
        await reader.until(lambda: "enter menu" not in reader.text)
        assert reader.log.current is None


@pytest.mark.parametrize("key", ["r", "e", "y", "c", "t", "o", "g", "G", "j", "k", "1", "space"])
async def test_printable_keys_hide_the_cursor_do_nothing_else_and_go_on_to_the_parents(key: str) -> None:
    async with reading([user("q"), reply("```\ncode\n```\n<https://example.com>", reasoning="why")]) as reader:
        reader.log.focus()
        reader.log.action_cursor_up()
        await reader.pilot.press(key)
        assert reader.log.current is None
        assert reader.around.received == [key]
        assert not reader.app.posted
        assert "▸ thought" in reader.text


async def test_a_paste_hides_the_cursor_and_goes_on_to_the_parents() -> None:
    async with reading(conversation(2)) as reader:
        reader.log.focus()
        reader.log.action_cursor_up()
        reader.log.post_message(Paste("text"))
        await reader.until(lambda: reader.around.received == ["text"])
        assert reader.log.current is None


async def test_a_click_arms_nothing() -> None:
    async with reading(conversation(2)) as reader:
        reader.app.query_one(Input).focus()
        await reader.pilot.pause()
        for text in ("gpt-4o-mini", "you", "answer 1 line 0", "412 tokens"):
            await reader.pilot.click(reader.log, offset=reader.place_of(text))
        await reader.pilot.pause()
        assert reader.log.current is None
        assert not reader.log.has_focus
        assert reader.app.posted == []


async def test_the_cursor_walks_over_prompts_alone() -> None:
    messages = conversation(4)
    async with reading(messages) as reader:
        walked = []
        for _ in range(5):
            reader.log.action_cursor_up(prompts_only=True)
            walked.append(reader.log.current)
        assert walked == [messages[6].id, messages[4].id, messages[2].id, messages[0].id, messages[0].id]
        reader.log.action_cursor_down(prompts_only=True)
        assert reader.log.current == messages[2].id
        for _ in range(3):
            reader.log.action_cursor_down(prompts_only=True)
        assert reader.log.following


async def test_where_room_is_short_the_branch_stays() -> None:
    message = replace(reply("half", Status.STOPPED), model="a-very-long-vendor/and-a-very-long-model-name")
    for width, head in (
        (160, "a-very-long-vendor/and-a-very-long-model-name · {time} copy regenerate continue enter menu ‹2/3›"),
        (96, "a-very-long-vendor/and-a-very-long-model-name copy regenerate continue enter menu ‹2/3›"),
        (80, "a-very-long-vendor/and-a-very-long-model-name enter menu ‹2/3›"),
        (40, "a-very-long-vend… enter menu ‹2/3›"),
        (17, "a-ver… ‹2/3›"),
    ):
        async with reading(size=(width, 12)) as reader:
            reader.log.show([user("q"), message], {message.id: (2, 3)})
            await reader.pilot.pause()
            reader.log.action_cursor_up()
            row = reader.rows[reader.row_of("‹2/3›")]
            time = clock_time(message.created, 1.7e9)
            assert " ".join(row.strip("▌ ").split()) == head.format(time=time)


async def test_what_the_head_offers_is_asked_for_by_click() -> None:
    messages = conversation(2)
    async with reading(messages) as reader:
        reader.log.action_cursor_up()
        await reader.pilot.click(reader.log, offset=reader.place_of("regenerate"))
        reader.log.action_cursor_up()
        await reader.pilot.click(reader.log, offset=reader.place_of("edit"))
        await reader.pilot.click(reader.log, offset=reader.place_of("copy"))
        await reader.pilot.pause()
        actions = [(e.action, e.message_id) for e in reader.app.posted if isinstance(e, MessageLog.MessageAction)]
        assert actions == [("regenerate", messages[3].id), ("edit", messages[2].id)]
        assert [event.text for event in reader.app.posted if isinstance(event, MessageLog.Copy)] == [messages[2].text]


async def test_a_reply_that_broke_off_can_be_continued_by_click() -> None:
    message = reply("half", Status.STOPPED)
    async with reading([user("q"), message]) as reader:
        reader.log.action_cursor_up()
        await reader.pilot.click(reader.log, offset=reader.place_of("continue"))
        await reader.pilot.pause()
        [event] = reader.app.posted
        assert isinstance(event, MessageLog.MessageAction)
        assert (event.action, event.message_id) == ("continue", message.id)


async def test_branches_are_shown_and_walked_by_click() -> None:
    messages = conversation(2)
    async with reading() as reader:
        reader.log.show(messages, {messages[1].id: (2, 3)})
        await reader.pilot.pause()
        x, y = reader.place_of("‹2/3›")
        await reader.pilot.click(reader.log, offset=(x, y))
        await reader.pilot.click(reader.log, offset=(x + 4, y))
        assert [(e.action, e.message_id) for e in reader.app.posted if isinstance(e, MessageLog.MessageAction)] == [
            ("branch_left", messages[1].id),
            ("branch_right", messages[1].id),
        ]
        reader.log.set_branches(messages[1].id, 1, 1)
        assert "‹" not in reader.text


async def test_code_is_copied_byte_for_byte_by_badge_and_by_number() -> None:
    text = f"a\n\n```py\n{CODE}```\n\nb\n\n```\nother\n```\n"
    async with reading([user("q"), reply(text)]) as reader:
        x, y = reader.place_of("copy")
        await reader.pilot.click(reader.log, offset=(x, y))
        reader.log.focus()
        await reader.pilot.press("alt+2", "alt+1")
        assert reader.log.copy_code()
        assert not reader.log.copy_code(3)
        await reader.pilot.pause()
        assert [(e.text, e.what) for e in reader.app.posted if isinstance(e, MessageLog.Copy)] == [
            (CODE, "code block 1"),
            ("other\n", "code block 2"),
            (CODE, "code block 1"),
            ("other\n", "code block 2"),
        ]


async def test_what_looks_like_a_link_opens_and_what_does_not_says_where_it_points() -> None:
    text = (
        "[good](https://example.com/x) [loud](HTTPS://Example.com)\n\n[mail](mailto:a@b.c) [odd](vscode://file/x) "
        "[user](http://u:p@h/) [name](https://user@host/) <mailto:b@c.d> e@f.gh"
    )
    async with reading([reply(text)], (160, 24)) as reader:
        for word in ("good", "loud", "mail", "odd", "user", "name", "mailto:b"):
            await reader.pilot.click(reader.log, offset=reader.place_of(word))
        reader.log.action_open_link()
        await reader.pilot.pause()
        assert [event.href for event in reader.app.posted if isinstance(event, MessageLog.OpenLink)] == [
            "https://example.com/x",
            "https://Example.com",
            "https://example.com/x",
        ]
        targets = "mail (mailto:a@b.c) odd (vscode://file/x) user (http://u:p@h/) name (https://user@host/)"
        shown = " ".join(" ".join(row.strip("▌ ") for row in reader.rows).split())
        assert f"{targets} mailto:b@c.d e@f.gh" in shown


@pytest.mark.parametrize("href", ["-rf", "/etc/passwd", "//host/x", "javascript:x", "http://", "http://[", "ssh://h"])
def test_what_is_no_web_address_is_never_opened(href: str) -> None:
    assert not is_openable(href)


async def test_reasoning_is_one_row_that_opens_and_closes() -> None:
    async with reading([user("q"), reply("answer", reasoning="first thought\n\nsecond thought")]) as reader:
        assert "▸ thought · 80 tokens" in reader.text
        assert "second thought" not in reader.text
        await reader.pilot.click(reader.log, offset=reader.place_of("thought"))
        assert "▾ thought" in reader.text and "second thought" in reader.text
        row = reader.row_of("second thought")
        assert [line.strip(" ▌") for line in reader.rows[row + 1 : row + 3]] == ["", "answer"]
        await reader.pilot.click(reader.log, offset=reader.place_of("thought"))
        assert "second thought" not in reader.text


async def test_reasoning_streams_on_one_row_and_the_answer_begins_below_it() -> None:
    async with reading([user("q")]) as reader:
        streaming = reader.begin()
        for word in range(80):
            reader.feed(streaming, f"thought{word} ", reasoning=True)
        await reader.settle()
        row = reader.row_of("▸ thinking")
        assert "thought79" in reader.rows[row]
        assert reader.row_of("●") == row + 2
        assert not reader.rows[row + 1].strip(" ▌")
        reader.app.now += 3.1
        await reader.stream(streaming, "The answer.")
        assert reader.rows[row].startswith(" ▌ ▸ thought for 3.1 s")
        assert "The answer." in reader.rows[row + 1]


async def test_reasoning_that_is_open_streams_in_full_above_the_answer() -> None:
    async with reading([user("q")]) as reader:
        streaming = reader.begin()
        reader.feed(streaming, "thought one\n\n", reasoning=True)
        await reader.settle()
        reader.log.action_toggle_reasoning()
        reader.feed(streaming, "thought two\n\nthought three", reasoning=True)
        await reader.stream(streaming, "The answer.\n\nMore of it.")
        rows = [row.strip("▌ ") for row in reader.rows]
        texts = ["thought one", "thought two", "thought three", "The answer.", "More of it."]
        assert [row for row in rows if row in texts] == texts
        reader.log.action_toggle_reasoning()
        assert "thought two" not in reader.text and "More of it." in reader.text


async def test_a_notice_counts_down_in_the_foot_and_goes() -> None:
    async with reading([user("q")]) as reader:
        streaming = reader.begin()
        reader.log.feed(streaming, Notice("retry", "429 · retrying", 12.0))
        await reader.settle()
        assert "429 · retrying · 12 s" in reader.text
        reader.app.now += 5
        await reader.until(lambda: "429 · retrying · 7 s" in reader.text, "counted down")
        await reader.stream(streaming, "text")
        reader.app.now += 5
        await reader.until(lambda: "429" not in reader.text, "gone")
        assert "429" not in reader.text


async def test_the_foot_stays_one_row_while_streaming_whatever_it_says() -> None:
    async with reading([user("q")], (40, 12)) as reader:
        streaming = reader.begin()
        await reader.stream(streaming, "text")
        height = reader.row_of("●")
        reader.log.feed(streaming, Notice("retry", "a very long notice " * 20, 3.0))
        await reader.settle()
        assert reader.row_of("●") == height
        assert not "".join(reader.rows[height + 1 :]).strip()


@pytest.mark.parametrize(
    ("status", "says"),
    [(Status.STOPPED, "■ stopped"), (Status.INTERRUPTED, "◌ interrupted"), (Status.FAILED, "✗ failed")],
)
async def test_the_foot_says_how_a_reply_ended(status: Status, says: str) -> None:
    error = ErrorInfo("rate_limit", "429: wait a minute.") if status is Status.FAILED else None
    async with reading([user("q"), reply("part", status, error=error)]) as reader:
        assert says in reader.text
        assert ("429: wait a minute." in reader.text) == (error is not None)


async def test_a_reply_streams_on_unseen_while_another_conversation_is_shown() -> None:
    async with reading(conversation(1)) as reader:
        streaming = reader.begin()
        await reader.stream(streaming, "begun")
        reader.log.show([user("another")])
        before = reader.rows
        reader.log.feed(streaming, TextDelta("late"))
        reader.log.feed(streaming, Notice("retry", "retrying", 3.0))
        reader.log.set_branches(streaming, 1, 2)
        await reader.pilot.pause()
        assert reader.rows == before


async def test_a_continued_reply_streams_on_in_its_bubble() -> None:
    message = reply("half of it", Status.STOPPED)
    async with reading([user("q"), message]) as reader:
        streaming = reader.begin(message)
        await reader.stream(streaming, " and the rest")
        assert "half of it and the rest" in reader.text
        assert reader.text.count("gpt-4o-mini") == 1
