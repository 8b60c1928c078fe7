import json

from streamtui.chat.errors import ErrorInfo
from streamtui.chat.messages import ChatMessage, Segment, Status, Usage
from streamtui.chat.metrics import Metrics
from streamtui.chat.ports import ConversationRecord, ConversationSummary
from streamtui.store import export_json
from streamtui.store.transcript import message_json, summary_json

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
    reply = ChatMessage("m", None, "assistant", tuple(Segment("x", metrics=each) for each in (unrated, rated)))
    assert message_json(reply)["metrics"]["tokens_per_s"] == 100
    reply = ChatMessage("m", None, "assistant", tuple(Segment("x", metrics=each) for each in (unrated, unrated)))
    assert message_json(reply)["metrics"]["tokens_per_s"] is None
