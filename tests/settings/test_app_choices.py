"""What was chosen in the app is there again at the next start."""

from pathlib import Path

import pytest

from streamtui.settings.app_choices import AppChoices
from streamtui.settings.config import Settings


def test_a_choice_is_there_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "data" / "choices.json"
    AppChoices(path, Settings()).remember("theme", "nord")

    choices = AppChoices(path, Settings())

    assert (choices.get("theme"), choices.get("pace")) == ("nord", "off")
    assert path.stat().st_mode & 0o077 == 0


def test_a_choice_goes_before_what_the_config_said_then_but_not_before_its_later_word(tmp_path: Path) -> None:
    path = tmp_path / "choices.json"
    AppChoices(path, Settings(theme="nord")).remember("theme", "dracula")

    assert AppChoices(path, Settings(theme="nord")).get("theme") == "dracula"
    assert AppChoices(path, Settings(theme="gruvbox")).get("theme") == "gruvbox"


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b'{"theme": 3}', b'{"theme": {"value": 3}}', b"[" * 9999])
def test_a_damaged_file_counts_as_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "choices.json"
    path.write_bytes(content)

    choices = AppChoices(path, Settings())
    assert choices.get("theme") == Settings().theme

    choices.remember("theme", "nord")
    assert AppChoices(path, Settings()).get("theme") == "nord"


def test_where_nothing_can_be_written_a_choice_holds_until_the_end(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (None, tmp_path / "file" / "choices.json"):
        choices = AppChoices(path, Settings())
        choices.remember("pace", "smooth")
        assert choices.get("pace") == "smooth"
