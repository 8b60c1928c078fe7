"""The token, the one-time code and the cookie."""

import socket
import stat
from pathlib import Path

from streamtui import web
from streamtui.web.access import load_token
from streamtui.web.origin import Hosts
from streamtui.web.sessions import Sessions
from tests.server import ScriptedServer
from tests.web.conftest import Start
from tests.web.front import Front


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_token_is_256_bits_kept_for_the_user_alone(front: Front) -> None:
    path = front.data / "web" / "token"
    assert path.read_text() == front.token
    assert len(front.token) >= 43
    assert mode(path) == 0o600
    assert mode(path.parent) == mode(front.data) == 0o700


def test_the_token_stays_over_restarts(tmp_path: Path) -> None:
    assert load_token(tmp_path / "web", None) == load_token(tmp_path / "web", None)


def test_a_token_that_others_could_read_is_replaced(tmp_path: Path) -> None:
    token = load_token(tmp_path, None)
    (tmp_path / "token").chmod(0o644)
    fresh = load_token(tmp_path, None)
    assert fresh != token
    assert mode(tmp_path / "token") == 0o600


def test_a_link_in_the_tokens_place_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("x" * 50)
    other.chmod(0o600)
    (tmp_path / "token").symlink_to(other)
    assert load_token(tmp_path, None) != "x" * 50
    assert other.read_text() == "x" * 50


def test_a_code_works_once_and_for_its_port(tmp_path: Path) -> None:
    sessions = Sessions("t" * 43, tmp_path, 8000)
    code = sessions.new_code()
    assert Sessions("t" * 43, tmp_path, 8001).trade(code) is None
    assert Sessions("u" * 43, tmp_path, 8000).trade(code) is None
    assert sessions.trade(code)
    assert sessions.trade(code) is None
    assert sessions.trade("../../etc/passwd") is None


def test_on_other_interfaces_addresses_and_own_names_count_and_other_names_do_not() -> None:
    hosts = Hosts.of("0.0.0.0", ("chat.example",))
    own = socket.gethostname()
    for host in ("192.0.2.7:8000", "[2001:db8::1]:8000", "chat.example", "Chat.Example:443", own, "localhost:8000"):
        assert hosts.know(host), host
    for host in ("evil.example", "192.0.2.7.nip.io", "chat.example.evil.example", "chat.example/x", "a:b:c", ""):
        assert not hosts.know(host), host


async def test_a_code_is_traded_for_a_cookie_that_scripts_and_other_sites_cannot_use(
    start: Start, server: ScriptedServer
) -> None:
    front = start()
    async with front.stranger() as browser:
        code = front.code
        answer = await browser.post("/api/session", json={"code": code})
        assert answer.status_code == 204
        cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert front.token not in cookie
        assert (await browser.get("/api/session")).json() == {"model": "ok", "host": server.host}
    async with front.stranger() as late:
        assert (await late.post("/api/session", json={"code": code})).status_code == 403
        assert front.code != code
        assert (await late.post("/api/session", json={"code": front.code})).status_code == 204


async def test_codes_of_an_earlier_server_are_void(start: Start, closed_port: int, tmp_path: Path) -> None:
    place = web.BindAddress(tmp_path / "data", port=closed_port)
    front = start(place=place)
    code = front.code
    front.stop()
    async with start(place=place).stranger() as browser:
        assert (await browser.post("/api/session", json={"code": code})).status_code == 403


async def test_an_explicit_token_is_the_one_that_counts(start: Start, tmp_path: Path) -> None:
    chosen = "a-token-of-my-own-choosing"
    front = start(place=web.BindAddress(tmp_path / "data", port=0, token=chosen))
    assert not (tmp_path / "data" / "web" / "token").exists()
    async with front.stranger() as client:
        answer = await client.get("/api/session", headers={"Authorization": f"Bearer {chosen}"})
    assert answer.status_code == 200
