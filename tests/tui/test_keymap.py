"""One row is all it takes to add a key or a command."""

import shutil
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import pytest
from textual.binding import Binding

from streamtui.tui import keybindings
from streamtui.tui.key import Key, Moment, Place
from streamtui.tui.keybindings import DEFAULT, Keybindings
from streamtui.tui.keymap import KEYS
from tests.hygiene.source import ROOT
from tests.tui.conftest import opened

SHOWN_EVERYWHERE = """
import asyncio
from pathlib import Path

import pytest
from textual.binding import Binding
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
from streamtui.tui.keybindings import DEFAULT
assert "| `F9` | say hello in return | `hello` |" in DEFAULT.markdown_table()
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
        assert DEFAULT.footer(moment)[-1] == "f1 help"


def test_ids_name_one_row_each() -> None:
    ids = [row.id for row in KEYS]
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


# -- [keys] in the config file


def keys_of(keys: Keybindings, place: Place, action: str) -> list[str]:
    bound = [binding for binding in keys.bindings(place) if isinstance(binding, Binding)]
    return [binding.key for binding in bound if binding.action == action]


@pytest.mark.parametrize("row", [row for row in KEYS if "{digit}" not in row.action], ids=lambda row: row.id)
def test_every_row_can_be_moved_and_unbound(row: Key) -> None:
    keys, problems = keybindings.moved({row.id: ["Ctrl+F12", "alt+F11"]})
    assert problems == []
    assert keys_of(keys, row.place, row.action) == ["ctrl+f12", "alt+f11"]
    assert keys[row.id] == "Ctrl+F12"
    assert any(names == "Ctrl+F12  Alt+F11" for names, _ in keys.sections(tells_enter_apart=True)[row.group])

    unbound, problems = keybindings.moved({row.id: []})
    assert problems == []
    assert keys_of(unbound, row.place, row.action) == ["unbound"]
    assert row.help not in [help for _, help in unbound.sections(tells_enter_apart=True)[row.group]]


@pytest.mark.parametrize("moment", Moment)
def test_the_footer_follows_a_moved_key(moment: Moment) -> None:
    keys, _ = keybindings.moved({"help": ["f12"]})
    assert keys.footer(moment)[-1] == "f12 help"


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        ({"new": ["ctrl+m"]}, "terminals send ctrl+m for Enter"),
        ({"new": ["CTRL+I"]}, "terminals send CTRL+I for Tab"),
        ({"new": ["ctrl+h"]}, "for Backspace"),
        ({"new": ["ctrl+["]}, "for Esc"),
        ({"new": ["n"]}, "n is for typing"),
        ({"new": ["N"]}, "N is for typing"),
        ({"new": ["shift+n"]}, "is for typing"),
        ({"new": ["space"]}, "is for typing"),
        ({"new": ["?"]}, "is for typing"),
        ({"new": ["question_mark"]}, "is for typing"),
        ({"new": ["ctrl+nowhere"]}, "there is no key ctrl+nowhere"),
        ({"new": [""]}, "there is no key"),
        ({"new": ["\x1b[2J"]}, "there is no key"),
        ({"new": ["ctrl+o"]}, "Ctrl+O is taken by open"),
        ({"new": ["enter"]}, "Enter is taken by send"),
        ({"new": ["ctrl+c"]}, "Ctrl+C is taken by interrupt"),
        ({"new": ["f9"], "open": ["f9"]}, "F9 is taken by new"),
        ({"copy_code": ["f9"]}, "carry a number"),
        ({"fly": ["f9"]}, "there is no key of this name"),
    ],
)
def test_what_cannot_be_bound_is_said_and_the_default_stays(wanted: dict[str, list[str]], problem: str) -> None:
    keys, problems = keybindings.moved(wanted)
    assert len(problems) == 1
    assert problem in problems[0]
    assert "\x1b" not in problems[0]
    assert keys["open"] == "Ctrl+O"


def test_two_rows_can_change_places() -> None:
    keys, problems = keybindings.moved({"new": ["ctrl+o"], "open": ["ctrl+n"]})
    assert problems == []
    assert (keys["new"], keys["open"]) == ("Ctrl+O", "Ctrl+N")


def test_one_that_must_stay_takes_its_key_back() -> None:
    keys, problems = keybindings.moved({"new": ["ctrl+o"], "open": ["ctrl+c"]})
    assert len(problems) == 2
    assert (keys["new"], keys["open"]) == ("Ctrl+N", "Ctrl+O")


def test_the_same_key_may_mean_something_else_where_it_is_not_heard_at_the_same_time() -> None:
    _, problems = keybindings.moved({"delete": ["ctrl+n"]})
    assert problems == []


async def test_moved_keys_work_everywhere_and_old_ones_do_nothing(tmp_path: Path) -> None:
    moves = {"help": ["f12"], "redraw": ["f9"], "close": ["f10"], "edit": ["f8"], "undo": []}
    async with opened(tmp_path, {}, demo=True, keys=moves | {"new": ["o"]}) as reader:
        await reader.until("o is for typing; the default stays")
        await reader.press("f1")
        await reader.press("f12")
        await reader.until("What do you want to do?")
        await reader.press("f10")
        await reader.until_gone("What do you want to do?")
        await reader.type("abc")
        await reader.press("ctrl+underscore", "home", "f8")
        await reader.until("There is no prompt to edit yet.")
        assert reader.box == "abc"
        await reader.until("f12 help")
