"""A config folder and a working directory of the test's own, and settings read from them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from streamtui.chat.ports import InMemoryQuirks
from streamtui.settings.config import Config
from streamtui.settings.models import SettingsCatalog
from streamtui.settings.paths import Paths
from tests.server.fixtures import closed_port, scripted_server, server

__all__ = ["closed_port", "scripted_server", "server"]


@dataclass
class Sources:
    """Where values come from: fill in what the test is about."""

    paths: Paths
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    options: dict[str, object] = field(default_factory=dict)
    env_file: str | None = None
    quirks: InMemoryQuirks = field(default_factory=InMemoryQuirks)

    def dot_env(self, text: str) -> None:
        write_private(self.folder / ".env", text)

    def config_env(self, text: str) -> None:
        write_private(self.paths.env, text)

    def toml(self, text: str) -> None:
        self.paths.settings.write_text(text, encoding="utf-8")

    def named_file(self, text: str) -> None:
        write_private(self.folder / "named", text)
        self.env_file = str(self.folder / "named")

    def read(self) -> Config:
        return Config.read(
            self.paths, self.environment, env_file=self.env_file, options=self.options, folder=self.folder
        )

    def catalog(self, *, demo: bool = False, insecure_http: bool = False) -> SettingsCatalog:
        return SettingsCatalog(self.read(), self.quirks, demo=demo, insecure_http=insecure_http)


def write_private(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    (tmp_path / "config").mkdir()
    (tmp_path / "project").mkdir()
    return Sources(Paths(tmp_path / "data", tmp_path / "config"), tmp_path / "project")


Say = Callable[[Sources, str], None]


def _in_environment(sources: Sources, line: str) -> None:
    name, _, value = line.partition("=")
    sources.environment[name] = value


def _as_option(sources: Sources, line: str) -> None:
    name, _, value = line.partition("=")
    sources.options[{"OPENAI_BASE_URL": "base_url", "CHAT_MODEL": "model"}[name]] = value


PLACES: dict[str, Say] = {
    "option": _as_option,
    "environment": _in_environment,
    "config folder": Sources.config_env,
    "--env-file": Sources.named_file,
    "./.env": Sources.dot_env,
}
"""How to say a `NAME=value` in each place, the strongest first."""
