"""`doctor`: what it finds, and that it gives no key away."""

import json
import os
import pty
import sqlite3
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from streamtui import __version__
from streamtui.cli.doctor_terminal import Answers, answers_in
from streamtui.store.sqlite.schema import SCRIPTS
from tests.cli.conftest import KEY, Command, Outcome, Run
from tests.patience import PATIENCE_S
from tests.server import ScriptedServer
from tests.server.server import model_names

NOT_LOOPBACK = "http://192.0.2.1/v1"
"""An address that is nobody's."""


def findings(result: Outcome) -> Any:
    return json.loads(result.out)


def endpoints(result: Outcome) -> dict[str, Any]:
    return {endpoint["name"]: endpoint for endpoint in findings(result)["endpoints"]}


def test_what_was_found_is_json_in_four_parts(run_here: Run, command: Command) -> None:
    result = run_here("doctor", "--json")

    (endpoint,) = findings(result)["endpoints"]
    store, versions = findings(result)["store"], findings(result)["versions"]
    assert (result.code, result.err) == (0, "")
    assert set(findings(result)) == {"endpoints", "terminal", "store", "versions"}
    assert (endpoint["name"], endpoint["default"], endpoint["error"]) == ("openai", True, None)
    assert endpoint["models"] == len(model_names())
    assert endpoint["key_from"] == "OPENAI_API_KEY from the environment"
    assert store["path"] == str(command.data / "streamtui.db")
    assert (store["exists"], store["healthy"]) == (False, True)
    assert versions["streamtui"] == __version__
    assert {"python", "textual", "openai", "sqlite", "os"} <= set(versions)


def test_looking_creates_nothing(run_here: Run, command: Command) -> None:
    assert run_here("doctor").code == 0
    assert not command.data.exists()


@pytest.mark.parametrize("words", [("doctor",), ("doctor", "--json")])
def test_no_key_is_shown(run_here: Run, command: Command, words: tuple[str, ...]) -> None:
    command.environment["ANTHROPIC_API_KEY"] = "sk-ant-fedcba9876543210"
    command.environment["ANTHROPIC_BASE_URL"] = command.environment["OPENAI_BASE_URL"].removesuffix("/v1")
    command.environment["WORK_KEY"] = "0123-work-4567"
    command.configure(
        f"[endpoints.work]\nbase_url = '{command.environment['OPENAI_BASE_URL']}'\nkey_env = 'WORK_KEY'\n"
        f"[endpoints.other]\nbase_url = '{command.environment['OPENAI_BASE_URL']}'\n"
        "key_command = 'echo from-a-command-42'\nheaders = { X-Team = 'secret-team-header' }\n"
    )

    result = run_here(*words)

    assert result.code == 0
    for name in ("openai", "anthropic", "work", "other"):
        assert name in result.out
    for key in (KEY, "sk-ant-fedcba9876543210", "0123-work-4567", "from-a-command-42", "secret-team-header"):
        assert key not in result.out + result.err
    for origin in ("WORK_KEY from the environment", "key_command"):
        assert origin in result.out


def test_each_key_goes_to_its_own_endpoint_alone(run_here: Run, command: Command, server: ScriptedServer) -> None:
    command.environment["WORK_KEY"] = "0123-work-4567"
    command.configure(
        f"[endpoints.work]\nbase_url = '{server.url}'\nkey_env = 'WORK_KEY'\n"
        f"[endpoints.keyless]\nbase_url = '{server.url}'\n"
    )

    assert run_here("doctor").code == 0

    sent = sorted(request.headers.get("authorization", "") for request in server.requests)
    assert [header for header in sent if header] == ["Bearer 0123-work-4567", f"Bearer {KEY}"]
    assert len(sent) == 3


