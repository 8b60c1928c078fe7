"""What answers, and what is said where nothing can: environment, `.env`, models, keys."""

import signal

import pytest

from tests.e2e.conftest import KEY, Home, Launch
from tests.server import ScriptedServer


def test_with_nothing_configured_the_demo_answers_and_says_so(launch: Launch) -> None:
    app = launch()
    app.wait_for("built-in demo model")
    app.wait_for(lambda: "demo @ offline" in app.lines[0])
    app.send("table fast")
    app.wait_for("✓")
    app.wait_for("▌ demo ·")


@pytest.mark.parametrize(
    ("model", "key"),
    [
        ("gpt-4o", "OPENAI_API_KEY"),
        ("openai:gpt-4o", "OPENAI_API_KEY"),
        ("claude-3", "ANTHROPIC_API_KEY"),
        ("anthropic:x", "ANTHROPIC_API_KEY"),
    ],
)
def test_a_model_without_a_key_is_named_before_the_demo_answers(launch: Launch, model: str, key: str) -> None:
    app = launch(environment={"CHAT_MODEL": model})
    app.wait_for(f"{model} needs {key}")
    app.wait_for(lambda: "demo @ offline" in app.lines[0])


def test_a_dot_env_in_the_working_folder_is_read(launch: Launch, home: Home, server: ScriptedServer) -> None:
    env = home.work / ".env"
    env.write_text(f"OPENAI_BASE_URL={server.url}\nOPENAI_API_KEY={KEY}\nCHAT_MODEL=ok\nLD_PRELOAD=nothing.so\n")
    env.chmod(0o600)
    app = launch()
    app.send("hi")
    app.wait_for("Hello, world!")
    assert server.of("ok")[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_dot_env_never_gets_the_key_of_the_environment(launch: Launch, home: Home, server: ScriptedServer) -> None:
    (home.work / ".env").write_text(f"OPENAI_BASE_URL={server.url}\nCHAT_MODEL=ok\n")
    app = launch(environment={"OPENAI_API_KEY": KEY})
    app.send("hi")
    app.wait_for("Hello, world!")
    assert KEY not in str([request.headers for request in server.requests])


def test_another_endpoint_answers_with_the_first_of_its_models(launch: Launch, server: ScriptedServer) -> None:
    app = launch(environment={"OPENAI_BASE_URL": server.url})
    app.wait_for(lambda: "ok @ 127.0.0.1" in app.lines[0], what="the model's name, before anything is sent")
    app.send("hi")
    app.wait_for("Hello, world!")
    assert server.of("ok")
    app.press("ctrl+n")
    app.wait_for("Enter sends")
    app.wait_for(lambda: "ok @ 127.0.0.1" in app.lines[0])


def test_a_wrong_key_is_one_line_without_the_key_and_the_prompt_comes_back(
    launch: Launch, endpoint: ScriptedServer, home: Home
) -> None:
    app = launch("-m", "401")
    app.send("precious words")
    app.wait_for("✗ failed")
    app.wait_for("│ precious words")
    assert "(401)" in app.screen
    assert KEY not in app.screen
    assert b"Traceback" not in app.raw
    app.signal(signal.SIGTERM)
    app.exit_code()
    assert home.files_holding(KEY) == []


def test_nobody_listening_is_one_line_and_the_prompt_comes_back(launch: Launch, closed_port: int, home: Home) -> None:
    home.configure("retries = 0")
    app = launch("-m", "ok", environment={"OPENAI_BASE_URL": f"http://127.0.0.1:{closed_port}/v1"})
    app.send("precious words")
    app.wait_for("✗ failed")
    app.wait_for("│ precious words")
    assert f"127.0.0.1:{closed_port}" in app.screen
    assert b"Traceback" not in app.raw


def test_nobody_to_ask_for_a_model_either(launch: Launch, closed_port: int) -> None:
    app = launch(environment={"OPENAI_BASE_URL": f"http://127.0.0.1:{closed_port}/v1"})
    app.send("precious words")
    app.wait_for("│ precious words")
    app.wait_for(f"127.0.0.1:{closed_port}")
    assert b"Traceback" not in app.raw


def test_an_unknown_model_is_one_line_and_another_can_be_chosen(launch: Launch, endpoint: ScriptedServer) -> None:
    app = launch("-m", "no-such-model")
    app.send("precious words")
    app.wait_for("✗ failed")
    app.wait_for("│ precious words")
    assert "no-such-model" in app.screen
    app.press("ctrl+c")
    app.send("/model ok")
    app.wait_for("ok @")
    app.press("up")
    app.wait_for("│ precious words")
    app.press("enter")
    app.wait_for("Hello, world!")


def test_the_model_picker_lists_what_the_endpoint_offers(launch: Launch, endpoint: ScriptedServer) -> None:
    app = launch("-m", "ok")
    app.press("ctrl+p")
    app.wait_for("keys and commands")
    app.type("model")
    app.wait_until_gone("keys and commands")
    app.press("enter")
    app.wait_for("markdown")
    app.type("think-sp")
    app.wait_until_gone("markdown")
    app.press("enter")
    app.wait_for(lambda: "think-split @" in app.lines[0])
    app.send("hi")
    app.wait_for("thought")
    app.wait_for("Hello, world!")


def test_a_reopened_conversation_keeps_its_model_unless_another_is_named(
    launch: Launch, endpoint: ScriptedServer
) -> None:
    first = launch("-m", "think")
    first.send("hi")
    first.wait_for("✓")
    first.press("ctrl+d")
    first.exit_code()
    again = launch("-c", ready="✓")
    again.wait_for(lambda: "think @" in again.lines[0])
    again.press("ctrl+d")
    again.exit_code()
    other = launch("-c", "-m", "ok", ready="✓")
    other.wait_for(lambda: "ok @" in other.lines[0])


@pytest.mark.parametrize("words", [["--base-url", "not a url"], ["--resume", "nothing"], ["--env-file", "missing"]])
def test_what_cannot_be_used_is_said_in_one_line(launch: Launch, endpoint: ScriptedServer, words: list[str]) -> None:
    app = launch(*words, ready=None)
    if words[0] == "--resume":
        app.wait_for("nothing")
        app.wait_for("no ")
        assert app.is_running
        return
    assert app.exit_code() == 2
    assert len([line for line in app.lines if line]) <= 2
    assert "Traceback" not in app.screen
    assert b"\x1b[?1049h" not in app.raw


def test_a_key_over_plain_http_is_asked_about_once_per_host(launch: Launch, home: Home) -> None:
    home.configure("retries = 0", "connect_timeout = 1.0")
    app = launch("-m", "ok", environment={"OPENAI_BASE_URL": "http://192.0.2.1/v1", "OPENAI_API_KEY": KEY})
    app.send("secret plans")
    app.wait_for("unencrypted")
    assert "192.0.2.1" in app.screen
    app.press("esc")
    app.wait_until_gone("unencrypted")
    app.wait_for("│ secret plans")
