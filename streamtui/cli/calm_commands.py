"""The commands of calm mode, one row each."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from streamtui.chat.errors import StreamtuiError
from streamtui.chat.messages import ChatMessage, FileReference
from streamtui.cli.calm_chat import CalmChat
from streamtui.workspace import Continue, Regenerate, Session
from streamtui.workspace.attachments import size_words
from streamtui.workspace.exports import FORMS, exported, form_of
from streamtui.workspace.written_files import expanded, free_name, write_new

_MOST: Final = 20
"""Choices that are read out."""
_MOST_MODELS: Final = 40


class Leave(Exception):
    """The user has had enough."""


Handler = Callable[[CalmChat, str], None]
"""Does what the command says. Raises `StreamtuiError`, whose line the user is told."""


@dataclass(frozen=True, slots=True)
class CalmCommand:
    """A command of calm mode."""

    name: str
    help: str
    handler: Handler
    argument: str = ""
    aliases: tuple[str, ...] = ()


def find(line: str) -> tuple[CalmCommand, str] | None:
    """Return the command that a line is, with its argument; `None` for a prompt. Raises `StreamtuiError` where the
    line looks like a command that is not there."""
    if line in ("quit", "exit", "clear"):
        line = f"/{line}"
    name, _, argument = line[1:].partition(" ")
    if not line.startswith("/") or not (name.isascii() and name.isalpha() and name.islower()):
        return None
    command = next((c for c in COMMANDS if name == c.name or name in c.aliases), None)
    if command is None:
        raise StreamtuiError(f"There is no command /{name}. /help names them all.")
    return command, argument.strip()


def _help(chat: CalmChat, argument: str) -> None:
    for command in COMMANDS:
        chat.say(f"/{command.name}{' ' + command.argument if command.argument else ''}: {command.help}.")
    chat.say("Ctrl+C stops a reply. A line that ends in a backslash goes on in the next one.")


def _new(chat: CalmChat, argument: str) -> None:
    async def new() -> Session:
        return chat.workspace.blank() or chat.workspace.new()

    chat.session = chat.call(new())
    chat.say("A new conversation.")


def _open(chat: CalmChat, argument: str) -> None:
    saved = chat.call(chat.workspace.library.conversations(_MOST))
    if not saved:
        raise StreamtuiError("No conversation is saved yet.")
    now = time.time()
    rows = [f"{one.title}, {_count(one.messages, 'message')}, {_age(now - one.updated)}" for one in saved]
    if (index := chat.choose("Which conversation?", rows)) is not None:
        open_saved(chat, saved[index].id)


def _search(chat: CalmChat, argument: str) -> None:
    if not argument:
        raise StreamtuiError("Say what to look for: /search TEXT.")
    hits = chat.call(chat.workspace.library.search(argument, _MOST))
    if not hits:
        raise StreamtuiError("Nothing is found.")
    index = chat.choose("Found:", [f"{hit.conversation.title}: {hit.snippet}" for hit in hits])
    if index is not None:
        open_saved(chat, hits[index].conversation.id, hits[index].message)


def open_saved(chat: CalmChat, conversation: str | None, message: str | None = None) -> None:
    """Go on in a saved conversation (by default the latest one), and say its last reply, or a message of it."""

    async def resume() -> tuple[Session, list[ChatMessage]]:
        session = await chat.workspace.resume(conversation)
        if message is not None:
            session.conversation.choose(message)
        if not session.outgoing.draft:
            session.outgoing.draft = await chat.workspace.library.draft(session.conversation.id)
            session.outgoing.attach(*await chat.workspace.library.draft_attachments(session.conversation.id))
        return session, session.conversation.path()

    chat.session, path = chat.call(resume())
    talk = chat.session.conversation
    chat.say(f"{talk.title}. {_count(len(path), 'message')}.")
    wanted = [one for one in path if one.id == message] or [one for one in path if one.role == "assistant"]
    if wanted:
        _say_message(chat, wanted[-1])


def _say_message(chat: CalmChat, message: ChatMessage) -> None:
    chat.say(f"{'You' if message.role == 'user' else message.model or 'The reply'}:")
    chat.say(message.text or "(nothing)")
    chat.say("End of the message.")


def _read(chat: CalmChat, argument: str) -> None:
    replies = [message for message in _path(chat) if message.role == "assistant"]
    if not replies:
        raise StreamtuiError("There is no reply yet.")
    _say_message(chat, replies[-1])


def _model(chat: CalmChat, argument: str) -> None:
    if argument:
        _use_model(chat, argument)
        return
    names = chat.call(chat.workspace.catalog.available())
    if len(names) > _MOST_MODELS:
        chat.say(f"{len(names) - _MOST_MODELS} more are not read out: /model NAME takes any.")
    if (index := chat.choose("Which model?", names[:_MOST_MODELS])) is not None:
        _use_model(chat, names[index])


def _use_model(chat: CalmChat, name: str) -> None:
    async def use() -> str:
        model = chat.workspace.catalog.model(name)
        chat.session.conversation.use(model)
        return model.label

    chat.say(f"{chat.call(use())} answers from here on.")


def _edit(chat: CalmChat, argument: str) -> None:
    own = [message for message in _path(chat) if message.role == "user"][-_MOST:]
    if not own:
        raise StreamtuiError("There is no prompt to edit yet.")
    index = chat.choose("Which of your prompts?", [message.text for message in own])
    if index is None:
        return

    async def edit() -> None:
        chat.session.outgoing.edit(own[index].id)

    chat.call(edit())
    chat.say("Word it anew; an emptied line leaves it as it is.")


def _retry(chat: CalmChat, argument: str) -> None:
    chat.send(Regenerate())


def _continue(chat: CalmChat, argument: str) -> None:
    chat.send(Continue())


def _attach(chat: CalmChat, argument: str) -> None:
    if not argument:
        raise StreamtuiError("Name a file: /attach FILE.")

    async def attach() -> FileReference:
        file = await chat.workspace.attachments.look(str(expanded(argument)))
        chat.session.outgoing.attach(file)
        return file

    file = chat.call(attach())
    chat.say(f"{file.name} goes along with the next prompt: {size_words(file.size)}.")


def _export(chat: CalmChat, argument: str) -> None:
    talk = chat.session.conversation
    if not talk.messages:
        raise StreamtuiError("There is nothing to export yet.")
    form = form_of(argument)
    path = free_name(talk.title, form) if argument in ("", *FORMS) else expanded(argument)
    messages = list(talk.messages.values())
    write_new(path, chat.call(exported(chat.session.attachments, talk.record, messages, form)))
    chat.say(f"Written to {path.absolute()}.")


def _leave(chat: CalmChat, argument: str) -> None:
    raise Leave


def _path(chat: CalmChat) -> Sequence[ChatMessage]:
    async def path() -> list[ChatMessage]:
        return chat.session.conversation.path()

    return chat.call(path())


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number:,} {what}s"


def _age(seconds: float) -> str:
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{_count(int(seconds // size), unit)} ago"
    return "just now"


COMMANDS: Final = (
    CalmCommand("help", "say the commands", _help),
    CalmCommand("new", "start a new conversation", _new, aliases=("clear",)),
    CalmCommand("open", "open a saved conversation", _open),
    CalmCommand("search", "find a text in all conversations", _search, "TEXT"),
    CalmCommand("read", "say the last reply again", _read),
    CalmCommand("model", "choose the model that answers", _model, "[MODEL]"),
    CalmCommand("edit", "word one of your prompts anew", _edit),
    CalmCommand("retry", "ask the last prompt again", _retry, aliases=("regenerate",)),
    CalmCommand("continue", "let the last reply go on where it stopped", _continue),
    CalmCommand("attach", "send a file along with the next prompt", _attach, "FILE"),
    CalmCommand("export", "write the conversation to a file", _export, "[FILE.md|.json|.html]"),
    CalmCommand("quit", "leave", _leave, aliases=("exit",)),
)
