"""The quotes and list items that are open at a line, and what the next leaf stands in."""

from __future__ import annotations

import re

from streamtui.markdown.containers import BlockContext, Container, Item, Quote
from streamtui.markdown.cursor import Cursor

DEEPEST = 64
_NUMBER = re.compile(r"(\d{1,9})([.)])(?=[ \t]|$)")


class OpenContainers:
    """From the outermost to the innermost; some of the last may have no leaf yet."""

    def __init__(self) -> None:
        self.containers: list[Container] = []
        self.is_after_blank = False
        """Whether a blank line came since the last leaf began or went on."""
        self._shown = 0  # containers that have a leaf
        self._last: tuple[Container, ...] | None = None  # what the last leaf stood in

    def fork(self) -> OpenContainers:
        """Return a twin that goes its own way."""
        twin = OpenContainers()
        twin.containers = [*self.containers]
        twin.is_after_blank, twin._shown, twin._last = self.is_after_blank, self._shown, self._last
        return twin

    def __len__(self) -> int:
        return len(self.containers)

    @property
    def is_full(self) -> bool:
        return len(self.containers) >= DEEPEST

    def match(self, cursor: Cursor) -> int:
        """Take what goes on the open containers from a line; return how many of them do."""
        matched = 0
        for container in self.containers:
            if isinstance(container, Quote):
                if cursor.indent() > 3 or not cursor.text.startswith(">", cursor.first):
                    break
                enter_quote(cursor)
            elif cursor.blank():
                if matched >= self._shown and container is self.containers[-1]:
                    break  # an empty item ends with the blank line after it
                cursor.skip(container.indent)
            elif cursor.indent() >= container.indent:
                cursor.skip(container.indent)
            else:
                break
            matched += 1
        return matched

    def has_empty_item(self, depth: int) -> bool:
        """Whether an item from `depth` on has no leaf."""
        return any(isinstance(container, Item) for container in self.containers[max(depth, self._shown) :])

    def cut(self, depth: int) -> None:
        """Close the containers from `depth` on."""
        del self.containers[depth:]
        self._shown = min(self._shown, depth)

    def place(self) -> BlockContext:
        """Return where a leaf that starts now stands, and take note that it does."""
        containers = tuple(self.containers)
        place = BlockContext(containers, self._shown, self._gap(containers))
        self._shown = len(containers)
        self._last = containers
        self.is_after_blank = False
        return place

    def _gap(self, containers: tuple[Container, ...]) -> int:
        if self._last is None:
            return -1
        common = 0
        for before, now in zip(self._last, containers, strict=False):
            if before is not now:
                break
            common += 1
        in_list = any(isinstance(container, Item) for container in containers[:common])
        if not in_list and common < min(len(containers), len(self._last)):
            before, now = self._last[common], containers[common]
            in_list = isinstance(before, Item) and isinstance(now, Item) and before.list is now.list
        return common if self.is_after_blank or not in_list else -1


def enter_quote(cursor: Cursor) -> None:
    cursor.skip(3)
    cursor.take(1)
    cursor.skip(1)


def item_at(cursor: Cursor, rest: str, in_paragraph: bool, sibling: Container | None) -> Item | None:
    """Take the marker of a list item that `rest`, what is left of a line, begins with; return the item.

    `sibling` is the container that the line left where it would go on, and `in_paragraph` whether the item would
    interrupt one, which not every item may.
    """
    number: int | None = None
    if rest[0] in "-+*" and (len(rest) == 1 or rest[1] in " \t"):
        marker = sort = rest[0]
    elif match := _NUMBER.match(rest):
        marker, sort, number = match[0], match[2], int(match[1])
    else:
        return None
    if in_paragraph and (not rest[len(marker) :].strip(" \t") or number not in (None, 1)):
        return None
    indent = cursor.indent()
    cursor.skip(indent)
    cursor.take(len(marker))
    padding = 1 if cursor.blank() or cursor.indent() > 4 else cursor.indent()
    cursor.skip(padding)
    indent += len(marker) + padding
    if isinstance(sibling, Item) and sibling.sort == sort:
        return sibling.next(number, indent, digits=marker[:-1])
    return Item(sort, number, indent, None, digits=marker[:-1])
