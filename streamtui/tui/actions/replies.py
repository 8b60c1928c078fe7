"""Commands about replies."""

from streamtui.tui.actions.context import CommandContext
from streamtui.workspace import Continue, Regenerate


def retry(context: CommandContext, argument: str = "") -> None:
    model = context.workspace.catalog.model(argument) if argument else None
    context.workspace.sender.submit(context.session, Regenerate(model=model))


def continue_reply(context: CommandContext, argument: str = "") -> None:
    context.workspace.sender.submit(context.session, Continue())


def edit_last(context: CommandContext, argument: str = "") -> None:
    """Take the user's last prompt into the box, to be sent anew."""
    own = [message for message in context.session.conversation.path() if message.role == "user"]
    if own:
        context.view.actions.edit(context.session, own[-1].id)
    else:
        context.say("There is no prompt to edit yet.")


def walk_messages(context: CommandContext, argument: str) -> None:
    """Put the message cursor on the message above (`-1`) or below (`1`)."""
    context.view.move_cursor(int(argument))


def walk_prompts(context: CommandContext, argument: str) -> None:
    """Put the message cursor on the user's own message above (`-1`) or below (`1`)."""
    context.view.move_cursor(int(argument), prompts_only=True)
