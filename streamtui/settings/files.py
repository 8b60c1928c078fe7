"""Settings files: `.env` files, of which only known names are read, and the text of `config.toml`."""

import os
import re
import stat
from collections.abc import Collection
from io import StringIO
from pathlib import Path
from typing import Final

from streamtui.chat.errors import ConfigError
from streamtui.chat.sanitize import sanitize_line
from streamtui.settings.sources import present

READABLE_BY_OTHERS: Final = "holds a key and others can read it: chmod 600 it."
"""How a warning ends that a front end need not repeat at every start."""
_LARGEST_FILE: Final = 256 * 1024
_LONG_GAP: Final = re.compile(r"[^\S\r\n]{100,}")
"""The parser's time grows with the square of white space within a value, and a `.env` may come from anywhere."""
_UNEXPANDED: Final = re.compile(r"\$\{\w+\}|\$\(|`|^\$\w+$|^%\w+%$")
"""What a shell would replace; nothing is replaced here, so a value with it is none."""


def read_text(path: Path, *, required: bool) -> str | None:
    """Return the text of a regular file, `None` for one that isn't there. Raises `ConfigError`."""
    name = sanitize_line(str(path))
    mode = _mode(path)
    if mode is None:
        if required:
            raise ConfigError(f"{name} does not exist.")
        return None
    if not stat.S_ISREG(mode):
        raise ConfigError(f"{name} is not a regular file.")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{name} can't be read: {error.strerror}.") from None
    if len(data) > _LARGEST_FILE:
        raise ConfigError(f"{name} is too large to be a settings file.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{name} is not UTF-8 text.") from None


def _mode(path: Path) -> int | None:
    """Return the file's type and permissions, `None` where there is none, or its folder is not for us to look into.

    Raises `ConfigError` for what can't be told.
    """
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
    except OSError as error:
        raise ConfigError(f"{sanitize_line(str(path))} can't be read: {error.strerror}.") from None


def read_env(path: Path, names: Collection[str], warnings: list[str], *, required: bool = False) -> dict[str, str]:
    """Return the known names in a `.env` file.

    A file that can't be used is a `ConfigError` where it was asked for by name, else a warning, as is each line that
    seems meant for us and can't be used.
    """
    try:
        text = read_text(path, required=required)
    except ConfigError as error:
        if required:
            raise
        warnings.append(f"{error} It is left out.")
        return {}
    if text is None:
        return {}
    values = present(_parsed(text, sanitize_line(str(path)), names, warnings))
    if any(name.endswith("_KEY") for name in values) and _is_readable_by_others(path):
        warnings.append(f"{sanitize_line(str(path))} {READABLE_BY_OTHERS}")
    return values


def _parsed(text: str, file: str, names: Collection[str], warnings: list[str]) -> dict[str, str | None]:
    from dotenv.parser import parse_stream  # a megabyte and 10 ms that those without such a file are spared

    values: dict[str, str | None] = {}
    for binding in parse_stream(StringIO(_LONG_GAP.sub(" ", text))):
        line = f"{file}: line {binding.original.line}"
        if binding.key is not None and binding.key in names:
            is_unexpanded = binding.value is not None and _UNEXPANDED.search(binding.value)
            is_key = binding.key.endswith("_KEY")
            if is_unexpanded:
                left_out = " It is left out." if is_key else ""
                warnings.append(
                    f"{line}: nothing is replaced in this file, so {binding.key} is no value yet.{left_out}"
                )
            if not (is_unexpanded and is_key):
                values[binding.key] = binding.value
        elif (meant := _meant(binding.original.string, names)) is not None:
            warnings.append(
                f"{line} is not {meant}=value. It is left out."
                if binding.error or binding.key is None
                else f"{line} has {sanitize_line(binding.key, 40)}: the name is {meant}. It is left out."
            )
    return values


def _meant(line: str, names: Collection[str]) -> str | None:
    """Return the name that a line seems to be about, though it doesn't set it."""
    text = line.split("#", 1)[0].upper() if not line.lstrip().startswith("#") else ""
    words = re.findall(r"[A-Z][A-Z0-9_]*", text)
    return next((word for word in words if word in names), None)


def _is_readable_by_others(path: Path) -> bool:
    return os.name == "posix" and bool(path.stat().st_mode & 0o077)
