"""What the end-to-end tests share: a home of its own for every test, apps in terminals, a server full of faults."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.e2e.terminal import ANSWERS, Terminal
from tests.patience import PATIENCE_S
from tests.server import ScriptedServer
from tests.server.fixtures import closed_port, scripted_server, server, tls_server

__all__ = ["closed_port", "scripted_server", "server", "tls_server"]

ROOT = Path(__file__).parents[2]
KEY = "sk-e2e-0123456789abcdefKEY"
EMPTY_BOX = "Ask anything, / for commands"


@dataclass
class Home:
    """A user of their own: folders, environment, saved conversations."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("home", "data", "config", "work"):
            (self.folder / name).mkdir()
        self.environment |= {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.folder / "home"),
            "XDG_DATA_HOME": str(self.folder / "data"),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "SSH_CONNECTION": "a test",  # nothing may touch the clipboard of the machine
        }

    @property
    def work(self) -> Path:
        """The folder the app is started in."""
        return self.folder / "work"

    @property
    def data(self) -> Path:
        return self.folder / "data" / "streamtui"

    @property
    def database(self) -> Path:
        return next(self.data.glob("*.db"))

    def configure(self, *lines: str) -> None:
        """Write the settings file."""
        folder = self.folder / "config" / "streamtui"
        folder.mkdir(exist_ok=True)
        (folder / "config.toml").write_text("\n".join(lines))

    def run(self, *words: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        """Run a command of streamtui without a terminal."""
        return subprocess.run(
            [sys.executable, "-m", "streamtui", *words],
            env=self.environment,
            cwd=self.work,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )

    def conversations(self) -> list[dict[str, Any]]:
        """Return what `list --json` says: newest first."""
        done = self.run("list", "--json")
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout))

    def messages(self, conversation: str | None = None) -> list[dict[str, Any]]:
        """Return the messages of a conversation, of the newest unless named, once the end of the last is on disk."""
        chosen = conversation or self.conversations()[0]["id"]
        deadline = time.monotonic() + PATIENCE_S
        while True:
            done = self.run("export", chosen, "--format", "json")
            assert done.returncode == 0, done.stderr
            messages = list(json.loads(done.stdout)["messages"])
            if all(message["status"] != "streaming" for message in messages):
                return messages
            assert time.monotonic() < deadline, "a reply never ended"

    def files_holding(self, secret: str) -> list[Path]:
        """Return the files below the home, the working folder aside, in which `secret` stands."""
        found = [path for path in self.folder.rglob("*") if path.is_file() and self.work not in path.parents]
        return [path for path in found if secret.encode() in path.read_bytes()]


class Launch(Protocol):
    def __call__(
        self,
        *words: str,
        size: tuple[int, int] = ...,
        environment: Mapping[str, str] = ...,
        program: list[str] | None = None,
        ready: str | None = EMPTY_BOX,
        largest_file: int = 0,
        answers: Mapping[bytes, bytes] = ...,
    ) -> Terminal: ...


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def launch(home: Home) -> Iterator[Launch]:
    """Start the app in a terminal and wait until its prompt is there; all are ended with the test."""
    with ExitStack() as stack:

        def launch(
            *words: str,
            size: tuple[int, int] = (100, 30),
            environment: Mapping[str, str] | None = None,
            program: list[str] | None = None,
            ready: str | None = EMPTY_BOX,
            largest_file: int = 0,
            answers: Mapping[bytes, bytes] = ANSWERS,
        ) -> Terminal:
            command = program or [sys.executable, "-m", "streamtui"]
            terminal = stack.enter_context(
                Terminal(
                    [*command, *words],
                    environment={**home.environment, **(environment or {})},
                    folder=home.work,
                    size=size,
                    largest_file=largest_file,
                    answers=answers,
                )
            )
            if ready is not None:
                terminal.wait_for(ready)
            return terminal

        yield launch


@pytest.fixture
def endpoint(home: Home, server: ScriptedServer) -> ScriptedServer:
    """The scripted server, as the endpoint that the home's environment names, with a key."""
    home.environment |= {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": KEY, "CHAT_MODEL": "ok"}
    return server


def use(terminal: Terminal, model: str) -> None:
    """Switch to another scenario of the server."""
    terminal.send(f"/model {model}")
    terminal.wait_for(lambda: f"{model} @" in terminal.lines[0], what=f"{model} in the title bar")
