"""What is done with the conversations of the sidebar."""

from streamtui.chat.errors import StreamtuiError
from streamtui.tui.actions.context import CommandContext
from streamtui.tui.actions.prompts import renew_history
from streamtui.tui.screens.fields import Field
from streamtui.tui.screens.menu import MessageMenu

_CHOICES = (
    ("open", "open it"),
    ("rename", "give it another title"),
    ("pin", "keep it at the top, or no longer"),
    ("fork", "make a new conversation of it"),
    ("delete", "delete it; for ten seconds that can be taken back"),
)


def toggle(context: CommandContext, argument: str = "") -> None:
    """Show the sidebar and give it the keys; hide it where it has them."""
    is_wanted = context.chat.sidebar.toggle()
    context.choices.remember("sidebar", "on" if is_wanted else "off")


async def act(context: CommandContext, action: str, conversation: str) -> None:
    """Do something with a conversation of the sidebar. Raises `StreamtuiError`."""
    match action:
        case "menu":
            picked = await context.app.push_screen_wait(MessageMenu(_CHOICES))
            if picked is not None:
                await act(context, picked, conversation)
        case "open":
            context.chat.open_saved(conversation)
        case "rename":
            await _rename(context, conversation)
        case "pin":
            await _pin(context, conversation)
        case "fork":
            session = await context.workspace.open(conversation)
            context.chat.show_session(await context.workspace.fork(session))
            context.say("This is the new conversation; the one it was made of stays as it is.")
        case "delete":
            await context.workspace.delete(conversation)
            await renew_history(context)
            undo = context.keys["sidebar_undelete"]
            context.say(f"Deleted. {undo} in the sidebar takes it back for ten seconds.")
        case "undelete":
            await _undelete(context)
        case _:
            raise ValueError(f"There is no action {action!r}.")


async def _rename(context: CommandContext, conversation: str) -> None:
    record, _ = await context.workspace.library.tail(conversation, 1)
    title = await context.app.push_screen_wait(Field("The new title", "enter renames · esc leaves it", record.title))
    if title is None or not title.strip():
        return
    await context.workspace.rename(conversation, title)
    context.chat.show_title()
    context.say("The title is changed.")


async def _pin(context: CommandContext, conversation: str) -> None:
    library = context.workspace.library
    record, _ = await library.tail(conversation, 1)
    await library.pin(conversation, not record.pinned)
    context.say("It is no longer pinned." if record.pinned else "It is pinned.")


async def _undelete(context: CommandContext) -> None:
    if not context.workspace.can_undelete:
        raise StreamtuiError("There is no deletion to take back.")
    restored = await context.workspace.undelete()
    await renew_history(context)
    context.say("It is back." if restored else "Too late: it is gone.")
