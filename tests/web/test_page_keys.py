"""The page by keyboard, by input method and by ear."""

import re

import pytest
from playwright.async_api import Browser, Page, expect

from streamtui.store import Store
from tests.server import ScriptedServer
from tests.store.samples import saved
from tests.web.browsing import COMPLETE, REPLY, STOPPED, in_browser, said, send
from tests.web.conftest import Start
from tests.web.front import Front, eventually

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


LONG = "\n\n".join(f"Paragraph {number} of a reply that is long enough to be scrolled." for number in range(200))
TOP = "document.getElementById('log').scrollTop"
FROM_END = "(({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight)(log)"


async def show(page: Page, front: Front, text: str, prompt: str = "Hi") -> None:
    with Store.open(front.data) as store:
        record, _ = await saved(store, prompt, text)
    await page.goto(f"{front.url}/#c={record.id}")
    await expect(page.locator(f"{REPLY} > *").first).to_be_attached()


async def test_the_messages_scroll_from_the_box_which_keeps_its_text(page: Page, front: Front) -> None:
    await show(page, front, LONG)
    await page.fill("#prompt", "a draft\nof two lines")
    await page.focus("#prompt")

    async def is_at(condition: str) -> bool:
        return bool(await page.evaluate(condition))

    await eventually(lambda: is_at(f"{FROM_END} < 60"), "the end")
    await page.keyboard.press("PageUp")
    await eventually(lambda: is_at(f"{FROM_END} > 300"), "a page up")
    await page.keyboard.press("Control+Home")
    await eventually(lambda: is_at(f"{TOP} === 0"), "the beginning")
    await page.keyboard.press("PageDown")
    await eventually(lambda: is_at(f"{TOP} > 300"), "a page down")
    await page.keyboard.press("Control+End")
    await eventually(lambda: is_at(f"{FROM_END} < 60"), "the end")
    await expect(page.locator("#prompt")).to_have_value("a draft\nof two lines")
    await expect(page.locator("#prompt")).to_be_focused()
    await page.keyboard.press("Home")  # in a text that is a key of the box
    assert await page.evaluate("document.getElementById('prompt').selectionStart") < 20


async def test_everything_has_a_role_and_a_name(page: Page, front: Front) -> None:
    await show(page, front, "Code:\n\n```python\nx = 1\n```\n\n# A heading")
    assert await page.get_by_role("main").count() == 1
    assert await page.get_by_role("navigation", name="Saved conversations").count() == 1
    assert await page.get_by_role("complementary", name="Conversations").count() == 1
    assert await page.get_by_role("region", name="Messages").count() == 1
    assert await page.locator("h1:visible").count() == 1
    unnamed = await page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, textarea")]
          .filter((node) => node.checkVisibility() && !node.labels?.length)
          .filter((node) => !node.ariaLabel && !node.textContent.trim())
          .map((node) => node.outerHTML)"""
    )
    assert unnamed == []
    assert await page.evaluate("document.documentElement.lang") == "en"
    assert await page.locator("#announcement").get_attribute("aria-live") == "polite"
    assert await page.locator("#messages").get_attribute("aria-live") is None


async def test_the_tab_key_reaches_the_log_and_a_dialog_gives_the_focus_back(page: Page, front: Front) -> None:
    await show(page, front, LONG)
    reached = set()
    await page.focus("#new")
    for _ in range(30):
        await page.keyboard.press("Tab")
        reached.add(await page.evaluate("document.activeElement.id || document.activeElement.className"))
    assert {"search", "theme", "help", "more", "log", "prompt", "attach", "model", "compare"} <= reached
    await page.focus("#help")
    await page.keyboard.press("Enter")
    await expect(page.locator("#dialog")).to_be_visible()
    assert await page.evaluate("document.getElementById('dialog').contains(document.activeElement)")
    await page.keyboard.press("Escape")
    await expect(page.locator("#dialog")).to_be_hidden()
    await expect(page.locator("#help")).to_be_focused()
    await page.focus("#more")
    await page.keyboard.press("Enter")
    await expect(page.locator("#actions")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#actions")).to_be_hidden()
    await expect(page.locator("#more")).to_be_focused()


@pytest.mark.parametrize("where", ["#model", "#search", "#more", "dialog"])
async def test_escape_elsewhere_stops_no_reply(page: Page, server: ScriptedServer, where: str) -> None:
    server.cue("cued", 3)
    await send(page, "cued")
    await expect(page.locator(REPLY)).to_have_text(said(3))
    if where == "dialog":
        await page.click("#help")
    elif where == "#more":
        await page.click(where)
    else:
        await page.focus(where)
    if where == "#search":
        await page.keyboard.type("x")
    await page.keyboard.press("Escape")
    server.cue("cued", 3)
    await expect(page.locator(REPLY)).to_have_text(said(6))
    await page.focus("#prompt")
    await page.keyboard.press("Escape")
    await expect(page.locator(STOPPED)).to_be_visible()


async def test_on_a_phone_targets_are_large_and_the_drawer_takes_and_gives_the_focus(
    browser: Browser, start: Start
) -> None:
    front = start()
    phone = await browser.new_context(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    page = await phone.new_page()
    await page.goto(front.address)
    await expect(page.locator("#model option").nth(5)).to_be_attached()
    await send(page, "stall", "One")  # where Enter is a new line
    await page.tap("#send")
    await expect(page.locator(REPLY)).to_contain_text("w2")
    await page.tap("#stop")
    await expect(page.locator(STOPPED)).to_be_visible()
    await show(page, front, "Code:\n\n```python\nx = 1\n```")
    assert await page.evaluate(SMALL) == []
    await page.tap("#menu")
    await expect(page.locator("#menu")).to_have_attribute("aria-expanded", "true")
    await expect(page.locator("#new")).to_be_focused()
    assert await page.evaluate(SMALL) == []
    await page.keyboard.press("Escape")
    await expect(page.locator("#menu")).to_be_focused()
    await expect(page.locator("#menu")).to_have_attribute("aria-expanded", "false")
    await page.tap("#more")
    assert await page.evaluate(SMALL) == []
    await phone.close()


SMALL = """() => [...document.querySelectorAll("button, select, input, textarea, summary")]
  .filter((node) => node.checkVisibility({ visibilityProperty: true }) && !node.matches("#prompt"))
  .map((node) => [node.id || node.textContent, node.getBoundingClientRect()])
  .filter(([, { width, height }]) => width < 44 || height < 44)
  .map(([name, { width, height }]) => `${name} ${width}x${height}`)"""
