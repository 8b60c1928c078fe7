"""The lists of models of all endpoints: asked for side by side, and kept for the next time, with the favourites."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from streamtui.chat.catalog import ModelList
from streamtui.chat.errors import PlaintextKeyError, StreamtuiError
from streamtui.chat.ports import Model
from streamtui.chat.sanitize import sanitize_line
from streamtui.providers.lazy import LazyProvider, is_for_chat, no_model_error
from streamtui.settings.paths import Paths
from streamtui.system.atomic import write_atomically
from streamtui.system.private import private_folder

_LARGEST: Final = 16 * 1024 * 1024
_LONGEST_ID: Final = 4200
Missed = Callable[[StreamtuiError], object]
"""Hears why an endpoint's models are not among those of the others."""


def lists_file(paths: Paths) -> Path | None:
    """Return where the lists are kept; `None` where nothing can be."""
    return paths.data_folder / "models.json" if paths.data_folder is not None else None


class ModelLists:
    """Implements `chat.catalog.ModelLists`.

    A file that can't be read counts as none; what can't be written is forgotten at the end.
    """

    def __init__(
        self,
        providers: Callable[[], Sequence[LazyProvider]],
        exposed_host: Callable[[Model], str | None],
        look: Callable[[], Awaitable[None]],
        path: Path | None,
    ) -> None:
        """`providers` returns those that can be asked, in their order; `exposed_host` returns the host to which a key
        would travel in the clear, which is not asked; `look` looks for the servers of this machine."""
        self._providers = providers
        self._exposed_host = exposed_host
        self._look = look
        self._path = path
        self._kept: dict[str, ModelList] | None = None
        """By endpoint; `None` before the file is read."""
        self._favourites: list[str] = []

    @property
    def favourites(self) -> Sequence[str]:
        self._read()
        return self._favourites

    def last(self) -> list[ModelList]:
        known = self._read()
        lists = (known.get(provider.name) for provider in self._providers())
        hosts = {provider.name: provider.host for provider in self._providers()}
        return [one for one in lists if one is not None and one.host == hosts[one.endpoint]]

    async def refresh(self, missed: Missed) -> AsyncGenerator[ModelList, None]:
        known = self._read()
        await self._look()
        tasks = [asyncio.create_task(self._list(provider)) for provider in self._providers()]
        try:
            for next_one in asyncio.as_completed(tasks):
                try:
                    models = await next_one
                except StreamtuiError as error:
                    missed(error)
                    continue
                known[models.endpoint] = models
                yield models
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.to_thread(self._write)

    async def all_ids(self, missed: Missed) -> list[str]:
        """Return the ids of all models, in the order of the endpoints. Raises the first endpoint's error where none
        answers."""
        failures: list[StreamtuiError] = []
        answered = {models.endpoint: models async for models in self.refresh(failures.append)}
        ids = [id for provider in self._providers() if provider.name in answered for id in answered[provider.name].ids]
        if failures and not ids:
            raise failures[0]
        for failure in failures:
            missed(failure)
        return ids

    def mark(self, id: str) -> bool:
        self._read()
        is_favourite = id not in self._favourites
        if is_favourite:
            self._favourites.append(id)
        else:
            self._favourites.remove(id)
        self._write()
        return is_favourite

    async def _list(self, provider: LazyProvider) -> ModelList:
        """Ask one endpoint. Raises `StreamtuiError`."""
        if host := self._exposed_host(Model(provider, "")):
            raise PlaintextKeyError(host)
        names = await provider.models()
        if not names:
            raise no_model_error(provider.host)
        return _models(provider.name, provider.host, [Model(provider, name).id for name in names])

    def _read(self) -> dict[str, ModelList]:
        if self._kept is None:
            content = _content(self._path)
            lists = map(_model_list, _entries(content.get("lists")))
            self._kept = {one.endpoint: one for one in lists if one is not None}
            self._favourites = _ids(content.get("favourites"))
        return self._kept

    def _write(self) -> None:
        if self._path is None or self._kept is None:
            return
        lists = [{"endpoint": one.endpoint, "host": one.host, "ids": one.ids} for one in self._kept.values()]
        content = {"favourites": self._favourites, "lists": lists}
        with suppress(OSError):
            private_folder(self._path.parent)
            write_atomically(self._path, json.dumps(content, ensure_ascii=False).encode("utf-8", "replace"))


def _content(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(_LARGEST))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _entries(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _ids(value: object) -> list[str]:
    texts = (sanitize_line(id, _LONGEST_ID) for id in _entries(value) if isinstance(id, str))
    return list(dict.fromkeys(id for id in texts if id))


def _models(endpoint: str, host: str, ids: Sequence[str]) -> ModelList:
    return ModelList(endpoint, host, tuple(ids), frozenset(id for id in ids if not is_for_chat(id)))


def _model_list(entry: object) -> ModelList | None:
    match entry:
        case {"endpoint": str() as endpoint, "host": str() as host, "ids": list() as ids}:
            return _models(sanitize_line(endpoint, 80), sanitize_line(host, 300), _ids(ids))
        case _:
            return None
