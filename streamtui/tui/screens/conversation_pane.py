"""What of a session is on show: its messages, or models side by side, or a welcome."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal

from streamtui.chat.events import Event, Failed, Finished, ReasoningDelta, TextDelta
from streamtui.chat.messages import ChatMessage
from streamtui.chat.reply import Reply
from streamtui.chat.reply_tasks import ReplyTask
from streamtui.log import MessageLog
from streamtui.tui.session import Session
from streamtui.tui.widgets.columns import ComparePane
from streamtui.tui.widgets.welcome import Welcome


class ConversationPane(Horizontal):
    """Draws; decides nothing. One session at a time, the one last given to `show`."""

    def __init__(self) -> None:
        super().__init__(id="pane")
        self.log_view = MessageLog()
        """The log of the branch in view."""
        self._is_smooth = False
        self._session: Session | None = None
        self._columns: ComparePane | None = None

    def compose(self) -> ComposeResult:
        yield Welcome()
        yield self.log_view

    @property
    def smooth(self) -> bool:
        """Whether text is shown evenly instead of as it arrives, in every log on show."""
        return self._is_smooth

    @smooth.setter
    def smooth(self, value: bool) -> None:
        self._is_smooth = value
        columns = self._columns.columns if self._columns is not None else ()
        for log in (self.log_view, *(column.log_view for column in columns)):
            log.smooth = value

    @property
    def columns(self) -> ComparePane | None:
        """The comparison in view, if one is."""
        return self._columns

    def show(self, session: Session, path: Sequence[ChatMessage] | None = None) -> None:
        """Show a session's branch in view (or `path`, its end), and what streams in it."""
        self.close_columns()
        self._session = session
        path = session.conversation.path() if path is None else path
        self.log_view.show(path, branches_of(session, path))
        shown = {message.id for message in path}
        for run in session.runs:
            if run.reply.id in shown:
                self._follow(run)
        self.show_emptiness()

    def began(self, rows: Sequence[ChatMessage], reply: Reply) -> None:
        """Show a reply that starts, and the rows that are new with it; the reader's eye goes with it."""
        log = self.log_view
        for row in rows:
            log.add(row)
        log.begin(reply.message, reply.meter)
        log.following = True
        for message in (*rows, reply.message):
            siblings = self._siblings(message)
            if len(siblings) > 1:
                log.set_branches(message.id, siblings.index(message.id) + 1, len(siblings))
        self.show_emptiness()

    def arrived(self, run: ReplyTask, event: Event) -> None:
        """Show something of a reply."""
        log = self._log_of(run.reply.id)
        log.feed(run.reply.id, event)
        if isinstance(event, Finished | Failed):
            log.update(run.reply.message)

    def compare(self, runs: Sequence[ReplyTask]) -> None:
        """Show these runs side by side."""
        self.close_columns()
        self._columns = ComparePane(runs)
        for column in self._columns.columns:
            column.log_view.smooth = self._is_smooth
        self.mount(self._columns)
        self.log_view.display = False
        self.query_one(Welcome).display = False

    def close_columns(self) -> None:
        columns, self._columns = self._columns, None
        if columns is not None:
            columns.remove()
            self.log_view.display = True

    def show_emptiness(self) -> None:
        """Show the welcome where there is nothing else."""
        session = self._session
        if session is None or self._columns is not None:
            return
        empty = not (session.conversation.messages or session.is_streaming)
        welcome = self.query_one(Welcome)
        welcome.display = empty
        self.log_view.display = not empty
        if empty:
            welcome.show(is_demo=session.conversation.model.provider.name == "demo")

    def _follow(self, run: ReplyTask) -> None:
        """Show a reply that is already streaming: what arrived so far, then what follows."""
        reply = run.reply
        log = self.log_view
        log.begin(reply.message, reply.meter)
        if not reply.visible:
            return
        earlier = reply.message
        if reasoning := reply.reasoning[len(earlier.reasoning) :]:
            log.feed(reply.id, ReasoningDelta(reasoning))
        if text := reply.text[len(earlier.text) :]:
            log.feed(reply.id, TextDelta(text))

    def _log_of(self, message: str) -> MessageLog:
        column = self._columns.log_of(message) if self._columns is not None else None
        return column or self.log_view

    def _siblings(self, message: ChatMessage) -> list[str]:
        return self._session.conversation.siblings_of(message) if self._session is not None else []


def branches_of(session: Session, path: Sequence[ChatMessage]) -> dict[str, tuple[int, int]]:
    """Return (index from 1, count) for the messages that have alternatives."""
    found: dict[str, tuple[int, int]] = {}
    points = session.conversation.branch_points()
    for message in path:
        siblings = points.get((message.parent, message.role), [])
        if len(siblings) > 1:
            found[message.id] = (siblings.index(message.id) + 1, len(siblings))
    return found
