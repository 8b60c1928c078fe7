"""A conversation: a tree of messages, one branch of it in view, and the ways to get a reply."""

import time
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from streamtui.chat.errors import ConfigError, StreamtuiError
from streamtui.chat.messages import (
    ChatMessage,
    ChatRequest,
    Role,
    Segment,
    Status,
    Turn,
    assistant_message,
    new_id,
    user_message,
)
from streamtui.chat.ports import ConversationRecord, Model, NullRecorder, Recorder
from streamtui.chat.reply import Journal, Reply
from streamtui.chat.retry import Policy
from streamtui.chat.sanitize import sanitize, sanitize_line

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
    """The messages by id, and the id of the branch's last one.

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
        self.messages: dict[str, ChatMessage] = {}
        self.leaf: str | None = None
        self.left_out = 0
        """How many of the oldest turns requests leave out, because the model's context is too small for them."""
        self.created = time.time()
        self._came_from: dict[str, str | None] = {}
        """What was in view before a reply, by the reply's id."""
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
        conversation.messages = {message.id: message for message in messages}
        conversation.leaf = record.leaf if record.leaf in conversation.messages else None
        if conversation.leaf is None and conversation.messages:
            conversation.leaf = next(reversed(conversation.messages))
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
            conversation.messages[message.id] = message
            conversation.leaf = message.id
        return conversation

    def to_openai(self) -> list[dict[str, str]]:
        """Return the branch in view as the `messages` of a Chat Completions request."""
        turns = ([Turn("system", self.system)] if self.system else []) + _answered(self.path())
        return [{"role": turn.role, "content": turn.text} for turn in turns]

    def adopt(self, messages: Iterable[ChatMessage]) -> None:
        """Add the messages that were not read yet when the conversation was resumed; the present ones stay."""
        self.messages = {message.id: message for message in messages} | self.messages

    def catch_up(self, record: ConversationRecord, messages: Iterable[ChatMessage]) -> None:
        """Take over what another process has written since, and the branch it left in view."""
        self.messages = self.messages | {message.id: message for message in messages}
        self.leaf = record.leaf if record.leaf in self.messages else self.leaf

    @property
    def record(self) -> ConversationRecord:
        return ConversationRecord(self.id, self.title, self.model.id, self.system, self.created, time.time(), self.leaf)

    def path(self, leaf: str | None = None) -> list[ChatMessage]:
        """Return the messages from the root to `leaf` (by default the branch in view), oldest first."""
        path: list[ChatMessage] = []
        at = leaf or self.leaf
        while at is not None and (message := self.messages.get(at)) is not None:
            path.append(message)
            at = message.parent
        path.reverse()
        return path

    def siblings(self, message: str) -> list[str]:
        """Return the ids of the alternatives to a message, itself included, oldest first."""
        return self.siblings_of(self.messages[message])

    def siblings_of(self, message: ChatMessage) -> list[str]:
        """Return the ids of the alternatives to a message that may not be in the tree yet, itself last if so."""
        known = [m.id for m in self.messages.values() if m.parent == message.parent and m.role == message.role]
        return known if message.id in known else [*known, message.id]

    def branches(self, path: Sequence[ChatMessage]) -> dict[str, tuple[int, int]]:
        """Return the number, from 1, and how many there are, of those messages of a path that have alternatives."""
        alternatives: dict[tuple[str | None, str], list[str]] = {}
        for message in self.messages.values():
            alternatives.setdefault((message.parent, message.role), []).append(message.id)
        numbered = ((message.id, alternatives.get((message.parent, message.role), [])) for message in path)
        return {id: (ids.index(id) + 1, len(ids)) for id, ids in numbered if len(ids) > 1}

    def choose(self, message: str) -> None:
        """Bring the branch through `message` into view, down to its newest leaf."""
        self.leaf = self._newest_leaf(message)
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

    def ask(self, prompt: str) -> Reply:
        """Return the reply to `prompt`, not yet sent: entering it writes the turn down, iterating it asks.

        Raises `ConfigError` for an empty prompt, `StreamtuiError` while a reply streams here.
        """
        return self.compare(prompt, [self.model])[0]

    def compare(self, prompt: str, models: Sequence[Model]) -> list[Reply]:
        """Return one reply per model to the same prompt, as alternatives to each other; the first is in view.

        Raises like `ask`.
        """
        user = self._prompt(prompt, self.leaf)
        replies = [self._answer(user, model, rows=(user,)) for model in models[:1]]
        for model in models[1:]:
            replies.append(self._answer(user, model, rows=(user,), in_view=replies[0].id))
        return replies

    def edit(self, message: str, prompt: str) -> Reply:
        """Return the reply to another wording of one of the reader's own messages, as a branch beside it.

        Raises `StreamtuiError` where that message was taken back meanwhile."""
        if (before := self.messages.get(message)) is None:
            raise StreamtuiError("The message that this is another wording of is gone: send it as a new prompt.")
        user = self._prompt(prompt, before.parent)
        return self._answer(user, self.model, rows=(user,))

    def regenerate(self, message: str | None = None, model: Model | None = None) -> Reply:
        """Return another reply to the prompt that `message` (by default the last one) answers, as a branch."""
        self._refuse_while_streaming()
        user = self._prompt_of(message or self.leaf)
        if user is None:
            raise StreamtuiError("There is nothing to ask again: send a prompt first.")
        return self._answer(user, model or self.model, rows=())

    def continue_(self, message: str | None = None) -> Reply:
        """Return a reply that goes on where `message` (by default the last one) stopped, as a new segment of it."""
        self._refuse_while_streaming()
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
        siblings = [sibling for sibling in self.siblings(message) if sibling != message]
        user = self.messages.get(reply.parent or "")
        removed = [message] if siblings or user is None else [message, user.id]
        for id in removed:
            del self.messages[id]
        self.leaf = self._leaf_without(user, siblings, self._came_from.pop(message, None))
        self._recorder.withdraw(self.record, removed)
        if not self.messages:
            self.title = ""
        return None if siblings or user is None else user.text

    def request(self, leaf: str | None) -> ChatRequest:
        """Return the request made of the branch down to `leaf`, which is a prompt.

        Prompts whose reply has no text are left out, so that no two prompts follow each other and no reply is empty.
        """
        turns = _answered(self.path(leaf) if leaf else [])
        turns = turns[_even(self.left_out, len(turns)) :]
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

    @property
    def has_older_turns(self) -> bool:
        """Whether requests could leave out more than they do."""
        turns = len(_answered(self.path()))
        return _even(self.left_out + 2, turns) > self.left_out

    def leave_out_oldest(self) -> int:
        """Leave the older half of the turns out of later requests; return how many are left out now."""
        turns = len(_answered(self.path()))
        self.left_out = _even(self.left_out + max(2, (turns - self.left_out) // 2), turns)
        return self.left_out

    def _prompt(self, text: str, parent: str | None) -> ChatMessage:
        self._refuse_while_streaming()
        if not sanitize(text).strip() or all(_is_nothing(character) for character in text):
            raise ConfigError("There is no prompt: it is empty.")
        return user_message(sanitize(text), parent)

    def _answer(
        self, user: ChatMessage, model: Model, rows: tuple[ChatMessage, ...], in_view: str | None = None
    ) -> Reply:
        known = self.messages
        self.messages = {**known, user.id: user} if user.id not in known else known
        request = replace(self.request(user.id), model=model.name)
        self.messages = known
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

        def changed(message: ChatMessage) -> None:
            if message.id not in self.messages:
                for row in rows:
                    self.messages.setdefault(row.id, row)
                self.title = self.title or title
                self._came_from[message.id] = self.leaf
                self.leaf = in_view if in_view in self.messages else message.id
            self.messages[message.id] = message

        return Reply(
            model,
            request,
            message,
            Journal(self._recorder, record, rows, tuple(self.messages.values())),
            policy=self.options.policy,
            changed=changed,
            clock=self._clock,
        )

    def _newest_leaf(self, message: str) -> str:
        """Return the end of the branch through `message` that was written last."""
        newest_child = {message.parent: message.id for message in self.messages.values()}
        while (child := newest_child.get(message)) is not None:
            message = child
        return message

    def _leaf_without(self, user: ChatMessage | None, replies: Sequence[str], came_from: str | None) -> str | None:
        """Return what is in view once a reply is taken back: what is there now, the branch that it stands beside,
        another reply, the prompt's other wording, or what was there before."""
        if self.leaf in self.messages:
            return self.leaf
        if came_from in self.messages and (user is None or came_from != user.parent):
            return came_from
        others = replies if replies or user is None else [id for id in self.siblings_of(user) if id != user.id]
        if others:
            return self._newest_leaf(others[-1])
        return user.parent if user else None

    def _prompt_of(self, message: str | None) -> ChatMessage | None:
        """Return the prompt at `message` or the nearest one above it."""
        prompt = self.messages.get(message or "")
        while prompt is not None and prompt.role != "user":
            prompt = self.messages.get(prompt.parent or "")
        return prompt

    def _refuse_while_streaming(self) -> None:
        if any(message.status is Status.STREAMING for message in self.messages.values()):
            raise StreamtuiError("A reply is still streaming here: stop it first.")


def _is_nothing(character: str) -> bool:
    """Return whether a character says nothing: white space, a control character, half a surrogate pair."""
    return character.isspace() or unicodedata.category(character) in ("Cc", "Cs")


def _answered(path: Sequence[ChatMessage]) -> list[Turn]:
    """Return the alternating turns of a branch: each prompt with a reply that has text, then the last prompt.

    White space counts as no text, since strict endpoints refuse it.
    """
    turns: list[Turn] = []
    prompt: Turn | None = None
    for message in path:
        text = message.text
        if message.role == "user":
            prompt = Turn("user", text)
        elif message.role == "assistant" and text.strip() and prompt is not None:
            turns += [prompt, Turn("assistant", text)]
            prompt = None
    if prompt is not None and path[-1].role == "user":
        turns.append(prompt)
    return turns


def _even(count: int, turns: int) -> int:
    """Return `count` as a whole number of prompt-and-reply pairs that leaves the last prompt in."""
    return min(count - count % 2, max(0, turns - 1 - (turns - 1) % 2))


def _first_line(request: ChatRequest) -> str:
    prompts = [turn.text for turn in request.turns if turn.role == "user"]
    return next((line for line in prompts[0].splitlines() if line.strip()), "") if prompts else ""
