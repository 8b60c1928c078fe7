"""Every place on disk, by the platform's custom."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import platformdirs

from streamtui.chat.errors import ConfigError
from streamtui.chat.sanitize import sanitize_line

APP: Final = "streamtui"
_NOWHERE: Final = Path(os.devnull, APP)
"""A folder in which nothing can be."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Where data and settings are kept."""

    data_folder: Path | None
    """`None` where no folder can be named, as for a user without a home."""
    config: Path

    @property
    def data(self) -> Path:
        """The folder of all that is saved. Raises `ConfigError` where there is none."""
        if self.data_folder is None:
            raise ConfigError("There is no home folder to keep conversations in: set HOME, or use --data-dir.")
        return self.data_folder

    @property
    def settings(self) -> Path:
        return self.config / "config.toml"

    @property
    def env(self) -> Path:
        return self.config / ".env"

    @property
    def reports(self) -> Path:
        """The folder of crash reports."""
        if self.data_folder is not None:
            return self.data_folder / "reports"
        import tempfile

        return Path(tempfile.gettempdir())


def paths(data_dir: str | None = None) -> Paths:
    """Return the places on disk; `data_dir` moves the data. Raises `ConfigError`."""
    data = expanded(data_dir) if data_dir else _named(platformdirs.user_data_dir)
    return Paths(None if data is None else _absolute(data), _named(platformdirs.user_config_dir) or _NOWHERE)


def _named(folder: Callable[..., str]) -> Path | None:
    """Return a folder of the platform's custom, `None` where that is in a home that nobody knows."""
    try:
        return Path(folder(APP, appauthor=False))
    except RuntimeError:
        return None


def _absolute(data: Path) -> Path:
    try:
        return data.absolute()
    except OSError as error:
        raise ConfigError(
            f"{sanitize_line(str(data))} is relative, and the working folder is gone ({error.strerror}): "
            "--data-dir takes a whole path too."
        ) from None


def expanded(name: str) -> Path:
    """Return the path with `~` replaced; as a shell does, one whose user is unknown is taken literally."""
    try:
        return Path(name).expanduser()
    except RuntimeError:
        return Path(name)
