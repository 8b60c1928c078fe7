"""Calm mode: the app as lines that are only ever added to, for screen readers and for terminals that can do no more."""

import time
from contextlib import suppress
from typing import Final

from streamtui.chat.catalog import ServerSearch
from streamtui.chat.errors import ConfigError, StreamtuiError
from streamtui.chat.ports import Storage
from streamtui.cli import calm_commands, process
from streamtui.cli.calm_chat import CalmChat
from streamtui.cli.calm_commands import Leave
from streamtui.cli.calm_input import LineInput
from streamtui.cli.exit_codes import DONE
from streamtui.cli.loop_thread import LoopThread
from streamtui.tui.farewell import Farewell
from streamtui.tui.options import Opening
from streamtui.workspace import Session, Workspace

_HISTORY: Final = 500
_TWICE_S: Final = 2.0
"""Within which the second Ctrl+C leaves."""


def run(workspace: Workspace, store: Storage, opening: Opening, farewell: Farewell) -> int:
    """Talk until the user leaves, and return the exit code. Raises `Stopped` on a signal, once all is settled."""
    with LoopThread() as loop:
        chat: CalmChat | None = None
        try:
            with process.signals_raised(lambda: store.flush_or_spill(0.2)):
                chat = _begin(workspace, loop)
                for notice in opening.notices:
                    chat.say(notice)
                if opening.conversation is not None or opening.latest:
                    _reopen(chat, opening.conversation)
                _talk(chat)
        finally:
            with process.signals_ignored():
                _settle(workspace, loop, chat)
                if chat is not None:
                    _say_farewell(chat, farewell if store.trouble is None else None)
    return DONE


def _say_farewell(chat: CalmChat, farewell: Farewell | None) -> None:
    with suppress(OSError):  # the terminal may be gone
        if chat.input.is_broken_off:
            chat.say("")
        if farewell is not None and (line := farewell.text(chat.session)):
            chat.say(line)


def _begin(workspace: Workspace, loop: LoopThread) -> CalmChat:
    async def new() -> Session:
        return workspace.new()

    async def prompts() -> list[str]:
        with suppress(StreamtuiError):
            return await workspace.library.prompts(_HISTORY)
        return []

    session = loop.call(new())
    chat = CalmChat(workspace, loop, LineInput(reversed(loop.call(prompts()))), session)
    chat.say("streamtui, calm mode. Write and press Enter. /help names the commands, Ctrl+D leaves.")
    loop.call(_restore(workspace, session))
    loop.start(workspace.default_model.search(_told_nothing))
    chat.say(f"{session.conversation.model.label} answers.")
    return chat


def _told_nothing(search: ServerSearch) -> None:
    """Nothing is said while the user may be typing: the reply names who answers."""


async def _restore(workspace: Workspace, session: Session) -> None:
    with suppress(StreamtuiError):
        await workspace.drafts.restore_new(session)


def _reopen(chat: CalmChat, conversation: str | None) -> None:
    try:
        calm_commands.open_saved(chat, conversation)
    except StreamtuiError as error:
        chat.say(str(error))


def _talk(chat: CalmChat) -> None:
    interrupted = 0.0
    while True:
        try:
            _do(chat, chat.read_prompt())
        except (EOFError, Leave):
            return
        except StreamtuiError as error:
            chat.say(str(error))
        except KeyboardInterrupt:
            if time.monotonic() - interrupted < _TWICE_S:
                return
            interrupted = time.monotonic()
            chat.say("\nCtrl+C again leaves.")


def _do(chat: CalmChat, line: str) -> None:
    found = calm_commands.find(line.strip())
    if found is not None:
        command, argument = found
        command.handler(chat, argument)
    elif line.strip():
        chat.send_prompt(line)
    elif chat.session.outgoing.next.edits is not None:
        chat.loop.soon(chat.session.outgoing.leave_edit)


def _settle(workspace: Workspace, loop: LoopThread, chat: CalmChat | None) -> None:
    """Settle all replies, and keep what stands in the line."""

    async def settle() -> None:
        if chat is not None and (unsent := chat.input.unsent.rstrip("\n")):
            chat.session.outgoing.draft = unsent
            workspace.drafts.keep(chat.session)
        workspace.settle()
        await workspace.aclose()
        await workspace.catalog.aclose()

    with suppress(ConfigError):
        loop.call(settle())
