"""The draft in the user's own editor, in a real terminal."""

import sys

from tests.e2e.conftest import Home, Launch
from tests.e2e.test_turns import wait_for_word
from tests.server import ScriptedServer

EDITOR = """
import sys, pathlib, signal, termios
signal.signal(signal.SIGINT, signal.SIG_IGN)
path = pathlib.Path(sys.argv[-1])
assert sys.argv[1] == "an argument"
assert termios.tcgetattr(0)[3] & termios.ICANON, "the terminal is as the shell left it"
path.write_text(path.read_text() + input("the editor is here: ") + "\\n")
"""


def test_the_editor_gets_the_terminal_and_the_draft_while_the_reply_streams_on(
    launch: Launch, endpoint: ScriptedServer, home: Home
) -> None:
    model = home.environment["CHAT_MODEL"] = "told-20"
    script = home.folder / "editor.py"
    script.write_text(EDITOR)
    home.environment["VISUAL"] = f"{sys.executable} '{script}' 'an argument'"
    terminal = launch()
    terminal.send("hello")
    wait_for_word(terminal, 2)
    terminal.type("before ")
    terminal.wait_for("│ before")
    terminal.press("ctrl+g")
    terminal.wait_for("the editor is here:")
    assert "│ before" not in terminal.screen
    terminal.press("ctrl+c")  # is the editor's
    endpoint.end(model)
    assert home.messages()[-1]["status"] == "complete"
    terminal.type("and after")
    terminal.press("enter")
    terminal.wait_for("│ before and after")
    terminal.wait_for("✓")
