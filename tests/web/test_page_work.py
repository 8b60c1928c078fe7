"""What the page offers beside asking: other models, branches, instructions, figures, files, keys, looks."""

import json
import re
from pathlib import Path

import httpx2
from playwright.async_api import Page, expect

from tests.server import ScriptedServer
from tests.web.browsing import COMPLETE, REPLY, act, in_browser, said, send
from tests.web.front import ask


def read(path: Path) -> str:
    return path.read_text()


COLUMNS = ".columns .turn.assistant"


async def test_several_models_answer_one_prompt_over_http(client: httpx2.AsyncClient, server: ScriptedServer) -> None:
    body = {"prompt": "Both?", "models": ["ok", "reasoning"], "linger": 60}
    answer = await client.post("/api/chat", json=body, headers={"Accept": "application/json"})
    assert answer.status_code == 202
    names = answer.json()
    assert len(names["messages"]) == 2
    for message in names["messages"]:
        path = f"/api/conversations/{names['conversation']}/events?message={message}"
        assert '"status":"complete"' in (await client.get(path)).text
    saved = (await client.get(f"/api/conversations/{names['conversation']}")).json()
    assert [message["role"] for message in saved["messages"]] == ["user", "assistant", "assistant"]
    assert {message["parent"] for message in saved["messages"][1:]} == {names["prompt"]}


async def test_a_comparison_that_makes_no_sense_is_refused(client: httpx2.AsyncClient) -> None:
    accept = {"Accept": "application/json"}
    for body in (
        {"models": ["ok", "ok"]},
        {"prompt": "Hi", "models": ["ok"]},
        {"prompt": "Hi", "models": ["ok"] * 5},
        {"prompt": "Hi", "models": ["ok", "ok"], "model": "ok"},
        {"prompt": "Hi", "models": ["ok", "ok"], "edit": "0" * 20},
        {"prompt": "Hi", "effort": "gigantic"},
    ):
        assert (await client.post("/api/chat", json=body, headers=accept)).status_code == 422, body
    assert (await client.post("/api/chat", json={"prompt": "Hi", "models": ["ok", "ok"]})).status_code == 422


async def test_another_model_regenerates_once(client: httpx2.AsyncClient, server: ScriptedServer) -> None:
    sent = await ask(client, "ok")
    conversation = sent[-1].data["conversation"]
    messages = (await client.get(f"/api/conversations/{conversation}")).json()["messages"]
    body = {"conversation": conversation, "regenerate": messages[-1]["id"], "model": "reasoning"}
    assert (await client.post("/api/chat", json=body)).status_code == 200
    saved = (await client.get(f"/api/conversations/{conversation}")).json()
    assert [message["model"] for message in saved["messages"]][1:] == ["ok", "reasoning"]
    assert saved["conversation"]["model"] == "ok"


async def test_exports_are_documents(client: httpx2.AsyncClient) -> None:
    conversation = (await ask(client, "markdown", "Export <me>"))[-1].data["conversation"]
    path = f"/api/conversations/{conversation}/export"
    document = await client.get(path, params={"format": "md"})
    assert document.headers["Content-Type"].startswith("text/markdown")
    assert document.text.startswith("# Export <me>\n")
    page = await client.get(path, params={"format": "html"})
    assert page.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    for answer in (page, document):
        assert answer.headers["Content-Disposition"] == "attachment"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    whole = (await client.get(path)).json()
    assert whole == json.loads((await client.get(path, params={"format": "json"})).text)
    assert whole["conversation"]["id"] == conversation
    assert (await client.get(path, params={"format": "exe"})).status_code == 422


