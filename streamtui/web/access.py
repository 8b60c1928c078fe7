"""The token: made once, kept for the user alone, or chosen by the user."""

import secrets
import stat
from pathlib import Path
from typing import Final

from streamtui.chat.errors import ConfigError
from streamtui.system.atomic import write_atomically
from streamtui.system.private import is_private, private_folder

_TOKEN_BYTES: Final = 32
_SHORTEST_TOKEN: Final = 16


def load_token(folder: Path, chosen: str | None) -> str:
    """Return the chosen token, or the one kept in the folder, which is made on first use.

    Raises `ConfigError` for a chosen one that is too short to be a secret, or when the folder can't be used.
    """
    if chosen is not None:
        if len(chosen) < _SHORTEST_TOKEN or not chosen.isascii() or not chosen.isprintable() or " " in chosen:
            raise ConfigError(f"The token must be {_SHORTEST_TOKEN} or more ASCII characters without spaces.")
        return chosen
    path = folder / "token"
    try:
        private_folder(folder)
        return _read_token(path) or _write_token(path)
    except OSError as error:
        raise ConfigError(f"The token can't be kept in {folder}: {error.strerror}.") from None


def _read_token(path: Path) -> str | None:
    """Return the kept token; `None` for none, and for one that somebody else may have read."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode) or not is_private(path):
        return None
    token = path.read_text("ascii", "replace").strip()
    return token if len(token) >= _SHORTEST_TOKEN and token.isascii() else None


def _write_token(path: Path) -> str:
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    write_atomically(path, token.encode("ascii"))
    return token
