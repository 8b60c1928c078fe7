r"""The rules of inline Markdown that differ from CommonMark's.

CommonMark is the default; where it would lose or change what a model wrote, the user wins:

- `C:\App\_data`, `\\server\share`, `^\d+\.\d+$`: a backslash stays where its word has one before a letter or digit, or
  where what follows it is no mark of Markdown. `\*` and `snake\_case` lose theirs.
- `5*3*2`, `src/**/*.ts and test/*.py`, `f(*) and g(*)`, `__init__`: arithmetic, globs and names are no emphasis.
- `**注意：**请` is bold: beside CJK text a run of stars may open and close whatever stands next to it.
- Delimited maths is one token (see `maths`), an HTML tag is text as typed.
- A bare link ends at full-width and closing punctuation, and is shown as written.
- A line keeps its indentation.
"""

from __future__ import annotations

import re
import unicodedata

from linkify_it import LinkifyIt
from linkify_it.main import Match
from markdown_it import MarkdownIt
from markdown_it.common.utils import isMdAsciiPunct, isPunctChar, isWhiteSpace
from markdown_it.rules_inline.state_inline import Delimiter, StateInline

from streamtui.markdown.maths import formula_at

MATHS = "maths"
"""The type of a formula's token: its source is the content, its `Formula` is in `meta`."""

_LINK_END = re.compile("[，。：；！？、（）「」『』【】《》〈〉“”‘’…—\u3000<>\\s]")
_MARKS = frozenset("*_`~[]<>|#$")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][\da-fA-F]{1,6}|[A-Za-z][A-Za-z\d]{1,31});")
_LITERAL = re.compile(r"\\[A-Za-z0-9]|(?:^|[^A-Za-z0-9])[A-Za-z]:\\")
_DUNDER = re.compile(r"__[a-z\d]+(?:_[a-z\d]+)*__(?!\w)")
_LIST_NUMBER = re.compile(r"\s*\d{1,9}")
_WORD_REACH = 64
"""Characters to each side that are looked at to tell what a word is."""


