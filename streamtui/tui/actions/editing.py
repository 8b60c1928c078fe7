"""Writing the draft in the user's own editor."""

import os

from streamtui.chat.errors import StreamtuiError
from streamtui.tui.actions.context import CommandContext
from streamtui.tui.editor import edited, editor_command


async def editor(context: CommandContext, argument: str = "") -> None:
    if not context.session.is_saved:
        raise StreamtuiError("The editor needs a file, and nothing of this conversation touches the disk.")
    session, draft = context.session, context.box.draft
    if not session.is_saved:
        raise StreamtuiError("Nothing of this conversation touches the disk, and an editor needs a file.")
    command = editor_command(os.environ)
    with context.program.lend_terminal():
        text = await edited(draft, command)
    if text == draft:
        context.say("The draft is as it was.")
    elif context.session is session:
        context.box.put(text)
    else:
        session.outgoing.draft = text
