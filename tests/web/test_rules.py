"""The rules of the gate: each request that must not get in, and that nothing reaches the endpoint for it."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from streamtui import web
from streamtui.chat.errors import ConfigError
from tests.server import ScriptedServer
from tests.web.conftest import Start
from tests.web.front import Front, ask, events, eventually, text, until

ASK = {"prompt": "Hi"}


async def refused(response: httpx2.Response, status: int) -> str:
    """Check that a request was refused in one clean line of JSON; return that line."""
    assert response.status_code == status, response.text
    message: str = response.json()["error"]["message"]
    assert message
    assert "\n" not in message
    assert "Traceback" not in message
    return message


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.nip.io", "localhost.evil.example", "evil@127.0.0.1", "10.0.0.1", "[::2]", ""]
)
async def test_other_names_are_not_answered_to(client: httpx2.AsyncClient, server: ScriptedServer, host: str) -> None:
    await refused(await client.post("/api/chat", json=ASK, headers={"Host": host}), 400)
    await refused(await client.get("/", headers={"Host": host}), 400)
    assert not server.requests


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST:80", "[::1]:8000", "[::1]"])
async def test_names_of_this_machine_are(client: httpx2.AsyncClient, host: str) -> None:
    assert (await client.get("/api/session", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Purpose": "prefetch;prerender"},
    ],
)
async def test_other_pages_are_refused(
    client: httpx2.AsyncClient, server: ScriptedServer, headers: dict[str, str]
) -> None:
    await refused(await client.post("/api/chat", json=ASK, headers=headers), 403)
    await refused(await client.get("/api/chat", params={"q": "Hi"}, headers=headers), 403)
    await refused(await client.post("/api/session", json={"code": "x"}, headers=headers), 403)
    assert not server.requests


async def test_the_own_page_is_let_in(client: httpx2.AsyncClient, front: Front) -> None:
    headers = {"Origin": front.url, "Sec-Fetch-Site": "same-origin"}
    assert (await client.get("/api/session", headers=headers)).status_code == 200


async def test_no_page_of_others_may_read(client: httpx2.AsyncClient) -> None:
    for path in ("/", "/api/session"):
        headers = (await client.get(path)).headers
        assert not [name for name in headers if name.startswith("access-control")]
    preflight = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    assert (await client.options("/api/chat", headers=preflight)).status_code == 403


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_only_json_asks(client: httpx2.AsyncClient, server: ScriptedServer, kind: str) -> None:
    headers = {"Content-Type": kind} if kind else {}
    await refused(await client.post("/api/chat", content=json.dumps(ASK), headers=headers), 415)
    assert not server.requests


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic {token}"},
        {"Authorization": "Bearer \xff"},
        {"Cookie": "streamtui=1"},
        {"Cookie": "=;;;\x7f"},
    ],
)
async def test_nothing_without_the_token(front: Front, server: ScriptedServer, headers: dict[str, str]) -> None:
    given = [(name.encode(), value.format(token=front.token).encode("latin-1")) for name, value in headers.items()]
    async with front.stranger() as stranger:
        asked = await stranger.post("/api/chat", json=ASK, headers=given)
        await refused(asked, 401)
        assert asked.headers["WWW-Authenticate"] == "Bearer"
        for path in ("chat?q=Hi", "conversations", "conversations/x", "conversations/x/events", "models", "session"):
            await refused(await stranger.get(f"/api/{path}", headers=given), 401)
        await refused(await stranger.get(f"/api/conversations?token={front.token}", headers=given), 401)
    assert not server.requests


async def test_a_large_body_is_refused_by_its_length_and_by_its_bytes(
    client: httpx2.AsyncClient, server: ScriptedServer
) -> None:
    large = json.dumps({"prompt": "x" * 1_100_000}).encode()
    await refused(await client.post("/api/chat", content=large, headers={"Content-Type": "application/json"}), 413)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(large), 50_000):
            yield large[start : start + 50_000]

    chunked = client.post("/api/chat", content=pieces(), headers={"Content-Type": "application/json"})
    await refused(await chunked, 413)
    assert not server.requests


async def test_a_body_that_does_not_arrive_is_not_waited_for(start: Start) -> None:
    front = start(web.ServeLimits(body_s=0.2))
    with closing(socket.create_connection(("127.0.0.1", front.port))) as connection:
        connection.setblocking(False)
        head = (
            f"POST /api/chat HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {front.token}\r\n"
            "Content-Type: application/json\r\nContent-Length: 20\r\n\r\n{"
        )
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(connection, head.encode())
        assert (await loop.sock_recv(connection, 4096)).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("", "The body is missing."),
        ("{", "The body is not JSON."),
        ("[]", "The body must be a JSON object."),
        ("null", "The body must be a JSON object."),
        ("{}", "prompt is missing."),
        ('{"prompt": 1}', "prompt must be text."),
        ('{"prompt": ""}', "nothing to read in the prompt"),
        ('{"prompt": " \\n"}', "nothing to read in the prompt"),
        ('{"prompt": "\\u202e"}', "nothing to read in the prompt"),
        ('{"prompt": "x", "extra": 1}', "extra is not a field"),
        ('{"prompt": "x", "conversation": "../x"}', "conversation is not an id."),
        ('{"prompt": "x", "model": ""}', "model is empty."),
        ('{"prompt": "' + "x" * 200_001 + '"}', "prompt is too long."),
        ("[" * 200_000, "error parsing the body"),
        ("\ufeff{}", ""),
        ('{"prompt": "\\ud800"}', "prompt must be text."),
    ],
)
async def test_nonsense_is_refused_in_words_without_being_repeated(
    client: httpx2.AsyncClient, server: ScriptedServer, body: str, says: str
) -> None:
    response = await client.post("/api/chat", content=body.encode(), headers={"Content-Type": "application/json"})
    assert response.status_code in (400, 422)
    message = await refused(response, response.status_code)
    assert says in message and len(message) < 200
    assert not server.requests


async def test_bytes_that_are_no_text_are_refused(client: httpx2.AsyncClient) -> None:
    response = await client.post(
        "/api/chat", content=b'{"prompt": "\xff\xfe"}', headers={"Content-Type": "application/json"}
    )
    assert response.status_code in (400, 422)


async def test_escapes_in_a_prompt_are_cleaned(client: httpx2.AsyncClient, server: ScriptedServer) -> None:
    body = b'{"prompt": "ab\\u001b[2Jc", "model": "echo"}'
    async with client.stream(
        "POST", "/api/chat", content=body, headers={"Content-Type": "application/json"}
    ) as response:
        sent = [event async for event in events(response.aiter_lines())]
    assert json.loads(text(sent))["messages"][0]["content"] == "ab�[2Jc"


async def test_requests_have_a_rate(start: Start) -> None:
    front = start(web.ServeLimits(burst=3, requests_per_s=0.01))
    async with front.client() as client:
        statuses = [(await client.get("/api/session")).status_code for _ in range(3)]
        limited = await client.get("/api/session")
    assert statuses == [200] * 3
    await refused(limited, 429)
    assert 0 < int(limited.headers["Retry-After"]) <= 100


async def test_guessing_has_a_rate_that_does_not_lock_the_owner_out(start: Start) -> None:
    front = start(web.ServeLimits(burst=3, requests_per_s=0.01))
    async with front.stranger() as stranger:
        statuses = [(await stranger.post("/api/session", json={"code": str(n)})).status_code for n in range(4)]
    assert statuses == [403, 403, 403, 429]
    async with front.client() as client:
        assert (await client.get("/api/session")).status_code == 200


async def test_streams_have_a_cap(start: Start, server: ScriptedServer) -> None:
    front = start(web.ServeLimits(streams=2))
    async with front.client() as client:
        first = asyncio.create_task(ask(client, "slow-20@1"))
        second = asyncio.create_task(ask(client, "slow-20@2"))
        await until(lambda: len(server.requests) == 2, "both requests")
        third = await client.post("/api/chat", json=ASK)
        await refused(third, 429)
        assert int(third.headers["Retry-After"]) >= 1
        for each in (await client.get("/api/conversations")).json()[:1]:
            await client.post(f"/api/conversations/{each['id']}/stop", json={})
        await asyncio.wait([first, second], return_when=asyncio.FIRST_COMPLETED)
        await until(lambda: sum(request.closed is not None for request in server.requests) == 1)

        async def is_free() -> bool:
            return (await client.post("/api/chat", json={**ASK, "model": "ok"})).status_code == 200

        # The slot is given back a moment after the connection is closed.
        await eventually(is_free, "a free slot")
        for each in (await client.get("/api/conversations")).json():
            await client.post(f"/api/conversations/{each['id']}/stop", json={})
        await asyncio.gather(first, second)


async def test_a_model_that_cannot_be_reached_is_one_line(client: httpx2.AsyncClient) -> None:
    await refused(await client.post("/api/chat", json={**ASK, "model": "anthropic:claude-x"}), 400)
    await refused(await client.post("/api/chat", json={**ASK, "conversation": "0" * 20}), 404)


async def test_responses_tell_little_and_allow_little(client: httpx2.AsyncClient) -> None:
    page = await client.get("/")
    assert page.status_code == 200
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    for response in (page, await client.get("/api/session"), await client.get("/nowhere")):
        assert "server" not in response.headers
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"
    for path in ("/docs", "/redoc", "/openapi.json", "/static/", "/static/../app.py", "/static/%2e%2e/app.py"):
        await refused(await client.get(path), 404)


async def test_forwarded_headers_are_not_believed(client: httpx2.AsyncClient) -> None:
    headers = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "10.0.0.1"}
    assert (await client.get("/api/session", headers=headers)).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_other_interfaces_need_a_token_of_the_users_own(start: Start, tmp_path: Path, host: str) -> None:
    with pytest.raises(ConfigError, match="--token-file"):
        start(place=web.BindAddress(tmp_path / "data", host=host, port=0))


@pytest.mark.parametrize("token", ["short", "with a space in the middle", "ümlauts-are-not-ascii"])
def test_a_token_must_be_a_secret(start: Start, tmp_path: Path, token: str) -> None:
    with pytest.raises(ConfigError, match="token"):
        start(place=web.BindAddress(tmp_path / "data", port=0, token=token))


def test_a_taken_port_is_one_line(front: Front, start: Start, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Can't listen .* Choose another --port"):
        start(place=web.BindAddress(tmp_path / "data", port=front.port))
