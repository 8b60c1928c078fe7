"""The page never loses what the user wrote: over failures, stops, switches, reloads and the lock."""

import asyncio
import re

import pytest
from playwright.async_api import BrowserContext, Page, Route, expect

from tests.server import ScriptedServer
from tests.web.browsing import COMPLETE, REPLY, STOPPED, Held, in_browser, said, send
from tests.web.conftest import Start
from tests.web.front import Front, until

pytestmark = in_browser
BOX = "#prompt"
PROMPTS = ".turn.user .body"


async def fresh(page: Page, prompt: str) -> None:
    """Begin a conversation that is complete."""
    await page.click("#new")
    await send(page, "ok", prompt)
    await expect(page.locator(COMPLETE)).to_be_visible()
    await expect(page).to_have_url(re.compile("#c="))


async def saved(page: Page) -> None:
    """Wait until the server has every draft."""
    await page.wait_for_function("() => !Object.keys(sessionStorage).some((key) => key.startsWith('draft:'))")


class Gate:
    """Holds the page's requests to ask, and lets them fail."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self._open = asyncio.Event()

    async def fail(self) -> None:
        self._open.set()

    async def answer(self, route: Route) -> None:
        self.asked.set()
        await self._open.wait()
        await route.abort()


async def test_a_prompt_that_fails_comes_back_before_what_was_typed_since(page: Page) -> None:
    gate = Gate()
    await page.route("**/api/chat", gate.answer, times=1)
    await send(page, "ok", "a long prompt I care about")
    await gate.asked.wait()
    await page.fill(BOX, "next")
    await gate.fail()
    await expect(page.locator(BOX)).to_have_value("a long prompt I care about\n\nnext")
    await expect(page.locator("#status")).to_have_text("streamtui does not answer. Is it still running?")
    await expect(page.locator(PROMPTS)).to_have_count(0)


async def test_a_prompt_that_fails_comes_back_where_it_was_written(page: Page) -> None:
    await fresh(page, "Conversation A")
    gate = Gate()
    await page.route("**/api/chat", gate.answer, times=1)
    await send(page, "ok", "meant for A")
    await gate.asked.wait()
    await page.click("#new")
    await page.fill(BOX, "meant for another")
    await gate.fail()
    await page.get_by_role("button", name="Conversation A").first.click()
    await expect(page.locator(BOX)).to_have_value("meant for A")
    await page.click("#new")
    await expect(page.locator(BOX)).to_have_value("meant for another")


@pytest.mark.parametrize("status", [401, 409, 429, 500, 503])
async def test_a_prompt_that_is_refused_is_the_draft_again(page: Page, status: int) -> None:
    async def refuse(route: Route) -> None:
        body = '{"error": {"kind": "test", "message": "Refused by the test."}}'
        await route.fulfill(status=status, body=body, content_type="application/json")

    await page.route("**/api/chat", refuse)
    await send(page, "ok", "keep me")
    await expect(page.locator(BOX)).to_have_value("keep me")


async def test_a_prompt_on_its_way_survives_a_reload(page: Page, server: ScriptedServer) -> None:
    gate = Gate()
    await page.route("**/api/chat", gate.answer, times=1)
    await send(page, "ok", "on its way")
    await gate.asked.wait()
    await page.reload()
    await expect(page.locator(BOX)).to_have_value("on its way")
    await gate.fail()
    assert not server.of("ok")


async def test_drafts_belong_to_their_conversations(page: Page) -> None:
    await fresh(page, "First one")
    await page.fill(BOX, "draft for the first")
    await page.click("#new")
    await expect(page.locator(BOX)).to_have_value("")
    await page.fill(BOX, "draft for a new one")
    await page.get_by_role("button", name="First one").first.click()
    await expect(page.locator(BOX)).to_have_value("draft for the first")
    await page.click("#new")
    await expect(page.locator(BOX)).to_have_value("draft for a new one")
    await page.fill(BOX, "")


@pytest.mark.parametrize(
    "text", ["plain draft", "two\nlines\n", "  indented", "emoji 👍🏽 and العربية", "<b>&amp;</b>"]
)
async def test_a_draft_survives_a_reload_at_once_and_in_another_tab_soon(
    page: Page, context: BrowserContext, text: str
) -> None:
    await fresh(page, "With a draft")
    await page.fill(BOX, text)
    await page.reload()
    await expect(page.locator(BOX)).to_have_value(text)
    await saved(page)
    other = await context.new_page()
    await other.goto(page.url)
    await expect(other.locator(BOX)).to_have_value(text)


async def test_the_lock_keeps_draft_and_conversation(context: BrowserContext, start: Start) -> None:
    front = start()
    page = await context.new_page()
    await page.goto(front.address)
    await expect(page.locator("#model option").nth(5)).to_be_attached()
    await send(page, "ok", "Before the lock")
    await expect(page.locator(COMPLETE)).to_be_visible()
    await expect(page).to_have_url(re.compile("#c="))
    address = page.url
    await context.clear_cookies()
    await page.fill(BOX, "my draft")
    await page.press(BOX, "Enter")
    await expect(page.locator("#locked")).to_be_visible()
    await page.fill("#code", front.address)
    await page.click("#unlock button")
    await expect(page.locator("#locked")).to_be_hidden()
    await expect(page.locator(BOX)).to_have_value("my draft")
    await expect(page.locator(REPLY)).to_have_text("Hello, world!")
    assert page.url == address


async def test_a_deep_link_survives_the_login(context: BrowserContext, page: Page, start: Start) -> None:
    await fresh(page, "Deep")
    conversation = page.url.partition("#")[2]
    await context.clear_cookies()
    await page.goto("about:blank")
    # The shared server's code has been used; a fresh one is printed for each that was.
    front: Front = start()
    other = await context.new_page()
    await other.goto(f"{front.url}/#{conversation}")
    await expect(other.locator("#locked")).to_be_visible()
    await other.fill("#code", front.code)
    await other.click("#unlock button")
    await expect(other.locator("#status")).to_have_text("This conversation is not there any more.")


async def test_a_stop_before_the_first_token_gives_the_prompt_back(page: Page, server: ScriptedServer) -> None:
    await send(page, "mute", "too early")
    await until(lambda: server.of("mute"), "the request upstream")
    await expect(page).to_have_url(re.compile("#c="))
    await page.keyboard.press("Escape")
    await expect(page.locator(BOX)).to_have_value("too early")
    await expect(page.locator(PROMPTS)).to_have_count(0)
    await expect(page.locator(".welcome")).to_be_visible()
    await page.reload()
    await expect(page.locator(BOX)).to_have_value("too early")
    await expect(page.locator("#conversations")).not_to_contain_text("too early")
    await page.fill(BOX, "")


async def test_a_later_turn_is_taken_back_too_and_a_draft_stays(page: Page, server: ScriptedServer) -> None:
    await fresh(page, "Answered")
    await send(page, "mute", "not answered")
    await until(lambda: server.of("mute"), "the request upstream")
    await page.keyboard.press("Escape")
    await expect(page.locator(BOX)).to_have_value("not answered")
    await expect(page.locator(PROMPTS)).to_have_text(["Answered"])
    await page.reload()
    await expect(page.locator(PROMPTS)).to_have_text(["Answered"])
    await expect(page.locator(BOX)).to_have_value("not answered")


async def test_a_paste_arrives_whole_or_is_refused_with_a_word(page: Page) -> None:
    paste = """(count) => {
      const data = new DataTransfer();
      data.setData("text/plain", "x".repeat(count));
      const box = document.getElementById("prompt");
      const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
      const goes = box.dispatchEvent(event);
      if (goes) box.setRangeText("x".repeat(count), box.value.length, box.value.length, "end");
      box.dispatchEvent(new Event("input"));
      return [goes, box.value.length];
    }"""
    assert await page.evaluate(paste, 150_000) == [True, 150_000]
    await expect(page.locator("#status")).to_have_text("")
    assert await page.evaluate(paste, 5_000_000) == [False, 150_000]
    await expect(page.locator("#status")).to_contain_text("Not pasted: with these 5,000,000 characters")
    await page.fill(BOX, "")


async def test_a_prompt_longer_than_the_server_takes_stays_in_the_box(page: Page, server: ScriptedServer) -> None:
    await page.fill(BOX, "x" * 200_001)
    await page.press(BOX, "Enter")
    await expect(page.locator("#status")).to_contain_text("200,001 characters")
    assert len(await page.input_value(BOX)) == 200_001
    assert not server.of("ok")
    await page.fill(BOX, "")


async def test_enter_while_a_reply_streams_queues_and_escape_gives_back(page: Page, server: ScriptedServer) -> None:
    await send(page, "cued", "First")
    server.cue("cued", 3)
    await expect(page.locator(REPLY)).to_have_text(said(3))
    for prompt in ("second", "third"):
        await page.fill(BOX, prompt)
        await page.press(BOX, "Enter")
    await expect(page.locator(".queued span")).to_have_text(["second", "third"])
    await page.reload()
    await expect(page.locator(".queued span")).to_have_text(["second", "third"])
    await page.fill(BOX, "fourth")
    await page.keyboard.press("Escape")
    await expect(page.locator(BOX)).to_have_value("third\n\nfourth")
    await expect(page.locator(".turn.streaming")).to_be_visible()
    server.cue("ok")
    server.finish("cued")
    await expect(page.locator(PROMPTS)).to_have_text(["First", "second"])
    await expect(page.locator(BOX)).to_have_value("third\n\nfourth")
    await page.keyboard.press("Escape")
    await expect(page.locator("#stop")).to_be_hidden()
    await page.fill(BOX, "")


async def test_a_stop_gives_back_what_was_queued(page: Page, server: ScriptedServer) -> None:
    await send(page, "slow-20", "First")
    await expect(page.locator(REPLY)).to_contain_text("w2 ")
    await page.fill(BOX, "second")
    await page.press(BOX, "Enter")
    await page.click("#stop")
    await expect(page.locator(STOPPED)).to_be_visible()
    await expect(page.locator(BOX)).to_have_value("second")
    await expect(page.locator(".queued")).to_have_count(0)
    await page.fill(BOX, "")


async def test_a_reply_outlives_the_tab(page: Page, context: BrowserContext, server: ScriptedServer) -> None:
    server.cue("cued", 3)
    await send(page, "cued", "Go on without me")
    await expect(page.locator(REPLY)).to_have_text(said(3))
    address = page.url
    await page.goto("about:blank")
    server.cue("cued", 10)
    (request,) = server.of("cued")
    other = await context.new_page()
    await other.goto(address)
    await expect(other.locator(REPLY)).to_have_text(said(13))
    assert request.closed is None
    server.finish("cued")
    await expect(other.locator(COMPLETE)).to_be_visible()
    await page.goto(address)


async def test_a_list_that_is_held_up_does_not_hold_up_the_draft(page: Page) -> None:
    await fresh(page, "Slow list")
    conversation = await Held.on(page, "**/api/conversations/*/draft")
    await page.reload()
    await page.fill(BOX, "typed before the server answered")
    await conversation.release()
    await expect(page.locator(BOX)).to_have_value("typed before the server answered")
    await page.fill(BOX, "")
