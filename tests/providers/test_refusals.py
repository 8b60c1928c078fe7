"""The line about a refusal says the true reason, in the server's words, and advice that fits."""

import json
from typing import Any

import pytest

from streamtui.chat.messages import ChatRequest, Turn
from streamtui.providers.errors.http import EndpointInfo, delay_in, is_about_interface, status_error, stream_error
from streamtui.providers.redaction import Secret

KEY = Secret("sk-test-0123456789abcdef")
KEYED = EndpointInfo("api.example.org", "OPENAI_API_KEY", KEY)
KEYLESS = EndpointInfo("api.example.org", "OPENAI_API_KEY")
FIRST = ChatRequest("zeta", (Turn("user", "hi"),))
LATER = ChatRequest("zeta", (Turn("user", "hi"), Turn("assistant", "Hello"), Turn("user", "again")))
LIMITED = ChatRequest("zeta", FIRST.turns, max_tokens=9000)
COLD = ChatRequest("zeta", FIRST.turns, temperature=1.5)
CONTEXT = "This model's maximum context length is 4096 tokens. However, you requested 9010 tokens "
SPLIT = CONTEXT + "({} in the messages, {} in the completion). Please reduce the length of the messages or completion."
PAGE = "<html><head><title>Attention Required! | Shield</title></head><body><h1>Sorry</h1></body></html>"


def openai(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, **more}}


def line(status: int, body: Any, request: ChatRequest = FIRST, peer: EndpointInfo = KEYED) -> tuple[str, str, bool]:
    text = body if isinstance(body, str) else json.dumps(body)
    error = status_error(peer, request, status, {}, text, 0.0)
    return error.kind, str(error), error.retryable


GEMINI = {"code": 400, "message": "API key not valid. Please pass a valid API key.", "status": "INVALID_ARGUMENT"}


@pytest.mark.parametrize(
    ("status", "body", "kind", "says", "advises"),
    [
        (400, [{"error": GEMINI}], "auth", "API key not valid", "Check OPENAI_API_KEY"),
        (
            400,
            {"code": "Client specified an invalid argument", "error": "Incorrect API key provided: sk"},
            "auth",
            "does not accept the API key",
            "Check OPENAI_API_KEY",
        ),
        (
            400,
            openai("No connected db.", type="no_db_connection", code="400"),
            "auth",
            "No connected db.",
            "OPENAI_API_KEY",
        ),
        (400, openai("Your credit balance is too low."), "bad_request", "credit balance", "the account's balance"),
        (400, openai("Something odd."), "bad_request", "Something odd.", "Check the key, the model's name"),
        (
            403,
            openai("Your request was flagged by moderation."),
            "bad_request",
            "flagged",
            "Word the prompt differently",
        ),
        (
            403,
            openai("Country, region, or territory not supported"),
            "auth",
            "territory not supported",
            "Another endpoint",
        ),
        (403, openai("You may not use this."), "auth", "may not use this", "what the key in OPENAI_API_KEY may use"),
        (403, PAGE, "bad_request", "Something between here and api.example.org", "Attention Required"),
        (
            413,
            "<html><head><title>413 Request Entity Too Large</title></head></html>",
            "bad_request",
            "Something between here",
            "413 Request Entity Too Large",
        ),
        (407, "", "connect", "wants a user name and password", "HTTPS_PROXY=http://NAME:PASSWORD@"),
        (
            401,
            "<html><title>401 Authorization Required</title></html>",
            "auth",
            "does not accept",
            "Check OPENAI_API_KEY",
        ),
        (
            400,
            "<html><title>400 The plain HTTP request was sent to HTTPS port</title></html>",
            "connect",
            "expects TLS",
            "https://",
        ),
        (
            404,
            openai("The model `zeta` does not exist or you do not have access to it."),
            "not_found",
            "has no model zeta",
            "/model",
        ),
        (
            404,
            openai("This model is only supported in v1/responses and not in v1/chat/completions."),
            "not_found",
            "does not offer zeta for chat",
            "/model",
        ),
        (
            404,
            openai("This is not a chat model and thus not supported in the v1/chat/completions endpoint."),
            "not_found",
            "does not offer zeta for chat",
            "/model",
        ),
        (
            404,
            openai("No endpoints found matching your data policy (model zeta)."),
            "not_found",
            "data policy",
            "account's settings",
        ),
        (
            404,
            openai("The API deployment for this resource does not exist.", code="DeploymentNotFound"),
            "not_found",
            "no deployment",
            "api-version",
        ),
        (404, {"detail": "Not Found"}, "not_found", "nothing at this address", "end in /v1"),
        (404, "404 page not found", "not_found", "nothing at this address", "end in /v1"),
        (400, openai("model 'zeta' not found"), "not_found", "has no model zeta", "/model"),
        (
            400,
            openai(
                "Provider returned error",
                code=400,
                metadata={"raw": '{"error":{"message":"Billing is not enabled for zeta"}}'},
            ),
            "bad_request",
            "Billing is not enabled for zeta",
            "account's balance",
        ),
        (400, openai('{"error": {"message": "Field ghost is odd"}}'), "bad_request", "Field ghost is odd.", "settings"),
        (
            413,
            openai(
                "Request too large for model `zeta` on tokens per minute (TPM): Limit 6000, Requested 8000",
                code="rate_limit_exceeded",
            ),
            "rate_limit",
            "tokens per minute",
            "Send less at once",
        ),
        (
            500,
            {"error": "model requires more system memory (8.0 GiB) than is available (3.1 GiB)"},
            "server",
            "too little memory for zeta",
            "smaller model",
        ),
        (500, openai("CUDA error: out of memory"), "server", "too little memory", "smaller model"),
        (429, openai("You exceeded your current quota.", code="insufficient_quota"), "rate_limit", "quota", "plan"),
        (402, openai("Insufficient funds"), "bad_request", "wants to be paid first", "balance"),
    ],
)
def test_words_go_before_the_status(status: int, body: Any, kind: str, says: str, advises: str) -> None:
    found, text, retryable = line(status, body)
    assert found == kind
    assert says in text and advises in text, text
    assert not retryable, "it would only be refused again"
    assert KEY.reveal() not in text and "<" not in text


