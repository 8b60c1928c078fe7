"""What the user can have sent. It stays one value from the key to the request."""

from dataclasses import dataclass

from streamtui.chat.errors import MisuseError
from streamtui.chat.messages import Attachment, DraftAttachment
from streamtui.chat.ports import Model


@dataclass(frozen=True, slots=True)
class SendPrompt:
    """A prompt to be sent."""

    text: str
    edits: str | None = None
    """The id of the user's own message that this is another wording of."""
    models: tuple[Model, ...] = ()
    """Who answers, side by side; without any, the conversation's model does."""
    attachments: tuple[DraftAttachment, ...] = ()
    """The files that go along. `Sender` reads those that are still references."""

    @property
    def taken(self) -> tuple[Attachment, ...]:
        """The files, all read. Raises `MisuseError` where one is not."""
        taken = tuple(one for one in self.attachments if isinstance(one, Attachment))
        if len(taken) < len(self.attachments):
            raise MisuseError("Read the files of a prompt before it is sent: Attachments.taking.")
        return taken

    @property
    def is_empty(self) -> bool:
        return not (self.text.strip() or self.attachments)


@dataclass(frozen=True, slots=True)
class Regenerate:
    """Another reply to the prompt that a message (by default the last one) answers."""

    message: str | None = None
    model: Model | None = None
    """Who answers this time; by default the conversation's model."""


@dataclass(frozen=True, slots=True)
class Continue:
    """More of a reply (by default the last one) that broke off."""

    message: str | None = None


@dataclass(frozen=True, slots=True)
class Revise:
    """Another wording of a reply, by the user, as a branch beside it. Nothing is sent."""

    message: str
    """The reply's id."""
    text: str


@dataclass(frozen=True, slots=True)
class Compact:
    """A summary of the branch in view, on a branch of its own."""

    budget: int | None = None
    """Tokens that the model can read at once, as far as is known: of more it is shown one part after the other."""
    condensed: str = ""
    """What asks for the summary in place of the whole branch; made while it is sent."""


Submission = SendPrompt | Regenerate | Continue | Revise | Compact


def prompt_of(submission: Submission) -> SendPrompt | None:
    """Return what goes back into the box when this isn't sent; `None` for what was not written by the user."""
    match submission:
        case SendPrompt():
            return submission
        case Revise(message=message, text=text):
            return SendPrompt(text, edits=message)
        case _:
            return None
