"""Copying says what is known and no more; pasting takes what the desktop holds. The tools are real processes."""

import asyncio
import base64
import stat
from pathlib import Path

import pytest

from streamtui.tui.terminal import clipboard
from streamtui.tui.terminal.clipboard import PastedImage, PastedText


class Tools:
    """A folder of tools that are the only ones on the PATH besides the system's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, name: str, script: str) -> None:
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def keep_input(self, name: str) -> Path:
        """Add a tool that keeps what it is given; return where."""
        kept = self.folder / f"{name}.kept"
        self.add(name, f'echo "$@" >> {self.folder}/{name}.called\ncat > {kept}')
        return kept

    def called(self, name: str) -> str:
        return (self.folder / f"{name}.called").read_text()


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("cat", "sh", "sleep"):
        (folder / name).symlink_to(f"/bin/{name}")
    monkeypatch.setenv("PATH", str(folder))
    return Tools(folder)


async def copy(text: str, environ: dict[str, str]) -> tuple[str, str]:
    """Return what is said and what was written to the terminal."""
    written: list[str] = []
    said = await clipboard.copy(text, "reply", written.append, environ)
    return said, "".join(written)


@pytest.mark.parametrize(
    ("tool", "environ"),
    [
        ("wl-copy", {"WAYLAND_DISPLAY": "wayland-0"}),
        ("xclip", {"DISPLAY": ":0"}),
        ("xsel", {"DISPLAY": ":0"}),
        ("clip.exe", {"WSL_DISTRO_NAME": "Debian"}),
        ("termux-clipboard-set", {}),
    ],
)
async def test_the_desktops_own_tool_is_used(tools: Tools, tool: str, environ: dict[str, str]) -> None:
    kept = tools.keep_input(tool)
    said, written = await copy("häl\nlo", environ)
    assert kept.read_text("utf-16" if tool == "clip.exe" else "utf-8") == "häl\nlo"
    assert said == "Copied the reply to the clipboard."
    assert written == ""


async def test_a_tool_that_fails_is_not_believed(tools: Tools) -> None:
    tools.add("xclip", "cat > /dev/null; exit 1")
    kept = tools.keep_input("xsel")
    assert (await copy("text", {"DISPLAY": ":0"}))[0] == "Copied the reply to the clipboard."
    assert kept.read_text() == "text"


async def test_a_tool_that_hangs_is_given_up(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clipboard, "_PATIENCE_S", 0.2)
    tools.add("xclip", "exec sleep 60")
    said, written = await copy("text", {"DISPLAY": ":0"})
    assert said == "Copied the reply: sent to the terminal's clipboard."
    assert written


async def test_a_tool_that_stays_to_serve_the_clipboard_is_not_waited_for(tools: Tools) -> None:
    tools.add("xclip", f"cat > {tools.folder}/kept; sleep 30 & exit 0")
    assert (await copy("text", {"DISPLAY": ":0"}))[0] == "Copied the reply to the clipboard."


async def test_over_ssh_no_tool_of_the_other_machine_is_used(tools: Tools) -> None:
    kept = tools.keep_input("xclip")
    said, written = await copy("text", {"DISPLAY": ":10", "SSH_CONNECTION": "here there"})
    assert not kept.exists()
    assert said == "Copied the reply: sent to the terminal's clipboard."
    assert written == f"\x1b]52;c;{base64.b64encode(b'text').decode()}\x07"


async def test_tmux_gets_it_into_its_own_buffer(tools: Tools) -> None:
    kept = tools.keep_input("tmux")
    said, written = await copy("text", {"TMUX": "/tmp/tmux,1,0"})
    assert kept.read_text() == "text"
    assert tools.called("tmux") == "load-buffer -w -\n"
    assert said == "Copied the reply to tmux's buffer, and sent it to the terminal."
    assert written == "", "tmux would drop it"


async def test_an_older_tmux_does_not_know_how_to_send_it_on(tools: Tools) -> None:
    tools.add("tmux", f'[ "$2" = -w ] && exit 1\ncat > {tools.folder}/kept')
    assert (await copy("text", {"TMUX": "x"}))[0] == "Copied the reply to tmux's buffer."
    assert (tools.folder / "kept").read_text() == "text"


async def test_screen_passes_it_through_in_parts(tools: Tools) -> None:
    _, written = await copy("x" * 3000, {"STY": "1.screen", "TERM": "screen"})
    parts = written.split("\x1b\\")[:-1]
    assert all(part.startswith("\x1bP") and len(part) < 768 for part in parts)
    inner = "".join(part[2:] for part in parts)
    assert inner == f"\x1b]52;c;{base64.b64encode(b'x' * 3000).decode()}\x07"


@pytest.mark.parametrize(("text", "environ"), [("x" * 100_000, {}), ("short", {"TERM": "linux"})])
def test_where_no_clipboard_takes_it_it_is_in_a_file(
    tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, environ: dict[str, str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    said, written = asyncio.run(copy(text, environ))
    (path,) = tmp_path.glob("streamtui-*.txt")
    assert said == f"No clipboard takes it: the reply is in {path}."
    assert path.read_text() == text
    assert path.stat().st_mode & 0o077 == 0
    assert written == ""


@pytest.mark.parametrize(
    ("tool", "environ"),
    [
        ("wl-paste", {"WAYLAND_DISPLAY": "wayland-0"}),
        ("xclip", {"DISPLAY": ":0"}),
        ("xsel", {"DISPLAY": ":0"}),
        ("powershell.exe", {"WSL_DISTRO_NAME": "Debian"}),
        ("termux-clipboard-get", {}),
        ("tmux", {"TMUX": "x", "SSH_CONNECTION": "here there"}),
    ],
)
async def test_what_the_desktop_holds_is_pasted(tools: Tools, tool: str, environ: dict[str, str]) -> None:
    tools.add(tool, "printf 'from elsewhere'")
    assert await clipboard.paste(environ) == PastedText("from elsewhere")


@pytest.mark.parametrize(
    ("tool", "environ"), [("wl-paste", {"WAYLAND_DISPLAY": "wayland-0"}), ("xclip", {"DISPLAY": ":0"})]
)
async def test_an_image_is_pasted_as_what_it_is(tools: Tools, tool: str, environ: dict[str, str]) -> None:
    answer = (
        'case "$*" in *list-types*|*TARGETS*) printf "TARGETS\\nimage/png\\n";; *image/png*) printf "\\211PNG";; esac'
    )
    tools.add(tool, answer)
    assert await clipboard.paste(environ) == PastedImage(b"\x89PNG", "image/png")


async def test_text_goes_before_its_picture(tools: Tools) -> None:
    tools.add("wl-paste", 'case "$*" in *list-types*) printf "image/png\\ntext/plain\\n";; *) printf words;; esac')
    assert await clipboard.paste({"WAYLAND_DISPLAY": "w"}) == PastedText("words")


async def test_nothing_to_paste(tools: Tools) -> None:
    tools.add("xclip", "exit 1")
    assert await clipboard.paste({"DISPLAY": ":0"}) is None
    assert await clipboard.paste({}) is None
