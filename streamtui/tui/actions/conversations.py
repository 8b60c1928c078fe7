"""Commands about conversations."""

from streamtui.chat.errors import StreamtuiError
from streamtui.chat.sanitize import sanitize_line
from streamtui.log import MessageLog
from streamtui.tui.actions.context import CommandContext
from streamtui.tui.actions.files import expanded, free_name, write_new
from streamtui.tui.options import Form
from streamtui.tui.screens.conversations import Conversations


def new(context: CommandContext, argument: str = "") -> None:
    context.chat.show_session(context.workspace.blank() or context.workspace.new())


async def open(context: CommandContext, argument: str = "") -> None:
    session = context.session
    picked = await context.app.push_screen_wait(Conversations(context.workspace, session.conversation.id))
    session = context.session
    if picked is not None and (picked != session.conversation.id or session.is_written_elsewhere):
        context.chat.open_saved(picked)


def find(context: CommandContext, argument: str = "") -> None:
    context.chat.find(argument)


def rename(context: CommandContext, argument: str) -> None:
    if not argument:
        context.box.put("/rename ")
        raise StreamtuiError("Say the new title: /rename TITLE.")
    conversation = context.session.conversation
    conversation.rename(argument)
    context.chat.show_title()
    context.say(f"The title is {conversation.title}.")


def system(context: CommandContext, argument: str) -> None:
    """Set the system message: what follows, or the text that `@NAME` names; nothing removes it."""
    text = context.choices.texts.read("systems", argument[1:]) if argument.startswith("@") else argument
    context.session.conversation.instruct(text or None)
    context.say("The system message is set." if text else "The system message is removed.")


def copy(context: CommandContext, argument: str) -> None:
    if argument:
        if not (argument.isdecimal() and context.view.log_view.copy_code(int(argument))):
            raise StreamtuiError(f"There is no code block {sanitize_line(argument, 20)} to copy.")
        return
    replies = [m for m in context.session.conversation.path() if m.role == "assistant" and m.text]
    if not replies:
        raise StreamtuiError("There is no reply to copy yet.")
    context.view.post_message(MessageLog.Copy(replies[-1].text, "reply"))


async def export(context: CommandContext, argument: str) -> None:
    session = context.session
    conversation = session.conversation
    if not conversation.messages:
        raise StreamtuiError("There is nothing to export yet.")
    await session.ready.wait()
    path = expanded(argument) if argument else free_name(conversation.title)
    form: Form = "json" if path.suffix == ".json" else "md"
    write_new(path, context.choices.transcript(form, conversation.record, list(conversation.messages.values())))
    context.say(f"Written to {sanitize_line(str(path.absolute()))}.")