@pytest.mark.parametrize(
    ("words", "kind", "says"),
    [
        ("OpenAIException - Incorrect API key provided: sk-***", "auth", "does not accept the API key"),
        ("litellm.AuthenticationError: no", "auth", "does not accept the API key"),
        ("quota exceeded for today", "rate_limit", "quota"),
        ("Insufficient balance", "bad_request", "wants to be paid"),
        ("model `zeta` not found, try pulling it first", "not_found", "has no model zeta"),
        ("the authentication service is down", "server", "a problem of its own"),
        ("Internal Server Error", "server", "a problem of its own"),
    ],
)
@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_refusal_that_a_relay_passes_on_as_its_own_fault_is_asked_once(
    status: int, words: str, kind: str, says: str
) -> None:
    got, text, retryable = line(status, openai(words))

    assert (got, retryable) == (kind, kind == "server")
    assert says in text


def test_words_in_an_event_stream_with_the_status_of_a_refusal_are_read() -> None:
    body = 'data: {"error": {"message": "Incorrect API key provided", "code": "401"}}\n\ndata: [DONE]\n\n'
    kind, text, _ = line(400, body)
    assert kind == "auth" and "data:" not in text and "Incorrect API key provided" in text


def test_a_fault_of_the_server_s_says_too_that_no_key_was_sent() -> None:
    peer = EndpointInfo("api.example.org", "WORK_KEY", withheld="No key was sent: WORK_KEY is not set.")
    assert "WORK_KEY is not set" in line(500, "Internal Server Error", peer=peer)[1]


