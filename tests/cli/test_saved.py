"""The commands about what is saved, and about the models on offer."""

import json
import os
import pty
import re
from contextlib import suppress
from pathlib import Path

import pytest

from streamtui.cli import dispatch
from tests.cli.conftest import KEY, Command, Run, ended
from tests.patience import PATIENCE_S
from tests.server import HELLO
from tests.store.samples import foreign_lock

HELLO_TEXT = "".join(HELLO)


def on_a_terminal(command: Command, *words: str) -> str:
    """Return what the command writes to a terminal as its stdout."""
    primary, secondary = pty.openpty()
    process = command.start(*words, stdout=secondary)
    os.close(secondary)
    data = b""
    with suppress(OSError):  # the end of a terminal that nobody has open any more
        while piece := os.read(primary, 4096):
            data += piece
    os.close(primary)
    assert process.wait(PATIENCE_S) == 0
    return data.decode().replace("\r\n", "\n")


def conversations(run_here: Run) -> list[dict[str, object]]:
    summaries = json.loads(run_here("list", "--json").out)
    assert isinstance(summaries, list)
    return summaries


def test_the_list_is_newest_first_with_the_contracts_fields(run_here: Run) -> None:
    run_here("ask", "-m", "ok", "First")
    run_here("ask", "-m", "drop-after-5", "Second")

    newest, oldest = conversations(run_here)
    assert set(newest) == {"id", "title", "model", "messages", "status", "created", "updated"}
    assert (newest["title"], newest["status"], newest["model"]) == ("Second", "failed", "drop-after-5")
    assert (oldest["title"], oldest["status"], oldest["messages"]) == ("First", "complete", 2)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", str(newest["updated"]))


def test_the_list_for_people_has_a_line_each_without_control_characters(run_here: Run) -> None:
    run_here("ask", "-m", "ok", "A \x1b[31mred\x1b[0m\ttitle")

    (line,) = run_here("list").out.splitlines()

    assert "title" in line and line.isprintable()
    updated = str(conversations(run_here)[0]["updated"])
    assert f"{updated[:10]} {updated[11:16]}Z" in line, "it says that this is UTC"


def test_an_empty_list_is_empty(run_here: Run) -> None:
    assert (run_here("list").out, conversations(run_here)) == ("", [])


def test_an_export_has_prompt_and_reply(run_here: Run) -> None:
    run_here("ask", "-m", "reasoning", "Say hello")
    id = str(conversations(run_here)[0]["id"])

    markdown = run_here("export", id).out
    exported = json.loads(run_here("export", id, "--format", "json").out)

    assert "Say hello" in markdown and HELLO_TEXT in markdown
    assert exported["streamtui"] == 1 and exported["conversation"]["id"] == id
    asked, answered = exported["messages"]
    assert set(answered) == {
        "id", "parent", "role", "model", "status", "finish_reason", "error", "text", "reasoning", "created", "usage",
        "metrics",
    }  # fmt: skip
    assert (asked["role"], asked["text"], asked["parent"]) == ("user", "Say hello", None)
    assert (answered["parent"], answered["text"]) == (asked["id"], HELLO_TEXT)
    assert answered["reasoning"] == "Let me see."


def test_an_export_says_that_there_are_other_branches_and_can_have_them(run_here: Run) -> None:
    run_here("ask", "-m", "ok", "-m", "markdown", "Say hello")
    id = str(conversations(run_here)[0]["id"])

    in_view, whole = run_here("export", id).out, run_here("export", id, "--all-branches").out

    assert "branch 1 of 2" in in_view and HELLO_TEXT in in_view and "A heading" not in in_view
    assert HELLO_TEXT in whole and "A heading" in whole


def test_an_export_goes_into_a_file(run_here: Run, command: Command) -> None:
    run_here("ask", "-m", "ok", "hi")
    id = str(conversations(run_here)[0]["id"])

    assert run_here("export", id[:-1], "-o", "talk.md").out == ""
    assert HELLO_TEXT in (command.working / "talk.md").read_text()


