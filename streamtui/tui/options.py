"""What the app is given by who starts it. Imports no Textual: that waits for `terminal.environment`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from streamtui.chat.errors import StreamtuiError
from streamtui.chat.statistics import Prices
from streamtui.tui.farewell import Farewell

if TYPE_CHECKING:
    from streamtui.chat.credentials import KeySetup


CompactChoice = Literal["offer", "auto", "never"]
Notify = Literal["bell", "osc9", "osc777", "off"]


@dataclass(frozen=True, slots=True)
class Opening:
    """What the app opens on."""

    conversation: str | None = None
    """As `Library.find` takes it; `None` is a new one, unless `latest`."""
    latest: bool = False
    notices: Sequence[str] = ()
    """What is to be said at the start, a line each."""


@dataclass(frozen=True, slots=True)
class Looks:
    """How the app looks at the start, and what it leaves in the end."""

    theme: str
    smooth: bool = False
    """Whether text is shown at a typewriter's pace."""
    farewell: Farewell = field(default_factory=Farewell)
    """What stays on the terminal in the end."""
    sidebar: bool = False
    """Whether the conversations are listed beside the one in view."""
    notify: Notify = "bell"
    """How a reply that ends unseen is told."""
    keys: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The keys that were moved, by the name of their row."""


def _no_keys() -> "KeySetup":
    raise StreamtuiError("No key can be kept here.")


Kind = Literal["snippets", "systems"]


class NamedTexts(Protocol):
    """Texts that the user keeps by name."""

    def names(self, kind: Kind) -> Sequence[str]:
        """Return the names there are, in order."""
        ...

    def read(self, kind: Kind, name: str) -> str:
        """Return a text. Raises `StreamtuiError`."""
        ...

    def where(self, kind: Kind) -> str:
        """Return the folder in which the texts are, as the user should see it."""
        ...


@dataclass(frozen=True, slots=True)
class Choices:
    """What the settings give the commands, and where what is chosen in the app is kept."""

    prices: Prices
    """By model id."""
    remember: Callable[[str, str], None]
    """Keeps a setting, by its name in the config file, for the next start."""
    texts: NamedTexts
    """Snippets of prompts, and system messages."""
    keys: Callable[[], "KeySetup"] = _no_keys
    """Makes what checks and keeps keys."""
    compact: CompactChoice = "offer"
    """What happens once a model's window is nearly full."""
