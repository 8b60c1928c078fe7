"""Asking over HTTP: what comes back, and that it comes as it is made."""

import asyncio
import json
import subprocess
from pathlib import Path

import httpx2
import pytest

from streamtui import web
from tests.patience import PATIENCE_S
from tests.server import HELLO, ScriptedServer, words
from tests.web.front import KEY, Front, ask, events, is_counted, read, stop, text, until


async def test_a_reply_streams_as_events_and_ends_with_done(client: httpx2.AsyncClient) -> None:
    sent = await ask(client, "reasoning")
    assert [event.event for event in sent] == ["reasoning"] * 2 + ["text"] * len(HELLO) + ["usage", "done"]
    assert all(event.data["type"] == event.event for event in sent)
    assert text(sent) == "Hello, world!"
    assert sent[-1].data["status"] == "complete"
    saved = (await client.get("/api/conversations/" + sent[-1].data["conversation"])).json()
    assert [message["text"] for message in saved["messages"]] == ["Hi", "Hello, world!"]


async def test_a_conversation_goes_on(client: httpx2.AsyncClient, server: ScriptedServer) -> None:
    first = await ask(client, "ok", "One?")
    await ask(client, "echo", "Two?", conversation=first[-1].data["conversation"], system="Be brief.")
    turns = server.of("echo")[0].json["messages"]
    assert [turn["content"] for turn in turns] == ["Be brief.", "One?", "Hello, world!", "Two?"]


async def test_the_conversations_model_stays_unless_another_is_named(
    client: httpx2.AsyncClient, server: ScriptedServer
) -> None:
    conversation = (await ask(client, "reasoning"))[-1].data["conversation"]
    sent = await read(client, "POST", "/api/chat", json={"prompt": "More?", "conversation": conversation})
    assert len(server.of("reasoning")) == 2
    assert text(sent) == "Hello, world!"


@pytest.mark.parametrize(("model", "kind"), [("401", "auth"), ("error-object", "server"), ("drop-after-3", "dropped")])
async def test_a_failure_is_an_error_event_and_then_done(client: httpx2.AsyncClient, model: str, kind: str) -> None:
    sent = await ask(client, model)
    error, done = sent[-2:]
    assert (error.event, done.event) == ("error", "done")
    assert error.data["kind"] == kind
    assert done.data["status"] == "failed"
    assert done.data["error"]["message"] == error.data["message"]
    assert KEY not in str(sent)
    assert "\n" not in error.data["message"]


async def test_a_servers_own_words_are_not_passed_on(client: httpx2.AsyncClient) -> None:
    sent = await ask(client, "418")
    saved = (await client.get("/api/conversations/" + sent[-1].data["conversation"])).json()
    assert "This is status" not in str(sent) + str(saved)
    assert [message["error"] for message in saved["messages"]] == [None, sent[-1].data["error"]]


async def test_retries_are_noticed(client: httpx2.AsyncClient) -> None:
    sent = await ask(client, "503-then-ok@web")
    assert [event.data["kind"] for event in sent if event.event == "notice"] == ["retry"]
    assert text(sent) == "Hello, world!"


async def test_newlines_and_event_syntax_in_text_stay_text(client: httpx2.AsyncClient) -> None:
    prompt = "a\nb\n\nevent: done\ndata: {}\n\n end"
    sent = await ask(client, "echo", prompt)
    assert [event.event for event in sent].count("done") == 1
    assert json.loads(text(sent))["messages"][0]["content"] == prompt


async def test_get_begins_with_a_comment_and_ends_with_done(client: httpx2.AsyncClient) -> None:
    async with client.stream("GET", "/api/chat", params={"q": "Hi"}) as response:
        lines = [line async for line in response.aiter_lines()]
    assert response.headers["content-type"].startswith("text/event-stream")
    assert lines[0].startswith(":")
    assert json.loads(lines[-2].removeprefix("data: "))["type"] == "done"


async def test_coming_back_resumes_the_same_reply_instead_of_asking_again(
    client: httpx2.AsyncClient, server: ScriptedServer
) -> None:
    whole = await read(client, "GET", "/api/chat", params={"q": "Hi", "model": "reasoning"})
    for index, event in enumerate(whole[:-2]):
        rest = await read(
            client, "GET", "/api/chat", params={"q": "Hi", "model": "reasoning"}, headers={"Last-Event-ID": event.id}
        )
        assert text(rest) == text(whole[index + 1 :])
        assert rest[-1].event == "done"
    assert len(server.of("reasoning")) == 1


