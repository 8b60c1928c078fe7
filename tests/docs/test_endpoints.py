"""The examples in docs/endpoints.md can be read."""

import re
from pathlib import Path

import pytest

from streamtui.chat.ports import InMemoryQuirks
from streamtui.settings.config import Config
from streamtui.settings.endpoints import WELL_KNOWN
from streamtui.settings.models import SettingsCatalog
from streamtui.settings.paths import Paths

PAGE = Path(__file__).parents[2] / "streamtui" / "docs" / "endpoints.md"
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_describes_an_endpoint_that_can_be_asked(example: str, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(example, encoding="utf-8")
    config = Config.read(Paths(tmp_path, tmp_path), {}, folder=tmp_path)
    (name,) = re.findall(r"\[endpoints\.(\w+)\]", example)

    model = SettingsCatalog(config, InMemoryQuirks()).model(f"{name}:m")

    assert model.provider.name == name
    assert model.provider.host in example


def test_every_well_known_endpoint_is_listed() -> None:
    rows = re.findall(r"\| `(\w+_API_KEY)` \| `(\w+):` \|", PAGE.read_text(encoding="utf-8"))

    assert rows == [(endpoint.key_variable, name) for name, endpoint in WELL_KNOWN.items()]