@pytest.mark.parametrize(
    ("request_", "body", "kind", "advises"),
    [
        (FIRST, openai("prompt is too long: 9001 tokens"), "context_length", "Shorten it"),
        (LATER, openai("prompt is too long: 9001 tokens"), "context_length", "Leave out old turns"),
        (LATER, openai(CONTEXT, code="context_length_exceeded"), "context_length", "Leave out old turns"),
        (LIMITED, openai(SPLIT.format(10, 9000)), "bad_request", "Set a lower one: --max-tokens"),
        (LIMITED, openai(SPLIT.format(9000, 10)), "context_length", "Shorten it"),
        (
            LIMITED,
            openai("max_tokens is too large: 9000. This model's maximum context length is 4096 tokens"),
            "bad_request",
            "--max-tokens",
        ),
        (
            LIMITED,
            openai("Invalid 'max_tokens': integer above maximum value. Expected a value <= 4096, but got 9000."),
            "bad_request",
            "--max-tokens",
        ),
        (COLD, openai("temperature: range: 0..1"), "bad_request", "--temperature"),
        (FIRST, openai("temperature: range: 0..1"), "bad_request", "model's name and the settings"),
    ],
)
def test_advice_fits_what_was_asked(request_: ChatRequest, body: Any, kind: str, advises: str) -> None:
    found, text, _ = line(400, body, request_)
    assert found == kind
    assert advises in text


@pytest.mark.parametrize(
    ("peer", "says", "never"),
    [
        (KEYLESS, "Set OPENAI_API_KEY.", "Check"),
        (KEYED, "Check OPENAI_API_KEY.", "Set"),
        (
            EndpointInfo(
                "api.example.org",
                "OPENAI_API_KEY",
                withheld="OPENAI_API_KEY from the environment is not sent to "
                "an address from ./.env: put the URL into the environment or the config folder too.",
            ),
            "is not sent to an address from ./.env",
            "Set OPENAI_API_KEY",
        ),
    ],
)
@pytest.mark.parametrize("status", [401, 403])
def test_nobody_is_told_to_set_a_key_that_is_set_or_withheld(
    peer: EndpointInfo, says: str, never: str, status: int
) -> None:
    body = openai("Missing authorization header.")
    _, text, _ = line(status, body, peer=peer)
    assert says in text and never not in text


@pytest.mark.parametrize(
    ("payload", "is_begun", "kind", "retryable", "says"),
    [
        (
            "Unexpected endpoint or method. (POST /chat/completions)",
            False,
            "not_found",
            False,
            "nothing at this address",
        ),
        ({"message": "API key not valid"}, False, "auth", False, "does not accept the API key"),
        ({"message": "The model is on fire."}, True, "server", True, "broke the reply off: The model is on fire."),
        ({"message": "No.", "code": 400}, True, "bad_request", False, "broke the reply off: No."),
        ({"message": "Overloaded", "type": "overloaded_error"}, False, "overloaded", True, "is overloaded"),
        ({"message": "Provider returned error", "metadata": {"raw": "out of memory"}}, True, "server", False, "memory"),
        ({"message": "the request exceeds the available context size"}, True, "context_length", False, "too long"),
    ],
)
def test_errors_with_status_200(payload: Any, is_begun: bool, kind: str, retryable: bool, says: str) -> None:
    error = stream_error(KEYED, FIRST, payload, is_begun=is_begun)
    assert (error.kind, error.retryable) == (kind, retryable)
    assert says in str(error)


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ('{"error": {"details": [{"@type": "RetryInfo", "retryDelay": "37s"}]}}', 37.0),
        ("Rate limit reached. Please try again in 20s.", 20.0),
        ("Please retry in 37.25s.", 37.25),
        ("Please try again in 6m30s.", 390.0),
        ("Please try again in 120ms.", 0.12),
        ("Try again later.", None),
        ('{"retryDelay": "..s"}', None),
    ],
)
def test_a_pause_that_is_asked_for_in_the_body(body: str, seconds: float | None) -> None:
    assert delay_in(body) == seconds


def test_which_refusals_name_the_other_interface() -> None:
    only = openai("This model is only supported in v1/responses and not in v1/chat/completions.")
    assert is_about_interface(404, json.dumps(only))
    assert not is_about_interface(404, json.dumps(openai("no such model")))
    assert not is_about_interface(500, json.dumps(only))
