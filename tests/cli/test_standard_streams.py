"""What every command does where its output can't go, or its input is something else; and what it says of the store."""

import os
import subprocess
import sys

import pytest

from tests.cli.conftest import Command, Outcome
from tests.patience import PATIENCE_S
from tests.server import ScriptedServer


@pytest.fixture
def saved(command: Command) -> Command:
    """A command with a conversation saved."""
    assert command.run("ask", "-m", "ok", "Schöne Grüße 🎉").code == 0
    return command


@pytest.mark.parametrize("words", [["list"], ["list", "--json"], ["--help"], ["stats"]])
def test_a_full_disk_behind_stdout_is_one_line(saved: Command, words: list[str]) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        process = saved.start(*words, stdout=full.fileno())
        _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert err.decode().splitlines() == ["streamtui: The output can't be written: No space left on device."]


def test_a_closed_pipe_behind_stdout_is_no_message(saved: Command) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = saved.start("list", stdout=writing)
    os.close(writing)
    assert process.communicate(timeout=PATIENCE_S)[1] == b""
    assert process.returncode == 141


def test_what_is_printed_is_utf8_whatever_the_locale_says(saved: Command) -> None:
    saved.environment["PYTHONIOENCODING"] = "ascii"
    assert "Schöne Grüße 🎉" in saved.run("list").out
    assert "Schöne Grüße 🎉" in saved.run("list", "--json").out


def test_a_damaged_database_is_said_by_whoever_finds_it(saved: Command) -> None:
    (saved.data / "streamtui.db").write_bytes(b"not a database, but long enough to be one" * 200)
    listed = saved.run("list")
    assert listed.out == ""
    assert "was damaged" in listed.err
    assert "is kept as" in listed.err


@pytest.mark.parametrize("words", [["ask", "--resume", "", "hi"], ["--resume", " "]])
def test_an_empty_id_is_no_conversation(saved: Command, words: list[str]) -> None:
    refused = saved.run(*words)
    assert refused.code == 2
    assert "names no conversation" in refused.err


def test_a_dash_reads_what_is_typed_at_a_terminal(command: Command, server: ScriptedServer) -> None:
    primary, secondary = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "streamtui", "ask", "--no-save", "-m", "ok", "-"],
        stdin=secondary,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=command.working,
        env=command.environment | {"PYTHONPATH": os.path.dirname(os.path.dirname(os.path.dirname(__file__)))},  # noqa: PTH120
    )
    command.running.append(process)
    os.write(primary, b"typed here\n\x04")
    out, err = process.communicate(timeout=PATIENCE_S)
    os.close(primary)
    os.close(secondary)
    assert Outcome(process.returncode, out.decode(), err.decode()) == Outcome(0, "Hello, world!\n", "")
    assert server.of("ok")[0].json["messages"][-1]["content"] == "typed here"


def test_the_model_of_one_question_is_not_that_of_the_conversation(saved: Command, server: ScriptedServer) -> None:
    assert saved.run("ask", "-c", "-m", "404", "else").code == 1
    assert saved.run("ask", "-c", "again").code == 0
    assert len(server.of("ok")) == 2


def test_an_endpoint_that_is_down_before_its_models_are_known_fails_like_any_other(
    command: Command, closed_port: int
) -> None:
    command.configure("retries = 1")
    command.environment |= {"OPENAI_BASE_URL": f"http://127.0.0.1:{closed_port}/v1"}
    command.environment.pop("CHAT_MODEL", None)
    failed = command.run("ask", "--json", "lost?")
    assert failed.code == 1
    assert [event["type"] for event in failed.events] == ["notice", "done"]
    assert "Nobody listens" in failed.events[-1]["error"]["message"]
    assert [message.text for message in command.saved()] == ["lost?", ""]
