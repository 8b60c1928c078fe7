"""A conversation: a tree of messages, one branch of it in view, and the ways to get a reply."""

import time
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from streamtui.chat.compaction import PROMPT, asked_of
from streamtui.chat.errors import ConfigError, StreamtuiError
from streamtui.chat.messages import (
    Attachment,
    ChatMessage,
    ChatRequest,
    Role,
    SavedNotice,
    Segment,
    Status,
    Turn,
    assistant_message,
    new_id,
    user_message,
)
from streamtui.chat.ports import ConversationRecord, Model, NullRecorder, Recorder
from streamtui.chat.reply import Journal, Preparation, Reply, as_it_is
from streamtui.chat.retry import Policy
from streamtui.chat.sanitize import sanitize, sanitize_line
from streamtui.chat.tree import MessageTree
from streamtui.chat.turns import OmittedTurns, answered

TITLE_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Options:
    """How replies are asked for."""

    temperature: float | None = None
    max_tokens: int | None = None
    policy: Policy = field(default_factory=Policy)
    effort: str | None = None
    """How hard to think, as `ChatRequest` has it."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of every request."""


class Conversation:
    """A tree of messages, the model that answers, and what is asked of it.

    Owned by one task at a time; replies change it from the task that runs them. Nothing is on disk before the first
    reply is entered.
    """

    def __init__(
        self,
        model: Model,
        recorder: Recorder | None = None,
        *,
        system: str | None = None,
        options: Options | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.id = new_id()
        self.title = ""
        self.model = model
        self.system = sanitize(system) if system else None
        self.options = options or Options()
        self.tree = MessageTree()
        self.omitted = OmittedTurns()
        self.created = time.time()
        self.prepare: Preparation = as_it_is
        """Puts the content of attachments into a request, each time that one leaves."""
        self._recorder: Recorder = recorder or NullRecorder()
        self._clock = clock

    @classmethod
    def resume(
        cls,
        model: Model,
        recorder: Recorder,
        record: ConversationRecord,
        messages: Iterable[ChatMessage],
        *,
        options: Options | None = None,
    ) -> "Conversation":
        """Return the saved conversation as it was left; `model` answers from here on."""
        conversation = cls(model, recorder, system=record.system, options=options)
        conversation.id = record.id
        conversation.title = record.title
        conversation.created = record.created
        conversation.tree = MessageTree(messages, record.leaf)
        return conversation

    @classmethod
    def from_turns(
        cls,
        turns: Iterable[tuple[Role, str]],
        model: Model,
        recorder: Recorder | None = None,
        *,
        system: str | None = None,
        options: Options | None = None,
    ) -> "Conversation":
        """Return a conversation that goes on from these turns, oldest first, as `("user", "Hi")`.

        A turn of the system at the beginning is the system message. It is all saved once the first reply is entered.
        Raises `ConfigError` where turns of user and assistant don't alternate, beginning with the user's.
        """
        turns = list(turns)
        if turns and turns[0][0] == "system":
            system = turns.pop(0)[1]
        conversation = cls(model, recorder, system=system, options=options)
        for index, (role, text) in enumerate(turns):
            if role != ("assistant" if index % 2 else "user"):
                raise ConfigError(f"Turn {index + 1} is the {role}'s: user and assistant take turns, the user first.")
            message = user_message(sanitize(text), conversation.leaf)
            if role == "assistant":
                message = replace(message, role=role, model=model.id)
            conversation.tree.add(message)
        return conversation

    def to_openai(self) -> list[dict[str, str]]:
        """Return the branch in view as the `messages` of a Chat Completions request."""
        turns = ([Turn("system", self.system)] if self.system else []) + answered(self.path())
        return [{"role": turn.role, "content": turn.text} for turn in turns]

    @property
    def messages(self) -> dict[str, ChatMessage]:
        """All messages by id, oldest first."""
        return self.tree.messages

    @property
    def leaf(self) -> str | None:
        """The id of the last message of the branch in view."""
        return self.tree.leaf

    @property
    def record(self) -> ConversationRecord:
        return ConversationRecord(self.id, self.title, self.model.id, self.system, self.created, time.time(), self.leaf)

    def path(self, leaf: str | None = None) -> list[ChatMessage]:
        """Return the messages from the root to `leaf` (by default the branch in view), oldest first."""
        return self.tree.path(leaf)

    def siblings(self, message: str) -> list[str]:
        """Return the ids of the alternatives to a message, itself included, oldest first."""
        return self.tree.siblings(self.messages[message])

    def choose(self, message: str) -> None:
        """Bring the branch through `message` into view, down to its newest leaf."""
        self.tree.choose(message)
        self._recorder.update(self.record)

    def rename(self, title: str) -> None:
        """Give the conversation another title; an empty one makes way for that of the first prompt."""
        self.title = sanitize_line(title, TITLE_LENGTH * 2)
        if self.messages:
            self._recorder.update(self.record)

    def instruct(self, system: str | None) -> None:
        """Pin another system message, or none."""
        self.system = sanitize(system) if system else None
        if self.messages:
            self._recorder.update(self.record)

    def use(self, model: Model) -> None:
        """Let `model` answer from here on. Nothing is asked of it before the next reply."""
        self.model = model
        if self.messages:
            self._recorder.update(self.record)

    def ask(self, prompt: str, attachments: Sequence[Attachment] = ()) -> Reply:
        """Return the reply to `prompt`, not yet sent: entering it writes the turn down, iterating it asks.

        Raises `ConfigError` for an empty prompt without attachments, `StreamtuiError` while a reply streams here.
        """
        return self.compare(prompt, [self.model], attachments)[0]

    def compare(self, prompt: str, models: Sequence[Model], attachments: Sequence[Attachment] = ()) -> list[Reply]:
        """Return one reply per model to the same prompt, as alternatives to each other; the first is in view.

        Raises like `ask`.
        """
        user = self._prompt(prompt, self.leaf, attachments)
        replies = [self._answer(user, model, rows=(user,)) for model in models[:1]]
        for model in models[1:]:
            replies.append(self._answer(user, model, rows=(user,), in_view=replies[0].id))
        return replies

    def edit(self, message: str, prompt: str, attachments: Sequence[Attachment] = ()) -> Reply:
        """Return the reply to another wording of one of the reader's own messages, as a branch beside it.

        Raises `StreamtuiError` where that message was taken back meanwhile."""
        if (before := self.messages.get(message)) is None:
            raise StreamtuiError("The message that this is another wording of is gone: send it as a new prompt.")
        user = self._prompt(prompt, before.parent, attachments)
        return self._answer(user, self.model, rows=(user,))

    def revise(self, message: str, text: str) -> str:
        """Put another wording of a reply beside it, as a branch, and bring that into view; return its id.

        Raises `ConfigError` for an empty text, `StreamtuiError` for what is no reply, and while one streams here.
        """
        self.tree.refuse_while_streaming()
        before = self.messages.get(message)
        if before is None or before.role != "assistant":
            raise StreamtuiError("The reply that this is another wording of is gone.")
        if is_blank(text):
            raise ConfigError("A reply can't be empty.")
        segment = Segment(sanitize(text), notices=(SavedNotice("edited", "You edited this reply."),))
        revised = replace(before, id=new_id(), segments=(segment,), created=time.time())
        self.tree.add(revised)
        self._recorder.settle(self.id, revised)
        self._recorder.update(self.record)
        return revised.id

    def compact(self, condensed: str = "") -> Reply:
        """Return the reply that sums up the branch in view, at the root of a new one on which the conversation goes on.

        `condensed` is what the model is asked in place of the whole branch, where that is too long for it.
        Raises `StreamtuiError` where there is nothing to sum up, and while a reply streams here.
        """
        if len(answered(self.path())) < 2:
            raise StreamtuiError("There is nothing to sum up yet.")
        user = self._prompt(PROMPT, None)
        self.tree.note_origin(user.id)
        request = self._request([user])
        if condensed:
            system = [turn for turn in request.turns if turn.role == "system"]
            request = replace(request, turns=(*system, Turn("user", condensed)))
        return self._reply(self.model, request, assistant_message(user.id, self.model.id), (user,))

    def regenerate(self, message: str | None = None, model: Model | None = None) -> Reply:
        """Return another reply to the prompt that `message` (by default the last one) answers, as a branch."""
        self.tree.refuse_while_streaming()
        user = self.tree.prompt_of(message)
        if user is None:
            raise StreamtuiError("There is nothing to ask again: send a prompt first.")
        return self._answer(user, model or self.model, rows=())

    def continue_(self, message: str | None = None) -> Reply:
        """Return a reply that goes on where `message` (by default the last one) stopped, as a new segment of it."""
        self.tree.refuse_while_streaming()
        stopped = self.messages.get(message or self.leaf or "")
        if stopped is None or not stopped.can_continue:
            raise StreamtuiError("There is nothing to continue: the last reply is complete or has no text.")
        request = self.request(stopped.parent)
        return self._reply(self.model, request, stopped.with_new(Segment(status=Status.STREAMING)), ())

    def take_back(self, message: str) -> str | None:
        """Remove a settled reply in which nothing visible arrived, and the prompt that only it answered.

        Returns that prompt, `None` where it stays because other replies answer it too. An empty continuation only
        loses its new segment.
        """
        reply = self.messages[message]
        if len(reply.segments) > 1:
            self.messages[message] = replace(reply, segments=reply.segments[:-1])
            self._recorder.settle(self.id, self.messages[message])
            return None
        removed, prompt = self.tree.take_back(message)
        self._recorder.withdraw(self.record, removed)
        if not self.messages:
            self.title = ""
        return None if prompt is None else prompt.text

    def request(self, leaf: str | None) -> ChatRequest:
        """Return the request made of the branch down to `leaf`, which is a prompt."""
        return self._request(self.path(leaf) if leaf else [])

    def _request(self, path: Sequence[ChatMessage]) -> ChatRequest:
        turns = self.omitted.rest(asked_of(self.tree, path))
        if self.system:
            turns.insert(0, Turn("system", self.system))
        options = self.options
        return ChatRequest(
            self.model.name,
            tuple(turns),
            options.temperature,
            options.max_tokens,
            effort=options.effort,
            extra=options.extra,
        )

    def _prompt(self, text: str, parent: str | None, attachments: Sequence[Attachment] = ()) -> ChatMessage:
        self.tree.refuse_while_streaming()
        if is_blank(text) and not attachments:
            raise ConfigError("There is no prompt: it is empty.")
        return user_message(sanitize(text), parent, attachments)

    def _answer(
        self, user: ChatMessage, model: Model, rows: tuple[ChatMessage, ...], in_view: str | None = None
    ) -> Reply:
        path = self.path(user.parent) if user.parent else []
        request = replace(self._request([*path, user]), model=model.name)
        return self._reply(model, request, assistant_message(user.id, model.id), rows, in_view)

    def _reply(
        self,
        model: Model,
        request: ChatRequest,
        message: ChatMessage,
        rows: tuple[ChatMessage, ...],
        in_view: str | None = None,
    ) -> Reply:
        """`in_view` is the reply that is shown instead of this one, where there are several."""
        title = self.title or sanitize_line(_first_line(request), TITLE_LENGTH)
        goes_on = message.id in self.messages
        record = replace(self.record, title=title, leaf=self.leaf if goes_on else in_view or message.id)

        def changed(settled: ChatMessage) -> None:
            if settled.id == message.id and message.id not in self.messages:
                self.title = self.title or title
                self.tree.add(settled, rows, in_view)
            self.messages[settled.id] = settled

        return Reply(
            model,
            request,
            message,
            Journal(self._recorder, record, rows, tuple(self.messages.values())),
            policy=self.options.policy,
            changed=changed,
            prepare=self.prepare,
            clock=self._clock,
        )


def is_blank(text: str) -> bool:
    """Return whether a text says nothing: it is all white space, control characters, halves of surrogate pairs."""
    return not sanitize(text).strip() or all(c.isspace() or unicodedata.category(c) in ("Cc", "Cs") for c in text)


def _first_line(request: ChatRequest) -> str:
    prompt = next((turn for turn in request.turns if turn.role == "user"), None)
    if prompt is None:
        return ""
    names = ", ".join(attachment.name for attachment in prompt.attachments)
    return next((line for line in prompt.text.splitlines() if line.strip()), names)
