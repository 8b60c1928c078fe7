"""What each kind of request may do: every route, with everything that a browser sends by itself, or a page can add."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from hypothesis import given
from hypothesis import strategies as st

from streamtui import web
from streamtui.web import app
from streamtui.web import server as server_module
from streamtui.web.credentials import KEY_HEADER, Credential, Credentials
from streamtui.web.sessions import Sessions
from tests.server import ScriptedServer
from tests.web.conftest import Start
from tests.web.front import Front, ask

KEY = "0123456789abcdef" * 2
ID = "0" * 20


@dataclass(frozen=True, slots=True)
class Route:
    """A request for a route of the application."""

    method: str
    template: str
    """As the application has it."""
    body: dict[str, object] | None = None
    query: str = ""

    @property
    def path(self) -> str:
        return self.template.replace("{id}", ID).replace("{sha256}", "0" * 64) + self.query

    @property
    def changes(self) -> bool:
        return self.method != "GET" or self.template == "/api/chat"


ONE = "/api/conversations/{id}"
ROUTES = [
    Route("GET", "/api/chat", query="?q=Hi"),
    Route("GET", "/api/chat", query="?q=Hi&model=echo&linger=9"),
    Route("POST", "/api/chat", {"prompt": "Hi"}),
    Route("POST", "/api/chat", {"prompt": "Hi", "models": ["ok", "echo"]}),
    Route("POST", "/api/chat", {"regenerate": ID, "conversation": ID}),
    Route("POST", "/api/chat", {"continue": ID, "conversation": ID}),
    Route("GET", "/api/conversations"),
    Route("GET", ONE),
    Route("PATCH", ONE, {"title": "Taken"}),
    Route("DELETE", ONE),
    Route("GET", f"{ONE}/blocks", query=f"?message={ID}"),
    Route("GET", f"{ONE}/events"),
    Route("POST", f"{ONE}/stop", {}),
    Route("POST", f"{ONE}/keep", {"message": ID}),
    Route("GET", f"{ONE}/draft"),
    Route("POST", f"{ONE}/draft", {"text": "Taken"}),
    Route("POST", f"{ONE}/branch", {"message": ID}),
    Route("POST", f"{ONE}/system", {"system": "Obey."}),
    Route("GET", f"{ONE}/export"),
    Route("GET", f"{ONE}/export", query="?format=md"),
    Route("POST", f"{ONE}/fork", {"message": ID}),
    Route("POST", "/api/undelete", {}),
    Route("GET", "/api/search", query="?q=secret"),
    Route("GET", "/api/stats"),
    Route("PUT", "/api/import", {"any": "thing"}, "?name=a.json"),
    Route("PUT", "/api/attachments", {"any": "thing"}, "?name=a.txt"),
    Route("GET", "/api/attachments/{sha256}"),
    Route("GET", "/api/models"),
    Route("GET", "/api/session"),
    Route("DELETE", "/api/session"),
    Route("DELETE", "/api/sessions"),
]
WITH_A_CODE = ("POST", "/api/session")
"""The one route that needs nothing ambient: what it takes is the code."""

OTHER_PAGES = {
    "another site": {"Sec-Fetch-Site": "cross-site"},
    "another port": {"Sec-Fetch-Site": "same-site"},
    "another origin": {"Origin": "http://evil.example"},
    "another port's origin": {"Origin": "http://127.0.0.1:9"},
    "a sandbox": {"Origin": "null"},
    "a link or picture over plain HTTP": {"Referer": "http://evil.example/page"},
    "a picture on another port over plain HTTP": {"Referer": "http://127.0.0.1:9/"},
    "a page that guesses": {"Sec-Fetch-Site": "cross-site", KEY_HEADER: "guess"},
    "a subdomain over plain HTTP": {"Origin": "http://evil.127.0.0.1.example"},
    "an address with our name before the @": {"Origin": "http://127.0.0.1@evil.example"},
    "our own prefetch": {"Sec-Fetch-Site": "same-origin", "Sec-Purpose": "prefetch;prerender"},
    "a file": {"Origin": "file://"},
    "an extension": {"Origin": "chrome-extension://abcdef"},
    "a socket's origin": {"Origin": "ws://127.0.0.1"},
}


@pytest.fixture
async def browser(front: Front) -> AsyncIterator[httpx2.AsyncClient]:
    """A client with the cookie of a page, and nothing else."""
    async with front.stranger() as client:
        answer = await client.post("/api/session", json={"code": front.code, "key": KEY})
        assert answer.status_code == 204
        yield client


async def send(client: httpx2.AsyncClient, route: Route, headers: dict[str, str]) -> httpx2.Response:
    return await client.request(route.method, route.path, json=route.body, headers=headers)


def test_every_route_of_the_application_has_a_row_here(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    apps: list[FastAPI] = []

    def create_app(*given: Any, **named: Any) -> FastAPI:
        apps.append(app.create_app(*given, **named))
        return apps[-1]

    monkeypatch.setattr(server_module, "create_app", create_app)
    start()
    routes = [route for route in apps[0].routes if isinstance(route, APIRoute)]
    there = {(method, route.path) for route in routes for method in route.methods or ()}
    assert there == {(route.method, route.template) for route in ROUTES} | {WITH_A_CODE}
    others = [route for route in apps[0].routes if not isinstance(route, APIRoute)]
    assert [getattr(route, "path", None) for route in others] == ["/", "/static"]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
async def test_no_other_page_does_anything(browser: httpx2.AsyncClient, server: ScriptedServer, route: Route) -> None:
    for headers in OTHER_PAGES.values():
        assert (await send(browser, route, headers)).status_code == 403, headers
    assert not server.requests


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
async def test_a_pages_cookie_alone_only_follows(
    browser: httpx2.AsyncClient, server: ScriptedServer, route: Route
) -> None:
    """As images, links, frames and forms bring it, and other servers of this host that were shown it."""
    for headers in ({}, {"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": "same-origin"}):
        status = (await send(browser, route, headers)).status_code
        assert status == (404 if route.template.endswith("/events") else 403)
    assert (await send(browser, route, {KEY_HEADER: "f" * 32})).status_code == 401
    assert not server.requests


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
async def test_our_page_does_all_but_ask_by_an_address(browser: httpx2.AsyncClient, route: Route) -> None:
    status = (await send(browser, route, {KEY_HEADER: KEY})).status_code
    assert (status == 403) == route.path.startswith("/api/chat?")
    assert status not in (401, 405)


async def test_a_programs_cookie_reads_and_changes_nothing(start: Start, server: ScriptedServer) -> None:
    front = start()
    async with front.stranger() as client:
        await client.post("/api/session", json={"code": front.code})
        for route in ROUTES:
            status = (await send(client, route, {})).status_code
            assert (status == 403) == route.changes, route
    assert not [request for request in server.requests if request.path.endswith("completions")]


async def test_the_token_does_everything_as_curl_sends_it(front: Front, client: httpx2.AsyncClient) -> None:
    for route in ROUTES:
        assert (await send(client, route, {})).status_code not in (401, 403, 405, 415), route


async def test_the_header_that_proves_makes_browsers_ask_first_and_in_vain(client: httpx2.AsyncClient) -> None:
    headers = {
        "Origin": "http://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": KEY_HEADER,
    }
    answer = await client.options("/api/chat", headers=headers)
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


STRANGERS = [
    "ns/user=1",
    "a@b=1",
    "{x}=1",
    "a b=1",
    'prefs={"a":1, "b":"x y"}',
    "x[y]=1",
    "t=\xe9",
    "x",
    "=v",
    "path=/",
    "streamtui-{port}=",
    "streamtui-{port}=bad",
    "streamtui-{port}=a.b",
    "streamtui-1=x",
    '"',
    "a=\x01",
]


@pytest.mark.parametrize("stranger", STRANGERS)
async def test_cookies_of_others_lock_nobody_out(start: Start, stranger: str) -> None:
    front = start()
    other = stranger.replace("{port}", str(front.port)).encode("latin-1")
    async with front.stranger() as client:
        answer = await client.post("/api/session", json={"code": front.code}, headers=[(b"Cookie", other)])
        good = answer.headers["Set-Cookie"].partition(";")[0].encode()
    async with front.stranger() as client:
        for cookies in (other + b"; " + good, good + b"; " + other, other + b";" + good + b";" + other):
            answer = await client.get("/api/session", headers=[(b"Cookie", cookies)])
            assert answer.status_code == 200, cookies


@given(before=st.text(max_size=30), after=st.text(max_size=30))
def test_any_cookies_around_ours_change_nothing(before: str, after: str) -> None:
    around = [text.replace("streamtui-8000", "") for text in (before, after)]
    reader = Credentials("t" * 43, _Open("t" * 43, None, 8000))  # type: ignore[arg-type]
    headers = {"cookie": f"{around[0]}; streamtui-8000=good.one; {around[1]}"}
    assert reader.credential(headers) is Credential.FOLLOWER


class _Open(Sessions):
    """Sessions of which one is open."""

    def is_open(self, cookie: object) -> bool:
        return str(cookie) == "good.one"


async def test_a_code_survives_a_lost_answer_and_serves_nobody_else(start: Start) -> None:
    front = start()
    code = front.code
    async with front.stranger() as page, front.stranger() as thief:
        first = await page.post("/api/session", json={"code": code, "key": KEY})
        again = await page.post("/api/session", json={"code": code, "key": KEY})
        assert first.headers["Set-Cookie"] == again.headers["Set-Cookie"]
        assert (await thief.post("/api/session", json={"code": code, "key": "f" * 32})).status_code == 403
        assert (await thief.post("/api/session", json={"code": code})).status_code == 403
        assert (await page.get("/api/session", headers={KEY_HEADER: KEY})).status_code == 200


async def test_a_code_is_not_used_up_where_the_session_cannot_be_kept(start: Start) -> None:
    front = start()
    folder = front.data / "web" / "sessions"
    folder.touch()  # a file in the folder's place
    async with front.stranger() as page:
        failed = await page.post("/api/session", json={"code": front.code, "key": KEY})
        assert failed.status_code == 503
        folder.unlink()
        assert (await page.post("/api/session", json={"code": front.code, "key": KEY})).status_code == 204


async def test_a_good_code_gets_in_during_a_flood_of_bad_ones(start: Start) -> None:
    front = start(web.ServeLimits(burst=3, requests_per_s=0.01))
    async with front.stranger() as client:
        flood = [(await client.post("/api/session", json={"code": str(n)})).status_code for n in range(5)]
        assert flood == [403, 403, 403, 429, 429]
        assert (await client.post("/api/session", json={"code": front.code})).status_code == 204


async def test_the_cookie_is_secure_where_the_browser_sees_tls(start: Start) -> None:
    front = start()
    async with front.stranger() as client:
        plain = await client.post("/api/session", json={"code": front.code}, headers={"Origin": front.url})
        assert "Secure" not in plain.headers["Set-Cookie"]
        origin = front.url.replace("http:", "https:")
        secure = await client.post("/api/session", json={"code": front.code}, headers={"Origin": origin})
        assert "; Secure" in secure.headers["Set-Cookie"]
        assert "path" not in secure.headers["Set-Cookie"].lower()


async def test_logging_out_ends_one_session_and_ending_all_ends_all(start: Start) -> None:
    front = start()
    page = {KEY_HEADER: KEY}

    async def log_in(client: httpx2.AsyncClient) -> None:
        await client.post("/api/session", json={"code": front.code, "key": KEY})

    async def is_in(client: httpx2.AsyncClient) -> bool:
        return (await client.get("/api/session", headers=page)).status_code == 200

    async with front.stranger() as one, front.stranger() as two, front.stranger() as three:
        for client in (one, two, three):
            await log_in(client)
        cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in one.cookies.items())}
        out = await one.delete("/api/session", headers=page)
        assert out.status_code == 204
        assert "Max-Age=0" in out.headers["Set-Cookie"]
        assert (await one.get("/api/session", headers=page | cookie)).status_code == 401, "the old cookie is void"
        assert await is_in(two) and await is_in(three)
        assert (await two.delete("/api/sessions", headers=page)).status_code == 204
        assert not await is_in(three)
    async with front.client() as program:
        assert (await program.get("/api/session")).status_code == 200, "the token still counts"


async def test_our_page_is_let_through_a_proxy_that_changes_the_host(start: Start) -> None:
    base = start()
    front = start(place=web.BindAddress(base.data, port=0, allowed_hosts=("chat.example",)))
    async with front.client() as client:
        for headers, status, cure in [
            ({"Origin": "https://chat.example", "Sec-Fetch-Site": "same-origin"}, 200, ""),
            ({"Origin": "https://other.example", "Sec-Fetch-Site": "same-origin"}, 403, "--allow-host other.example"),
            ({"Origin": "http://chat.example:8080", "Host": "chat.example"}, 403, "proxy_set_header Host $http_host"),
            ({"Host": "new.example"}, 400, "--allow-host new.example"),
            ({"Host": "x'$(id).example"}, 400, "does not answer to that name."),
        ]:
            answer = await client.get("/api/session", headers=headers)
            assert answer.status_code == status
            assert cure in answer.text


async def test_the_method_that_is_allowed_is_named(client: httpx2.AsyncClient) -> None:
    for method in ("PUT", "DELETE", "TRACE", "FOO"):
        answer = await client.request(method, "/api/chat")
        assert answer.status_code == 405
        assert answer.headers["Allow"]


@pytest.mark.parametrize("title", [" ", "\u200b", "\u202e", "\n\t"])
async def test_a_title_with_nothing_to_read_is_refused(client: httpx2.AsyncClient, title: str) -> None:
    conversation = (await ask(client, "ok", "Its own title"))[-1].data["conversation"]
    path = f"/api/conversations/{conversation}"
    assert (await client.patch(path, json={"title": title})).status_code == 422
    assert (await client.get(path)).json()["conversation"]["title"] == "Its own title"
