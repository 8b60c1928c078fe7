"""From a frame of Textual's to the fewest bytes that make the terminal show it.

The writer knows what every cell shows and writes those that change, moving rows that only moved. It also keeps a row
whole where a terminal counts the width of an emoji otherwise: the cells of a doubtful cluster are blanked before it is
drawn, the column is said again after it, and what it may have been drawn over is written again. Then that emoji may be
cut, and nothing else.

Private Textual names used here, checked on 8.2.8: `textual._compositor.LayoutUpdate` and `ChopsUpdate` (the only forms
a frame comes in).
"""

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from rich.color import ColorSystem
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Offset, Size

from streamtui.tui.terminal.cells import Cell, Row, cells_of, overhang

Frame = LayoutUpdate | ChopsUpdate

_BRIDGE: Final = 4
"""Cells that stay the same are written again where skipping them takes more bytes."""
_LEAST_MOVED: Final = 3
"""Rows that have to have moved by the same distance for the terminal to be told to move them."""
_RIGHT_EDGE: Final = 2
"""Columns left out when rows are compared: the scroll bar changes as the text moves."""
_BLANK: Final[Cell] = (" ", "")
_NOWHERE: Final = -1
"""The column after a cluster whose width the terminal may count otherwise."""


class FrameWriter:
    """Holds what the terminal shows. `forget` says that this is no longer known, and has to be followed by a frame of
    the whole screen."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._size = Size(0, 0)
        self._cursor: Offset | None = None

    def forget(self) -> None:
        self._size = Size(0, 0)
        self._cursor = None

    def draw(self, frame: Frame, size: Size, cursor: Offset, colors: ColorSystem) -> str:
        """Return what to write; nothing if the terminal shows it already."""
        if size != self._size:
            self._size = size
            self._rows = [[None] * size.width for _ in range(size.height)]
            self._cursor = None
        rows = {y: row for y, row in self._new_rows(frame, colors) if row != self._rows[y]}
        pen = _Pen()
        if len(rows) >= _LEAST_MOVED:
            self._move_rows(rows, pen)
        for y, row in rows.items():
            if row != self._rows[y]:  # it may have been moved here
                pen.change_row(y, self._rows[y], row)
                self._rows[y] = row
        if pen.is_used or cursor != self._cursor:
            self._cursor = cursor
            pen.finish(cursor)
        return pen.text

    def _new_rows(self, frame: Frame, colors: ColorSystem) -> Iterator[tuple[int, Row]]:
        """Yield the rows that the frame has something of, as they are to be."""
        width, height = self._size
        if isinstance(frame, LayoutUpdate):
            for y, strips in enumerate(frame.strips[:height], frame.region.y):
                row: Row = []
                for part in strips:
                    row += cells_of(part, colors)
                yield y, (row + [_BLANK] * (width - len(row)))[:width]
            return
        changed: dict[int, Row] = {}
        for y, left, right in frame.spans:
            if y >= height:
                continue
            row = changed.setdefault(y, self._rows[y].copy())
            for end, (x, strip) in zip(frame.chop_ends[y], frame.chops[y].items(), strict=False):
                if strip is None or x >= right or end <= left:
                    continue
                cells = cells_of(strip if end <= right else strip.crop(0, right - x), colors)
                row[x : x + len(cells)] = cells
        for y, row in changed.items():
            yield y, row[:width]

    def _move_rows(self, rows: dict[int, Row], pen: "_Pen") -> None:
        """Let the terminal move the rows that stand elsewhere in the new frame."""
        distance = self._distance(rows)
        if not distance:
            return
        height = len(self._rows)
        moved = [
            y
            for y, row in rows.items()
            if 0 <= y + distance < height and row[:-_RIGHT_EDGE] == self._rows[y + distance][:-_RIGHT_EDGE]
        ]
        if len(moved) < _LEAST_MOVED:
            return
        first, last = min(moved), max(moved)
        top, bottom = min(first, first + distance), max(last, last + distance)
        staying = {y: self._rows[y] for y in range(top, bottom + 1) if y not in rows}
        if len(staying) >= len(moved):
            return
        pen.scroll(top, bottom, distance)
        fresh: list[Row] = [[None] * self._size.width for _ in range(abs(distance))]
        kept = self._rows[first + distance : last + distance + 1]
        self._rows[top : bottom + 1] = kept + fresh if distance > 0 else fresh + kept
        rows.update(staying)

    def _distance(self, rows: dict[int, Row]) -> int:
        """Return how far up most of the rows have moved."""
        before = {tuple(self._rows[y][:-_RIGHT_EDGE]): y for y in rows}
        distances = Counter[int]()
        for y, row in rows.items():
            was = before.get(tuple(row[:-_RIGHT_EDGE]))
            if was is not None and any(cell and cell[0].strip() for cell in row):
                distances[was - y] += 1
        return distances.most_common(1)[0][0] if distances else 0


class _Pen:
    """Collects what is written, and knows where that leaves the cursor and the looks."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._place: tuple[int, int] | None = None
        self._looks = ""

    @property
    def is_used(self) -> bool:
        return bool(self._pieces)

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    def finish(self, cursor: Offset) -> None:
        """Leave plain looks, and the cursor where input methods look for it."""
        if self._looks:
            self._pieces.append("\x1b[m")
        self._pieces.append(f"\x1b[{cursor.y + 1};{cursor.x + 1}H")

    def scroll(self, top: int, bottom: int, distance: int) -> None:
        """Move the rows from `top` to `bottom` up by `distance`, or down where it is negative."""
        how = "M" if distance > 0 else "L"
        self._pieces.append(f"\x1b[{top + 1};{bottom + 1}r\x1b[{top + 1};1H\x1b[{abs(distance)}{how}\x1b[r")

    def change_row(self, y: int, old: Row, new: Row) -> None:
        """Write the words in which `new` differs from `old`."""
        differing = [x for x, (before, after) in enumerate(zip(old, new, strict=True)) if before != after]
        end = 0
        for index, x in enumerate(differing):
            if x < end:
                continue
            last = x
            for after in differing[index:]:
                if after > last + _BRIDGE:
                    break
                last = after
            end = self._write(y, _word_start(new, x), _word_end(new, last + 1), new)

    def _write(self, y: int, x: int, end: int, row: Row) -> int:
        """Write the cells from `x` to `end`, or as far beyond as it takes to leave clusters whole and nothing drawn
        over; return where that is."""
        width = len(row)
        while x < end:
            text, looks = row[x] or _BLANK
            size = 1
            while x + size < width and not _text(row[x + size]):
                size += 1
            self._go(y, x)
            self._style(looks)
            over = None if len(text) == 1 and text < "\u0300" else overhang(text)
            if over is None:
                self._pieces.append(text)
                self._place = (y, x + size)
            else:
                column = f"\x1b[{x + 1}G"
                self._pieces.append(f"{' ' * size}{column}{text}")
                self._place = (y, _NOWHERE)
                end = max(end, min(width, x + size + over))
            x += size
        return x

    def _go(self, y: int, x: int) -> None:
        if self._place == (y, x):
            return
        if self._place is not None and self._place[0] == y:
            self._pieces.append(f"\x1b[{x + 1}G")
        else:
            self._pieces.append(f"\x1b[{y + 1};{x + 1}H")
        self._place = (y, x)

    def _style(self, looks: str) -> None:
        if looks != self._looks:
            self._pieces.append(_change_of_looks(self._looks, looks))
            self._looks = looks


