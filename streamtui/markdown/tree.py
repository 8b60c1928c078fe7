"""A document as a tree of elements for a web page, and what changes in it as it grows.

A node is a text or `[tag, attributes, children]`; tags and attributes come from here alone, so nothing of the text can
become markup, and a link leads to http or https. A patch is `["append", PATH, NODE]` or `["replace", PATH, NODE]`, PATH
the indices from the root. What is frozen is sent once: a frame costs the open piece of a paragraph, the lines or rows
of the open chunk, however long the block is.

The engine is the terminal's, with the same text; the page keeps spaces and line ends (`white-space: pre-wrap`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pygments.token import STANDARD_TYPES
from rich.style import Style

from streamtui.markdown.block import Block
from streamtui.markdown.code import CodeChunk
from streamtui.markdown.containers import Container, Item
from streamtui.markdown.document import Document
from streamtui.markdown.inline import Run, cell_runs
from streamtui.markdown.lexing import Runs, token_of
from streamtui.markdown.styles import Colors, Styles
from streamtui.markdown.table import TableChunk
from streamtui.markdown.text_block import Rule, TextBlock

Node: TypeAlias = "str | list[object]"
"""A text, or a tag, a dictionary of attributes and a list of nodes: JSON as it is sent."""
Path: TypeAlias = tuple[int, ...]
Patch: TypeAlias = list[tuple[Literal["append", "replace"], list[int], Node]]

_MARKS = (("bold", "strong"), ("italic", "em"), ("strike", "s"), ("reverse", "code"))
_PLAIN = Style.null()


def _styles() -> Styles:
    """Return styles that tell the parts of a text apart by Rich's own attributes."""
    parts = Styles.of(Colors())
    return Styles(
        **{
            name: _PLAIN
            for name in Styles.__dataclass_fields__
            if name not in ("em", "strong", "strike", "code", "dim", "tokens", "_resolved")
        },
        em=Style(italic=True), strong=Style(bold=True), strike=Style(strike=True), code=Style(reverse=True),
        dim=Style(dim=True), tokens=parts.tokens
    )  # fmt: skip


def element(tag: str, children: Sequence[Node] = (), **attributes: str) -> list[object]:
    """Return a node; an attribute's name is written with `_` for `-` and at its end."""
    return [tag, {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}, list(children)]


def tree(text: str) -> Node:
    """Return the tree of a whole text, code in its final colours."""
    stream = TreeStream()
    stream.update(text, is_final=True)
    while stream.has_idle_work:
        stream.idle_work(1.0)
    return stream.root


@dataclass(frozen=True, slots=True)
class _State:
    """Where the next block may go on."""

    containers: tuple[Container, ...] = ()
    elements: tuple[Path, ...] = ()
    """The element of each container."""
    leaf: Path = ()
    """The element that holds the lines, rows or pieces of the last block."""
    block: Block | None = None


@dataclass(frozen=True, slots=True)
class _Level:
    """An element at the end of the tree, and its children before some blocks are built anew."""

    path: Path
    kept: int
    cut: list[Node]
    """The children after those that are kept."""


