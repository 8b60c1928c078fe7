"""A real browser, and the page in it."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from typing import Self

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, Route, async_playwright, expect

from tests.patience import PATIENCE_S
from tests.server import words
from tests.web.front import Front

expect.set_options(timeout=PATIENCE_S * 1000)
CHROMIUM = shutil.which("chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
REPLY = ".turn.assistant .body"
STOPPED = ".turn.assistant[data-status=stopped]"
COMPLETE = ".turn.assistant[data-status=complete]"
in_browser = [
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine"),
    pytest.mark.asyncio(loop_scope="module"),
]
"""Marks for tests in a browser."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS, timeout=PATIENCE_S * 1000)
        yield opened
        await opened.close()


@pytest_asyncio.fixture(loop_scope="module")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    opened = await browser.new_context(viewport={"width": 1200, "height": 800})
    opened.set_default_timeout(PATIENCE_S * 1000)
    yield opened
    await opened.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(context: BrowserContext, front: Front) -> AsyncIterator[Page]:
    """The page, let in by the printed address; nothing on it may fail or load from elsewhere."""
    opened = await context.new_page()
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("console", lambda said: problems.append(said.text) if "Content Security" in said.text else None)
    opened.on("request", lambda sent: None if is_own(sent.url, front) else problems.append(sent.url))
    await opened.goto(front.address)
    await expect(opened.locator("#model option").nth(5)).to_be_attached()
    yield opened
    assert not problems


def is_own(url: str, front: Front) -> bool:
    return url.removeprefix("blob:").startswith(front.url)


class Held:
    """The answer to a page's next request for an address: given, but not passed on before its `release`."""

    def __init__(self) -> None:
        self._given = asyncio.Event()
        self._released = asyncio.Event()
        self._passed_on = asyncio.Event()

    @classmethod
    async def on(cls, page: Page, address: str) -> Self:
        held = cls()
        await page.route(address, held._answer, times=1)
        return held

    async def given(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await self._given.wait()

    async def release(self) -> None:
        self._released.set()
        async with asyncio.timeout(PATIENCE_S):
            await self._passed_on.wait()

    async def _answer(self, route: Route) -> None:
        response = await route.fetch()
        self._given.set()
        await self._released.wait()
        await route.fulfill(response=response)
        self._passed_on.set()


def said(count: int) -> str:
    """Return how the page shows the first words of a reply that counts them."""
    return "".join(words(count)).strip()


async def act(page: Page, what: str) -> None:
    """Choose what is to be done with the conversation in view."""
    await page.click("#more")
    await page.click(what)


async def send(page: Page, model: str, prompt: str = "Hi") -> None:
    """Ask any model of the scripted server: its list has only one of each kind."""
    await page.evaluate("name => document.getElementById('model').add(new Option(name, name))", model)
    await page.select_option("#model", value=model)
    await page.fill("#prompt", prompt)
    await page.press("#prompt", "Enter")
