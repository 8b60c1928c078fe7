"""A model server of this machine answers without anything being set."""

import json
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from tests.server import ScriptedServer
from tests.server.fixtures import closed_port, scripted_server, server
from tests.tui.conftest import Reader, opened

__all__ = ["closed_port", "scripted_server", "server"]


def unconfigured(folder: Path, ollama: str) -> AbstractAsyncContextManager[Reader]:
    return opened(folder, {"OLLAMA_HOST": ollama}, finds_servers=True)


async def test_one_typed_prompt_is_answered_by_a_server_that_is_there(tmp_path: Path, server: ScriptedServer) -> None:
    async with unconfigured(tmp_path, server.host) as reader:
        await reader.send("hello")  # before anything was looked for, perhaps
        await reader.until(lambda: any(request.model for request in server.requests))
        await reader.until(f"@ {server.host}")
        (asked,) = [request for request in server.requests if request.model]
        assert json.loads(asked.body)["messages"][-1]["content"] == "hello"
        assert "authorization" not in asked.headers
        assert reader.box == ""


async def test_a_server_that_is_there_is_offered(tmp_path: Path, server: ScriptedServer) -> None:
    async with unconfigured(tmp_path, server.host) as reader:
        await reader.until("was found on this machine")
        await reader.until(f"@ {server.host}")
        assert "demo" not in reader.lines[0]


async def test_one_that_starts_later_is_offered_then(tmp_path: Path, closed_port: int) -> None:
    async with unconfigured(tmp_path, f":{closed_port}") as reader:
        await reader.until(f"looked for Ollama :{closed_port}, LM Studio :1234")
        assert "demo" in reader.lines[0]
        with ScriptedServer(port=closed_port) as late:
            await reader.until(f"@ {late.host}")
            await reader.until("was found on this machine")


async def test_a_conversation_with_the_demo_goes_on_with_the_demo(tmp_path: Path, closed_port: int) -> None:
    async with unconfigured(tmp_path, f":{closed_port}") as reader:
        await reader.talk("hi fast")
        with ScriptedServer(port=closed_port) as late:
            await reader.until("is there now")
            assert reader.lines[0].rstrip().endswith("demo @ offline")
            await reader.press("ctrl+n")
            await reader.until(f"@ {late.host}")


@pytest.mark.parametrize("choice", ["/model demo", "/model demo:fast"])
async def test_whoever_chooses_the_demo_keeps_it(tmp_path: Path, closed_port: int, choice: str) -> None:
    async with unconfigured(tmp_path, f":{closed_port}") as reader:
        await reader.until("looked for")
        await reader.send(choice)
        await reader.until("answers from here on")
        with ScriptedServer(port=closed_port):
            await reader.until("is there now")
            assert reader.lines[0].rstrip().endswith(f"{choice.removeprefix('/model ')} @ offline")
