import json
from dataclasses import replace
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from streamtui.chat.errors import ErrorInfo
from streamtui.chat.messages import (
    Attachment,
    ChatMessage,
    Citation,
    SavedNotice,
    Segment,
    Status,
    Usage,
)
from streamtui.chat.metrics import Metrics
from streamtui.chat.ports import ConversationRecord, ConversationSummary
from streamtui.chat.sanitize import sanitize, sanitize_line
from streamtui.workspace.imports import own
from streamtui.workspace.transcript import export_json, message_json, summary_json

ROW = ConversationRecord("c1", "Sums", "gpt-4o-mini", "Be brief.", 0.0, 60.25, "m2")
MESSAGES = [
    ChatMessage("m1", None, "user", (Segment("2 + 2?"),), None, 0.0),
    ChatMessage(
        "m2",
        "m1",
        "assistant",
        (
            Segment("4", "hm", Status.STOPPED, None, None, Usage(5, 1), Metrics(0.1, 0.2, 1.0, 1.2, 1, 1, 1.0, 10.0)),
            Segment(".", "", Status.COMPLETE, "stop", None, Usage(6, 2), Metrics(0.3, 0.4, 3.0, 3.4, 2, 7, 1.0, 10.0)),
        ),
        "gpt-4o-mini",
        1.0,
    ),
    ChatMessage("m3", "m1", "assistant", (Segment("five", status=Status.FAILED, error=ErrorInfo("server", "boom")),)),
]


def test_json_is_what_the_contract_says() -> None:
    document = json.loads(export_json(ROW, MESSAGES))
    assert document["streamtui"] == 1
    assert document["conversation"] == {
        "id": "c1",
        "title": "Sums",
        "model": "gpt-4o-mini",
        "system": "Be brief.",
        "leaf": "m2",
        "created": "1970-01-01T00:00:00.000Z",
        "updated": "1970-01-01T00:01:00.250Z",
    }
    reply = document["messages"][1]
    assert set(reply) == {
        *("id", "parent", "role", "model", "status", "finish_reason", "error"),
        *("text", "reasoning", "created", "usage", "metrics", "segments"),
    }
    assert [(segment["text"], segment["status"]) for segment in reply["segments"]] == [
        ("4", "stopped"),
        (".", "complete"),
    ]
    assert (reply["error"], "segments" in document["messages"][0]) == (None, False)
    assert document["messages"][2]["error"] == {"kind": "server", "message": "boom"}
    assert (reply["text"], reply["reasoning"], reply["status"], reply["finish_reason"]) == (
        "4.",
        "hm",
        "complete",
        "stop",
    )
    assert reply["usage"] == {"input_tokens": 11, "output_tokens": 3, "reasoning_tokens": None, "estimated": False}
    assert reply["metrics"] == {
        "connect_s": 0.1,
        "ttft_s": 0.2,
        "streaming_s": 4.0,
        "total_s": 4.6,
        "chunks": 3,
        "characters": 8,
        "characters_per_s": 2.0,
        "tokens_per_s": 10.0,
    }
    assert document["messages"][0]["usage"] is None
    assert [message["id"] for message in document["messages"]] == ["m1", "m2", "m3"]


def test_a_line_of_the_list() -> None:
    line = summary_json(ConversationSummary("c1", "Sums", "m", 2, "complete", 0.0, 1.5))
    assert line == {
        "id": "c1",
        "title": "Sums",
        "model": "m",
        "messages": 2,
        "status": "complete",
        "created": "1970-01-01T00:00:00.000Z",
        "updated": "1970-01-01T00:00:01.500Z",
    }


def test_a_stretch_without_a_rate_does_not_slow_the_others_down() -> None:
    unrated, rated = Metrics(streaming_s=10.0), Metrics(streaming_s=1.0, tokens_per_s=100.0)
    reply = ChatMessage("m", None, "assistant", tuple(Segment("x", metrics=metrics) for metrics in (unrated, rated)))
    assert message_json(reply)["metrics"]["tokens_per_s"] == 100
    reply = ChatMessage("m", None, "assistant", tuple(Segment("x", metrics=metrics) for metrics in (unrated, unrated)))
    assert message_json(reply)["metrics"]["tokens_per_s"] is None


TEXTS = st.text(max_size=30).map(sanitize)
LINES = st.text(max_size=20).map(sanitize_line)
FIGURES = st.none() | st.floats(0, 1e6)
METRICS = st.builds(
    Metrics,
    FIGURES,
    FIGURES,
    FIGURES,
    st.floats(0, 1e6),
    st.integers(0, 99),
    st.integers(0, 99),
    FIGURES,
    FIGURES,
    FIGURES,
)
COUNTS = st.none() | st.integers(0, 10**9)
SEGMENTS = st.builds(
    Segment,
    TEXTS,
    TEXTS,
    st.sampled_from([status for status in Status if status is not Status.STREAMING]),
    st.none() | LINES,
    st.none() | st.builds(ErrorInfo, LINES.filter(bool), LINES),
    st.none() | st.builds(Usage, COUNTS, COUNTS, COUNTS, st.booleans()),
    st.none() | METRICS,
    st.lists(st.builds(SavedNotice, LINES, LINES), max_size=2).map(tuple),
    st.lists(st.builds(Citation, LINES, LINES, st.integers(0, 9)), max_size=2).map(tuple),
)


@given(
    st.lists(
        st.tuples(st.lists(SEGMENTS, min_size=1, max_size=3), st.integers(0, 99), st.floats(0, 4e9)),
        min_size=1,
        max_size=5,
    ),
    st.builds(
        ConversationRecord, st.just("c1"), LINES, LINES, st.none() | TEXTS, st.floats(0, 4e9), st.floats(0, 4e9),
        st.sampled_from(["m0", "m1", None]), st.booleans(),
    ),
    st.dictionaries(st.binary(max_size=20), LINES, max_size=2),
)  # fmt: skip
def test_what_is_exported_is_exported_again_with_the_same_bytes_after_an_import(
    drawn: list[tuple[list[Segment], int, float]], record: ConversationRecord, contents: dict[bytes, str]
) -> None:
    files = {sha256(content).hexdigest(): content for content in contents}
    attachments = tuple(
        Attachment(sha256(content).hexdigest(), name, "text/plain", len(content)) for content, name in contents.items()
    )
    messages = [
        ChatMessage(
            f"m{number}",
            f"m{parent % number}" if number else None,
            "assistant" if number % 2 else "user",
            tuple(segments),
            "m" if number % 2 else None,
            created,
            () if number % 2 else attachments,
        )
        for number, (segments, parent, created) in enumerate(drawn)
    ]
    record = replace(record, leaf=record.leaf if record.leaf in {message.id for message in messages} else None)
    text = export_json(record, messages, files)
    again = own.FORMAT.read(json.loads(text), 0.0)
    assert export_json(again.record, again.messages, again.files) == text
