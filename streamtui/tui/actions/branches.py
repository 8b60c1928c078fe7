"""Commands about branches."""

from streamtui.chat.errors import StreamtuiError
from streamtui.tui.actions.context import CommandContext
from streamtui.tui.screens.branches import Branches
from streamtui.tui.screens.models import Models
from streamtui.workspace import Regenerate
from streamtui.workspace.branch_lines import branch_lines


async def branches(context: CommandContext, argument: str = "") -> None:
    session = context.session
    await session.ready.wait()
    lines = branch_lines(session.conversation.tree)
    if not lines:
        raise StreamtuiError("There are no branches yet.")
    picked = await context.app.push_screen_wait(Branches(lines))
    if picked is not None and context.session is session:
        session.show_branch(picked)


async def fork(context: CommandContext, argument: str = "") -> None:
    await fork_at(context, "")


async def fork_at(context: CommandContext, message: str) -> None:
    """Make a new conversation of what leads to a message, without one of the branch in view, and show it."""
    session = context.session
    forked = await context.workspace.fork(session, message or None)
    if context.session is session:
        context.chat.show_session(forked)
        context.say("This is the new conversation; the one it was made of stays as it is.")


async def regenerate_with(context: CommandContext, message: str) -> None:
    """Let the user choose a model, which answers the prompt of a message again."""
    session = context.session
    picked = await context.app.push_screen_wait(Models(context.workspace))
    if picked and context.session is session:
        model = context.workspace.catalog.model(picked)
        context.workspace.sender.submit(session, Regenerate(message, model))
