"""The app at the scripted server, for replies that are silent, slow or broken on purpose."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from streamtui.catalog import SettingsCatalog
from streamtui.chat.conversation import Options
from streamtui.chat.retry import Policy
from streamtui.config import Config, Paths
from streamtui.store import Store, export_json, export_markdown
from streamtui.tui.app import StreamtuiApp
from streamtui.tui.start import Start
from tests.server import ScriptedServer
from tests.server.fixtures import scripted_server, server
from tests.tui.conftest import Reader

__all__ = ["OpenAtServer", "open_at_server", "replies", "scripted_server", "server"]

OpenAtServer = Callable[[str], AbstractAsyncContextManager[Reader]]
"""Opens the app with a model, which is the scenario that is played."""


@asynccontextmanager
async def _opened(folder: Path, url: str, model: str) -> AsyncIterator[Reader]:
    variables = {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "sk-test-0123456789abcdef", "CHAT_MODEL": model}
    config = Config.read(Paths(folder / "data", folder / "config"), variables, folder=folder)
    with Store.open(config.paths.data) as store:
        app = StreamtuiApp(
            Start(
                catalog=SettingsCatalog(config, store.memory),
                storage=store,
                options=Options(None, None, Policy(retries=0, reconnects=0)),
                system=None,
                instruction=None,
                theme=config.settings.theme,
                smooth=False,
                prices={},
                model=None,
                latest=False,
                resume=None,
                notices=(),
                transcript=lambda form: export_json if form == "json" else export_markdown,
                report=lambda error: f"it crashed: {error!r}",
            )
        )
        async with app.run_test(size=(100, 30), notifications=True) as pilot:
            reader = Reader(app, pilot)
            await reader.until("Ask any")
            yield reader


@pytest.fixture
def open_at_server(tmp_path: Path, server: ScriptedServer) -> OpenAtServer:
    """Return what opens the app; apps opened in one test share their saved conversations."""
    return lambda model: _opened(tmp_path, server.url, model)


def replies(reader: Reader) -> dict[str, str]:
    """Return the text of every reply of the conversation in view, by its model."""
    messages = reader.app._chat.session.conversation.messages.values()
    return {str(message.model): message.text for message in messages if message.role == "assistant"}
