"""Conversations on disk: the one place that knows SQLite."""

from streamtui.store.store import Store

__all__ = ["Store"]
