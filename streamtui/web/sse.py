"""Server-sent events: how events and places in a reply are written.

Format: https://html.spec.whatwg.org/multipage/server-sent-events.html. Data is JSON on one line, so that no text can
end an event or begin another.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from streamtui.chat.events import Event, Failed, Finished, ReasoningDelta, Revised, TextDelta, wire
from streamtui.chat.reply_tasks import Position
from streamtui.web.public_errors import shown

PING: Final = b": ping\n\n"
RETRY_MS: Final = 200
_ALL: Final = 10**9
"""More characters than any reply has."""
_ID = re.compile(
    r"(?:(?P<conversation>\w{1,64})-(?P<message>\w{1,64}):)?(?P<text>\d{1,9})(?:\.(?P<reasoning>\d{1,9}))?(?P<done>!)?"
)


def within_growing(position: Position, reasoning: str) -> Position:
    """Return the position in a reply of which more was sent, by the worker that runs it, than is saved yet."""
    return position if position.reasoning < _ALL else replace(position, reasoning=len(reasoning))


def _written(position: Position) -> str:
    reasoning = f".{position.reasoning}" if position.reasoning else ""
    return f"{position.text}{reasoning}{'!' if position.done else ''}"


_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class EventId:
    """An `id:` line: a position, and the reply it is a position in where the address doesn't say that."""

    position: Position
    conversation: str = ""
    message: str = ""

    @classmethod
    def parse(cls, value: str) -> Self | None:
        """Read a `Last-Event-ID` header; `None` for what was never an id of ours.

        A bare number is an offset into the text, which comes after all reasoning.
        """
        parts = _ID.fullmatch(value.strip())
        if parts is None:
            return None
        text, reasoning = int(parts["text"]), parts["reasoning"]
        skipped = int(reasoning) if reasoning else (_ALL if text else 0)
        position = Position(text, skipped, parts["done"] is not None)
        return cls(position, parts["conversation"] or "", parts["message"] or "")


class Encoder:
    """Writes one reply's events, each with the id from which a client that lost the connection goes on."""

    def __init__(self, conversation: str, position: Position, *, message: str = "") -> None:
        """Where `message` is given the ids name the reply, not only the place in it."""
        self.conversation = conversation
        self.position = position
        self._reply = f"{conversation}-{message}:" if message else ""

    def head(self) -> bytes:
        """Return the opening comment, which also says how soon, and from where, a lost connection is taken up again."""
        return f": streamtui\nretry: {RETRY_MS}\nid: {self._id()}\n\n".encode()

    def encode(self, event: Event) -> bytes:
        if type(event) is TextDelta:  # the hot path: one for each token
            text, before = event.text, self.position
            self.position = Position(before.text + len(text), before.reasoning)
            payload = f'{{"type":"text","text":{_JSON.encode(text)}}}'
            return f"event: text\nid: {self._id()}\ndata: {payload}\n\n".encode("utf-8", "replace")
        event = shown(event)
        self._advance(event)
        data = wire(event, self.conversation)
        frame = self._frame(str(data["type"]), data)
        if isinstance(event, Failed):
            error = {"type": "error", "kind": event.error.kind, "message": event.error.message}
            return self._frame("error", error, with_id=False) + frame
        return frame

    def blocks(self, patch: Sequence[object]) -> bytes:
        """Return the event that patches the tree of blocks; it is in addition to the text, so it moves no position."""
        return self._frame("blocks", {"type": "blocks", "patch": patch})

    def _advance(self, event: Event) -> None:
        match event:
            case ReasoningDelta(text):
                self.position = replace(self.position, reasoning=self.position.reasoning + len(text))
            case Revised(text, reasoning):
                self.position = Position(len(text), len(reasoning))
            case Finished() | Failed():
                self.position = replace(self.position, done=True)
            case _:
                pass

    def _frame(self, name: str, data: dict[str, Any], *, with_id: bool = True) -> bytes:
        identity = f"id: {self._id()}\n" if with_id else ""
        return f"event: {name}\n{identity}data: {_JSON.encode(data)}\n\n".encode("utf-8", "replace")

    def _id(self) -> str:
        return self._reply + _written(self.position)
