"""Commands about who answers, and how."""

from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Final

from streamtui.chat.errors import StreamtuiError
from streamtui.chat.messages import EFFORTS
from streamtui.tui.actions.context import CommandContext
from streamtui.tui.screens.models import Models

MOST_COLUMNS: Final = 4


def model(context: CommandContext, argument: str) -> Coroutine[None, None, None] | None:
    if not argument:
        return _pick_model(context)
    _use_model(context, argument)
    return None


async def _pick_model(context: CommandContext) -> None:
    session = context.session
    picked = await context.app.push_screen_wait(Models(context.workspace))
    if picked and context.session is session:
        _use_model(context, picked)


def _use_model(context: CommandContext, name: str) -> None:
    model = context.workspace.catalog.model(name)
    context.session.conversation.use(model)
    context.chat.show_title()
    context.say(f"{model.label} answers from here on.")


def effort(context: CommandContext, argument: str) -> None:
    conversation = context.session.conversation
    if argument not in EFFORTS:
        now = conversation.options.effort
        raise StreamtuiError(f"The effort is {', '.join(EFFORTS)}: {f'{now} here' if now else 'none is set'}.")
    if not context.workspace.catalog.takes_effort(conversation.model):
        raise StreamtuiError(f"{conversation.model.label} takes no effort. /forget asks it anew, if it has one by now.")
    conversation.options = replace(conversation.options, effort=argument)
    context.say(f"Replies here are asked for with effort {argument}, where the model takes that.")


def forget(context: CommandContext, argument: str = "") -> None:
    model = context.session.conversation.model
    context.workspace.catalog.forget(model)
    context.say(f"What was learned about {model.provider.host} is forgotten: all settings are sent again.")


def compare(context: CommandContext, argument: str) -> Coroutine[None, None, None] | None:
    """Let the next prompt go to several models; without names, to the present one and one that is picked, or no
    longer to several."""
    if argument:
        _compare(context, argument.split())
    elif context.session.outgoing.next.models:
        context.session.outgoing.aim()
    else:
        return _pick_rival(context)
    return None


async def _pick_rival(context: CommandContext) -> None:
    session = context.session
    picked = await context.app.push_screen_wait(Models(context.workspace))
    if picked and context.session is session:
        _compare(context, [session.conversation.model.id, picked])


def _compare(context: CommandContext, names: Sequence[str]) -> None:
    if not 2 <= len(names) <= MOST_COLUMNS:
        raise StreamtuiError(f"Name 2 to {MOST_COLUMNS} models: /compare MODEL MODEL.")
    context.session.outgoing.aim(models=[context.workspace.catalog.model(name) for name in names])