def test_a_deleted_conversation_is_gone_from_the_list_and_from_disk(run_here: Run, command: Command) -> None:
    run_here("ask", "-m", "ok", "A secret plan")
    id = str(conversations(run_here)[0]["id"])

    assert run_here("delete", id).code == 0
    assert conversations(run_here) == []
    for path in command.data.rglob("*"):
        assert not path.is_file() or b"A secret plan" not in path.read_bytes(), path


def test_the_list_is_aligned_limited_and_has_a_header_on_a_terminal(run_here: Run, command: Command) -> None:
    for model, prompt in (("ok", "First"), ("markdown", "Second"), ("ok", "Third")):
        run_here("ask", "-m", model, prompt)

    lines = run_here("list").out.splitlines()
    assert [line.split()[-1] for line in lines] == ["Third", "Second", "First"]
    assert len({line.index(line.split()[-1]) for line in lines}) == 1, "titles stand below each other"
    assert [line.split()[-1] for line in run_here("list", "--limit", "2").out.splitlines()] == ["Third", "Second"]
    assert len(json.loads(run_here("list", "--limit", "1", "--json").out)) == 1

    shown = on_a_terminal(command, "list", "--limit", "1").splitlines()
    assert shown[0].split() == ["ID", "UPDATED", "MESSAGES", "STATUS", "MODEL", "TITLE"]
    assert shown[0].index("TITLE") == shown[1].index("Third")


def test_what_is_searched_for_is_listed_with_where_it_stands(run_here: Run) -> None:
    run_here("ask", "-m", "ok", "Where do penguins live?")
    run_here("ask", "-m", "ok", "Something else")

    (hit, *_) = json.loads(run_here("list", "--search", "penguins", "--json").out)
    assert hit["title"] == "Where do penguins live?" and "penguins" in hit["snippet"]
    assert set(hit) >= {"id", "title", "model", "messages", "status", "created", "updated", "message", "snippet"}
    assert "penguins" in run_here("list", "--search", "penguins").out
    assert "Something else" not in run_here("list", "--search", "penguins").out
    assert (run_here("list", "--search", "walrus").out, run_here("list", "--search", "walrus", "--json").out) == (
        "",
        "[]\n",
    )


def test_the_last_reply_is_shown_as_it_was_written(run_here: Run) -> None:
    first = run_here("ask", "-m", "markdown", "One").out
    id = str(conversations(run_here)[0]["id"])
    run_here("ask", "-m", "ok", "Another")

    assert run_here("show").out == HELLO_TEXT + "\n"
    assert run_here("show", id).out == first
    assert run_here("show", "Another").out == run_here("show", "last").out


def test_showing_where_no_reply_has_text_is_one_line(run_here: Run) -> None:
    assert (run_here("show").code, run_here("show").out) == (2, "")
    run_here("ask", "-m", "401", "Nothing comes")

    result = run_here("show")

    assert (result.code, result.out, len(result.lines)) == (1, "", 1)
    assert "“Nothing comes”" in result.err


def test_a_conversation_gets_another_title(run_here: Run) -> None:
    run_here("ask", "-m", "ok", "First")

    assert run_here("rename", "first", "A better\x1b[2J title").code == 0
    assert run_here("rename", "last", " ").code == 2
    (summary,) = conversations(run_here)
    assert str(summary["title"]).startswith("A better") and "\x1b" not in str(summary["title"])


@pytest.mark.parametrize("command_words", [("export",), ("show",), ("rename",), ("ask", "-m", "ok", "--resume")])
def test_an_id_is_its_beginning_its_end_last_or_its_title(run_here: Run, command_words: tuple[str, ...]) -> None:
    run_here("ask", "-m", "ok", "--title", "A title", "hi")
    id = str(conversations(run_here)[0]["id"])
    more = {"rename": ["A title"], "ask": ["again"]}.get(command_words[0], [])

    for reference in (id, id[:7], id[-4:], "last", "A title"):
        assert run_here(*command_words, reference, *more).code == 0, reference
    assert run_here(*command_words, "nowhere", *more).code == 2


