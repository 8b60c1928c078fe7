"""What was learned about endpoints, kept between sessions."""

from collections.abc import Iterable

from streamtui.store.operations import Forget, Learn
from streamtui.store.queue.writer import QueueWriter


class SavedMemory:
    """Implements `chat.ports.QuirkStore`: in memory, with every addition written down."""

    def __init__(self, writer: QueueWriter, known: Iterable[tuple[str, str, str]]) -> None:
        self._writer = writer
        self._quirks: dict[tuple[str, str], frozenset[str]] = {}
        for endpoint, model, quirk in known:
            self._quirks[endpoint, model] = self.quirks(endpoint, model) | {quirk}

    def quirks(self, endpoint: str, model: str) -> frozenset[str]:
        return self._quirks.get((endpoint, model), frozenset())

    def learn(self, endpoint: str, model: str, quirk: str) -> None:
        if quirk in self.quirks(endpoint, model):
            return
        self._quirks[endpoint, model] = self.quirks(endpoint, model) | {quirk}
        self._writer.add(Learn(endpoint, model, quirk))

    def forget(self, endpoint: str) -> None:
        self._quirks = {key: quirks for key, quirks in self._quirks.items() if key[0] != endpoint}
        self._writer.add(Forget(endpoint))
