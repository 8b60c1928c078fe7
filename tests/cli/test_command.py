"""`ask` as a command: what is on stdout and what isn't, prompts, formats, files, several at once, exit codes."""

import importlib.util
import json
import os
from pathlib import Path

import pytest

from streamtui.chat import Status, Usage
from streamtui.chat.metrics import Metrics
from streamtui.cli.renderers import metrics_line
from tests.cli.conftest import KEY, Command, Run, ended
from tests.server import ESCAPES, HELLO, ScriptedServer, words

HELLO_TEXT = "".join(HELLO)


def prompt_sent(server: ScriptedServer, model: str = "ok") -> str:
    return str(server.of(model)[-1].json["messages"][-1]["content"])


def test_stdout_has_the_reply_alone(command: Command) -> None:
    result = command.run("ask", "-m", "reasoning", "hi")

    assert (result.code, result.out) == (0, HELLO_TEXT + "\n")
    assert result.err == "Let me see.\n"


def test_piped_text_is_appended_to_the_prompt(command: Command, server: ScriptedServer) -> None:
    result = command.run("ask", "-m", "ok", "Summarise:", stdin="ein Büro\nzwei\n".encode())

    assert result.code == 0
    assert prompt_sent(server) == "Summarise:\n\nein Büro\nzwei"


@pytest.mark.parametrize("words", [(), ("-",)])
def test_the_prompt_may_be_piped_alone(command: Command, server: ScriptedServer, words: tuple[str, ...]) -> None:
    assert command.run("ask", "-m", "ok", *words, stdin=b"What now?\n").code == 0
    assert prompt_sent(server) == "What now?"


@pytest.mark.parametrize(
    ("words", "stdin"), [((), b""), (("",), b""), (("-",), b" \n"), (("\ufeff",), b"\n\xef\xbb\xbf")]
)
def test_no_prompt_is_a_usage_error(
    command: Command, server: ScriptedServer, words: tuple[str, ...], stdin: bytes
) -> None:
    result = command.run("ask", "-m", "ok", *words, stdin=stdin)

    assert (result.code, result.out) == (2, "")
    assert len(result.lines) == 1 and "no prompt" in result.err
    assert server.requests == []


def test_json_lines_are_the_contracts_events(command: Command) -> None:
    result = command.run("ask", "--json", "-m", "reasoning", "hi")

    *events, done = result.events
    assert result.err == ""
    assert events[0] == {"type": "reasoning", "text": "Let me "}
    assert [event["text"] for event in events if event["type"] == "text"] == list(HELLO)
    usage = events[-1]
    assert set(usage) == {"type", "input_tokens", "output_tokens", "reasoning_tokens", "estimated"}
    assert set(done) == {"type", "status", "finish_reason", "error", "conversation", "metrics"}
    assert (done["type"], done["status"], done["finish_reason"], done["error"]) == ("done", "complete", "stop", None)
    assert set(done["metrics"]) == {
        "connect_s", "ttft_s", "streaming_s", "total_s", "chunks", "characters", "characters_per_s", "tokens_per_s",
    }  # fmt: skip
    assert json.loads(command.run("list", "--json").out)[0]["id"] == done["conversation"]


def test_a_failure_in_json_is_the_last_line_and_notices_are_events(run_here: Run, command: Command) -> None:
    command.configure("retries = 1")

    result = run_here("ask", "--json", "-m", "503", "hi")

    notice, done = result.events
    assert result.code == 1 and result.err == ""
    assert set(notice) == {"type", "kind", "text"} and notice["kind"] == "retry"
    assert done["status"] == "failed" and set(done["error"]) == {"kind", "message"}
    assert done["error"]["kind"] == "server"


def test_no_save_leaves_nothing_and_names_no_conversation(run_here: Run, command: Command) -> None:
    result = run_here("ask", "--json", "--no-save", "-m", "ok", "hi")

    assert result.events[-1]["conversation"] is None
    assert not command.data.exists()


def test_what_can_be_saved_nowhere_has_no_conversation(run_here: Run, command: Command) -> None:
    command.data.parent.mkdir(parents=True, exist_ok=True)
    command.data.write_text("a file where the folder should be")

    result = run_here("ask", "--json", "-m", "ok", "hi")

    assert (result.events[-1]["status"], result.events[-1]["conversation"]) == ("complete", None)


