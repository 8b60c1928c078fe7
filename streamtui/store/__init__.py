"""Conversations on disk: the one place that knows SQLite."""

from streamtui.store.store import Store
from streamtui.store.transcript import export_json

__all__ = ["Store", "export_json"]
