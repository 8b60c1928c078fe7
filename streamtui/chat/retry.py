"""When a failed request is sent again: exponential backoff with jitter, the server's wish honoured up to a limit."""

from collections.abc import Callable
from dataclasses import dataclass

from streamtui.chat.errors import ProviderError


@dataclass(frozen=True, slots=True)
class Policy:
    """The limits within which `Reply` acts on its own. Durations are seconds."""

    retries: int = 4
    """How often a request that brought nothing is sent again."""
    first_delay: float = 0.5
    longest_delay: float = 20.0
    longest_retry_after: float = 120.0
    """A server that asks for more patience than this gets none: the reply fails and says so."""
    reconnects: int = 0
    """How often a reply that broke off in mid-stream is continued without being asked."""
    longest_reply: int = 16_000_000
    """Characters of text and reasoning after which a reply counts as endless and is cut off."""


def delay(policy: Policy, attempt: int, error: ProviderError, jitter: Callable[[], float]) -> float | None:
    """Return the seconds to wait before attempt number `attempt` + 1 (the first is 0), or `None` to give up.

    A server may ask for more than the `backoff`, but not for less: one that asks for no wait at all gets no rest.
    """
    if not error.retryable or attempt >= policy.retries:
        return None
    wish = error.retry_after or 0.0
    return None if wish > policy.longest_retry_after else max(wish, backoff(policy, attempt, jitter))


def backoff(policy: Policy, attempt: int, jitter: Callable[[], float]) -> float:
    """Return the seconds to wait before attempt number `attempt` + 1, if it is for us to say.

    `jitter` returns numbers from 0 to 1; up to a quarter is taken off, so that many clients that failed together
    don't come back together.
    """
    longest: float = min(policy.longest_delay, policy.first_delay * 2**attempt)
    return longest * (1 - 0.25 * jitter())
