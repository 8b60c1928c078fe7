"""Every fault of the scripted server, seen from the chair: one clear line, what arrived kept, the app as usable."""

import re

import pytest

from tests.e2e.conftest import EMPTY_BOX, Home, Launch, use
from tests.e2e.terminal import Terminal
from tests.server import ScriptedServer

PARTIAL = {
    "stall": "silent in mid-reply",
    "stall-ping": "silent in mid-reply",
    "flood-ping": "silent in mid-reply",
    "flood-newline": "silent in mid-reply",
    "flood-empty": "silent in mid-reply",
    "drop-after-3": "lost in mid-reply",
    "eof-after-3": "ended before the reply was finished",
    "truncated-after-3": "lost in mid-reply",
    "bad-chunk": "lost in mid-reply",
    "short-length": "lost in mid-reply",
    "error-object": "The model is on fire",
    "overloaded": "Overloaded",
    "error-string": "The model is on fire",
    "event-error": "The model is on fire",
    "event-error-string": "The model is on fire",
    "event-error-text": "The model is on fire",
    "error-list": "The model is on fire; 1",
    "choice-error": "The model is on fire",
    "bad-json": "no JSON",
    "deep-json": "no JSON",
    "big-int": "no JSON",
    "half-event": "ended before the reply was finished",
}
"""Faults after three words, and what is said of them."""
NOTHING = {
    "400": "400",
    "401": "does not accept the API key",
    "403": "does not allow",
    "404": "no model 404",
    "408": "408",
    "409": "409",
    "413": "too long",
    "422": "422",
    "429": "limits the rate",
    "500": "problem of its own",
    "502": "problem of its own",
    "503": "problem of its own",
    "529": "overloaded",
    "502-html": "502",
    "404-html": "404",
    "503-never": "503",
    "429-after-500": "limits the rate",
    "quota": "quota",
    "context-length": "too long",
    "bad-temperature": "temperature",
    "stall-first": "sends no reply",
    "mute": "does not answer",
    "slow-headers": "does not answer",
    "reset-first": "without an answer",
    "garbage": "without an answer",
    "redirect-cross": "redirects",
    "redirect-same": "redirects",
    "html": "web page",
    "json-error": "The model is on fire",
    "json-other": "no chat reply",
    "ndjson": "JSON lines",
    "ndjson-crlf": "JSON lines",
    "empty": "empty answer",
    "other-events": "no chat reply",
    "bad-gzip": "unpacked",
    "gzip-bomb": "more than",
    "endless-line": "more than",
    "no-such-scenario": "no model",
}
"""Faults before the first word, and what is said of them."""
WELL = {
    **dict.fromkeys(
        ("ok", "no-usage", "no-done", "think", "think-split", "reasoning", "json", "bom", "crlf", "cr", "bytewise"),
        "Hello, world!",
    ),
    **dict.fromkeys(
        ("sse-oddities", "no-final-blank", "http-1.0", "after-done", "gzip", "two-choices", "no-nulls", "odd-fields"),
        "Hello, world!",
    ),
    "stall-finish": "Hello, world!",
    "huge-usage": "Hello, world!",
    "stall-done": "Hello, world!",
    "length": "cut off: length limit",
    "content-filter": "cut off: content filter",
    "tool-call": "Let me look.",
    "refusal": "I can't do that.",
    "reasoning-only": "thought",
    "surrogates": "😀 �.",
    "bad-utf8": "caf�",
    "no-stream-options": '"role": "user"',
    "big-event-300": "aaaaaaaa",
}
"""Surprises that end well, and what is on the screen then."""
SILENT = {"stall", "stall-ping", "flood-ping", "flood-newline", "flood-empty", "stall-first", "mute", "slow-headers"}
"""Those that only a deadline ends, which are asked by an app that has little patience."""
IMPATIENCE = ("content_timeout = 2.0", "first_byte_timeout = 2.0")
SETTLED = re.compile(r"^ *▌ [✗✓■◌] ", re.MULTILINE)


def groups(table: dict[str, str], size: int) -> list[list[str]]:
    """Return the models to be asked by one app, the silent ones by themselves."""
    names = [name for name in table if name not in SILENT]
    silent = [name for name in table if name in SILENT]
    found = [names[start : start + size] for start in range(0, len(names), size)]
    return [*found, silent] if silent else found


