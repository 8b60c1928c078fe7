"""Lists of models, in the forms that servers give them."""

import asyncio
import json
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Final

from streamtui.chat.errors import ProviderError
from streamtui.chat.messages import ChatRequest
from streamtui.chat.sanitize import sanitize_line
from streamtui.providers.errors.network import timeout_error
from streamtui.providers.http.client import StatusError
from streamtui.providers.http.request import ProviderRequest, Response

_LIST_S: Final = 30.0
_LONGEST_NAME: Final = 4096
"""Characters of a path on disk; a longer name would only be cut, and a cut name names nothing."""


async def read_models(requests: ProviderRequest, context: AbstractAsyncContextManager[Response]) -> list[str]:
    """Send the request for a list of models and return their names. Raises `ProviderError`."""
    try:
        async with asyncio.timeout(_LIST_S), AsyncExitStack() as stack:
            reader = await requests.send(stack, context)
            names = model_names(await reader.whole())
    except StatusError as refusal:
        raise requests.explain(refusal, ChatRequest("", ())) from None
    except TimeoutError:
        raise timeout_error(requests.peer, _LIST_S, "does not list its models") from None
    if names is None:
        raise ProviderError(
            "protocol", f"{requests.peer.host} answered with no list of models. {requests.peer.check_url}"
        )
    return names


def model_names(body: bytes) -> list[str] | None:
    """Return the names in a list of models, cleaned; `None` where `body` is no such list."""
    try:
        listed = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if isinstance(listed, dict):
        fields = [listed[name] for name in ("data", "models") if name in listed]
        listed = next((field for field in fields if field is not None), [] if fields else None)
    if not isinstance(listed, list):
        return None
    names = (_name(entry) for entry in listed)
    return list(dict.fromkeys(name for name in names if name))


def _name(entry: object) -> str:
    if isinstance(entry, dict):
        entry = entry.get("id") or entry.get("name") or entry.get("model")
    return sanitize_line(entry, _LONGEST_NAME) if isinstance(entry, str) and len(entry) <= _LONGEST_NAME else ""
