"""The keys of the contract, pressed on a real keyboard's wire."""

import re
import signal

import pytest

from tests.e2e.conftest import EMPTY_BOX, Home, Launch
from tests.e2e.terminal import Terminal
from tests.e2e.test_turns import wait_for_word, words_in
from tests.server import ScriptedServer


@pytest.fixture
def app(launch: Launch, endpoint: ScriptedServer) -> Terminal:
    return launch()


def prompts(endpoint: ScriptedServer) -> list[str]:
    """Return what was asked; models may have been listed besides."""
    return [str(request.json["messages"][-1]["content"]) for request in endpoint.requests if request.json]


def last_prompt(endpoint: ScriptedServer) -> str:
    return prompts(endpoint)[-1]


@pytest.mark.parametrize("key", ["ctrl+j", "alt+enter", "shift+enter", "ctrl+enter"])
def test_newline_keys(app: Terminal, endpoint: ScriptedServer, key: str) -> None:
    app.type("one")
    app.press(key)
    app.type("two")
    app.wait_for("│ two")
    app.press("enter")
    app.wait_for("Hello, world!")
    assert last_prompt(endpoint) == "one\ntwo"


def test_a_backslash_before_enter_makes_a_newline(app: Terminal, endpoint: ScriptedServer) -> None:
    app.type("one\\")
    app.press("enter")
    app.type("two")
    app.wait_for("│ two")
    assert prompts(endpoint) == []
    app.press("enter")
    app.wait_for("Hello, world!")
    assert last_prompt(endpoint) == "one\ntwo"


@pytest.mark.parametrize("word", ["quit", "exit", "/quit", "/exit"])
def test_words_that_leave(app: Terminal, word: str) -> None:
    app.send(word)
    assert app.exit_code() == 0


@pytest.mark.parametrize("word", ["clear", "/new", "/clear"])
def test_words_that_start_anew(app: Terminal, home: Home, word: str) -> None:
    app.send("hi")
    app.wait_for("✓")
    app.send(word)
    app.wait_for("Enter sends")
    app.send("hi again")
    app.wait_for("✓")
    assert [each["messages"] for each in home.conversations()] == [2, 2]


def test_ctrl_c_stops_then_stashes_then_twice_quits(launch: Launch, endpoint: ScriptedServer, home: Home) -> None:
    home.environment["CHAT_MODEL"] = "slow-10"
    app = launch()
    app.send("count")
    wait_for_word(app, 9)
    app.type("my draft")
    app.wait_for("│ my draft")
    app.press("ctrl+c")
    app.wait_for("■ stopped")
    assert "│ my draft" in app.screen
    app.press("ctrl+c")
    app.wait_for(EMPTY_BOX)
    app.press("up")
    app.wait_for("│ my draft")
    app.press("ctrl+c")
    app.wait_for(EMPTY_BOX)
    app.press("ctrl+c")
    app.wait_for("Ctrl+C again quits")
    app.press("ctrl+c")
    assert app.exit_code() == 0


def test_ctrl_c_copies_a_selection_first(launch: Launch, endpoint: ScriptedServer, home: Home) -> None:
    home.environment["CHAT_MODEL"] = "slow-10"
    app = launch()
    app.send("count")
    wait_for_word(app, 9)
    app.type("abc")
    app.wait_for("│ abc")
    app.send_bytes(b"\x1b[1;2D\x1b[1;2D")  # shift+left twice
    app.wait_for(lambda: b"\x1b[28;4H" in app.raw, what="the cursor on the b")
    app.press("ctrl+c")
    app.wait_for("Copied")
    assert "● " in app.screen
    assert b"\x1b]52;c;YmM=" in app.raw
    app.press("esc")
    app.wait_for("■ stopped")


def test_ctrl_d_deletes_before_it_leaves(app: Terminal) -> None:
    app.type("ab")
    app.wait_for("│ ab")
    app.press("left", "ctrl+d")
    app.wait_for(lambda: "│ a  " in app.screen)
    app.press("backspace")
    app.wait_for(EMPTY_BOX)
    app.press("ctrl+d")
    assert app.exit_code() == 0


def test_f1_shows_every_key_and_escape_closes_it(app: Terminal) -> None:
    app.press("f1")
    app.wait_for("Ctrl+J  Alt+Enter")
    app.press("esc")
    app.wait_until_gone("Ctrl+J  Alt+Enter")
    app.type("the prompt has the keys again")
    app.wait_for("the prompt has the keys again")


def test_the_palette_runs_commands(app: Terminal) -> None:
    app.send("hi")
    app.wait_for("✓")
    app.press("ctrl+p")
    app.wait_for("start a new conversation")
    app.type("new")
    app.wait_for(lambda: "write the conversation" not in app.screen, what="the palette narrowed")
    app.press("enter")
    app.wait_for("Enter sends")


