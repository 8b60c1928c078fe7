"""What stands under a reply for good: its sources, what was said about it, where it was continued."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streamtui.chat.errors import ErrorInfo
from streamtui.chat.events import Event, Failed, Finished, Notice, ReasoningDelta, Revised, TextDelta
from streamtui.chat.messages import ChatMessage, Citation, SavedNotice, Segment, Status, Usage
from streamtui.log import MessageLog
from streamtui.log.paint.frame import SEAM
from tests.log.conftest import METRICS, Reader, reading, reply, user


def _with(message: ChatMessage, **fields: object) -> ChatMessage:
    return message.with_last(replace(message.last, **fields))  # type: ignore[arg-type]


async def test_lasting_notices_stand_under_the_reply() -> None:
    notices = (SavedNotice("field_dropped", "left out temperature"), SavedNotice("refusal", "The model refused."))
    async with reading([user("q"), _with(reply("answer"), notices=notices)]) as reader:
        figures = reader.row_of("412 tokens")
        assert [row.strip(" ▌") for row in reader.rows[figures + 1 : figures + 3]] == [
            notice.text for notice in notices
        ]


async def test_sources_are_numbered_links_under_the_reply() -> None:
    sources = (
        Citation("https://example.com/a", "Example A", 1),
        Citation("https://example.org/b", "", 2),
        Citation("javascript:alert(1)", "Evil", 3),
        Citation("https://example.net/" + "x" * 400, "A\x1b]8;;x\x07 [bold]title[/] " + "w" * 400, 4),
    )
    async with reading([user("q"), _with(reply("answer [1]"), citations=sources)]) as reader:
        first = reader.row_of("[1] Example A")
        assert reader.row_of("answer") == first - 2
        assert "https://example.org/b" in reader.rows[first + 1]
        assert reader.row_of("412 tokens") == first + 5
        for text in ("Example A", "example.org", "Evil", "[bold]title"):
            await reader.pilot.click(reader.log, offset=reader.place_of(text))
        await reader.pilot.pause()
        opened = [event.href for event in reader.app.posted if isinstance(event, MessageLog.OpenLink)]
        assert opened == [sources[0].url, sources[1].url, sources[3].url]
        assert "\x1b" not in reader.text


def _seam_rows(reader: Reader) -> list[str]:
    return [row.strip(f" {SEAM}") for row in reader.rows if SEAM in row]


@pytest.mark.parametrize(
    ("before", "after", "row"),
    [
        ("Half of a wor", "d and the rest.", "Half of a word and the rest."),
        ("One paragraph.\n\n", "Another one.", "Another one."),
        ("word " * 40, "JOINT " + "word " * 40, "JOINT"),
        ("```py\na = 1\nb = 2\n", "c = 3\nd = 4\n```\n", "c = 3"),
        ("- one\n- two\n", "- three\n", "• three"),
    ],
)
async def test_a_continued_reply_shows_where_it_goes_on(before: str, after: str, row: str) -> None:
    message = reply(before, Status.STOPPED).with_new(reply(after).last)
    async with reading([user("q"), message]) as reader:
        [seam] = _seam_rows(reader)
        assert row in seam


async def test_the_seam_shows_while_the_rest_streams_in_and_stays() -> None:
    message = reply("begun\n\n", Status.STOPPED).with_new(Segment(status=Status.STREAMING))
    async with reading([user("q"), message]) as reader:
        streaming = reader.begin(message)
        await reader.settle()
        assert not _seam_rows(reader)
        await reader.stream(streaming, "and ended")
        assert _seam_rows(reader) == ["and ended"]
        reader.log.update(message.with_last(reply("and ended").last))
        await reader.settle()
        assert _seam_rows(reader) == ["and ended"]


async def test_a_reply_of_one_segment_has_no_seam() -> None:
    async with reading([user("q"), reply("answer")]) as reader:
        assert not _seam_rows(reader)


async def _fed(reader: Reader, message: ChatMessage, *events: Event) -> ChatMessage:
    reader.begin(message)
    for event in events:
        reader.log.feed(message.id, event)
    await reader.pilot.pause()
    return reader.log._view.bubbles.by_id[message.id].message


async def test_events_alone_make_the_settled_message() -> None:
    message = reply(status=Status.STREAMING)
    usage, source = Usage(3, 4), Citation("https://example.com", "Example", 1)
    async with reading([user("q")]) as reader:
        settled = await _fed(
            reader,
            message,
            ReasoningDelta("why"),
            TextDelta("The "),
            Notice("retry", "429 · retrying", 3.0),
            Notice("field_dropped", "left out top_p"),
            TextDelta("answer."),
            source,
            usage,
            Finished("stop", Status.COMPLETE, METRICS),
        )
        assert settled.segments == (
            Segment(
                "The answer.",
                "why",
                Status.COMPLETE,
                "stop",
                None,
                usage,
                METRICS,
                (SavedNotice("field_dropped", "left out top_p"),),
                (source,),
            ),
        )
        assert "[1] Example" in reader.text and "left out top_p" in reader.text and "✓ 4 tokens" in reader.text


async def test_a_failure_keeps_what_came_before_the_segment_that_failed() -> None:
    message = reply("half ", Status.STOPPED).with_new(Segment(status=Status.STREAMING))
    error = ErrorInfo("dropped", "The connection ended.")
    async with reading([user("q")]) as reader:
        settled = await _fed(reader, message, TextDelta("more"), Failed(error))
        assert [segment.text for segment in settled.segments] == ["half ", "more"]
        assert (settled.status, settled.last.error) == (Status.FAILED, error)
        assert "✗ failed" in reader.text and "The connection ended." in reader.text


@pytest.mark.parametrize("smooth", [False, True])
async def test_what_reads_differently_takes_the_place_of_all_that_came(smooth: bool) -> None:
    message = reply(status=Status.STREAMING)
    async with reading([user("q")]) as reader:
        reader.log.smooth = smooth
        await _fed(reader, message, TextDelta("thinking aloud</think>"), Revised("", "thinking aloud", "was reasoning"))
        assert "aloud</think>" not in reader.text
        assert "▸ thought" in reader.text
        reader.log.feed(message.id, TextDelta("The answer."))
        reader.log.feed(message.id, Finished("stop"))
        await reader.pilot.pause()
        settled = reader.log._view.bubbles.by_id[message.id].message
        assert (settled.text, settled.reasoning) == ("The answer.", "thinking aloud")
        assert "The answer." in reader.text


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("stop", ""),
        ("end_turn", ""),
        ("EOS", ""),
        ("length", "cut off: length limit"),
        ("MAX_TOKENS", "cut off: length limit"),
        ("model_context_window_exceeded", "cut off: context full"),
        ("SAFETY", "cut off: content filter"),
        ("pause_turn", "paused"),
        ("weather", "ended early"),
    ],
)
async def test_every_end_but_a_good_one_is_marked(reason: str, word: str) -> None:
    async with reading([user("q"), _with(reply("answer"), finish_reason=reason)]) as reader:
        row = reader.rows[reader.row_of("412 tokens")].strip(" ▌")
        assert row.startswith(f"■ {word} · " if word else "✓ ")
