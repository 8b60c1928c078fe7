"""What the commands do."""

import os
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from streamtui.chat import statistics
from streamtui.chat.errors import StreamtuiError
from streamtui.chat.events import Failed, Finished
from streamtui.chat.sanitize import sanitize_line
from streamtui.tui.commands import Command
from streamtui.tui.screens.conversations import Conversations
from streamtui.tui.screens.dialogs import Help, Page
from streamtui.tui.screens.models import Models
from streamtui.tui.session import Continue, Regenerate, SendPrompt, Session
from streamtui.workspace.reports import statistics_table

if TYPE_CHECKING:
    from streamtui.chat.reply import Reply
    from streamtui.tui.screens.chat import ChatScreen


def run(chat: "ChatScreen", command: Command, argument: str) -> None:
    """Run a command; what goes wrong is said in one line.

    What can be done at once is done on return, before the next key: a prompt may follow right behind. What has to read
    or to ask something first goes on in a worker.
    """
    with _told(chat):
        rest = _run(chat, command.name, argument)
        if rest is not None:
            chat.run_worker(_finish(chat, rest))


async def _finish(chat: "ChatScreen", rest: Coroutine[None, None, None]) -> None:
    with _told(chat):
        await rest


@contextmanager
def _told(chat: "ChatScreen") -> Iterator[None]:
    try:
        yield
    except StreamtuiError as error:
        chat.say(str(error), "error")


def on_message(chat: "ChatScreen", action: str, message: str) -> None:
    """Do something with one message."""
    with _told(chat):
        match action:
            case "regenerate":
                chat.app.outbox.dispatch(chat.session, Regenerate(message))
            case "continue":
                chat.app.outbox.dispatch(chat.session, Continue(message))
            case "edit":
                _edit(chat, message)
            case "branch_left" | "branch_right":
                walk(chat, message, -1 if action == "branch_left" else 1)


def _run(chat: "ChatScreen", name: str, argument: str) -> Coroutine[None, None, None] | None:
    """Return what is left to be done, if anything."""
    app = chat.app
    match name:
        case "help":
            app.push_screen(Help())
        case "new":
            app.new_conversation()
        case "open":
            return _open(chat)
        case "quit":
            app.leave()
        case "model":
            if not argument:
                return _pick_model(chat)
            _use_model(chat, argument)
        case "theme":
            _theme(chat, argument)
        case "copy":
            _copy(chat, argument)
        case "export":
            return _export(chat, _file(chat, argument))
        case "rename":
            _rename(chat, argument)
        case "system":
            _system(chat, argument)
        case "retry":
            chat.app.outbox.dispatch(chat.session, Regenerate())
        case "continue":
            chat.app.outbox.dispatch(chat.session, Continue())
        case "compare":
            return _compare(chat, argument)
        case "pace":
            _pace(chat, argument)
        case "stats":
            return _stats(chat)
        case _:
            raise StreamtuiError(f"/{name} does nothing yet.")
    return None


async def _open(chat: "ChatScreen") -> None:
    app = chat.app
    picker = Conversations(
        app.storage.library,
        streaming=lambda: app.live.conversations,
        deleted=app.forget,
        deletions=app.deletions,
        current=chat.session.conversation.id,
    )
    chosen = await app.push_screen_wait(picker)
    session = chat.session
    if chosen is not None and (chosen != session.conversation.id or session.is_written_elsewhere):
        chat.open_saved(chosen)


async def _pick_model(chat: "ChatScreen") -> None:
    session = chat.session
    picked = await chat.app.push_screen_wait(Models(chat.app.catalog))
    if picked and chat.shows(session):
        _use_model(chat, picked)


def _use_model(chat: "ChatScreen", name: str) -> None:
    model = chat.app.catalog.model(name)
    chat.session.conversation.use(model)
    chat.refresh_title()
    chat.say(f"{model.label} answers from here on.")


def _theme(chat: "ChatScreen", argument: str) -> None:
    app = chat.app
    if not argument:
        app.search_themes()
    elif argument in app.available_themes:
        app.theme = argument
    else:
        raise StreamtuiError(f"There is no theme {sanitize_line(argument, 40)}; /theme lists them.")


def _copy(chat: "ChatScreen", argument: str) -> None:
    if argument:
        if not (argument.isdecimal() and chat.log_view.copy_code(int(argument))):
            raise StreamtuiError(f"There is no code block {sanitize_line(argument, 20)} in view.")
        return
    replies = [m for m in chat.session.conversation.path() if m.role == "assistant" and m.text]
    if not replies:
        raise StreamtuiError("There is no reply to copy yet.")
    chat.app.copy(replies[-1].text, "reply")


def _file(chat: "ChatScreen", argument: str) -> Path:
    """Return the file to write the conversation to."""
    if not chat.session.conversation.messages:
        raise StreamtuiError("There is nothing to export yet.")
    if not argument:
        return Path(f"{_slug(chat.session.conversation.title)}.md")
    return Path(os.path.expanduser(argument))  # noqa: PTH111 - which leaves the tilde of an unknown user


async def _export(chat: "ChatScreen", path: Path) -> None:
    session, conversation = chat.session, chat.session.conversation
    await session.ready.wait()
    form: Literal["md", "json"] = "json" if path.suffix == ".json" else "md"
    _write(path, chat.app.start.transcript(form)(conversation.record, list(conversation.messages.values())))
    chat.say(f"Written to {_where(path)}.")


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise StreamtuiError(f"{sanitize_line(str(path))} exists: name another file.") from None
    except OSError as error:
        raise StreamtuiError(f"{sanitize_line(str(path))} can't be written: {error.strerror}.") from None