def test_a_withheld_key_is_said_and_not_sent(run_here: Run, command: Command, server: ScriptedServer) -> None:
    del command.environment["OPENAI_BASE_URL"]
    (command.working / ".env").write_text(f"OPENAI_BASE_URL={server.url}\n", encoding="utf-8")

    endpoint = endpoints(run_here("doctor", "--json"))["openai"]

    assert (endpoint["key_from"], endpoint["url_from"]) == (None, "./.env")
    assert "is not sent to an address from ./.env" in endpoint["withheld"]
    assert all("authorization" not in request.headers for request in server.requests)


def test_a_key_that_would_travel_in_the_clear_stays_here(run_here: Run, command: Command) -> None:
    command.environment["OPENAI_BASE_URL"] = NOT_LOOPBACK

    result = run_here("doctor", "--json")

    assert result.code == 1
    assert "in the clear to 192.0.2.1" in endpoints(result)["openai"]["error"]
    assert "in the clear to 192.0.2.1" in result.err


def test_an_endpoint_that_does_not_answer_stops_a_chat_only_where_it_is_the_default(
    run_here: Run, command: Command, closed_port: int
) -> None:
    command.configure(f"[endpoints.gone]\nbase_url = 'http://127.0.0.1:{closed_port}/v1'\nmodels = ['small']\n")

    result = run_here("doctor", "--json")
    as_default = run_here("doctor", "-m", "gone:small")

    assert (result.code, result.err) == (0, "")
    assert "refused" in endpoints(result)["gone"]["error"]
    assert as_default.code == 1
    assert "gone (default)" in as_default.out and "refused" in as_default.err


def test_an_endpoint_without_a_list_offers_what_the_settings_name(
    run_here: Run, command: Command, server: ScriptedServer
) -> None:
    command.configure(f"[endpoints.plain]\nbase_url = 'http://{server.host}/other'\nmodels = ['small', 'large']\n")

    endpoint = endpoints(run_here("doctor", "--json"))["plain"]

    assert (endpoint["models"], endpoint["error"]) == (2, None)


def test_nothing_configured_is_a_problem_and_the_demo_none(run_here: Run, bare: Command) -> None:
    result = run_here("doctor", "--json")
    demo = run_here("doctor", "--demo", "--json")

    assert result.code == 1 and findings(result)["endpoints"] == []
    assert "No model is configured" in result.err
    assert (demo.code, demo.err) == (0, "")
    assert endpoints(demo)["demo"]["default"]


@pytest.mark.parametrize("model", ["anthropic:claude-sonnet-4-5", "openai:"])
def test_a_default_that_can_not_be_asked_is_a_problem(run_here: Run, model: str) -> None:
    result = run_here("doctor", "-m", model)

    assert result.code == 1
    assert len(result.lines) == 1 and model in result.err


@contextmanager
def meeting_point(guests: int) -> Iterator[str]:
    """A server that answers only once so many requests are there at the same time."""
    barrier = threading.Barrier(guests)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            barrier.wait(PATIENCE_S)
            body = b'{"data": [{"id": "one"}]}'
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        finally:
            barrier.abort()
            server.shutdown()
            thread.join()


def test_endpoints_are_asked_at_the_same_time(run_here: Run, bare: Command) -> None:
    with meeting_point(3) as url:
        bare.configure("".join(f"[endpoints.{name}]\nbase_url = '{url}'\n" for name in ("one", "two", "three")))
        result = run_here("doctor", "--json")

    assert result.code == 0
    assert {name: found["models"] for name, found in endpoints(result).items()} == {"one": 1, "two": 1, "three": 1}


def test_an_endpoint_that_never_answers_is_left_after_five_seconds(run_here: Run, bare: Command) -> None:
    with meeting_point(2) as url:
        bare.configure(f"[endpoints.silent]\nbase_url = '{url}'\n")
        result = run_here("doctor")

    assert result.code == 1
    assert "did not list its models within 5 s" in result.err


