"""Every fault through every provider: the right kind, one clear line, no key, and what arrived is kept."""

import asyncio
import socket
import ssl
import sys
import time

import pytest

from streamtui.chat.errors import ConfigError, ProviderError
from streamtui.chat.ports import Deadlines
from tests.patience import PATIENCE_S
from tests.providers.conftest import KEY, Make, hear
from tests.providers.faults import FAULTS, Fault
from tests.server import THE_END, ScriptedServer
from tests.server.fixtures import CERTIFICATE, eventually

SERVED = ["openai", "anthropic"]


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.lower(), raising=False)


def check_message(error: ProviderError) -> None:
    message = str(error)
    assert "\n" not in message
    assert KEY not in message
    assert "<" not in message
    assert message.endswith((".", "?")), message
    assert len(message) < 300, message


@pytest.mark.parametrize(
    ("name", "fault"),
    [pytest.param(name, fault, id=f"{fault.model}-{name}") for fault in FAULTS for name in fault.of(SERVED)],
)
async def test_fault(make: Make, server: ScriptedServer, name: str, fault: Fault) -> None:
    provider = make(name, **({"deadlines": Deadlines(PATIENCE_S, 1.0, 1.0)} if fault.kind == "timeout" else {}))
    heard = await hear(provider, fault.model)
    assert heard.error is not None
    check_message(heard.error)
    assert heard.error.kind == fault.kind
    assert fault.says in str(heard.error)
    assert provider.host in str(heard.error) or fault.kind == "context_length"
    assert heard.text == fault.kept
    assert heard.finish_reason is None
    assert heard.error.status == fault.status
    assert heard.error.retryable is fault.retryable
    assert len(server.of(fault.model)) == 1
    assert (await hear(provider, "flood-2")).finish_reason, "the provider is usable afterwards"


