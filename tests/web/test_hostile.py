"""Hostile Markdown, names and titles on the page: whole and piece by piece they are text, and links that lead out."""

import json
import random
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from playwright.async_api import Page, expect

from streamtui.markdown.links import is_openable
from streamtui.markdown.tree import TreeStream, tree
from streamtui.store import Store
from tests.markdown.test_tree import ATTRIBUTES, TAGS, text_of, walk
from tests.store.samples import saved
from tests.web.browsing import REPLY, in_browser
from tests.web.front import Front
from tests.web.hostile import NEW, OLD

VECTORS = OLD + NEW
NAMES = [
    "<img src=x onerror=alert(1)>",
    "</title></option><script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "javascript:alert(1)",
    "\u202etxt.exe<b>bold</b>",
    "&lt;b&gt;{{7*7}}${alert(1)}",
]
ALLOWED = [*TAGS, "article", "button", "details", "figcaption", "figure", "summary"]
BAD_ATTRIBUTES = "^on|^style$|^src|^id$|^name$|^action|^srcdoc|^formaction|^popover|^command"

CHECK = """([root, allowed, attributes]) => {
  const bad = [];
  for (const node of document.querySelectorAll(`${root} *`)) {
    if (!allowed.includes(node.localName)) bad.push(node.localName);
    for (const { name, value } of node.attributes) {
      if (new RegExp(attributes).test(name)) bad.push(`${node.localName} ${name}=${value}`);
    }
    if (node.localName === "a") bad.push(...(/^https?:[/][/]/.test(node.href) ? [] : [node.href]));
  }
  return bad;
}"""
HREFS = f"[...document.querySelectorAll('{REPLY} a')].map((link) => link.href)"
STREAM = """async (patches) => {
  const { Blocks } = await import("./static/blocks.js");
  const root = document.createElement("div");
  root.className = "body streamed";
  document.body.append(root);
  const blocks = new Blocks(root);
  for (const patch of patches) blocks.apply(patch);
  return root.innerHTML;
}"""


def test_there_are_enough_of_them() -> None:
    assert len(OLD) >= 61
    assert len(NEW) >= 40
    assert len(set(VECTORS)) == len(VECTORS)


@pytest.mark.parametrize("vector", VECTORS, ids=range(len(VECTORS)))
def test_the_tree_has_nothing_but_listed_elements_and_openable_links(vector: str) -> None:
    stream = TreeStream()
    for piece in vector if len(vector) < 500 else [vector[at : at + 400] for at in range(0, len(vector), 400)]:
        stream.update(piece)
    stream.update("", is_final=True)
    for node in walk(tree(vector)):
        if isinstance(node, list):
            attributes = node[1]
            assert isinstance(attributes, dict)
            assert node[0] in TAGS
            assert set(attributes) <= ATTRIBUTES
            assert is_openable(str(attributes.get("href", "https://x.example")))
    assert text_of(stream.root) == text_of(tree(vector))


async def shown(page: Page, front: Front, text: str, prompt: str = "Hi") -> str:
    """Show a saved reply; return its conversation's id."""
    with Store.open(front.data) as store:
        record, _ = await saved(store, prompt, text)
    await page.goto(f"{front.url}/#c={record.id}")
    await expect(page.locator(f"{REPLY} > *").first).to_be_visible()
    return record.id


