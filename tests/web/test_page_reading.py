"""Reading is undisturbed: place, selection and focus stay, whatever grows; and growing costs the same all along."""

import json
from statistics import median
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, expect

from streamtui.markdown.tree import TreeStream, tree
from streamtui.store import Store
from tests.markdown.corpus import shape, tokens
from tests.server import ScriptedServer
from tests.store.samples import saved
from tests.web.browsing import COMPLETE, REPLY, in_browser, said, send
from tests.web.front import Front, eventually

pytestmark = in_browser

ROWS = "\n".join(["| n | square |", "|--:|:--|", *(f"| {n} | {n * n} |" for n in range(200))])
LINES = "\n".join(["```python", *(f"x{n} = {n}" if n % 7 else "" for n in range(300)), "```"])
LIVE = """async () => {
  const { Turn } = await import("./static/turn.js");
  const message = { id: "x", role: "assistant", model: "m", created: 0, status: "streaming" };
  window.turn = new Turn(message);
  document.getElementById("messages").replaceChildren(turn.node);
}"""
GROW = "(patches) => { for (const patch of patches) { turn.hear({ type: 'blocks', patch }); turn.show(); } }"

GROW_AND_DRAW = f"""async (patches) => {{
  ({GROW})(patches);
  await new Promise(requestAnimationFrame);
  turn.body.offsetHeight;
}}"""


def patches_of(text: str, size: int) -> list[Any]:
    stream, patches = TreeStream(), []
    for at in range(0, len(text), size):
        patches.append(stream.update(text[at : at + size]))
    patches.append(stream.update("", is_final=True))
    return list(json.loads(json.dumps(patches)))


@pytest.mark.parametrize(
    "text", [ROWS, LINES, f"> {ROWS}".replace("\n", "\n> "), f"- x\n\n  {LINES}".replace("\n", "\n  ")]
)
async def test_what_is_long_is_the_same_streamed_and_whole(page: Page, text: str) -> None:
    await page.evaluate(LIVE)
    await page.evaluate(GROW, patches_of(text, 37))
    streamed = await page.evaluate("turn.body.querySelector('table, code').textContent")
    parts = await page.locator(f"{REPLY} .part").count()
    await page.evaluate(LIVE)
    await page.evaluate(GROW, json.loads(json.dumps([[("replace", [], tree(text))]])))
    assert streamed == await page.evaluate("turn.body.querySelector('table, code').textContent")
    assert parts == await page.locator(f"{REPLY} .part").count() > 2


async def test_selected_code_is_copied_as_it_was_written(page: Page, context: BrowserContext) -> None:
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.evaluate(LIVE)
    await page.evaluate(GROW, patches_of(LINES, 50))
    await page.evaluate("getSelection().selectAllChildren(turn.body.querySelector('pre code'))")
    await page.keyboard.press("Control+C")
    copied = await page.evaluate("navigator.clipboard.readText()")
    assert copied.strip("\n") == LINES.removeprefix("```python\n").removesuffix("\n```").strip("\n")


@pytest.mark.parametrize("name", ["mixed", "python", "table", "list", "paragraph", "dangling"])
async def test_growing_costs_the_same_all_along(page: Page, context: BrowserContext, name: str) -> None:
    """In processor time of the page's main thread, which a busy machine doesn't change."""
    stream, patches = TreeStream(), []
    pieces = tokens(shape(name, 8000))
    for at in range(0, len(pieces), 50):
        patches.append(stream.update("".join(pieces[at : at + 50])))
    await page.evaluate(LIVE)
    session = await context.new_cdp_session(page)
    await session.send("Performance.enable", {"timeDomain": "threadTicks"})

    async def busy_s() -> float:
        metrics = (await session.send("Performance.getMetrics"))["metrics"]
        return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))

    costs = []
    for at in range(0, len(patches), 8):
        before = await busy_s()
        await page.evaluate(GROW_AND_DRAW, json.loads(json.dumps(patches[at : at + 8])))
        costs.append(await busy_s() - before)
    quarter = len(costs) // 4
    assert median(costs[-quarter:]) < 4 * median(costs[:quarter]) + 0.01


