"""What the commands do."""

import os
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Protocol

from textual.app import App

from streamtui.chat import statistics
from streamtui.chat.errors import StreamtuiError
from streamtui.chat.messages import EFFORTS
from streamtui.chat.reply import Reply
from streamtui.chat.sanitize import sanitize_line
from streamtui.log import MessageLog
from streamtui.tui.options import Choices, Form
from streamtui.tui.screens.conversations import Conversations
from streamtui.tui.screens.dialogs import Page
from streamtui.tui.screens.models import Models
from streamtui.tui.screens.themes import Themes
from streamtui.tui.widgets.bars import Severity
from streamtui.tui.widgets.conversation_view import ConversationView
from streamtui.workspace import Continue, Regenerate, Session, Workspace
from streamtui.workspace.reports import statistics_table

MOST_COLUMNS: Final = 4


class ChatView(Protocol):
    """What commands need of the screen that shows a conversation."""

    @property
    def session(self) -> Session:
        """The session in view."""
        ...

    def show_session(self, session: Session) -> None:
        """Bring a session into view."""
        ...

    def open_saved(self, conversation: str) -> object:
        """Bring a saved conversation into view, as soon as it is read."""
        ...

    def show_title(self) -> None:
        """Show the title and the model as they are now."""
        ...

    def show_help(self) -> None: ...

    def put_in_box(self, text: str) -> None:
        """Replace what is in the box."""
        ...

    def say(self, text: str, severity: Severity = "information") -> None:
        """Show one line for a moment."""
        ...

    async def confirm(self, question: str, yes: str) -> bool:
        """Ask something that the user did not ask for."""
        ...

    def leave(self) -> None:
        """Quit."""
        ...


