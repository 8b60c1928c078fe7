"""What the documents say is what happens."""

import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from streamtui.cli import completion, exit_codes
from tests.cli.conftest import Command, Run, command, run_here, scripted_server, server
from tests.docs import fault_table, key_table, man_page, picture, settings_table
from tests.server import ScriptedServer

__all__ = ["command", "run_here", "scripted_server", "server"]

README = Path(__file__).parents[2] / "README.md"
SERVED = "127.0.0.1:8001"
"""Where the README has the scripted server listen."""
ROWS = re.findall(rf"`streamtui (ask [^`]*{SERVED}[^`]*)`", README.read_text(encoding="utf-8"))
LIBRARY = README.parent / "streamtui" / "docs" / "library.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", LIBRARY.read_text(encoding="utf-8"), re.DOTALL)


async def test_the_table_of_faults_is_what_happens() -> None:
    page = fault_table.PAGE.read_text(encoding="utf-8")
    assert page == fault_table.embed(page, await fault_table.table()), "run: python -m tests.docs.fault_table"


def test_the_table_of_settings_is_true() -> None:
    page = settings_table.PAGE.read_text(encoding="utf-8")
    assert page == settings_table.embed(page), "run: python -m tests.docs.settings_table"


async def test_the_picture_shows_the_app_as_it_is() -> None:
    assert picture.PICTURE.read_text(encoding="utf-8") == await picture.take(), "run: python -m tests.docs.picture"


@pytest.mark.parametrize("page", key_table.PAGES, ids=lambda page: page.name)
def test_the_table_of_keys_is_that_of_the_app(page: Path) -> None:
    assert key_table.embed(page) == page.read_text(encoding="utf-8"), "run: python -m tests.docs.key_table"


def test_the_manual_page_is_that_of_the_command_line() -> None:
    assert man_page.manual() == man_page.PAGE.read_text(encoding="utf-8"), "run: python -m tests.docs.man_page"


@pytest.mark.parametrize("shell", man_page.SCRIPTS)
def test_the_completion_scripts_are_those_of_the_command_line(shell: str) -> None:
    script = man_page.SCRIPTS[shell].read_text(encoding="utf-8")
    assert completion.script(shell) == script, "run: python -m tests.docs.man_page"


def test_the_manual_page_has_no_mistake_that_man_finds() -> None:
    if shutil.which("man") is None:
        pytest.skip("man is not installed here")
    words = ["man", "--warnings", "--local-file", "--encoding=utf8", str(man_page.PAGE)]
    shown = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    assert shown.stderr == ""
    assert "streamtui export [OPTION]... ID" in shown.stdout


@pytest.mark.parametrize("place", ["README", "--help"])
def test_every_exit_code_is_told(place: str) -> None:
    said = README.read_text(encoding="utf-8") if place == "README" else _help()
    paragraph = " ".join(said.partition("Exit codes: ")[2].partition("\n\n")[0].split())

    for code in (exit_codes.DONE, exit_codes.FAILED, exit_codes.USAGE, exit_codes.CRASHED, 128 + signal.SIGINT):
        assert re.search(rf"\b{code} [a-z]", paragraph), code
    assert "128+n" in paragraph.lower()


def _help() -> str:
    done = subprocess.run([sys.executable, "-m", "streamtui", "--help"], capture_output=True, text=True, timeout=60)
    return done.stdout


def test_the_readme_has_a_row_for_each_thing_that_needs_the_scripted_server() -> None:
    assert len(ROWS) == 3
    assert "python -m tests.server --port 8001 --forever" in README.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("model", "code", "out", "err"),
    [
        ("503", 1, "", "retrying"),
        ("eof-after-9", 1, "w0 w1 w2 w3 w4 w5 w6 w7 w8 \n", "ended before the reply was finished"),
        ("anthropic:reasoning", 0, "Hello, world!\n", "Let me see."),
    ],
)
def test_the_readmes_rows_show_what_they_are_about(
    run_here: Run, command: Command, server: ScriptedServer, model: str, code: int, out: str, err: str
) -> None:
    (row,) = (row for row in ROWS if f"-m {model} " in row)
    command.configure("retries = 1")
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY"):
        del command.environment[name]

    result = run_here(*row.replace(SERVED, server.host).split())

    assert (result.code, result.out) == (code, out)
    assert err in result.err


def test_the_page_about_the_library_has_its_examples() -> None:
    assert len(EXAMPLES) == 3


@pytest.mark.parametrize("example", EXAMPLES, ids=["iterating", "callbacks", "saved"])
def test_its_examples_run(example: str, tmp_path: Path) -> None:
    script = tmp_path / "example.py"
    script.write_text(example, encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "demo" in done.stdout.lower()
    assert "complete" in done.stdout
