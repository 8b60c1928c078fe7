"""Ways out of here: proxies of all kinds, hosts that need none, and certificates of one's own."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from streamtui.chat.errors import ConfigError
from streamtui.providers.http.base_url import parse_base_url
from streamtui.providers.http.surroundings import proxy_of, proxy_url
from tests.providers.conftest import Make, hear
from tests.server import ScriptedServer
from tests.server.fixtures import CERTIFICATE

ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    b'data: {"choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@pytest.fixture(autouse=True)
def without_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*VARIABLES, "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@dataclass
class Proxy:
    """A proxy that answers in the server's place, and remembers what it was asked."""

    port: int = 0
    asked: list[bytes] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(ANSWER)
        await writer.drain()
        writer.close()

    async def answer_socks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak SOCKS5 (RFC 1928), with a user name and a password (RFC 1929)."""
        _, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(b"\x05\x02")
        _, size = await reader.readexactly(2)
        self.asked.append(await reader.readexactly(size))
        self.asked.append(await reader.readexactly((await reader.readexactly(1))[0]))
        writer.write(b"\x01\x00")
        *_, size = await reader.readexactly(5)
        self.asked.append(await reader.readexactly(size))
        await reader.readexactly(2)
        writer.write(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        await self.answer(reader, writer)


@asynccontextmanager
async def running(proxy: Proxy, *, speaks_socks: bool = False) -> AsyncIterator[Proxy]:
    server = await asyncio.start_server(proxy.answer_socks if speaks_socks else proxy.answer, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    async with server:
        yield proxy


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
@pytest.mark.parametrize("scheme", ["", "http://", "http://me:p%40ss@"])
async def test_a_proxy_is_asked_for_the_whole_address(
    make: Make, monkeypatch: pytest.MonkeyPatch, variable: str, scheme: str
) -> None:
    async with running(Proxy()) as proxy:
        monkeypatch.setenv(variable.lower(), f"{scheme}127.0.0.1:{proxy.port}")
        heard = await hear(make(base_url="http://model.invalid/v1"), "ok")

    assert heard.text == "Hello"
    assert proxy.asked[0].startswith(b"POST http://model.invalid/v1/chat/completions HTTP/1.1\r\n")
    assert (b"bWU6cEBzcw==" in proxy.asked[0]) == scheme.startswith("http://me")


async def test_a_tunnel_is_asked_for_what_is_secret(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(Proxy()) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:pass@127.0.0.1:{proxy.port}")
        await hear(make(base_url="https://model.invalid/v1"), "ok")

    assert proxy.asked[0].startswith(b"CONNECT model.invalid:443 HTTP/1.1\r\n")
    assert b"sk-test" not in proxy.asked[0]


async def test_a_socks_proxy_is_asked_for_the_host_by_name(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(Proxy(), speaks_socks=True) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"socks5://me:pass@127.0.0.1:{proxy.port}")
        heard = await hear(make(base_url="http://model.invalid/v1"), "ok")

    assert heard.text == "Hello"
    assert proxy.asked[:3] == [b"me", b"pass", b"model.invalid"]


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
async def test_a_socks_proxy_for_other_addresses_stops_nothing(
    make: Make, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)  # the extra is not installed
    monkeypatch.setenv(variable, "socks5://127.0.0.1:1")
    async with running(Proxy()) as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        heard = await hear(make(base_url="http://model.invalid/v1"), "ok")

    assert heard.text == "Hello"


async def test_the_variable_that_names_a_socks_proxy_is_told(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv("HTTPS_PROXY", "socks5h://me:hunter2@127.0.0.1:1")
    with pytest.raises(ConfigError, match=r"^HTTPS_PROXY names a SOCKS proxy: pip install 'streamtui\[socks\]'"):
        await hear(make(base_url="https://model.invalid/v1"), "ok")


@pytest.mark.parametrize(
    ("no_proxy", "url", "is_direct"),
    [
        ("*", "https://a.example/v1", True),
        ("a.example", "https://a.example/v1", True),
        ("A.Example ", "https://a.example/v1", True),
        (".example", "https://a.example/v1", True),
        ("*.example", "https://a.example/v1", True),
        ("example", "https://a.example/v1", True),
        ("ample", "https://a.example/v1", False),
        ("b.example,a.example", "https://a.example/v1", True),
        ("b.example", "https://a.example/v1", False),
        ("a.example:443", "https://a.example/v1", True),
        ("a.example:8443", "https://a.example/v1", False),
        ("a.example:8443", "https://a.example:8443/v1", True),
        ("https://a.example", "https://a.example/v1", True),
        ("10.0.0.0/8", "http://10.1.2.3:8000/v1", True),
        ("10.0.0.0/8", "http://11.1.2.3:8000/v1", False),
        ("10.1.2.3", "http://10.1.2.3:8000/v1", True),
        ("fd00::/8", "http://[fd12::1]:8000/v1", True),
        ("[fd12::1]", "http://[fd12::1]:8000/v1", True),
        (",, junk/, [,:::", "https://a.example/v1", False),
        ("", "https://a.example/v1", False),
        ("", "http://127.0.0.1:1/v1", True),
        ("", "http://localhost:1/v1", True),
    ],
)
def test_hosts_that_need_no_proxy(monkeypatch: pytest.MonkeyPatch, no_proxy: str, url: str, is_direct: bool) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://me:hunter2@proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    base = parse_base_url(url)

    assert (proxy_url(base) is None) == is_direct
    assert proxy_of(base) == (None if is_direct else "proxy.example:3128")


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
async def test_authorities_of_ones_own_count(
    make: Make, tls_server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, str(CERTIFICATE))

    assert (await hear(make(base_url=tls_server.url), "ok")).error is None


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
async def test_authorities_that_cannot_be_read_are_named(
    make: Make, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "/nowhere/at/all.pem")
    with pytest.raises(ConfigError, match=f"named in {variable} can't be read"):
        await hear(make(base_url="https://model.invalid/v1"), "ok")


async def test_without_tls_authorities_do_not_matter(
    make: Make, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/at/all.pem")

    assert (await hear(make(base_url=server.url), "ok")).error is None
