"""The replies that stream into a view: what arrived is taken in once a frame, and what became of them at once."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final, assert_never

from streamtui.chat.events import Event, Failed, Finished, Notice, ReasoningDelta, Revised, TextDelta
from streamtui.chat.messages import ChatMessage, Citation, Status, Usage
from streamtui.chat.metrics import Meter
from streamtui.log.frame_clock import FrameClock
from streamtui.log.model.bubble import Bubble
from streamtui.log.model.stream_state import BEAT_S
from streamtui.log.model.viewport import Viewport
from streamtui.log.typewriter import Typewriter

Post = Callable[[Callable[[], None]], object]
"""Runs a callback in the context of the widget, where its errors are seen."""


class LiveReplies:
    """Owns which bubbles stream. Messages that are not shown are ignored: a reply may stream on without a view."""

    def __init__(
        self,
        view: Viewport,
        *,
        paint: Callable[[], None],
        settled: Callable[[], None],
        clock: Callable[[], float],
        post: Post,
    ) -> None:
        """`paint` shows the view as it is; `settled` is called after a reply has ended and all of it is taken in."""
        self.frames: Final = FrameClock(self.draw, post)
        self._view = view
        self._paint = paint
        self._settled = settled
        self._clock = clock
        self._bubbles: dict[str, Bubble] = {}
        self._is_smooth = False

    def __iter__(self) -> Iterator[Bubble]:
        return iter(self._bubbles.values())

    def __contains__(self, bubble: Bubble) -> bool:
        return self._bubbles.get(bubble.message.id) is bubble

    def __len__(self) -> int:
        return len(self._bubbles)

    @property
    def latest(self) -> Bubble | None:
        """The reply in flight that began last."""
        return next((bubble for bubble in reversed(self._bubbles.values()) if bubble.live is not None), None)

    @property
    def is_smooth(self) -> bool:
        """Whether text is let out evenly, at most half a second late."""
        return self._is_smooth

    @is_smooth.setter
    def is_smooth(self, value: bool) -> None:
        self._is_smooth = value
        for bubble in self._bubbles.values():
            bubble.set_pace(self._pace())
        if self._bubbles:
            self.frames.now()

    def _pace(self) -> Typewriter | None:
        return Typewriter() if self._is_smooth else None

    def clear(self) -> None:
        """Forget all of them: another conversation is shown."""
        self._bubbles.clear()

    # -- one reply

    def begin(self, message: ChatMessage, meter: Meter) -> None:
        """Show an assistant message that is about to stream; one that is shown already streams on in its bubble."""
        view = self._view
        bubble = view.bubbles.by_id.get(message.id) or view.append(message)
        with view.held():
            bubble.begin(message, meter, view.inner, self._pace())
            view.bubbles.sync(bubble)
        self._bubbles[message.id] = bubble
        self.frames.now()

    def measure(self, message_id: str, meter: Meter) -> None:
        """Take the figures from another meter from here on: the reply goes on in another segment."""
        bubble = self._bubbles.get(message_id)
        if bubble is not None and bubble.live is not None:
            bubble.live.meter = meter

    def feed(self, message_id: str, event: Event) -> None:
        """Take in an event. Text is only stored: drawing is up to the frame clock."""
        bubble = self._bubbles.get(message_id)
        if bubble is None or bubble.live is None:
            return
        match event:
            case TextDelta() | ReasoningDelta():
                if bubble.live.feed(event):
                    gc.freeze()  # a full collection from here on passes over what was there before, SDK included
                    self.frames.now()
                else:
                    self.frames.request()
            case Notice():
                bubble.live.enter(event)
                bubble.live.notice, bubble.live.notice_at = event, self._clock()
                self.frames.now()
            case Usage() | Citation():
                bubble.live.enter(event)
            case Revised(text, reasoning):
                with self._view.growing(bubble):
                    bubble.revise(text, reasoning)
                self.frames.now()
            case Finished() | Failed():
                self.settle(self._ended(bubble, event))
            case _:
                assert_never(event)

    def _ended(self, bubble: Bubble, ending: Finished | Failed) -> ChatMessage:
        """Return the message with all that was fed in its last segment."""
        bubble.set_pace(None)
        bubble.take_in(self._clock())
        message, content, live = bubble.message, bubble.content, bubble.live
        assert content is not None and live is not None
        reasoning = content.reasoning.source if content.reasoning is not None else ""
        last = message.last
        segment = replace(
            last,
            text=content.body.source.removeprefix(message.text.removesuffix(last.text)),
            reasoning=reasoning.removeprefix(message.reasoning.removesuffix(last.reasoning)),
            status=Status.FAILED if isinstance(ending, Failed) else ending.status,
            finish_reason=None if isinstance(ending, Failed) else ending.finish_reason,
            error=ending.error if isinstance(ending, Failed) else None,
            usage=live.usage,
            metrics=ending.metrics,
            notices=live.notices,
            citations=live.citations,
        )
        return message.with_last(segment)

    def settle(self, message: ChatMessage) -> None:
        """Show what became of a message, in flight or not, at once."""
        bubble = self._view.bubbles.by_id.get(message.id)
        if bubble is None:
            return
        with self._view.growing(bubble):
            bubble.settle(message, self._clock())
        self._drop_settled()
        self.frames.now()

    # -- frames

    def draw(self) -> None:
        """Make a frame: take in what was fed, then paint."""
        now = self._clock()
        for bubble in self._bubbles.values():
            with self._view.growing(bubble):
                bubble.take_in(now)
        self._drop_settled()
        self._paint()
        if any(bubble.live is not None and bubble.live.is_holding_back for bubble in self._bubbles.values()):
            self.frames.request()
        elif self._bubbles:
            self.frames.request(BEAT_S)

    def catch_up(self) -> bool:
        """Take in some of the text that was too much for one frame. Return whether there was any."""
        bubble = next((bubble for bubble in self._bubbles.values() if bubble.is_behind), None)
        if bubble is None:
            return False
        with self._view.growing(bubble):
            bubble.take_in(self._clock())
        self._drop_settled()
        return True

    def _drop_settled(self) -> None:
        """Forget the replies that have ended and are taken in."""
        settled = [key for key, bubble in self._bubbles.items() if bubble.live is None and not bubble.is_behind]
        for key in settled:
            del self._bubbles[key]
        if settled:
            self._settled()
