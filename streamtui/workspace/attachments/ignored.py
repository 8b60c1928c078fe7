"""What a `.gitignore` leaves out, for folders that git itself can't be asked about."""

import re
from dataclasses import dataclass
from typing import Final

LONGEST: Final = 100_000
"""Bytes of a `.gitignore` that are read."""
_MOST_RULES: Final = 2_000
_MOST_STARS: Final = 6
"""In one rule: matching many takes for ever, and nobody writes them."""


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    is_negated: bool
    needs_folder: bool


class IgnoreRules:
    """The rules of one `.gitignore`, for paths from its own folder on."""

    def __init__(self, text: str) -> None:
        lines = text.splitlines()[:_MOST_RULES]
        self._rules = [rule for line in lines if (rule := _rule(line)) is not None]

    def decides(self, path: str, *, is_folder: bool) -> bool | None:
        """Return whether a path is left out; `None` where no rule says."""
        for rule in reversed(self._rules):
            if (is_folder or not rule.needs_folder) and rule.pattern.fullmatch(path):
                return not rule.is_negated
        return None


def _rule(line: str) -> _Rule | None:
    line = line.rstrip("\r\n")
    line = re.sub(r"(?<!\\) +$", "", line)
    if not line or line.startswith("#") or line.count("*") > _MOST_STARS:
        return None
    is_negated = line.startswith("!")
    line = line[is_negated:]
    needs_folder = line.endswith("/")
    body = line.rstrip("/")
    is_anchored = "/" in body
    try:
        pattern = re.compile(_translated(body.removeprefix("/"), is_anchored))
    except re.error:
        return None
    return _Rule(pattern, is_negated, needs_folder) if body else None


def _translated(glob: str, is_anchored: bool) -> str:
    """Return a glob as a regular expression."""
    out = "" if is_anchored else "(?:.*/)?"
    at = 0
    while at < len(glob):
        character = glob[at]
        if glob.startswith("**/", at) and (at == 0 or glob[at - 1] == "/"):
            out, at = out + "(?:.*/)?", at + 3
        elif glob.startswith("**", at) and at + 2 == len(glob) and at and glob[at - 1] == "/":
            out, at = out + ".+", at + 2
        elif character == "*":
            while at < len(glob) and glob[at] == "*":
                at += 1
            out += "[^/]*"
        elif character == "?":
            out, at = out + "[^/]", at + 1
        elif character == "[" and (end := glob.find("]", at + 2)) > 0:
            inside = glob[at + 1 : end]
            sign = "^" if inside[0] in "!^" else ""
            members = "".join(c if c == "-" else re.escape(c) for c in inside[len(sign) :])
            out, at = f"{out}[{sign}{members}]", end + 1
        elif character == "\\" and at + 1 < len(glob):
            out, at = out + re.escape(glob[at + 1]), at + 2
        else:
            out, at = out + re.escape(character), at + 1
    return out
