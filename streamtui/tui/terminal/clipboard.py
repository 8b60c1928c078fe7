"""Copying out and pasting in: the desktop's own tools, tmux's buffer, the terminal's clipboard (OSC 52), a file."""

import asyncio
import base64
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

_PATIENCE_S: Final = 2.0
"""How long a tool may take."""
_LONGEST_OSC52: Final = 74_994
"""Bytes of text that every terminal takes which takes any (the limit of hterm and of older tmux)."""
_SCREEN_PART: Final = 500
"""Characters that GNU screen passes through at once, of 768 with what is around them."""
_LONGEST_PASTE: Final = 64 * 1024 * 1024
_CLIP: Final = ["clip.exe"]
"""Windows' own, seen from WSL; the only one that doesn't read UTF-8."""
_GET_CLIPBOARD: Final = "[Console]::OutputEncoding = [Text.Encoding]::UTF8; [Console]::Write((Get-Clipboard -Raw))"


@dataclass(frozen=True, slots=True)
class PastedText:
    text: str


@dataclass(frozen=True, slots=True)
class PastedImage:
    data: bytes
    mime: str


Pasted = PastedText | PastedImage


async def copy(text: str, what: str, write: Callable[[str], None], environ: Mapping[str, str] = os.environ) -> str:
    """Copy `text`; return a sentence about it that claims no more than is known. `write` writes to the terminal."""
    data = text.encode("utf-8", "replace")
    for command in _copy_tools(environ):
        if await _run(command, text.encode("utf-16") if command == _CLIP else data) is not None:
            return f"Copied the {what} to the clipboard."
    if environ.get("TMUX"):
        if await _run(["tmux", "load-buffer", "-w", "-"], data) is not None:
            return f"Copied the {what} to tmux's buffer, and sent it to the terminal."
        if await _run(["tmux", "load-buffer", "-"], data) is not None:  # -w came with tmux 3.2
            return f"Copied the {what} to tmux's buffer."
    if len(data) <= _LONGEST_OSC52 and environ.get("TERM") != "linux":
        write(_osc52(data, environ))
        return f"Copied the {what}: sent to the terminal's clipboard."
    return await asyncio.to_thread(_write_file, data, what)


async def paste(environ: Mapping[str, str] = os.environ) -> Pasted | None:
    """Return what the desktop's clipboard holds, else tmux's buffer; `None` where neither is, or both are empty."""
    for text_command, types_command, image_command in _paste_tools(environ):
        if types_command and image_command:
            types = (await _run(types_command) or b"").decode("utf-8", "replace").split()
            is_text = any(kind.startswith("text/") or kind in ("UTF8_STRING", "STRING", "TEXT") for kind in types)
            if "image/png" in types and not is_text:
                data = await _run(image_command)
                return PastedImage(data, "image/png") if data else None
        if text := _decoded(await _run(text_command)):
            return PastedText(text)
        if image_command and not types_command and (data := await _run(image_command)):
            return PastedImage(data, "image/png")
    if environ.get("TMUX") and (text := _decoded(await _run(["tmux", "save-buffer", "-"]))):
        return PastedText(text)
    return None


def _copy_tools(environ: Mapping[str, str]) -> list[list[str]]:
    """Return the commands that fill the clipboard of the machine the user sits at; none over ssh."""
    commands = [
        (["pbcopy"], sys.platform == "darwin"),
        (["termux-clipboard-set"], True),
        (["wl-copy"], bool(environ.get("WAYLAND_DISPLAY"))),
        (["xclip", "-selection", "clipboard", "-in"], bool(environ.get("DISPLAY"))),
        (["xsel", "--clipboard", "--input"], bool(environ.get("DISPLAY"))),
        (_CLIP, bool(environ.get("WSL_DISTRO_NAME"))),
    ]
    return [command for command, fits in commands if fits and _is_there(command[0], environ)]


def _paste_tools(environ: Mapping[str, str]) -> list[tuple[list[str], list[str], list[str]]]:
    """Return the commands that print the clipboard's text, the types it comes in, and its image, as far as there
    are."""
    xclip = ["xclip", "-selection", "clipboard", "-out"]
    powershell = ["powershell.exe", "-NoProfile", "-Command", _GET_CLIPBOARD]
    commands: list[tuple[list[str], list[str], list[str], bool]] = [
        (["pbpaste"], [], ["pngpaste", "-"], sys.platform == "darwin"),
        (["termux-clipboard-get"], [], [], True),
        (
            ["wl-paste", "--no-newline"],
            ["wl-paste", "--list-types"],
            ["wl-paste", "--type", "image/png"],
            bool(environ.get("WAYLAND_DISPLAY")),
        ),
        (xclip, [*xclip, "-target", "TARGETS"], [*xclip, "-target", "image/png"], bool(environ.get("DISPLAY"))),
        (["xsel", "--clipboard", "--output"], [], [], bool(environ.get("DISPLAY"))),
        (powershell, [], [], bool(environ.get("WSL_DISTRO_NAME"))),
    ]
    return [(text, types, image) for text, types, image, fits in commands if fits and _is_there(text[0], environ)]


def _is_there(tool: str, environ: Mapping[str, str]) -> bool:
    return not environ.get("SSH_CONNECTION") and shutil.which(tool) is not None


async def _run(command: Sequence[str], data: bytes = b"") -> bytes | None:
    """Run a tool on `data`; return what it printed, `None` if it failed, took too long or printed too much."""
    with tempfile.TemporaryFile() as printed:  # no pipe: what stays behind to serve the clipboard would hold it open
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.PIPE, stdout=printed, stderr=asyncio.subprocess.DEVNULL
            )
        except OSError:
            return None
        try:
            async with asyncio.timeout(_PATIENCE_S):
                assert process.stdin is not None
                with suppress(ConnectionError):
                    process.stdin.write(data)
                    await process.stdin.drain()
                process.stdin.close()
                code = await process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            return None
        printed.seek(0)
        return printed.read(_LONGEST_PASTE) if code == 0 else None


def _decoded(printed: bytes | None) -> str:
    return (printed or b"").decode("utf-8", "replace")


def _osc52(data: bytes, environ: Mapping[str, str]) -> str:
    sequence = f"\x1b]52;c;{base64.b64encode(data).decode()}\x07"
    if not environ.get("STY"):
        return sequence
    parts = [sequence[at : at + _SCREEN_PART] for at in range(0, len(sequence), _SCREEN_PART)]
    return "".join(f"\x1bP{part}\x1b\\" for part in parts)


def _write_file(data: bytes, what: str) -> str:
    try:
        descriptor, path = tempfile.mkstemp(prefix="streamtui-", suffix=".txt")  # for its owner alone
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
    except OSError as error:
        return f"The {what} can't be copied: no clipboard takes it, and no file could be written ({error})."
    return f"No clipboard takes it: the {what} is in {path}."
