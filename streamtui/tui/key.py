"""A row of the keymap, and the words its columns are made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum


class Place(Enum):
    """Where a key is bound."""

    APP = "app"
    CHAT = "chat"
    BOX = "box"
    LIST = "list"
    CONVERSATIONS = "conversations"
    MODELS = "models"
    PROMPTS = "prompts"
    QUEUE = "queue"
    FIND = "find"
    SIDEBAR = "sidebar"


class Group(StrEnum):
    """The sections of the help."""

    SENDING = "Sending and stopping"
    REPLIES = "Replies and branches"
    CONVERSATIONS = "Conversations"
    READING = "Reading"
    EDITING = "Editing in the box"
    LISTS = "In lists"
    PROGRAM = "Program"


class Moment(Enum):
    """What goes on while the footer is shown."""

    IDLE = "idle"
    STREAMING = "streaming"
    BROKEN_OFF = "broken off"
    """The last reply can be continued."""
    MENU = "menu"
    PATHS = "paths"
    MESSAGES = "messages"
    QUEUED = "queued"
    """A reply streams, and prompts wait for its end."""
    QUEUE = "queue"
    """The keys are with the queued prompts."""
    FINDING = "finding"
    SIDEBAR = "sidebar"
    """The keys are with the sidebar."""
    COMPARED = "compared"
    COMPARING = "comparing"


@dataclass(frozen=True, slots=True)
class Key:
    """What some keys do in one place."""

    id: str
    """Its name in the config file."""
    keys: tuple[str, ...]
    """As Textual names them."""
    action: str
    """As Textual takes it; `{digit}` is the last character of the key."""
    help: str
    group: Group
    place: Place
    label: str = ""
    """How people write the keys, where that is not simply their names."""
    footer: Mapping[Moment, str] = field(default_factory=dict)
    """A word for the footer at these moments; rows come in the order of the table."""
    is_priority: bool = False
    """Whether the key works whatever has the focus."""
