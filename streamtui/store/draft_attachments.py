"""What goes along with a draft, as JSON for a column."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from streamtui.chat.messages import Attachment, DraftAttachment, FileReference


def to_json(attachments: Sequence[DraftAttachment]) -> str:
    """Return attachments as ASCII, whatever their names hold; empty for none."""
    return json.dumps([asdict(one) for one in attachments]) if attachments else ""


def from_json(text: str) -> tuple[DraftAttachment, ...]:
    """Return what `to_json` wrote, without what can't be read."""
    try:
        values = json.loads(text) if text else []
    except (ValueError, RecursionError):
        return ()
    known = [_one(value) for value in values if isinstance(value, dict)] if isinstance(values, list) else []
    return tuple(one for one in known if one is not None)


def _one(value: dict[str, Any]) -> DraftAttachment | None:
    match value:
        case {"path": str() as path, "size": int() as size, "word": str() as word}:
            return FileReference(path, size, word)
        case {"sha256": str() as digest, "name": str() as name, "media_type": str() as kind, "size": int() as size}:
            return Attachment(digest, name, kind, size)
    return None
