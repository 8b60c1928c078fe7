"""Commands about conversations."""

from collections.abc import Coroutine

from streamtui.chat.errors import StreamtuiError
from streamtui.chat.sanitize import sanitize_line
from streamtui.tui.actions.context import CommandContext
from streamtui.tui.actions.prompts import renew_history
from streamtui.tui.screens.conversations import Conversations
from streamtui.workspace.exports import FORMS, exported, form_of
from streamtui.workspace.written_files import expanded, free_name, write_new


def new(context: CommandContext, argument: str = "") -> None:
    context.chat.show_session(context.workspace.blank() or context.workspace.new())


def incognito(context: CommandContext, argument: str = "") -> None:
    """Go to the conversation that isn't saved; from there, begin another one, and the first is gone."""
    unsaved = context.workspace.unsaved()
    if unsaved is None or unsaved is context.session:
        unsaved = context.workspace.incognito()
    context.chat.show_session(unsaved)
    context.say("Nothing of this conversation touches the disk. /new leaves it; it is gone when the program ends.")


async def open(context: CommandContext, argument: str = "") -> None:
    session = context.session
    conversations = Conversations(context.workspace, session.conversation.id)
    picked = await context.app.push_screen_wait(conversations)
    session = context.session
    if conversations.has_changed:
        await renew_history(context)
    if picked is None:
        return
    conversation, _, message = picked.partition(" ")
    if message:
        context.chat.open_saved(conversation, message, conversations.words)
    elif conversation != session.conversation.id or session.is_written_elsewhere:
        context.chat.open_saved(conversation)


def find(context: CommandContext, argument: str = "") -> None:
    context.chat.find(argument)


def rename(context: CommandContext, argument: str) -> Coroutine[None, None, None] | None:
    if not argument:
        return _let_model_rename(context)
    conversation = context.session.conversation
    conversation.rename(argument)
    context.chat.show_title()
    context.say(f"The title is {conversation.title}.")
    return None


async def _let_model_rename(context: CommandContext) -> None:
    session = context.session
    context.say("The model looks for a title …")
    title = await context.workspace.titles.give(session)
    if context.session is session:
        context.chat.show_title()
        context.say(f"The title is {title}.")


def system(context: CommandContext, argument: str) -> None:
    """Set the system message: what follows, or the text that `@NAME` names; nothing removes it."""
    text = context.choices.texts.read("systems", argument[1:]) if argument.startswith("@") else argument
    context.session.conversation.instruct(text or None)
    context.say("The system message is set." if text else "The system message is removed.")


async def export(context: CommandContext, argument: str) -> None:
    session = context.session
    conversation = session.conversation
    if not conversation.messages:
        raise StreamtuiError("There is nothing to export yet.")
    await session.ready.wait()
    form = form_of(argument)
    path = free_name(conversation.title, form) if argument in ("", *FORMS) else expanded(argument)
    messages = list(conversation.messages.values())
    write_new(path, await exported(session.attachments, conversation.record, messages, form))
    context.say(f"Written to {sanitize_line(str(path.absolute()))}.")


async def take_in(context: CommandContext, argument: str) -> None:
    """Import a file, and show the conversation if it is only one."""
    if not argument:
        raise StreamtuiError("Say which file: /import FILE.")
    from streamtui.workspace.imports.importer import Importer, Tally  # eleven modules that hardly any run needs

    tally = Tally()
    importer = Importer(context.workspace.library, context.session.conversation.model.id)
    context.say("Reading the file …")
    await importer.take_in(expanded(argument), tally, lambda tally: context.say(f"{tally.line} so far …"))
    context.say(f"{tally.line}.")
    if tally.imported == 1 and tally.last is not None:
        context.chat.open_saved(tally.last)
