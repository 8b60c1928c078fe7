"""Colours of code, as packed runs of Pygments tokens; knows no styles."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator
from functools import lru_cache
from threading import Lock
from typing import TypeAlias

from pygments.lexer import ExtendedRegexLexer, Lexer, RegexLexer
from pygments.lexers import get_lexer_by_name
from pygments.lexers.data import JsonLexer
from pygments.token import Error, Token, Whitespace, _TokenType
from pygments.util import ClassNotFound

from streamtui.markdown.limits import HOPELESS, limits_for

Runs: TypeAlias = "array[int]"
"""Pairs of a token's number (see `token_of`) and a length in characters; neighbours differ."""

_KINDS: list[_TokenType] = [Token.Text]
_NUMBERS: dict[_TokenType, int] = {Token.Text: 0}
_LONGEST = 0xFFFF
_INFO_END = re.compile(r"[:{,;=\[(]")
_LOADING = Lock()
"""Pygments makes a lexer's rules at first use, and garbles them where two threads do so at once."""
_OPTIONS: dict[str, dict[str, object]] = {"php": {"startinline": True}}
_ALIASES = {"c#": "csharp", "f#": "fsharp", "jsonc": "json", "golang": "go", "shell": "bash", "plaintext": "text"}


def token_of(number: int) -> _TokenType:
    """Return the token a number in `Runs` stands for."""
    return _KINDS[number]


def number_of(kind: _TokenType) -> int:
    """Return the number that stands for a token in this process."""
    number = _NUMBERS.get(kind)
    if number is None:
        number = _NUMBERS[kind] = len(_KINDS)
        _KINDS.append(kind)
    return number


def add_run(runs: Runs, number: int, length: int) -> None:
    """Append to `runs`, joining what has the same token."""
    if runs and runs[-2] == number and runs[-1] + length <= _LONGEST:
        runs[-1] += length
        return
    while length > _LONGEST:
        runs.extend((number, _LONGEST))
        length -= _LONGEST
    if length:
        runs.extend((number, length))


def plain(text: str) -> Runs:
    """Return `text` as one uncoloured run."""
    runs: Runs = array("H")
    add_run(runs, 0, len(text))
    return runs


@lru_cache(64)
def lexer_for(language: str) -> Lexer | None:
    """Return the lexer for the first word of a fence's info string, if there is one."""
    name = _INFO_END.split(language.strip("{}.").lower(), maxsplit=1)[0]  # python:src/main.py, python{1,3}
    lexer = _lexer_named(name) or _lexer_named(name.rpartition(".")[2])
    return None if lexer is None or lexer.name in HOPELESS else lexer


def _lexer_named(name: str) -> Lexer | None:
    name = _ALIASES.get(name, name)
    if not name or name in ("text", "txt", "plain", "none"):
        return None
    try:
        with _LOADING:
            return get_lexer_by_name(name, **_OPTIONS.get(name, {}))
    except ClassNotFound:
        return None


def carries_state(lexer: Lexer | None) -> bool:
    """Whether lexing line by line with the state carried on gives (nearly always) what lexing the whole gives.

    That takes Pygments' own loop over the rules: a lexer with a loop of its own (JSON, Ruby, HTML with templates,
    consoles) keeps state elsewhere or reads ahead. C and its family have their own only to recolour single names.
    """
    if not isinstance(lexer, RegexLexer) or isinstance(lexer, ExtendedRegexLexer):
        return False
    own = type(lexer).get_tokens_unprocessed
    return own is RegexLexer.get_tokens_unprocessed or own.__qualname__.startswith("CFamilyLexer.")


def may_lex_whole(lexer: Lexer | None, lines: Iterable[str]) -> bool:
    """Whether a text of these lines can be lexed in one go without a long step, going by its size alone."""
    limits = limits_for(lexer) if lexer else None
    if limits is None:
        return False
    text = line = 0
    for part in lines:
        text += len(part)
        line += len(part)
        if line > limits.whole_line or text > limits.whole:
            return False
        if part.endswith("\n"):
            line = 0
    return True


class LineLexer:
    """Lexes one line after another, carrying a `RegexLexer`'s stack of states from each to the next.

    JSON needs no state: no token of it spans lines. Other lexers leave lines plain; so are lines beyond the limits.
    """

    def __init__(self, lexer: Lexer | None) -> None:
        self.lexer = lexer
        self._carrying = lexer if carries_state(lexer) and isinstance(lexer, RegexLexer) else None
        self._stateless = lexer if isinstance(lexer, JsonLexer) else None
        self._longest = limits_for(lexer).line if lexer else 0

    def lex(self, line: str, stack: tuple[str, ...]) -> tuple[Runs, tuple[str, ...]]:
        """Return the runs of `line` (its newline included) and the stack after it."""
        if len(line) > self._longest:
            return plain(line), stack
        if self._stateless is not None:
            runs: Runs = array("H")
            for number, length in lex_whole(self._stateless, line):
                add_run(runs, number, length)
            return runs, stack
        if self._carrying is None:
            return plain(line), stack
        try:
            return _step(self._carrying, line, stack)
        except Exception:  # a third party's rules over arbitrary text: code without colours is the worst that may come
            return plain(line), stack


def _step(lexer: RegexLexer, line: str, start: tuple[str, ...]) -> tuple[Runs, tuple[str, ...]]:
    """Do what `RegexLexer.get_tokens_unprocessed` does, but keep the stack."""
    states = lexer._tokens  # type: ignore[attr-defined]  # the stubs leave it out
    stack = list(start)
    rules = states[stack[-1]]
    runs: Runs = array("H")
    at, end, idle = 0, len(line), 0
    while at < end:
        for match_rule, action, change in rules:
            match = match_rule(line, at)
            if not match:
                continue
            if action is not None:
                _act(lexer, action, match, runs)
            idle = idle + 1 if match.end() == at else 0
            at = match.end()
            if change is not None:
                _move(stack, change)
                rules = states[stack[-1]]
            break
        else:
            if line[at] == "\n":
                stack = ["root"]
                rules = states["root"]
            add_run(runs, number_of(Whitespace if line[at] == "\n" else Error), 1)
            at += 1
        if idle > 1000:
            raise RecursionError("the lexer's rules go in circles at the end of this line")
    return runs, tuple(stack)


def _act(lexer: RegexLexer, action: object, match: object, runs: Runs) -> None:
    if type(action) is _TokenType:
        add_run(runs, number_of(action), len(match.group()))  # type: ignore[attr-defined]
        return
    for _, kind, text in action(lexer, match):  # type: ignore[operator]
        add_run(runs, number_of(kind), len(text))


def _move(stack: list[str], change: object) -> None:
    if isinstance(change, tuple):
        for state in change:
            if state == "#pop":
                del stack[max(1, len(stack) - 1) :]
            else:
                stack.append(stack[-1] if state == "#push" else state)
    elif isinstance(change, int):
        del stack[1 if abs(change) >= len(stack) else change :]
    else:
        stack.append(stack[-1])


def lex_whole(lexer: Lexer, text: str) -> Iterator[tuple[int, int]]:
    """Yield token numbers and lengths that cover `text` exactly, lexed in one go."""
    done = 0
    try:
        for at, kind, value in lexer.get_tokens_unprocessed(text):
            if at > done:
                yield 0, at - done
                done = at
            length = min(len(value), len(text) - done) if at == done else 0
            if length > 0:
                yield number_of(kind), length
                done += length
    except Exception:  # see LineLexer.lex
        pass
    if done < len(text):
        yield 0, len(text) - done
