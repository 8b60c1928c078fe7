"""What the web front end is handed, and the limits it keeps."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streamtui.chat.catalog import Catalog
from streamtui.chat.conversation import Options
from streamtui.chat.messages import ChatMessage
from streamtui.chat.ports import ConversationRecord, ConversationSummary, Storage


@dataclass(frozen=True, slots=True)
class Engine:
    """What answers and what saves. `serve` closes the catalog; the storage is closed by whoever opened it."""

    catalog: Catalog
    storage: Storage
    summary: Callable[[ConversationSummary], dict[str, Any]]
    """The JSON form of a line in the list of conversations."""
    transcript: Callable[[ConversationRecord, Sequence[ChatMessage]], dict[str, Any]]
    """The JSON form of a conversation with its messages."""
    options: Options = field(default_factory=Options)
    system: str | None = None


@dataclass(frozen=True, slots=True)
class ServeLimits:
    """What one server takes on. Durations are seconds."""

    streams: int = 4
    """Replies asked for upstream at once, over all workers of a data folder."""
    requests_per_s: float = 20.0
    """Requests a second and token, in the long run; per worker."""
    burst: int = 300
    """Requests that may come at once before that rate holds."""
    body_bytes: int = 1_000_000
    upload_bytes: int = 32_000_000
    """The same for a file."""
    body_s: float = 30.0
    """How long a request's body may take to arrive, and a second more for each `body_bytes_per_s` of it."""
    body_bytes_per_s: int = 10_000
    stall_s: float = 30.0
    """How long a client may read nothing before it is dropped, and with it the reply that it asked for."""
    page_linger_s: float = 120.0
    """For how long a reply that the page asked for goes on while no page follows it."""
    ping_s: float = 15.0
    poll_s: float = 0.25
    """How often a reply that another process writes is looked at."""


@dataclass(frozen=True, slots=True)
class BindAddress:
    """Where to listen, and who may come in."""

    folder: Path
    """The data folder; the token and what the workers share is in its `web` folder."""
    host: str = "127.0.0.1"
    port: int = 8000
    """0 takes any free one."""
    token: str | None = field(default=None, repr=False)
    """An explicitly chosen token; without one a random one is made once and kept in the folder."""
    allowed_hosts: tuple[str, ...] = ()
    """Further names under which the server may be addressed."""
    workers: int = 1
