"""Every place on disk, by the platform's custom."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import platformdirs

from streamtui.chat.errors import ConfigError
from streamtui.chat.sanitize import sanitize_line

APP: Final = "streamtui"


@dataclass(frozen=True, slots=True)
class Paths:
    """Where data and settings are kept."""

    data: Path
    config: Path

    @property
    def settings(self) -> Path:
        return self.config / "config.toml"

    @property
    def env(self) -> Path:
        return self.config / ".env"

    @property
    def reports(self) -> Path:
        return self.data / "reports"


def paths(data_dir: str | None = None) -> Paths:
    """Return the places on disk; `data_dir` moves the data. Raises `ConfigError`."""
    data = expanded(data_dir) if data_dir else Path(platformdirs.user_data_dir(APP, appauthor=False))
    try:
        data = data.absolute()
    except OSError as error:
        raise ConfigError(
            f"{sanitize_line(str(data))} is relative, and the working folder is gone ({error.strerror}): "
            "--data-dir takes a whole path too."
        ) from None
    return Paths(data, Path(platformdirs.user_config_dir(APP, appauthor=False)))


def expanded(name: str) -> Path:
    """Return the path with `~` replaced; as a shell does, one whose user is unknown is taken literally."""
    try:
        return Path(name).expanduser()
    except RuntimeError:
        return Path(name)
