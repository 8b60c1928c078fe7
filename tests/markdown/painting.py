"""Paint documents for tests."""

from __future__ import annotations

import re

from rich.cells import cell_len
from rich.segment import Segment

from streamtui.markdown import Colors, Document, StyledLine, Styles

FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

DARK = Styles.of(
    Colors(
        text="#e0e0e0",
        tint="#121212",
        fence_text="#d2d2d2",
        fence="#1c1c1c",
        code="#ffb454",
        accent="#57a5e2",
        muted="#7a7a7a",
        success="green",
        error="red",
        tokens=("#c586c0", "#dcdcaa", "#4ec9b0", "#ce9178", "#b5cea8", "#7fa968"),
    )
)
LIGHT = Styles.of(Colors(text="#1e1e1e", tint="#ffffff", accent="#0550ae", muted="#6e6e6e", code="#953800"))

Painted = tuple[list[Segment], int, int, str]


def paint(document: Document, width: int, first: int = 0) -> list[StyledLine]:
    """Return the rows of the blocks from `first` on."""
    return [line for block in document.blocks[first:] for line in block.lines(width, DARK)]


def settle(document: Document, width: int) -> list[Painted]:
    """Paint all, do all idle work, paint again; return what is on screen and what a copy needs."""
    paint(document, width)
    while document.has_idle_work:
        document.idle_work(1.0)
    return [(list(line.strip), line.gutter, line.text_end, line.joint) for line in paint(document, width)]


def one_shot(source: str, width: int) -> tuple[Document, list[Painted]]:
    """Return the document fed at once, and its look."""
    document = Document(source)
    document.finish()
    document.update()
    return document, settle(document, width)


def rows(source: str, width: int = 40) -> list[str]:
    """Return the text of each row of a whole document, without padding."""
    return ["".join(segment.text for segment in row[0]).rstrip() for row in one_shot(source, width)[1]]


def check_rows(painted: list[Painted], width: int) -> None:
    """Assert what holds for every row whatever the text."""
    for segments, gutter, text_end, joint in painted:
        text = "".join(segment.text for segment in segments)
        assert sum(cell_len(segment.text) for segment in segments) == width, text
        assert not FORBIDDEN.search(text), ascii(text)
        assert 0 <= gutter <= text_end <= width
        assert not joint.strip(), joint
        assert all(segment.style is not None and segment.style.link is None for segment in segments)
