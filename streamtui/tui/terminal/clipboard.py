"""Copying text out: the desktop's own tool where there is one, else the terminal's clipboard (OSC 52)."""

import asyncio
import os
import shutil
from typing import Any, Final

from textual.app import App

_PATIENCE_S: Final = 2.0


def tool() -> list[str] | None:
    """Return the command that fills the clipboard of the machine the reader sits at, `None` over ssh and where there
    is none."""
    if os.environ.get("SSH_CONNECTION"):
        return None
    if shutil.which("pbcopy"):
        return ["pbcopy"]
    if os.environ.get("WAYLAND_DISPLAY") and shutil.which("wl-copy"):
        return ["wl-copy"]
    if os.environ.get("DISPLAY") and shutil.which("xclip"):
        return ["xclip", "-selection", "clipboard", "-in"]
    return None


async def copy(app: App[Any], text: str) -> str:
    """Copy `text`; return where it went, for a notice that claims no more than is known."""
    app.copy_to_clipboard(text)
    command = tool()
    if command is not None and await _run(command, text):
        return "to the clipboard"
    return "to the terminal's clipboard"


async def _run(command: list[str], text: str) -> bool:
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return False
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await process.communicate(text.encode("utf-8", "replace"))
    except TimeoutError:
        process.kill()
        return False
    return process.returncode == 0
