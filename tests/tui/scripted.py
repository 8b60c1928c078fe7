"""The app at the scripted server, for replies that are silent, slow or broken on purpose."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

import pytest

from streamtui.chat.retry import Policy
from streamtui.chat.statistics import Prices
from streamtui.tui.options import CompactChoice
from tests.server import THE_END, ScriptedServer, words
from tests.server.fixtures import scripted_server, server
from tests.tui.conftest import Reader, opened

__all__ = ["OpenAtServer", "open_at_server", "replies", "said_until_told", "scripted_server", "server"]


class OpenAtServer(Protocol):
    """Opens the app with a model, which is the scenario that is played."""

    def __call__(
        self, model: str, *, prices: Prices | None = None, compact: CompactChoice = "offer"
    ) -> AbstractAsyncContextManager[Reader]: ...


@pytest.fixture
def open_at_server(tmp_path: Path, server: ScriptedServer) -> OpenAtServer:
    """Return what opens the app; apps opened in one test share their saved conversations."""
    variables = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "sk-test-0123456789abcdef"}
    policy = Policy(retries=0, reconnects=0)

    def open_one(
        model: str, *, prices: Prices | None = None, compact: CompactChoice = "offer"
    ) -> AbstractAsyncContextManager[Reader]:
        own = {**variables, "CHAT_MODEL": model}
        return opened(tmp_path, own, policy=policy, prices=prices, compact=compact)

    return open_one


def replies(reader: Reader) -> dict[str, str]:
    """Return the text of every reply of the conversation in view, by its model."""
    messages = reader.app.chat.session.conversation.messages.values()
    return {str(message.model): message.text for message in messages if message.role == "assistant"}


def said_until_told(server: ScriptedServer, model: str) -> str:
    """Return all that the first reply of a model said that lasted until it was told to end."""
    return "".join([*words(server.of(model)[0].tokens), THE_END])
