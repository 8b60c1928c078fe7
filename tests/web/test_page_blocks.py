"""What the page shows of a reply: the tree of blocks that the server made of it, and nothing else."""

import json
from typing import Any

import httpx2
import pytest
from playwright.async_api import Page, expect

from streamtui.markdown.tree import tree
from streamtui.store import Store
from tests.server import MARKDOWN, ScriptedServer
from tests.store.samples import saved
from tests.web.browsing import COMPLETE, REPLY, in_browser, said, send
from tests.web.front import Front, Sent, ask, read

BUILD = """async (node) => {
  const { Blocks } = await import("./static/blocks.js");
  const root = document.createElement("div");
  new Blocks(root).apply([["replace", [], ["div", {}, [node]]]]);
  return root.innerHTML;
}"""


def apply(root: list[Any], patch: list[list[Any]]) -> list[Any]:
    """Do what a patch says, as any client would."""
    for operation, path, node in patch:
        if not path and operation == "replace":
            root = node
            continue
        at = root
        for index in path if operation == "append" else path[:-1]:
            at = at[2][index]
        if operation == "append":
            at[2].append(node)
        else:
            at[2][path[-1]] = node
    return root


def tree_of(sent: list[Sent]) -> list[Any]:
    root: list[Any] = []
    for event in sent:
        if event.event == "blocks":
            root = apply(root, event.data["patch"])
    return root


def as_json(node: object) -> Any:
    return json.loads(json.dumps(node))


async def test_blocks_come_to_who_asks_and_make_the_tree_of_the_text(client: httpx2.AsyncClient) -> None:
    body = {"prompt": "Hi", "model": "markdown"}
    sent = await read(client, "POST", "/api/chat?blocks=1", json=body)
    assert tree_of(sent) == as_json(tree(MARKDOWN))
    assert sent[-1].event == "done"
    assert "".join(event.data["text"] for event in sent if event.event == "text") == MARKDOWN
    plain = await ask(client, "markdown")
    assert not [event for event in plain if event.event == "blocks"]


