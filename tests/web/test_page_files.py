"""Files that go with a prompt: taken in, shown, sent, refused, given back; and nothing that a browser would run."""

import base64
import json
import re

import httpx2
import pytest
from playwright.async_api import Page, expect

from tests.server import ScriptedServer
from tests.web.browsing import COMPLETE, STOPPED, in_browser, send

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(2)</script></svg>'
HTML = b"<!doctype html><script>fetch('/api/sessions', {method: 'DELETE'})</script>"
CHIPS = "#files .chip .name"

DROP = """([name, text, kind]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name, { type: "text/plain" }));
  const event = kind === "paste"
    ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })
    : new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
  document.getElementById("prompt").dispatchEvent(event);
}"""


async def put(client: httpx2.AsyncClient, name: str, content: bytes) -> httpx2.Response:
    return await client.put("/api/attachments", params={"name": name}, content=content)


async def test_a_file_is_taken_in_sent_and_given_out(client: httpx2.AsyncClient, server: ScriptedServer) -> None:
    taken = (await put(client, "../notes/a<b>.txt", b"The secret is 42.")).json()
    assert (taken["name"], taken["media_type"], taken["size"]) == ("a<b>.txt", "text/plain", 17)
    named = [{"sha256": taken["sha256"], "name": taken["name"]}]
    sent = await client.post("/api/chat", json={"prompt": "What is it?", "model": "echo", "attachments": named})
    assert sent.status_code == 200
    content = server.of("echo")[0].json["messages"][-1]["content"]
    assert "The secret is 42." in str(content) and "What is it?" in str(content)
    conversation = json.loads(sent.text.rpartition("data: ")[2])["conversation"]
    messages = (await client.get(f"/api/conversations/{conversation}")).json()["messages"]
    assert messages[0]["attachments"] == [taken]


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.png", PIXEL, "image/png"),
        ("evil.svg", SVG, "application/octet-stream"),
        ("evil.png", SVG, "application/octet-stream"),
        ("evil.html", HTML, "application/octet-stream"),
        ("evil.gif", b"GI" + HTML, "application/octet-stream"),
        ("both.pdf", b"%PDF-1.4\n" + HTML, None),
    ],
)
async def test_nothing_that_runs_is_given_out_as_what_it_is(
    client: httpx2.AsyncClient, name: str, content: bytes, kind: str | None
) -> None:
    answer = await put(client, name, content)
    if answer.status_code != 201:
        assert kind is None
        return
    out = await client.get(f"/api/attachments/{answer.json()['sha256']}")
    assert out.content == content
    assert out.headers["Content-Type"] == (kind or "application/octet-stream")
    assert out.headers["X-Content-Type-Options"] == "nosniff"
    assert out.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    if kind != "image/png":
        assert out.headers["Content-Disposition"] == "attachment"


async def test_what_cannot_be_attached_is_refused_in_words(client: httpx2.AsyncClient) -> None:
    for content, status, word in [
        (b"", 422, "is empty"),
        (bytes(range(256)) * 4, 422, "is binary"),
        (b"x" * 32_000_001, 413, "32,000,000 bytes"),
    ]:
        answer = await put(client, "thing.dat", content)
        assert (answer.status_code, word in answer.text) == (status, True), answer.text
    for sha256 in ("0" * 64, "0" * 63 + "/", "..%2f..%2ftoken"):
        assert (await client.get(f"/api/attachments/{sha256}")).status_code in (404, 422)
    gone = [{"sha256": "0" * 64, "name": "x"}]
    assert (await client.post("/api/chat", json={"prompt": "Hi", "attachments": gone})).status_code == 422


class TestPage:
    """In a browser."""

    pytestmark = in_browser

    async def test_by_button_drop_and_paste_then_removed_and_sent(self, page: Page, server: ScriptedServer) -> None:
        async with page.expect_file_chooser() as chooser:
            await page.click("#attach")
        await (await chooser.value).set_files({"name": "pixel.png", "mimeType": "image/png", "buffer": PIXEL})
        await expect(page.locator(CHIPS)).to_have_text(["pixel.png"])
        await page.evaluate(DROP, ["dropped.txt", "It was dropped.", "drop"])
        await expect(page.locator(CHIPS)).to_have_text(["pixel.png", "dropped.txt"])
        await page.evaluate(DROP, ["pasted.txt", "It was pasted.", "paste"])
        await expect(page.locator(CHIPS)).to_have_text(["pixel.png", "dropped.txt", "pasted.txt"])
        await page.get_by_role("button", name="Remove dropped.txt").click()
        await page.reload()  # what was attached outlasts that
        await expect(page.locator(CHIPS)).to_have_text(["pixel.png", "pasted.txt"])
        await send(page, "echo", "Look at these")
        await expect(page.locator(COMPLETE)).to_be_visible()
        await expect(page.locator(CHIPS)).to_have_count(0)
        await expect(page.locator(".turn.user .files img")).to_have_js_property("naturalWidth", 1)
        await expect(page.locator(".turn.user .chip")).to_contain_text("pasted.txt")
        asked = str(server.of("echo")[0].json["messages"][-1]["content"])
        assert "It was pasted." in asked and "It was dropped." not in asked

    async def test_a_file_alone_is_a_prompt_and_comes_back_when_taken_back(
        self, page: Page, server: ScriptedServer
    ) -> None:
        await page.evaluate(DROP, ["alone.txt", "Nothing else.", "drop"])
        await expect(page.locator(CHIPS)).to_have_text(["alone.txt"])
        await send(page, "mute", "")
        await expect(page.locator("#stop")).to_be_visible()
        await expect(page).to_have_url(re.compile("#c="))
        await page.keyboard.press("Escape")
        await expect(page.locator(CHIPS)).to_have_text(["alone.txt"])
        await expect(page.locator(STOPPED)).to_have_count(0)
        await page.get_by_role("button", name="Remove alone.txt").click()

    async def test_what_is_refused_is_said_and_the_rest_stays(self, page: Page) -> None:
        await page.evaluate(DROP, ["good.txt", "Fine.", "drop"])
        await expect(page.locator(CHIPS)).to_have_text(["good.txt"])
        await page.evaluate(DROP, ["<img src=x onerror=alert(1)>.txt", "", "drop"])
        await expect(page.locator("#status")).to_contain_text("is empty")
        await expect(page.locator(CHIPS)).to_have_text(["good.txt"])
        await page.evaluate(DROP, ["‮<b onclick=alert(1)>x</b>.txt", "x", "drop"])
        await expect(page.locator(CHIPS)).to_have_count(2)
        assert await page.locator("#files b, #files img").count() == 0
        for _ in range(2):
            await page.locator("#files .remove").first.click()
        await expect(page.locator(CHIPS)).to_have_count(0)
