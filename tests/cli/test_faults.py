"""Every fault of the scripted server through `ask`: exit code, one clear line, and the text on stdout and on disk."""

import pytest

from streamtui.chat import Status
from tests.cli.conftest import KEY, Command, Run
from tests.providers.faults import FAULTS, Fault
from tests.server import HELLO, ScriptedServer, words

FEW = "".join(words(5))
THREE = "".join(words(3))
ENDS_EARLY = (
    Fault("eof-after-5", "dropped", "ended before the reply was finished", FEW),
    Fault("half-event", "dropped", "ended before the reply was finished", THREE),
)
HELLO_TEXT = "".join(HELLO)
ODD_BUT_GOOD = {
    "ok": HELLO_TEXT,
    "silent-100": HELLO_TEXT,
    "think": HELLO_TEXT,
    "think-split": HELLO_TEXT,
    "reasoning": HELLO_TEXT,
    "no-usage": HELLO_TEXT,
    "no-done": HELLO_TEXT,
    "stall-finish": HELLO_TEXT,
    "stall-done": HELLO_TEXT,
    "json": HELLO_TEXT,
    "bad-utf8": "caf\ufffd",
    "surrogates": "😀 \ufffd.",
    "crlf": HELLO_TEXT,
    "cr": HELLO_TEXT,
    "bom": HELLO_TEXT,
    "bytewise": HELLO_TEXT,
    "sse-oddities": HELLO_TEXT,
    "no-final-blank": HELLO_TEXT,
    "http-1.0": HELLO_TEXT,
    "after-done": HELLO_TEXT,
    "gzip": HELLO_TEXT,
    "two-choices": HELLO_TEXT,
    "no-nulls": HELLO_TEXT,
    "odd-fields": HELLO_TEXT,
    "huge-usage": HELLO_TEXT,
    "big-event-1000": "a" * 1_024_000,
    "flood-3000": "".join(words(3000)),
    "refusal": "I can't do that.",
    "length": HELLO_TEXT,
    "content-filter": "Hello",
    "tool-call": "Let me look. ",
    "needs-developer": HELLO_TEXT,
    "no-prefill": HELLO_TEXT,
}
SAYS_WHY = {"length": "limit", "content-filter": "filter", "tool-call": "tool", "refusal": "refuse"}
EMPTY = ("no-text", "reasoning-only")


def quick(command: Command, retries: int = 0, *, silent: bool = False) -> None:
    """Let no reply be asked for again; give up on a `silent` one soon."""
    deadlines = "first_byte_timeout = 1\ncontent_timeout = 1\n" if silent else ""
    command.configure(f"retries = {retries}\n{deadlines}")


def line(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"


@pytest.mark.parametrize("fault", (*FAULTS, *ENDS_EARLY), ids=lambda fault: fault.model)
def test_a_fault_is_one_clear_line_and_what_arrived_is_printed_and_saved(
    run_here: Run, command: Command, fault: Fault
) -> None:
    quick(command, silent=fault.kind == "timeout")

    result = run_here("ask", "-m", fault.model, "hi")

    assert result.code == 1
    assert result.out == line(fault.kept)
    (line_of_stderr,) = result.lines
    assert line_of_stderr.startswith("streamtui: ") and fault.says in line_of_stderr and KEY not in line_of_stderr
    asked, answered = command.saved()
    assert (asked.text, answered.text, answered.status) == ("hi", fault.kept, Status.FAILED)
    assert answered.last.error is not None and answered.last.error.kind == fault.kind
    assert line_of_stderr == f"streamtui: {answered.last.error.message}"


@pytest.mark.parametrize("model", ODD_BUT_GOOD)
def test_what_is_only_odd_is_a_whole_reply(run_here: Run, command: Command, model: str) -> None:
    quick(command)

    result = run_here("ask", "-m", model, "hi")

    assert result.code == 0, result.err
    assert result.out == line(ODD_BUT_GOOD[model])
    assert command.saved()[1].text == ODD_BUT_GOOD[model]
    assert command.saved()[1].status is Status.COMPLETE
    assert SAYS_WHY.get(model, "") in result.err.lower()


@pytest.mark.parametrize("model", EMPTY)
def test_a_reply_without_text_says_so_and_prints_nothing(run_here: Run, model: str) -> None:
    result = run_here("ask", "-m", model, "hi")

    assert (result.code, result.out) == (0, "")
    assert "without any text" in result.err


@pytest.mark.parametrize("model", ["no-stream-options", "picky", "no-temperature", "needs-max-completion-tokens"])
def test_a_field_the_endpoint_refuses_is_dropped_said_and_remembered(
    run_here: Run, server: ScriptedServer, model: str
) -> None:
    options = ["-m", model, "--temperature", "0.5", "--max-tokens", "50"]

    first = run_here("ask", *options, "hi")
    asked = len(server.of(model))
    second = run_here("ask", *options, "hi")

    assert (first.code, second.code) == (0, 0)
    assert server.host in first.err
    assert asked > 1 and len(server.of(model)) == asked + 1, "what was learned outlives the process"
    assert ("takes no temperature" in second.err) is (model in ("picky", "no-temperature")), "what is not sent is said"


@pytest.mark.parametrize(("model", "asked"), [("429-then-ok", 2), ("503-then-ok", 2), ("reset-first", 3)])
def test_a_retry_is_said(run_here: Run, command: Command, server: ScriptedServer, model: str, asked: int) -> None:
    quick(command, retries=2)

    result = run_here("ask", "-m", model, "hi")

    assert len(server.of(model)) == asked
    assert "retrying" in result.lines[0] and "(1 of 2)" in result.lines[0]
    assert result.out == (HELLO_TEXT + "\n" if model != "reset-first" else "")


def test_a_server_that_asks_for_more_patience_than_there_is_gets_none(run_here: Run, server: ScriptedServer) -> None:
    result = run_here("ask", "-m", "429-after-3600", "hi")

    assert result.code == 1 and len(server.of("429-after-3600")) == 1
    assert "asks for a pause of 60 min" in result.err


def test_a_drop_in_mid_reply_goes_on_by_itself_where_configured(run_here: Run, command: Command) -> None:
    command.configure("reconnects = 2")

    result = run_here("ask", "-m", "drop-20-then-ok", "hi")

    assert result.code == 0
    assert result.out == "".join(words(40)) + "\n"
    assert "reconnected, 1 of 2" in result.err


def test_nobody_listening_is_one_line(run_here: Run, command: Command, closed_port: int) -> None:
    quick(command)

    result = run_here("ask", "--base-url", f"http://127.0.0.1:{closed_port}/v1", "-m", "x", "hi")

    assert (result.code, result.out) == (1, "")
    (line_of_stderr,) = result.lines
    assert line_of_stderr.startswith(f"streamtui: Nobody listens at 127.0.0.1:{closed_port}")


def test_a_key_that_the_server_quotes_is_not_repeated_anywhere(run_here: Run, command: Command) -> None:
    command.configure("retries = 0")

    result = run_here("ask", "--json", "-m", "401", "hi")

    assert KEY not in result.out + result.err
    for path in command.folder.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path
