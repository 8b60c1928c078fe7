"""Terminals that are small, slow, frozen, resized all the time, or no terminals at all."""

import random
import statistics
import subprocess
import sys
import time

import pytest

from tests.e2e.conftest import EMPTY_BOX, Home, Launch
from tests.e2e.test_keys import prompts
from tests.e2e.test_turns import said_until_told, wait_for_word
from tests.server import THE_END, ScriptedServer


def test_a_storm_of_resizes_in_mid_stream_leaves_a_whole_screen(
    launch: Launch, endpoint: ScriptedServer, home: Home
) -> None:
    home.environment["CHAT_MODEL"] = "told-5"
    terminal = launch()
    terminal.send("count")
    wait_for_word(terminal, 20)
    sizes = random.Random(1)
    for _ in range(200):
        terminal.resize(sizes.randint(1, 200), sizes.randint(1, 60))
    terminal.resize(90, 28)
    terminal.wait_for("╭" + "─" * 88 + "╮", what="the box as wide as the screen")
    assert "✓" not in terminal.screen
    endpoint.end("told-5")
    terminal.wait_for("✓")
    assert THE_END in terminal.screen
    terminal.type("still here")
    terminal.wait_for("│ still here")
    assert home.messages()[1]["text"] == said_until_told(endpoint, "told-5")


def test_a_terminal_that_stops_reading_for_a_while_loses_nothing(
    launch: Launch, endpoint: ScriptedServer, home: Home
) -> None:
    home.environment["CHAT_MODEL"] = "told-3"
    terminal = launch()
    terminal.send("count")
    wait_for_word(terminal, 20)
    request = endpoint.of("told-3")[0]
    terminal.stop_reading()
    terminal.type("typed into the dark")
    terminal.wait_until_full()
    endpoint.end("told-3")
    terminal.wait_for(lambda: request.ended, what="the end of the stream, which isn't held up by the drawing")
    assert home.messages()[1]["text"] == said_until_told(endpoint, "told-3")
    terminal.resume_reading()
    terminal.wait_for("✓")
    terminal.wait_for("│ typed into the dark")
    assert THE_END in terminal.screen
    assert b"\x1b[2J" not in terminal.raw, "what it missed is painted over what it had, without a flash of nothing"


