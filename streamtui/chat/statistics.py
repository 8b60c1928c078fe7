"""How fast the models were, over all that is saved."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from streamtui.chat.metrics import percentile
from streamtui.chat.ports import Timing

_PLOTTED: Final = 24
"""Replies in a plot: the latest ones."""


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs, in the currency of the user's choice per million tokens, and how much it can read."""

    input: float | None = None
    output: float | None = None
    context: int | None = None
    """Tokens the model's window holds."""
    source: str = ""
    """Where the prices are from, if not from the user."""

    def cost(self, input_tokens: int, output_tokens: int) -> float | None:
        """Return what these tokens cost, `None` where no price is known."""
        if self.input is None and self.output is None:
            return None
        return ((self.input or 0) * input_tokens + (self.output or 0) * output_tokens) / 1_000_000


class Prices(Protocol):
    """Prices by model id."""

    def get(self, model: str, default: Price, /) -> Price: ...


@dataclass(frozen=True, slots=True)
class ModelStatistics:
    """One model's replies. Durations are seconds; `None` where nothing was measured."""

    model: str
    replies: int
    complete: int
    ttft_p50_s: float | None
    ttft_p95_s: float | None
    tokens_per_s_p50: float | None
    tokens_per_s_p95: float | None
    input_tokens: int
    output_tokens: int
    cost: float | None
    price_source: str
    """Where the price behind `cost` is from, and of when; empty where the user has set it, or there is none."""
    estimated: bool
    """Whether some of the tokens and rates are our guess."""
    recent_tokens_per_s: tuple[float, ...]
    """Of the latest replies, oldest first."""

    def wire(self) -> dict[str, Any]:
        """Return the figures as `stats --json` has them; `price_source` only where a list has the price."""
        dated = {"price_source": self.price_source} if self.price_source else {}
        return {
            "model": self.model,
            "replies": self.replies,
            "complete": self.complete,
            "ttft_s": {"p50": self.ttft_p50_s, "p95": self.ttft_p95_s},
            "tokens_per_s": {"p50": self.tokens_per_s_p50, "p95": self.tokens_per_s_p95},
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cost": self.cost,
            "estimated": self.estimated,
            **dated,
        }


def by_model(timings: Sequence[Timing], prices: Prices) -> list[ModelStatistics]:
    """Return the figures per model, the most used first. `timings` come newest first."""
    groups: dict[str, list[Timing]] = {}
    for timing in timings:
        groups.setdefault(timing.model, []).append(timing)
    rows = [_of_model(model, group, prices.get(model, Price())) for model, group in groups.items()]
    return sorted(rows, key=lambda row: -row.replies)


def _of_model(model: str, timings: Sequence[Timing], price: Price) -> ModelStatistics:
    waits = [t.metrics.ttft_s for t in timings if t.metrics.ttft_s is not None]
    rates = [t.metrics.tokens_per_s for t in timings if t.metrics.tokens_per_s is not None]
    input_tokens = sum(t.input_tokens or 0 for t in timings)
    output_tokens = sum(t.output_tokens or 0 for t in timings)
    cost = price.cost(input_tokens, output_tokens)
    return ModelStatistics(
        model,
        replies=len(timings),
        complete=sum(t.status == "complete" for t in timings),
        ttft_p50_s=percentile(waits, 0.5),
        ttft_p95_s=percentile(waits, 0.95),
        tokens_per_s_p50=percentile(rates, 0.5),
        tokens_per_s_p95=percentile(rates, 0.95),
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cost=cost,
        price_source="" if cost is None else price.source,
        estimated=any(t.estimated for t in timings),
        recent_tokens_per_s=tuple(reversed(rates[:_PLOTTED])),
    )
