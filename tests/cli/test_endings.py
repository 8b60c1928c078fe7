"""How a run of `ask` ends early: signals, readers that leave or don't read, with real processes."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from streamtui.chat import Status
from tests.cli.conftest import ROOT, Command, Popen, ended, read_some, until
from tests.patience import PATIENCE_S
from tests.server import ScriptedServer
from tests.store.samples import foreign_lock

AT_ONCE_S = 10 * 3.0
"""The contract's limit for obeying a signal, times ten, as in all tests of speed."""
LOST_S = 10 * 0.5
"""So with its limit for text that a `kill -9` loses."""


def closed(server: ScriptedServer, model: str) -> bool:
    return any(request.closed for request in server.of(model))


def words_so_far(text: str) -> bool:
    """Whether `text` is the beginning of what the server streams."""
    whole = "".join(f"w{number} " for number in range(len(text)))
    return whole.startswith(text.rstrip("\n"))


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["INT", "TERM", "HUP"]
)
def test_a_signal_keeps_prints_and_saves_what_arrived(
    command: Command, server: ScriptedServer, number: int, code: int
) -> None:
    process = command.start("ask", "-m", "slow-5", "hi")
    head = read_some(process, 12)

    sent_at = time.monotonic()
    process.send_signal(number)
    result = ended(process)

    assert time.monotonic() - sent_at < AT_ONCE_S
    assert (result.code, result.err) == (code, "")
    printed = head.decode() + result.out
    assert words_so_far(printed)
    asked, answered = command.saved()
    assert (asked.text, answered.status) == ("hi", Status.STOPPED)
    assert answered.text == printed.removesuffix("\n"), "what is on stdout is what is saved, to the character"
    until(lambda: closed(server, "slow-5"), "the close")


@pytest.mark.parametrize("model", ["mute", "stall-first", "infinite", "stall", "429-after-60", "slow-headers"])
def test_ctrl_c_is_obeyed_in_every_state(command: Command, server: ScriptedServer, model: str) -> None:
    process = command.start("ask", "-m", model, "hi")
    until(lambda: server.of(model), "the request")
    if model in ("infinite", "stall"):
        read_some(process)

    sent_at = time.monotonic()
    process.send_signal(signal.SIGINT)
    result = ended(process)

    assert time.monotonic() - sent_at < AT_ONCE_S
    assert result.code == 130 and "Traceback" not in result.err
    assert command.saved()[0].text == "hi"
    assert command.saved()[1].status is Status.STOPPED


def test_many_ctrl_cs_equal_one(command: Command) -> None:
    process = command.start("ask", "-m", "slow-5", "hi")
    read_some(process)

    for _ in range(20):
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
    result = ended(process)

    assert result.code == 130 and "Traceback" not in result.err
    assert command.saved()[1].status is Status.STOPPED


