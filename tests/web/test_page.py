"""The page, in a real browser."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from streamtui.store import Store
from tests.patience import PATIENCE_S
from tests.server import ScriptedServer
from tests.store.samples import saved
from tests.web.browsing import COMPLETE, REPLY, STOPPED, Held, act, in_browser, said, send
from tests.web.conftest import Start
from tests.web.front import Front, eventually, is_counted, until

pytestmark = in_browser


async def test_type_see_it_grow_stop_reload_find_it(page: Page, server: ScriptedServer) -> None:
    await send(page, "cued", "Count, please.")
    reply = page.locator(REPLY)
    server.cue("cued", 4)
    await expect(reply).to_have_text(said(4))
    server.cue("cued", 7)
    await expect(reply).to_have_text(said(11))
    await page.keyboard.press("Escape")
    await expect(page.locator(STOPPED)).to_be_visible()
    await expect(reply).to_have_text(said(11))
    (request,) = server.of("cued")
    await until(lambda: request.closed, "the close upstream")
    await page.reload()
    await expect(page.locator(REPLY)).to_have_text(said(11))
    await expect(page.locator(".turn.user .body")).to_have_text("Count, please.")
    await expect(page.locator("#title")).to_have_text("Count, please.")


async def test_the_stop_button_stops_and_the_conversation_goes_on(page: Page, server: ScriptedServer) -> None:
    await send(page, "slow-20")
    await expect(page.locator(REPLY)).to_contain_text("w2 ")
    await page.click("#stop")
    await expect(page.locator("#send")).to_be_visible()
    (request,) = server.of("slow-20")
    # Where the server is slow the page is that far before it.
    await until(lambda: request.closed, "the close upstream")
    await send(page, "ok", "And?")
    await expect(page.locator(REPLY).nth(1)).to_have_text("Hello, world!")


async def test_no_request_line_carries_a_secret(context: BrowserContext, start: Start) -> None:
    front = start()
    page = await context.new_page()
    lines: list[str] = []
    page.on("request", lambda sent: lines.append(sent.url))
    code = front.code
    await page.goto(front.address)
    await expect(page.locator("#endpoint")).not_to_be_empty()
    assert not [line for line in lines if code in line.partition("#")[0] or front.token in line]
    assert code not in page.url
    (cookie,) = await context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert await page.evaluate("document.cookie") == ""


async def test_without_a_code_the_page_asks_for_one(context: BrowserContext, start: Start) -> None:
    front = start()
    page = await context.new_page()
    await page.goto(front.url)
    await page.fill("#code", front.address)
    await page.click("#unlock button")
    await expect(page.locator("#prompt")).to_be_visible()
    await expect(page.locator("#locked")).to_be_hidden()


async def test_reasoning_failures_and_figures_are_shown(page: Page) -> None:
    await send(page, "reasoning")
    await expect(page.locator(".thought")).to_have_text("Let me see.")
    await expect(page.locator(REPLY)).to_have_text("Hello, world!")
    await expect(page.locator(".foot").first).to_contain_text("5 tokens")
    await send(page, "401")
    await expect(page.locator(".foot .bad")).to_contain_text("API key")


async def test_hostile_text_stays_text(page: Page, server: ScriptedServer) -> None:
    hostile = (
        "<img src=x onerror=alert(1)><script>alert(2)</script> [a](javascript:alert(3)) [b](data:text/html,x) "
        "![c](https://elsewhere.example/track.png) <https://ok.example/> [d](https://user:pw@ok.example)"
    )
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    await send(page, "echo", hostile)
    await expect(page.locator(COMPLETE)).to_be_visible()
    assert await page.locator(f"{REPLY} img, {REPLY} script, {REPLY} iframe").count() == 0
    links = await page.locator(f"{REPLY} a").evaluate_all("links => links.map(link => link.href)")
    assert {link for link in links if not link.startswith("https://")} == set()
    assert "<script>alert(2)</script>" in await page.locator(REPLY).inner_text()


async def test_switching_conversations_stops_nothing(page: Page, server: ScriptedServer) -> None:
    server.cue("cued", 3)
    await send(page, "cued", "The long one")
    await expect(page.locator(REPLY)).to_have_text(said(3))
    await page.click("#new")
    await send(page, "ok", "The short one")
    await expect(page.locator(REPLY)).to_have_text("Hello, world!")
    server.cue("cued", 27)
    await page.get_by_role("button", name="The long one").first.click()
    await expect(page.locator(REPLY)).to_have_text(said(30))
    server.cue("cued", 30)
    server.finish("cued")
    await expect(page.locator(REPLY)).to_have_text(said(60))
    await expect(page.locator(COMPLETE)).to_be_visible()


async def test_a_prompt_sent_while_the_page_loads_is_asked_and_seen(context: BrowserContext, front: Front) -> None:
    """The models, of which one is chosen, may be there before the conversations are."""
    page = await context.new_page()
    conversations = await Held.on(page, "**/api/conversations?*")
    await page.goto(front.address)
    await expect(page.locator("#model option").nth(5)).to_be_attached()
    await send(page, "ok", "Early")
    await conversations.release()
    await expect(page.locator(REPLY)).to_have_text("Hello, world!")
    await expect(page).to_have_url(re.compile("#c="))


async def test_what_is_read_again_meanwhile_does_not_take_a_streaming_reply_away(
    page: Page, context: BrowserContext, server: ScriptedServer
) -> None:
    await send(page, "ok", "First")
    await expect(page.locator(COMPLETE)).to_be_visible()
    other = await context.new_page()
    await other.goto(page.url)
    await expect(other.locator(COMPLETE)).to_be_visible()
    conversation = await Held.on(page, "**/api/conversations/*")
    await send(other, "ok", "From elsewhere")
    await expect(other.locator(COMPLETE)).to_have_count(2)
    await conversation.given()  # the page looks now and then whether somebody went on
    server.cue("cued", 3)
    await send(page, "cued", "Second")
    await expect(page.locator(REPLY).last).to_have_text(said(3))
    await conversation.release()
    server.cue("cued", 3)
    await expect(page.locator(REPLY).last).to_have_text(said(6))
    server.finish("cued")
    await expect(page.locator(COMPLETE)).to_have_count(3)
    await expect(page.locator(".turn.user .body")).to_have_text(["First", "From elsewhere", "Second"])


async def test_a_reply_from_elsewhere_is_followed(page: Page, context: BrowserContext, server: ScriptedServer) -> None:
    server.cue("cued", 3)
    await send(page, "cued", "Watch me")
    await expect(page.locator(REPLY)).to_have_text(said(3))
    other = await context.new_page()
    await other.goto(page.url)
    await expect(other.locator(REPLY)).to_have_text(said(3))
    await expect(other.locator("#stop")).to_be_visible()
    server.cue("cued", 4)
    await expect(other.locator(REPLY)).to_have_text(said(7))
    server.cue("cued", 73)
    server.finish("cued")
    await expect(other.locator(REPLY)).to_have_text(said(80))
    await expect(other.locator("#send")).to_be_visible()


async def test_rename_and_delete(page: Page) -> None:
    await send(page, "ok", "To be renamed")
    await expect(page.locator(REPLY)).to_have_text("Hello, world!")
    await act(page, "#rename")
    await page.fill("#answer", "A better name")
    await page.press("#answer", "Enter")
    await expect(page.locator("#conversations [aria-current] .name")).to_have_text("A better name")
    await act(page, "#delete")
    await page.click("#confirm")
    await expect(page.locator("#conversations")).not_to_contain_text("A better name")
    await expect(page.locator(".welcome")).to_be_visible()


async def test_a_user_who_scrolled_up_is_left_alone(page: Page) -> None:
    await send(page, "rate-600")
    await expect(page.locator(REPLY)).to_contain_text("w900 ")
    await page.mouse.move(600, 300)
    await page.mouse.wheel(0, -400)
    await expect(page.locator("#bottom")).to_be_visible()
    top, height = await page.evaluate(PLACE)

    async def has_grown() -> bool:
        return bool((await page.evaluate(PLACE))[1] > height + 500)

    await eventually(has_grown, "more text")
    assert abs((await page.evaluate(PLACE))[0] - top) <= 400
    await page.click("#bottom")
    await expect(page.locator("#bottom")).to_be_hidden()
    await page.keyboard.press("Escape")
    await expect(page.locator(STOPPED)).to_be_attached()


PLACE = "(({ scrollTop, scrollHeight }) => [scrollTop, scrollHeight])(document.getElementById('log'))"


async def test_a_phone_has_everything(browser: Browser, start: Start) -> None:
    front = start()
    phone = await browser.new_context(viewport={"width": 360, "height": 640}, is_mobile=True, has_touch=True)
    page = await phone.new_page()
    await page.goto(front.address)
    await expect(page.locator("#model option").nth(5)).to_be_attached()
    await page.select_option("#model", label="markdown")
    await page.fill("#prompt", "Hi")
    await page.tap("#send")
    await expect(page.locator(COMPLETE)).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.tap("#menu")
    await page.tap("#new")
    await expect(page.locator(".welcome")).to_be_visible()
    await phone.close()


WIDE = "| " + " | ".join(["a rather wide column"] * 6) + " |\n" + "|---" * 6 + "|\n\n```\n" + "x" * 200 + "\n```"


async def test_a_phone_shows_the_endpoint_whole_and_that_there_is_more_beside(browser: Browser, start: Start) -> None:
    front = start()
    with Store.open(front.data) as store:
        record, _ = await saved(store, "A title that is much too long for a phone", WIDE)
    phone = await browser.new_context(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    page = await phone.new_page()
    await page.goto(front.address)
    await expect(page.locator("#endpoint")).not_to_be_empty()
    await page.goto(f"{front.url}/#c={record.id}")
    await expect(page.locator(f"{REPLY} table")).to_be_visible()
    assert await page.locator("#endpoint").evaluate("node => node.scrollWidth <= node.clientWidth")
    for wide in (f"{REPLY} .table", f"{REPLY} .code pre"):
        assert await page.locator(wide).evaluate("node => node.scrollWidth > node.clientWidth")
        kinds = await page.locator(wide).evaluate("node => getComputedStyle(node).backgroundAttachment")
        assert kinds == "local, local, scroll, scroll"
    await phone.close()


async def test_the_title_stands_above_the_text(page: Page) -> None:
    await send(page, "ok", "A title")
    await expect(page.locator(REPLY)).to_have_text("Hello, world!")
    title, body = await page.locator("#title").bounding_box(), await page.locator(REPLY).bounding_box()
    assert title is not None
    assert body is not None
    assert abs(title["x"] - body["x"]) < 1


async def test_an_event_source_follows_and_resumes(page: Page, context: BrowserContext, front: Front) -> None:
    """A plain `EventSource`, whose connection is lost on the way, gets every character once."""
    await send(page, "slow-10", "For an EventSource")
    await expect(page).to_have_url(re.compile("#c="))
    async with cutting(front.port) as (port, cut):
        other = await context.new_page()
        await other.goto(f"http://127.0.0.1:{port}/")
        following = asyncio.ensure_future(other.evaluate(FOLLOW, page.url.partition("#c=")[2]))
        async with asyncio.timeout(PATIENCE_S):
            await cut()
            await cut()
            await page.keyboard.press("Escape")
            got = await following
    await expect(page.locator(STOPPED)).to_be_visible()
    assert is_counted(got["text"])
    await expect(page.locator(REPLY)).to_have_text(got["text"].strip())
    assert int(got["last"]) == len(got["text"])
    assert got["opened"] >= 3


FOLLOW = """(id) => new Promise((resolve) => {
  const source = new EventSource(`/api/conversations/${id}/events`);
  let text = "", last = "", opened = 0;
  source.onopen = () => opened++;
  source.addEventListener("text", (event) => {
    text += JSON.parse(event.data).text;
    last = event.lastEventId;
  });
  source.addEventListener("done", () => { source.close(); resolve({ text, last, opened }); });
})"""


@asynccontextmanager
async def cutting(port: int) -> AsyncIterator[tuple[int, Callable[[], Awaitable[None]]]]:
    """A relay to `port`, and a function that waits for an event stream on it and cuts its connection."""
    streams: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
    relays: set[asyncio.Task[None]] = set()

    async def pump(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: Callable[[], None] = lambda: None
    ) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
            if b"event: text" in data:
                seen()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        relays.add(task)
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", port)
        except BaseException:
            writer.transport.abort()
            raise
        pumps = [pump(reader, up_writer), pump(up_reader, writer, lambda: streams.put_nowait(writer))]
        tasks = [asyncio.ensure_future(pumping) for pumping in pumps]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pumping in tasks:
                pumping.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            up_writer.transport.abort()
            writer.transport.abort()

    async def cut() -> None:
        while (writer := await streams.get()).is_closing():
            pass
        writer.transport.abort()

    server = await asyncio.start_server(relay, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], cut
    finally:
        server.close()
        for task in relays:
            task.cancel()
        await asyncio.gather(*relays, return_exceptions=True)


async def test_a_saved_conversation_is_listed_and_opens(page: Page, front: Front) -> None:
    with Store.open(front.data) as store:
        record, _ = await saved(store, "From the terminal app", "Read **me** here.")
    await page.reload()
    await page.get_by_role("button", name="From the terminal app").click()
    await expect(page.locator(f"{REPLY} strong")).to_have_text("me")
    assert record.id in page.url


async def test_a_model_chosen_meanwhile_answers_next(page: Page, server: ScriptedServer) -> None:
    """After a stop the page reads the conversation again, whose own model is another one."""
    server.cue("cued", 3)
    await send(page, "cued")
    await expect(page.locator(REPLY)).to_have_text(said(3))
    conversation = await Held.on(page, "**/api/conversations/*")
    await page.keyboard.press("Escape")
    await expect(page.locator(STOPPED)).to_be_visible()
    await page.select_option("#model", value="ok")
    await conversation.release()
    await page.fill("#prompt", "And?")
    await page.press("#prompt", "Enter")
    await expect(page.locator(REPLY).nth(1)).to_have_text("Hello, world!")
