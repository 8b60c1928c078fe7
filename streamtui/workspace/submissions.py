"""What the user can have sent. It stays one value from the key to the request."""

from dataclasses import dataclass

from streamtui.chat.ports import Model


@dataclass(frozen=True, slots=True)
class SendPrompt:
    """A prompt to be sent."""

    text: str
    edits: str | None = None
    """The id of the user's own message that this is another wording of."""
    models: tuple[Model, ...] = ()
    """Who answers, side by side; without any, the conversation's model does."""


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


Submission = SendPrompt | Regenerate | Continue


def text_of(submission: Submission) -> str:
    """Return the prompt's text, empty for what is no prompt."""
    return submission.text if isinstance(submission, SendPrompt) else ""