def _where(path: Path) -> str:
    return sanitize_line(str(path.absolute()))


def _slug(title: str) -> str:
    """Return a file name made of a title: no separators, no dots in front, not empty."""
    kept = "".join(c if c.isalnum() or c in " -_" else " " for c in title)
    return "-".join(kept.split())[:60] or "conversation"


def _rename(chat: "ChatScreen", argument: str) -> None:
    if not argument:
        chat.prompt.put("/rename ")
        raise StreamtuiError("Say the new title: /rename TITLE.")
    chat.session.conversation.rename(argument)
    chat.refresh_title()


def _system(chat: "ChatScreen", argument: str) -> None:
    conversation = chat.session.conversation
    conversation.instruct(argument or None)
    chat.say("The system message is set." if argument else "The system message is removed.")


def _edit(chat: "ChatScreen", message: str) -> None:
    """Take one of the reader's own messages into the box; sending it makes a branch beside the old one."""
    found = chat.session.conversation.messages.get(message)
    if found is None or found.role != "user":
        raise StreamtuiError("Only your own messages can be edited.")
    if not chat.prompt.is_blank:
        chat.stash()
    chat.session.aim(edits=message)
    chat.prompt.put(found.text)
    chat.prompt.focus()
    chat.say("Edit and send: the old wording stays as a branch.")


def offer(chat: "ChatScreen", reply: "Reply", ending: Finished | Failed) -> None:
    """After a reply that broke off, say what can be done about it."""
    match ending:
        case Failed(error=error) if error.kind == "context_length" and _can_leave_out(chat):
            chat.run_worker(_leave_out(chat, chat.session, reply))
        case Failed() if reply.message.can_continue:
            chat.say("Alt+C lets the reply go on where it stopped.")


def _can_leave_out(chat: "ChatScreen") -> bool:
    return chat.stage.columns is None and chat.session.conversation.has_older_turns


async def _leave_out(chat: "ChatScreen", session: Session, reply: "Reply") -> None:
    """The conversation is too long for the model: offer to ask again without its oldest turns."""
    conversation = session.conversation
    question = "This conversation is too long for the model. Leave out its oldest turns from now on, and ask again?"
    if not await chat.app.interrupt(question, "Leave them out") or session.is_streaming:
        return
    before = conversation.left_out
    if conversation.leave_out_oldest() == before:
        chat.say("There is nothing older to leave out: start a new conversation (Ctrl+N) or send less.", "warning")
        return
    prompt = None
    if not reply.message.text and reply.id in conversation.messages:
        prompt = conversation.take_back(reply.id)
    if prompt is not None:
        session.draft = session.draft.removeprefix(prompt).lstrip("\n")
    if chat.shows(session):
        chat.show_path()
        chat.draft_changed()
    chat.app.outbox.dispatch(session, Regenerate() if prompt is None else SendPrompt(prompt))


def walk(chat: "ChatScreen", message: str, step: int) -> None:
    """Bring the branch beside a message into view; the cursor, if it was there, goes along."""
    conversation = chat.session.conversation
    if message not in conversation.messages:
        return
    siblings = conversation.siblings(message)
    index = siblings.index(message) + step
    if not 0 <= index < len(siblings):
        return
    has_cursor = chat.log_view.current == message
    conversation.choose(siblings[index])
    chat.show_path()
    if has_cursor:
        chat.log_view.current = siblings[index]
    chat.say(f"Branch {index + 1} of {len(siblings)}.")


MOST_COLUMNS: Final = 4


def _compare(chat: "ChatScreen", argument: str) -> Coroutine[None, None, None] | None:
    """Let the next prompt go to several models; without names, to the present one and one that is picked, or no
    longer to several."""
    if argument:
        _aim(chat, argument.split())
    elif chat.session.comparing:
        chat.session.aim()
    else:
        return _pick_rival(chat)
    return None


async def _pick_rival(chat: "ChatScreen") -> None:
    session = chat.session
    picked = await chat.app.push_screen_wait(Models(chat.app.catalog))
    if picked and chat.shows(session):
        _aim(chat, [session.conversation.model.id, picked])


def _aim(chat: "ChatScreen", names: Sequence[str]) -> None:
    if not 2 <= len(names) <= MOST_COLUMNS:
        raise StreamtuiError(f"Name 2 to {MOST_COLUMNS} models: /compare MODEL MODEL.")
    chat.session.aim(models=tuple(chat.app.catalog.model(name) for name in names))


def _pace(chat: "ChatScreen", argument: str) -> None:
    if argument not in ("", "off", "smooth"):
        raise StreamtuiError("The pace is off or smooth: /pace smooth.")
    chat.stage.smooth = smooth = argument == "smooth" if argument else not chat.stage.smooth
    chat.say("Text is shown evenly, at most half a second late." if smooth else "Text is shown as it arrives.")


async def _stats(chat: "ChatScreen") -> None:
    app = chat.app
    rows = statistics.by_model(await app.storage.library.timings(limit=100_000), app.start.prices)
    await app.push_screen_wait(Page("How fast the models were", statistics_table(rows)))
