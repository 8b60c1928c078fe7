"""Calm mode in a real terminal: text is only ever added, choices are numbered, and nothing is lost."""

import json
import os
import re
import signal

import pytest

from tests.e2e.conftest import Home, Launch
from tests.e2e.terminal import Terminal
from tests.server import ScriptedServer

LINE_EDITING = re.compile(rb"\x1b\[\?2004[hl]\r?|\x1b\[\?1034h")
"""What the line editor asks of a terminal so that it can tell a paste."""
PROMPT = "You:"


@pytest.fixture
def calm(launch: Launch, home: Home) -> Launch:
    """Launch calm mode, on the demo unless an endpoint is named."""
    home.environment["ACCESSIBLE"] = "1"
    return lambda *words, **more: launch(*words, ready=PROMPT, **more)


def assert_only_appended(terminal: Terminal) -> None:
    """Nothing that was written was written over."""
    raw = LINE_EDITING.sub(b"", terminal.raw)
    assert b"\x1b" not in raw
    assert b"\b" not in raw
    assert not re.search(rb"\r(?!\n)", raw)


def ready(terminal: Terminal) -> None:
    """Wait until the line editor reads again: before that a Ctrl+D would go nowhere."""
    terminal.wait_for(lambda: terminal.raw.endswith(b"You: "), what="the next prompt")


def answered(terminal: Terminal, times: int = 1) -> None:
    terminal.wait_for(lambda: terminal.raw.count(b"End of the reply.") == times, what=f"{times} replies")
    ready(terminal)


def test_a_reply_is_only_added_to_and_ends_once(calm: Launch) -> None:
    terminal = calm("--demo")
    terminal.type("tour fast\r")
    answered(terminal)
    terminal.press("ctrl+d")

    assert terminal.exit_code() == 0
    assert_only_appended(terminal)
    text = terminal.raw.decode()
    assert text.count("I am not intelligent") == 1
    assert text.index("demo @ offline:") < text.index("I am not intelligent") < text.index("End of the reply.")
    assert "--resume" in text


@pytest.mark.parametrize("term", ["dumb", "xterm-256color"])
def test_it_works_on_any_terminal(calm: Launch, home: Home, term: str) -> None:
    terminal = calm("--demo", environment={"TERM": term})
    terminal.type("hello fast\r")
    answered(terminal)
    terminal.type("quit\r")
    assert terminal.exit_code() == 0
    assert_only_appended(terminal)


def test_a_setting_wants_it_too_unless_the_environment_says_no(launch: Launch, home: Home) -> None:
    home.configure("calm = true")
    launch("--demo", ready="calm mode")
    launch("--demo", ready="╭──", environment={"ACCESSIBLE": "0"})


def test_ctrl_c_stops_a_reply_and_it_goes_on(calm: Launch, home: Home) -> None:
    terminal = calm("--demo")
    terminal.type("long slow\r")
    terminal.wait_for("Demo model")
    terminal.press("ctrl+c")
    terminal.wait_for("Stopped. What arrived is kept.")
    ready(terminal)
    (before,) = [message for message in messages(home) if message["role"] == "assistant"]
    terminal.type("/continue\r")
    terminal.wait_for(lambda: terminal.raw.count(b"demo @ offline:") == 2)
    terminal.press("ctrl+c")
    terminal.wait_for(lambda: terminal.raw.count(b"Stopped.") == 2)
    ready(terminal)
    terminal.press("ctrl+d")
    assert terminal.exit_code() == 0
    (after,) = [message for message in messages(home) if message["role"] == "assistant"]
    assert after["text"].startswith(before["text"])


def messages(home: Home) -> list[dict[str, str]]:
    """Return what is saved of the latest conversation."""
    shown = home.run("export", "last", "--format", "json")
    return list(json.loads(shown.stdout)["messages"])


def test_several_pasted_lines_are_one_prompt(calm: Launch, home: Home) -> None:
    terminal = calm("--demo")
    terminal.paste("keys\nand more fast")
    terminal.wait_for("and more")
    terminal.press("enter")
    answered(terminal)
    assert messages(home)[0]["text"] == "keys\nand more fast"


def test_lines_pasted_where_a_paste_can_not_be_told_are_one_prompt_too(calm: Launch, home: Home) -> None:
    terminal = calm("--demo", environment={"TERM": "dumb"})
    terminal.type("keys\rand more fast\r")
    answered(terminal)
    assert messages(home)[0]["text"] == "keys\nand more fast"


