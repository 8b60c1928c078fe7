"""Additions to the user's own settings files, which stay as they are byte for byte in all else."""

import json
import os
import re
from collections.abc import Callable, Mapping
from io import StringIO
from pathlib import Path
from typing import Final

from streamtui.chat.errors import ConfigError
from streamtui.chat.sanitize import sanitize_line
from streamtui.system.atomic import write_atomically
from streamtui.system.private import FILE_MODE, private_folder

_BEFORE_NAME: Final = re.compile(r"\s*(?:export\s+)?")
_MARK: Final = "\ufeff"


def rewrite(path: Path, change: Callable[[str], str], *, is_secret: bool = False) -> Callable[[], None]:
    """Put what `change` makes of a file's text in its place, as a whole; a link stays one. A secret file is for its
    owner alone. Returns what takes that back. Raises `ConfigError`; then the file is as it was."""
    target = Path(os.path.realpath(path))
    name = sanitize_line(str(path))
    try:
        before = target.read_bytes() if target.exists() else None
        mode = FILE_MODE if is_secret or before is None else target.stat().st_mode & 0o777
        if not target.parent.exists():
            private_folder(target.parent)
        text = (before or b"").decode("utf-8")
        write_atomically(target, change(text).encode("utf-8"), mode=mode)
    except UnicodeDecodeError:
        raise ConfigError(f"{name} is not UTF-8 text, so nothing can be added to it.") from None
    except OSError as error:
        raise ConfigError(f"{name} can't be written: {error.strerror}.") from None

    def take_back() -> None:
        if before is None:
            target.unlink(missing_ok=True)
        else:
            write_atomically(target, before, mode=mode)

    return take_back


def with_variable(text: str, name: str, value: str) -> str:
    """Return the text of a `.env` file in which a variable has this value: in its last line that sets it, or a new
    one."""
    from dotenv.parser import parse_stream

    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    line = f"{name}='{quoted}'"
    mark, body = (_MARK, text[1:]) if text.startswith(_MARK) else ("", text)
    bindings = list(parse_stream(StringIO(body, newline="")))
    pieces = [binding.original.string for binding in bindings]
    setting = [index for index, binding in enumerate(bindings) if binding.key == name]
    if setting and "".join(pieces) == body:
        old = pieces[setting[-1]]
        before = _BEFORE_NAME.match(old)
        end = old[len(old.rstrip("\r\n")) :]
        pieces[setting[-1]] = f"{before[0] if before else ''}{line}{end}"
        return mark + "".join(pieces)
    return mark + _appended(body, line)


def with_table(text: str, header: str, values: Mapping[str, str | bool]) -> str:
    """Return the text of a TOML file with one more table at its end."""
    lines = [f"[{header}]", *(f"{name} = {json.dumps(value)}" for name, value in values.items())]
    gap = "" if not text.strip() else _newline(text)
    return _appended(text, gap + _newline(text).join(lines))


def _appended(text: str, lines: str) -> str:
    end = _newline(text)
    return f"{text}{'' if not text or text.endswith(end) else end}{lines}{end}"


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
