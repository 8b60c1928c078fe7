"""`streamtui import` and `export --format html`, as people and scripts run them."""

import json
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from tests.cli.conftest import Command, Run
from tests.patience import PATIENCE_S
from tests.workspace.imports.samples import FILES, as_json, claude


def test_files_come_in_with_a_line_each_and_can_be_read_at_once(run_here: Run, tmp_path: Path) -> None:
    names = [str(FILES[name](tmp_path)) for name in ("chatgpt zip", "llm")]
    first = run_here("import", *names)
    assert (first.code, first.err) == (0, "")
    assert first.out == "export: 1 conversation imported\nlogs.json: 2 conversations imported\n"
    assert len(json.loads(run_here("list", "--json").out)) == 3
    again = run_here("import", names[0])
    assert (again.code, again.out) == (0, "0 conversations imported, 1 already here\n")
    page = run_here("export", "Ways", "--format", "html")
    assert page.code == 0 and page.out.startswith("<!DOCTYPE html>") and "Done." in page.out


def test_what_cant_be_read_is_one_line_and_1_and_the_other_files_come_in(run_here: Run, tmp_path: Path) -> None:
    good = str(FILES["claude"](tmp_path))
    outcome = run_here("import", "missing.json", good, str(as_json(tmp_path / "odd", [claude(uuid="2"), 7])))
    assert outcome.code == 1
    assert outcome.lines == ["streamtui: missing.json is not there."]
    assert outcome.out.splitlines()[1] == "odd: 1 conversation imported, 1 left out (It is no conversation of Claude)"


def test_nothing_to_import_is_a_usage_error(run_here: Run) -> None:
    assert run_here("import").code == 2


def test_ctrl_c_ends_an_import_between_two_conversations(command: Command, tmp_path: Path) -> None:
    path = as_json(tmp_path / "many", [claude(uuid=str(number), name=f"n{number}") for number in range(800)])
    process = command.start("import", str(path), stdout=subprocess.PIPE)
    log = command.data / "streamtui.db-wal"
    while (not log.exists() or log.stat().st_size < 400_000) and process.poll() is None:  # some of them are in it
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.005)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert b"interrupted: " in err and b"goes on from there" in err and err.count(b"\n") == 1
    summaries = json.loads(command.run("list", "--json").out)
    assert all(summary["messages"] == 2 for summary in summaries)
    assert command.run("import", str(path)).code == 0
    assert len(json.loads(command.run("list", "--json").out)) == 800