def _word_start(row: Row, x: int) -> int:
    """Return where the word or cluster begins that the cell at `x` is in the middle of."""
    while x > 0 and (not _text(row[x]) or (_is_in_word(row[x]) and _is_in_word(row[x - 1]))):
        x -= 1
    return x


def _word_end(row: Row, x: int) -> int:
    """Return where the word ends that the cell before `x` is in."""
    while x < len(row) and _is_in_word(row[x - 1]) and _is_in_word(row[x]):
        x += 1
    return x


def _is_in_word(cell: Cell | None) -> bool:
    text = _text(cell)
    return text.isascii() and text.isalnum()


def _text(cell: Cell | None) -> str:
    return " " if cell is None else cell[0]


@lru_cache(4096)
def _change_of_looks(old: str, new: str) -> str:
    """Return the shortest SGR sequence from one look to another."""
    had, attributes = _split(old), _split(new)
    lost = had[0] - attributes[0]
    if not new or lost:
        return f"\x1b[0;{new}m" if new else "\x1b[m"
    parameters = sorted(attributes[0] - had[0], key=int)
    if had[1] != attributes[1]:
        parameters.append(attributes[1] or "39")
    if had[2] != attributes[2]:
        parameters.append(attributes[2] or "49")
    return f"\x1b[{';'.join(parameters)}m"


@lru_cache(4096)
def _split(looks: str) -> tuple[frozenset[str], str, str]:
    """Split SGR parameters into attributes, foreground and background."""
    attributes: set[str] = set()
    colors = {"3": "", "4": ""}
    parameters = iter(looks.split(";") if looks else ())
    for parameter in parameters:
        if parameter in ("38", "48"):
            kind = next(parameters)
            values = [next(parameters) for _ in range(3 if kind == "2" else 1)]
            colors[parameter[0]] = ";".join([parameter, kind, *values])
        elif len(parameter) >= 2 and (parameter[:-1] in ("3", "9", "4", "10")):
            colors["3" if parameter[:-1] in ("3", "9") else "4"] = parameter
        else:
            attributes.add(parameter)
    return frozenset(attributes), colors["3"], colors["4"]
