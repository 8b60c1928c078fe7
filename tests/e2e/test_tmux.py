"""In a real tmux, which counts the width of many clusters otherwise than the app does and keeps a clipboard of its
own."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import EMPTY_BOX, Home
from tests.patience import PATIENCE_S
from tests.server import ScriptedServer

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")

WIDTH = 90
CLUSTERS = ["⚠️", "✔️", "1️⃣", "👍🏽", "👨‍💻", "👩‍👩‍👧", "🇩🇪", "🏳️‍🌈", "हिन्दी"]
LINES = [f"{cluster} and {cluster} then plain words" for cluster in CLUSTERS]


class Tmux:
    """The app in a window of a tmux server of its own."""

    def __init__(self, home: Home) -> None:
        self._words = ["tmux", "-S", str(home.folder / "tmux"), "-f", "/dev/null"]
        app = [sys.executable, "-m", "streamtui"]
        environment = {**home.environment, "TERM": "xterm-256color"}
        size = ["-x", str(WIDTH), "-y", "44"]
        subprocess.run([*self._words, "new-session", "-d", *size, *app], env=environment, cwd=home.work, check=True)

    def run(self, *words: str) -> str:
        return subprocess.run([*self._words, *words], check=True, capture_output=True, text=True).stdout

    def paste(self, text: str) -> None:
        self.run("set-buffer", text)
        self.run("paste-buffer", "-p")

    @property
    def lines(self) -> list[str]:
        return self.run("capture-pane", "-p").splitlines()

    def wait_for(self, wanted: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not wanted():
            assert time.monotonic() < deadline, "\n".join(self.lines)
            time.sleep(0.05)


@pytest.fixture
def tmux(home: Home, server: ScriptedServer, tmp_path: Path) -> Iterator[Tmux]:
    home.environment |= {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "none", "CHAT_MODEL": "ok"}
    tmux = Tmux(home)
    try:
        tmux.wait_for(lambda: any(EMPTY_BOX in line for line in tmux.lines))
        yield tmux
    finally:
        tmux.run("kill-server")


def box_of(lines: list[str]) -> list[str]:
    first = next(index for index, line in enumerate(lines) if "╭" in line)
    last = next(index for index, line in enumerate(lines) if "╰" in line)
    return lines[first + 1 : last]


def test_no_border_moves_no_word_is_cut_and_nothing_stays_behind(tmux: Tmux) -> None:
    tmux.paste("\n".join(LINES))
    tmux.wait_for(lambda: "हि" in "\n".join(tmux.lines))
    box = box_of(tmux.lines)
    for cluster, line in zip(CLUSTERS, box, strict=True):
        assert line.startswith("│ ") and line.endswith(" │"), line
        assert line.count("│") == 2
        assert line.count(cluster[0]) == 2 * cluster.count(cluster[0])
        assert " and " in line and "then plain words" in line, line
    assert "हिन्दी and हिन्दी then plain words" in box[-1], "letters are never cut"

    tmux.run("send-keys", "Enter")
    tmux.wait_for(lambda: "Hello, world!" in "\n".join(tmux.lines))
    tmux.wait_for(lambda: [line for line in box_of(tmux.lines) if EMPTY_BOX in line])
    lines = tmux.lines
    assert len([line for line in lines if line.rstrip().endswith("then plain words")]) == len(CLUSTERS)
    assert len([line for line in lines if "│" in line]) == 1, "a border stayed where the box was"


def test_the_host_stays_in_view_behind_any_title(tmux: Tmux) -> None:
    host = tmux.lines[0].split()[-3:]
    tmux.paste(f"/rename {' '.join(CLUSTERS)} {'title ' * 20}")
    tmux.wait_for(lambda: "/rename" in "\n".join(tmux.lines))
    tmux.run("send-keys", "Enter")
    tmux.wait_for(lambda: "⚠️" in tmux.lines[0])
    assert tmux.lines[0].split()[-3:] == host
    tmux.run("send-keys", "C-o")
    tmux.wait_for(lambda: "enter open" in "\n".join(tmux.lines))
    tmux.run("send-keys", "Escape")
    tmux.wait_for(lambda: "enter open" not in "\n".join(tmux.lines))
    assert tmux.lines[0].split()[-3:] == host


def test_rows_that_scroll_keep_no_character_of_another(tmux: Tmux) -> None:
    rows = [line for number in range(20) for line in ("W" * 74, f"⚠️ ✔️ 1️⃣ short {number:02}")]
    tmux.paste("\n".join(rows))  # so much of it that the box folds it
    tmux.wait_for(lambda: not any(EMPTY_BOX in line for line in tmux.lines))
    tmux.run("send-keys", "Enter")
    tmux.wait_for(lambda: "Hello, world!" in "\n".join(tmux.lines))
    tmux.wait_for(lambda: "short 19" in "\n".join(tmux.lines))
    for keys in ("PageUp", "PageDown"):
        before = tmux.lines
        tmux.run("send-keys", keys)
        tmux.wait_for(lambda before=before: tmux.lines != before)  # type: ignore[misc]
        for line in tmux.lines:
            assert not ("short" in line and "W" in line), "\n".join(tmux.lines)


def test_what_is_copied_is_in_tmuxs_buffer(tmux: Tmux) -> None:
    tmux.run("send-keys", "hello", "Enter")
    tmux.wait_for(lambda: "Hello, world!" in "\n".join(tmux.lines))
    tmux.wait_for(lambda: "✓" in "\n".join(tmux.lines))
    tmux.run("send-keys", "/copy", "Enter")
    tmux.wait_for(lambda: "tmux's buffer" in "\n".join(tmux.lines))
    assert "Hello, world!" in tmux.run("show-buffer")


def test_ctrl_v_pastes_what_was_copied_elsewhere(tmux: Tmux) -> None:
    tmux.run("set-buffer", "from elsewhere")
    tmux.run("send-keys", "C-v")
    tmux.wait_for(lambda: [line for line in box_of(tmux.lines) if "│ from elsewhere" in line])