def test_a_backup_is_a_store(run_here: Run, command: Command) -> None:
    run_here("ask", "-m", "ok", "Keep me")
    copy = command.folder / "copy"
    copy.mkdir()

    assert run_here("backup", str(copy / "streamtui.db")).code == 0
    run_here("delete", "last")

    assert "Keep me" in run_here("list", "--data-dir", str(copy)).out


def test_a_backup_that_cannot_be_written_is_one_line(run_here: Run) -> None:
    run_here("ask", "-m", "ok", "hi")

    result = run_here("backup", "/nowhere/at/all.db")

    assert (result.code, result.out, len(result.lines)) == (1, "", 1)


def test_a_check_says_that_all_is_well_or_what_is_not(run_here: Run, command: Command) -> None:
    run_here("ask", "-m", "ok", "hi")

    result = run_here("check")

    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("1 conversation, 2 messages, ") and result.out.endswith("all is well\n")


@pytest.mark.parametrize("words", [("export", "zzz"), ("delete", "zzz"), ("export", "\x1b[2J")])
def test_a_conversation_that_is_not_there_is_one_line(run_here: Run, words: tuple[str, ...]) -> None:
    result = run_here(*words)

    assert result.code in (1, 2) and result.out == ""
    assert len(result.lines) == 1 and "\x1b" not in result.err


def test_the_models_are_listed_for_people_and_programs(run_here: Run) -> None:
    names = run_here("models").out.splitlines()

    assert "ok" in names and "markdown" in names
    assert json.loads(run_here("models", "--json").out) == names


def test_with_nothing_configured_the_demos_models_are_listed(bare: Command) -> None:
    result = bare.run("models")

    assert result.code == 0 and "demo" in result.out.splitlines()


def test_models_of_an_endpoint_that_is_not_there_is_one_line(run_here: Run, closed_port: int) -> None:
    result = run_here("models", "--base-url", f"http://127.0.0.1:{closed_port}/v1")

    assert (result.code, result.out, len(result.lines)) == (1, "", 1)


def test_models_says_which_endpoint_is_missing_from_the_list(run_here: Run, command: Command, closed_port: int) -> None:
    command.environment |= {"ANTHROPIC_BASE_URL": f"http://127.0.0.1:{closed_port}", "ANTHROPIC_API_KEY": KEY}

    result = run_here("models")

    assert result.code == 0 and "ok" in result.out.splitlines()
    assert len(result.lines) == 1 and f"Nobody listens at 127.0.0.1:{closed_port}" in result.err

    command.environment["ANTHROPIC_BASE_URL"] = "http://10.0.0.1"
    assert "--insecure-http" in run_here("models").err


def test_the_data_folder_can_be_elsewhere_and_is_the_users_alone(run_here: Run, command: Command) -> None:
    elsewhere = command.folder / "elsewhere"

    run_here("ask", "--data-dir", str(elsewhere), "-m", "ok", "hi")

    assert not command.data.exists()
    assert elsewhere.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o077 == 0 for path in elsewhere.rglob("*"))


def test_a_log_has_no_key(command: Command) -> None:
    command.run("ask", "--log", "log.txt", "-m", "401", "hi")

    assert "sk-test" not in (command.working / "log.txt").read_text()


@pytest.mark.parametrize("words", [("list",), ("models",), ("stats",), ("export", "x"), ("delete", "x"), ("ask", "hi")])
def test_a_file_that_others_can_read_is_warned_about_once(
    run_here: Run, command: Command, words: tuple[str, ...]
) -> None:
    (command.working / ".env").write_text("OPENAI_API_KEY=sk-other-0123456789\nCHAT_MODEL=ok\n")
    (command.working / ".env").chmod(0o644)

    assert run_here(*words).err.count("chmod 600") == 1


