"""Which model answers in the new conversation, where nobody named one."""

import asyncio
from collections.abc import Callable
from typing import Final

from streamtui.chat.catalog import Catalog, ServerSearch
from streamtui.chat.errors import StreamtuiError
from streamtui.chat.ports import Model
from streamtui.workspace.session import Session

AGAIN_S: Final = 1.5
"""How long after a look for servers that found none the next one begins."""


class DefaultModel:
    """Learns the model of the blank session from the endpoint, or from a server of this machine that comes up."""

    def __init__(self, catalog: Catalog, blank: Callable[[], Session | None]) -> None:
        """`blank` returns the session in which nothing was asked yet, if there is one."""
        self._catalog = catalog
        self._blank = blank

    async def name(self) -> bool:
        """Where no model was named, learn which one answers, unless the user has to agree first that anything is sent
        there; return whether the blank session has it then. What goes wrong here goes wrong again on sending."""
        try:
            unnamed = self._catalog.model()
            if unnamed.name or self._catalog.exposed_host(unnamed):
                return False
            named = await self._catalog.resolve(unnamed)
        except StreamtuiError:
            return False
        return self._give_way(unnamed, named)

    async def search(self, told: Callable[[ServerSearch], object]) -> None:
        """Where nothing is configured, look for model servers on this machine until one is there, which then answers in
        the blank session unless another model was chosen there; `told` hears what each look brought."""
        try:
            demo = self._catalog.model()
            while (search := await self._catalog.search()) is not None:
                if search.model is not None:
                    break
                told(search)
                await asyncio.sleep(AGAIN_S)
            now = self._catalog.model()
        except StreamtuiError:
            return
        # Whoever sends a prompt may find it meanwhile, and something may be configured.
        if now != demo and (self._give_way(demo, now) or search is not None):
            told(search or ServerSearch((), now))

    def _give_way(self, before: Model, after: Model) -> bool:
        blank = self._blank()
        if blank is None or blank.conversation.model != before:
            return False
        blank.conversation.use(after)
        return True
