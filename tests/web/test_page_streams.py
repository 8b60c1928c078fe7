"""The page while replies stream: stopping when the browser has no connection left, hidden tabs, figures, endings."""

import itertools
import re

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.server import ScriptedServer
from tests.web.browsing import REPLY, STOPPED, in_browser, said, send
from tests.web.front import until

pytestmark = in_browser

CONNECTIONS = 6
"""As many as a browser opens to one host."""
FOOT = ".turn.assistant .foot"


async def occupy(page: Page, server: ScriptedServer, count: int) -> None:
    """Use `count` of the browser's connections up, with streams that say nothing."""
    await page.evaluate(
        """(count) => {
          const headers = { "Content-Type": "application/json", "X-Streamtui-Key": localStorage.getItem("key") };
          window.held = new AbortController();
          for (let n = 0; n < count; n++) {
            const body = JSON.stringify({ prompt: "Hi", model: `mute@${n}`, linger: 0 });
            fetch("api/chat", { method: "POST", headers, body, signal: window.held.signal }).catch(() => {});
          }
        }""",
        count,
    )
    await until(lambda: all(server.of(f"mute@{n}") for n in range(count)), "the requests upstream")


async def release(page: Page) -> None:
    await page.evaluate("window.held.abort()")


async def test_stop_works_while_all_connections_are_taken(page: Page, server: ScriptedServer) -> None:
    await send(page, "ok", "First")
    await expect(page.locator(REPLY)).to_have_text("Hello, world!")
    await occupy(page, server, CONNECTIONS - 1)
    await send(page, "slow-20", "Second")
    await expect(page.locator(REPLY).nth(1)).to_contain_text("w3 ")

    await page.keyboard.press("Escape")

    await expect(page.locator(STOPPED)).to_be_visible()
    (request,) = server.of("slow-20")
    await until(lambda: request.closed, "the close upstream")
    await release(page)


async def test_a_prompt_that_waits_for_a_connection_comes_back(page: Page, server: ScriptedServer) -> None:
    await occupy(page, server, CONNECTIONS)
    await send(page, "ok", "Too many")
    await expect(page.locator(".turn.user .body")).to_have_text("Too many")

    await page.keyboard.press("Escape")

    await expect(page.locator("#prompt")).to_have_value("Too many")
    await expect(page.locator(".welcome")).to_be_visible()
    assert not server.of("ok")
    await release(page)


HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


async def test_a_hidden_tab_follows_nothing_and_misses_nothing(
    page: Page, context: BrowserContext, server: ScriptedServer
) -> None:
    server.cue("cued", 7)
    await send(page, "cued", "Watch me")
    await expect(page.locator(REPLY)).to_have_text(said(7))
    other = await context.new_page()
    closed: list[str] = []
    other.on("requestfailed", lambda request: closed.append(request.url))
    await other.goto(page.url)
    await expect(other.locator(REPLY)).to_have_text(said(7))

    await other.evaluate(HIDE, True)
    await until(lambda: [url for url in closed if "/events?" in url], "the end of the following")
    server.cue("cued", 60)
    await expect(page.locator(REPLY)).to_have_text(said(67))
    await expect(other.locator(REPLY)).to_have_text(said(7))

    await other.evaluate(HIDE, False)
    await expect(other.locator(REPLY)).to_have_text(said(67))
    server.cue("cued", 83)
    server.finish("cued")
    await expect(other.locator(REPLY)).to_have_text(said(150))
    await expect(other.locator("#send")).to_be_visible()


NOTE = """() => {
  window.told = [];
  new MutationObserver(() => {
    for (const foot of document.querySelectorAll(".foot")) window.told.push(foot.textContent);
  }).observe(document.body, { childList: true, subtree: true, characterData: true });
}"""
"""Notes all that the page says at the foot of replies, however briefly."""


async def test_a_tab_that_joins_counts_only_what_it_saw_arrive(
    page: Page, context: BrowserContext, server: ScriptedServer
) -> None:
    """By the time of the joining 400 words have come; those after it come one by one, as fast as they are shown."""
    server.cue("cued", 400)
    await send(page, "cued", "Watch me")
    await expect(page.locator(REPLY)).to_have_text(said(400))
    other = await context.new_page()
    await other.add_init_script(f'addEventListener("DOMContentLoaded", {NOTE})')
    await other.goto(page.url)
    rates: list[int] = []
    for count in itertools.count(401):
        server.cue("cued")
        await expect(other.locator(REPLY)).to_have_text(said(count))
        told = await other.evaluate("window.told")
        if rates := [int(found[1]) for line in told if (found := re.search(r"~(\d+) tok/s", line))]:
            break
    assert max(rates) < 300
    await page.keyboard.press("Escape")


async def test_the_foot_speaks_at_the_first_token_and_when_there_are_no_more(page: Page) -> None:
    await page.evaluate(NOTE)
    await send(page, "stall")
    await expect(page.locator(FOOT)).to_contain_text(re.compile(r"no data for \d+ s"))
    told = await page.evaluate("window.told.map((line) => line.split(' · ')[0])")
    assert list(dict.fromkeys(told)) == ["waiting for the first token", "streaming", "no data for 3 s"]
    await page.keyboard.press("Escape")
    await expect(page.locator(STOPPED)).to_be_visible()


async def test_an_estimated_rate_says_that_it_is(page: Page) -> None:
    await send(page, "slow-10")
    await expect(page.locator(REPLY)).to_contain_text("w60 ")
    await page.keyboard.press("Escape")
    await expect(page.locator(FOOT)).to_have_text(re.compile(r"^stopped · ~\d+ tok/s"))
    await page.reload()
    await expect(page.locator(FOOT)).to_have_text(re.compile(r"^stopped · ~\d+ tok/s"))


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("length", "cut off: length limit"),
        ("content-filter", "cut off: content filter"),
        ("drop-after-3", "was lost in mid-reply"),
    ],
)
async def test_why_a_reply_ended_is_there_after_a_reload(page: Page, model: str, said: str) -> None:
    await send(page, model)
    await expect(page.locator(FOOT)).to_contain_text(said)
    whole = await page.locator(FOOT).inner_text()
    await page.reload()
    await expect(page.locator(FOOT)).to_have_text(whole)