class TreeStream:
    """The tree of a text that grows. Not for two threads."""

    def __init__(self) -> None:
        self.root: list[object] = element("div")
        """The whole tree; it changes with every update."""
        self._document = Document()
        self._styles = _styles()
        self._state = _State()
        self._states: list[_State] = []  # before each block
        self._starts: list[Path] = []  # the first node of each block
        self._built: list[Block] = []  # the blocks the tree is made of

    def update(self, text: str, *, is_final: bool = False) -> Patch:
        """Take `text` in; return what that changes. `is_final`: no more will come."""
        self._document.append(text)
        if is_final:
            self._document.finish()
        return self._renew(self._document.update())

    @property
    def has_idle_work(self) -> bool:
        """Whether `idle_work` may change colours of code."""
        return self._document.has_idle_work

    def idle_work(self, budget: float = 0.004) -> Patch:
        """Find colours of code for about `budget` seconds; return what that changes."""
        return self._renew(self._document.idle_work(budget))

    def _renew(self, first: int | None) -> Patch:
        """Build the blocks from `first` on anew and compare them with what stood there."""
        if first is None:
            return []
        while first < len(self._built) and self._is_only_wider(first):
            first += 1
        levels = self._rewind(first)
        for block in self._document.blocks[first:]:
            self._built.append(block)
            self._states.append(self._state)
            self._starts.append(self._add(block))
        return self._changes(levels)

    def _is_only_wider(self, index: int) -> bool:
        """Whether a block is a table's rows as before, in columns of another width."""
        if index >= len(self._document.blocks):
            return False
        before, block = self._built[index], self._document.blocks[index]
        if not (isinstance(before, TableChunk) and isinstance(block, TableChunk)):
            return False
        return before.rows is block.rows and not block.may_refer

    def _rewind(self, first: int) -> list[_Level]:
        """Cut the tree off before block `first`; return the elements that the next block may go into."""
        levels: list[_Level] = []
        if first < len(self._starts):
            start = self._starts[first]
            self._state = self._states[first]
            del self._states[first:], self._starts[first:], self._built[first:]
            for depth, index in enumerate(start):
                children = _children(self._at(start[:depth]))
                kept = index if depth == len(start) - 1 else index + 1
                levels.append(_Level(start[:depth], kept, children[kept:]))
                del children[kept:]
        else:
            levels.append(_Level((), len(_children(self.root)), []))
        while (deeper := self._last_of(levels[-1])) is not None:
            levels.append(deeper)
        return levels

    def _last_of(self, level: _Level) -> _Level | None:
        """Return the last element that is kept in another."""
        if not level.kept:
            return None
        path = (*level.path, level.kept - 1)
        last = _children(self._at(level.path))[level.kept - 1]
        return _Level(path, len(_children(last)), []) if isinstance(last, list) else None

    def _changes(self, levels: Sequence[_Level]) -> Patch:
        patch: Patch = []
        for level in levels:
            element = self._at(level.path)
            new = _children(element)[level.kept :]
            if len(new) < len(level.cut):
                return [*patch, ("replace", list(level.path), _copy(element))]
            patch += _differences(level.cut, new, level.path, level.kept)
        return patch

    # -- building

    def _add(self, block: Block) -> Path:
        """Add a block's nodes; return the path of the first."""
        continued = self._continues(block)
        if continued is not None:
            first = (*continued, len(_children(self._at(continued))))
            leaf = continued
        else:
            first, leaf = self._open(block)
        for node in self._parts(block):
            _children(self._at(leaf)).append(node)
        if isinstance(block, TableChunk) and continued is None:
            leaf = (*leaf, 1)
            _children(self._at(leaf)).extend(_rows(block, self._styles))
        self._state = _State(self._state.containers, self._state.elements, leaf, block)
        return first

    def _continues(self, block: Block) -> Path | None:
        """Return the element that `block` goes on in: a long paragraph's, code's, a table's body."""
        last = self._state.block
        match block, last:
            case TextBlock(), _ if block.previous is not None and block.previous is last:
                return self._state.leaf
            case CodeChunk(), CodeChunk() if block.listing is last.listing:
                return self._state.leaf
            case TableChunk(), TableChunk() if block.columns is last.columns:
                return self._state.leaf
        return None

    def _open(self, block: Block) -> tuple[Path, Path]:
        """Open the containers and the element of `block`; return the paths of the first of them and of the last."""
        place = block.place
        containers = place.containers
        known, elements = self._state.containers, list(self._state.elements)
        common = 0
        while common < min(len(known), len(containers)) and known[common] is containers[common]:
            common += 1
        added: list[Path] = []
        sibling = known[common] if common < len(known) else None
        siblings = elements[common] if sibling is not None else ()
        del elements[common:]
        for index in range(common, len(containers)):
            container = containers[index]
            parent = elements[-1] if elements else ()
            if isinstance(container, Item):
                if index == common and isinstance(sibling, Item) and sibling.list is container.list:
                    parent = siblings[:-1]
                else:
                    parent = self._append(parent, element("ul" if container.number is None else "ol"), added)
                elements.append(self._append(parent, _item(container), added))
            else:
                elements.append(self._append(parent, element("blockquote"), added))
        parent = elements[-1] if elements else ()
        self._state = _State(containers, tuple(elements), (), None)
        leaf = self._append(parent, _leaf(block, self._styles), added)
        return added[0], (*leaf, 0) if isinstance(block, CodeChunk) else leaf

    def _append(self, parent: Path, node: Node, added: list[Path]) -> Path:
        children = _children(self._at(parent))
        children.append(node)
        added.append((*parent, len(children) - 1))
        return added[-1]

    def _parts(self, block: Block) -> Iterator[Node]:
        """Yield what a block adds to its element."""
        if isinstance(block, TextBlock):
            nodes = _inline(block.inline(self._styles, _PLAIN))
            if block.task is not None and block.previous is None:
                nodes.insert(0, "☑ " if block.task else "☐ ")
            yield element("span", nodes)
        elif isinstance(block, CodeChunk):
            yield from _code_lines(block)
        elif isinstance(block, TableChunk) and self._state.block is not None:
            yield from _rows(block, self._styles)

    def _at(self, path: Path) -> list[object]:
        node = self.root
        for index in path:
            child = _children(node)[index]
            assert isinstance(child, list)
            node = child
        return node


