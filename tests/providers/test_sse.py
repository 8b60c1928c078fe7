"""The event-stream decoder: by example, against a plain reading of the standard, and in every fragmentation."""

import itertools
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtui.providers.http.sse import EventDecoder, ServerEvent


def decode(*chunks: bytes, limit: int = 1000) -> tuple[list[ServerEvent], bool]:
    decoder = EventDecoder(limit)
    events = [event for chunk in chunks for event in decoder.feed(chunk)]
    return events + decoder.close(), decoder.overflowed


def by_the_book(stream: bytes) -> list[ServerEvent]:
    """Decode as the standard says, line by line, with our three departures and without a limit."""
    text = stream.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n").decode("utf-8", "replace")
    events: list[ServerEvent] = []
    kind, data = "", list[str]()
    for line in [*text.split("\n"), ""]:
        if not line:
            if "\n".join(data):
                events.append((kind, "\n".join(data)))
            kind, data = "", []
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            value = value[1:] if value.startswith(" ") else value
            kind = value if name == "event" else kind
            data += [value] if name == "data" else []
    return events


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: one\n\ndata: two\n\n", [("", "one"), ("", "two")]),
        (b"data:one\n\ndata:  two\n\n", [("", "one"), ("", " two")]),
        (b"data: one\r\n\r\ndata: two\r\n\r\n", [("", "one"), ("", "two")]),
        (b"data: one\r\rdata: two\r\r", [("", "one"), ("", "two")]),
        (b"\xef\xbb\xbfdata: one\n\n", [("", "one")]),
        (b"data: one\ndata: two\n\n", [("", "one\ntwo")]),
        (b"event: error\ndata: one\n\ndata: two\n\n", [("error", "one"), ("", "two")]),
        (b"data: the last one", [("", "the last one")]),
        (b"data: the last one\n", [("", "the last one")]),
        (b": ping\n\nid: 7\n\n: ping\n\ndata:\n\ndata\n\nretry: 3\n\n", []),
        (b"foo: bar\nfoo\n:\nid: 1\ndata: one\n\n\n\n\n", [("", "one")]),
        ("data: é€😀\n\n".encode(), [("", "é€😀")]),
        (b"data: caf\xe9\n\n", [("", "caf\ufffd")]),
        (b"", []),
    ],
)
def test_examples(stream: bytes, events: list[ServerEvent]) -> None:
    assert decode(stream) == (events, False)
    assert decode(*(stream[i : i + 1] for i in range(len(stream)))) == (events, False)


PIECES = st.sampled_from(
    [b"data: ", b"data:", b"data", b"event: x", b": c", b"id: 1", b"\n", b"\r", b"\r\n", b"\n\n", b"a", b"\xef\xbb\xbf",
     b"\xc3\xa9", b"\xc3", b"\xf0\x9f\x98\x80", b"\xff", b" ", b":", b"\x00"]
)  # fmt: skip
STREAMS = st.lists(st.one_of(PIECES, st.binary(max_size=5)), max_size=40).map(b"".join)


@given(STREAMS)
def test_reads_streams_as_the_standard_says(stream: bytes) -> None:
    assert decode(stream) == (by_the_book(stream), False)


@given(STREAMS, st.lists(st.integers(0, 60), max_size=10), st.integers(1, 30))
def test_fragmentation_changes_nothing(stream: bytes, cuts: list[int], limit: int) -> None:
    marks = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    fragments = [stream[start:end] for start, end in itertools.pairwise(marks)]
    assert decode(*fragments, limit=limit) == decode(stream, limit=limit)


def test_an_event_over_the_limit_ends_the_stream_after_the_events_before_it() -> None:
    stream = b"data: one\n\ndata: " + b"x" * 100 + b"\n\ndata: three\n\n"
    assert decode(stream, limit=50) == ([("", "one")], True)
    assert decode(*(stream[i : i + 1] for i in range(len(stream))), limit=50) == ([("", "one")], True)


def test_many_events_may_exceed_the_limit_together() -> None:
    events, overflowed = decode(b"data: xxxx\n\n" * 1000, limit=20)
    assert len(events) == 1000
    assert not overflowed


@pytest.mark.parametrize("flood", [b"\n", b"\r", b"\r\n", b"data: one\n\n" + b"\n" * 1000])
def test_blank_lines_cost_next_to_nothing(flood: bytes) -> None:
    chunk, decoder = flood * (60_000 // len(flood)), EventDecoder()
    before = time.thread_time()
    for _ in range(200):
        decoder.feed(chunk)
    assert time.thread_time() - before < 1.0


def test_memory_stays_bounded_on_a_line_that_never_ends() -> None:
    limit = 100_000
    decoder = EventDecoder(limit)
    tracemalloc.start()
    try:
        for _ in range(500):
            assert decoder.feed(b"x" * 10_000) == []
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert decoder.overflowed
    assert peak < 4 * limit
