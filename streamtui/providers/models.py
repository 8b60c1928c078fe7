"""Lists of models, in the forms that servers give them."""

import asyncio
import json
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Final

from streamtui.chat.errors import ProviderError
from streamtui.chat.sanitize import sanitize_line
from streamtui.providers.errors.network import timeout_error
from streamtui.providers.http.client import StatusError
from streamtui.providers.http.request import ProviderRequest, Response

_LIST_S: Final = 30.0


async def read_models(exchange: ProviderRequest, context: AbstractAsyncContextManager[Response]) -> list[str]:
    """Send the request for a list of models and return their names. Raises `ProviderError`."""
    try:
        async with asyncio.timeout(_LIST_S), AsyncExitStack() as stack:
            reader = await exchange.send(stack, context)
            names = model_names(await reader.whole())
    except StatusError as refusal:
        raise exchange.explain(refusal, "") from None
    except TimeoutError:
        raise timeout_error(exchange.peer, _LIST_S, "does not list its models") from None
    if names is None:
        raise ProviderError(
            "protocol", f"{exchange.peer.host} answered with no list of models. {exchange.peer.check_url}"
        )
    return names


def model_names(body: bytes) -> list[str] | None:
    """Return the names in a list of models, cleaned; `None` where `body` is no such list."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if isinstance(found, dict):
        found = found.get("data", found.get("models"))
    if not isinstance(found, list):
        return None
    names = (_name(entry) for entry in found)
    return list(dict.fromkeys(name for name in names if name))


def _name(entry: object) -> str:
    if isinstance(entry, dict):
        entry = entry.get("id") or entry.get("name") or entry.get("model")
    return sanitize_line(entry, 200) if isinstance(entry, str) else ""
