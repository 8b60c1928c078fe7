"""Files that commands write, where the user says."""

import os
from pathlib import Path

from streamtui.chat.errors import StreamtuiError
from streamtui.chat.sanitize import sanitize_line


def expanded(name: str) -> Path:
    """Return the path that a name means; the tilde of an unknown user is taken as it is."""
    return Path(os.path.expanduser(name))  # noqa: PTH111 - which raises for an unknown user


def free_name(title: str, ending: str = "md") -> Path:
    """Return a file name made of a title that no file in this folder has yet: no separators, no dots in front."""
    kept = "".join(c if c.isalnum() or c in " -_" else " " for c in title)
    stem = "-".join(kept.split())[:60] or "conversation"
    path, number = Path(f"{stem}.{ending}"), 2
    while path.exists():
        path, number = Path(f"{stem}-{number}.{ending}"), number + 1
    return path


def replace_file(path: Path, text: str) -> None:
    """Write a file that is there anew. Raises `StreamtuiError` where it can't be written."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StreamtuiError(f"{sanitize_line(str(path))} can't be written: {error.strerror}.") from None


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet. Raises `StreamtuiError` where it is, or can't be written."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise StreamtuiError(f"{sanitize_line(str(path))} exists: name another file.") from None
    except OSError as error:
        raise StreamtuiError(f"{sanitize_line(str(path))} can't be written: {error.strerror}.") from None
