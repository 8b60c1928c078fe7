"""The formats that can be imported, one row each. The first that knows what it sees reads it."""

from typing import Final

from streamtui.workspace.imports import chatgpt, claude, elia, llm, oterm, own
from streamtui.workspace.imports.values import DatabaseFormat, JsonFormat

JSON_FORMATS: Final[tuple[JsonFormat, ...]] = (own.FORMAT, chatgpt.FORMAT, claude.FORMAT)
DATABASE_FORMATS: Final[tuple[DatabaseFormat, ...]] = (llm.FORMAT, elia.FORMAT, oterm.FORMAT)
