"""Files in the box, in a real terminal: from `@` to the request."""

import signal

from tests.e2e.conftest import Home, Launch
from tests.server import ScriptedServer


def asked(endpoint: ScriptedServer) -> str:
    prompts = [request.json["messages"][-1]["content"] for request in endpoint.requests if request.json]
    return str(prompts[-1]) if prompts else ""


def test_a_path_is_completed_shown_and_sent(launch: Launch, home: Home, endpoint: ScriptedServer) -> None:
    (home.work / "src").mkdir()
    (home.work / "src" / "main_window.py").write_text("print('hi')\n")
    app = launch()
    app.type("explain @mwin")
    app.wait_for("src/main_window.py")
    app.press("tab")
    app.wait_for("▣ main_window.py 12 B ×")
    app.press("enter")
    app.wait_for("Hello, world!")

    assert asked(endpoint) == "main_window.py:\n```py\nprint('hi')\n```\n\nexplain @src/main_window.py "
    assert "▣ main_window.py 12 B" in app.screen


def test_a_dropped_path_is_offered_and_read_only_on_the_key(
    launch: Launch, home: Home, endpoint: ScriptedServer
) -> None:
    path = home.work / "a b.txt"
    path.write_text("secret")
    app = launch()
    app.paste(str(path).replace(" ", "\\ ") + " ")
    app.wait_for("alt+a attaches a b.txt (6 B) instead of the path.")
    app.press("alt+a")
    app.wait_for("▣ a b.txt 6 B ×")
    app.send("what?")
    app.wait_for("Hello, world!")

    assert asked(endpoint) == "a b.txt:\n```txt\nsecret\n```\n\nwhat?"


def test_files_of_a_draft_and_of_a_killed_turn_are_there_again(
    launch: Launch, home: Home, endpoint: ScriptedServer
) -> None:
    (home.work / "notes.md").write_text("# Notes\n")
    app = launch("-m", "stall")
    app.type("@notes.md what?")
    app.press("enter")
    app.wait_for(lambda: endpoint.requests)
    app.type("later @notes.md ")
    app.wait_for("▣ notes.md 8 B ×")
    app.wait_for(lambda: home.files_holding("later @notes"))
    app.signal(signal.SIGKILL)
    assert app.exit_code() == 137
    (home.work / "notes.md").write_text("# Changed\n")

    again = launch("-m", "ok", "-c", ready=None)
    again.wait_for("▣ notes.md 8 B ×")
    assert "what?" in again.screen
    again.press("enter")
    again.wait_for("Hello, world!")

    last = [request.json for request in endpoint.requests if request.json][-1]
    contents = [message["content"] for message in last["messages"]]
    assert contents[0] == "notes.md:\n```md\n# Notes\n```\n\n@notes.md what?"
    assert contents[-1] == "notes.md:\n```md\n# Changed\n```\n\nlater @notes.md "