def test_a_backslash_goes_on_in_the_next_line(calm: Launch, home: Home) -> None:
    terminal = calm("--demo")
    terminal.type("keys\\\r")
    terminal.type("fast\r")
    answered(terminal)
    assert messages(home)[0]["text"] == "keys\nfast"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_loses_nothing(calm: Launch, endpoint: ScriptedServer, home: Home, number: int) -> None:
    home.environment["CHAT_MODEL"] = "slow-5"
    terminal = calm()
    terminal.type("count\r")
    terminal.wait_for("w50 ")
    os.kill(terminal.process.pid, number)
    assert terminal.exit_code() == 128 + number
    assert "w50 " in messages(home)[-1]["text"]
    assert b"Traceback" not in terminal.raw


def test_a_line_that_was_being_typed_is_the_draft_of_the_next_start(calm: Launch) -> None:
    first = calm("--demo")
    first.type("half a line")
    first.wait_for("half a line")
    first.signal(signal.SIGTERM)
    assert first.exit_code() == 143

    second = calm("--demo")
    second.wait_for("You: half a line")


def test_choices_are_numbered_questions(calm: Launch) -> None:
    terminal = calm("--demo")
    terminal.type("apples fast\r")
    answered(terminal)
    terminal.type("/new\r")
    terminal.wait_for("A new conversation.")
    terminal.type("pears fast\r")
    answered(terminal, 2)
    terminal.type("/open\r")
    terminal.wait_for("Number, or Enter for none:")
    terminal.wait_for("2. apples fast, 2 messages")
    terminal.type("7\r")
    terminal.wait_for("There is no number 7 here: 1 to 2.")
    terminal.type("2\r")
    terminal.wait_for(lambda: b"apples fast. 2 messages." in terminal.raw, what="it is opened")
    terminal.type("/search pears\r")
    terminal.wait_for("1. pears fast: ")
    terminal.type("\r")
    terminal.type("/model\r")
    terminal.wait_for("Which model?")
    terminal.type("1\r")
    terminal.wait_for("answers from here on")
    terminal.type("/nope\r")
    terminal.wait_for("There is no command /nope.")
    terminal.type("/export out.md\r")
    terminal.wait_for("Written to")
    assert_only_appended(terminal)


def test_a_prompt_is_worded_anew(calm: Launch, home: Home) -> None:
    terminal = calm("--demo")
    terminal.type("keys fast\r")
    answered(terminal)
    terminal.type("/edit\r")
    terminal.wait_for("Number, or")
    terminal.type("1\r")
    terminal.wait_for("Word it anew")
    terminal.wait_for(lambda: terminal.raw.count(b"You: keys fast") == 2)
    terminal.type(" again\r")
    answered(terminal, 2)
    assert [message["text"] for message in messages(home) if message["role"] == "user"] == [
        "keys fast",
        "keys fast again",
    ]


def test_a_file_goes_along(calm: Launch, endpoint: ScriptedServer, home: Home) -> None:
    (home.work / "notes.txt").write_text("the secret word is plum")
    terminal = calm()
    terminal.type("/attach gone.txt\r")
    terminal.wait_for("There is no file gone.txt")
    terminal.type("/attach notes.txt\r")
    terminal.wait_for("notes.txt goes along with the next prompt")
    terminal.type("which word?\r")
    answered(terminal)
    (asked,) = endpoint.of("ok")
    assert b"secret word is plum" in asked.body


def test_a_refusal_is_one_line_and_gives_the_prompt_back(calm: Launch, endpoint: ScriptedServer, home: Home) -> None:
    home.configure("retries = 0")
    home.environment["CHAT_MODEL"] = "401"
    terminal = calm()
    terminal.type("my words\r")
    terminal.wait_for("The reply failed.")
    terminal.wait_for(lambda: terminal.raw.count(b"You: my words") == 2, what="the prompt given back")
    assert b"Traceback" not in terminal.raw


def test_a_server_of_this_machine_answers_here_too(calm: Launch, server: ScriptedServer, home: Home) -> None:
    terminal = calm(environment={"OLLAMA_HOST": server.host})
    terminal.type("hello\r")
    terminal.wait_for(f"@ {server.host}:")
    answered(terminal)
