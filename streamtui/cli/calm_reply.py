"""What is said of a reply in calm mode: its text by the sentence, news a line each, its end once."""

from collections.abc import Callable

from streamtui.chat.events import Event, Failed, Finished, Notice, ReasoningDelta, Revised, TextDelta
from streamtui.chat.messages import Status
from streamtui.chat.reply_tasks import ReplyTask
from streamtui.cli.calm_text import Sentences
from streamtui.workspace import NotSent, ReplyEnded, ReplyStarted, SessionEvent


class SpokenReply:
    """Turns what a session tells of one submission into text. Lives on the event loop."""

    def __init__(self, say: Callable[[str], object], write: Callable[[str], object], end: Callable[[], object]) -> None:
        """`say` takes a line, `write` a piece of text; `end` is called once nothing more comes."""
        self._say, self._write, self._end = say, write, end
        self._sentences = Sentences()
        self._is_thinking = False
        self.has_started = False

    def __call__(self, event: SessionEvent) -> None:
        """Hear what the session tells."""
        match event:
            case ReplyStarted(task=task):
                self._begin(task)
            case ReplyEnded(task=task, ending=ending):
                self._say(self._last_line(task, ending))
                self._end()
            case NotSent(error=error):
                self._say(str(error))
                self._end()
            case _:
                pass

    def _begin(self, task: ReplyTask) -> None:
        self.has_started = True
        self._say(f"{task.reply.model.label}:")
        task.watch(self._on_event)

    def _on_event(self, event: Event) -> None:
        match event:
            case TextDelta(text):
                self._write(self._sentences.feed(text))
            case ReasoningDelta() if not self._is_thinking:
                self._is_thinking = True
                self._say("Thinking.")
            case Notice(text=text) | Revised(reason=text):
                self._write(self._sentences.end())
                self._say(text)
            case Finished() | Failed():
                self._write(self._sentences.end())
            case _:
                pass

    def _last_line(self, task: ReplyTask, ending: Finished | Failed) -> str:
        go_on = " /continue lets it go on." if task.reply.message.can_continue else ""
        match ending:
            case Failed(error=error):
                return f"The reply failed. {error.message}{go_on}"
            case Finished(status=Status.COMPLETE):
                return "End of the reply."
            case _ if not (task.reply.message.text or task.reply.message.reasoning):
                return "Taken back: nothing had arrived."
            case _:
                return f"Stopped. What arrived is kept.{go_on}"
