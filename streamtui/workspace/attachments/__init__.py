"""Files that prompts carry: looked at, read, kept, converted, put into requests."""

from streamtui.chat.sizes import size_words
from streamtui.workspace.attachments.attachments import Attachments
from streamtui.workspace.attachments.contents import Contents
from streamtui.workspace.attachments.conversion import Converter

__all__ = ["Attachments", "Contents", "Converter", "size_words"]
