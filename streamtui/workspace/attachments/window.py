"""Whether files fit into what a model can read."""

from collections.abc import Sequence

from streamtui.chat.catalog import Catalog
from streamtui.chat.errors import ConfigError
from streamtui.chat.messages import Attachment
from streamtui.chat.ports import Model
from streamtui.workspace.attachments.attachments import Attachments

_WORTH_ASKING = 4_000
"""Tokens that not every model can read: fewer are not worth a question to the endpoint."""


async def refuse_what_does_not_fit(
    catalog: Catalog, models: Sequence[Model], attachments: Attachments, taken: Sequence[Attachment]
) -> None:
    """Raise `ConfigError` where files are more than one of these models can read, as far as that is known."""
    tokens = await attachments.count_tokens(taken)
    for model in models if tokens >= _WORTH_ASKING else ():
        window = await catalog.window(model)
        if window is not None and tokens > window:
            names = ", ".join(attachment.name for attachment in taken)
            raise ConfigError(
                f"{names}: about {tokens:,} tokens, and {model.id} can read {window:,} at most. Nothing was sent."
            )
