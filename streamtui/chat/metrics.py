"""How a reply went in time: pure functions of moments handed in; there is no clock in here.

Moments are seconds of one monotonic clock; durations are seconds.
"""

import math
from collections import deque
from dataclasses import asdict, dataclass
from typing import Final

WINDOW_S: Final = 3.0
"""The live rate looks back this far."""
_BUCKET_S: Final = 0.25
FEWEST_TOKENS: Final = 10
"""Below this many tokens a rate says nothing, so none is given."""
SHORTEST_SPAN_S: Final = 0.05
"""A reply that came in one burst has no rate either."""
STALL_S: Final = 3.0
"""A stream that is silent for longer is called stalled."""
BYTES_PER_TOKEN: Final = 4
"""What a token is guessed to be."""
SAMPLE_S: Final = 1.0
"""How old live figures may get where nobody takes new ones."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """A reply's timing, as shown, saved and sent. `None` means: could not be measured."""

    connect_s: float | None = None
    """From sending the request to the response's headers."""
    ttft_s: float | None = None
    """From sending the request to the first visible text or reasoning."""
    streaming_s: float | None = None
    """From the first delta to the last."""
    total_s: float = 0.0
    """From sending the request to the end."""
    chunks: int = 0
    characters: int = 0
    """Of text and reasoning together."""
    characters_per_s: float | None = None
    tokens_per_s: float | None = None
    """Output tokens over `streaming_s`; the wait for the first token does not count."""
    thinking_s: float | None = None
    """From the first reasoning to the first text after it."""

    def wire(self) -> dict[str, float | None]:
        """Return the figures as the contract's JSON has them."""
        figures = asdict(self)
        del figures["thinking_s"]
        return {name: round(value, 6) if isinstance(value, float) else value for name, value in figures.items()}


@dataclass(frozen=True, slots=True)
class Sample:
    """How a reply in flight goes, as of one moment."""

    at: float
    rate: float | None
    """Tokens per second, estimated."""
    silence: float
    """For how long nothing visible has arrived."""

    @property
    def is_stalled(self) -> bool:
        return self.silence >= STALL_S


