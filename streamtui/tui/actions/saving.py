"""Commands that take something out of the conversation: to the clipboard, or into a file."""

from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Final

from streamtui.chat.errors import StreamtuiError
from streamtui.chat.messages import ChatMessage
from streamtui.chat.sanitize import sanitize_line
from streamtui.log import MessageLog
from streamtui.tui.actions.context import CommandContext
from streamtui.tui.screens.dialogs import Question
from streamtui.workspace.exports import exported
from streamtui.workspace.tables import Table, as_csv, tables
from streamtui.workspace.written_files import expanded, replace_file, write_new

if TYPE_CHECKING:  # it needs the parser
    from streamtui.markdown import CodeBlock

_ENDINGS: Final = {"python": "py", "javascript": "js", "typescript": "ts", "markdown": "md", "rust": "rs", "bash": "sh"}
"""Of files in languages whose name is not it already."""


def copy(context: CommandContext, argument: str) -> Coroutine[None, None, None] | None:
    match argument.split():
        case []:
            _copy(context, _last_reply(context).text, "reply")
        case [number] if number.isdecimal():
            code = _code(context, number)
            _copy(context, code.text, f"code block {code.number}")
        case ["table"]:
            _copy(context, as_csv(_table(context, None)), "table")
        case ["table", number] if number.isdecimal():
            _copy(context, as_csv(_table(context, int(number))), f"table {number}")
        case ["all"]:
            return _copy_all(context)
        case _:
            raise StreamtuiError("/copy takes nothing, the number of a code block, table, table NUMBER, or all.")
    return None


async def _copy_all(context: CommandContext) -> None:
    session = context.session
    await session.ready.wait()
    conversation = session.conversation
    if not conversation.messages:
        raise StreamtuiError("There is nothing to copy yet.")
    messages = list(conversation.messages.values())
    text = await exported(session.attachments, conversation.record, messages, "md")
    _copy(context, text, "conversation")


def copy_table(context: CommandContext, message: str) -> None:
    """Copy the first table of a message."""
    own = context.session.conversation.messages.get(message)
    own_tables = tables(own.text) if own is not None else []
    if not own_tables:
        raise StreamtuiError("There is no table in this message.")
    _copy(context, as_csv(own_tables[0]), "table")


async def save(context: CommandContext, argument: str) -> None:
    """Write a code block, or the last reply, to a file; ask before another file goes."""
    number, _, name = argument.partition(" ")
    if number.isdecimal():
        code = _code(context, number)
        text, name = code.text, name.strip() or f"code-{code.number}.{_ending(code)}"
    else:
        text, name = _last_reply(context).text, argument
        if not name:
            raise StreamtuiError("Say what to save, and where: /save 2 name.py, or /save reply.md.")
    text = text if text.endswith("\n") else f"{text}\n"
    path = expanded(name)
    shown = sanitize_line(str(path.absolute()))
    if path.is_dir():
        raise StreamtuiError(f"{shown} is a folder: name a file in it.")
    if path.exists():
        if not path.is_file():
            raise StreamtuiError(f"{shown} is no file.")
        await _replace(context, path, shown, text)
        return
    write_new(path, text)
    context.say(f"Written to {shown}.")


async def _replace(context: CommandContext, path: Path, shown: str, text: str) -> None:
    if not await context.app.push_screen_wait(Question(f"{shown} exists. Replace it?", "Replace it")):
        context.say(f"{shown} stays as it was.")
        return
    replace_file(path, text)
    context.say(f"Written to {shown}.")


def fold(context: CommandContext, argument: str = "") -> None:
    """Fold or unfold the message under the cursor, or the last one in view."""
    context.view.log_view.action_toggle_message()


def _copy(context: CommandContext, text: str, what: str) -> None:
    context.view.post_message(MessageLog.Copy(text, what))


def _last_reply(context: CommandContext) -> ChatMessage:
    replies = [m for m in context.session.conversation.path() if m.role == "assistant" and m.text]
    if not replies:
        raise StreamtuiError("There is no reply yet.")
    return replies[-1]


def _code(context: CommandContext, number: str) -> "CodeBlock":
    codes = [code for code in context.view.log_view.code_blocks() if code.number == int(number)]
    if not codes:
        raise StreamtuiError(f"There is no code block {sanitize_line(number, 20)} in view.")
    return codes[-1]


def _table(context: CommandContext, number: int | None) -> Table:
    """Return a table of the last reply that has some: the one of this number, or the last."""
    for message in reversed(context.session.conversation.path()):
        if message.role == "assistant" and (own := tables(message.text)):
            if number is None:
                return own[-1]
            if 1 <= number <= len(own):
                return own[number - 1]
            break
    raise StreamtuiError("There is no such table in the last reply that has any." if number else "There is no table.")


def _ending(code: "CodeBlock") -> str:
    language = code.language.lower()
    return _ENDINGS.get(language, language if language.isalnum() else "txt") or "txt"
