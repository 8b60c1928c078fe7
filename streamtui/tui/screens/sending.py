"""From the prompt to the reply: what must be ready, and be asked, before anything leaves."""

from typing import TYPE_CHECKING, Final

from textual.worker import Worker

from streamtui.chat.errors import StreamtuiError
from streamtui.tui.screens import perform
from streamtui.tui.screens.dialogs import Question
from streamtui.tui.session import Session

if TYPE_CHECKING:
    from streamtui.tui.screens.chat import ChatScreen

PAST: Final = 50
"""Past replies that the estimate of progress rests on."""


class Outbox:
    """Prompts on their way out. The first one waits for the SDK; Escape takes back what has not left yet."""

    def __init__(self, chat: "ChatScreen") -> None:
        self._chat = chat
        self._waiting: dict[Worker[None], tuple[Session, str]] = {}

    def send(self, prompt: str) -> None:
        """Send, or queue, a prompt of the session in view; it comes back into the box if that can't be done."""
        session = self._chat.session
        if session.is_streaming:
            session.send(prompt)
            return
        worker = self._chat.run_worker(self._send(session, prompt), exit_on_error=True)
        self._waiting[worker] = (session, prompt)

    def take_back(self) -> bool:
        """Take back what is about to leave from the session in view; return whether there was anything."""
        found = [worker for worker, (session, _) in self._waiting.items() if session is self._chat.session]
        for worker in found:
            session, prompt = self._waiting.pop(worker)
            worker.cancel()
            self._give_back(session, prompt)
        return bool(found)

    async def prepare(self, session: Session) -> bool:
        """Make a session's model ready to be asked; return whether the reader wants it asked. Raises
        `StreamtuiError`."""
        chat = self._chat
        catalog = chat.app.catalog
        await session.ready.wait()
        conversation = session.conversation
        resolved = await catalog.resolve(conversation.model)
        if resolved != conversation.model:
            conversation.use(resolved)
            chat.refresh_title()
        chat.run_worker(self._learn_lengths(session), group="lengths")
        host = catalog.exposed_host(resolved)
        if host is None:
            return True
        question = f"Your API key would travel to {host} unencrypted, readable by everyone on the way. Send it?"
        if not await chat.app.push_screen_wait(Question(question, "Send it")):
            return False
        catalog.allow_exposed(host)
        return True

    async def _send(self, session: Session, prompt: str) -> None:
        try:
            if not await self.prepare(session):
                raise StreamtuiError("Not sent.")
            self._forget(session, prompt)
            self._leave(session, prompt)
        except StreamtuiError as error:
            self._forget(session, prompt)
            self._chat.say(str(error), "error")
            self._give_back(session, prompt)

    def _leave(self, session: Session, prompt: str) -> None:
        chat = self._chat
        chat.pick()
        models, session.compared = session.compared, ()
        edited, session.editing = session.editing, None
        if models:
            chat.compare(prompt, models)
        elif edited is not None:
            perform.start_branch(chat, session.conversation.edit(edited, prompt))
        else:
            session.send(prompt)

    def _forget(self, session: Session, prompt: str) -> None:
        self._waiting = {worker: each for worker, each in self._waiting.items() if each != (session, prompt)}

    def _give_back(self, session: Session, prompt: str) -> None:
        box = self._chat.prompt
        if session.view is self._chat and box.is_blank:
            box.put(prompt)
        elif session.view is not self._chat:
            session.draft = session.draft or prompt

    async def _learn_lengths(self, session: Session) -> None:
        """Read how long this model's replies were, for the estimate of progress; without it there is none."""
        try:
            timings = await self._chat.app.storage.library.timings(session.conversation.model.id, PAST)
        except StreamtuiError:
            return
        session.past = [each.metrics.characters for each in timings if each.status == "complete"]
