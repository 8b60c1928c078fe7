"""A turn from the key to the disk: stopping keeps what arrived, taking back loses nothing, one prompt waits."""

import re
import statistics

import pytest

from tests.e2e.conftest import EMPTY_BOX, Home, Launch, use
from tests.e2e.terminal import Terminal
from tests.server import THE_END, Request, ScriptedServer, words

ESC_CLOSES_S = 0.060
"""What is promised; tests allow ten times that on a shared machine and print what they measured."""
ESC_SHOWS_S = 0.100


def words_in(text: str) -> list[int]:
    """Return the numbers of the words `w0 w1 …` that the server's streams are made of."""
    return [int(number) for number in re.findall(r"\bw(\d+)\b", text)]


def wait_for_word(terminal: Terminal, number: int) -> None:
    """Wait until a stream has come so far, however many words a frame brings."""
    terminal.wait_for(lambda: max(words_in(terminal.screen), default=-1) >= number, what=f"w{number}")


def stop_in_mid_stream(terminal: Terminal, prompt: str = "count") -> None:
    terminal.send(prompt)
    wait_for_word(terminal, 12)
    terminal.press("esc")
    terminal.wait_for("■ stopped")


def echoed(terminal: Terminal, endpoint: ScriptedServer, prompt: str) -> list[dict[str, str]]:
    """Ask the model `echo` and return the messages that reached the server."""
    use(terminal, "echo")
    terminal.send(prompt)
    terminal.wait_for(lambda: endpoint.of("echo"), what="the request")
    return list(endpoint.of("echo")[-1].json["messages"])


def said_until_told(endpoint: ScriptedServer, model: str) -> str:
    """Return all that the first reply of a model said that lasted until it was told to end."""
    return "".join([*words(endpoint.of(model)[0].tokens), THE_END])


@pytest.fixture
def slow(endpoint: ScriptedServer, home: Home) -> ScriptedServer:
    """An endpoint whose replies take a word every 30 ms: it is long until the first one is out of sight."""
    home.environment["CHAT_MODEL"] = "slow-30"
    return endpoint


def test_a_stopped_reply_stays_on_screen_on_disk_after_a_restart_and_in_the_next_request_once(
    launch: Launch, slow: ScriptedServer, home: Home
) -> None:
    first = launch()
    stop_in_mid_stream(first)
    seen = words_in(first.screen)
    assert seen == list(range(len(seen)))
    assert len(seen) >= 12

    messages = echoed(first, slow, "and now?")
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    assert messages[0]["content"] == "count"
    assert words_in(messages[1]["content"]) == seen
    assert messages[2]["content"] == "and now?"
    first.wait_for("and now?")
    first.press("ctrl+d")
    assert first.exit_code() == 0

    saved = home.messages()
    assert [message["status"] for message in saved][1] == "stopped"
    assert words_in(saved[1]["text"]) == seen

    again = launch("-c")
    again.wait_for("and now?")
    again.press("home")
    again.wait_for("■ stopped")
    assert words_in(again.screen)[: len(seen)] == seen


def test_a_stopped_reply_is_found_again_in_the_list_of_conversations(launch: Launch, slow: ScriptedServer) -> None:
    first = launch()
    stop_in_mid_stream(first, "find me later")
    seen = words_in(first.screen)
    first.press("ctrl+d")
    first.exit_code()

    again = launch()
    again.press("ctrl+o")
    again.wait_for("enter open")
    again.press("enter")
    again.wait_for("■ stopped")
    assert words_in(again.screen) == seen
    assert echoed(again, slow, "go on")[0]["content"] == "find me later"