def test_metrics_are_one_line_on_stderr(run_here: Run) -> None:
    result = run_here("ask", "--metrics", "-m", "ok", "hi")

    (line,) = result.lines
    assert result.out == HELLO_TEXT + "\n"
    for part in ("connected", "first token", "total", "out", "4 chunks", "13 characters"):
        assert part in line
    assert "~" not in line


def test_estimates_are_marked(run_here: Run) -> None:
    assert "~4 out" in run_here("ask", "--metrics", "-m", "no-usage", "hi").err
    assert "~20 tok/s" in metrics_line(Metrics(tokens_per_s=20.0), Usage(5, None))
    assert " 20 tok/s" in metrics_line(Metrics(tokens_per_s=20.0), Usage(5, 40))


def test_a_reply_that_broke_off_ends_with_an_estimate_and_the_error(run_here: Run) -> None:
    *deltas, usage, done = run_here("ask", "--json", "-m", "drop-after-5", "hi").events
    assert {event["type"] for event in deltas} <= {"text", "notice"}
    assert (usage["type"], usage["estimated"]) == ("usage", True)
    assert usage["output_tokens"] > 0
    assert (done["type"], done["status"]) == ("done", "failed")


def test_continuing_sends_what_was_said_before(run_here: Run, command: Command, server: ScriptedServer) -> None:
    run_here("ask", "-m", "ok", "One")
    result = run_here("ask", "-c", "Two")

    assert result.code == 0
    assert [turn["content"] for turn in server.of("ok")[-1].json["messages"]] == ["One", HELLO_TEXT, "Two"]
    assert len(command.saved()) == 4


def test_a_conversation_is_resumed_by_the_beginning_of_its_id(run_here: Run, server: ScriptedServer) -> None:
    first = run_here("ask", "--json", "-m", "ok", "One").events[-1]["conversation"]
    run_here("ask", "-m", "ok", "Another")

    assert run_here("ask", "--resume", first, "Two").code == 0
    assert [turn["content"] for turn in server.of("ok")[-1].json["messages"]] == ["One", HELLO_TEXT, "Two"]


@pytest.mark.parametrize("words", [("-c",), ("--resume", "zzz")])
def test_going_on_with_nothing_is_one_line(run_here: Run, server: ScriptedServer, words: tuple[str, ...]) -> None:
    result = run_here("ask", *words, "-m", "ok", "hi")

    assert result.code in (1, 2) and result.out == ""
    assert len(result.lines) == 1
    assert server.requests == []


def test_the_system_message_and_the_options_are_sent(run_here: Run, server: ScriptedServer) -> None:
    run_here("ask", "-m", "ok", "--system", "Be brief.", "--temperature", "0.5", "--max-tokens", "9", "hi")

    body = server.of("ok")[0].json
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}
    assert body["temperature"] == 0.5
    assert 9 in (body.get("max_tokens"), body.get("max_completion_tokens"))


def test_two_models_are_interleaved_line_by_line_under_their_labels(command: Command) -> None:
    result = command.run("ask", "-m", "ok", "-m", "markdown", "hi")

    lines = result.out.splitlines()
    assert result.code == 0
    assert f"[ok] {HELLO_TEXT}" in lines
    assert "[markdown] # A heading" in lines and "[markdown] The end." in lines
    assert all(line.startswith(("[ok] ", "[markdown] ")) for line in lines)


def test_what_several_models_think_is_on_stderr_under_their_labels(run_here: Run) -> None:
    result = run_here("ask", "-m", "reasoning", "-m", "think", "hi")

    assert sorted(result.lines) == ["[reasoning] Let me see.", "[think] Let me see."]
    assert sorted(result.out.splitlines()) == [f"[reasoning] {HELLO_TEXT}", f"[think] {HELLO_TEXT}"]


def test_two_prompts_are_labelled_by_their_words(run_here: Run, server: ScriptedServer) -> None:
    result = run_here("ask", "-m", "ok", "--prompt", "First?", "--prompt", "Second?")

    assert sorted(result.out.splitlines()) == [f"[First?] {HELLO_TEXT}", f"[Second?] {HELLO_TEXT}"]
    assert sorted(request.json["messages"][-1]["content"] for request in server.of("ok")) == ["First?", "Second?"]


