"""The page by keyboard, by input method and by ear."""

import re

from playwright.async_api import Page, expect

from tests.server import ScriptedServer
from tests.web.browsing import COMPLETE, REPLY, in_browser, said, send

pytestmark = in_browser


async def test_the_last_key_of_an_input_method_sends_nothing(page: Page, server: ScriptedServer) -> None:
    await page.fill("#prompt", "にほんご")
    for code in ("Enter", "Escape"):
        await page.evaluate(
            """(key) => document.getElementById("prompt").dispatchEvent(
              new KeyboardEvent("keydown", { key, keyCode: 229, bubbles: true, cancelable: true }))""",
            code,
        )
    await page.fill("#prompt", "にほんご。")
    await expect(page.locator(".turn")).to_have_count(0)
    await page.fill("#prompt", "")


async def test_start_end_and_failure_are_announced_and_parts_have_names(page: Page, server: ScriptedServer) -> None:
    server.cue("cued", 3)
    await send(page, "cued")
    await expect(page.locator(REPLY)).to_have_text(said(3))
    await expect(page.locator("#announcement")).to_have_text("The reply streams.")
    server.finish("cued")
    await expect(page.locator(COMPLETE)).to_be_visible()
    await expect(page.locator("#announcement")).to_have_text("The reply is complete.")
    await expect(page.locator("article.assistant")).to_have_attribute("aria-label", re.compile("^cued, "))
    await expect(page.locator("article.user")).to_have_attribute("aria-label", re.compile("^you, "))
    await send(page, "401")
    await expect(page.locator("#announcement")).to_contain_text("failed: ")


async def test_the_list_is_one_stop_for_the_tab_key(page: Page) -> None:
    for prompt in ("One of several", "Another of several"):
        await page.click("#new")
        await send(page, "ok", prompt)
        await expect(page.locator(COMPLETE)).to_be_visible()
    await expect(page.locator("#conversations [tabindex='0']")).to_have_count(1)
    await page.locator("#conversations [tabindex='0']").focus()
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("#conversations :focus")).to_have_count(1)
