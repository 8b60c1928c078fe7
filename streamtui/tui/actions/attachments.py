"""Commands and keys about files that go along with the next prompt."""

import asyncio
from collections.abc import Sequence

from streamtui.chat.errors import StreamtuiError
from streamtui.chat.messages import DraftAttachment
from streamtui.tui.actions.context import CommandContext
from streamtui.workspace.attachments import size_words
from streamtui.workspace.attachments.pasted import named_files, pasted_files


async def attach(context: CommandContext, argument: str) -> None:
    """Let files go along with the next prompt."""
    if not argument:
        raise StreamtuiError("Say which file: /attach PATH. In a prompt, @ and a part of the path does it too.")
    session = context.session
    files = await asyncio.to_thread(named_files, argument)
    session.outgoing.attach(*files)
    context.say(f"{_names(files)} with the next prompt.")


async def attach_pasted(context: CommandContext, argument: str = "") -> None:
    """Let the files go along whose paths were just pasted, instead of the paths."""
    session, pasted = context.session, context.box.files.pasted
    files = await asyncio.to_thread(pasted_files, pasted or context.box.draft)
    if not files:
        raise StreamtuiError("Nothing that was pasted is the path of a file: /attach PATH takes one.")
    context.box.files.cut(pasted or context.box.draft)
    session.outgoing.attach(*files)
    context.say(f"{_names(files)} with the next prompt.")


async def offer_pasted(context: CommandContext, argument: str) -> None:
    """Where what was pasted is paths of files alone, say which key attaches them. Nothing of them is read."""
    try:
        files = await asyncio.to_thread(pasted_files, argument)
    except StreamtuiError:
        return
    key = context.keys.key_of("command('attach_pasted')")
    if files and key:
        context.box.files.offer(argument)
        total = size_words(sum(file.size for file in files))
        context.say(f"{key} attaches {', '.join(file.name for file in files)} ({total}) instead of the path.")


async def attach_image(context: CommandContext, content: bytes) -> None:
    """Let an image from the clipboard go along with the next prompt."""
    session = context.session
    taken = {one.name for one in session.outgoing.next.attachments}
    names = (f"pasted{f'-{number}' if number > 1 else ''}.png" for number in range(1, 1000))
    name = next(name for name in names if name not in taken)
    image = await session.attachments.add(name, content)
    session.outgoing.attach(image)
    context.say(f"{_names([image])} with the next prompt.")


def detach(context: CommandContext, argument: str = "") -> None:
    """Take the last file away that goes along with the next prompt."""
    if not context.box.files.detach():
        raise StreamtuiError("No file goes along with the next prompt: @ or /attach takes one.")


def _names(files: Sequence[DraftAttachment]) -> str:
    names = ", ".join(f"{file.name} ({size_words(file.size)})" for file in files)
    return f"{names} {'goes' if len(files) == 1 else 'go'}"