def new_parser() -> MarkdownIt:
    """Return a parser for inline Markdown; one is not for two threads."""
    markdown = MarkdownIt("gfm-like", {"html": True, "store_labels": True})
    markdown.linkify = _BareLinks(options={"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
    markdown.core.ruler.disable("linkify")  # finds bare e-mail addresses, which can't be opened
    markdown.normalizeLinkText = _as_written  # type: ignore[method-assign,assignment]
    rules = markdown.inline.ruler
    rules.at("newline", _newline)
    rules.at("escape", _escape)
    rules.at("emphasis", _emphasis)
    rules.before("escape", MATHS, _maths)
    return markdown


def _as_written(url: str) -> str:
    return url


class _BareLinks(LinkifyIt):  # type: ignore[misc]  # the package has no types
    def match_at_start(self, text: str) -> Match | None:
        end = _LINK_END.search(text)
        return super().match_at_start(text[: end.start()] if end else text)


def _newline(state: StateInline, silent: bool) -> bool:
    """Take a line's end, and leave the next line's indentation."""
    if state.src[state.pos] != "\n":
        return False
    if not silent:
        pending = state.pending
        state.pending = pending.rstrip(" ")
        state.push("hardbreak" if pending.endswith("  ") else "softbreak", "br", 0)
    state.pos += 1
    return True


def _maths(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] not in "\\$":
        return False
    formula = formula_at(state.src, state.pos, state.posMax)
    if formula is None:
        return False
    if not silent:
        token = state.push(MATHS, "", 0)
        token.content = state.src[formula.start : formula.end]
        token.meta = {MATHS: formula}
    state.pos = formula.end
    return True


def _escape(state: StateInline, silent: bool) -> bool:
    """Take a backslash: alone, with the sign it escapes, or as a hard break."""
    text, at = state.src, state.pos
    if text[at] != "\\" or at + 1 >= state.posMax:
        return False
    escaped = text[at + 1]
    if escaped == "\n" and text[at - 1 : at] != " ":  # after a space it's a shell command that goes on
        if not silent:
            state.push("hardbreak", "br", 0)
        state.pos += 2
        return True
    drops = escaped != "\n" and _drops_backslash(text, at)
    takes_sign = escaped == "\\" or (not drops and escaped in _MARKS and escaped != "`")
    if not silent and drops:
        token = state.push("text_special", "", 0)
        token.content, token.markup, token.info = escaped, "\\" + escaped, "escape"
    elif not silent:
        state.append_pending("\\" + escaped if takes_sign else "\\")
    state.pos += 2 if drops or takes_sign else 1
    return True


def _drops_backslash(text: str, at: int) -> bool:
    """Whether the backslash at `at` only keeps the sign after it from being Markdown."""
    escaped = text[at + 1]
    line = text[text.rfind("\n", 0, at) + 1 : at]
    if escaped in "-+=":
        return not line.strip()
    if escaped in ".)":
        return bool(_LIST_NUMBER.fullmatch(line))
    if escaped == "!":
        return text.startswith("[", at + 2)
    if escaped == "&":
        return bool(_ENTITY.match(text, at + 1))
    return escaped in _MARKS and not _LITERAL.search(_word(text, at))


def _word(text: str, at: int) -> str:
    """Return the word that the character at `at` stands in, as far as is looked at."""
    before = text[max(0, at - _WORD_REACH) : at]
    after = text[at : at + _WORD_REACH]
    return (before.rsplit(None, 1)[-1] if before and not before[-1].isspace() else "") + after.split(None, 1)[0]


def _emphasis(state: StateInline, silent: bool) -> bool:
    """Take a run of `*` or `_` as delimiters, or as text where it is no mark."""
    text, start = state.src, state.pos
    marker = text[start]
    if silent or marker not in "*_":
        return False
    end = start
    while end < state.posMax and text[end] == marker:
        end += 1
    if (dunder := _DUNDER.match(text, start, state.posMax)) and not text[start - 1 : start].isalnum():
        state.append_pending(dunder[0])
        state.pos = dunder.end()
        return True
    if _is_literal(state, start, end):
        state.append_pending(text[start:end])
        state.pos = end
        return True
    can_open, can_close = _flanks(state, start, end)
    for _ in range(end - start):
        token = state.push("text", "", 0)
        token.content = marker
        state.delimiters.append(
            Delimiter(
                marker=ord(marker), length=end - start, token=len(state.tokens) - 1, end=-1,
                open=can_open, close=can_close
            )
        )  # fmt: skip
    state.pos = end
    return True


def _flanks(state: StateInline, start: int, end: int) -> tuple[bool, bool]:
    """Return whether a run of delimiters may open and whether it may close emphasis."""
    text, marker = state.src, state.src[start]
    before = text[start - 1] if start else " "
    after = text[end] if end < state.posMax else " "
    space_before, space_after = isWhiteSpace(ord(before)), isWhiteSpace(ord(after))
    mark_before, mark_after = _is_punctuation(before), _is_punctuation(after)
    beside_cjk = _is_cjk(before) or _is_cjk(after)
    left = not space_after and (not mark_after or space_before or mark_before or beside_cjk)
    right = not space_before and (not mark_before or space_after or mark_after or beside_cjk)
    if marker == "_":
        return left and (not right or mark_before), right and (not left or mark_after)
    if end - start == 2 and mark_before and before not in "([{" and not right and _has_opener(state):
        right = True  # **"quoted"**text
    return left, right


def _has_opener(state: StateInline) -> bool:
    """Whether a run of two stars before this one has opened and not been closed."""
    pairs = [run for run in state.delimiters if run.marker == ord("*") and run.length == 2]
    opened = sum(1 for run in pairs if run.open and not run.close)
    return opened > sum(1 for run in pairs if run.close and not run.open)


def _is_literal(state: StateInline, start: int, end: int) -> bool:
    """Whether a run is a sign of arithmetic, of a glob, of a pattern or of a path."""
    text = state.src
    before = text[start - 1] if start else " "
    after = text[end] if end < state.posMax else " "
    if before in "\\$" or (after == "\\" and not before.isspace() and before not in "*_([{"):
        return True
    if text[start] == "_":
        return False
    is_single = end - start == 1
    if _is_operand(before) and _is_operand(after) and (is_single or before.isdigit() or after.isdigit()):
        return not _is_open(state)
    if before == "(" and after == ")":
        return True
    if before.isspace() and after in ",;:!?)]}":
        return True
    return _is_glob(state, start, end, before, after)


def _is_operand(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char in ")]")


def _is_open(state: StateInline) -> bool:
    """Whether a run of stars before this one may be closed by it."""
    return any(run.open and run.marker == ord("*") for run in state.delimiters)


def _is_glob(state: StateInline, start: int, end: int, before: str, after: str) -> bool:
    text = state.src
    word_after = text[end : end + 2]
    if before == "/":
        return after in "/.*{[" or (after.isalnum() and end - start == 1)
    if before == "." and end - start == 1 and (after.isalnum() or after.isspace() or after in "$)/"):
        return text[start - 2 : start] == "*." or not _is_open(state)
    starts_word = before.isspace() or before in "('\"`[{"
    if not starts_word:
        return False
    if end - start == 2 and word_after == "/*":
        return True
    if end - start != 1 or after != ".":
        return False
    return word_after == ".*" or (word_after[1:].isalnum() and "*" not in _word(text, end)[1:])


def _is_punctuation(char: str) -> bool:
    return isMdAsciiPunct(ord(char)) or isPunctChar(char)


def _is_cjk(char: str) -> bool:
    return char > "\u2e7f" and unicodedata.east_asian_width(char) in "WF" and char < "\U0001f000"
