"""Telling the user that a reply has ended which they don't see: by the bell, or by the desktop's own notifications."""

from collections.abc import Callable
from typing import Final

from streamtui.chat.events import Failed, Finished
from streamtui.chat.messages import Status
from streamtui.chat.sanitize import sanitize_line
from streamtui.tui.options import Notify
from streamtui.workspace import ReplyEnded, Session, SessionEvent

_LONGEST: Final = 80
_BELL: Final = "\a"


def notification(form: Notify, title: str, text: str) -> str:
    """Return what makes a terminal notify. Nothing in title or text can end the sequence."""
    title, text = (sanitize_line(part, _LONGEST).replace(";", ",") for part in (title, text))
    match form:
        case "bell":
            return _BELL
        case "osc9":
            return f"\x1b]9;{title}: {text}\x1b\\"
        case "osc777":
            return f"\x1b]777;notify;{title};{text}\x1b\\"
        case "off":
            return ""


class Notifications:
    """Notifies once for a reply that ends out of view, or while the terminal has not the focus."""

    def __init__(self, form: Notify, is_seen: Callable[[Session], bool], write: Callable[[str], None]) -> None:
        """`is_seen` returns whether the user sees a session now; `write` writes to the terminal."""
        self._form: Notify = form
        self._is_seen = is_seen
        self._write = write

    def hear(self, session: Session, event: SessionEvent) -> None:
        """Take in what happens in any session. A reply that the user stopped, or behind which another prompt waits, is
        no news."""
        match event:
            case ReplyEnded(ending=Finished(status=Status.STOPPED)):
                return
            case ReplyEnded(ending=ending) if not (session.outgoing.next.queued or self._is_seen(session)):
                done = "the reply failed" if isinstance(ending, Failed) else "the reply is done"
                title = session.title if session.is_saved else ""  # desktops keep what they were told
                if signal := notification(self._form, title or "streamtui", done):
                    self._write(signal)
            case _:
                pass
