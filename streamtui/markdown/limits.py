"""Limits for the text a lexer is given in one step.

A rule of a lexer is a regular expression over the rest of the text, and many of them take the square of a line's length
for a line they were not written for. A step can't be interrupted, so its size is limited; by length and not by a clock,
so that the same code always looks the same.
"""

from __future__ import annotations

from typing import NamedTuple

from pygments.lexer import Lexer, RegexLexer
from pygments.lexers.data import JsonLexer

HOPELESS = frozenset({"Systemd", "Easytrieve"})
"""Lexers whose time grows with the cube of a line's length."""

TRUSTED = frozenset(
    {
        "Awk", "Bash", "Bash Session", "Batchfile", "C", "C#", "C++", "CMake", "CSS", "Clojure", "Common Lisp",
        "Cython", "Dart", "Diff", "Docker", "Elixir", "Elm", "Erlang", "F#", "Fish", "Fortran", "GLSL", "Go", "GraphQL",
        "Groovy", "HTML", "HTTP", "Haskell", "INI", "JSX", "Java", "JavaScript", "Julia", "Kotlin", "Lua", "Makefile",
        "Markdown", "MySQL", "Nginx configuration file", "Nimrod", "OCaml", "Objective-C", "PHP", "Perl",
        "PostgreSQL SQL dialect", "PowerShell", "Properties", "Protocol Buffer", "Python", "Python console session",
        "Ruby", "Rust", "S", "SCSS", "SQL", "Sass", "Scala", "Scheme", "Solidity", "Swift", "TOML", "Tcl", "TeX",
        "Terraform", "TypeScript", "TSX", "VimL", "XML", "YAML", "Zig", "reStructuredText", "verilog", "vhdl",
    }
)  # fmt: skip
"""Names of lexers that were measured with hostile lines of a thousand characters: 20 ms at most."""


class LexLimits(NamedTuple):
    """Lengths in characters; what is longer gets fewer colours, or none."""

    line: int
    """The longest line lexed by itself."""
    whole_line: int
    """The longest line of a text lexed as a whole."""
    whole: int
    """The longest text lexed as a whole."""


def limits_for(lexer: Lexer) -> LexLimits:
    """Return how much `lexer` may be given."""
    if isinstance(lexer, JsonLexer):
        return LexLimits(1000, 32_000, 256_000)
    line = 1000 if lexer.name in TRUSTED else 300
    yields_as_it_goes = isinstance(lexer, RegexLexer)  # others lex everything before the first token
    return LexLimits(line, line, 256_000 if yields_as_it_goes else 16_000)