class TestPage:
    """In a browser; the fixture fails for every request that leads elsewhere, dialog and report of a broken policy."""

    pytestmark = in_browser

    async def test_what_is_read_is_text(self, page: Page, front: Front) -> None:
        page.on("dialog", lambda dialog: pytest.fail(dialog.message))
        text = "\n\n".join(vector.replace("{port}", str(front.port)) for vector in VECTORS if len(vector) < 1500)
        await shown(page, front, text, "<script>alert(1)</script> [x](javascript:alert(1))")
        await expect(page.locator(REPLY)).to_contain_text("<script>alert(1)</script>")
        assert await page.evaluate(CHECK, ["#messages", ALLOWED, BAD_ATTRIBUTES]) == []
        for href in await page.evaluate(HREFS):
            parts = urlsplit(href)
            assert (parts.username, parts.password) == (None, None)
            assert parts.port != front.port, href

    async def test_what_streams_is_text(self, page: Page, front: Front) -> None:
        page.on("dialog", lambda dialog: pytest.fail(dialog.message))
        text = "\n\n".join(vector for vector in VECTORS if len(vector) < 1500)
        rng = random.Random(7)
        stream, patches, at = TreeStream(), [], 0
        while at < len(text):
            size = rng.choice((1, 1, 2, 3, 5, 40))
            patches.append(stream.update(text[at : at + size]))
            at += size
        patches.append(stream.update("", is_final=True))
        streamed = await page.evaluate(STREAM, json.loads(json.dumps(patches)))
        assert await page.evaluate(CHECK, [".streamed", ALLOWED, BAD_ATTRIBUTES]) == []
        whole = await page.evaluate(STREAM, json.loads(json.dumps([[("replace", [], stream.root)]])))
        assert streamed == whole

    @pytest.mark.parametrize(
        ("text", "host"),
        [
            ("[https://bank.example](https://evil.example)", "evil.example"),
            ("[bank.example/login](https://evil.example/bank.example)", "evil.example"),
            ("[paypal.com](https://paypal.com.evil.example)", "paypal.com.evil.example"),
            ("https://\u0430pple.com/login", "xn--pple-43d.com"),
            ("[the docs](https://docs.example)", None),
            ("<https://docs.example/x>", None),
            ("[docs.example](https://docs.example/x)", None),
            ("[see v1.2 of it](https://docs.example/x)", None),
        ],
    )
    async def test_a_link_that_names_another_host_says_where_it_leads(
        self, page: Page, text: str, host: str | None
    ) -> None:
        await page.evaluate(STREAM, json.loads(json.dumps([[("replace", [], tree(text))]])))
        link = page.locator(".streamed a")
        assert await link.get_attribute("data-host") == host
        if host is not None:
            assert host in await link.evaluate("node => getComputedStyle(node, '::after').content")

    async def test_depth_and_size_break_nothing(self, page: Page, front: Front) -> None:
        await shown(page, front, "\n\n".join(vector for vector in VECTORS if len(vector) >= 1500) + "\n\nThe end.")
        await expect(page.locator(REPLY)).to_contain_text("The end.")
        assert await page.evaluate(CHECK, ["#messages", ALLOWED, BAD_ATTRIBUTES]) == []

    async def test_names_titles_errors_and_instructions_are_text(
        self, page: Page, front: Front, client: httpx2.AsyncClient
    ) -> None:
        page.on("dialog", lambda dialog: pytest.fail(dialog.message))
        for name in NAMES:
            file = (await client.put("/api/attachments", params={"name": name}, content=b"x")).json()
            attached = [{"sha256": file["sha256"], "name": file["name"]}]
            body: dict[str, Any] = {"prompt": name, "model": name, "system": name, "attachments": attached}
            answer = await client.post("/api/chat", json=body)
            assert answer.status_code == 200, answer.text
            done = json.loads(answer.text.rpartition("data: ")[2])
            assert done["status"] == "failed"
            path = f"/api/conversations/{done['conversation']}"
            assert (await client.patch(path, json={"title": name})).status_code == 204
            exported = await client.get(f"{path}/export", params={"format": "md"})
            assert exported.headers["Content-Type"].startswith("text/markdown")
            assert exported.headers["X-Content-Type-Options"] == "nosniff"
            await page.goto(f"{front.url}/#c={done['conversation']}")
            await expect(page.locator(".foot .bad")).to_be_visible()
            await page.fill("#search", name.split("(")[0][:6])
            assert await page.evaluate(CHECK, ["#messages", ALLOWED, BAD_ATTRIBUTES]) == []
            assert (
                await page.evaluate(
                    "document.querySelectorAll('#bar b, #conversations b, #model *:not(option)').length"
                )
                == 0
            )
            assert await page.locator("main img, main script, aside img, aside script").count() == 0
