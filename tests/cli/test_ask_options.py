"""The options of `ask` that shape what is asked and what of the reply is printed."""

import json
import signal
from pathlib import Path

import pytest

from streamtui.chat import Status
from tests.cli.conftest import Command, Run, ended, read_stderr, until
from tests.server import HELLO, ScriptedServer

HELLO_TEXT = "".join(HELLO)


def titles(run_here: Run) -> list[str]:
    return [conversation["title"] for conversation in json.loads(run_here("list", "--json").out)]


def test_extract_prints_the_last_code_block_without_its_fence(run_here: Run) -> None:
    whole = run_here("ask", "-m", "markdown", "--no-save", "hi").out
    result = run_here("ask", "-m", "markdown", "--no-save", "--extract", "hi")

    assert result.code == 0 and result.out
    assert "```" in whole and "```" not in result.out
    assert f"```{whole.rsplit('```', 2)[1]}```".endswith(f"\n{result.out}```")


def test_extract_of_a_reply_without_code_prints_nothing_and_fails(run_here: Run) -> None:
    result = run_here("ask", "-m", "ok", "--extract", "hi")

    assert (result.code, result.out) == (1, "")
    assert result.lines == ["streamtui: The reply has no fenced code block."]


def test_extract_of_half_a_reply_prints_nothing(run_here: Run) -> None:
    result = run_here("ask", "-m", "drop-after-5", "--extract", "hi")

    assert (result.code, result.out) == (1, "")


def test_extract_leaves_the_old_file_where_there_is_no_code(run_here: Run, command: Command) -> None:
    path = command.working / "code.py"
    path.write_text("old\n")

    assert run_here("ask", "-m", "ok", "--extract", "-o", "code.py", "--no-stream", "hi").code == 1
    assert path.read_text() == "old\n"


def test_a_title_is_given_at_once_or_later(run_here: Run, command: Command) -> None:
    run_here("ask", "-m", "ok", "--title", "My\x1b[31m plan", "hi")
    assert "My" in titles(run_here)[0] and "\x1b" not in titles(run_here)[0]

    run_here("ask", "-c", "--title", "Another", "again")
    assert titles(run_here) == ["Another"]


def test_the_system_message_may_be_in_a_file(run_here: Run, command: Command, server: ScriptedServer) -> None:
    (command.working / "system.md").write_bytes("Be brief, Jürgen.\r\n".encode("utf-16"))

    assert run_here("ask", "-m", "ok", "--system-file", "system.md", "hi").code == 0
    assert run_here("ask", "-c", "again").code == 0

    for request in server.of("ok"):
        assert request.json["messages"][0] == {"role": "system", "content": "Be brief, Jürgen.\n"}


@pytest.mark.parametrize(
    "words",
    [
        ("--system-file", "nowhere.md"),
        ("--system-file", "x.md", "--system", "y"),
        ("--extract", "--json"),
        ("--title", " "),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(run_here: Run, server: ScriptedServer, words: tuple[str, ...]) -> None:
    result = run_here("ask", "-m", "ok", *words, "hi")

    assert (result.code, result.out, len(result.lines)) == (2, "", 1)
    assert server.requests == []


def test_a_conversation_in_which_another_program_writes_can_be_waited_for(
    command: Command, server: ScriptedServer
) -> None:
    first = command.start("ask", "-m", "slow-5", "one")
    until(lambda: command.data.exists() and len(command.saved()) == 2, "the first reply")

    refused = command.run("ask", "-c", "two")
    assert (refused.code, refused.out, len(refused.lines)) == (1, "", 1)
    assert "--wait" in refused.err and "here" not in refused.err

    second = command.start("ask", "-c", "--wait", "-m", "ok", "three")
    assert b"waiting" in read_stderr(second)
    first.send_signal(signal.SIGTERM)
    assert ended(first).code == 143
    assert (ended(second).code, len(command.saved())) == (0, 4)
    turns = [turn["content"] for turn in server.of("ok")[-1].json["messages"]]
    assert turns == ["one", command.saved()[1].text, "three"]


def test_those_who_wait_go_one_after_the_other(command: Command, server: ScriptedServer) -> None:
    assert command.run("ask", "-m", "ok", "zero").code == 0
    waiting = [command.start("ask", "-c", "--wait", "-m", "rate-100x10", f"turn {n}") for n in range(4)]

    assert [ended(process).code for process in waiting] == [0, 0, 0, 0]
    asked = [[turn["content"] for turn in request.json["messages"]] for request in server.of("rate-100x10")]
    assert sorted(map(len, asked)) == [3, 5, 7, 9]
    longest = max(asked, key=len)
    assert all(turns == longest[: len(turns)] for turns in asked)
    assert len(command.saved()) == 10
    assert not list(command.data.glob("wait-*"))


def test_waiting_ends_with_a_program_that_was_killed_and_with_a_signal(command: Command) -> None:
    first = command.start("ask", "-m", "stall", "one")
    until(lambda: command.data.exists() and len(command.saved()) == 2, "the first reply")
    waiting, stopped = (command.start("ask", "-c", "--wait", "-m", "ok", "two") for _ in range(2))
    assert b"waiting" in read_stderr(waiting) and b"waiting" in read_stderr(stopped)

    stopped.send_signal(signal.SIGINT)
    assert ended(stopped).code == 130
    first.kill()
    first.communicate()

    assert ended(waiting).out == HELLO_TEXT + "\n"
    assert [message.status for message in command.saved()] == [
        Status.COMPLETE, Status.INTERRUPTED, Status.COMPLETE, Status.COMPLETE,
    ]  # fmt: skip


def test_a_part_file_that_was_left_over_blocks_nothing(command: Command) -> None:
    path = Path(command.working)
    result = ended(
        command.start(
            "ask", "-m", "ok", "--no-stream", "-o", "out.md", "hi", shell_prefix="touch .streamtui-$$.part out.md.part"
        )
    )

    assert (result.code, result.err) == (0, "")
    assert (path / "out.md").read_text() == HELLO_TEXT + "\n"


def test_any_field_can_be_sent_with_the_request(run_here: Run, server: ScriptedServer) -> None:
    words = ("-O", "top_p=0.9", "-O", 'stop=["a", "b"]', "--option", "user=me=you", "-O", "seed=NaN")

    assert run_here("ask", "-m", "ok", *words, "hi").code == 0

    body = server.of("ok")[0].json
    assert (body["top_p"], body["stop"], body["user"], body["seed"]) == (0.9, ["a", "b"], "me=you", "NaN")


def test_the_effort_is_sent(run_here: Run, server: ScriptedServer) -> None:
    assert run_here("ask", "-m", "ok", "--effort", "low", "hi").code == 0

    assert "low" in str(server.of("ok")[0].json)


@pytest.mark.parametrize("words", [("-O", "top_p"), ("-O", "=1"), ("-O", "messages=[]"), ("--effort", " ")])
def test_a_field_that_is_none_is_a_usage_error(run_here: Run, server: ScriptedServer, words: tuple[str, ...]) -> None:
    result = run_here("ask", "-m", "ok", *words, "hi")

    assert (result.code, result.out, len(result.lines)) == (2, "", 1)
    assert server.requests == []
