"""Whether an endpoint accepts a key, where its list of models is there for everybody."""

import asyncio
from typing import Final

import httpx2

from streamtui.chat.messages import ChatRequest
from streamtui.providers.endpoint import Endpoint
from streamtui.providers.errors.http import EndpointInfo, status_error, wall_clock
from streamtui.providers.errors.network import network_error
from streamtui.providers.http.client import StatusError, construct, make_http_client

_PATIENCE_S: Final = 20.0


async def refuse_wrong_key(endpoint: Endpoint, path: str) -> None:
    """Ask for `path` below the endpoint's base URL with its key. Raises `ProviderError`, in the server's own words,
    where the key is refused, or nothing answers."""
    base, key = endpoint.url, endpoint.key
    if base is None or key is None:
        return
    peer = EndpointInfo(base.host, endpoint.key_variable, key)
    headers = {"authorization": f"Bearer {key.reveal()}"}
    http = await construct(lambda: make_http_client(base, _PATIENCE_S, headers), base)
    try:
        async with asyncio.timeout(_PATIENCE_S), http.stream("GET", f"{base.url}/{path}"):
            return
    except StatusError as refusal:
        raise status_error(
            peer, ChatRequest("", ()), refusal.status, refusal.headers, refusal.body, wall_clock()
        ) from None
    except (httpx2.HTTPError, TimeoutError) as error:
        raise network_error(peer, error, _PATIENCE_S) from None
    finally:
        await http.aclose()