def test_a_slash_lists_the_commands_and_tab_completes(app: Terminal) -> None:
    app.type("/")
    app.wait_for("/export")
    app.type("mo")
    app.wait_until_gone("/export")
    app.press("tab")
    app.wait_for("│ /model ")
    app.press("ctrl+c")
    app.type("/")
    app.wait_for("/export")
    app.press("esc")
    app.wait_until_gone("/export")
    app.wait_for("│ /")


def test_an_unknown_command_stays_in_the_box(app: Terminal, endpoint: ScriptedServer) -> None:
    app.send("/frobnicate now")
    app.wait_for("no command /frobnicate")
    assert "│ /frobnicate now" in app.screen
    assert prompts(endpoint) == []


def test_a_path_is_a_prompt(app: Terminal, endpoint: ScriptedServer) -> None:
    app.send("/etc/hosts what is it?")
    app.wait_for("Hello, world!")
    assert last_prompt(endpoint) == "/etc/hosts what is it?"


def test_up_walks_the_prompts_that_were_sent_before_this_start_too(launch: Launch, endpoint: ScriptedServer) -> None:
    app = launch()
    for count, prompt in enumerate(("first", "second"), 1):
        app.send(prompt)
        app.wait_for(lambda count=count: app.screen.count("✓") == count)  # type: ignore[misc]
    app.press("ctrl+d")
    app.exit_code()
    again = launch()
    again.press("up")
    again.wait_for("│ second")
    again.press("up")
    again.wait_for("│ first")
    again.press("down")
    again.wait_for("│ second")
    again.press("down")
    again.wait_for(EMPTY_BOX)


@pytest.fixture
def with_draft(app: Terminal) -> Terminal:
    """An app with a finished reply and an unsent text in the box."""
    app.send("hi")
    app.wait_for("✓")
    app.type("half a thought")
    app.wait_for("half a thought")
    return app


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_draft_survives_a_signal(with_draft: Terminal, launch: Launch, number: int) -> None:
    with_draft.signal(number)
    with_draft.exit_code()
    launch("-c", ready="│ half a thought")


def test_a_draft_survives_kill_9(with_draft: Terminal, launch: Launch, home: Home) -> None:
    with_draft.wait_for(lambda: home.files_holding("half a thought"), 10 * 0.5, what="the draft on disk")
    with_draft.signal(signal.SIGKILL)
    with_draft.exit_code()
    launch("-c", ready="│ half a thought")


def test_a_draft_survives_another_conversation_and_quitting(with_draft: Terminal, launch: Launch) -> None:
    with_draft.press("ctrl+n")
    with_draft.wait_for("Enter sends")
    with_draft.press("ctrl+d")
    assert with_draft.exit_code() == 0
    launch("-c", ready="│ half a thought")


def test_a_stashed_draft_is_on_top_of_the_history_after_a_restart(with_draft: Terminal, launch: Launch) -> None:
    with_draft.press("ctrl+c")
    with_draft.wait_for(EMPTY_BOX)
    with_draft.press("ctrl+c")
    with_draft.wait_for("again quits")
    with_draft.press("ctrl+c")
    assert with_draft.exit_code() == 0
    again = launch("-c")
    again.wait_for("✓")
    again.press("up")
    again.wait_for("│ half a thought")


def test_the_draft_of_a_conversation_without_messages_survives(launch: Launch, endpoint: ScriptedServer) -> None:
    app = launch()
    app.type("never sent")
    app.wait_for("never sent")
    app.signal(signal.SIGTERM)
    app.exit_code()
    launch(ready="│ never sent")


def test_drafts_belong_to_their_conversations(app: Terminal) -> None:
    app.send("the first")
    app.wait_for("✓")
    app.type("draft one")
    app.wait_for("draft one")
    app.press("ctrl+n")
    app.wait_for("Enter sends")
    app.wait_for(EMPTY_BOX)
    app.type("draft two")
    app.wait_for("draft two")
    app.press("ctrl+o")
    app.wait_for("enter open")
    app.press("enter")
    app.wait_for("│ draft one")


def test_f2_hands_the_mouse_to_the_terminal_and_takes_it_back(app: Terminal) -> None:
    before = len(app.raw)
    app.press("f2")
    app.wait_for("the terminal's")
    assert b"\x1b[?1000l" in app.raw[before:]
    before = len(app.raw)
    app.press("f2")
    app.wait_for("ours again")
    assert b"\x1b[?1000h" in app.raw[before:]