class Actions:
    """One method for each command. What can't be done at once is returned, to be awaited."""

    def __init__(
        self,
        app: App[Any],
        chat: ChatView,
        conversation: ConversationView,
        workspace: Workspace,
        choices: Choices,
    ) -> None:
        self._app = app
        self._chat = chat
        self._conversation = conversation
        self._workspace = workspace
        self._choices = choices

    # -- the program

    def help(self, argument: str = "") -> None:
        self._chat.show_help()

    def quit(self, argument: str = "") -> None:
        self._chat.leave()

    def theme(self, argument: str) -> Coroutine[None, None, None] | None:
        if not argument:
            return self._pick_theme()
        if argument not in self._app.available_themes:
            raise StreamtuiError(f"There is no theme {sanitize_line(argument, 40)}; /theme lists them.")
        self._use_theme(argument)
        return None

    async def _pick_theme(self) -> None:
        before = self._app.theme
        picked = await self._app.push_screen_wait(Themes(self._app.available_themes, before))
        if picked is None:
            self._app.theme = before
        else:
            self._use_theme(picked)

    def _use_theme(self, name: str) -> None:
        self._app.theme = name
        self._choices.remember("theme", name)
        self._chat.say(f"The theme is {name}, from here on.")

    def pace(self, argument: str) -> None:
        if argument not in ("", "off", "smooth"):
            raise StreamtuiError("The pace is off or smooth: /pace smooth.")
        smooth = self._conversation.show_evenly(argument == "smooth" if argument else None)
        self._choices.remember("pace", "smooth" if smooth else "off")
        self._chat.say(
            "Text is shown evenly, at most half a second late." if smooth else "Text is shown as it arrives."
        )

    async def stats(self, argument: str = "") -> None:
        rows = statistics.by_model(await self._workspace.library.timings(limit=100_000), self._choices.prices)
        await self._app.push_screen_wait(Page("How fast the models were", statistics_table(rows)))

    # -- conversations

    def new(self, argument: str = "") -> None:
        self._chat.show_session(self._workspace.blank() or self._workspace.new())

    async def open(self, argument: str = "") -> None:
        session = self._chat.session
        picked = await self._app.push_screen_wait(Conversations(self._workspace, session.conversation.id))
        session = self._chat.session
        if picked is not None and (picked != session.conversation.id or session.is_written_elsewhere):
            self._chat.open_saved(picked)

    def rename(self, argument: str) -> None:
        if not argument:
            self._chat.put_in_box("/rename ")
            raise StreamtuiError("Say the new title: /rename TITLE.")
        conversation = self._chat.session.conversation
        conversation.rename(argument)
        self._chat.show_title()
        self._chat.say(f"The title is {conversation.title}.")

    def system(self, argument: str) -> None:
        self._chat.session.conversation.instruct(argument or None)
        self._chat.say("The system message is set." if argument else "The system message is removed.")

    def copy(self, argument: str) -> None:
        if argument:
            if not (argument.isdecimal() and self._conversation.log_view.copy_code(int(argument))):
                raise StreamtuiError(f"There is no code block {sanitize_line(argument, 20)} to copy.")
            return
        replies = [m for m in self._chat.session.conversation.path() if m.role == "assistant" and m.text]
        if not replies:
            raise StreamtuiError("There is no reply to copy yet.")
        self._conversation.post_message(MessageLog.Copy(replies[-1].text, "reply"))

    async def export(self, argument: str) -> None:
        session = self._chat.session
        conversation = session.conversation
        if not conversation.messages:
            raise StreamtuiError("There is nothing to export yet.")
        await session.ready.wait()
        path = expanded(argument) if argument else free_name(conversation.title)
        form: Form = "json" if path.suffix == ".json" else "md"
        write_new(path, self._choices.transcript(form, conversation.record, list(conversation.messages.values())))
        self._chat.say(f"Written to {sanitize_line(str(path.absolute()))}.")

    # -- models and replies

    def model(self, argument: str) -> Coroutine[None, None, None] | None:
        if not argument:
            return self._pick_model()
        self._use_model(argument)
        return None

    async def _pick_model(self) -> None:
        session = self._chat.session
        picked = await self._app.push_screen_wait(Models(self._workspace.catalog))
        if picked and self._chat.session is session:
            self._use_model(picked)

    def _use_model(self, name: str) -> None:
        model = self._workspace.catalog.model(name)
        self._chat.session.conversation.use(model)
        self._chat.show_title()
        self._chat.say(f"{model.label} answers from here on.")

    def effort(self, argument: str) -> None:
        conversation = self._chat.session.conversation
        if argument not in EFFORTS:
            now = conversation.options.effort
            raise StreamtuiError(f"The effort is {', '.join(EFFORTS)}: {f'{now} here' if now else 'none is set'}.")
        conversation.options = replace(conversation.options, effort=argument)
        self._chat.say(f"Replies here are asked for with effort {argument}, where the model takes that.")

    def forget(self, argument: str = "") -> None:
        model = self._chat.session.conversation.model
        self._workspace.catalog.forget(model)
        self._chat.say(f"What was learned about {model.provider.host} is forgotten: all settings are sent again.")

    def retry(self, argument: str = "") -> None:
        self._workspace.sender.submit(self._chat.session, Regenerate())

    def continue_reply(self, argument: str = "") -> None:
        self._workspace.sender.submit(self._chat.session, Continue())

    def compare(self, argument: str) -> Coroutine[None, None, None] | None:
        """Let the next prompt go to several models; without names, to the present one and one that is picked, or no
        longer to several."""
        if argument:
            self._compare(argument.split())
        elif self._chat.session.outgoing.next.models:
            self._chat.session.outgoing.aim()
        else:
            return self._pick_rival()
        return None

    async def _pick_rival(self) -> None:
        session = self._chat.session
        picked = await self._app.push_screen_wait(Models(self._workspace.catalog))
        if picked and self._chat.session is session:
            self._compare([session.conversation.model.id, picked])

    def _compare(self, names: Sequence[str]) -> None:
        if not 2 <= len(names) <= MOST_COLUMNS:
            raise StreamtuiError(f"Name 2 to {MOST_COLUMNS} models: /compare MODEL MODEL.")
        self._chat.session.outgoing.aim(models=[self._workspace.catalog.model(name) for name in names])

    async def offer_to_leave_out(self, session: Session, reply: Reply) -> None:
        """The conversation is too long for the model: offer to ask again without its oldest turns."""
        question = "This conversation is too long for the model. Leave out its oldest turns from now on, and ask again?"
        if not await self._chat.confirm(question, "Leave them out") or session.is_streaming:
            return
        submission = session.leave_out_oldest(reply)
        if submission is None:
            self._chat.say("There is nothing older to leave out: start a new conversation or send less.", "warning")
        else:
            self._workspace.sender.submit(session, submission)


def expanded(name: str) -> Path:
    """Return the path that a name means; the tilde of an unknown user is taken as it is."""
    return Path(os.path.expanduser(name))  # noqa: PTH111 - which raises for an unknown user


def free_name(title: str) -> Path:
    """Return a file name made of a title that no file in this folder has yet: no separators, no dots in front."""
    kept = "".join(c if c.isalnum() or c in " -_" else " " for c in title)
    stem = "-".join(kept.split())[:60] or "conversation"
    path, number = Path(f"{stem}.md"), 2
    while path.exists():
        path, number = Path(f"{stem}-{number}.md"), number + 1
    return path


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet. Raises `StreamtuiError` where it is, or can't be written."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise StreamtuiError(f"{sanitize_line(str(path))} exists: name another file.") from None
    except OSError as error:
        raise StreamtuiError(f"{sanitize_line(str(path))} can't be written: {error.strerror}.") from None
