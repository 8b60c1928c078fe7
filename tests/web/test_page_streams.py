"""The page while replies stream: stopping when the browser has no connection left, hidden tabs, figures, endings."""

import re

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.server import ScriptedServer, words
from tests.web.browsing import REPLY, in_browser, send
from tests.web.front import until

pytestmark = in_browser

CONNECTIONS = 6
"""As many as a browser opens to one host."""
FOOT = ".turn.assistant .foot"


async def occupy(page: Page, server: ScriptedServer, count: int) -> None:
    """Use `count` of the browser's connections up, with streams that say nothing."""
    await page.evaluate(
        """(count) => {
          window.held = Array.from({ length: count }, (_, n) => new EventSource(`/api/chat?q=Hi&model=mute@${n}`));
        }""",
        count,
    )
    await until(lambda: all(server.of(f"mute@{n}") for n in range(count)), "the requests upstream")


async def release(page: Page) -> None:
    await page.evaluate("window.held.forEach((source) => source.close())")


async def test_stop_works_while_all_connections_are_taken(page: Page, server: ScriptedServer) -> None:
    await send(page, "ok", "First")
    await expect(page.locator(REPLY)).to_have_text("Hello, world!")
    await occupy(page, server, CONNECTIONS - 1)
    await send(page, "slow-20", "Second")
    await expect(page.locator(REPLY).nth(1)).to_contain_text("w3 ")

    await page.keyboard.press("Escape")

    await expect(page.locator(".turn.assistant[data-status=stopped]")).to_be_visible()
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


async def test_a_hidden_tab_follows_nothing_and_misses_nothing(page: Page, context: BrowserContext) -> None:
    await send(page, "slow-20x150", "Watch me")
    await expect(page.locator(REPLY)).to_contain_text("w2 ")
    other = await context.new_page()
    closed: list[str] = []
    other.on("requestfailed", lambda request: closed.append(request.url))
    await other.goto(page.url)
    await expect(other.locator(REPLY)).to_contain_text("w6 ")

    await other.evaluate(HIDE, True)
    await until(lambda: [url for url in closed if "/events?" in url], "the end of the following")
    kept = await other.locator(REPLY).inner_text()
    await expect(page.locator(REPLY)).to_contain_text("w60 ")
    assert "w60 " not in kept and await other.locator(REPLY).inner_text() == kept

    await other.evaluate(HIDE, False)
    await expect(other.locator(REPLY)).to_have_text("".join(words(150)).strip())
    await expect(other.locator("#send")).to_be_visible()


async def test_a_tab_that_joins_counts_only_what_it_saw_arrive(page: Page, context: BrowserContext) -> None:
    """The reply brings 100 words a second; by the time of the joining 400 have come."""
    await send(page, "rate-100", "Watch me")
    await expect(page.locator(REPLY)).to_contain_text("w400 ")
    other = await context.new_page()
    await other.add_init_script(
        """addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
          for (const foot of document.querySelectorAll(".foot")) (window.told ??= []).push(foot.textContent);
        }).observe(document.body, { childList: true, subtree: true, characterData: true }));"""
    )
    await other.goto(page.url)
    await expect(other.locator(FOOT)).to_contain_text("tok/s")
    told = await other.evaluate("window.told")
    rates = [int(found[1]) for line in told if (found := re.search(r"~(\d+) tok/s", line))]
    assert rates
    assert max(rates) < 300  # the characters of a word make it more than 100
    await page.keyboard.press("Escape")


async def test_the_foot_speaks_at_the_first_token_and_when_there_are_no_more(page: Page) -> None:
    await send(page, "stall")
    await expect(page.locator(FOOT)).to_contain_text("streaming")
    await expect(page.locator(FOOT)).to_contain_text("no data for 3 s")
    await page.keyboard.press("Escape")
    await expect(page.locator(".turn.assistant[data-status=stopped]")).to_be_visible()


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
