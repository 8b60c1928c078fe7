"""One row is all it takes to add a key or a command."""

import shutil
import subprocess
import sys
from itertools import groupby
from pathlib import Path

from streamtui.tui import keymap
from streamtui.tui.keymap import KEYS, Moment, Place
from tests.hygiene.source import ROOT

SHOWN_EVERYWHERE = """
import asyncio
from pathlib import Path
from tests.tui.conftest import opened

async def look():
    async with opened(Path("data"), {}, demo=True, size=(110, 140)) as reader:
        assert "f9 hello" in reader.lines[-1], reader.lines[-1]
        await reader.press("f9")
        await reader.until("Hello to you.")
        await reader.press("f1")
        await reader.until("say hello in return")
        assert "F9" in reader.screen
        assert "/hello NAME" in reader.screen
        await reader.press("escape")
        await reader.until_gone("say hello in return")
        await reader.press("ctrl+p")
        await reader.until("/hello NAME")
        await reader.press("escape")
        await reader.until_gone("/hello NAME")
        await reader.type("/he")
        await reader.until("/hello NAME")
        await reader.press("ctrl+u")
        await reader.send("/hello Ada")
        await reader.until("Hello Ada.")

asyncio.run(look())
from streamtui.tui import keymap
assert "| `F9` | say hello in return |" in keymap.markdown_table()
"""


def test_no_key_is_bound_twice_in_one_place() -> None:
    by_place = sorted((row.place.value, key) for row in KEYS for key in row.keys)
    assert [bound for bound, rows in groupby(by_place) if len(list(rows)) > 1] == []


def test_no_key_is_one_that_terminals_send_for_another() -> None:
    assert {key for row in KEYS for key in row.keys}.isdisjoint({"ctrl+m", "ctrl+i", "ctrl+h"})


def test_no_key_is_a_printable_one() -> None:
    assert [key for row in KEYS for key in row.keys if len(key) == 1] == []


def test_every_moment_has_a_footer_that_ends_in_help() -> None:
    for moment in Moment:
        assert keymap.footer(moment)[-1] == "f1 help"


def test_ids_name_one_row_each() -> None:
    for place in Place:
        ids = [row.id for row in KEYS if row.place is place]
        assert len(ids) == len(set(ids))


def test_a_key_and_a_command_are_added_in_one_row_each(tmp_path: Path) -> None:
    for folder in ("streamtui", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    tui = tmp_path / "streamtui" / "tui"
    add_row(
        tui / "keymap.py",
        "KEYS: Final = (\n",
        'Key("hello", ("f9",), "command(\'hello\', \'to you\')", "say hello in return", Group.PROGRAM, Place.CHAT,'
        ' footer={Moment.IDLE: "hello"}),\n',
    )
    add_row(
        tui / "commands.py",
        "COMMANDS: Final = (\n",
        'Command("hello", "say hello", lambda context, name: context.say(f"Hello {name}."), "NAME"),\n',
    )

    done = subprocess.run(
        [sys.executable, "-c", SHOWN_EVERYWHERE], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )

    assert done.returncode == 0, done.stderr


def add_row(path: Path, after: str, row: str) -> None:
    before, found, rest = path.read_text(encoding="utf-8").partition(after)
    assert found
    path.write_text(f"{before}{after}    {row}{rest}", encoding="utf-8")
