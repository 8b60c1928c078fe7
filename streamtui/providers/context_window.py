"""How many tokens a model's window holds, where its endpoint tells that.

vLLM, OpenRouter, Groq and LM Studio say it in their lists of models, llama.cpp's server at `/props`, Ollama at
`/api/show`; which server it is, the list says too. Each is asked at the endpoint's own host alone, and once.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import httpx2

from streamtui.chat.errors import StreamtuiError
from streamtui.providers.http.base_url import BaseUrl
from streamtui.providers.http.client import StatusError

_PATIENCE_S: Final = 5.0
_LARGEST: Final = 16 * 1024 * 1024
_LIST_FIELDS: Final = ("max_model_len", "context_length", "context_window", "max_context_length")


async def read_context_window(
    http: httpx2.AsyncClient, base: BaseUrl, query: Mapping[str, str], model: str
) -> int | None:
    """Return the tokens of a model's window; `None` where the endpoint does not tell, or not within some seconds."""
    origin = f"{base.scheme}://{base.host}"
    try:
        async with asyncio.timeout(_PATIENCE_S):
            entry = _entry(await _json(http, "GET", f"{base.url}/models", params=dict(query)), model)
            match entry.get("owned_by"):
                case "llamacpp":
                    return _in_properties(await _json(http, "GET", f"{origin}/props"))
                case "library":  # Ollama's name for its own models
                    return _in_details(await _json(http, "POST", f"{origin}/api/show", json={"model": model}))
                case _:
                    return next((tokens for field in _LIST_FIELDS if (tokens := _tokens(entry.get(field)))), None)
    except TimeoutError:
        return None


async def _json(http: httpx2.AsyncClient, method: str, url: str, **more: Any) -> Any:
    """Return what an address answers with, `None` for anything but JSON."""
    try:
        async with http.stream(method, url, **more) as response:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _LARGEST:
                    return None
        return httpx2.Response(200, content=bytes(body)).json()
    except (httpx2.HTTPError, StatusError, StreamtuiError, ValueError, RecursionError):
        return None


def _entry(answer: Any, model: str) -> Mapping[str, Any]:
    """Return what a list of models says of one, nothing where that is not in it."""
    entries = answer.get("data") if isinstance(answer, dict) else answer
    named = (entry for entry in entries if isinstance(entry, dict)) if isinstance(entries, list) else iter(())
    return next((entry for entry in named if model in (entry.get("id"), entry.get("name"))), {})


def _in_properties(answer: Any) -> int | None:
    settings = answer.get("default_generation_settings") if isinstance(answer, dict) else None
    return _tokens(settings.get("n_ctx")) if isinstance(settings, dict) else None


def _in_details(answer: Any) -> int | None:
    info = answer.get("model_info") if isinstance(answer, dict) else None
    if not isinstance(info, dict):
        return None
    return next((_tokens(value) for name, value in info.items() if name.endswith(".context_length")), None)


def _tokens(value: Any) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and value > 0
    return value if is_count else None