def estimate_tokens(text: str) -> int:
    """Guess the number of tokens in `text`: a quarter of its UTF-8 bytes, which holds for prose, code and CJK alike."""
    return -(-_bytes(text) // BYTES_PER_TOKEN)


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


class Meter:
    """Times one reply. Owned and fed by `Reply`; its readers hand `sample`, `rate`, `silence` and `metrics` the present
    moment."""

    __slots__ = (
        "_buckets",
        "_sample",
        "answer_bytes",
        "characters",
        "chunks",
        "connected_at",
        "first_at",
        "last_at",
        "reasoning_bytes",
        "started_at",
        "thinking_at",
        "thinking_s",
    )

    def __init__(self, started_at: float) -> None:
        self.started_at = started_at
        self.connected_at: float | None = None
        self.first_at: float | None = None
        self.last_at: float | None = None
        self.chunks = 0
        self.characters = 0
        self.answer_bytes = 0
        self.reasoning_bytes = 0
        self.thinking_at: float | None = None
        """Since when it has been reasoning and nothing else."""
        self.thinking_s: float | None = None
        """How long it reasoned before that."""
        self._buckets: deque[tuple[float, int]] = deque()
        self._sample: Sample | None = None

    def restart(self, now: float) -> None:
        """Begin anew: a retry's clock starts with the request that succeeds."""
        self.started_at = now
        self.connected_at = None
        self._sample = None

    def connected(self, now: float) -> None:
        if self.connected_at is None:
            self.connected_at = now

    def delta(self, now: float, text: str, *, reasoning: bool = False) -> None:
        """Count one piece of visible output that arrived `now`."""
        size = _bytes(text)
        if self.first_at is None:
            self.first_at = now
            self._sample = None
        self.last_at = now
        self.chunks += 1
        self.characters += len(text)
        if reasoning:
            self.reasoning_bytes += size
            if self.thinking_at is None:
                self.thinking_at = now
        else:
            self.answer_bytes += size
            if self.thinking_at is not None:
                self._end_thinking(now)
        buckets = self._buckets
        if buckets and now - buckets[-1][0] < _BUCKET_S:
            buckets[-1] = (buckets[-1][0], buckets[-1][1] + size)
            return
        buckets.append((now, size))
        while buckets[0][0] < now - WINDOW_S - _BUCKET_S:
            buckets.popleft()

    def was_reasoning(self, now: float) -> None:
        """Count all that came so far as reasoning."""
        self.reasoning_bytes += self.answer_bytes
        self.answer_bytes = 0
        self.thinking_at = None
        self.thinking_s = None if self.first_at is None else now - self.first_at

    def _end_thinking(self, now: float) -> None:
        self.thinking_s = self.thinking_total(now)
        self.thinking_at = None

    def thinking_total(self, now: float) -> float | None:
        """Return for how long it has reasoned so far, `None` where it has not."""
        if self.thinking_at is None:
            return self.thinking_s
        return (self.thinking_s or 0.0) + now - self.thinking_at

    @property
    def estimated_tokens(self) -> int:
        """Output tokens so far, guessed from the bytes that arrived."""
        return -(-(self.answer_bytes + self.reasoning_bytes) // BYTES_PER_TOKEN)

    @property
    def estimated_reasoning_tokens(self) -> int:
        """Those of them that were reasoning."""
        return -(-self.reasoning_bytes // BYTES_PER_TOKEN)

    def rate(self, now: float) -> float | None:
        """Return tokens per second over the last `WINDOW_S`, estimated; `None` while too little has arrived."""
        if self.first_at is None or self.estimated_tokens < FEWEST_TOKENS:
            return None
        since = max(self.first_at, now - WINDOW_S)
        span = now - since
        if span < _BUCKET_S:
            return None
        size = sum(size for moment, size in self._buckets if moment >= since - _BUCKET_S)
        return size / BYTES_PER_TOKEN / span

    def silence(self, now: float) -> float:
        """Return for how long nothing visible has arrived."""
        return now - (self.last_at if self.last_at is not None else self.started_at)

    def sample(self, now: float) -> Sample:
        """Return how it goes, or went a moment ago: all who show it show the same."""
        if self._sample is None or now - self._sample.at >= SAMPLE_S:
            return self.take(now)
        return self._sample

    def take(self, now: float) -> Sample:
        """Return how it goes now, which is what everybody shows from here on."""
        self._sample = Sample(now, self.rate(now), self.silence(now))
        return self._sample

    def metrics(self, now: float, output_tokens: int | None = None) -> Metrics:
        """Return the final figures; `output_tokens` is the provider's own count where it gave one."""
        streaming = None
        if self.first_at is not None and self.last_at is not None:
            streaming = self.last_at - self.first_at
        tokens = self.estimated_tokens if output_tokens is None else output_tokens
        return Metrics(
            connect_s=_span(self.started_at, self.connected_at),
            ttft_s=_span(self.started_at, self.first_at),
            streaming_s=streaming,
            total_s=now - self.started_at,
            chunks=self.chunks,
            characters=self.characters,
            characters_per_s=_rate(self.characters, streaming),
            tokens_per_s=_rate(tokens, streaming) if tokens >= FEWEST_TOKENS else None,
            thinking_s=self.thinking_total(self.last_at if self.last_at is not None else now),
        )


def _rate(count: int, span: float | None) -> float | None:
    return count / span if span is not None and span >= SHORTEST_SPAN_S else None


def _span(start: float, end: float | None) -> float | None:
    return None if end is None else end - start


def percentile(values: list[float], fraction: float) -> float | None:
    """Return the smallest value that at least `fraction` of `values` don't exceed (nearest rank), `None` for none."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, math.ceil(fraction * len(ordered)) - 1)]


def progress(characters: int, past: list[int], limit: int | None) -> float | None:
    """Estimate which share of a reply is done, from the lengths of past replies of the same model.

    It is the mean share over all past replies that were longer than this one already is, so it never runs backwards
    by much and never claims to be finished. `limit` (in characters) caps how long the reply can get.
    """
    longer = [length for length in past if length > characters]
    if limit is not None:
        longer = [min(length, limit) for length in longer] or [limit]
    if not longer or characters == 0:
        return None
    return min(0.99, sum(characters / length for length in longer if length) / len(longer))
