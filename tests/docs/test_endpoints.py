"""The examples in docs/endpoints.md can be read."""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from streamtui.chat import Conversation
from streamtui.chat.ports import InMemoryQuirks
from streamtui.settings.config import Config
from streamtui.settings.endpoints import WELL_KNOWN
from streamtui.settings.local_servers import local_servers
from streamtui.settings.models import SettingsCatalog
from streamtui.settings.paths import Paths

PAGE = Path(__file__).parents[2] / "streamtui" / "docs" / "endpoints.md"
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_describes_an_endpoint_that_can_be_asked(example: str, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(example, encoding="utf-8")
    config = Config.read(Paths(tmp_path, tmp_path), {}, folder=tmp_path)
    (name,) = re.findall(r"\[endpoints\.(\w+)\]", example)

    model = SettingsCatalog(config, InMemoryQuirks()).model(f"{name}:m")

    assert model.provider.name == name
    assert model.provider.host in example


@dataclass
class Recorded:
    """The first request that an endpoint gets, head and body."""

    head: str = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        writer.write(b"HTTP/1.1 401 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()


EXPECTED = {
    "azure": ("post http://your-resource.openai.azure.com/openai/deployments/your-deployment/chat/completions"
              "?api-version=2026-06-01 ", "api-key: k-0123456789"),
    "home": ("post http://llm.home.example/v1/chat/completions ", "authorization: basic dxnlcjpwyxnzd29yza=="),
    "claude": ("post http://gateway.example/anthropic/v1/messages ", "x-api-key: k-0123456789"),
    "work": ("post http://llm.example/v1/chat/completions?api-version=2026-06-01 ", "api-key: k-0123456789"),
}  # fmt: skip
"""How the request to each endpoint of the examples begins, and a header of it."""


@pytest.mark.parametrize("example", EXAMPLES)
async def test_an_example_is_asked_as_it_says(example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The endpoint of the example, but for TLS, stands behind a proxy that answers in its place."""
    (name,) = re.findall(r"\[endpoints\.(\w+)\]", example)
    (tmp_path / "config.toml").write_text(example.replace("https://", "http://"), encoding="utf-8")
    keys = dict.fromkeys(("WORK_KEY", "AZURE_OPENAI_API_KEY", "GATEWAY_KEY"), "k-0123456789")
    catalog = SettingsCatalog(Config.read(Paths(tmp_path, tmp_path), keys, folder=tmp_path), InMemoryQuirks())
    recorded = Recorded()
    async with await asyncio.start_server(recorded.answer, "127.0.0.1", 0) as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}")
        async with Conversation(await catalog.resolve(catalog.model(f"{name}:m"))).ask("hi") as reply:
            async for _ in reply:
                pass
    await catalog.aclose()

    begins, header = EXPECTED[name]
    assert recorded.head.startswith(begins)
    assert header in recorded.head.split("\r\n")


def test_every_well_known_endpoint_is_listed() -> None:
    rows = re.findall(r"\| `(\w+_API_KEY)` \| `(\w+):` \|", PAGE.read_text(encoding="utf-8"))

    assert rows == [(endpoint.key_variable, name) for name, endpoint in WELL_KNOWN.items()]


def test_every_server_of_this_machine_is_listed() -> None:
    rows = re.findall(r"\| ([\w. ]+) \| .*?port (\d+) \| `(\w+):NAME` \|", PAGE.read_text(encoding="utf-8"))

    servers = local_servers(None).values()
    assert rows == [(server.title, str(server.url.port), server.name) for server in servers]
