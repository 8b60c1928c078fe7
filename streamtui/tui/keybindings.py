"""The keys as the user has them: the rows of the keymap, some of them moved by `[keys]` in the config file.

The bindings, the footer, the help, docs/keys.md and the demo's own page are made of these.
Private Textual names used here, checked on 8.2.8: `textual.keys._character_to_key`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from textual.binding import Binding, BindingType
from textual.keys import Keys, _character_to_key

from streamtui.chat.sanitize import sanitize_line
from streamtui.tui.key import Group, Key, Moment, Place
from streamtui.tui.keymap import KEYS

_UNNAMED: Final = ("alt+escape", "ctrl+slash")
"""Other spellings of keys that are named already: what terminals send for a fast double press, or for `Ctrl+_`."""
_TOLD_APART: Final = "  Shift+Enter  Ctrl+Enter"
_WORDS: Final = {"escape": "Esc", "pageup": "PageUp", "pagedown": "PageDown", "underscore": "_"}
_SPELLINGS: Final = {"esc": "escape", "pgup": "pageup", "pgdn": "pagedown", "del": "delete", "ins": "insert"}
_MODIFIERS: Final = {"ctrl": "ctrl", "control": "ctrl", "alt": "alt", "meta": "alt", "shift": "shift", "super": "super"}
_SENT_FOR_OTHERS: Final = {
    "ctrl+m": "Enter",
    "ctrl+i": "Tab",
    "ctrl+h": "Backspace",
    "ctrl+left_square_bracket": "Esc",
}
"""What terminals send for another key."""
_NAMED_KEYS: Final = {key.value for key in Keys if "+" not in key.value and len(key.value) > 1}
_AT_ONCE: Final = (
    {Place.APP, Place.CHAT, Place.BOX},
    {Place.APP, Place.LIST, Place.CONVERSATIONS},
    {Place.APP, Place.LIST, Place.MODELS},
    {Place.APP, Place.LIST, Place.PROMPTS},
    {Place.APP, Place.QUEUE},
    {Place.APP, Place.FIND},
    {Place.APP, Place.SIDEBAR},
)
"""Places whose keys are heard at the same time: there one key can't mean two things."""
_NO_KEY: Final = "unbound"
"""Stands for no key where Textual wants one; no terminal sends it."""


class Keybindings:
    """What each key does."""

    def __init__(self, rows: Sequence[Key] = KEYS) -> None:
        self._rows = tuple(rows)

    def __getitem__(self, id: str) -> str:
        """Return the first key of a row, as people write it; empty where it has none."""
        row = self._row(id)
        return _written(row.keys[0]) if row.keys else ""

    def bindings(self, place: Place) -> list[BindingType]:
        """Return what Textual binds in a place."""
        return [
            Binding(
                key,
                row.action.format(digit=key[-1]),
                row.help,
                show=False,
                priority=row.is_priority,
                system=row.id == "interrupt",
                id=f"{row.id}.{key}" if "{digit}" in row.action else row.id,
            )
            for row in self._rows
            if row.place is place
            for key in row.keys or (_NO_KEY,)
        ]

    @property
    def moved(self) -> dict[str, str]:
        """The keys of the rows that were moved, by their ids, as Textual takes a keymap."""
        return {row.id: ",".join(row.keys) or _NO_KEY for row in self._rows if row not in KEYS}

    @property
    def default_keys(self) -> frozenset[str]:
        """The keys that do something in the box unless they are moved: then they do nothing there."""
        return frozenset(key for row in KEYS if row.place in _AT_ONCE[0] for key in row.keys)

    def footer(self, moment: Moment) -> list[str]:
        """Return what the keys do at a moment, the most needed first; the last one is always to be shown."""
        words: dict[str, list[str]] = {}
        for row in self._rows:
            if (word := row.footer.get(moment)) is not None and row.keys:
                words.setdefault(word, []).append(row.keys[0])
        return [f"{_joined(keys)} {word}" for word, keys in words.items()]

    def sections(self, *, tells_enter_apart: bool) -> dict[str, list[tuple[str, str]]]:
        """Return the keys and what they do, by the help's sections. Shift+Enter is named only where the terminal tells
        it from Enter."""

        def written(row: Key) -> str:
            names = self._names(row)
            return f"{names}{_TOLD_APART}" if row.id == "newline" and row.label and tells_enter_apart else names

        return {
            group.value: [(written(row), row.help) for row in self._rows if row.group is group and row.keys]
            for group in Group
        }

    def key_of(self, action: str) -> str:
        """Return the key that has an action, as the footer writes it; empty where none has."""
        return next((row.keys[0] for row in self._rows if row.action == action and row.keys), "")

    def markdown_table(self) -> str:
        """Return the table for the page about keys and the demo."""
        lines = ["| key | what it does | name in `[keys]` |", "|:----|:-------------|:-----------------|"]
        for row in self._rows:
            names = ", ".join(f"`{name}`" for name in self._names(row).split("  "))
            lines.append(f"| {names} | {row.help} | `{row.id}` |")
        return "\n".join(lines) + "\n"

    def _row(self, id: str) -> Key:
        return next(row for row in self._rows if row.id == id)

    def _names(self, row: Key) -> str:
        """Return the keys of a row as people write them."""
        return row.label or "  ".join(_written(key) for key in row.keys if key not in _UNNAMED)


