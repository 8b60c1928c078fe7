"""Commands about what is sent, and about conversations that outgrow their model."""

from collections.abc import Coroutine
from typing import Final

from streamtui.chat.errors import StreamtuiError
from streamtui.chat.reply import Reply
from streamtui.chat.statistics import Price
from streamtui.tui.actions.context import CommandContext
from streamtui.tui.screens.dialogs import Page
from streamtui.workspace import Compact, Session
from streamtui.workspace.context_use import NEARLY_FULL, context_table, context_use, measured_share
from streamtui.workspace.too_long import can_compact, can_leave_out, compact_first, leave_out_oldest

_FEWEST: Final = 4
"""Messages below which a summary would save nothing."""


async def context(context: CommandContext, argument: str = "") -> None:
    session = context.session
    await session.ready.wait()
    use = await context_use(session, context.choices.prices)
    await context.app.push_screen_wait(Page("What comes with your next prompt", context_table(use)))


def compact(context: CommandContext, argument: str = "") -> None:
    if not can_compact(context.session.conversation):
        raise StreamtuiError("There is nothing to sum up yet.")
    window = context.choices.prices.get(context.session.conversation.model.id, Price()).context
    context.workspace.sender.submit(context.session, Compact(int(window * NEARLY_FULL) if window else None))
    back = context.keys["branch_left"] or "/branches"
    context.say(f"The summary is a branch of its own; {back} leads back to the whole conversation.")


async def offer_after_refusal(context: CommandContext, session: Session, reply: Reply) -> None:
    """The conversation is too long for the model: offer what can be done, and ask again."""
    conversation = session.conversation
    choices = [("compact", "Sum it up")] if can_compact(conversation) else []
    choices += [("leave_out", "Leave out the oldest")] if can_leave_out(conversation) else []
    if not choices:
        return
    question = (
        "This conversation is too long for the model. Go on from a summary of it, or leave out its oldest turns from "
        "now on? All of it stays here in any case."
    )
    decision = await context.chat.decide(question, choices)
    if decision is None or session.is_streaming:
        return
    submissions = compact_first(session, reply) if decision == "compact" else (leave_out_oldest(session, reply),)
    for submission in submissions:
        if submission is None:
            context.say("There is nothing older to leave out: start a new conversation or send less.", "warning")
        else:
            context.workspace.sender.submit(session, submission)


def due(context: CommandContext, session: Session) -> Coroutine[None, None, None] | None:
    """Return what is to be done now that a reply has filled the model's window further, if anything is: asked about
    once on a branch, or done where the settings say so."""
    share = measured_share(session.conversation, context.choices.prices)
    path = session.conversation.path()
    if share is None or share < NEARLY_FULL or len(path) < _FEWEST or context.choices.compact == "never":
        return None
    if session.asked_to_compact == path[0].id or session.outgoing.next.queued:
        return None  # what is queued goes first, in its order
    session.asked_to_compact = path[0].id
    if context.choices.compact == "offer":
        return offer_to_compact(context, session)
    compact(context)
    return None


async def offer_to_compact(context: CommandContext, session: Session) -> None:
    """The model's window is nearly full: offer to go on from a summary."""
    question = "The model's context is nearly full. Go on from a summary? The whole conversation stays as a branch."
    if await context.chat.confirm(question, "Sum it up") and not session.is_streaming and context.session is session:
        compact(context)
