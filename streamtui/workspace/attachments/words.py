"""Words of a prompt that name files: `@notes.md`, `@"a b.txt"`. Which of them count, and how they are written."""

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from streamtui.chat.errors import ConfigError
from streamtui.chat.messages import DraftAttachment, FileReference
from streamtui.workspace.attachments import files

_WORD: Final = re.compile(r'(?<!\S)@(?:"((?:[^"\\\n]|\\.)+)"|([^\s"][^\s]*))')
_OPEN_WORD: Final = re.compile(r'(?<!\S)@(?:"((?:[^"\\\n]|\\.)*)|([^\s"]\S*)?)$')
_PLAIN: Final = re.compile(r"[^\s\"\\\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_ESCAPE: Final = re.compile(r"\\(u[0-9a-f]{4}|.)")
_ENDS: Final = ".,;:!?)]}'"
"""What may follow a word in a sentence."""
MOST_WORDS: Final = 64
_LONGEST: Final = 200_000
"""Characters of a text that are looked at, with every key."""


@dataclass(frozen=True, slots=True)
class FileWord:
    """A word that may name a file."""

    text: str
    """As it stands in the prompt, from the `@` on."""
    path: str
    """What it names, as the user wrote it."""


def words_in(text: str) -> list[FileWord]:
    """Return the words of a text that may name files, at most `MOST_WORDS`."""
    found: list[FileWord] = []
    for match in _WORD.finditer(text, 0, _LONGEST):
        quoted, plain = match.groups()
        found.append(FileWord(match[0], _unescaped(quoted) if quoted is not None else plain))
        if len(found) == MOST_WORDS:
            break
    return found


def word_before(text: str) -> FileWord | None:
    """Return the word that is being typed at the end of `text`; `None` where there is none."""
    match = _OPEN_WORD.search(text)
    if match is None:
        return None
    quoted, plain = match.groups()
    return FileWord(match[0], _unescaped(quoted) if quoted is not None else plain or "")


def written(path: str) -> str:
    """Return the word that names a path; one with spaces, or other odd characters, stands in quotes."""
    if _PLAIN.fullmatch(path) and path[-1] not in _ENDS:
        return f"@{path}"
    return '@"' + "".join(_escaped(character) for character in path) + '"'


def place_of(path: str) -> str:
    """Return where a path leads that a user wrote: `~` is the home folder, and nothing else is expanded."""
    place = os.path.expanduser(path)  # noqa: PTH111 - it takes any name, and never raises
    try:
        return os.path.abspath(place)  # noqa: PTH100
    except OSError:  # the present folder is gone
        return place


def file_of(word: FileWord) -> FileReference | None:
    """Return the file that a word names; `None` where it names none, or a folder. Blocks.

    Raises `ConfigError` for what is there, but can't be attached.
    """
    for path, text in _readings(word):
        place = place_of(path)
        if "\0" not in place and os.path.lexists(place) and not os.path.isdir(place):  # noqa: PTH112
            return files.look(place, text)
    return None


class TypedWords:
    """Tells words that the user typed from those that came with a paste, or out of the history: only the former make
    files go along."""

    def __init__(self) -> None:
        self._foreign: set[str] = set()

    def note_foreign(self, text: str) -> None:
        """Note that `text` was not typed."""
        self._foreign |= {place_of(path) for word in words_in(text) for path, _ in _readings(word)}

    def forget(self) -> None:
        """Begin anew, with an empty box."""
        self._foreign.clear()

    def files(self, text: str, known: Sequence[DraftAttachment]) -> list[FileReference]:
        """Return the files that typed words name, as far as they are not `known`. Blocks. Raises `ConfigError`."""
        found = (file_of(word) for word in self._new(text, known))
        return [file for file in dict.fromkeys(found) if file is not None]

    def likely_files(self, text: str, known: Sequence[DraftAttachment]) -> list[FileReference]:
        """Return the same without those that can't be attached: that is said once they are to be sent. Blocks."""
        files_: dict[FileReference, None] = {}
        for word in self._new(text, known):
            with suppress(ConfigError):
                if (file := file_of(word)) is not None:
                    files_[file] = None
        return list(files_)

    def _new(self, text: str, known: Sequence[DraftAttachment]) -> list[FileWord]:
        """Return the typed words that are not `known`, with or without what ends a sentence."""
        named = {one.word for one in known if isinstance(one, FileReference)}
        words = (word for word in words_in(text) if not self._is_foreign(word))
        return [word for word in words if named.isdisjoint(reading for _, reading in _readings(word))]

    def _is_foreign(self, word: FileWord) -> bool:
        return any(place_of(path) in self._foreign for path, _ in _readings(word))


def _readings(word: FileWord) -> list[tuple[str, str]]:
    """Return what a word may name, with the part of the text that does: as it is, and without what ends a sentence."""
    bare = word.path.rstrip(_ENDS)
    if word.text.startswith('@"') or bare in ("", word.path):
        return [(word.path, word.text)]
    return [(word.path, word.text), (bare, f"@{bare}")]


def _unescaped(text: str) -> str:
    def character(match: re.Match[str]) -> str:
        code = match[1]
        return chr(int(code[1:], 16)) if len(code) > 1 else {"n": "\n"}.get(code, code)

    return _ESCAPE.sub(character, text)


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character == "\n":
        return "\\n"
    if character == " " or (character.isprintable() and not "\ud800" <= character <= "\udfff"):
        return character
    return f"\\u{ord(character):04x}" if ord(character) < 0x10000 else character
