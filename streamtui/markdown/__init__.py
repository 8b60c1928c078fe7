"""Incremental Markdown: text in, styled lines out. Knows no app, no widgets, no network."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from streamtui.markdown.block import Block
    from streamtui.markdown.document import CodeBlock, Document
    from streamtui.markdown.line import StyledLine
    from streamtui.markdown.preloading import preload
    from streamtui.markdown.styles import Colors, Styles

_MODULES: Final = ("line", "styles", "block", "document", "preloading")
"""Where the names are, what needs least first."""

__all__ = ["Block", "CodeBlock", "Colors", "Document", "StyledLine", "Styles", "preload"]

if not TYPE_CHECKING:  # a type checker is to know what there isn't

    def __getattr__(name: str) -> Any:
        """Import what is asked for when it is: a log without messages needs no parser, which takes 40 ms."""
        if name in __all__:
            for module in _MODULES:
                members = vars(import_module(f"{__name__}.{module}"))
                if name in members:
                    return members[name]
        raise AttributeError(f"module {__name__} has no attribute {name}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
