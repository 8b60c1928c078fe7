"""The user's own editor on a text: which one, and what comes back."""

import asyncio
import os
import shlex
import shutil
import signal
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from streamtui.chat.errors import StreamtuiError
from streamtui.chat.sanitize import sanitize, sanitize_line

_NAME: Final = "prompt.md"


def editor_command(environ: Mapping[str, str]) -> list[str]:
    """Return the editor with its arguments, as `VISUAL` or `EDITOR` has them. Raises `StreamtuiError` where it is not
    there."""
    written = environ.get("VISUAL", "").strip() or environ.get("EDITOR", "").strip() or "vi"
    try:
        words = shlex.split(written)
    except ValueError:
        words = []
    if not words:
        raise StreamtuiError(f"{sanitize_line(written, 60)} is no command: set VISUAL or EDITOR to your editor.")
    if shutil.which(words[0], path=environ.get("PATH")) is None:
        raise StreamtuiError(f"There is no editor {sanitize_line(words[0], 60)}: set VISUAL or EDITOR to one.")
    return words


async def edited(text: str, command: Sequence[str]) -> str:
    """Let an editor change `text`, and return what it left. The event loop goes on meanwhile.

    Raises `StreamtuiError` where it failed; the text it was given is then as good as before.
    """
    folder = Path(tempfile.mkdtemp(prefix="streamtui-"))  # 0700
    try:
        path = folder / _NAME
        before = text.encode("utf-8", "replace")
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(before)
        await _run(command, path)
        return _read(path, text, before)
    except OSError as error:
        raise StreamtuiError(f"The draft could not be edited: {error.strerror or 'no reason given'}.") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _run(command: Sequence[str], path: Path) -> None:
    name = sanitize_line(os.path.basename(command[0]), 40)  # noqa: PTH119 - a command is no path
    process = await asyncio.create_subprocess_exec(*command, str(path))
    try:
        code = await process.wait()
    finally:
        if process.returncode is None:
            process.terminate()
    if code < 0:
        raise StreamtuiError(f"{name} was ended by {_signal_name(-code)}: the draft is as it was.")
    if code:
        raise StreamtuiError(f"{name} ended with code {code}: the draft is as it was.")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _read(path: Path, text: str, before: bytes) -> str:
    """Return what is in the file; a newline that editors put at the end of every file is none of the user's."""
    if not path.is_file():
        raise StreamtuiError("The editor removed the file: the draft is as it was.")
    after = path.read_bytes()
    if after == before:
        return text
    written = sanitize(after.decode("utf-8", "replace"))
    return written.removesuffix("\n") if not text.endswith("\n") else written
