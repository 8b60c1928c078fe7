"""The command that takes a key."""

import re
from collections.abc import Coroutine
from typing import Final

from streamtui.chat.credentials import KeptKey, KeyOffer, KeySetup
from streamtui.chat.errors import StreamtuiError
from streamtui.tui.actions.context import CommandContext
from streamtui.tui.screens.keys import Endpoints, KeyEntry

_NO_ADDRESS: Final = re.compile(r"[^.:/]{16,}|sk-.*", re.IGNORECASE)
"""What was typed where an address belongs, and is a key more likely than one."""


def key(context: CommandContext, argument: str) -> Coroutine[None, None, None]:
    """Take a key for an endpoint: one that is chosen, or the one that the argument names or is the address of."""
    return _take_key(context, argument)


async def _take_key(context: CommandContext, argument: str) -> None:
    keys = context.choices.keys()
    offers = keys.offers()
    chosen: str | None = argument
    if not chosen:
        chosen = await context.app.push_screen_wait(Endpoints(offers))
    if not chosen:
        return
    offer = next((one for one in offers if one.name == chosen.lower()), None) or _at(keys, chosen)
    if offer.is_exposed and not await _agrees(context, offer):
        return
    kept = await context.app.push_screen_wait(KeyEntry(keys, offer))
    if kept is not None:
        _go_on_with(context, offer, kept)


def _at(keys: KeySetup, address: str) -> KeyOffer:
    if _NO_ADDRESS.fullmatch(address):
        raise StreamtuiError("A key is not typed here, where it can be read: /key, and then it is asked for.")
    return keys.address(address)


async def _agrees(context: CommandContext, offer: KeyOffer) -> bool:
    question = f"A key for {offer.host} would travel unencrypted, readable by everyone on the way. Go on?"
    return await context.chat.confirm(question, "Go on")


def _go_on_with(context: CommandContext, offer: KeyOffer, kept: KeptKey) -> None:
    line = f"Kept in {kept.place}."
    if kept.model:
        context.session.conversation.use(context.workspace.catalog.model(kept.model))
        line = f"{context.session.conversation.model.label} answers from here on. {line}"
    else:
        line = f"{offer.host} lists no models, so the key was not checked. {line}"
        context.box.put(f"/model {offer.name}:")
    context.chat.show_title()
    context.say(f"{line} {kept.notice}".rstrip(), "warning" if kept.notice or not kept.model else "information")