def test_a_megabyte_pasted_sends_nothing_runs_nothing_and_stays_usable(
    launch: Launch, endpoint: ScriptedServer
) -> None:
    terminal = launch()
    line = "/quit\nexit\n\x03\x04\x1b and some words to fill the line up with\n"
    terminal.paste(line * (1_000_000 // len(line)) + "the very end")
    terminal.wait_for("[pasted 54,")
    assert prompts(endpoint) == []
    end, echoes = " lines]", list[float]()
    for word in (" of", " it", " all"):
        end += word
        typed = time.monotonic()
        terminal.type(word)
        echoes.append(terminal.wait_for(end) - typed)
    assert statistics.median(echoes) < 5.0
    terminal.press("ctrl+c")
    terminal.wait_for(EMPTY_BOX)
    terminal.send("short again")
    terminal.wait_for("Hello, world!")
    assert endpoint.of("ok")[-1].json["messages"][-1]["content"] == "short again"


def test_a_megabyte_pasted_and_sent_arrives_whole(launch: Launch, endpoint: ScriptedServer, home: Home) -> None:
    terminal = launch()
    text = "\n".join(f"line {number} of many, with a few more words" for number in range(25_000))
    terminal.paste(text)
    terminal.wait_for("[pasted 25,000 lines]")
    terminal.press("enter")
    terminal.wait_for("Hello, world!")
    assert endpoint.of("ok")[0].json["messages"][0]["content"] == text


def test_keys_inside_a_paste_are_text(launch: Launch, endpoint: ScriptedServer) -> None:
    terminal = launch()
    terminal.paste("one\r\ntwo\rthree\n/quit\n\x03\x1b[A\x1b]0;title\x07")
    terminal.wait_for("/quit")
    assert prompts(endpoint) == []
    terminal.press("enter")
    terminal.wait_for("Hello, world!")
    content = endpoint.of("ok")[0].json["messages"][0]["content"]
    assert content == "one\ntwo\nthree\n/quit\n��[A�]0;title�"


@pytest.mark.parametrize(("columns", "rows"), [(20, 5), (40, 12), (200, 60)])
def test_it_works_at_any_size(launch: Launch, endpoint: ScriptedServer, home: Home, columns: int, rows: int) -> None:
    terminal = launch(size=(columns, rows), ready="Ask")
    terminal.type("hi")
    terminal.wait_for("hi")
    terminal.press("enter")
    terminal.wait_for(lambda: "Hello" in terminal.screen or "world!" in terminal.screen, what="the reply")
    for key, seen in (("ctrl+o", "filter"), ("f1", "What do")):
        terminal.press(key)
        terminal.wait_for(seen)
        terminal.press("esc")
        terminal.wait_until_gone(seen)
    terminal.type("more")
    terminal.wait_for("more")
    terminal.press("ctrl+c")
    terminal.wait_until_gone("more")
    terminal.press("ctrl+d")
    assert terminal.exit_code() == 0


@pytest.mark.parametrize("term", ["dumb", "unknown", ""])
def test_a_terminal_that_cant_is_refused_in_one_line(launch: Launch, term: str) -> None:
    terminal = launch(environment={"TERM": term}, ready=None)
    assert terminal.exit_code() == 2
    assert len(terminal.screen.split("streamtui ask")) == 2
    assert b"\x1b[?1049h" not in terminal.raw
    assert "Traceback" not in terminal.screen


def test_without_a_terminal_it_says_what_to_use_instead(home: Home) -> None:
    done = home.run(stdin="hello")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "streamtui ask" in done.stderr


def test_output_to_a_file_is_refused_even_with_a_keyboard(launch: Launch, home: Home) -> None:
    shell = f"{sys.executable} -m streamtui > out.txt"
    terminal = launch(program=["sh", "-c", shell], ready=None)
    assert terminal.exit_code() == 2
    assert "needs a terminal" in terminal.screen
    assert (home.work / "out.txt").read_text() == ""


@pytest.mark.parametrize("locale", ["C", "POSIX", "de_DE.ISO-8859-1"])
def test_a_locale_without_unicode_is_no_obstacle(
    launch: Launch, endpoint: ScriptedServer, home: Home, locale: str
) -> None:
    home.environment["CHAT_MODEL"] = "markdown"
    terminal = launch(environment={"LANG": locale, "LC_ALL": locale})
    terminal.type("héllo 你好")
    terminal.wait_for("héllo")
    terminal.press("enter")
    terminal.wait_for("✓")
    assert endpoint.of("markdown")[0].json["messages"][0]["content"] == "héllo 你好"
    assert "你好" in home.messages()[1]["text"]


def test_a_terminal_that_shows_halves_of_frames_shows_the_same_in_the_end(
    launch: Launch, endpoint: ScriptedServer
) -> None:
    terminal = launch(answers={})
    terminal.send("hi")
    terminal.wait_for("✓")
    terminal.wait_for("Hello, world!")
    assert b"\x1b[?2026h" not in terminal.raw


def test_a_byte_that_is_no_utf8_does_not_deafen_it(launch: Launch, endpoint: ScriptedServer) -> None:
    terminal = launch()
    terminal.send_bytes(b"caf\xe9 ")
    terminal.type("au lait")
    terminal.wait_for("au lait")
    terminal.press("enter")
    terminal.wait_for("Hello, world!")


def test_no_child_process_is_left_behind(launch: Launch, endpoint: ScriptedServer) -> None:
    terminal = launch()
    terminal.send("hi")
    terminal.wait_for("Hello, world!")
    assert terminal.children() == []
    terminal.press("ctrl+d")
    assert terminal.exit_code() == 0


def test_the_environment_of_children_is_the_users_own(home: Home) -> None:
    """What Textual reads at import is set for it alone."""
    code = (
        "from streamtui.tui import launch; from streamtui.tui.terminal import environment; "
        "import os; environment.prepare(); print(sorted(os.environ))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=home.environment, capture_output=True, text=True, check=True
    )
    assert "ESCDELAY" not in done.stdout
    assert "TEXTUAL_FPS" not in done.stdout
