"""Commands about texts that the user keeps by name."""

import re
from typing import Final

from streamtui.chat.errors import StreamtuiError
from streamtui.tui.actions.context import CommandContext
from streamtui.tui.screens.fields import Field
from streamtui.tui.screens.names import Names

_FIELD: Final = re.compile(r"\{\{.*?\}\}|\{([^\W\d][\w -]{0,60})\}")
"""`{field}`; what stands between two braces stays as it is."""


async def snippet(context: CommandContext, argument: str) -> None:
    """Put a prompt that the user keeps into the box, its fields filled in."""
    texts = context.choices.texts
    name = argument
    if not name:
        names = texts.names("snippets")
        if not names:
            raise StreamtuiError(f"There are no snippets yet: put a file NAME.md into {texts.where('snippets')}.")
        picked = await context.app.push_screen_wait(Names(names))
        if picked is None:
            return
        name = picked
    text = texts.read("snippets", name)
    values: dict[str, str] = {}
    fields = list(dict.fromkeys(match[1] for match in _FIELD.finditer(text) if match[1]))
    for number, field in enumerate(fields, start=1):
        hint = f"{number} of {len(fields)} · enter goes on · esc leaves the snippet out"
        value = await context.app.push_screen_wait(Field(field, hint))
        if value is None:
            context.say("The snippet is left out; the box is as it was.")
            return
        values[field] = value
    filled = _FIELD.sub(lambda match: values[match[1]] if match[1] else match[0][1:-1], text)
    draft = context.box.draft
    context.box.put(f"{draft}\n\n{filled}" if draft.strip() else filled)