def test_ctrl_l_draws_over_what_others_wrote(app: Terminal) -> None:
    app.send("hi")
    app.wait_for("✓")
    app.scribble("GARBAGE FROM ANOTHER PROGRAM")
    assert "GARBAGE" in app.screen
    app.press("ctrl+l")
    app.wait_until_gone("GARBAGE")
    app.wait_for("Hello, world!")
    app.wait_for(EMPTY_BOX)


def test_fast_double_escape_is_an_escape(launch: Launch, endpoint: ScriptedServer, home: Home) -> None:
    home.environment["CHAT_MODEL"] = "slow-10"
    app = launch()
    app.send("count")
    wait_for_word(app, 9)
    app.press("alt+esc")
    app.wait_for("■ stopped")


def new_lines(app: Terminal) -> int:
    """Return how many lines have come below the window, by what is said there."""
    found = re.search(r"↓ ([\d,]+) new line", app.screen)
    return int(found[1].replace(",", "")) if found else 0


def test_scrolling_releases_the_end_and_end_takes_it_again(
    launch: Launch, endpoint: ScriptedServer, home: Home
) -> None:
    home.environment["CHAT_MODEL"] = "rate-300"
    app = launch()
    app.send("count")
    wait_for_word(app, 999)
    app.press("pageup")
    app.wait_for(lambda: new_lines(app) > 0)
    few = new_lines(app)
    app.wait_for(lambda: new_lines(app) > few, what="a frame after that of the page up")
    top = words_in(app.lines[3])
    app.wait_for(lambda: new_lines(app) > few + 10)
    assert words_in(app.lines[3]) == top, app.screen
    app.press("end")
    app.wait_until_gone("new line")
    app.press("esc")
    app.wait_for("■ stopped")


def test_the_help_names_every_key_of_the_contract(launch: Launch, endpoint: ScriptedServer) -> None:
    app = launch(size=(100, 160))
    app.press("f1")
    app.wait_for("Ctrl+P")
    keys = ["Enter", "Ctrl+J", "Alt+Enter", "Esc", "Ctrl+C", "Ctrl+D", "Ctrl+Z", "Ctrl+N", "Ctrl+O", "Ctrl+P", "Ctrl+L"]
    for key in [*keys, "Up", "PageUp", "F2", "F1", "Alt+C"]:
        assert key in app.screen, key
    for command in ("/help", "/export", "/rename", "/quit"):
        app.type(command)
        app.wait_for(lambda command=command: app.screen.count(command) > 1)  # type: ignore[misc]
        app.press("ctrl+u")
        app.wait_for("What do you want to do?")


def test_what_is_typed_right_after_enter_is_the_next_prompt(app: Terminal, endpoint: ScriptedServer) -> None:
    for number in range(5):
        app.send_bytes(f"prompt {number}\rand then".encode())
        app.wait_for("│ and then")
        app.press(*["backspace"] * len("and then"))
        app.wait_for(EMPTY_BOX)
        app.wait_for(lambda number=number: len(prompts(endpoint)) > number and "● " not in app.screen)  # type: ignore[misc]
    assert prompts(endpoint) == [f"prompt {number}" for number in range(5)]


def test_the_draft_of_a_new_conversation_survives_a_start_that_reopens_another(
    with_draft: Terminal, launch: Launch
) -> None:
    with_draft.press("ctrl+n")
    with_draft.wait_for("Enter sends")
    with_draft.type("something new")
    with_draft.wait_for("│ something new")
    with_draft.signal(signal.SIGTERM)
    with_draft.exit_code()
    reopened = launch("-c", ready="│ half a thought")
    assert "│ something new" not in reopened.screen
    reopened.signal(signal.SIGTERM)
    reopened.exit_code()
    again = launch(ready="│ something new")
    again.press("enter")
    again.wait_for("✓")
    again.signal(signal.SIGTERM)
    again.exit_code()
    assert "│ something new" not in launch().screen


def test_what_is_typed_ahead_goes_where_the_app_was_told_to_go(
    with_draft: Terminal, launch: Launch, endpoint: ScriptedServer, home: Home
) -> None:
    with_draft.press("ctrl+c")
    with_draft.wait_for(EMPTY_BOX)
    with_draft.signal(signal.SIGTERM)
    with_draft.exit_code()
    ahead = launch("-c", ready=None)
    ahead.type("and ")
    ahead.wait_for(lambda: ahead.line_settings() != ahead.modes)  # from here on Enter is a key and no newline
    ahead.type("then?\r")
    ahead.wait_for(lambda: ahead.screen.count("✓") == 2)
    assert len(home.conversations()) == 1
    assert last_prompt(endpoint) == "and then?"