def test_merged_json_lines_carry_their_labels(run_here: Run) -> None:
    result = run_here("ask", "--json", "-m", "ok", "-m", "think", "hi")

    for label in ("ok", "think"):
        events = [event for event in result.events if event["label"] == label]
        assert "".join(event["text"] for event in events if event["type"] == "text") == HELLO_TEXT
        assert events[-1]["type"] == "done"


def test_one_of_several_that_fails_leaves_the_others_and_is_told_by_the_exit_code(
    run_here: Run, command: Command
) -> None:
    command.configure("retries = 0")

    result = run_here("ask", "-m", "ok", "-m", "500", "hi")

    assert result.code == 1
    assert result.out == f"[ok] {HELLO_TEXT}\n"
    assert result.err.startswith("[500] streamtui: ")


def test_the_same_model_twice_has_two_labels(run_here: Run) -> None:
    lines = run_here("ask", "-m", "ok", "-m", "ok", "hi").out.splitlines()

    assert sorted(lines) == [f"[ok #2] {HELLO_TEXT}", f"[ok] {HELLO_TEXT}"]


def test_labels_that_look_alike_are_told_apart(run_here: Run, server: ScriptedServer) -> None:
    result = run_here("ask", "-m", "ok", "--prompt", "x", "--prompt", "x", "--prompt", "x #2", "--prompt", "x")

    assert len(server.of("ok")) == 4
    labels = ["x", "x #2", "x #2 #2", "x #3"]
    assert sorted(result.out.splitlines()) == sorted(f"[{label}] {HELLO_TEXT}" for label in labels)


def test_labels_are_the_prompts_as_they_were_given(command: Command, server: ScriptedServer) -> None:
    result = command.run("ask", "-m", "ok", "--prompt", "P1", "--prompt", "-", stdin=b"PIPED")

    assert sorted(result.out.splitlines()) == [f"[P1] {HELLO_TEXT}", f"[PIPED] {HELLO_TEXT}"]
    assert {request.json["messages"][-1]["content"] for request in server.of("ok")} == {"P1\n\nPIPED", "PIPED"}


@pytest.mark.parametrize(
    ("model", "code", "kept"), [("ok", 0, HELLO_TEXT + "\n"), ("drop-after-5", 1, "".join(words(5)) + "\n")]
)
def test_the_file_has_what_arrived_and_stdout_nothing(
    run_here: Run, command: Command, model: str, code: int, kept: str
) -> None:
    result = run_here("ask", "-m", model, "-o", "reply.txt", "hi")

    assert (result.code, result.out) == (code, "")
    assert (command.working / "reply.txt").read_text() == kept


def test_a_file_of_several_replies_reads_line_by_line(run_here: Run, command: Command) -> None:
    run_here("ask", "-m", "ok", "-m", "markdown-slow-1", "-o", "both.txt", "hi")

    lines = (command.working / "both.txt").read_text().splitlines()
    assert f"[ok] {HELLO_TEXT}" in lines and "[markdown-slow-1] The end." in lines
    assert all(line.startswith(("[ok] ", "[markdown-slow-1] ")) for line in lines)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux")
@pytest.mark.parametrize("words", [(), ("-o", "/dev/full")])
def test_a_full_disk_is_one_line_and_the_reply_is_saved(command: Command, words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        result = ended(command.start("ask", "-m", "slow-20", "hi", *words, stdout=full.fileno()))

    assert result.code == 1
    assert len(result.lines) == 1 and "can't be written: No space left" in result.err
    assert command.saved()[1].text.startswith("w0 ")
    assert command.saved()[1].status is Status.STOPPED


def test_without_streaming_the_reply_comes_in_one_piece(run_here: Run) -> None:
    assert run_here("ask", "--no-stream", "-m", "reasoning", "hi").out == HELLO_TEXT + "\n"


def test_without_streaming_half_a_reply_is_never_printed(run_here: Run, command: Command) -> None:
    result = run_here("ask", "--no-stream", "-m", "drop-after-5", "hi")

    assert (result.code, result.out) == (1, "")
    assert command.saved()[1].text == "".join(words(5))


@pytest.mark.parametrize("more", [(), ("--json",), ("-m", "ok"), ("--metrics",)])
def test_no_byte_of_a_model_commands_the_terminal(command: Command, more: tuple[str, ...]) -> None:
    result = command.run("ask", "-m", "escape", *more, f"hi {ESCAPES}".replace("\0", ""))

    everything = result.out + result.err
    assert result.code == 0 and "PWN" in everything
    assert not [
        c for c in everything if (ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160 or c in "\u202e\u2066"
    ]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("-m", "401"), "does not accept the API key"),
        (("-m", "no-such-model"), "has no model no-such-model"),
        (("-m", "x", "--base-url", "http://127.0.0.1:9/v1"), "Nobody listens at 127.0.0.1:9"),
    ],
)
def test_what_people_get_wrong_is_one_line(command: Command, words: tuple[str, ...], says: str) -> None:
    command.configure("retries = 0")

    result = command.run("ask", *words, "hi")

    assert (result.code, result.out) == (1, "")
    assert len(result.lines) == 1 and says in result.err and KEY not in result.err