async def test_who_comes_back_or_follows_later_gets_the_whole_tree(client: httpx2.AsyncClient) -> None:
    sent = await read(client, "GET", "/api/chat", params={"q": "Hi", "model": "markdown", "blocks": "1"})
    conversation = sent[-1].data["conversation"]
    for event in (sent[3], sent[len(sent) // 2]):
        back = {"Last-Event-ID": event.id}
        rest = await read(client, "GET", "/api/chat", params={"q": "Hi", "blocks": "1"}, headers=back)
        assert tree_of(rest) == as_json(tree(MARKDOWN))
    later = await read(client, "GET", f"/api/conversations/{conversation}/events?blocks=1")
    assert tree_of(later) == as_json(tree(MARKDOWN))


async def test_patches_come_ten_times_a_second_at_the_most(client: httpx2.AsyncClient) -> None:
    sent = await read(client, "GET", "/api/chat", params={"q": "Hi", "model": "slow-10x100", "blocks": "1"})
    patches = [event for event in sent if event.event == "blocks"]
    assert tree_of(sent) == as_json(tree("".join(event.data["text"] for event in sent if event.event == "text")))
    assert 2 <= len(patches) <= sent[-1].data["metrics"]["total_s"] * 10 + 3


async def test_the_blocks_of_saved_messages_are_read_by_id(client: httpx2.AsyncClient) -> None:
    conversation = (await ask(client, "markdown"))[-1].data["conversation"]
    messages = (await client.get(f"/api/conversations/{conversation}")).json()["messages"]
    reply = messages[-1]["id"]
    answer = await client.get(f"/api/conversations/{conversation}/blocks", params={"message": [reply, "0" * 20]})
    assert answer.json() == {reply: as_json(tree(MARKDOWN))}
    assert (await client.get(f"/api/conversations/{conversation}/blocks?message=../x")).status_code == 422


class TestPage:
    """In a browser."""

    pytestmark = in_browser

    async def test_a_reply_looks_the_same_streamed_and_read(self, page: Page) -> None:
        await send(page, "markdown")
        await expect(page.locator(COMPLETE)).to_be_visible()
        streamed = await page.locator(REPLY).inner_html()
        assert "<h2" in streamed and "<table" in streamed and "<figure" in streamed
        await page.reload()
        await expect(page.locator(COMPLETE)).to_be_visible()
        assert await page.locator(REPLY).inner_html() == streamed

    async def test_a_block_that_grows_keeps_its_nodes(self, page: Page, server: ScriptedServer) -> None:
        """So a selection, the focus, a press of a button and a place scrolled to outlast the growing."""
        server.cue("cued", 3)
        await send(page, "cued")
        await expect(page.locator(REPLY)).to_have_text(said(3))
        await page.evaluate("window.before = document.querySelector('.turn.assistant .body p')")
        server.cue("cued", 20)
        await expect(page.locator(REPLY)).to_have_text(said(23))
        assert await page.evaluate("window.before === document.querySelector('.turn.assistant .body p')")
        server.finish("cued")
        await expect(page.locator(COMPLETE)).to_be_visible()

    @pytest.mark.parametrize(
        "node",
        [
            ["script", {}, ["alert(1)"]],
            ["img", {"src": "x", "onerror": "alert(1)"}, []],
            ["iframe", {"src": "//evil.example"}, []],
            ["p", {"onclick": "alert(1)", "style": "position:fixed", "id": "send", "name": "x"}, ["<b>text</b>"]],
            ["a", {"href": "javascript:alert(1)"}, ["x"]],
            ["a", {"href": "data:text/html,x"}, ["x"]],
            ["a", {"href": "https://user:pw@evil.example"}, ["x"]],
            ["a", {"href": "ftp://x.example", "onclick": "alert(1)"}, ["x"]],
            ["a", {}, ["x"]],
            ["svg", {"onload": "alert(1)"}, [["style", {}, ["*{}"]]]],
            ["p", {"class": 'x" onclick="alert(1)'}, ["x"]],
            ["base", {"href": "https://evil.example"}, []],
        ],
    )
    async def test_only_what_is_listed_becomes_an_element(self, page: Page, node: list[object]) -> None:
        html = await page.evaluate(BUILD, node)
        for word in ("<script", "<img", "<iframe", "<svg", "<style", "<base", "<a", "onclick=", "style=", "id=", "<b>"):
            assert word not in html.replace("&lt;b&gt;", "")

    async def test_links_lead_out_and_never_back_here(self, page: Page, front: Front) -> None:
        port = front.port
        for own in (front.url, f"http://localhost:{port}", f"http://127.0.0.2:{port}", f"http://[::1]:{port}"):
            html = await page.evaluate(BUILD, ["a", {"href": f"{own}/api/chat?q=x"}, ["x"]])
            assert html == "<span>x</span>"
        html = await page.evaluate(BUILD, ["a", {"href": "https://ok.example/x"}, ["x"]])
        assert 'rel="noopener noreferrer nofollow"' in html and 'target="_blank"' in html

    async def test_right_to_left_text_runs_right_to_left(self, page: Page, front: Front) -> None:
        with Store.open(front.data) as store:
            record, _ = await saved(store, "سؤال", "فقرة مع `code` هنا.\n\n- عنصر\n\n| أ | ب |\n|---|---|\n| ج | د |")
        await page.goto(f"{front.url}/#c={record.id}")
        await expect(page.locator(f"{REPLY} p").first).to_be_visible()
        for place in (".turn.user .body", f"{REPLY} p", f"{REPLY} td", "#title"):
            assert await page.locator(place).first.evaluate("node => getComputedStyle(node).direction") == "rtl", place

    async def test_a_long_paragraph_is_formatted_to_its_end(self, page: Page, front: Front) -> None:
        with Store.open(front.data) as store:
            record, _ = await saved(store, "Long", "some words and **bold** ones, " * 3000)
        await page.goto(f"{front.url}/#c={record.id}")
        await expect(page.locator(f"{REPLY} strong")).to_have_count(3000)
        assert "**" not in await page.locator(REPLY).inner_text()