def test_escape_closes_the_connection_and_shows_it_within_a_blink(launch: Launch, slow: ScriptedServer) -> None:
    terminal = launch()
    closes: list[float] = []
    shows: list[float] = []
    for turn in range(5):
        terminal.send(f"count {turn}")
        terminal.wait_for(lambda: max(words_in(terminal.screen), default=0) >= 8 and "● " in terminal.screen)
        closes.append(stopped_by_escape(terminal, slow.of("slow-30")[-1]))
        terminal.wait_until_gone("● ")
        shows.append(terminal.shown_at() - terminal.pressed)
        terminal.press("ctrl+n")
        terminal.wait_for("Enter sends")
    print(f"\nesc → closed {1000 * statistics.median(closes):.0f} ms, → shown {1000 * statistics.median(shows):.0f} ms")  # noqa: T201
    assert statistics.median(closes) < 10 * ESC_CLOSES_S
    assert statistics.median(shows) < 10 * ESC_SHOWS_S


@pytest.mark.parametrize("model", ["infinite", "stall", "stall-ping", "rate-1000"])
def test_escape_stops_floods_and_stalls_as_fast(
    launch: Launch, endpoint: ScriptedServer, home: Home, model: str
) -> None:
    home.environment["CHAT_MODEL"] = model
    terminal = launch()
    closes: list[float] = []
    shows: list[float] = []
    for _ in range(3):
        terminal.send("go")
        terminal.wait_for(lambda: words_in(terminal.screen) and "● " in terminal.screen, what="text")
        closes.append(stopped_by_escape(terminal, endpoint.of(model)[-1]))
        terminal.wait_for("■ stopped")
        shows.append(terminal.shown_at() - terminal.pressed)
        terminal.press("ctrl+n")
        terminal.wait_for("Enter sends")
    assert statistics.median(closes) < 10 * ESC_CLOSES_S
    assert statistics.median(shows) < 10 * ESC_SHOWS_S


def test_escape_stops_an_endless_line_as_fast(launch: Launch, endpoint: ScriptedServer, home: Home) -> None:
    home.environment["CHAT_MODEL"] = "slow-line"
    terminal = launch()
    closes: list[float] = []
    for round in range(1, 6):
        terminal.send("go")
        terminal.wait_for(lambda round=round: len(endpoint.of("slow-line")) == round, what="the request")  # type: ignore[misc]
        closes.append(stopped_by_escape(terminal, endpoint.of("slow-line")[-1]))
        terminal.wait_for("│ go", what="the prompt is back")
        terminal.press("ctrl+c")
        terminal.wait_for(EMPTY_BOX)
    assert statistics.median(closes) < 10 * ESC_CLOSES_S


def stopped_by_escape(terminal: Terminal, request: Request) -> float:
    """Press Escape and return the seconds until the server sees the close."""
    terminal.watch_for("stopped")
    pressed = terminal.press("esc")
    terminal.wait_for(lambda: request.closed, what="the server sees the close")
    assert request.closed is not None
    return request.closed - pressed


@pytest.mark.parametrize("model", ["silent-60000", "stall-first", "mute", "slow-headers", "503-after-60"])
def test_escape_before_anything_arrived_gives_the_prompt_back(
    launch: Launch, endpoint: ScriptedServer, home: Home, model: str
) -> None:
    home.environment["CHAT_MODEL"] = model
    terminal = launch()
    terminal.send("is anybody there?")
    terminal.wait_for(lambda: endpoint.of(model), what="the request")
    terminal.press("esc")
    terminal.wait_for("Enter sends", what="the empty conversation")
    terminal.wait_for("│ is anybody there?", what="the prompt in the box")
    terminal.wait_for(lambda: home.conversations() == [], what="nothing saved")
    messages = echoed_after_clearing(terminal, endpoint)
    assert messages == [{"role": "user", "content": "another"}]


def echoed_after_clearing(terminal: Terminal, endpoint: ScriptedServer) -> list[dict[str, str]]:
    terminal.press("ctrl+c")
    terminal.wait_for(EMPTY_BOX)
    return echoed(terminal, endpoint, "another")


