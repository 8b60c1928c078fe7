"""Whether a model server answers on this machine: asked without a key, at no other host, and not for long.

The HTTP library is imported only where something listens at all.
"""

import asyncio
import importlib
import ipaddress
import json
from typing import Final

from streamtui.providers.http.base_url import BaseUrl

ANSWER_S: Final = 1.0
"""How long a server of this machine may take to take a connection, and again to list its models."""
_LARGEST: Final = 4 * 1024 * 1024
_NEEDED: Final = "streamtui.providers.models"
"""What is imported for reading a list, the HTTP library with it."""


async def local_models(base: BaseUrl) -> list[str] | None:
    """Return the models that a server of this machine lists at `base`; `None` where none answers in that form."""
    try:
        async with asyncio.timeout(ANSWER_S):
            if not await _listens(base):
                return None
        await asyncio.to_thread(importlib.import_module, _NEEDED)
        async with asyncio.timeout(ANSWER_S):
            body = await _listed(base)
    except (OSError, TimeoutError):
        return None
    return _models(body) if body is not None and _is_list_of_models(body) else None


async def _listens(base: BaseUrl) -> bool:
    """Return whether a connection is taken, by this machine itself: a name may lead anywhere."""
    port = base.port or (443 if base.scheme == "https" else 80)
    _, writer = await asyncio.open_connection(base.hostname, port)
    peer = writer.get_extra_info("peername")
    writer.close()
    return peer is not None and _is_loopback(peer[0])


def _is_loopback(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_loopback


async def _listed(base: BaseUrl) -> bytes | None:
    """Return what the server answers to the question for its models; `None` for a refusal, a redirect, or too much."""
    import httpx2

    from streamtui.providers.http.client import StatusError, make_http_client

    body = bytearray()
    try:
        async with make_http_client(base, ANSWER_S, {}) as http, http.stream("GET", f"{base.url}/models") as response:
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _LARGEST:
                    return None
    except (httpx2.HTTPError, httpx2.InvalidURL, StatusError):
        return None
    return bytes(body)


def _models(body: bytes) -> list[str] | None:
    from streamtui.providers.models import model_names

    return model_names(body)


def _is_list_of_models(body: bytes) -> bool:
    """Return whether this is the one form in which model servers list their models: other programs answer too."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return False
    if not (isinstance(answer, dict) and "data" in answer):
        return False
    entries = answer["data"] or []  # Ollama without a model has `null` there
    return isinstance(entries, list) and all(isinstance(e, dict) and isinstance(e.get("id"), str) for e in entries)