async def test_coming_back_after_the_end_says_that_there_is_no_more(client: httpx2.AsyncClient) -> None:
    whole = await read(client, "GET", "/api/chat", params={"q": "Hi"})
    back = await client.get("/api/chat", params={"q": "Hi"}, headers={"Last-Event-ID": whole[-1].id})
    assert back.status_code == 204


@pytest.mark.parametrize("made_up", ["x", "17", "0-0:1", "../../etc:0"])
async def test_a_made_up_id_never_asks(client: httpx2.AsyncClient, server: ScriptedServer, made_up: str) -> None:
    back = await client.get("/api/chat", params={"q": "Hi"}, headers={"Last-Event-ID": made_up})
    assert back.status_code in (400, 404)
    assert not server.requests


async def test_a_client_that_comes_back_while_the_reply_lingers_finds_it_still_running(
    client: httpx2.AsyncClient, server: ScriptedServer
) -> None:
    params: dict[str, str | float] = {"q": "Hi", "model": "slow-20", "linger": PATIENCE_S}
    async with client.stream("GET", "/api/chat", params=params) as response:
        stream = events(response.aiter_lines())
        seen = [await anext(stream) for _ in range(5)]
    back = {"Last-Event-ID": seen[-1].id}
    async with client.stream("GET", "/api/chat", params=params, headers=back) as response:
        stream = events(response.aiter_lines())
        seen += [await anext(stream) for _ in range(5)]
        assert await stop(client, seen[-1].id.partition("-")[0]) == 1
        seen += [event async for event in stream]
    assert is_counted(text(seen))
    assert seen[-1].data["status"] == "stopped"
    assert len(server.of("slow-20")) == 1


def test_curl_shows_events_as_they_are_made(front: Front, server: ScriptedServer) -> None:
    """Each word is made only once the one before it has been shown."""
    options = ["-sN", "--max-time", str(PATIENCE_S), "--noproxy", "*", "-H", f"Authorization: Bearer {front.token}"]
    command = ["curl", *options, f"{front.url}/api/chat?q=Hi&model=cued"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as curl:
        assert curl.stdout is not None
        said = (json.loads(line.removeprefix("data: ")) for line in curl.stdout if line.startswith("data: "))
        for word in words(20):
            server.cue("cued")
            assert next(said)["text"] == word
        server.finish("cued")
        assert [event["type"] for event in said] == ["usage", "done"]


async def test_a_hundred_clients_at_once_each_get_their_own(front: Front, server: ScriptedServer) -> None:
    async with front.client() as client:
        replies = await asyncio.gather(*(ask(client, f"slow-10x20@{n}", f"I am {n}.") for n in range(100)))
        kept = (await client.get("/api/conversations")).json()
    assert all(text(sent) == "".join(words(20)) for sent in replies)
    assert all(sent[-1].data["status"] == "complete" for sent in replies)
    by_id = {each["id"]: each for each in kept}
    for n, sent in enumerate(replies):
        assert by_id[sent[-1].data["conversation"]]["title"] == f"I am {n}."
        (request,) = server.of(f"slow-10x20@{n}")
        assert request.json["messages"][-1]["content"] == f"I am {n}."


async def test_the_endpoint_is_asked_for_its_models_once_for_all_first_questions(
    server: ScriptedServer, tmp_path: Path
) -> None:
    limits = web.ServeLimits(streams=100)
    with Front(tmp_path / "data", server.url, limits, model="") as front:
        async with front.client() as client:
            replies = await asyncio.gather(
                *(read(client, "POST", "/api/chat", json={"prompt": "Hi"}) for _ in range(50))
            )
    assert {text(sent) for sent in replies} == {"Hello, world!"}
    looked_up = [request.path for request in server.requests].count("/v1/models")
    assert looked_up <= 2, "once for its first model, once for how much that can read"


async def test_a_flood_reaches_the_client_whole_while_others_are_served(
    client: httpx2.AsyncClient, front: Front, server: ScriptedServer
) -> None:
    flood = asyncio.create_task(ask(client, "infinite"))
    await until(lambda: server.of("infinite"))
    async with front.turns() as taken:
        for _ in range(50):
            assert (await client.get("/api/session")).status_code == 200
    assert not flood.done()
    (newest, *_) = (await client.get("/api/conversations")).json()
    assert await stop(client, newest["id"]) == 1
    assert is_counted(text(await flood))
    assert taken[int(len(taken) * 0.99)] < 0.05, "ten times the 5 ms of the design, of the server's own time"