def moved(wanted: Mapping[str, Sequence[str]]) -> tuple[Keybindings, list[str]]:
    """Return the keys with some rows moved to other keys, or to none, and a line for each that had to stay."""
    rows = {row.id: row for row in KEYS}
    problems: list[str] = []
    moves: dict[str, Key] = {}
    for id, keys in wanted.items():
        if (row := rows.get(id)) is None:
            problems.append(
                f"[keys] {sanitize_line(id, 40)}: there is no key of this name; docs/keys.md lists them all."
            )
        elif "{digit}" in row.action and keys:
            problems.append(f"[keys] {id}: these keys carry a number, so they can only be taken away, with none.")
        elif (fault := next(filter(None, map(_fault, keys)), None)) is not None:
            problems.append(f"[keys] {id}: {fault}; the default stays.")
        else:
            moves[id] = replace(row, keys=tuple(dict.fromkeys(map(_named, keys))), label="")
    while (clash := _clash(list((rows | moves).values()), moves)) is not None:
        loser, winner, key = clash
        del moves[loser]
        problems.append(f"[keys] {loser}: {_written(key)} is taken by {winner}; the default stays.")
    return Keybindings(list((rows | moves).values())), problems


def _clash(rows: Sequence[Key], moves: Mapping[str, Key]) -> tuple[str, str, str] | None:
    """Return a row that was moved to a key which another one has in the same place, that other one, and the key."""
    for places in _AT_ONCE:
        taken: dict[str, Key] = {}
        here = [row for row in rows if row.place in places]
        for row in sorted(here, key=lambda row: row.id in moves):  # who stays has the better right
            for key in row.keys:
                other = taken.setdefault(key, row)
                if other is not row and row.id in moves:
                    return row.id, other.id, key
    return None


def _fault(key: str) -> str | None:
    """Return why nothing can be bound to a key; `None` where something can."""
    name = _named(key)
    *modifiers, base = name.split("+")
    shown = sanitize_line(key, 30)
    if name in _SENT_FOR_OTHERS:
        return f"terminals send {shown} for {_SENT_FOR_OTHERS[name]}"
    is_character = base not in _NAMED_KEYS
    if is_character and not _is_one_character(base):
        return f"there is no key {shown}"
    if (is_character or base == "space") and not set(modifiers) - {"shift"}:
        return f"{shown} is for typing"
    return None


def _is_one_character(base: str) -> bool:
    return len(base) == 1 or base in _CHARACTER_NAMES


_CHARACTER_NAMES: Final = frozenset(_character_to_key(chr(code)) for code in range(33, 127))


def _named(key: str) -> str:
    """Return a key as Textual names it: modifiers in order, and the words for signs."""
    *modifiers, base = key.strip().lower().replace("++", "+plus").split("+")
    base = _SPELLINGS.get(base, base)
    base = _character_to_key(base) if len(base) == 1 else base
    return "+".join([*sorted(_MODIFIERS.get(modifier, modifier) for modifier in modifiers), base])


def _written(key: str) -> str:
    return "+".join(_WORDS.get(part, part.capitalize()) for part in key.split("+"))


def _joined(keys: Iterable[str]) -> str:
    """Return key names that share a word in one: `alt+left/right`."""
    first, *others = (key.replace("escape", "esc") for key in keys)
    return "/".join([first, *(other.rpartition("+")[2] for other in others)])


DEFAULT: Final = Keybindings()
"""The keys as they are unless the user moved any."""