def test_the_store_is_counted(run_here: Run, command: Command) -> None:
    run_here("ask", "-m", "ok", "hi")

    store = findings(run_here("doctor", "--json"))["store"]

    assert (store["exists"], store["healthy"], store["problems"]) == (True, True, [])
    assert (store["conversations"], store["messages"]) == (1, 2)


def test_a_store_that_is_none_is_a_problem_and_stays_as_it_is(run_here: Run, command: Command) -> None:
    command.data.mkdir(parents=True)
    file = command.data / "streamtui.db"
    file.write_bytes(b"no database" * 1000)

    result = run_here("doctor", "--json")

    assert result.code == 1
    assert not findings(result)["store"]["healthy"]
    assert "streamtui.db" in result.err
    assert file.read_bytes() == b"no database" * 1000
    assert [path.name for path in command.data.iterdir()] == ["streamtui.db"]


@pytest.mark.parametrize(
    ("script", "code", "line"),
    [
        ("PRAGMA application_id = 0", 1, "belongs to another program"),
        (f"PRAGMA user_version = {len(SCRIPTS) + 1}", 1, "written by a newer streamtui"),
        (f"PRAGMA user_version = {len(SCRIPTS) - 1}", 0, "an older format"),
    ],
)
def test_a_database_of_another_format_is_told_apart(
    run_here: Run, command: Command, script: str, code: int, line: str
) -> None:
    run_here("ask", "-m", "ok", "hi")
    with closing(sqlite3.connect(command.data / "streamtui.db")) as connection:
        connection.execute(script)

    result = run_here("doctor")

    assert result.code == code
    assert line in result.out


def test_a_folder_that_can_not_be_made_is_a_problem(run_here: Run, command: Command) -> None:
    (command.folder / "file").touch()

    result = run_here("doctor", "--data-dir", str(command.folder / "file" / "data"))

    assert result.code == 1
    assert "Nothing can be saved in" in result.err


@pytest.mark.parametrize(
    ("variables", "lines"),
    [
        ({"TMUX": "/tmp/tmux-0/default,1,0"}, ["set -g set-clipboard on", "set -g extended-keys on"]),
        ({"STY": "1.pts-0.host"}, ["defutf8 on"]),
        ({}, []),
    ],
)
def test_a_multiplexer_brings_the_lines_to_add(
    run_here: Run, command: Command, variables: dict[str, str], lines: list[str]
) -> None:
    command.environment |= variables

    advice = findings(run_here("doctor", "--json"))["terminal"]["advice"]

    assert set(lines) <= set(advice)
    assert bool(advice) == bool(lines)


def test_without_a_terminal_none_is_asked(run_here: Run, command: Command) -> None:
    command.environment |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}

    result = run_here("doctor", "--json")

    terminal = findings(result)["terminal"]
    assert (terminal["asked"], terminal["kitty_keys"], terminal["clipboard"]) == (False, None, None)
    assert (terminal["term"], terminal["truecolor"]) == ("xterm-256color", True)
    assert "\x1b" not in result.out


@pytest.mark.parametrize(
    ("data", "answers"),
    [
        (b"", None),
        (b"typed ahead", None),
        (b"\x1b[?62;22c", Answers(kitty_keys=False, synchronized_output=False)),
        (b"\x1b[?2026;2$y\x1b[?0u\x1b[?62;22;52c", Answers(True, True, True)),
        (b"abc\x1b[?2026;0$y\x1b[?1;2c", Answers(False, False, None)),
        (b"\x1b[?0u", Answers(kitty_keys=True)),
        (b"\x1b[4;3R\x1b[4;3R\x1b[?1c", Answers(False, False, emoji_widths=(2, 2))),
        (b"\x1b[4;5R\x1b[4;2R\x1b[?1c", Answers(False, False, emoji_widths=(4, 1))),
        (b"\x1b[4;5R\x1b[?1c", Answers(False, False)),
        (b"\x1bP1$r0;48:2::1:2:3m\x1b\\\x1b[?1c", Answers(False, False, true_colour=True)),
        (b"\x1bP1$r48;2;1;2;3m\x1b\\\x1b[?1c", Answers(False, False, true_colour=True)),
        (b"\x1bP1$r48;5;16m\x1b\\\x1b[?1c", Answers(False, False, true_colour=False)),
        (b"\x1bP0$r\x1b\\\x1b[?1c", Answers(False, False, true_colour=False)),
    ],
)
def test_a_terminals_answers(data: bytes, answers: Answers | None) -> None:
    assert answers_in(data) == answers


