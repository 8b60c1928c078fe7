"""Commands about what the user sends, has sent and will send."""

from typing import Final

from streamtui.chat.errors import StreamtuiError
from streamtui.tui.actions.context import CommandContext
from streamtui.tui.screens.prompts import Prompts

HISTORY: Final = 500
"""Prompts that Up walks; Ctrl+R finds them all."""


async def search(context: CommandContext, argument: str = "") -> None:
    """Let the user look for a prompt among all that were ever sent, and put it into the box."""
    prompts = Prompts(context.workspace.library)
    picked = await context.app.push_screen_wait(prompts)
    if picked is not None:
        text = prompts.text(picked)
        context.box.files.note_foreign(text)  # whoever sends it again may have pasted it then
        context.box.put(text)


async def renew_history(context: CommandContext) -> None:
    """Walk only what is saved from here on: prompts go with a deleted conversation, and come back with it."""
    context.box.recent.renew(await context.workspace.library.prompts(HISTORY))


def queue(context: CommandContext, argument: str = "") -> None:
    """Give the keys to the queued prompts."""
    if not context.box.queue.enter():
        raise StreamtuiError("No prompt is queued: Enter queues one while a reply streams.")


def send_now(context: CommandContext, argument: str = "") -> None:
    """Stop the reply in view, and send the draft, or the first queued prompt."""
    prompt = context.box.take()
    if prompt is None:
        raise StreamtuiError("There is nothing to send yet: the box is empty, and no prompt is queued.")
    context.workspace.sender.send_now(context.session, prompt)
