"""Looking on at replies that somebody else asked for, and the conversations around them."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator

import httpx2
import pytest

from streamtui.web import reply_service
from streamtui.web.worker_signals import StopRequests
from tests.server import ScriptedServer, words
from tests.web.front import Front, ask, events, eventually, read, text, until

WRITER = """
import asyncio, pathlib, sys
from dataclasses import replace
from streamtui.chat.messages import Status
from streamtui.store import Store
from tests.store.samples import ended, record, turn

async def main(store):
    asked, reply = turn("From elsewhere")
    row = record(reply)
    await store.recorder.begin(row, [asked, reply])
    print(row.id, flush=True)
    said = ""
    for line in sys.stdin:
        said += line.strip() + " "
        store.recorder.append(reply.id, 0, line.strip() + " ", "")
    store.recorder.settle(row.id, ended(reply, said))

with Store.open(pathlib.Path(sys.argv[1])) as store:
    asyncio.run(main(store))
"""


@pytest.fixture
def writer(front: Front) -> Iterator["subprocess.Popen[str]"]:
    """Another process that writes a reply: its first line is the conversation, then it appends what it is told."""
    command = [sys.executable, "-c", WRITER, str(front.data)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process


def tell(process: "subprocess.Popen[str]", word: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{word}\n")
    process.stdin.flush()


async def test_a_running_reply_is_followed_from_its_start(client: httpx2.AsyncClient, server: ScriptedServer) -> None:
    server.cue("cued", 5)
    async with client.stream("POST", "/api/chat", json={"prompt": "Hi", "model": "cued"}) as response:
        stream = events(response.aiter_lines())
        seen = [await anext(stream) for _ in range(5)]
        path = f"/api/conversations/{response.headers['X-Conversation']}/events"
        async with client.stream("GET", path) as looking_on:
            following = events(looking_on.aiter_lines())
            followed = [await anext(following)]
            assert text(followed) == "".join(words(5))
            server.cue("cued", 25)
            server.finish("cued")
            seen += [event async for event in stream]
            followed += [event async for event in following]
    assert text(followed) == text(seen) == "".join(words(30))
    assert [event.event for event in followed] == ["text"] * 26 + ["usage", "done"]
    assert followed[-1].data == seen[-1].data


@pytest.mark.parametrize("model", ["ok", "reasoning"])
async def test_following_resumes_at_any_character(client: httpx2.AsyncClient, model: str) -> None:
    conversation = (await ask(client, model))[-1].data["conversation"]
    path = f"/api/conversations/{conversation}/events"
    whole = await read(client, "GET", path)
    assert text(whole) == "Hello, world!"
    for offset in range(1, len(text(whole)) + 1):
        rest = await read(client, "GET", path, headers={"Last-Event-ID": str(offset)})
        assert text(rest) == text(whole)[offset:]
        assert not [event for event in rest if event.event == "reasoning"]
    back = await client.get(path, headers={"Last-Event-ID": whole[-1].id})
    assert back.status_code == 204


async def test_ids_are_character_offsets(client: httpx2.AsyncClient) -> None:
    conversation = (await ask(client, "slow-1x20"))[-1].data["conversation"]
    sent = await read(client, "GET", f"/api/conversations/{conversation}/events")
    assert int(sent[0].id) == len(text(sent))


async def test_a_failed_reply_is_followed_to_its_error(client: httpx2.AsyncClient) -> None:
    asked = await ask(client, "drop-after-3")
    path = f"/api/conversations/{asked[-1].data['conversation']}/events"
    followed = await read(client, "GET", path)
    assert [event.event for event in followed[-2:]] == ["error", "done"]
    assert text(followed) == text(asked)
    assert followed[-1].data == asked[-1].data


async def test_a_reply_of_another_process_is_followed_as_it_grows(
    client: httpx2.AsyncClient, writer: "subprocess.Popen[str]"
) -> None:
    assert writer.stdout is not None
    conversation = writer.stdout.readline().strip()
    tell(writer, "one")
    async with client.stream("GET", f"/api/conversations/{conversation}/events") as response:
        stream = events(response.aiter_lines())
        first = await anext(stream)
        tell(writer, "two")
        second = await anext(stream)
        assert (first.data["text"], second.data["text"]) == ("one ", "two ")
        tell(writer, "three")
        writer.stdin.close()  # type: ignore[union-attr]
        rest = [event async for event in stream]
    assert text(rest) == "three "
    assert rest[-1].data["status"] == "complete"
    resumed = await read(
        client, "GET", f"/api/conversations/{conversation}/events", headers={"Last-Event-ID": second.id}
    )
    assert text(resumed) == "three "


async def test_a_reply_of_another_program_can_neither_be_stopped_nor_doubled_nor_deleted(
    client: httpx2.AsyncClient, writer: "subprocess.Popen[str]"
) -> None:
    assert writer.stdout is not None
    conversation = writer.stdout.readline().strip()
    stopped = await client.post(f"/api/conversations/{conversation}/stop", json={})
    assert stopped.status_code == 409
    doubled = await client.post("/api/chat", json={"prompt": "And?", "conversation": conversation})
    assert doubled.status_code == 409
    deleted = await client.delete(f"/api/conversations/{conversation}")
    assert deleted.status_code == 409
    assert (await client.get(f"/api/conversations/{conversation}")).status_code == 200
    writer.stdin.close()  # type: ignore[union-attr]


async def test_a_stop_that_another_worker_has_taken_on_is_waited_for_until_it_is_saved(
    client: httpx2.AsyncClient, writer: "subprocess.Popen[str]", monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str] = []
    monkeypatch.setattr(StopRequests, "leave", lambda notes, message: taken.append(message))
    monkeypatch.setattr(reply_service, "_STOP_S", 0)
    assert writer.stdout is not None
    conversation = writer.stdout.readline().strip()
    stopping = asyncio.create_task(client.post(f"/api/conversations/{conversation}/stop", json={}))
    await until(lambda: taken, "the note")
    writer.stdin.close()  # type: ignore[union-attr]
    assert (await stopping).json() == {"stopped": 1}


async def test_stop_ends_the_reply_and_keeps_its_text(client: httpx2.AsyncClient, server: ScriptedServer) -> None:
    async with client.stream("POST", "/api/chat", json={"prompt": "Hi", "model": "slow-20"}) as response:
        conversation = response.headers["X-Conversation"]
        stream = events(response.aiter_lines())
        seen = [await anext(stream) for _ in range(5)]
        stopped = await client.post(f"/api/conversations/{conversation}/stop", json={})
        seen += [event async for event in stream]
    assert stopped.json() == {"stopped": 1}
    assert seen[-1].data["status"] == "stopped"
    (request,) = server.of("slow-20")
    await until(lambda: request.closed, "the close upstream")
    saved = (await client.get(f"/api/conversations/{conversation}")).json()
    assert saved["messages"][-1]["text"] == text(seen)
    assert (await client.post(f"/api/conversations/{conversation}/stop", json={})).json() == {"stopped": 0}


async def test_one_reply_at_a_time_in_a_conversation(client: httpx2.AsyncClient, server: ScriptedServer) -> None:
    async with client.stream("POST", "/api/chat", json={"prompt": "Hi", "model": "slow-20"}) as response:
        stream = events(response.aiter_lines())
        await anext(stream)
        body = {"prompt": "And?", "conversation": response.headers["X-Conversation"]}
        refused = await client.post("/api/chat", json=body)
    assert refused.status_code == 409
    assert refused.json()["error"]["kind"] == "busy"


async def test_conversations_are_listed_renamed_and_deleted(client: httpx2.AsyncClient) -> None:
    conversation = (await ask(client, "ok", "Name me"))[-1].data["conversation"]
    newest = (await client.get("/api/conversations")).json()[0]
    assert (newest["id"], newest["title"], newest["messages"]) == (conversation, "Name me", 2)
    path = f"/api/conversations/{conversation}"
    assert (await client.patch(path, json={"title": "Named\x1b[31m"})).status_code == 204
    assert (await client.get(path)).json()["conversation"]["title"] == "Named�[31m"
    assert (await client.delete(path)).status_code == 204
    for gone in (client.get(path), client.get(f"{path}/events"), client.delete(path)):
        assert (await gone).status_code == 404


async def test_deleting_settles_what_streams(client: httpx2.AsyncClient, server: ScriptedServer) -> None:
    async with client.stream("POST", "/api/chat", json={"prompt": "Hi", "model": "slow-20"}) as response:
        path = f"/api/conversations/{response.headers['X-Conversation']}"
        assert (await client.delete(path)).status_code == 204
        sent = [event async for event in events(response.aiter_lines())]
    assert sent[-1].data["status"] == "stopped"

    async def is_gone() -> bool:
        return (await client.get(path)).status_code == 404

    await eventually(is_gone)


async def test_models_are_those_of_the_endpoint(client: httpx2.AsyncClient) -> None:
    assert "markdown" in (await client.get("/api/models")).json()
