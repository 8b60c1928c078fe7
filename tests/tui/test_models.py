"""The list of models: what is liked and was used last first, then what each endpoint offers."""

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from textual.widgets import OptionList

from streamtui.tui.screens.models import Models
from tests.tui.conftest import Reader, opened
from tests.tui.scripted import OpenAtServer, open_at_server, scripted_server, server

__all__ = ["open_at_server", "scripted_server", "server"]

MANY = 2_000
KEY_CPU_S = 0.05
"""What a key may cost while so many models are listed."""
TENFOLD = 10


def nobody(port: int = 9) -> str:
    """Return the base URL of an endpoint that does not answer, so that its table's list is what it offers."""
    return f"http://127.0.0.1:{port}/v1"


def configure(folder: Path, **endpoints: Sequence[str]) -> None:
    """Write a config file with endpoints that offer these models."""
    (folder / "config").mkdir(exist_ok=True)
    tables = [
        f"[endpoints.{name}]\nbase_url = {json.dumps(nobody())}\nmodels = {json.dumps(list(models))}\n"
        for name, models in endpoints.items()
    ]
    (folder / "config" / "config.toml").write_text("retries = 0\n" + "\n".join(tables))


def app(folder: Path) -> AbstractAsyncContextManager[Reader]:
    return opened(folder, {})


async def open_list(reader: Reader) -> None:
    await reader.send("/model ")
    await reader.until(lambda: isinstance(reader.app.screen, Models) and "enter choose" in reader.screen)


def rows(reader: Reader) -> list[str]:
    """Return the headings and models in the list."""
    options = reader.app.screen.query_one(OptionList).options
    return [str(option.prompt).strip() for option in options]


async def test_models_stand_under_their_endpoints_and_those_that_write_no_replies_last(tmp_path: Path) -> None:
    configure(tmp_path, work=["text-embedding-3", "large", "whisper-1", "small"], home=["bge-reranker", "tiny"])
    async with app(tmp_path) as reader:
        await open_list(reader)

        assert sorted(rows(reader)) == sorted(
            [
                *["work · 127.0.0.1:9", "work:large", "work:small", "work:text-embedding-3", "work:whisper-1"],
                *["home · 127.0.0.1:9", "home:tiny", "home:bge-reranker"],
            ]
        )
        assert rows(reader).index("work:small") < rows(reader).index("work:text-embedding-3")
        await reader.press("enter")
        await reader.until(lambda: "work:large @ " in reader.lines[0] or "home:tiny @ " in reader.lines[0])


async def test_favourites_come_first_and_are_kept(tmp_path: Path) -> None:
    configure(tmp_path, work=["large", "small", "old"])
    async with app(tmp_path) as reader:
        await open_list(reader)
        await reader.type("small")
        await reader.until(lambda: rows(reader) == ["work · 127.0.0.1:9", "work:small"])
        await reader.press("ctrl+f")
        await reader.until(lambda: rows(reader) == ["Favourites", "★ work:small  127.0.0.1:9"])
        await reader.press("escape")
    async with app(tmp_path) as reader:
        await open_list(reader)
        assert rows(reader)[:3] == ["Favourites", "★ work:small  127.0.0.1:9", "work · 127.0.0.1:9"]
        await reader.press("ctrl+f")
        await reader.until(lambda: "Favourites" not in rows(reader))


async def test_the_models_that_answered_last_come_next(open_at_server: OpenAtServer) -> None:
    async with open_at_server("words") as reader:
        for model in ("ok", "flood-3"):
            await reader.send(f"/model {model}")
            await reader.send("hello")
            await reader.until(lambda: len(reader.app.workspace.tasks) == 0 and "✓" in reader.screen)
        await reader.send("/model 404")
        await reader.send("hello")
        await reader.until("has no model 404")
        await open_list(reader)
        host = reader.app.chat.session.conversation.model.provider.host
        assert rows(reader)[:4] == ["Last used", f"flood-3  {host}", f"ok  {host}", f"openai · {host}"]


async def test_the_last_list_is_there_at_once_and_the_new_one_replaces_it(tmp_path: Path) -> None:
    configure(tmp_path, work=["large", "small"])
    async with app(tmp_path) as reader:
        await open_list(reader)
        await reader.press("escape")
    answer = asyncio.Event()

    async def hesitate(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answer.wait()
        body = b'{"data":[{"id":"new"}]}'
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(hesitate, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        config = tmp_path / "config" / "config.toml"
        config.write_text(config.read_text().replace(nobody(), nobody(port)))
        kept = tmp_path / "data" / "models.json"
        kept.write_text(kept.read_text().replace("127.0.0.1:9", f"127.0.0.1:{port}"))
        async with app(tmp_path) as reader:
            await reader.send("/model ")
            await reader.until("asking the endpoints")
            assert rows(reader) == [f"work · 127.0.0.1:{port}", "work:large", "work:small"]
            await reader.press("down")
            answer.set()
            await reader.until(lambda: rows(reader) == [f"work · 127.0.0.1:{port}", "work:new"])


async def test_the_list_of_another_host_is_not_shown_under_an_endpoint_that_moved(tmp_path: Path) -> None:
    configure(tmp_path, work=["large"])
    async with app(tmp_path) as reader:
        await open_list(reader)
        await reader.press("escape")
    config = tmp_path / "config" / "config.toml"
    config.write_text(config.read_text().replace(nobody(), nobody(19)))
    async with app(tmp_path) as reader:
        assert reader.app.workspace.catalog.lists.last() == []


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"lists": 1, "favourites": [2]}', '{"lists": [{"endpoint": "work"}]}']
)
async def test_a_damaged_file_counts_as_none(tmp_path: Path, content: str) -> None:
    configure(tmp_path, work=["large"])
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "models.json").write_text(content)
    async with app(tmp_path) as reader:
        await open_list(reader)
        assert "work:large" in rows(reader)


async def test_a_key_costs_little_with_thousands_of_models(tmp_path: Path) -> None:
    configure(tmp_path, big=[f"vendor{i % 37}/model-{i}-{'chat' if i % 3 else 'base'}" for i in range(MANY)])
    async with app(tmp_path) as reader:
        await open_list(reader)
        costs = []
        for key in "model7cha":
            began = time.process_time()
            await reader.press(key)
            await reader.pilot.pause()
            costs.append(time.process_time() - began)

        assert sorted(costs)[len(costs) // 2] < TENFOLD * KEY_CPU_S, costs
        assert len(rows(reader)) <= 101


async def test_rows_far_down_are_reached_by_going_there(tmp_path: Path) -> None:
    configure(tmp_path, big=[f"model-{i}" for i in range(250)])
    async with app(tmp_path) as reader:
        await open_list(reader)
        choices = reader.app.screen.query_one(OptionList)
        for _ in range(4):
            choices.action_last()
            await reader.pilot.pause()
        await reader.until(lambda: rows(reader)[-1] == "big:model-249")
