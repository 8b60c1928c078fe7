"""Commands about the program itself."""

from collections.abc import Coroutine

from streamtui.chat import statistics
from streamtui.chat.errors import StreamtuiError
from streamtui.chat.sanitize import sanitize_line
from streamtui.tui.actions.context import CommandContext
from streamtui.tui.screens.dialogs import Page
from streamtui.tui.screens.themes import Themes
from streamtui.workspace.reports import statistics_table


def quit(context: CommandContext, argument: str = "") -> None:
    context.program.leave()


def theme(context: CommandContext, argument: str) -> Coroutine[None, None, None] | None:
    if not argument:
        return _pick_theme(context)
    if argument not in context.app.available_themes:
        raise StreamtuiError(f"There is no theme {sanitize_line(argument, 40)}; /theme lists them.")
    _use_theme(context, argument)
    return None


async def _pick_theme(context: CommandContext) -> None:
    before = context.app.theme
    picked = await context.app.push_screen_wait(Themes(context.app.available_themes, before))
    if picked is None:
        context.app.theme = before
    else:
        _use_theme(context, picked)


def _use_theme(context: CommandContext, name: str) -> None:
    context.app.theme = name
    context.choices.remember("theme", name)
    context.say(f"The theme is {name}, from here on.")


def pace(context: CommandContext, argument: str) -> None:
    if argument not in ("", "off", "smooth"):
        raise StreamtuiError("The pace is off or smooth: /pace smooth.")
    smooth = context.view.show_evenly(argument == "smooth" if argument else None)
    context.choices.remember("pace", "smooth" if smooth else "off")
    context.say("Text is shown evenly, at most half a second late." if smooth else "Text is shown as it arrives.")


async def stats(context: CommandContext, argument: str = "") -> None:
    rows = statistics.by_model(await context.workspace.library.timings(limit=100_000), context.choices.prices)
    await context.app.push_screen_wait(Page("How fast the models were", statistics_table(rows)))
