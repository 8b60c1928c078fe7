"""A setting is one field: in a scratch copy of the package it is read, checked, and in the table of the README."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.hygiene.source import PACKAGE, ROOT

FIELD = '    loudness: int = setting("how loud the bell is", 3, between(0, 9))\n'
SCRIPT = """
import pathlib, sys
from streamtui.chat.errors import ConfigError
from streamtui.settings.config import Config, help_of
from streamtui.settings.paths import Paths
from tests.docs.settings_table import table

folder = pathlib.Path(sys.argv[1])
for text in ("", "loudness = 7", "loudness = 10", "loudness = 'very'"):
    (folder / "config.toml").write_text(text)
    try:
        print(Config.read(Paths(folder, folder), {}, folder=folder).settings.loudness)
    except ConfigError as error:
        print(str(error).partition(": ")[2])
print(help_of("loudness"))
print([row for row in table().splitlines() if "loudness" in row])
"""


def test_a_field_is_read_checked_and_described(tmp_path: Path) -> None:
    shutil.copytree(PACKAGE, tmp_path / "streamtui")
    config = tmp_path / "streamtui" / "settings" / "config.py"
    before = "    upstream_streams: int = setting("
    text = config.read_text(encoding="utf-8")
    assert text.count(before) == 1
    config.write_text(text.replace(before, FIELD + before), encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        env={"PYTHONPATH": f"{tmp_path}:{ROOT}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines() == [
        "3",
        "7",
        "`loudness` is a number from 0 to 9, not 10.",
        "`loudness` must be a whole number, not 'very'.",
        "how loud the bell is",
        "['| `loudness` | how loud the bell is | `3` |']",
    ]
