"""What commands and keys act on."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from textual.app import App

from streamtui.tui.keybindings import Keybindings
from streamtui.tui.options import Choices
from streamtui.tui.widgets.bars import Severity
from streamtui.tui.widgets.conversation_view import ConversationView
from streamtui.workspace import Session, Submission, Workspace


@dataclass(frozen=True, slots=True)
class Program:
    """What the process as a whole can be asked for."""

    leave: Callable[[], None]
    lend_terminal: Callable[[], AbstractContextManager[None]]
    """Gives the terminal to another program. Raises `StreamtuiError` where that can't be."""


class Files(Protocol):
    """What commands need of the files that go along with the draft."""

    @property
    def pasted(self) -> str:
        """The paths of files that were just pasted, and are still in the box; empty for none."""
        ...

    def offer(self, pasted: str) -> None:
        """Take what was pasted for paths of files that may be attached."""
        ...

    def cut(self, text: str) -> None:
        """Remove a text from the box, where it is in there."""
        ...

    def note_foreign(self, text: str) -> None:
        """Note that `text` came into the box otherwise than by typing: it makes no file go along."""
        ...

    def detach(self) -> bool:
        """Take the last file away that goes along with the draft; return whether there was one."""
        ...


class History(Protocol):
    """The prompts that Up walks."""

    def renew(self, prompts: Sequence[str]) -> None:
        """Hold these prompts and no others."""
        ...


class Queue(Protocol):
    """What commands need of the queued prompts."""

    def enter(self) -> bool:
        """Give the keys to them; return whether there are any."""
        ...


class Box(Protocol):
    """What commands need of the box and what is above it."""

    @property
    def draft(self) -> str:
        """What is in the box."""
        ...

    def put(self, text: str) -> None:
        """Replace what is in the box, and give it the keys."""
        ...

    def take(self) -> Submission | None:
        """Take the draft out of the box, or from an empty one the first queued prompt; `None` where there is
        neither."""
        ...

    @property
    def files(self) -> Files: ...

    @property
    def queue(self) -> Queue: ...

    @property
    def recent(self) -> History: ...


class Sidebar(Protocol):
    """What commands need of the list of conversations beside the one in view."""

    def toggle(self) -> bool:
        """Show it and give it the keys, or hide it where it has them; return whether it is wanted. Raises
        `StreamtuiError` where the terminal is too narrow."""
        ...


class ChatView(Protocol):
    """What commands need of the screen that shows a conversation."""

    @property
    def session(self) -> Session:
        """The session in view."""
        ...

    @property
    def box(self) -> Box: ...

    @property
    def sidebar(self) -> Sidebar: ...

    def show_session(self, session: Session) -> None:
        """Bring a session into view."""
        ...

    def open_saved(self, conversation: str, message: str | None = None, words: Sequence[str] = ()) -> object:
        """Bring a saved conversation into view, as soon as it is read: its end, or the place in a message, whatever its
        branch, where one of `words` stands."""
        ...

    def show_title(self) -> None:
        """Show the title and the model as they are now."""
        ...

    def find(self, text: str) -> None:
        """Let the user find a text in the conversation in view, this one first unless it is empty."""
        ...

    def say(self, text: str, severity: Severity = "information") -> None:
        """Show one line for a moment."""
        ...

    async def confirm(self, question: str, yes: str) -> bool:
        """Ask something that the user did not ask for."""
        ...

    async def decide(self, question: str, choices: Sequence[tuple[str, str]]) -> str | None:
        """Ask something like that with several ways to go on; return the id of the one that is chosen."""
        ...


@dataclass(frozen=True, slots=True)
class CommandContext:
    """The app as commands see it."""

    app: App[Any]
    chat: ChatView
    view: ConversationView
    workspace: Workspace
    choices: Choices
    keys: Keybindings
    program: Program

    @property
    def session(self) -> Session:
        """The session in view."""
        return self.chat.session

    @property
    def box(self) -> Box:
        return self.chat.box

    def say(self, text: str, severity: Severity = "information") -> None:
        """Show one line for a moment."""
        self.chat.say(text, severity)