@pytest.mark.parametrize(
    "words",
    [
        ("ask", "hi", "--base-url", "localhost:8080"),
        ("ask", "hi", "--base-url", "http://example.org/v1", "-m", "x"),
        ("ask", "hi", "--env-file", "nowhere"),
        ("ask", "hi", "-m", "anthropic:x"),
        ("ask", "hi", "--temperature", "9"),
        ("ask", "hi", "--max-tokens", "0"),
        ("ask", "hi", "-c", "--resume", "x"),
        ("ask", "hi", "--api-key", KEY),
        ("ask", "hi", f"--api-key={KEY}"),
        ("ask", "hi", "--demo", "-m", "ok"),
        ("export", "x", "--format", "pdf"),
        ("nonsense",),
        ("export",),
        ("ask", "two", "\x1b[31mwords"),
    ],
)
def test_usage_and_configuration_are_exit_code_2_before_anything_is_sent(
    command: Command, server: ScriptedServer, words: tuple[str, ...]
) -> None:
    result = command.run(*words)

    assert (result.code, result.out) == (2, "")
    assert len(result.lines) == 1 and result.err.startswith("streamtui: ")
    assert "\x1b" not in result.err and KEY not in result.err
    assert server.requests == []


def test_whoever_forgets_the_quotes_is_told(run_here: Run) -> None:
    result = run_here("ask", "-m", "ok", "why", "is", "the", "sky", "blue?")

    assert result.code == 2
    assert "quotes (left over: is the sky blue?). See: streamtui ask --help" in result.err


def test_a_mistake_in_the_settings_is_exit_code_2(command: Command) -> None:
    command.configure("modle = 'x'")

    result = command.run("ask", "hi")

    assert (result.code, len(result.lines)) == (2, 1)


def test_a_configuration_that_turns_out_unusable_on_the_way_is_exit_code_2(command: Command) -> None:
    command.environment |= {"SSL_CERT_FILE": "/nowhere/at/all.pem", "OPENAI_BASE_URL": "https://example.invalid/v1"}

    result = command.run("ask", "-m", "x", "hi")

    assert (result.code, result.out) == (2, "")
    assert "SSL_CERT_FILE" in result.err


def test_a_script_with_nothing_configured_is_not_answered_by_the_demo(bare: Command) -> None:
    result = bare.run("ask", "hi")

    assert (result.code, result.out) == (2, "")
    assert len(result.lines) == 1
    for word in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_BASE_URL", "CHAT_MODEL", "--demo"):
        assert word in result.err


@pytest.mark.parametrize("model", ["claude-3", "anthropic:claude-3"])
def test_a_claude_without_a_key_names_the_key(bare: Command, model: str) -> None:
    result = bare.run("ask", "-m", model, "hi")

    assert (result.code, len(result.lines)) == (2, 1)
    assert f"{model} needs ANTHROPIC_API_KEY" in result.err


@pytest.mark.parametrize("words", [("ask", "-m", "anthropic:x", "hi"), ("ask", "-m", "ok", "-m", "anthropic:x", "hi")])
def test_a_missing_extra_is_a_usage_error_that_says_what_to_install(
    run_here: Run, command: Command, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    command.environment["ANTHROPIC_API_KEY"] = KEY
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "anthropic" else find(name))

    result = run_here(*words)

    assert (result.code, result.out, len(result.lines)) == (2, "", 1)
    assert "pip install 'streamtui[anthropic]'" in result.err
    assert server.requests == []


