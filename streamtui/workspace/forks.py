"""A new conversation made of one branch of another."""

from dataclasses import replace

from streamtui.chat.conversation import Conversation
from streamtui.chat.errors import StreamtuiError
from streamtui.chat.messages import ChatMessage, new_id
from streamtui.chat.ports import Recorder
from streamtui.chat.tree import MessageTree


def fork_of(conversation: Conversation, message: str | None, recorder: Recorder) -> Conversation:
    """Return a conversation with copies of the messages of the branch in view, or of those down to `message`.

    Nothing of it is saved yet. Raises `StreamtuiError` where there is no message, or a reply still streams.
    """
    conversation.tree.refuse_while_streaming()
    path = conversation.path(message)
    if not path:
        raise StreamtuiError("There is nothing to fork yet.")
    forked = Conversation(conversation.model, recorder, system=conversation.system, options=conversation.options)
    forked.title = f"{conversation.title} (fork)".strip()
    forked.tree = MessageTree(_copies(path))
    return forked


def _copies(path: list[ChatMessage]) -> list[ChatMessage]:
    """Return the messages under ids of their own, without what was measured: it happened once."""
    copies: list[ChatMessage] = []
    for message in path:
        segments = tuple(replace(segment, metrics=None) for segment in message.segments)
        parent = copies[-1].id if copies else None
        copies.append(replace(message, id=new_id(), parent=parent, segments=segments))
    return copies
