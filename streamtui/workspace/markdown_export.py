"""A conversation as a Markdown document for people."""

from collections.abc import Sequence

from streamtui.chat.messages import ChatMessage
from streamtui.chat.ports import ConversationRecord
from streamtui.chat.sizes import size_words
from streamtui.chat.timestamps import utc_minute
from streamtui.chat.tree import MessageTree
from streamtui.workspace.endings import ending_line
from streamtui.workspace.markdown_source import closed


def export_markdown(record: ConversationRecord, messages: Sequence[ChatMessage], *, all_branches: bool = False) -> str:
    """Return the branch in view as a Markdown document, or all branches, that one first; reasoning is folded away.

    Where only one of several is in it, the document says so.
    """
    tree = MessageTree(messages, record.leaf)
    branches = tree.branches()
    head = [f"# {_line(record.title) or 'Conversation'}", f"{_line(record.model)} · {utc_minute(record.created)} UTC"]
    if record.system:
        head.append(_quote(f"System: {record.system}"))
    if len(branches) > 1 and not all_branches:
        head.append(
            f"> This is one of {len(branches)} branches; `streamtui export {record.id} --all-branches` has them all."
        )
    parts, known = head, set[str]()
    for branch in branches if all_branches else branches[:1]:
        new = [message for message in branch if message.id not in known]
        if known:
            parts += ["---", _departure(tree.messages.get(new[0].parent or ""))]
        places = tree.places(branch)
        parts += [_message(message, record.model, places.get(message.id, (1, 1))) for message in new]
        known.update(message.id for message in branch)
    return "\n\n".join(parts) + "\n"


def _departure(parent: ChatMessage | None) -> str:
    return f"> Another branch, after “{_line(parent.text)[:60]}”" if parent else "> Another branch, from the start"


def _message(message: ChatMessage, model: str, place: tuple[int, int]) -> str:
    author = "You" if message.role == "user" else _line(message.model or model)
    number, count = place
    branch = f" · branch {number} of {count}" if count > 1 else ""
    parts = [f"## {author} · {utc_minute(message.created)}{branch}"]
    if reasoning := message.reasoning.strip():
        parts.append(f"<details>\n<summary>Reasoning</summary>\n\n{closed(reasoning)}\n\n</details>")
    if message.attachments:
        names = (f"`{_line(file.name).replace('`', ' ')}` ({size_words(file.size)})" for file in message.attachments)
        parts.append(f"Attached: {', '.join(names)}")
    if message.text.strip():
        parts.append(closed(message.text.strip("\n")))
    if message.role == "assistant" and (ending := ending_line(message.last)):
        parts.append(_quote(ending))
    return "\n\n".join(parts)


def _quote(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _line(text: str) -> str:
    return " ".join(text.split())
