"""Incremental Markdown: text in, styled lines out. Knows no app, no widgets, no network."""

from streamtui.markdown.block import Block
from streamtui.markdown.document import CodeBlock, Document
from streamtui.markdown.line import StyledLine
from streamtui.markdown.preload import preload
from streamtui.markdown.styles import Colors, Styles

__all__ = ["Block", "CodeBlock", "Colors", "Document", "StyledLine", "Styles", "preload"]
