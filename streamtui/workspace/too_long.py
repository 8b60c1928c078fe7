"""A conversation that is too long for its model: what can be left out, or summed up, and asked again."""

from streamtui.chat.conversation import Conversation
from streamtui.chat.metrics import estimate_tokens
from streamtui.chat.reply import Reply
from streamtui.chat.turns import answered
from streamtui.workspace.session import Session
from streamtui.workspace.submissions import Compact, Regenerate, SendPrompt, Submission


def can_leave_out(conversation: Conversation) -> bool:
    """Return whether requests could leave out more turns than they do."""
    return conversation.omitted.can_grow(conversation.path())


def can_compact(conversation: Conversation) -> bool:
    """Return whether there is anything to sum up."""
    return len(answered(conversation.path())) > 1


def leave_out_oldest(session: Session, reply: Reply) -> Submission | None:
    """Leave the older half of the turns out of later requests, and return what asks again what `reply` could not
    answer; `None` where there is nothing older to leave out."""
    path = session.conversation.path()
    before = session.conversation.omitted.count(path)
    if session.conversation.omitted.grow(path) == before:
        return None
    return _unanswered(session, reply) or Regenerate()


def compact_first(session: Session, reply: Reply) -> tuple[Submission, ...]:
    """Return what sums the conversation up and then asks again what `reply` could not answer."""
    refused = sum(estimate_tokens(turn.text) for turn in reply.request.turns)
    compact = Compact(budget=refused // 2)
    prompt = _unanswered(session, reply)
    return (compact,) if prompt is None else (compact, prompt)


def _unanswered(session: Session, reply: Reply) -> SendPrompt | None:
    """Take the turn back in which nothing arrived; return its prompt, `None` where it stays."""
    prompt = None
    if not reply.message.text and reply.id in session.conversation.messages:
        prompt = session.take_back(reply.message)
    session.show_path()
    if prompt is not None:
        session.outgoing.withdraw(prompt)
    return prompt
