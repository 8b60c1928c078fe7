"""Replies of several models to one prompt, side by side, until one of them is picked."""

from collections.abc import Callable, Sequence

from streamtui.chat.conversation import Conversation
from streamtui.chat.reply_tasks import ReplyTask


class Comparison:
    """Owns which replies of one session stand side by side, and which of them the conversation goes on with."""

    def __init__(self, conversation: Conversation, show_path: Callable[[], None]) -> None:
        """`show_path` is called once a reply is picked: the path in view ends there."""
        self._conversation = conversation
        self._show_path = show_path
        self._tasks: tuple[ReplyTask, ...] = ()
        self._highlighted: ReplyTask | None = None

    @property
    def tasks(self) -> tuple[ReplyTask, ...]:
        """The replies that stand side by side, until one of them is picked."""
        return self._tasks

    @property
    def highlighted(self) -> ReplyTask | None:
        """The one of the replies that the conversation goes on with."""
        return self._highlighted

    @property
    def running(self) -> ReplyTask | None:
        """The highlighted reply while it streams, or else the first that does; `None` where none does."""
        running = [task for task in self._tasks if task.is_streaming]
        if self._highlighted in running:
            return self._highlighted
        return running[0] if running else None

    def begin(self, tasks: Sequence[ReplyTask]) -> None:
        """Put these replies side by side; the first one is highlighted."""
        self._tasks, self._highlighted = tuple(tasks), tasks[0]

    def highlight(self, task: ReplyTask) -> None:
        """Let `task` be the one of the replies that the conversation goes on with."""
        self._highlighted = task

    def pick(self) -> bool:
        """Go on with the highlighted reply; return whether there was a comparison. The others stay as branches."""
        if not self._tasks:
            return False
        picked = (self._highlighted or self._tasks[0]).reply
        self._tasks, self._highlighted = (), None
        if picked.id in self._conversation.messages:  # else it was stopped before anything came
            self._conversation.use(picked.model)
            self._conversation.choose(picked.id)
        self._show_path()
        return True
