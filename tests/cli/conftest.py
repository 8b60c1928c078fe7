"""The command as people run it: a process of its own, in an empty folder, with nothing of this machine's settings."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from streamtui.chat.messages import ChatMessage
from streamtui.cli import main
from streamtui.store import Store
from tests.patience import PATIENCE_S
from tests.server import ScriptedServer
from tests.server.fixtures import closed_port, scripted_server, server

__all__ = ["closed_port", "scripted_server", "server"]

KEY: Final = "sk-test-0123456789abcdef"
ROOT: Final = Path(__file__).parents[2]
Popen = subprocess.Popen[bytes]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def lines(self) -> list[str]:
        """The lines of stderr."""
        return self.err.splitlines()


@dataclass
class Command:
    """Runs `streamtui` for one test; ends what still runs when the test is over."""

    folder: Path
    environment: dict[str, str]
    running: list[Popen] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.folder / "share" / "streamtui"

    @property
    def working(self) -> Path:
        return self.folder / "work"

    def configure(self, toml: str) -> None:
        (self.folder / "config" / "streamtui" / "config.toml").write_text(toml, encoding="utf-8")

    def start(
        self, *words: str, stdin: int | None = None, stdout: int = subprocess.PIPE, shell_prefix: str = ":"
    ) -> Popen:
        """Start the command; it is killed at the end of the test if it still runs."""
        process = subprocess.Popen(
            ["sh", "-c", f'{shell_prefix}; exec "$@"', "sh", sys.executable, "-m", "streamtui", *words],
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            cwd=self.working,
            env=self.environment | {"PYTHONPATH": str(ROOT)},
            preexec_fn=_as_from_a_shell,
        )
        self.running.append(process)
        return process

    def run(self, *words: str, stdin: bytes = b"") -> Outcome:
        """Run the command to its end."""
        process = self.start(*words, stdin=subprocess.PIPE)
        return ended(process, stdin)

    def saved(self) -> list[ChatMessage]:
        """Return the messages of the latest conversation."""

        async def read(store: Store) -> list[ChatMessage]:
            latest = await store.library.latest()
            return (await store.library.load(latest))[1] if latest else []

        with Store.open(self.data) as store:
            return asyncio.run(read(store))


def _as_from_a_shell() -> None:
    """A job that a script started in the background ignores Ctrl+C, and one of `nohup` the hangup; one at a prompt
    doesn't."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def ended(process: Popen, stdin: bytes | None = None) -> Outcome:
    out, err = process.communicate(stdin, timeout=PATIENCE_S)
    return Outcome(process.returncode, (out or b"").decode(), (err or b"").decode())


def until(condition: Callable[[], object], what: str = "it") -> None:
    """Wait until `condition` holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"{what} never happened"
        time.sleep(0.005)


def read_some(process: Popen, size: int = 1) -> bytes:
    """Wait for at least `size` bytes of stdout."""
    assert process.stdout is not None
    return _read(process.stdout.fileno(), size)


def read_stderr(process: Popen, size: int = 1) -> bytes:
    """Wait for at least `size` bytes of stderr."""
    assert process.stderr is not None
    return _read(process.stderr.fileno(), size)


def _read(descriptor: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = os.read(descriptor, 4096)
        assert piece, "the stream ended"
        data += piece
    return data


def environment(folder: Path, url: str, key: str = KEY) -> dict[str, str]:
    """Return an environment in which only these settings exist."""
    for name in ("config/streamtui", "share", "work", "home"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    return kept | {
        "HOME": str(folder / "home"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_DATA_HOME": str(folder / "share"),
        "OPENAI_BASE_URL": url,
        "OPENAI_API_KEY": key,
    }


@pytest.fixture
def command(tmp_path: Path, server: ScriptedServer) -> Iterator[Command]:
    made = Command(tmp_path, environment(tmp_path, server.url))
    yield made
    for process in made.running:
        with suppress(ProcessLookupError):
            process.kill()
        process.communicate()


@pytest.fixture
def bare(command: Command) -> Command:
    """The command with nothing configured."""
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY"):
        del command.environment[name]
    return command


Run = Callable[..., Outcome]


@pytest.fixture
def run_here(command: Command, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run the command in this process: as the real one in all but the interpreter's start, and ten times as fast."""
    monkeypatch.setattr(os, "environ", command.environment)
    monkeypatch.chdir(command.working)

    def run(*words: str) -> Outcome:
        capfd.readouterr()
        code = main.main(words)
        out, err = capfd.readouterr()
        return Outcome(code, out, err)

    with Path(os.devnull).open(encoding="utf-8") as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        yield run
