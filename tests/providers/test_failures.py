"""Statuses, error bodies and Retry-After, without a network."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtui.chat.errors import ProviderError
from streamtui.chat.messages import ChatRequest, Turn
from streamtui.providers.errors.error_body import words_of_body
from streamtui.providers.errors.http import _READ, EndpointInfo, retry_after, status_error, stream_error
from streamtui.providers.http.client import StatusError
from streamtui.providers.http.quirks import lesson_of
from streamtui.providers.redaction import Secret

PEER = EndpointInfo("api.example.org", "OPENAI_API_KEY")
ASKED = ChatRequest("m", (Turn("user", "hi"),))
NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "12"}, 12.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "Fri, 15 Jan 2027 08:00:30 GMT"}, 30.0),
        ({"retry-after": "Fri, 15 Jan 2027 07:00:00 GMT"}, 0.0),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "9" * 400}, 1e9),
        ({"retry-after": "²"}, None),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "x", "retry-after": "9"}, 9.0),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("status", "wish", "says"),
    [
        (429, "300", "asks for a pause of 300 s. Wait that long, or"),
        (503, "3600", "asks for a pause of 60 min. Try again after that"),
        (529, "86400", "asks for a pause of 24 h. Try again after that"),
        (408, "500", "asks for a pause of 500 s."),
        (429, "0", "Wait a moment"),
        (503, None, "Try again in a moment"),
    ],
)
def test_the_pause_that_a_server_asks_for_is_said(status: int, wish: str | None, says: str) -> None:
    error = status_error(PEER, ASKED, status, {} if wish is None else {"retry-after": wish}, "", NOW)
    assert says in str(error)
    assert ("pause" in str(error)) is ("pause" in says)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"error": {"message": "No."}}', "No."),
        ('{"error": "No."}', "No."),
        ('{"detail": "No."}', "No."),
        ('{"message": "No."}', "No."),
        ('{"object": "error", "message": "No.", "code": 400}', "No."),
        ('{"detail": [{"loc": ["body"], "msg": "No."}, {"msg": "Never."}]}', "No.; Never."),
        ('[{"error": {"message": "No."}}]', "No."),
        ('{"error": {"message": {"deep": 1}}}', '{"deep": 1}'),
        ('{"error": ["No", 1, null, {"message": "Never."}]}', "No; 1; Never."),
        ('{"error": 7}', "7"),
        (f'{{"error": {"[" * 900}1{"]" * 900}}}', "[" * 899 + "1" + "]" * 899),
        ("No.", "No."),
        ("<html><body>No.</body></html>", ""),
        ('  <!DOCTYPE html><h1>"No."', ""),
        ("", ""),
        ("[]", ""),
    ],
)
def test_the_words_of_a_server(body: str, said: str) -> None:
    assert words_of_body(body).text == said


ODD_KEY: Final = "gsk_q7Zt0KEYxYz0123456789"
KEYED = EndpointInfo("api.example.org", "OPENAI_API_KEY", Secret(ODD_KEY))
FILLED = [" " * size + "why " for size in (*range(150, 220), *range(_READ - 40, _READ + 20))]


@given(
    st.sampled_from([*FILLED, *(filled.replace(" ", "x ") for filled in FILLED), "why " * (_READ // 4)]),
    st.sampled_from(["", "\u2066", "\u200d", "\U000e0041", "\ufeff"]),
    st.sampled_from(
        ["{}", '{{"error": {{"message": "{}"}}}}', '{{"detail": [{{"msg": "{}"}}]}}', '{{"error": ["{}"]}}']
    ),
)
def test_no_part_of_a_key_is_quoted_wherever_it_stands(filled: str, between: str, body: str) -> None:
    body = body.format(f"{filled}{between.join(ODD_KEY)} is no key")
    for error in (status_error(KEYED, ASKED, 401, {}, body, NOW), stream_error(KEYED, ASKED, body)):
        assert ODD_KEY[:4] not in "".join(filter(str.isascii, str(error)))


def test_words_without_end_are_not_quoted() -> None:
    assert KEYED.quote("[" * 100_000) == ""
    assert KEYED.quote("word " * 100_000) == "word " * 39 + "word…"


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ({"message": "x", "code": 429}, "rate_limit"),
        ({"message": "x", "code": "503"}, "server"),
        ({"message": "x", "type": "overloaded_error"}, "overloaded"),
        ({"message": "x", "type": "rate_limit_error"}, "rate_limit"),
        ({"message": "x", "type": "authentication_error"}, "auth"),
        ({"message": "x", "type": "invalid_request_error"}, "bad_request"),
        ({"message": "prompt is too long: 9 tokens"}, "context_length"),
        ("the model ran out of luck", "server"),
        ({}, "server"),
        (17, "server"),
    ],
)
def test_errors_in_the_stream(payload: object, kind: str) -> None:
    error = stream_error(PEER, ASKED, payload)
    assert error.kind == kind
    assert "api.example.org" in str(error) or kind == "context_length"


@given(st.integers(400, 599), st.text(max_size=300), st.dictionaries(st.just("retry-after"), st.text(max_size=20)))
def test_any_refusal_becomes_one_line(status: int, body: str, headers: dict[str, str]) -> None:
    error = status_error(PEER, ASKED, status, headers, body, NOW)
    assert isinstance(error, ProviderError)
    assert "\n" not in str(error)
    assert len(str(error)) <= 400


@pytest.mark.parametrize(
    ("body", "sent", "quirk"),
    [
        ('{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs"}]}',
         {"stream_options"}, "no:stream_options"),
        ("Unrecognized request argument supplied: stream_options", {"stream_options"}, "no:stream_options"),
        ("temperature: `temperature` is deprecated for this model.", {"temperature"}, "no:temperature"),
        ("'temperature' may only be set to 1 when thinking is enabled", {"temperature"}, "no:temperature"),
        ("max_tokens is too large: 99999. This model supports at most 4096.", {"max_tokens"}, None),
        ("temperature must be between 0 and 2", {"temperature"}, None),
        ("'temperature' is not supported", set(), None),
        ("'developer' is not one of ['system', 'user']", {"developer"}, "no:system"),
        ("System role not supported", {"system"}, "no:system"),
        ("no such model", {"temperature", "system"}, None),
    ],
)  # fmt: skip
def test_what_a_refusal_teaches(body: str, sent: set[str], quirk: str | None) -> None:
    lesson = lesson_of(StatusError(400, {}, body, None), sent, frozenset())
    assert (lesson.quirk if lesson else None) == quirk
