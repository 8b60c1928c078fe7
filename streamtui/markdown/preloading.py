"""Compile rules ahead of the first reply that needs them; at first use that takes up to 30 ms."""

from __future__ import annotations

from typing import Final

from streamtui.markdown.inline_rules import new_parser
from streamtui.markdown.lexing import lexer_for

_COMMON: Final = ("python", "bash", "javascript", "json")


def preload() -> None:
    """Compile the rules of the usual languages and of bare links; meant to be called in a thread."""
    for language in _COMMON:
        lexer_for(language)
    new_parser().parseInline("https://example.org me@example.org")  # a parser of its own: one is not for two threads
