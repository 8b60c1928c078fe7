"""Disks that are full, read-only, locked or shared: the chat goes on, says so, and saves when it can."""

import sqlite3
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import KEY, Home, Launch
from tests.e2e.test_turns import wait_for_word
from tests.server import ScriptedServer


def test_two_apps_on_one_folder_both_save_everything(launch: Launch, endpoint: ScriptedServer, home: Home) -> None:
    one, two = launch("-m", "slow-10x100"), launch("-m", "slow-10x100")
    one.send("from the first")
    two.send("from the second")
    for app in (one, two):
        app.wait_for("✓")
    one.press("ctrl+o")
    one.wait_for("from the second")
    one.press("esc")
    one.wait_until_gone("from the second")
    for app in (one, two):
        app.press("ctrl+d")
        assert app.exit_code() == 0
    titles = {each["title"]: each["status"] for each in home.conversations()}
    assert titles == {"from the first": "complete", "from the second": "complete"}


def test_the_second_app_does_not_take_the_first_ones_reply_for_dead(
    launch: Launch, endpoint: ScriptedServer, home: Home
) -> None:
    one = launch("-m", "told-40")
    one.send("still alive")
    wait_for_word(one, 20)
    two = launch("-c", ready="still alive")
    wait_for_word(two, 0)
    assert "interrupted" not in two.screen
    endpoint.end("told-40")
    one.wait_for("✓")
    assert home.messages()[1]["status"] == "complete"


def test_a_database_locked_by_another_program_for_a_while(launch: Launch, endpoint: ScriptedServer, home: Home) -> None:
    app = launch("-m", "ok")
    app.send("before")
    app.wait_for("✓")
    app.wait_for(lambda: len(home.conversations()) == 1)
    foreign = sqlite3.connect(home.database, isolation_level=None)
    foreign.execute("BEGIN EXCLUSIVE")
    app.send("while it is locked")
    app.wait_for(lambda: app.screen.count("Hello, world!") == 2, what="the reply, saved or not")
    app.type("typing goes on")
    typed = time.monotonic()
    assert app.wait_for("typing goes on") - typed < 2.0
    foreign.execute("ROLLBACK")
    foreign.close()
    app.wait_for(lambda: len(home.messages()) == 4, what="saved once it can be")
    app.wait_for(lambda: "Not saved" not in app.screen, what="no more complaint")


def test_quitting_while_the_database_is_locked_loses_nothing(
    launch: Launch, endpoint: ScriptedServer, home: Home
) -> None:
    app = launch("-m", "ok")
    app.send("before")
    app.wait_for("✓")
    app.wait_for(lambda: len(home.conversations()) == 1)
    foreign = sqlite3.connect(home.database, isolation_level=None)
    foreign.execute("BEGIN EXCLUSIVE")
    app.send("while it is locked")
    app.wait_for(lambda: app.screen.count("Hello, world!") == 2)
    app.press("ctrl+d")
    assert app.exit_code() == 0
    foreign.execute("ROLLBACK")
    foreign.close()
    again = launch("-c", ready="while it is locked")
    again.wait_for(lambda: again.screen.count("Hello, world!") == 2)


@pytest.fixture
def blocked(home: Home) -> Path:
    """A data folder that can't be made: a file is in its place."""
    home.data.write_text("something else")
    return home.data


def test_where_nothing_can_be_saved_a_banner_says_so_and_the_chat_goes_on(
    launch: Launch, endpoint: ScriptedServer, blocked: Path
) -> None:
    app = launch("-m", "ok")
    app.wait_for("Not saved")
    app.send("hi")
    app.wait_for("Hello, world!")
    app.send("and again")
    app.wait_for(lambda: app.screen.count("Hello, world!") == 2)
    app.press("ctrl+o")
    app.wait_for("enter open")
    app.press("esc")
    app.wait_until_gone("enter open")
    app.press("ctrl+d")
    assert app.exit_code() == 0
    assert blocked.read_text() == "something else"
    assert "Traceback" not in app.screen


def test_a_file_that_is_no_database_is_set_aside_not_overwritten(
    launch: Launch, endpoint: ScriptedServer, home: Home
) -> None:
    first = launch("-m", "ok")
    first.send("hi")
    first.wait_for("✓")
    first.press("ctrl+d")
    first.exit_code()
    database = home.database
    for path in home.data.glob(f"{database.name}-*"):
        path.unlink()
    database.write_bytes(b"my shopping list " * 1000)
    app = launch("-m", "ok")
    app.send("hi")
    app.wait_for("Hello, world!")
    assert any(b"my shopping list" in path.read_bytes() for path in home.data.rglob("*") if path.is_file())


def test_a_full_disk_is_said_and_the_chat_goes_on(launch: Launch, endpoint: ScriptedServer, home: Home) -> None:
    """The limit on the size of a file stands in for the disk: what exceeds it fails in the same way."""
    first = launch("-m", "ok")
    first.press("ctrl+d")
    first.exit_code()
    limit = max(path.stat().st_size for path in home.data.rglob("*") if path.is_file()) + 8_192
    app = launch("-m", "flood-20000", largest_file=limit)
    app.send("a lot")
    app.wait_for("✓")
    app.wait_for("Not saved")
    app.send("more")
    app.wait_for(lambda: len(endpoint.of("flood-20000")) == 2)
    app.wait_for("✓")
    app.type("still here")
    app.wait_for("still here")


LAUNCHER = """
import sys
from streamtui.tui.terminal import environment
environment.prepare()
from streamtui.tui.widgets.composer import Composer

def broken(self):
    if self.prompt.text == "crash now":
        raise RuntimeError("the key is KEY and this is a \\x1b]0;defect\\x07")
    return was(self)

was, Composer.stash = Composer.stash, broken
from streamtui.cli.main import main
sys.exit(main())
"""


def test_a_crash_restores_the_screen_says_where_the_report_is_and_saves_the_text(
    launch: Launch, endpoint: ScriptedServer, home: Home
) -> None:
    launcher = home.folder / "launcher.py"
    launcher.write_text(LAUNCHER.replace("KEY", KEY))
    app = launch("-m", "slow-10", program=[sys.executable, str(launcher)])
    app.send("count")
    wait_for_word(app, 30)
    app.press("ctrl+n")
    app.wait_for("Enter sends")
    app.type("crash now")
    app.wait_for("crash now")
    app.press("ctrl+c")
    assert app.exit_code() == 70
    assert "it crashed (RuntimeError" in app.screen
    assert "Traceback" not in app.screen
    assert app.raw.rfind(b"\x1b[?1049l") > app.raw.rfind(b"\x1b[?1049h")
    report = next((home.data / "reports").iterdir())
    text = report.read_text()
    assert "Traceback" in text
    assert KEY not in text
    assert "\x1b" not in text
    assert KEY not in app.screen
    assert report.stat().st_mode & 0o077 == 0
    assert home.messages()[1]["status"] == "stopped"
    assert "w30 " in home.messages()[1]["text"]
