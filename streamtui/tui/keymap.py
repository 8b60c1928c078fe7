"""The keys, one row each, as they are unless the user moved them (`keybindings`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Final


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


KEYS: Final = (
    # -- sending and stopping
    Key(
        "stop",
        ("escape", "alt+escape"),
        "escape",
        "close the list, else give back the newest queued prompt, else stop the reply in view; never quits",
        Group.SENDING,
        Place.CHAT,
        footer={
            Moment.STREAMING: "stop",
            Moment.QUEUED: "give back",
            Moment.QUEUE: "back",
            Moment.SIDEBAR: "back",
            Moment.FINDING: "back to where you were",
            Moment.COMPARING: "stop",
            Moment.MENU: "close",
        },
    ),
    Key(
        "send",
        ("enter",),
        "submit",
        "send; while a reply streams: queue",
        Group.SENDING,
        Place.BOX,
        footer={
            Moment.IDLE: "send",
            Moment.BROKEN_OFF: "send",
            Moment.STREAMING: "queue",
            Moment.QUEUED: "queue",
            Moment.MENU: "run",
            Moment.MESSAGES: "menu",
            Moment.COMPARED: "go on with it",
            Moment.COMPARING: "go on with it",
        },
    ),
    Key(
        "send_now",
        ("alt+s",),
        "command('send_now')",
        "stop the reply and send now: the draft, or from an empty box the first queued prompt",
        Group.SENDING,
        Place.CHAT,
        footer={Moment.QUEUED: "send now"},
    ),
    Key(
        "attach_pasted",
        ("alt+a",),
        "command('attach_pasted')",
        "attach the files whose paths were just pasted",
        Group.SENDING,
        Place.CHAT,
    ),  # fmt: skip
    Key("detach", ("alt+x",), "command('detach')", "take the last attached file away", Group.SENDING, Place.CHAT),
    Key(
        "queue",
        ("alt+q",),
        "command('queue')",
        "go to the queued prompts: edit, move or remove them",
        Group.SENDING,
        Place.CHAT,
        footer={Moment.QUEUED: "edit the queue"},
    ),
    Key(
        "queue_edit",
        ("enter",),
        "edit",
        "in the queue: edit the prompt; sending it puts it back where it was",
        Group.SENDING,
        Place.QUEUE,
        footer={Moment.QUEUE: "edit"},
    ),
    Key(
        "queue_remove",
        ("ctrl+x", "delete"),
        "remove",
        "in the queue: remove the prompt; the prompt history keeps it",
        Group.SENDING,
        Place.QUEUE,
        footer={Moment.QUEUE: "remove"},
    ),
    Key(
        "queue_earlier",
        ("alt+up",),
        "move(-1)",
        "in the queue: let the prompt be sent earlier",
        Group.SENDING,
        Place.QUEUE,
        footer={Moment.QUEUE: "move"},
    ),
    Key(
        "queue_later",
        ("alt+down",),
        "move(1)",
        "in the queue: let it be sent later",
        Group.SENDING,
        Place.QUEUE,
        footer={Moment.QUEUE: "move"},
    ),
    Key(
        "newline",
        ("ctrl+j", "alt+enter", "shift+enter", "ctrl+enter"),
        "newline",
        "newline",
        Group.SENDING,
        Place.BOX,
        label="Ctrl+J  Alt+Enter  \\+Enter",
        footer={Moment.IDLE: "newline"},
    ),
    Key(
        "history",
        ("up",),
        "up",
        "on an empty box: edit the newest queued prompt, else the prompts you sent before",
        Group.SENDING,
        Place.BOX,
        footer={Moment.MENU: "choose"},
    ),
    Key(
        "history_back", ("down",), "down", "the newer prompt", Group.SENDING, Place.BOX, footer={Moment.MENU: "choose"}
    ),
    Key(
        "prompts",
        ("ctrl+r",),
        "command('prompts')",
        "search all prompts you ever sent; Enter puts one into the box",
        Group.SENDING,
        Place.CHAT,
    ),
    Key("older_prompt", ("ctrl+r",), "move(1)", "among the prompts found: the older one", Group.LISTS, Place.PROMPTS),
    # -- replies and branches
    Key(
        "continue",
        ("alt+c",),
        "continue_reply",
        "continue the reply that stopped",
        Group.REPLIES,
        Place.CHAT,
        footer={Moment.BROKEN_OFF: "continue"},
    ),
    Key(
        "regenerate",
        ("alt+r",),
        "command('retry')",
        "ask the last prompt again; the old reply stays as a branch",
        Group.REPLIES,
        Place.CHAT,
    ),
    Key(
        "edit", ("alt+e",), "command('edit_last')", "edit your last prompt and send it anew", Group.REPLIES, Place.CHAT
    ),
    Key("copy", ("alt+y",), "command('copy')", "copy the last reply", Group.REPLIES, Place.CHAT),
    Key(
        "copy_code",
        tuple(f"alt+{digit}" for digit in range(1, 10)),
        "command('copy', '{digit}')",
        "copy a code block by its number",
        Group.REPLIES,
        Place.CHAT,
        label="Alt+1 … Alt+9",
    ),
    Key(
        "branch_left",
        ("alt+left",),
        "sideways(-1)",
        "on an empty box: the branch ‹2/3› or compared reply to the left; else a word left",
        Group.REPLIES,
        Place.BOX,
        label="Alt+Left",
        footer={Moment.COMPARED: "column", Moment.COMPARING: "column"},
    ),
    Key(
        "branch_right",
        ("alt+right",),
        "sideways(1)",
        "on an empty box: the branch or compared reply to the right; else a word right",
        Group.REPLIES,
        Place.BOX,
        footer={Moment.COMPARED: "column", Moment.COMPARING: "column"},
    ),
    Key(
        "compare",
        ("ctrl+t",),
        "command('compare')",
        "compare models: one prompt, side by side",
        Group.REPLIES,
        Place.CHAT,
    ),
    # -- conversations
    Key("new", ("ctrl+n",), "command('new')", "new conversation", Group.CONVERSATIONS, Place.CHAT),
    Key(
        "open",
        ("ctrl+o",),
        "command('open')",
        "open a saved conversation",
        Group.CONVERSATIONS,
        Place.CHAT,
        footer={Moment.IDLE: "conversations", Moment.STREAMING: "conversations", Moment.BROKEN_OFF: "conversations"},
    ),
    Key(
        "sidebar",
        ("f3",),
        "command('sidebar')",
        "list the conversations at the left; from there it hides them again",
        Group.CONVERSATIONS,
        Place.CHAT,
        footer={Moment.SIDEBAR: "hide"},
    ),
    Key(
        "sidebar_open",
        ("enter",),
        "select",
        "in the sidebar: open the conversation",
        Group.CONVERSATIONS,
        Place.SIDEBAR,
        footer={Moment.SIDEBAR: "open"},
    ),
    Key(
        "sidebar_rename",
        ("alt+e",),
        "ask('rename')",
        "in the sidebar: rename it",
        Group.CONVERSATIONS,
        Place.SIDEBAR,
        footer={Moment.SIDEBAR: "rename"},
    ),
    Key(
        "sidebar_pin",
        ("alt+p",),
        "ask('pin')",
        "in the sidebar: keep it at the top, or no longer",
        Group.CONVERSATIONS,
        Place.SIDEBAR,
        footer={Moment.SIDEBAR: "pin"},
    ),
    Key(
        "sidebar_fork",
        ("alt+f",),
        "ask('fork')",
        "in the sidebar: make a new conversation of it",
        Group.CONVERSATIONS,
        Place.SIDEBAR,
        footer={Moment.SIDEBAR: "fork"},
    ),
    Key(
        "sidebar_delete",
        ("ctrl+x", "delete"),
        "ask('delete')",
        "in the sidebar: delete it",
        Group.CONVERSATIONS,
        Place.SIDEBAR,
        footer={Moment.SIDEBAR: "delete"},
    ),
    Key(
        "sidebar_undelete",
        ("ctrl+u",),
        "ask('undelete')",
        "in the sidebar: take a deletion back, for ten seconds",
        Group.CONVERSATIONS,
        Place.SIDEBAR,
        footer={Moment.SIDEBAR: "undo"},
    ),
    # -- reading
    Key(
        "page_up",
        ("pageup",),
        "page(-1)",
        "scroll up",
        Group.READING,
        Place.BOX,
    ),
    Key("page_down", ("pagedown",), "page(1)", "scroll down", Group.READING, Place.BOX),
    Key(
        "beginning",
        ("ctrl+home",),
        "edge(-1)",
        "the beginning of the conversation; on an empty box Home too",
        Group.READING,
        Place.BOX,
    ),
    Key(
        "end",
        ("ctrl+end",),
        "edge(1)",
        "the end, and follow it; on an empty box End too",
        Group.READING,
        Place.BOX,
    ),
    Key(
        "message_above",
        ("alt+up",),
        "command('walk_messages', '-1')",
        "walk the messages; Enter then opens the message's menu",
        Group.READING,
        Place.CHAT,
        footer={Moment.MESSAGES: "walk"},
    ),
    Key(
        "message_below",
        ("alt+down",),
        "command('walk_messages', '1')",
        "the message below",
        Group.READING,
        Place.CHAT,
        footer={Moment.MESSAGES: "walk"},
    ),
    Key(
        "prompt_above",
        ("alt+shift+up",),
        "command('walk_prompts', '-1')",
        "walk your own prompts",
        Group.READING,
        Place.CHAT,
        label="Shift+Alt+Up",
    ),
    Key(
        "prompt_below",
        ("alt+shift+down",),
        "command('walk_prompts', '1')",
        "your prompt below",
        Group.READING,
        Place.CHAT,
        label="Shift+Alt+Down",
    ),
    Key("find", ("ctrl+f",), "command('find')", "find in this conversation", Group.READING, Place.CHAT),
    Key(
        "find_next",
        ("enter", "down"),
        "step(1)",
        "while finding: the next place",
        Group.READING,
        Place.FIND,
        footer={Moment.FINDING: "next"},
    ),
    Key(
        "find_previous",
        ("up",),
        "step(-1)",
        "while finding: the previous place",
        Group.READING,
        Place.FIND,
        footer={Moment.FINDING: "previous"},
    ),
    Key(
        "find_stay",
        ("tab",),
        "stay",
        "while finding: go back to the box, and stay at what was found",
        Group.READING,
        Place.FIND,
        footer={Moment.FINDING: "stay here"},
    ),
    # -- editing
    Key("line_start", ("ctrl+a",), "cursor_line_start", "start of the line", Group.EDITING, Place.BOX),
    Key("line_end", ("ctrl+e",), "cursor_line_end", "end of the line", Group.EDITING, Place.BOX),
    Key(
        "word_left",
        ("ctrl+left", "alt+b"),
        "cursor_word_left",
        "a word left",
        Group.EDITING,
        Place.BOX,
    ),
    Key("word_right", ("ctrl+right", "alt+f"), "cursor_word_right", "a word right", Group.EDITING, Place.BOX),
    Key("delete_word", ("ctrl+w",), "delete_word_left", "delete the word before", Group.EDITING, Place.BOX),
    Key("delete_next_word", ("alt+d",), "delete_word_right", "delete the word after", Group.EDITING, Place.BOX),
    Key(
        "delete_to_start",
        ("ctrl+u",),
        "delete_to_start_of_line",
        "delete to the start of the line",
        Group.EDITING,
        Place.BOX,
    ),
    Key(
        "delete_to_end",
        ("ctrl+k",),
        "delete_to_end_of_line_or_delete_line",
        "delete to the end of the line",
        Group.EDITING,
        Place.BOX,
    ),
    Key("undo", ("ctrl+underscore", "ctrl+slash"), "undo", "undo", Group.EDITING, Place.BOX),
    Key("redo", ("ctrl+y",), "redo", "redo", Group.EDITING, Place.BOX),
    Key("cut", ("ctrl+x",), "cut_selection", "cut what is selected", Group.EDITING, Place.BOX),
    Key(
        "paste",
        ("ctrl+v",),
        "paste",
        "paste what the desktop's clipboard holds",
        Group.EDITING,
        Place.APP,
        is_priority=True,
    ),
    Key(
        "unfold",
        ("alt+v",),
        "unfold",
        "show long pastes as they are; a click on [pasted …] does too",
        Group.EDITING,
        Place.BOX,
    ),
    Key(
        "editor",
        ("ctrl+g",),
        "command('editor')",
        "write in your own editor ($VISUAL or $EDITOR); replies stream on",
        Group.EDITING,
        Place.CHAT,
    ),
    Key("select_all", ("f7",), "select_all", "select all", Group.EDITING, Place.BOX),
    # -- lists
    Key("close", ("escape", "alt+escape"), "dismiss(None)", "in a list or dialog: close it", Group.LISTS, Place.LIST),
    Key("row_above", ("up",), "move(-1)", "in a list: the row above", Group.LISTS, Place.LIST, is_priority=True),
    Key("row_below", ("down",), "move(1)", "in a list: the row below", Group.LISTS, Place.LIST, is_priority=True),
    Key(
        "delete",
        ("ctrl+x",),
        "delete",
        "in the list of conversations: delete one",
        Group.LISTS,
        Place.CONVERSATIONS,
        is_priority=True,
    ),
    Key(
        "undelete",
        ("ctrl+u",),
        "undelete",
        "in the list of conversations: take a deletion back, for ten seconds",
        Group.LISTS,
        Place.CONVERSATIONS,
        is_priority=True,
    ),
    Key(
        "favourite",
        ("ctrl+f",),
        "mark",
        "in the list of models: make one a favourite, or no longer",
        Group.LISTS,
        Place.MODELS,
        is_priority=True,
    ),
    # -- program
    Key(
        "interrupt",
        ("ctrl+c",),
        "interrupt",
        "copy the selection, else stop the reply, else stash the draft, else twice to quit",
        Group.PROGRAM,
        Place.APP,
        is_priority=True,
    ),
    Key("quit", ("ctrl+d",), "leave_or_delete", "quit, on an empty box", Group.PROGRAM, Place.BOX),
    Key(
        "suspend", ("ctrl+z",), "suspend_process", "suspend; fg comes back", Group.PROGRAM, Place.APP, is_priority=True
    ),
    Key("redraw", ("ctrl+l",), "redraw", "redraw the screen", Group.PROGRAM, Place.APP),
    Key(
        "mouse",
        ("f2",),
        "toggle_mouse",
        "release the mouse, for the terminal's own selection, and take it again",
        Group.PROGRAM,
        Place.APP,
        is_priority=True,
    ),
    Key(
        "palette",
        ("ctrl+p",),
        "palette",
        "all commands, by name",
        Group.PROGRAM,
        Place.CHAT,
        footer={Moment.IDLE: "commands"},
    ),
    Key(
        "help",
        ("f1",),
        "command('help')",
        "this help",
        Group.PROGRAM,
        Place.CHAT,
        footer=dict.fromkeys(Moment, "help"),
    ),
)