@pytest.mark.parametrize("name", SERVED)
@pytest.mark.parametrize(
    ("url", "kind", "says"),
    [
        ("http://127.0.0.1:{closed}/v1", "connect", "Nobody listens at 127.0.0.1:{closed}"),
        ("https://127.0.0.1:{closed}/v1", "connect", "Nobody listens at 127.0.0.1:{closed}"),
        ("http://nowhere.invalid/v1", "connect", "no host nowhere.invalid"),
        ("https://127.0.0.1:{tls}/v1", "connect", "certificate that is not trusted"),
        ("https://localhost:{tls}/v1", "connect", "certificate for another name"),
        ("https://127.0.0.1:{plain}/v1", "connect", "write http://"),
        ("http://127.0.0.1:{tls}/v1", "connect", "write https://"),
    ],
)
async def test_connections_that_fail(
    make: Make,
    server: ScriptedServer,
    tls_server: ScriptedServer,
    closed_port: int,
    name: str,
    url: str,
    kind: str,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if "localhost" in url:
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    ports = {"closed": closed_port, "tls": tls_server.port, "plain": server.port}
    heard = await hear(make(name, base_url=url.format(**ports)), "ok")
    assert heard.error is not None
    check_message(heard.error)
    assert heard.error.kind == kind
    assert says.format(**ports) in str(heard.error)


async def serve_one(answers: tuple[bytes, ...]) -> asyncio.Server:
    """Listen; give each client these answers, one for whatever it sends, and hang up."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for line in answers:
            await reader.read(10_000)
            writer.write(line)
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1")


OPENED = b"HTTP/1.1 200 Connected\r\n\r\n"


@pytest.mark.parametrize("name", SERVED)
@pytest.mark.parametrize(
    ("answers", "says"),
    [
        (
            (b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n",),
            "The proxy {} to",
        ),
        ((OPENED, b"This is no tunnel."), "The proxy {} opens no way to"),
        ((b"",), "The proxy {} closed the connection to"),
    ],
)
async def test_a_proxy_that_fails_is_named(
    make: Make, monkeypatch: pytest.MonkeyPatch, name: str, answers: tuple[bytes, ...], says: str
) -> None:
    async with await serve_one(answers) as proxy:
        port = proxy.sockets[0].getsockname()[1]
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:hunter2@127.0.0.1:{port}")
        heard = await hear(make(name, base_url="https://example.invalid"), "ok")
    assert heard.error is not None
    check_message(heard.error)
    assert says.format(f"127.0.0.1:{port}") in str(heard.error)
    assert "example.invalid" in str(heard.error) and "hunter2" not in str(heard.error)


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "ALL_PROXY"])
@pytest.mark.parametrize("host", ["127.0.0.1:{}", "nowhere.invalid:{}"])
async def test_a_proxy_that_is_not_there_is_named(
    make: Make, monkeypatch: pytest.MonkeyPatch, closed_port: int, variable: str, host: str
) -> None:
    proxy = host.format(closed_port)
    monkeypatch.setenv(variable, f"http://user:hunter2@{proxy}")
    heard = await hear(make(base_url="https://example.invalid"), "ok")
    assert f"proxy {proxy}" in str(heard.error) and "hunter2" not in str(heard.error)


async def test_a_host_that_no_proxy_is_for_is_to_blame_itself(
    make: Make, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{closed_port}")
    monkeypatch.setenv("NO_PROXY", "example.invalid")
    heard = await hear(make(base_url="https://example.invalid"), "ok")
    assert "There is no host example.invalid" in str(heard.error)


async def test_a_connection_that_is_never_accepted_times_out(make: Make) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        crowd = [socket.socket() for _ in range(3)]
        for sock in crowd:
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
        heard = await hear(
            make(base_url=f"http://127.0.0.1:{port}/v1", deadlines=Deadlines(0.2, PATIENCE_S, PATIENCE_S)), "ok"
        )
        for sock in crowd:
            sock.close()
    assert heard.error is not None
    assert heard.error.kind == "timeout"
    assert "No connection" in str(heard.error)
    assert heard.error.retryable


@pytest.mark.parametrize("name", SERVED)
@pytest.mark.parametrize("model", ["flood-ping", "flood-newline", "flood-empty"])
async def test_a_flood_without_content_ends_at_the_deadline(make: Make, name: str, model: str) -> None:
    started = time.monotonic()
    heard = await hear(make(name, deadlines=Deadlines(PATIENCE_S, 0.3, 0.3)), model)
    assert heard.error is not None
    assert time.monotonic() - started < 3.0


async def test_the_server_is_not_to_blame_for_time_in_which_this_process_stood_still(
    make: Make, server: ScriptedServer
) -> None:
    """As after Ctrl+Z: time is up, and what came in meanwhile waits to be read."""
    hearing = asyncio.create_task(hear(make(deadlines=Deadlines(PATIENCE_S, PATIENCE_S, 2.0)), "told-300"))
    await eventually(lambda: server.of("told-300") and server.of("told-300")[0].tokens > 2)
    await asyncio.sleep(0.05)  # the reader has read the last one, and waits for the next
    time.sleep(3.0)  # noqa: ASYNC251
    server.end("told-300")
    heard = await hearing
    assert heard.error is None
    assert heard.text.endswith(THE_END)


async def test_the_prompt_does_not_follow_a_redirect(make: Make, server: ScriptedServer) -> None:
    await hear(make(), "redirect-cross")
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", SERVED)
@pytest.mark.parametrize("model", ["401", "redirect-key", "tool-key"])
async def test_a_key_quoted_by_the_server_is_hidden_whatever_its_shape(make: Make, name: str, model: str) -> None:
    heard = await hear(make(name, api_key="completely-unusual-key"), model)
    said = str(heard.error or heard.events)
    assert "unusual" not in said
    assert "[key hidden]" in said


async def test_without_a_key_the_line_says_which_variable_to_set(make: Make, server: ScriptedServer) -> None:
    heard = await hear(make(api_key=None), "401")
    assert "Set OPENAI_API_KEY" in str(heard.error)
    assert "authorization" not in server.of("401")[0].headers


@pytest.mark.parametrize("name", SERVED)
@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("SSL_CERT_FILE", "/nowhere/at/all.pem", "SSL_CERT_FILE"),
        ("HTTPS_PROXY", "junk://user:hunter2@x", "HTTPS_PROXY"),
        ("ALL_PROXY", "socks5://user:hunter2@127.0.0.1:1", "SOCKS"),
    ],
)
async def test_what_is_wrong_in_the_environment_is_said(
    make: Make, monkeypatch: pytest.MonkeyPatch, name: str, variable: str, value: str, says: str
) -> None:
    monkeypatch.setenv(variable, value)
    monkeypatch.setitem(sys.modules, "socksio", None)  # the extra is not installed
    with pytest.raises(ConfigError) as caught:
        await hear(make(name, base_url="https://example.invalid"), "ok")
    assert says in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("name", SERVED)
async def test_models_says_what_is_wrong(make: Make, closed_port: int, name: str) -> None:
    with pytest.raises(ProviderError) as caught:
        await make(name, base_url=f"http://127.0.0.1:{closed_port}").models()
    assert caught.value.kind == "connect"


async def test_the_list_of_models_at_a_wrong_address(make: Make, server: ScriptedServer) -> None:
    with pytest.raises(ProviderError) as caught:
        await make(base_url=f"http://{server.host}/nothing").models()
    assert caught.value.kind == "not_found"
    assert "Check the base URL" in str(caught.value)


def test_tls_is_checked_by_default() -> None:
    """The certificate of the tests is refused by the same rules that guard real endpoints."""
    assert ssl.create_default_context().verify_mode is ssl.CERT_REQUIRED
