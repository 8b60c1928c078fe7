"""What was learned about endpoints, kept between sessions."""

from collections.abc import Callable, Iterable
from typing import Final

from streamtui.store.operations import Forget, Learn
from streamtui.store.queue.writer import QueueWriter

_LASTS_S: Final = 7 * 24 * 3600.0
"""How long what was learned counts: servers are mended."""
_CONSENTS: Final = frozenset({"allow:insecure-http"})
"""What the user said, not what a server taught: it does not expire."""


class SavedMemory:
    """Implements `chat.ports.QuirkStore`: in memory, with every addition written down."""

    def __init__(
        self, writer: QueueWriter, known: Iterable[tuple[str, str, str, float]], clock: Callable[[], float]
    ) -> None:
        self._writer = writer
        self._clock = clock
        self._quirks: dict[tuple[str, str], frozenset[str]] = {}
        oldest = clock() - _LASTS_S
        for endpoint, model, quirk, learned in known:
            if learned < oldest and quirk not in _CONSENTS:
                continue
            self._quirks[endpoint, model] = self.quirks(endpoint, model) | {quirk}

    def quirks(self, endpoint: str, model: str) -> frozenset[str]:
        return self._quirks.get((endpoint, model), frozenset())

    def learn(self, endpoint: str, model: str, quirk: str) -> None:
        if quirk in self.quirks(endpoint, model):
            return
        self._quirks[endpoint, model] = self.quirks(endpoint, model) | {quirk}
        self._writer.add(Learn(endpoint, model, quirk, self._clock()))

    def forget(self, endpoint: str) -> None:
        self._quirks = {key: quirks for key, quirks in self._quirks.items() if key[0] != endpoint}
        self._writer.add(Forget(endpoint))