async def test_selection_focus_press_and_sideways_scroll_outlast_growing(page: Page) -> None:
    code = "```python\n" + "x = 1  # " + "long " * 80 + "\n"
    table = "\n| " + " | ".join(["a wide column"] * 12) + " |\n" + "|---" * 12 + "|\n"
    stream = TreeStream()

    async def grow(text: str) -> None:
        await page.evaluate(GROW, json.loads(json.dumps([stream.update(text)])))

    await page.evaluate(LIVE)
    await grow("Words to select.\n\n" + code)
    await page.focus(f"{REPLY} [data-copy]")
    await page.evaluate("document.querySelector('.turn pre').scrollLeft = 150")
    await page.evaluate("getSelection().selectAllChildren(turn.body.querySelector('p'))")
    for n in range(30):
        await grow(f"y{n} = {n}\n")
    assert await page.evaluate("document.querySelector('.turn pre').scrollLeft") == 150
    assert await page.evaluate("document.activeElement.matches('[data-copy]')")
    assert await page.evaluate("getSelection().toString()") == "Words to select."
    await grow("```\n" + table)
    await grow("| " + " | ".join(["cell"] * 12) + " |\n")
    await page.evaluate("document.querySelector('.turn .table').scrollLeft = 120")
    for n in range(30):
        await grow("| " + " | ".join([str(n)] * 12) + " |\n")
    assert await page.evaluate("document.querySelector('.turn .table').scrollLeft") == 120


async def test_the_reasoning_box_is_left_where_the_user_put_it(page: Page) -> None:
    await page.evaluate(LIVE)
    think = "(text) => { turn.hear({ type: 'reasoning', text }); turn.show(); }"
    await page.evaluate(think, "A thought.\n" * 200)
    end = "(({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight)(turn.thought)"

    async def is_at_end() -> bool:
        return float(await page.evaluate(end)) < 5

    await eventually(is_at_end, "following")
    await page.evaluate("turn.thought.scrollTop = 40")
    await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    for _ in range(10):
        await page.evaluate(think, "More.\n" * 5)
    assert await page.evaluate("turn.thought.scrollTop") == 40


async def test_somebody_elses_turn_moves_nothing_and_earlier_messages_come_above(
    page: Page, context: BrowserContext, front: Front, server: ScriptedServer
) -> None:
    with Store.open(front.data) as store:
        record, _ = await saved(store, "Long", "\n\n".join(f"Paragraph {n}" for n in range(150)))
    await page.goto(f"{front.url}/#c={record.id}")
    await expect(page.get_by_text("Paragraph 149")).to_be_in_viewport()  # it opens at its end
    await page.evaluate("document.getElementById('log').scrollTop = 400")
    await page.evaluate("window.kept = document.querySelector('.turn.assistant .body')")
    await page.evaluate("getSelection().selectAllChildren(kept.querySelector('p'))")
    other = await context.new_page()
    await other.goto(page.url)
    await expect(other.locator(COMPLETE)).to_be_visible()
    await send(other, "ok", "From elsewhere")
    await expect(other.locator(COMPLETE)).to_have_count(2)
    await expect(page.locator(COMPLETE)).to_have_count(2)
    assert await page.evaluate("document.getElementById('log').scrollTop") == 400
    assert await page.evaluate("kept === document.querySelector('.turn.assistant .body')")
    assert await page.evaluate("getSelection().toString()") == "Paragraph 0"


async def test_many_conversations_cost_nothing_while_a_reply_streams(
    page: Page, front: Front, server: ScriptedServer
) -> None:
    with Store.open(front.data) as store:
        for number in range(250):
            await saved(store, f"Conversation {number}", "x")
    await page.reload()
    await expect(page.locator("#conversations [data-id]")).to_have_count(100)
    await page.get_by_role("button", name="Show more conversations").click()
    await expect(page.locator("#conversations [data-id]")).to_have_count(200)
    server.cue("cued", 3)
    await send(page, "cued", "Among many")
    await expect(page.locator(REPLY)).to_have_text(said(3))
    await page.evaluate(
        """() => {
          window.changes = 0;
          const count = (records) => (window.changes += records.length);
          new MutationObserver(count).observe(document.getElementById("conversations"), { childList: true });
        }"""
    )
    server.cue("cued", 40)
    await expect(page.locator(REPLY)).to_have_text(said(43))
    assert await page.evaluate("window.changes") <= 4
    server.finish("cued")