def _children(node: list[object]) -> list[Node]:
    children = node[2]
    assert isinstance(children, list)
    return children


def _item(item: Item) -> Node:
    if item.number is None:
        return element("li")
    return element("li", value=str(int(item.shown)), data_marker=f"{item.shown}{item.sort}")


def _leaf(block: Block, styles: Styles) -> Node:
    """Return the empty element of a block that begins; of a table with its head."""
    match block:
        case TextBlock():
            return element(f"h{block.level}" if block.level else "p", dir="auto")
        case CodeChunk():
            listing = block.listing
            return element(
                "pre", [element("code")], data_number=str(listing.number), data_language=listing.language,
                data_info=" ".join(listing.info.split()), dir="ltr"
            )  # fmt: skip
        case TableChunk():
            head = [_cell("th", cell, block, index, styles) for index, cell in enumerate(block.columns.head)]
            return element("table", [element("thead", [element("tr", head)]), element("tbody")], dir="auto")
        case Rule():
            return element("hr")
    return element("div")


def _rows(block: TableChunk, styles: Styles) -> Iterator[Node]:
    for row in block.rows:
        cells = [*row, *[""] * (len(block.columns.head) - len(row))]
        yield element("tr", [_cell("td", cell, block, index, styles) for index, cell in enumerate(cells)])


def _cell(tag: str, cell: str, block: TableChunk, index: int, styles: Styles) -> Node:
    align = block.columns.aligns[index]
    attributes = {"class_": f"align-{align}"} if align else {}
    return element(tag, _inline(cell_runs(cell, block.columns.references, styles, _PLAIN)), dir="auto", **attributes)


def _code_lines(block: CodeChunk) -> Iterator[Node]:
    """Yield the lines of a chunk, their newlines included."""
    for index in range(block.first, block.last):
        yield element("span", _coloured(block.listing.lines[index], block.listing.runs(index)))
    for text in block.tail:
        yield element("span", _coloured(text, block.listing.tail_runs(text)))


def _coloured(text: str, runs: Runs) -> list[Node]:
    nodes: list[Node] = []
    at = 0
    for index in range(0, len(runs), 2):
        piece = text[at : at + runs[index + 1]]
        at += runs[index + 1]
        name = _class_of(runs[index])
        if piece:
            nodes.append(element("span", [piece], class_=name) if name else piece)
    return nodes


def _class_of(number: int) -> str:
    """Return the class that Pygments' stylesheets use for a token."""
    kind = token_of(number)
    while kind not in STANDARD_TYPES and kind.parent is not None:
        kind = kind.parent
    return STANDARD_TYPES.get(kind, "")


def _inline(runs: Sequence[Run]) -> list[Node]:
    """Return the nodes of styled runs; neighbours with one target are one link."""
    nodes: list[Node] = []
    link: tuple[str, list[Node]] | None = None
    for text, style in runs:
        if not text:
            continue
        meta = style.meta
        href = str(meta.get("href", ""))
        if link is None or link[0] != href:
            link = (href, [])
            attributes = {"href": href, "rel": "noopener noreferrer nofollow", "target": "_blank"}
            if href:
                nodes.append(["a", attributes, link[1]])
        (link[1] if href else nodes).append(_marked(text, style, str(meta.get("source", ""))))
    return nodes


def _marked(text: str, style: Style, source: str) -> Node:
    node: Node = text
    if source:
        node = element("span", [node], class_="maths", data_source=source)
    for attribute, tag in reversed(_MARKS):
        if getattr(style, attribute):
            node = element(tag, [node])
    return element("span", [node], class_="dim") if style.dim else node


# -- changes


def _differences(old: Sequence[Node], new: Sequence[Node], parent: Path, first: int) -> Patch:
    """Return what makes the nodes `new` of `old`, which are no more; both are children of `parent` from `first` on."""
    patch: Patch = []
    for index, (before, after) in enumerate(zip(old, new, strict=False), first):
        path = (*parent, index)
        if before == after:
            continue
        if _may_grow(before, after):
            assert isinstance(before, list) and isinstance(after, list)
            patch += _differences(_children(before), _children(after), path, 0)
        else:
            patch.append(("replace", list(path), _copy(after)))
    patch += [("append", list(parent), _copy(node)) for node in new[len(old) :]]
    return patch


def _may_grow(before: Node, after: Node) -> bool:
    if isinstance(before, str) or isinstance(after, str):
        return False
    return before[:2] == after[:2] and len(_children(before)) <= len(_children(after))


def _copy(node: Node) -> Node:
    """Return `node` as it is, whatever becomes of the tree."""
    if isinstance(node, str):
        return node
    return [node[0], node[1], [_copy(child) for child in _children(node)]]