def test_fifty_escapes_are_one(launch: Launch, slow: ScriptedServer, home: Home) -> None:
    terminal = launch()
    terminal.send("count")
    wait_for_word(terminal, 12)
    terminal.type("my draft")
    terminal.wait_for("my draft")
    for _ in range(50):
        terminal.press("esc")
    terminal.wait_for("■ stopped")
    seen = words_in(terminal.screen)
    terminal.type(" goes on")
    terminal.wait_for("my draft goes on")
    assert terminal.is_running
    assert words_in(terminal.screen) == seen
    assert len(slow.of("slow-30")) == 1
    assert [message["status"] for message in home.messages()] == ["complete", "stopped"]


def test_a_reply_streams_on_while_another_conversation_is_in_view(
    launch: Launch, endpoint: ScriptedServer, home: Home
) -> None:
    home.environment["CHAT_MODEL"] = "told-40"
    terminal = launch()
    terminal.send("the first one")
    wait_for_word(terminal, 5)
    terminal.press("ctrl+n")
    terminal.wait_for("Enter sends")
    terminal.wait_for("elsewhere")
    use(terminal, "slow-5x40")
    terminal.send("the second one")
    terminal.wait_for("w39")
    terminal.press("ctrl+o")
    terminal.wait_for("the first one")
    unseen = endpoint.of("told-40")[0].tokens
    terminal.press("down", "enter")
    terminal.wait_for(lambda: "▌ the first one" in terminal.screen, what="the first conversation in view")
    wait_for_word(terminal, unseen - 1)
    endpoint.end("told-40")
    terminal.wait_for("✓", what="the first one complete")
    assert THE_END in terminal.screen

    whole = {each["title"]: home.messages(each["id"])[1] for each in home.conversations()}
    assert whole["the first one"]["text"] == said_until_told(endpoint, "told-40")
    assert words_in(whole["the second one"]["text"]) == list(range(40))
    assert {each["status"] for each in whole.values()} == {"complete"}


def test_a_prompt_sent_while_a_reply_streams_waits_for_its_end(
    launch: Launch, endpoint: ScriptedServer, home: Home
) -> None:
    home.environment["CHAT_MODEL"] = "told-20"
    terminal = launch()
    terminal.send("first")
    wait_for_word(terminal, 3)
    terminal.send("second, later")
    terminal.wait_for("next: second, later")
    assert len(endpoint.of("told-20")) == 1
    endpoint.end("told-20")
    terminal.wait_for(lambda: len(endpoint.of("told-20")) == 2, what="the queued prompt is sent")
    terminal.wait_until_gone("next: second")
    messages = endpoint.of("told-20")[1].json["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    assert messages[1]["content"] == said_until_told(endpoint, "told-20")
    assert messages[2]["content"] == "second, later"


def test_up_edits_the_queued_prompt_and_escape_gives_it_back(launch: Launch, slow: ScriptedServer) -> None:
    terminal = launch()
    terminal.send("first")
    wait_for_word(terminal, 3)
    terminal.send("second")
    terminal.wait_for("next: second")
    terminal.press("up")
    terminal.wait_until_gone("next: second")
    terminal.wait_for("│ second")
    terminal.type(" thoughts")
    terminal.press("enter")
    terminal.wait_for("next: second thoughts")
    terminal.press("esc")
    terminal.wait_until_gone("next:")
    terminal.wait_for("│ second thoughts")
    assert "■ stopped" not in terminal.screen
    terminal.press("esc")
    terminal.wait_for("■ stopped")
    assert len(slow.of("slow-30")) == 1


def test_a_failed_reply_gives_the_queued_prompt_back(launch: Launch, endpoint: ScriptedServer, home: Home) -> None:
    model = home.environment["CHAT_MODEL"] = "told-20-error"
    terminal = launch()
    terminal.send("first")
    wait_for_word(terminal, 2)
    terminal.send("second")
    terminal.wait_for("next: second")
    endpoint.end(model)
    terminal.wait_for("✗ failed")
    terminal.wait_for("│ second")
    assert len(endpoint.of(model)) == 1
