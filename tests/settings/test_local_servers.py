"""Model servers of this machine: where they are looked for, what counts as one, and who answers then."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from streamtui.chat.errors import ConfigError
from streamtui.settings.local_servers import LocalServers, ollama_url
from streamtui.settings.models import SettingsCatalog
from tests.server import ScriptedServer
from tests.settings.conftest import PLACES, Sources

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("", "http://127.0.0.1:11434/v1"),
        ("localhost", "http://localhost:11434/v1"),
        ("127.0.0.1:9999", "http://127.0.0.1:9999/v1"),
        (":9999", "http://127.0.0.1:9999/v1"),
        ("0.0.0.0", "http://127.0.0.1:11434/v1"),
        ("0.0.0.0:5000", "http://127.0.0.1:5000/v1"),
        ("http://localhost", "http://localhost:80/v1"),
        ("https://localhost", "https://localhost:443/v1"),
        ("http://127.0.0.1:77/", "http://127.0.0.1:77/v1"),
        ("http://localhost:77/some/path", "http://localhost:77/some/path/v1"),
        ("http://localhost:77/v1/", "http://localhost:77/v1"),
        ("[::1]:77", "http://[::1]:77/v1"),
        ("::1", "http://[::1]:11434/v1"),
        ("[::]:77", "http://[::1]:77/v1"),
        ("http://[::1]", "http://[::1]:80/v1"),
        (' "127.0.0.1:77" ', "http://127.0.0.1:77/v1"),
        ("gpu-box:77", "http://gpu-box:77/v1"),
    ],
)
def test_ollama_host_is_read_as_ollama_reads_it(host: str, url: str) -> None:
    assert ollama_url(host).url == url


@pytest.mark.parametrize("host", ["x:y", "localhost:99999", "a b", "ftp://localhost", "http://user:pw@localhost:1"])
def test_an_ollama_host_that_is_no_address_is_told_and_the_others_are_looked_for(host: str) -> None:
    with pytest.raises(ConfigError, match="OLLAMA_HOST"):
        ollama_url(host)

    servers = LocalServers(host, (), ())

    assert servers.notice is not None
    assert "pw" not in servers.notice
    assert [place for place in servers.places if "Ollama" in place] == []
    assert len(servers.places) == 5


def test_what_is_looked_for_is_said_with_its_place() -> None:
    assert LocalServers("localhost:77", (), ()).places == (
        "Ollama localhost:77", "LM Studio :1234", "llama.cpp :8080", "vLLM :8000", "KoboldCpp :5001", "Jan :1337"
    )  # fmt: skip


def test_another_machine_is_never_asked_by_itself() -> None:
    servers = LocalServers("gpu-box", (), ())

    assert not any("Ollama" in place for place in servers.places)
    assert servers.notice is not None
    assert "-m ollama:NAME" in servers.notice
    assert "gpu-box:11434" in servers.notice


def looking(sources: Sources, host: str) -> SettingsCatalog:
    sources.environment.setdefault("OLLAMA_HOST", host)
    return SettingsCatalog(sources.read(), sources.quirks, finds_servers=True)


async def test_a_server_that_is_there_answers_without_a_key(sources: Sources, server: ScriptedServer) -> None:
    catalog = looking(sources, server.host)
    demo = catalog.model()

    search = await catalog.search()
    named = catalog.model()

    assert demo.provider.name == "demo"
    assert search is not None
    assert search.model == named
    assert named.provider.name == "ollama"
    assert named.label == f"{named.id} @ {server.host}"
    assert await catalog.search() is None
    assert await catalog.resolve(demo) == named
    assert catalog.model(named.name).id == named.id
    assert named.id in await catalog.available()
    assert all("authorization" not in request.headers for request in server.requests)
    await catalog.aclose()


async def test_a_prompt_for_the_demo_waits_for_the_first_look(sources: Sources, server: ScriptedServer) -> None:
    catalog = looking(sources, server.host)

    assert (await catalog.resolve(catalog.model())).provider.name == "ollama"
    assert (await catalog.resolve(catalog.model("demo"))).provider.name == "demo"
    await catalog.aclose()


async def test_where_nothing_answers_it_is_the_demo(sources: Sources, closed_port: int) -> None:
    catalog = looking(sources, f":{closed_port}")

    search = await catalog.search()

    assert search is not None
    assert search.model is None
    assert f"Ollama :{closed_port}" in search.places
    assert (await catalog.resolve(catalog.model())).id == "demo"


@pytest.mark.parametrize("named", ["OPENAI_API_KEY=sk-x", "GROQ_API_KEY=gsk-x", "CHAT_MODEL=demo:fast"])
async def test_who_has_named_something_else_is_not_searched_for(
    sources: Sources, server: ScriptedServer, named: str
) -> None:
    PLACES["environment"](sources, named)
    catalog = looking(sources, server.host)

    assert await catalog.search() is None
    assert server.requests == []


async def test_without_being_told_to_nothing_is_looked_for(sources: Sources, server: ScriptedServer) -> None:
    sources.environment["OLLAMA_HOST"] = server.host
    catalog = sources.catalog()

    assert await catalog.search() is None
    assert (await catalog.resolve(catalog.model())).id == "demo"
    assert server.requests == []


async def test_a_setting_forbids_it(sources: Sources, server: ScriptedServer) -> None:
    sources.toml("find_servers = false\n")
    catalog = looking(sources, server.host)

    assert await catalog.search() is None
    assert all(name.startswith("demo") for name in await catalog.available())
    assert server.requests == []


def test_a_server_of_this_machine_can_be_asked_by_name_alone(sources: Sources) -> None:
    sources.environment["CHAT_MODEL"] = "ollama:llama3.2:3b"
    catalog = sources.catalog()

    assert catalog.endpoints.is_configured
    assert catalog.model().id == "ollama:llama3.2:3b"
    assert catalog.model().provider.host == "127.0.0.1:11434"
    assert catalog.saved("jan:small").provider.host == "127.0.0.1:1337"


async def test_a_model_named_without_its_server_is_asked_where_it_is(sources: Sources, server: ScriptedServer) -> None:
    sources.environment["CHAT_MODEL"] = "reasoning"
    catalog = looking(sources, server.host)

    await catalog.search()

    assert catalog.model().id == "ollama:reasoning"


async def test_a_model_that_only_a_key_could_reach_gives_way(sources: Sources, server: ScriptedServer) -> None:
    sources.environment["CHAT_MODEL"] = "anthropic:claude-x"
    catalog = looking(sources, server.host)

    await catalog.search()

    assert catalog.model().provider.name == "ollama"


def test_an_endpoint_of_the_users_own_goes_before_one_of_the_same_name(sources: Sources) -> None:
    sources.toml('[endpoints.ollama]\nbase_url = "http://127.0.0.1:1234/v1"\n')
    catalog = sources.catalog()

    assert catalog.model("ollama:x").provider.host == "127.0.0.1:1234"
    assert not any("Ollama" in place or "1234" in place for place in catalog.endpoints.local.places)


# -- what is no model server


@asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[int]:
    """Answer on a port of this machine in whatever way."""
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as listening:
        yield int(listening.sockets[0].getsockname()[1])


def writing(status: str, body: bytes, *headers: str) -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers, "", ""]
        writer.write("\r\n".join(lines).encode() + body)
        writer.close()

    return answer


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readline()
    writer.write(b'HTTP/1.1 200 OK\r\n\r\n{"data": [')
    while not writer.is_closing():
        writer.write(b" " * 65_536)
        try:
            await writer.drain()
        except OSError:
            return


async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x16\x03\x01SSH-2.0-OpenSSH_9.2\r\n" * 9)
    writer.close()


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


LIST = json.dumps({"object": "list", "data": [{"id": "m"}]}).encode()
OTHERS: dict[str, Answer] = {
    "a page": writing("200 OK", b"<html>hello</html>", "content-type: text/html"),
    "404": writing("404 Not Found", LIST),
    "401": writing("401 Unauthorized", LIST),
    "500": writing("500 Oops", LIST),
    "another list": writing("200 OK", b'["a", "b"]'),
    "another object": writing("200 OK", b'{"data": "x"}'),
    "entries that are none": writing("200 OK", b'{"data": [1, 2]}'),
    "nested without end": writing("200 OK", b'{"data":' + b"[" * 200_000),
    "no model": writing("200 OK", b'{"object": "list", "data": null}'),
    "endless": endless,
    "garbage": garbage,
    "silent": silent,
}


@pytest.mark.parametrize("kind", OTHERS)
async def test_what_is_no_model_server_is_not_offered(sources: Sources, kind: str) -> None:
    async with answering(OTHERS[kind]) as port:
        catalog = looking(sources, f"127.0.0.1:{port}")
        search = await catalog.search()
        await catalog.aclose()

    assert search is not None
    assert search.model is None
    assert any("no model yet" in notice for notice in search.notices) is (kind == "no model")


async def test_a_redirect_is_not_followed(sources: Sources, server: ScriptedServer) -> None:
    async with answering(writing("307 Moved", b"", f"location: {server.url}/models")) as port:
        search = await looking(sources, f"127.0.0.1:{port}").search()

    assert search is not None
    assert search.model is None
    assert server.requests == []


async def test_a_name_of_another_machine_is_never_connected_to() -> None:
    servers = LocalServers("127.0.0.1.evil.example", (), ())

    assert not any("evil" in place for place in servers.places)
    await servers.look()
    assert not any(found.server.name == "ollama" for found in servers.found)
