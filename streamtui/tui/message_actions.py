"""What can be done with one message, from its menu, its head, or by key."""

from collections.abc import Callable
from typing import Final

from streamtui.chat.errors import StreamtuiError
from streamtui.chat.messages import Status
from streamtui.log import MessageLog
from streamtui.tui.widgets.bars import Severity
from streamtui.workspace import Continue, Regenerate, Session, Workspace
from streamtui.workspace.tables import tables

Say = Callable[[str, Severity], None]
_LONGEST_LOOK: Final = 50_000
"""Characters of a message that is looked through for tables while its menu opens."""
Run = Callable[[str, str], None]


class MessageActions:
    """One method for each action that takes more than a line. What goes wrong is said."""

    def __init__(self, workspace: Workspace, say: Say, run: Run) -> None:
        """`run` runs a command of the session in view by its name, with an argument."""
        self._workspace = workspace
        self._say = say
        self._run = run

    def choices(self, session: Session, message: str, log: MessageLog) -> list[tuple[str, str]]:
        """Return the ids of what can be done with a message now, and what each does, the most usual first."""
        own = session.conversation.messages.get(message)
        if own is None:
            return []
        choices = [("copy", "copy the message")]
        choices += [(f"code {code.number}", f"copy code block {code.number}") for code in log.code_blocks()]
        if len(own.text) <= _LONGEST_LOOK and tables(own.text):
            choices.append(("copy_table", "copy its first table as CSV"))
        if own.role == "user":
            choices.append(("edit", "edit it and send it anew; the old wording stays as a branch"))
        elif own.status is not Status.STREAMING:
            choices.append(("edit", "edit this reply; the old wording stays as a branch"))
        choices.append(("regenerate", "ask again; the old reply stays as a branch"))
        choices.append(("regenerate_with", "ask another model; the old reply stays as a branch"))
        if own.can_continue:
            choices.append(("continue", "let it go on where it stopped"))
        branches = session.conversation.tree.places([own])
        if message in branches:
            index, count = branches[message]
            choices += [("branch_left", f"show branch {index - 1} of {count}")] * (index > 1)
            choices += [("branch_right", f"show branch {index + 1} of {count}")] * (index < count)
        if own.reasoning:
            choices.append(("reasoning", "open or fold the reasoning"))
        choices.append(("fold", "fold or unfold it"))
        choices.append(("fork_at", "make a new conversation of all down to here"))
        choices.append(("link", "open its first link"))
        return choices

    def run(self, action: str, session: Session, message: str, log: MessageLog) -> None:
        """Do something with a message."""
        match action.split():
            case ["copy"]:
                log.action_copy_message()
            case ["code", number]:
                log.copy_code(int(number))
            case ["edit"]:
                self.edit(session, message)
            case ["regenerate"]:
                self._workspace.sender.submit(session, Regenerate(message))
            case ["fold"]:
                log.action_toggle_message()
            case ["regenerate_with" | "fork_at" | "copy_table" as command]:
                self._run(command, message)
            case ["continue"]:
                self._workspace.sender.submit(session, Continue(message))
            case ["branch_left" | "branch_right" as side]:
                self.walk(session, message, -1 if side == "branch_left" else 1)
            case ["reasoning"]:
                log.action_toggle_reasoning()
            case ["link"]:
                log.action_open_link()
            case _:
                raise ValueError(f"There is no action {action!r}.")

    def edit(self, session: Session, message: str) -> None:
        """Take a message into the box; sending it makes a branch beside the old one."""
        try:
            session.outgoing.edit(message)
        except StreamtuiError as error:
            self._say(str(error), "error")
            return
        is_reply = session.conversation.messages[message].role == "assistant"
        how = "Edit the reply and press Enter; nothing is sent" if is_reply else "Edit and send"
        self._say(f"{how}: the old wording stays as a branch.", "information")

    def walk(self, session: Session, message: str | None, step: int) -> str | None:
        """Bring the branch beside a message (by default the last one that has some) into view; return its id."""
        conversation = session.conversation
        branches = conversation.tree.places(conversation.path())
        if message is None:
            message = next(reversed(branches), None)
        walked = session.walk(message, step) if message is not None else None
        if message is None or message not in branches or walked is None:
            where = "to the left" if step < 0 else "to the right"
            self._say(f"There is no branch {where}." if branches else "There are no branches here.", "information")
            return None
        index, count = walked
        self._say(f"Branch {index} of {count}.", "information")
        return conversation.siblings(message)[index - 1]