def test_a_base_url_that_a_model_would_not_use_is_a_usage_error(
    run_here: Run, command: Command, server: ScriptedServer
) -> None:
    command.environment["ANTHROPIC_API_KEY"] = KEY

    result = run_here("ask", "--base-url", server.url, "-m", "anthropic:x", "-m", "ok", "hi")

    assert (result.code, result.out, len(result.lines)) == (2, "", 1)
    assert "ANTHROPIC_BASE_URL" in result.err and server.requests == []


def test_a_key_that_is_not_used_is_not_judged(run_here: Run, command: Command) -> None:
    command.environment["ANTHROPIC_API_KEY"] = "sk bad key"

    assert run_here("ask", "-m", "ok", "hi").code == 0
    assert run_here("ask", "--demo", "fast").code == 0


def test_what_cannot_be_read_from_stdin_is_said(command: Command, server: ScriptedServer) -> None:
    for_writing = os.open(command.folder / "written", os.O_WRONLY | os.O_CREAT)
    result = ended(command.start("ask", "-m", "ok", "hi", stdin=for_writing))
    os.close(for_writing)

    assert (result.code, result.lines) == (2, ["streamtui: What is piped in can't be read: Bad file descriptor."])
    assert server.requests == []


@pytest.mark.parametrize("words", [("--demo",), ("-m", "demo"), ("-m", "demo:fast")])
def test_the_demo_answers_when_it_is_asked_for(bare: Command, words: tuple[str, ...]) -> None:
    result = bare.run("ask", *words, "fast")

    assert result.code == 0 and "demo" in result.out


def test_a_conversation_that_the_demo_was_asked_in_stays_its_models(
    run_here: Run, command: Command, server: ScriptedServer
) -> None:
    run_here("ask", "-m", "ok", "One")

    assert "Demo model" in run_here("ask", "--demo", "-c", "fast").out
    assert run_here("ask", "-c", "Two").out == HELLO_TEXT + "\n"
    assert [request.model for request in server.requests] == ["ok", "ok"]


def test_a_dot_env_is_read_as_the_tutorials_promise(bare: Command, server: ScriptedServer) -> None:
    (bare.working / ".env").write_text(f"OPENAI_BASE_URL={server.url}\nOPENAI_API_KEY={KEY}\nCHAT_MODEL=ok\n")
    (bare.working / ".env").chmod(0o644)

    result = bare.run("ask", "hi")

    assert (result.code, result.out) == (0, HELLO_TEXT + "\n")
    assert "chmod 600" in result.err and KEY not in result.err
    assert server.of("ok")[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_dot_env_that_sets_a_base_url_never_receives_the_environments_key(
    bare: Command, server: ScriptedServer
) -> None:
    bare.environment["OPENAI_API_KEY"] = KEY
    (bare.working / ".env").write_text(f"OPENAI_BASE_URL={server.url}\nCHAT_MODEL=ok\n")

    assert bare.run("ask", "hi").code == 0
    assert KEY not in repr(server.requests)


def test_a_shell_without_utf_8_gets_the_text_all_the_same(command: Command) -> None:
    command.environment |= {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

    result = command.run("ask", "-m", "surrogates", "hi")

    assert (result.code, result.out) == (0, "😀 \ufffd.\n")


@pytest.mark.parametrize("closed", [1, 2])
def test_a_closed_stdout_or_stderr_is_no_crash(command: Command, closed: int) -> None:
    result = ended(command.start("ask", "-m", "reasoning", "hi", shell_prefix=f"exec {closed}>&-"))

    assert result.code in (0, 1), result
    assert "Traceback" not in result.err and "crashed" not in result.err
    assert command.saved()[1].text == HELLO_TEXT


def test_metrics_tell_context_and_cost_where_they_are_known(command: Command, run_here: Run) -> None:
    command.configure('[prices."ok"]\ninput = 1000000\noutput = 2000000\ncontext = 1000')

    result = run_here("ask", "--metrics", "-m", "ok", "hi")

    assert "context 1.2 % of 1,000" in result.err
    assert "$17.0000" in result.err
    assert "context" not in run_here("ask", "--metrics", "-m", "no-done", "hi").err
