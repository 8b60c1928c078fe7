"""How long a reply goes on while nobody is connected to it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from streamtui import web
from streamtui.web.audience import Audience
from streamtui.web.credentials import KEY_HEADER
from tests.patience import PATIENCE_S
from tests.server import ScriptedServer
from tests.web.conftest import Start
from tests.web.front import Front, events, is_counted, read, stop, text, until

KEY = "0123456789abcdef" * 2
ASK = {"prompt": "Hi", "model": "slow-20"}
JSON = {"Accept": "application/json"}


async def log_in(front: Front, client: httpx2.AsyncClient) -> None:
    await client.post("/api/session", json={"code": front.code, "key": KEY})
    client.headers[KEY_HEADER] = KEY


@pytest.fixture
def short(start: Start) -> Front:
    return start(web.ServeLimits(page_linger_s=0.3))


@pytest.fixture
async def page(short: Front) -> AsyncIterator[httpx2.AsyncClient]:
    """Asks as our page does."""
    async with short.stranger() as client:
        await log_in(short, client)
        yield client


async def begin(client: httpx2.AsyncClient, **more: Any) -> tuple[str, str]:
    answer = await client.post("/api/chat", json={**ASK, **more}, headers=JSON)
    assert answer.status_code == 202
    names = answer.json()
    return names["conversation"], names["message"]


async def last(client: httpx2.AsyncClient, conversation: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"/api/conversations/{conversation}")).json()["messages"][-1]
    return found


async def test_a_reply_that_is_only_named_is_followed_by_its_id(page: httpx2.AsyncClient) -> None:
    conversation, message = await begin(page, model="ok")
    sent = await read(page, "GET", f"/api/conversations/{conversation}/events?message={message}")
    assert text(sent) == "Hello, world!"


async def test_a_reply_of_the_page_ends_once_nobody_came_back_and_says_so(
    page: httpx2.AsyncClient, server: ScriptedServer
) -> None:
    conversation, _ = await begin(page)
    await until(lambda: server.of("slow-20"), "the request upstream")
    (request,) = server.of("slow-20")
    await until(lambda: request.closed, "the end of the reply")
    reply = await last(page, conversation)
    assert (reply["status"], reply["finish_reason"]) == ("stopped", "client_left")


async def test_a_reply_of_the_page_goes_on_while_it_is_followed_or_kept(
    page: httpx2.AsyncClient, server: ScriptedServer
) -> None:
    conversation, message = await begin(page)
    path = f"/api/conversations/{conversation}"
    async with page.stream("GET", f"{path}/events") as response:
        stream = events(response.aiter_lines())
        seen = [await anext(stream) for _ in range(30)]
    for _ in range(10):
        assert (await page.post(f"{path}/keep", json={"message": message})).status_code == 204
        await asyncio.sleep(0.1)  # less than it lingers, all together more
    async with page.stream("GET", f"{path}/events", headers={"Last-Event-ID": seen[-1].id}) as response:
        stream = events(response.aiter_lines())
        seen.append(await anext(stream))
        assert await stop(page, conversation) == 1
        seen += [event async for event in stream]
    assert is_counted(text(seen))
    assert seen[-1].data["finish_reason"] is None, "a user stopped it"
    assert (await page.post(f"{path}/keep", json={"message": message})).status_code == 404


async def test_a_program_asks_for_its_reply_to_linger(start: Start, server: ScriptedServer) -> None:
    async with start().client() as client:
        for method in ("POST", "GET"):
            model = f"slow-20@{method}"
            more: dict[str, Any] = {"json": {**ASK, "model": model, "linger": PATIENCE_S}}
            if method == "GET":
                more = {"params": {"q": "Hi", "model": model, "linger": PATIENCE_S}}
            async with client.stream(method, "/api/chat", **more) as response:
                stream = events(response.aiter_lines())
                seen = [await anext(stream) for _ in range(3)]
            conversation = response.headers["X-Conversation"]
            path = f"/api/conversations/{conversation}/events"
            async with client.stream("GET", path) as following:
                stream = events(following.aiter_lines())
                again = [await anext(stream) for _ in range(5)]
                assert text(again).startswith(text(seen))
                assert await stop(client, conversation) == 1


@pytest.mark.parametrize("linger", ["-1", "3601", "x", "nan", "inf"])
async def test_how_long_has_its_limits(client: httpx2.AsyncClient, server: ScriptedServer, linger: str) -> None:
    answer = await client.get("/api/chat", params={"q": "Hi", "linger": linger})
    assert answer.status_code == 422
    assert not server.requests


async def test_a_stop_before_the_first_token_takes_the_turn_back(client: httpx2.AsyncClient) -> None:
    conversation, _ = await begin(client, model="mute", prompt="too early", linger=PATIENCE_S)
    assert await stop(client, conversation) == 1
    assert (await client.get(f"/api/conversations/{conversation}")).status_code == 404
    assert (await client.get("/api/conversations/new/draft")).json()["text"] == "too early"
    await client.post("/api/conversations/new/draft", json={"text": ""})


async def test_an_audience_is_left_once() -> None:
    calls: list[str] = []
    audience = Audience(0.0, lambda: calls.append("left"))
    leave, leave_too = audience.join(), audience.join()
    leave()
    await asyncio.sleep(0)
    leave_too()
    audience.join()()
    await until(lambda: calls, "the call")
    assert calls == ["left"]
    audience.close()