@pytest.fixture
def app(request: pytest.FixtureRequest, launch: Launch, endpoint: ScriptedServer, home: Home) -> Terminal:
    """An app that doesn't try twice, and gives up soon where that is what is waited for."""
    asked = request.node.callspec.params["models"]
    home.configure("retries = 0", *(IMPATIENCE if SILENT & set(asked) else ()))
    return launch(size=(120, 30))


def ask(app: Terminal, model: str) -> str:
    """Ask a model in a new conversation and return the screen once the reply has settled."""
    app.press("ctrl+n")
    app.wait_for("Enter sends")
    app.wait_for(EMPTY_BOX)
    use(app, model)
    app.send(f"dear {model}")
    app.wait_for(lambda: SETTLED.search(app.screen), what=f"an end of {model}")
    assert "Traceback" not in app.screen
    return app.screen


def reason(screen: str) -> str:
    """Return what is written below the mark of failure, as one line."""
    return " ".join(line.strip(" ▌") for line in screen.partition("✗ failed")[2].splitlines()[1:6])


def start_over(app: Terminal) -> None:
    """Leave what the failure left: the prompt that came back."""
    app.wait_for("│ dear")
    app.press("ctrl+c")
    app.wait_for(EMPTY_BOX)


@pytest.mark.parametrize("models", groups(PARTIAL, 5), ids="+".join)
def test_what_had_arrived_is_kept_with_the_reason(app: Terminal, home: Home, models: list[str]) -> None:
    for model in models:
        assert "w0 w1 w2" in ask(app, model), model
        app.wait_for(lambda model=model: PARTIAL[model] in reason(app.screen), what=model)  # type: ignore[misc]
    saved = {each["title"]: home.messages(each["id"]) for each in home.conversations()}
    for model in models:
        prompt, reply = saved[f"dear {model}"]
        assert (prompt["text"], reply["text"].strip(), reply["status"]) == (f"dear {model}", "w0 w1 w2", "failed")


@pytest.mark.parametrize("models", groups(NOTHING, 8), ids="+".join)
def test_where_nothing_arrived_the_reason_is_said_and_the_prompt_comes_back(app: Terminal, models: list[str]) -> None:
    for model in models:
        ask(app, model)
        app.wait_for(lambda model=model: NOTHING[model] in reason(app.screen), what=model)  # type: ignore[misc]
        assert "<html" not in app.screen
        start_over(app)
    assert "Hello, world!" in ask(app, "ok")


@pytest.mark.parametrize("models", groups(WELL, 8), ids="+".join)
def test_odd_but_whole_replies_are_shown_and_complete(app: Terminal, models: list[str]) -> None:
    for model in models:
        screen = ask(app, model)
        app.wait_for(WELL[model])
        assert "not this" not in screen
        assert "✗" not in screen


def test_a_retry_is_announced_counts_down_and_ends_at_once_with_escape(
    launch: Launch, endpoint: ScriptedServer, home: Home
) -> None:
    app = launch("-m", "429-after-60", size=(160, 30))
    app.send("patience")
    app.wait_for("retrying")
    app.wait_for(lambda: re.search(r"\b([1-4]\d|5[0-8]) s", app.screen), what="the countdown")
    app.press("esc")
    app.wait_for("│ patience")
    assert len(endpoint.of("429-after-60")) == 1


def test_a_retry_that_works_is_an_ordinary_reply(launch: Launch, endpoint: ScriptedServer, home: Home) -> None:
    app = launch("-m", "503-then-ok")
    app.send("hi")
    app.wait_for("Hello, world!")
    app.wait_for("✓")
    assert len(endpoint.of("503-then-ok")) == 2


def test_a_reply_that_broke_off_goes_on_with_alt_c(launch: Launch, endpoint: ScriptedServer, home: Home) -> None:
    app = launch("-m", "drop-20-then-ok")
    app.send("count")
    app.wait_for("✗ failed")
    app.press("alt+c")
    app.wait_for("✓")
    assert len(endpoint.of("drop-20-then-ok")) == 2
    roles = [message["role"] for message in endpoint.of("drop-20-then-ok")[1].json["messages"]]
    assert roles[:2] == ["user", "assistant"]
    assert len(home.messages()) == 2


@pytest.mark.parametrize("models", [["404"] * 12], ids=["404"])
def test_fast_failures_in_new_conversations_are_always_painted(app: Terminal, models: list[str]) -> None:
    """The log was hidden a moment before, and had no size when the reply ended."""
    for model in models:
        ask(app, model)
        app.wait_for("no model")
        start_over(app)
