"""Settings that the user chose in the app, kept for the next start."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from streamtui.settings.config import Settings
from streamtui.system.atomic import write_atomically
from streamtui.system.private import private_folder

KEPT: Final = ("theme", "pace", "sidebar")
"""The settings that can be chosen in the app."""
_VALUE, _INSTEAD_OF = "value", "instead_of"
_LARGEST: Final = 64 * 1024


class AppChoices:
    """What was chosen in the app goes before `config.toml`, until that says something else than it did then.

    A file that can't be read counts as none; what can't be written is forgotten at the end.
    """

    def __init__(self, path: Path | None, settings: Settings) -> None:
        """`path` is the file; `None` where nothing can be kept."""
        self._path = path
        self._settings = settings
        self._chosen = _read(path) if path is not None else {}

    def get(self, name: str) -> str:
        """Return what holds for one of the settings in `KEPT`."""
        configured = str(getattr(self._settings, name))
        choice = self._chosen.get(name, {})
        return choice[_VALUE] if choice.get(_INSTEAD_OF) == configured and _VALUE in choice else configured

    def remember(self, name: str, value: str) -> None:
        """Keep what was chosen for one of the settings in `KEPT`."""
        if name not in KEPT:
            raise ValueError(f"{name} is no choice of the app")
        self._chosen[name] = {_VALUE: value, _INSTEAD_OF: str(getattr(self._settings, name))}
        if self._path is None:
            return
        with suppress(OSError):
            private_folder(self._path.parent)
            write_atomically(self._path, json.dumps(self._chosen, ensure_ascii=False, indent=1).encode())


def _read(path: Path) -> dict[str, dict[str, str]]:
    try:
        with path.open("rb") as file:
            choices = json.loads(file.read(_LARGEST))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(choices, dict):
        return {}
    return {name: _texts(choice) for name, choice in choices.items() if name in KEPT and isinstance(choice, dict)}


def _texts(choice: Mapping[object, object]) -> dict[str, str]:
    return {str(key): value for key, value in choice.items() if isinstance(value, str)}
