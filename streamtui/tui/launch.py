"""Starts the app: refuses terminals it can't work on, prepares the environment, runs it, says how it ended."""

import os
import sys
from collections.abc import Callable, Mapping

from streamtui.chat.errors import ConfigError
from streamtui.chat.ports import Storage
from streamtui.tui.options import Choices, Looks, Opening
from streamtui.tui.terminal import environment
from streamtui.workspace import Workspace


def refuse_pipes() -> None:
    """Raise `ConfigError` where nobody can be talked with."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigError("The app needs a terminal. In a pipe use: streamtui ask 'your question'.")


def refuse_unusable_terminal(environ: Mapping[str, str]) -> None:
    """Raise `ConfigError` where a full-screen program can't work, though this is a terminal."""
    if not sys.stderr.isatty():  # the app draws there, so that stdout can't tear the screen
        raise ConfigError("The app draws on stderr, which is no terminal here: leave out 2>. --log FILE keeps a log.")
    if environ.get("TERM", "") in ("dumb", "unknown", ""):
        raise ConfigError(
            "TERM names no full-screen terminal: use streamtui ask, or ACCESSIBLE=1 to chat in plain lines."
        )


def run(
    workspace: Workspace,
    storage: Storage,
    choices: Choices,
    *,
    opening: Opening,
    looks: Looks,
    report: Callable[[BaseException], str],
) -> int:
    """Run the app to its end and return the exit code. `report` writes a crash report and returns the line about
    it."""
    environment.prepare()
    from streamtui.tui.app import StreamtuiApp

    app = StreamtuiApp(workspace, storage, choices, opening=opening, looks=looks, report=report)
    app.run()
    _say_farewell(app.farewell)
    return app.return_code or 0


def _say_farewell(line: str) -> None:
    """Write the last line. Where the terminal is gone, leave nothing unwritten: at its end the interpreter would try
    once more, fail, and exit with a code of its own."""
    try:
        if line:
            sys.stderr.write(line + "\n")
        sys.stderr.flush()
        sys.stdout.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nowhere, stream.fileno())