class TestPage:
    """In a browser."""

    pytestmark = in_browser

    async def test_two_models_side_by_side_until_one_is_chosen(self, page: Page, server: ScriptedServer) -> None:
        server.cue("cued", 3)
        await page.click("#compare")
        await page.select_option("#other-model", value="ok")
        await send(page, "cued", "Who is better?")
        await expect(page.locator(COLUMNS)).to_have_count(2)
        await expect(page.locator(f"{COLUMNS} .body").nth(0)).to_have_text(said(3))
        await expect(page.locator(f"{COLUMNS} .body").nth(1)).to_have_text("Hello, world!")
        await expect(page.locator("#stop")).to_be_visible()
        server.finish("cued")
        await expect(page.locator(f"{COLUMNS}[data-status=complete]")).to_have_count(2)
        await page.get_by_role("button", name="Go on with the reply of ok").click()
        await expect(page.locator(REPLY)).to_have_text(["Hello, world!"])
        await expect(page.locator(".branches")).to_contain_text("2/2")
        await send(page, "echo", "Go on")
        await expect(page.locator(COMPLETE)).to_have_count(2)
        turns = [turn["content"] for turn in server.of("echo")[0].json["messages"]]
        assert turns == ["Who is better?", "Hello, world!", "Go on"]

    async def test_a_reload_finds_both_replies_that_stream(self, page: Page, server: ScriptedServer) -> None:
        server.cue("cued", 2)
        await page.click("#compare")
        await page.select_option("#other-model", value="stall")
        await send(page, "cued", "Both")
        await expect(page.locator(f"{COLUMNS} .body").nth(0)).to_have_text(said(2))
        await page.reload()
        await expect(page.locator(f"{COLUMNS} .body").nth(0)).to_have_text(said(2))
        await expect(page.locator(f"{COLUMNS} .body").nth(1)).to_have_text(said(3))
        await page.keyboard.press("Escape")
        await expect(page.locator("#stop")).to_be_hidden()

    async def test_regenerating_with_another_model(self, page: Page) -> None:
        await send(page, "ok")
        await expect(page.locator(COMPLETE)).to_be_visible()
        await page.get_by_role("button", name="regenerate with another model").click()
        await page.select_option("#choice", value="reasoning")
        await page.click("#confirm")
        await expect(page.locator(".turn.assistant .who")).to_contain_text("reasoning")
        await expect(page.locator(".branches")).to_contain_text("2/2")
        await page.get_by_role("button", name="Previous branch").click()
        await expect(page.locator(".turn.assistant .who")).to_contain_text("ok")

    async def test_a_fork_is_a_conversation_of_its_own(self, page: Page) -> None:
        await send(page, "ok", "The trunk")
        await expect(page.locator(COMPLETE)).to_be_visible()
        trunk = page.url
        await page.get_by_role("button", name="a conversation of its own from here").click()
        await expect(page.locator("#title")).to_have_text("The trunk (fork)")
        assert page.url != trunk
        await expect(page.locator(REPLY)).to_have_text("Hello, world!")

    async def test_the_system_message_and_the_effort_are_sent(self, page: Page, server: ScriptedServer) -> None:
        await act(page, "#system")
        await page.fill("#system-message", "Answer in verse.")
        await page.select_option("#effort", value="high")
        await page.click("#confirm")
        await send(page, "echo", "One")
        await expect(page.locator(COMPLETE)).to_have_count(1)
        await act(page, "#system")
        await expect(page.locator("#system-message")).to_have_value("Answer in verse.")
        await page.fill("#system-message", "In prose.")
        await page.select_option("#effort", value="")
        await page.click("#confirm")
        await send(page, "echo", "Two")
        await expect(page.locator(COMPLETE)).to_have_count(2)
        first, second = (request.json for request in server.of("echo"))
        assert (first["messages"][0]["content"], first["reasoning_effort"]) == ("Answer in verse.", "high")
        assert second["messages"][0]["content"] == "In prose."
        assert "reasoning_effort" not in second
        await page.click("#new")
        await act(page, "#system")
        await expect(page.locator("#system-message")).to_have_value("")
        await page.click("#cancel")

    async def test_figures_of_each_reply_and_in_all(self, page: Page) -> None:
        await send(page, "ok", "One")
        await expect(page.locator(COMPLETE)).to_have_count(1)
        await send(page, "slow-5x40", "Two")
        await expect(page.locator(COMPLETE)).to_have_count(2)
        await act(page, "#figures")
        rows = page.locator("#dialog table").first.locator("tbody tr")
        await expect(rows).to_have_count(3)
        await expect(rows.nth(1)).to_contain_text("slow-5x40")
        await expect(rows.nth(2)).to_contain_text("2 replies")
        await expect(page.locator("#dialog table").nth(1)).to_contain_text("slow-5x40")
        await page.click("#cancel")

    async def test_a_conversation_is_exported_as_a_file(self, page: Page) -> None:
        await send(page, "ok", "To a file: <b>?")
        await expect(page.locator(COMPLETE)).to_be_visible()
        for kind, start in (("md", "# To a file"), ("json", "{"), ("html", "<!DOCTYPE html>")):
            await act(page, "#export")
            await page.select_option("#choice", value=kind)
            async with page.expect_download() as download:
                await page.click("#confirm")
            handed = await download.value
            assert handed.suggested_filename == f"To-a-file-b.{kind}"
            assert read(await handed.path()).startswith(start)

    async def test_an_export_comes_back_by_an_import(self, page: Page) -> None:
        await send(page, "ok", "There and back")
        await expect(page.locator(COMPLETE)).to_be_visible()
        await act(page, "#export")
        await page.select_option("#choice", value="json")
        async with page.expect_download() as download:
            await page.click("#confirm")
        exported = json.loads(read(await (await download.value).path()))
        exported["conversation"] |= {"id": "f" * 20, "title": "Brought <b>back</b>"}
        ids = {message["id"]: f"{at:020}" for at, message in enumerate(exported["messages"])}
        for message in exported["messages"]:
            message |= {"id": ids[message["id"]], "parent": ids.get(message["parent"])}
        exported["conversation"]["leaf"] = ids[exported["conversation"]["leaf"]]
        files = [{"name": "export.json", "mimeType": "application/json", "buffer": json.dumps(exported).encode()}]
        await page.set_input_files("#import-file", files)  # type: ignore[arg-type]
        await expect(page.locator("#title")).to_have_text("Brought <b>back</b>")
        await expect(page.locator(REPLY)).to_have_text("Hello, world!")
        await expect(page.locator("#status")).to_have_text("1 conversation imported")
        files = [{"name": "odd.bin", "mimeType": "x/y", "buffer": b"\x00\x01nothing"}]
        await page.set_input_files("#import-file", files)  # type: ignore[arg-type]
        await expect(page.locator("#status")).to_have_text(re.compile("^odd.bin is "))

    async def test_what_was_deleted_comes_back(self, page: Page) -> None:
        await send(page, "ok", "Deleted by mistake")
        await expect(page.locator(COMPLETE)).to_be_visible()
        await act(page, "#delete")
        await page.click("#confirm")
        await expect(page.locator("#conversations")).not_to_contain_text("Deleted by mistake")
        await page.click("#undo")
        await expect(page.locator("#title")).to_have_text("Deleted by mistake")
        await expect(page.locator(REPLY)).to_have_text("Hello, world!")

    async def test_light_or_dark_by_choice(self, page: Page) -> None:
        ground = "getComputedStyle(document.body).backgroundColor"
        colors = []
        for theme in ("light", "dark"):
            await page.select_option("#theme", value=theme)
            colors.append(await page.evaluate(ground))
        assert colors[0] != colors[1]
        await page.reload()
        await expect(page.locator("#theme")).to_have_value("dark")
        assert await page.evaluate(ground) == colors[1]

    async def test_the_help_sheet_names_each_key_that_works(self, page: Page, server: ScriptedServer) -> None:
        await page.click("#help")
        keys = await page.locator("#dialog kbd").all_inner_texts()
        assert {"Enter", "Esc", "Alt+N", "Alt+K", "Alt+R", "Alt+E", "Alt+Y", "Alt+M", "Alt+C"} <= set(keys)
        await page.keyboard.press("Escape")
        await send(page, "ok", "By keys")
        await expect(page.locator(COMPLETE)).to_be_visible()
        await page.keyboard.press("Alt+KeyR")
        await expect(page.locator(".branches")).to_contain_text("2/2")
        await expect(page.locator(COMPLETE)).to_be_visible()
        await page.keyboard.press("Alt+KeyE")
        await expect(page.locator("#prompt")).to_have_value("By keys")
        await page.click("#unedit")
        await page.keyboard.press("Alt+KeyK")
        await expect(page.locator("#search")).to_be_focused()
        await page.keyboard.press("Alt+KeyM")
        await expect(page.locator("#model")).to_be_focused()
        await page.keyboard.press("Alt+KeyC")
        await expect(page.locator("#other-model")).to_be_focused()
        await page.keyboard.press("Alt+KeyC")
        await page.keyboard.press("Alt+KeyN")
        await expect(page.locator(".welcome")).to_be_visible()

    async def test_it_can_be_installed_and_caches_no_text(self, page: Page) -> None:
        manifest = await page.evaluate("fetch('static/manifest.webmanifest').then((answer) => answer.json())")
        assert (manifest["name"], manifest["display"]) == ("streamtui", "standalone")
        for icon in manifest["icons"]:
            assert (await page.evaluate(f"fetch('static/{icon['src']}').then((answer) => answer.status)")) == 200
        assert await page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 0
