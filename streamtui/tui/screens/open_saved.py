"""From a saved conversation to the screen: its end at once, the rest as soon as it is read."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from streamtui.chat.conversation import Conversation
from streamtui.chat.errors import StreamtuiError
from streamtui.chat.messages import ChatMessage
from streamtui.tui.screens.conversation_pane import branches_of

if TYPE_CHECKING:
    from streamtui.tui.screens.chat import ChatScreen

TAIL: Final = 60
"""Messages shown before the rest of a conversation is read: more than any screen holds."""


async def open_saved(chat: "ChatScreen", conversation: str) -> None:
    """Bring a conversation into view, the one that is open already if it is."""
    session = chat.app.sessions.get(conversation)
    if session is not None:
        chat.show_session(session)
        return
    try:
        await _open(chat, conversation)
    except StreamtuiError as error:
        chat.say(str(error), "error")
        if chat.app.sessions.known(chat.session.conversation.id) is not chat.session:
            chat.app.new_conversation()  # the one in view was out of date, and can't be read again


async def _open(chat: "ChatScreen", conversation: str) -> None:
    app = chat.app
    library = app.storage.library
    with app.gate.closed():
        record, tail = await library.tail(conversation, TAIL)
        draft = await library.draft(conversation)
        model = app.start.model or app.catalog.saved(record.model)
        opened = Conversation.resume(model, app.storage.recorder, record, tail, options=app.start.options)
        session = app.sessions.add(opened)
        session.draft = draft
        session.ready.clear()
        chat.show_session(session, tail)
    try:
        _, messages = await library.load(conversation)
    except BaseException:  # also when another conversation is opened meanwhile: half a conversation is none
        app.forget(conversation)
        raise
    opened.adopt(messages)
    if app.start.instruction is not None:
        opened.instruct(app.start.instruction)
    session.ready.set()
    if chat.shows(session):
        _show_older(chat, tail)


def _show_older(chat: "ChatScreen", tail: Sequence[ChatMessage]) -> None:
    """Put what was read after the end above it; nothing in view moves."""
    first = tail[0].id if tail else ""
    path = chat.session.conversation.path()
    older = next((index for index, message in enumerate(path) if message.id == first), 0)
    chat.log_view.prepend(path[:older])
    for message, (index, count) in branches_of(chat.session, path).items():
        chat.log_view.set_branches(message, index, count)
