"""How the conversation in view stands: what its keys do now, and its figures."""

from streamtui.chat.statistics import Prices
from streamtui.tui import format
from streamtui.tui.key import Moment
from streamtui.tui.widgets.composer import Composer
from streamtui.tui.widgets.conversation_view import ConversationView
from streamtui.tui.widgets.find_bar import FindBar
from streamtui.tui.widgets.sidebar import Sidebar
from streamtui.workspace import Session, Workspace


class Standing:
    """Looks at the view and the box for the status bar."""

    def __init__(
        self,
        workspace: Workspace,
        view: ConversationView,
        composer: Composer,
        find_bar: FindBar,
        sidebar: Sidebar,
        prices: Prices,
    ) -> None:
        self.session: Session | None = None
        """The session in view."""
        self._workspace = workspace
        self._view = view
        self._composer = composer
        self._find_bar = find_bar
        self._sidebar = sidebar
        self._prices = prices

    def moment(self) -> Moment:
        """Return what goes on."""
        session = self.session
        is_streaming = session is not None and session.is_streaming
        if self._composer.menu.is_open:
            return Moment.MENU
        if self._composer.files.paths.is_open:
            return Moment.PATHS
        if self._find_bar.is_open:
            return Moment.FINDING
        if self._composer.queue.has_focus:
            return Moment.QUEUE
        if self._sidebar.has_focus:
            return Moment.SIDEBAR
        if self._view.has_cursor:
            return Moment.MESSAGES
        if self._view.columns is not None:
            return Moment.COMPARING if is_streaming else Moment.COMPARED
        if session is None or is_streaming:
            return self._while_streaming(session) if is_streaming else Moment.IDLE
        path = session.conversation.path()
        return Moment.BROKEN_OFF if path and path[-1].can_continue else Moment.IDLE

    def _while_streaming(self, session: Session | None) -> Moment:
        return Moment.QUEUED if session is not None and session.outgoing.next.queued else Moment.STREAMING

    def state(self) -> list[str]:
        """Return the figures, the most telling first."""
        if self.session is None:
            return []
        elsewhere = len(self._workspace.tasks) - len(self.session.tasks)
        return format.state_of(self.session, self._prices, elsewhere)

    def is_changing(self) -> bool:
        """Whether the conversation in view will soon hold more."""
        return self.session is not None and (self.session.is_streaming or not self.session.ready.is_set())

    def is_moving(self) -> bool:
        """Whether the figures will soon be others."""
        return len(self._workspace.tasks) > 0
