"""Replies as trees of blocks for the page: patched as the text grows, ten times a second at the most."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from streamtui.chat.events import Event, Failed, Finished, Revised, TextDelta
from streamtui.markdown.tree import Node, Patch, TreeStream, tree

PERIOD_S: Final = 0.1
_LONG: Final = 8_000
"""Characters that are laid out in a thread, so that they hold up nobody else's stream."""


class BlockPatches:
    """What the events of one reply change in its tree."""

    def __init__(self, before: str) -> None:
        """`before` is the text that comes before the first event: the first patch has all of it."""
        self._tree = TreeStream()
        self._waiting = before
        self._is_new = True
        """Whether the next patch replaces whatever the client has."""
        self._sent_at = 0.0

    async def take(self, batch: Sequence[Event]) -> Patch:
        """Take in a batch; return the patch that is due, empty for none."""
        is_final = False
        for event in batch:
            match event:
                case TextDelta(text):
                    self._waiting += text
                case Revised(text=text):
                    self._tree, self._waiting, self._is_new = TreeStream(), text, True
                case Finished() | Failed():
                    is_final = True
                case _:
                    pass
        now = time.monotonic()
        if not is_final and now - self._sent_at < PERIOD_S:
            return []
        self._sent_at = now
        return await self._patch(is_final=is_final)

    async def _patch(self, *, is_final: bool) -> Patch:
        text, self._waiting = self._waiting, ""
        if len(text) > _LONG or is_final:
            patch = await asyncio.to_thread(self._update, text, is_final=is_final)
        else:
            patch = self._update(text, is_final=is_final)
        if self._is_new and (text or is_final):
            self._is_new = False
            return [("replace", [], self._tree.root)]
        return patch

    def _update(self, text: str, *, is_final: bool) -> Patch:
        patch = self._tree.update(text, is_final=is_final) if text or is_final else []
        if not is_final:
            return patch + self._tree.idle_work() if self._tree.has_idle_work else patch
        while self._tree.has_idle_work:
            patch += self._tree.idle_work(1.0)
        return patch


async def trees(texts: Sequence[str]) -> list[Node]:
    """Return the trees of whole texts, made in a thread one by one, so that others get their turns."""
    return [await asyncio.to_thread(tree, text) for text in texts]