@contextmanager
def another_transaction(data: Path) -> Iterator[None]:
    """Another program writes to the database all the time."""
    with closing(sqlite3.connect(data / "streamtui.db", isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield


@contextmanager
def another_writer(data: Path) -> Iterator[None]:
    """Another process of ours writes to the database all the time."""
    lock = foreign_lock(data)
    yield
    lock.release()


@pytest.mark.parametrize("models", [("ok",), ("ok", "think")], ids=["one", "several"])
def test_what_cannot_be_saved_any_more_is_said(command: Command, models: tuple[str, ...]) -> None:
    """All was well when the store was opened: the prompt is still to come."""
    assert command.run("ask", "-m", "ok", "one").code == 0
    words = [word for model in models for word in ("-m", model)]
    process = command.start("ask", *words, stdin=subprocess.PIPE)
    until(lambda: _reads(process), "reading")

    with another_transaction(command.data):
        out, err = process.communicate(b"hi", timeout=PATIENCE_S)

    assert process.returncode == 0 and b"Hello, world!" in out
    assert b"Not saved" in err


def signalled_to_its_end(process: Popen, number: int) -> None:
    """Send the signal again and again, so that one comes whatever the process is doing."""

    def is_gone() -> bool:
        with suppress(ProcessLookupError):
            process.send_signal(number)
        return process.poll() is not None

    until(is_gone, "the end")


@pytest.mark.parametrize("held", [another_transaction, another_writer])
@pytest.mark.parametrize(
    ("first", "then"),
    [(signal.SIGINT, signal.SIGINT), (signal.SIGTERM, signal.SIGTERM), (signal.SIGHUP, signal.SIGTERM)],
    ids=["INT-INT", "TERM-TERM", "HUP-TERM"],
)
def test_more_signals_lose_nothing_while_the_database_is_locked(
    command: Command, held: Callable[[Path], AbstractContextManager[None]], first: int, then: int
) -> None:
    assert command.run("ask", "-m", "ok", "one").code == 0
    with held(command.data):
        process = command.start("ask", "-m", "slow-5", "hi")
        head = read_some(process, 12)

        sent_at = time.monotonic()
        process.send_signal(first)
        signalled_to_its_end(process, then)
        took = time.monotonic() - sent_at
        result = ended(process)
        assert list(command.data.glob("spill-*.jsonl"))

    assert took < AT_ONCE_S
    assert result.code == 128 + first and "Traceback" not in result.err
    asked, answered = command.saved()
    assert (asked.text, answered.status) == ("hi", Status.STOPPED)
    assert answered.text == (head.decode() + result.out).removesuffix("\n")


def test_the_first_signal_is_the_exit_code(command: Command, server: ScriptedServer) -> None:
    process = command.start("ask", "-m", "slow-5", "hi")
    read_some(process)

    process.send_signal(signal.SIGTERM)
    until(lambda: closed(server, "slow-5"), "the close")
    signalled_to_its_end(process, signal.SIGINT)

    assert process.returncode == 128 + signal.SIGTERM


def test_serving_ends_in_good_order_however_often_it_is_told_to(command: Command) -> None:
    process = command.start("serve", "--port", "0")
    assert process.stderr is not None
    os.read(process.stderr.fileno(), 1)

    signalled_to_its_end(process, signal.SIGINT)

    assert process.returncode == 128 + signal.SIGINT
    assert b"Traceback" not in process.stderr.read()


def test_ctrl_c_while_the_prompt_is_piped_in_sends_nothing(command: Command, server: ScriptedServer) -> None:
    process = command.start("ask", "-m", "ok", "hi", stdin=subprocess.PIPE)
    until(lambda: _reads(process), "reading")

    process.send_signal(signal.SIGINT)
    result = ended(process)

    assert (result.code, result.out) == (130, "") and "Traceback" not in result.err
    assert server.requests == []


def _reads(process: Popen) -> bool:
    """Whether the process waits for its standard input, on Linux."""
    with suppress(OSError):
        return Path(f"/proc/{process.pid}/syscall").read_text(encoding="ascii").startswith("0 0x0 ")
    return False


def test_the_last_line_of_json_says_that_it_was_stopped(command: Command) -> None:
    process = command.start("ask", "--json", "-m", "slow-5", "hi")
    head = read_some(process, 200)

    process.send_signal(signal.SIGTERM)
    result = ended(process)

    events = [json.loads(line) for line in (head.decode() + result.out).splitlines()]
    assert events[-1]["type"] == "done" and events[-1]["status"] == "stopped"
    assert "".join(event["text"] for event in events[:-1]) == command.saved()[1].text


def test_several_replies_are_each_stopped_printed_and_saved(command: Command) -> None:
    process = command.start("ask", "--json", "-m", "slow-5", "-m", "stall", "hi")
    head = read_some(process, 400)

    process.send_signal(signal.SIGINT)
    result = ended(process)

    events = [json.loads(line) for line in (head.decode() + result.out).splitlines()]
    done = {event["label"]: event["status"] for event in events if event["type"] == "done"}
    assert done == {"slow-5": "stopped", "stall": "stopped"}
    for message in command.saved()[1:]:
        texts = [event["text"] for event in events if event["label"] == message.model and event["type"] == "text"]
        assert "".join(texts) == message.text


def test_the_file_keeps_what_arrived(command: Command, server: ScriptedServer) -> None:
    process = command.start("ask", "-m", "slow-5", "-o", "reply.txt", "hi")
    path = command.working / "reply.txt"
    until(lambda: path.exists() and path.stat().st_size > 10, "the file")

    process.send_signal(signal.SIGINT)
    result = ended(process)

    assert (result.code, result.out) == (130, "")
    assert path.read_text() == command.saved()[1].text + "\n"


def test_without_streaming_a_stopped_reply_is_saved_and_not_printed(command: Command, server: ScriptedServer) -> None:
    process = command.start("ask", "--no-stream", "-m", "stall", "hi")
    until(lambda: server.of("stall"), "the request")
    until(lambda: len(command.saved()) == 2 and command.saved()[1].text, "saving")

    process.send_signal(signal.SIGINT)
    result = ended(process)

    assert (result.code, result.out) == (130, "")
    assert command.saved()[1].text == "w0 w1 w2 "


def test_kill_9_loses_half_a_second_at_most(command: Command) -> None:
    process = command.start("ask", "-m", "slow-5", "hi")
    printed = len(read_some(process, 1000))
    printed_at = time.monotonic()
    until(lambda: len(command.saved()[1].text) >= printed, "on disk what is printed")
    assert time.monotonic() - printed_at < LOST_S

    process.kill()
    process.communicate()

    _, answered = command.saved()
    assert answered.status is Status.INTERRUPTED
    assert words_so_far(answered.text)
    assert len(answered.text) >= printed


@pytest.mark.parametrize("more", [(), ("--json",), ("-m", "infinite")], ids=["text", "json", "merged"])
def test_a_reader_who_leaves_ends_the_request(command: Command, server: ScriptedServer, more: tuple[str, ...]) -> None:
    """As `streamtui ask … | head -1` does."""
    process = command.start("ask", "-m", "lines-20", *more, "hi")
    read_some(process)

    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(PATIENCE_S) == 128 + signal.SIGPIPE

    assert process.stderr is not None and process.stderr.read() == b""
    until(lambda: closed(server, "lines-20"), "the close")
    assert {message.status for message in command.saved()[1:]} == {Status.STOPPED}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the next token ends it")
@pytest.mark.parametrize("more", [(), ("--json",), ("--no-stream",)], ids=["text", "json", "whole"])
@pytest.mark.parametrize("model", ["stall", "mute"])
def test_a_reader_who_leaves_ends_a_request_that_is_silent(
    command: Command, server: ScriptedServer, model: str, more: tuple[str, ...]
) -> None:
    process = command.start("ask", "-m", model, *more, "hi")
    until(lambda: server.of(model), "the request")

    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(PATIENCE_S) == 128 + signal.SIGPIPE

    assert process.stderr is not None and process.stderr.read() == b""
    until(lambda: closed(server, model), "the close")
    assert command.saved()[1].status is Status.STOPPED


@pytest.mark.parametrize("more", [(), ("--json",), ("--no-stream",)], ids=["text", "json", "whole"])
def test_with_a_file_nobody_need_read_stdout(command: Command, more: tuple[str, ...]) -> None:
    process = command.start("ask", "-m", "slow-20x20", "-o", "reply.txt", *more, "hi")
    assert process.stdout is not None
    process.stdout.close()

    assert process.wait(PATIENCE_S) == 0
    assert "w19 " in (command.working / "reply.txt").read_text()


@pytest.mark.parametrize("more", [(), ("-o", "-")])
def test_a_signal_ends_an_export_that_nobody_reads(command: Command, more: tuple[str, ...]) -> None:
    assert command.run("ask", "-m", "flood-20000", "hi").code == 0
    id = json.loads(command.run("list", "--json").out)[0]["id"]
    process = command.start("export", id, *more)
    read_some(process)

    process.send_signal(signal.SIGTERM)

    assert process.wait(PATIENCE_S) == 128 + signal.SIGTERM


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the next token ends it")
@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1"])
def test_a_file_that_is_stdout_is_watched_like_it(command: Command, server: ScriptedServer, name: str) -> None:
    process = command.start("ask", "-m", "stall", "-o", name, "hi")
    assert read_some(process).startswith(b"w0")
    assert process.stdout is not None
    process.stdout.close()

    assert process.wait(PATIENCE_S) == 128 + signal.SIGPIPE


def test_head_gets_its_line_and_the_request_ends(command: Command, server: ScriptedServer) -> None:
    process = command.start("ask", "-m", "lines-2", "hi")
    assert process.stdout is not None

    head = subprocess.run(["head", "-1"], stdin=process.stdout, capture_output=True, timeout=PATIENCE_S)
    process.stdout.close()

    assert head.stdout == b"w0\n"
    assert process.wait(PATIENCE_S) == 128 + signal.SIGPIPE
    until(lambda: closed(server, "lines-2"), "the close")


def test_a_reader_who_does_not_read_stops_the_stream_and_costs_no_memory(
    command: Command, server: ScriptedServer
) -> None:
    model = "flood-2000000"
    process = command.start("ask", "--no-save", "-m", model, "hi")
    read_some(process)
    before = psutil.Process(process.pid).memory_info().rss
    until(lambda: server.of(model)[0].is_held_up, "the server having to wait")
    until(lambda: _is_idle(process.pid), "waiting for the reader")
    grown = psutil.Process(process.pid).memory_info().rss - before

    assert grown < 5_000_000
    read_some(process, 500_000)
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE_S) == 130


def _is_idle(pid: int) -> bool:
    """Whether the process used no processor time for a moment, and would have had no use for it."""
    process = psutil.Process(pid)
    before = sum(process.cpu_times()[:2])
    time.sleep(0.1)
    return process.status() == psutil.STATUS_SLEEPING and sum(process.cpu_times()[:2]) - before < 0.02


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_reader_of_stderr_who_does_not_read_stops_the_stream_and_no_signal(
    command: Command, server: ScriptedServer, number: int
) -> None:
    model = "flood-thoughts-2000000"
    process = command.start("ask", "-m", model, "hi", stdout=subprocess.DEVNULL)
    until(lambda: server.of(model) and server.of(model)[0].is_held_up, "the server having to wait")
    until(lambda: _is_idle(process.pid), "waiting for the reader")

    sent_at = time.monotonic()
    process.send_signal(number)

    assert process.wait(PATIENCE_S) == 128 + number
    assert time.monotonic() - sent_at < AT_ONCE_S
    assert command.saved()[1].status is Status.STOPPED
    assert words_so_far(command.saved()[1].reasoning)


def test_reasoning_is_whole_for_a_slow_reader_of_stderr(command: Command) -> None:
    process = command.start("ask", "-m", "flood-thoughts-30000", "hi", stdout=subprocess.DEVNULL)
    assert process.stderr is not None
    got = b""
    while piece := os.read(process.stderr.fileno(), 20_000):
        got += piece
        time.sleep(0.002)

    assert process.wait(PATIENCE_S) == 0
    assert got.decode().startswith("".join(f"w{number} " for number in range(30_000)) + "\n")


def test_a_reader_of_stderr_who_leaves_is_no_failure(command: Command) -> None:
    process = command.start("ask", "-m", "reasoning", "--metrics", "hi")
    assert process.stderr is not None
    process.stderr.close()

    assert process.wait(PATIENCE_S) == 0


def test_a_long_reply_is_whole_for_a_slow_reader(command: Command) -> None:
    process = command.start("ask", "-m", "flood-30000", "hi")
    assert process.stdout is not None
    got = b""
    while piece := os.read(process.stdout.fileno(), 20_000):
        got += piece
        time.sleep(0.002)

    assert ended(process).code == 0
    assert got.decode() == "".join(f"w{number} " for number in range(30_000)) + "\n"


def test_leaving_does_not_search_the_sdks_objects_for_garbage(command: Command) -> None:
    script = command.working / "sitecustomize.py"
    script.write_text("import atexit, gc\natexit.register(lambda: print(gc.get_freeze_count() > 0))\n")

    process = command.start("--version", shell_prefix=f"export PYTHONPATH={command.working}:{ROOT}")

    assert ended(process).out.splitlines()[-1] == "True"
