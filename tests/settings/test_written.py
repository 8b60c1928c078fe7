"""Additions to settings files leave all else as it is."""

import os
import tomllib
from io import StringIO
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from streamtui.chat.errors import ConfigError
from streamtui.settings.written import rewrite, with_table, with_variable

KEYS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)
LINES = st.lists(
    st.sampled_from(
        ["# a note", "OTHER=1", "export QUOTED='a b'", "", "  ", 'MULTI="a\nb"', "A_KEY=old", "A_KEY='o' # c"]
    )
)


@given(LINES, KEYS, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_a_variable_is_read_back_and_all_else_is_kept(lines: list[str], key: str, newline: str, ends: bool) -> None:
    text = newline.join(lines) + (newline if ends and lines else "")

    written = with_variable(text, "A_KEY", key)

    before, after = (dict(dotenv_values(stream=StringIO(t), interpolate=False)) for t in (text, written))
    assert after["A_KEY"] == key
    assert {**before, "A_KEY": ""} == {**after, "A_KEY": ""}
    for line in lines:
        assert "A_KEY" in line or line in written
    assert with_variable(written, "A_KEY", key) == written


@pytest.mark.parametrize("text", ["", "# mine\n", "\ufeff# mine\nA_KEY=1\n", "A_KEY=1", "A_KEY=1\nB=2\r\n"])
def test_what_stands_around_a_variable_stays_byte_for_byte(text: str) -> None:
    written = with_variable(text, "A_KEY", "new")

    assert written.replace("A_KEY='new'", "A_KEY=1") in (text, f"{text}A_KEY=1\n")


@pytest.mark.parametrize("text", ["", 'model = "x"', '# é\r\nmodel = "x"\r\n', "[prices.m]\ninput = 1\n"])
def test_a_table_comes_behind_what_is_there(text: str) -> None:
    written = with_table(text, "endpoints.new", {"base_url": 'http://x/"v1"', "keyring": True})

    assert written.startswith(text)
    read = tomllib.loads(written)
    assert read.pop("endpoints") == {"new": {"base_url": 'http://x/"v1"', "keyring": True}}
    assert read == tomllib.loads(text)


def test_a_link_stays_one_and_a_secret_file_is_for_its_owner(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "env"
    real.parent.mkdir()
    real.write_text("# mine\n")
    real.chmod(0o644)
    link = tmp_path / ".env"
    link.symlink_to(real)

    take_back = rewrite(link, lambda text: with_variable(text, "A_KEY", "k"), is_secret=True)

    assert link.is_symlink()
    assert real.read_text() == "# mine\nA_KEY='k'\n"
    assert real.stat().st_mode & 0o777 == 0o600
    take_back()
    assert real.read_text() == "# mine\n"


def test_a_new_file_goes_when_it_is_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.toml"

    rewrite(path, lambda text: text + "x")()

    assert not path.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_closed_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ConfigError, match="can't be written"):
        rewrite(tmp_path / "x", lambda text: text)


def test_what_is_no_text_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(ConfigError, match="not UTF-8"):
        rewrite(path, lambda text: text + "x")

    assert path.read_bytes() == b"\xff\xfe"
