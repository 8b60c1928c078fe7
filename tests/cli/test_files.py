"""`-o FILE`: what becomes of the file that was there."""

import os
import signal
import threading
from pathlib import Path

import pytest

from streamtui.chat import Status
from tests.cli.conftest import Command, Popen, Run, ended, until
from tests.patience import PATIENCE_S
from tests.server import HELLO, ScriptedServer, words

HELLO_TEXT = "".join(HELLO)


@pytest.fixture
def old(command: Command) -> Path:
    path = command.working / "reply.txt"
    path.write_text("what was there before, which is longer than the reply\n")
    path.chmod(0o640)
    return path


STREAMED, WHOLE = (), ("--no-stream",)
EACH = pytest.mark.parametrize("more", [STREAMED, WHOLE], ids=["streamed", "whole"])


@EACH
def test_a_reply_takes_the_place_of_what_was_there(run_here: Run, old: Path, more: tuple[str, ...]) -> None:
    assert run_here("ask", "-m", "ok", "-o", "reply.txt", *more, "hi").code == 0

    assert old.read_text() == HELLO_TEXT + "\n"
    assert old.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in old.parent.iterdir()] == ["reply.txt"]


@EACH
@pytest.mark.parametrize("model", ["401", "reasoning-only"])
def test_a_failure_before_anything_arrived_leaves_the_old_file(
    run_here: Run, old: Path, model: str, more: tuple[str, ...]
) -> None:
    before = old.read_text()

    code = run_here("ask", "-m", model, "-o", "reply.txt", *more, "hi").code

    assert old.read_text() == (before if code else ""), "a reply without text is a reply"
    assert [path.name for path in old.parent.iterdir()] == ["reply.txt"]


@EACH
def test_a_failure_before_anything_arrived_leaves_no_new_file(
    run_here: Run, command: Command, more: tuple[str, ...]
) -> None:
    run_here("ask", "-m", "401", "-o", "reply.txt", *more, "hi")

    assert list(command.working.iterdir()) == []


@pytest.mark.parametrize(("more", "kept"), [(STREAMED, "".join(words(5)) + "\n"), (WHOLE, None)])
def test_half_a_reply_replaces_the_old_file_only_where_it_is_streamed(
    run_here: Run, old: Path, more: tuple[str, ...], kept: str | None
) -> None:
    before = old.read_text()

    run_here("ask", "-m", "drop-after-5", "-o", "reply.txt", *more, "hi")

    assert old.read_text() == (before if kept is None else kept)


def test_an_interrupted_reply_in_one_piece_leaves_the_old_file(
    command: Command, server: ScriptedServer, old: Path
) -> None:
    before = old.read_text()
    process = command.start("ask", "-m", "slow-5", "-o", "reply.txt", "--no-stream", "hi")
    until(lambda: len(command.saved()) == 2 and command.saved()[1].text, "saving")

    process.send_signal(signal.SIGINT)

    assert ended(process).code == 130
    assert old.read_text() == before
    assert [path.name for path in old.parent.iterdir()] == ["reply.txt"]
    assert command.saved()[1].status is Status.STOPPED


def test_one_of_several_that_is_complete_is_kept(run_here: Run, command: Command, old: Path) -> None:
    command.configure("retries = 0")

    assert run_here("ask", "-m", "ok", "-m", "500", "-o", "reply.txt", "--no-stream", "hi").code == 1

    assert old.read_text() == f"[ok] {HELLO_TEXT}\n"


@EACH
def test_a_link_stays_a_link(run_here: Run, old: Path, more: tuple[str, ...]) -> None:
    link = old.with_name("link.txt")
    link.symlink_to(old.name)

    run_here("ask", "-m", "ok", "-o", "link.txt", *more, "hi")

    assert link.is_symlink() and old.read_text() == HELLO_TEXT + "\n"


@EACH
@pytest.mark.parametrize("name", ["-", "/dev/stdout"])
def test_stdout_may_be_named(command: Command, name: str, more: tuple[str, ...]) -> None:
    result = command.run("ask", "-m", "ok", "-o", name, *more, "hi")

    assert (result.code, result.out) == (0, HELLO_TEXT + "\n")
    assert list(command.working.iterdir()) == []


@EACH
def test_a_named_pipe_is_written_to(command: Command, more: tuple[str, ...]) -> None:
    pipe = command.working / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()), daemon=True)
    reader.start()

    assert command.run("ask", "-m", "ok", "-o", "pipe", *more, "hi").code == 0

    reader.join(PATIENCE_S)
    assert read == [HELLO_TEXT + "\n"]


@EACH
@pytest.mark.parametrize("name", ["no/such/folder", "", ".", "/proc/reply.txt"])
def test_what_cannot_be_written_is_one_line_before_anything_is_sent(
    run_here: Run, server: ScriptedServer, name: str, more: tuple[str, ...]
) -> None:
    result = run_here("ask", "-m", "ok", "-o", name, *more, "hi")

    assert (result.code, result.out, len(result.lines)) == (2, "", 1)
    assert server.requests == []


def test_an_export_to_a_full_disk_leaves_the_old_file_and_says_so(command: Command, old: Path) -> None:
    assert command.run("ask", "-m", "flood-20000", "hi").code == 0
    before = old.read_text()
    id = command.run("list").out.split()[0]

    process: Popen = command.start("export", id, "-o", "reply.txt", shell_prefix="ulimit -f 200; trap '' XFSZ")
    result = ended(process)

    assert result.code == 1 and "reply.txt can't be written: File too large" in result.err
    assert old.read_text() == before