def on_terminal(command: Command, answers: bytes) -> tuple[Outcome, bool]:
    """Run `doctor --json` on a terminal that answers at once; return also whether its settings are what they were."""
    primary, secondary = pty.openpty()
    before = termios.tcgetattr(secondary)
    os.write(primary, answers)
    process = command.start("doctor", "--json", stdin=secondary, stdout=secondary)
    data = b""
    while not data.endswith(b"\r\n}\r\n"):
        data += os.read(primary, 4096)
    process.wait(PATIENCE_S)
    is_restored = termios.tcgetattr(secondary) == before
    os.close(secondary)
    os.close(primary)
    out = data.decode().replace("\r\n", "\n")
    return Outcome(process.returncode, out[out.index("{") :], ""), is_restored


@pytest.mark.skipif(sys.platform != "linux", reason="what is typed ahead is handed over only by Linux")
@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (b"\x1b[?2026;2$y\x1b[?0u\x1b[?62;52c", (True, True, True, True)),
        (b"\x1b[?1;2c", (True, False, False, None)),
        (b"", (False, None, None, None)),
    ],
)
def test_a_terminal_is_asked_and_given_back(command: Command, answers: bytes, expected: tuple[Any, ...]) -> None:
    command.environment |= {"TERM": "xterm-256color"}

    result, is_restored = on_terminal(command, answers)

    terminal = findings(result)["terminal"]
    names = ("answered", "kitty_keys", "synchronized_output", "clipboard")
    assert is_restored
    assert terminal["asked"] and terminal["stdin"] and terminal["stdout"]
    assert tuple(terminal[name] for name in names) == expected


def test_a_server_of_this_machine_is_found_without_a_key(run_here: Run, bare: Command, server: ScriptedServer) -> None:
    bare.environment["OLLAMA_HOST"] = server.host
    result = run_here("doctor", "--json")

    assert result.code == 0
    found = endpoints(result)["ollama"]
    assert (found["host"], found["default"], found["key_from"]) == (server.host, True, None)
    assert found["url_from"] == "what runs on this machine"
    assert found["models"] == len(model_names())
    assert all("authorization" not in request.headers for request in server.requests)


def test_what_was_looked_for_is_said_where_nothing_answers(run_here: Run, bare: Command, closed_port: int) -> None:
    bare.environment["OLLAMA_HOST"] = f":{closed_port}"
    assert f"looked for Ollama :{closed_port}, LM Studio :1234" in run_here("doctor").out
    assert f"looked for Ollama :{closed_port}, LM Studio :1234" in run_here("models").err

    bare.environment["OLLAMA_HOST"] = "gpu-box"
    assert "OLLAMA_HOST names gpu-box:11434, which is not this machine" in run_here("doctor").out


def test_models_lists_those_of_a_server_of_this_machine(run_here: Run, bare: Command, server: ScriptedServer) -> None:
    bare.environment["OLLAMA_HOST"] = server.host
    listed = run_here("models").out.splitlines()

    assert listed == [f"ollama:{name}" for name in model_names()]


def test_ask_never_looks(run_here: Run, bare: Command, server: ScriptedServer) -> None:
    bare.environment["OLLAMA_HOST"] = server.host
    assert run_here("ask", "hi").code == 2
    assert server.requests == []

    named = run_here("ask", "-m", "ollama:ok", "hi")
    assert (named.code, named.err) == (0, "")
    assert [request.path for request in server.requests] == ["/v1/chat/completions"]