@pytest.mark.parametrize("words", [("ask", "-m", "ok", "hi"), ("ask", "-m", "ok", "-m", "think", "hi"), ("list",)])
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_data_folder_that_cannot_be_used_is_said_once(
    run_here: Run, command: Command, words: tuple[str, ...], what: str
) -> None:
    if what == "file":
        command.data.write_text("in the way")
    else:
        (command.data / "streamtui.db").mkdir(parents=True)

    result = run_here(*words)

    assert result.code == 0
    assert len([line for line in result.lines if "saved" in line]) == 1


def test_a_folder_whose_name_is_no_text_is_a_folder(command: Command) -> None:
    folder = os.fsdecode(bytes(command.folder / "na") + b"\xff")

    assert command.run("ask", "--data-dir", folder, "-m", "ok", "hi").code == 0
    listed = command.run("list", "--data-dir", folder)

    assert (listed.code, listed.err) == (0, "") and listed.out.count("\n") == 1


def test_a_working_folder_that_is_gone_is_one_line(command: Command) -> None:
    result = ended(command.start("list", "--data-dir", "here", shell_prefix='rmdir "$PWD"'))

    assert (result.code, result.out, len(result.lines)) == (2, "", 1)
    assert "--data-dir" in result.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux")
def test_only_what_goes_to_stdout_is_the_output(
    command: Command, run_here: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Path("/dev/full").open("wb") as full:
        result = ended(command.start("models", stdout=full.fileno()))
    assert (result.code, result.lines) == (1, ["streamtui: The output can't be written: No space left on device."])

    def refuse(*_: object) -> int:
        raise OSError(24, "Too many open files", "/some/file")

    monkeypatch.setattr(dispatch, "_run", refuse)
    result = run_here("list")
    assert (result.code, result.lines) == (1, ["streamtui: /some/file: Too many open files."])


def test_stats_as_json_of_saved_replies(command: Command, run_here: Run) -> None:
    command.configure('[prices."ok"]\ninput = 1.0\noutput = 2.0\n')
    for model in ("ok", "ok", "drop-after-5"):
        run_here("ask", "-m", model, "Say hello")

    outcome = run_here("stats", "--json")

    ok, dropped = json.loads(outcome.out)
    assert (outcome.code, outcome.err) == (0, "")
    assert (ok["model"], ok["replies"], ok["complete"]) == ("ok", 2, 2)
    assert set(ok) == {
        "model", "replies", "complete", "ttft_s", "tokens_per_s", "input_tokens", "output_tokens", "cost",
        "estimated",
    }  # fmt: skip
    assert 0 <= ok["ttft_s"]["p50"] <= ok["ttft_s"]["p95"]
    assert ok["cost"] == pytest.approx((ok["input_tokens"] + 2 * ok["output_tokens"]) / 1_000_000)
    assert (dropped["model"], dropped["replies"], dropped["complete"], dropped["cost"]) == ("drop-after-5", 1, 0, None)
    assert (ok["estimated"], dropped["estimated"]) == (False, True)
    assert dropped["output_tokens"] > 0


def test_stats_for_people_and_without_replies(run_here: Run) -> None:
    assert run_here("stats").out == "No replies are saved yet.\n"
    assert json.loads(run_here("stats", "--json").out) == []
    run_here("ask", "-m", "ok", "Say hello")
    assert run_here("stats").out.startswith("ok: 1 reply, 1 complete\n  first token   p50 ")


def test_a_command_that_reads_says_nothing_about_saving(command: Command) -> None:
    """While another process holds the database, nothing can be written."""
    assert command.run("ask", "-m", "ok", "Kept").code == 0
    lock = foreign_lock(command.data)

    outcomes = {words: command.run(*words) for words in (("list",), ("show", "last"), ("export", "last"), ("stats",))}
    renamed = command.run("rename", "last", "Another title")

    lock.release()
    for outcome in outcomes.values():
        assert (outcome.code, outcome.err) == (0, "")
    assert "Kept" in outcomes["list",].out
    assert renamed.code == 1
    assert "another program holds" in renamed.err
