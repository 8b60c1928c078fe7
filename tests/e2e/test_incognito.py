"""Conversations that are not saved, in a real terminal: no file holds a word of them, and the screen says so."""

import pytest

from tests.e2e.conftest import Home, Launch
from tests.e2e.terminal import Terminal
from tests.server import ScriptedServer

SECRET = "xyzzySECRET"


def talk(app: Terminal) -> None:
    """Say secrets in every way, and leave one in the box."""
    app.send(f"{SECRET} prompt")
    app.wait_for("✓")
    app.send("/rename " + SECRET)
    app.wait_for(lambda: SECRET in app.lines[0], what="the title")
    app.type(f"{SECRET} stashed")
    app.wait_for(f"{SECRET} stashed")
    app.press("ctrl+c")
    app.wait_for("Draft stashed")
    app.type(f"{SECRET} draft")
    app.wait_for(f"{SECRET} draft")


@pytest.mark.parametrize("how", ["ctrl+u", "kill"])
def test_an_app_that_saves_nothing_makes_no_file(
    launch: Launch, endpoint: ScriptedServer, home: Home, how: str
) -> None:
    app = launch("--no-save")
    assert "nothing is saved" in app.lines[0]
    talk(app)
    if how == "kill":
        app.process.kill()
    else:
        app.press("ctrl+u", "ctrl+d")
        assert app.exit_code() == 0
        assert "--resume" not in app.screen
    assert home.files_holding(SECRET) == []
    assert not home.data.exists()


def test_an_incognito_conversation_beside_saved_ones_is_in_no_file(
    launch: Launch, endpoint: ScriptedServer, home: Home
) -> None:
    app = launch()
    app.send("a saved prompt")
    app.wait_for("✓")
    app.send("/incognito")
    app.wait_for("nothing is saved")
    talk(app)
    app.press("ctrl+u")
    app.send("/new")
    app.wait_until_gone("nothing is saved")
    app.press("up")
    app.wait_for("a saved prompt")
    assert SECRET not in app.screen
    app.press("ctrl+u", "ctrl+d")
    assert app.exit_code() == 0
    assert home.files_holding(SECRET) == []
    assert [conversation["title"] for conversation in home.conversations()] == ["a saved prompt"]
