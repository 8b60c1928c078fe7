"""Keys given while the program runs: checked at their endpoint, then kept in the config folder or in the keyring."""

import asyncio
import importlib.util
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from streamtui import providers
from streamtui.chat.credentials import KeptKey, KeyOffer
from streamtui.chat.errors import ConfigError, ProviderError
from streamtui.chat.ports import Deadlines
from streamtui.chat.sanitize import sanitize_line
from streamtui.providers import PROVIDERS, BaseUrl, Endpoint, Secret, parse_base_url
from streamtui.providers.lazy import first_for_chat
from streamtui.settings import keys
from streamtui.settings.config import Config
from streamtui.settings.endpoints import WELL_KNOWN, NamedEndpoint
from streamtui.settings.models import SettingsCatalog
from streamtui.settings.written import rewrite, with_table, with_variable

_TITLES: Final = {
    "openai": "OpenAI", "anthropic": "Anthropic", "openrouter": "OpenRouter", "groq": "Groq", "mistral": "Mistral",
    "gemini": "Gemini", "deepseek": "DeepSeek", "xai": "xAI",
}  # fmt: skip
_CHECK_S: Final = 30.0
_LISTS_NONE: Final = (404, 405, 501)
"""What an endpoint answers that has no list of models."""
_PASTED: Final = "the key that was given"


@dataclass(frozen=True, slots=True)
class _Place:
    """What an offer stands for, and where its key is kept."""

    endpoint: Endpoint
    variable: str
    table: NamedEndpoint | None = None
    """What `config.toml` has of it; `None` where it needs no table."""
    is_new: bool = False
    """Whether that table is still to be written."""


class KeySetup:
    """Implements `chat.credentials.KeySetup` over a catalog, which goes by each key that is kept at once."""

    def __init__(self, catalog: SettingsCatalog, read: Callable[[], Config], learned: Callable[[Secret], None]) -> None:
        """`read` reads all settings anew; `learned` hears of each key that is given, for redaction."""
        self._catalog = catalog
        self._read = read
        self._learned = learned
        self._config = read()
        self._places: dict[str, _Place] = {}

    def offers(self) -> list[KeyOffer]:
        own = self._config.settings.endpoints
        names = dict.fromkeys([name for name, row in PROVIDERS.items() if row.key_variable] + [*WELL_KNOWN, *own])
        offers: list[KeyOffer] = []
        for name in names:
            with suppress(ConfigError):
                if (place := self._known(name)) is not None:
                    offers.append(self._offer(name, place))
        return sorted(offers, key=lambda offer: offer.has_key)

    def address(self, typed: str) -> KeyOffer:
        url = _address(typed)
        for offer in self.offers():
            known = self._places[offer.name].endpoint.url
            if known is not None and known.url == url.url:
                return offer
        name = self._free_name(url)
        table = NamedEndpoint(url.url)
        variable = re.sub(r"\W", "_", f"{name}_API_KEY").upper()
        if variable[0].isdigit():
            variable = f"KEY_{variable}"
        place = _Place(Endpoint(next(iter(PROVIDERS)), url, name=name), variable, table, is_new=True)
        return replace(self._offer(name, place), is_optional=True)

    async def check(self, offer: KeyOffer, key: str) -> list[str] | None:
        endpoint = replace(
            self._places[offer.name].endpoint,
            key=self._secret(key),
            key_variable=_PASTED,
            fetch_key=None,
            withheld=None,
        )
        await asyncio.to_thread(providers.preload, endpoint.provider)
        if offer.name in WELL_KNOWN and WELL_KNOWN[offer.name].key_path:
            from streamtui.providers.key_check import refuse_wrong_key  # it needs the HTTP library

            await refuse_wrong_key(endpoint, WELL_KNOWN[offer.name].key_path)
        provider = providers.create_at(endpoint, deadlines=Deadlines(10.0, _CHECK_S, _CHECK_S))
        try:
            return await provider.models()
        except ProviderError as error:
            if error.status in _LISTS_NONE:
                return None
            raise
        finally:
            await provider.aclose()

    async def keep(self, offer: KeyOffer, key: str, models: Sequence[str] | None, *, in_keyring: bool) -> KeptKey:
        place = self._places[offer.name]
        secret = self._secret(key)
        undo: list[Callable[[], None]] = []
        try:
            write = partial(self._write, offer, place, secret, undo, in_keyring=in_keyring)
            where = await asyncio.to_thread(write)
            config = await asyncio.to_thread(self._read)
            self._catalog.reconfigure(config)
        except ConfigError:
            for take_back in reversed(undo):
                with suppress(OSError):
                    take_back()
            raise
        self._config = config
        return KeptKey(where, self._model(offer.name, models), self._hidden_by(place, secret))

    # -- what there is

    def _known(self, name: str) -> _Place | None:
        """Return where the key of a known endpoint goes; `None` where its table has it come from somewhere else."""
        own = self._config.settings.endpoints.get(name)
        if own is not None:
            endpoint = self._catalog.endpoints.endpoint(name)
            variable = own.key_env or ""
            return _Place(endpoint, variable, own) if variable or own.keyring else None
        if name in WELL_KNOWN:
            known = WELL_KNOWN[name]
            url = parse_base_url(known.base_url)
            table = NamedEndpoint(known.base_url)
            found = self._config.find(known.key_variable)
            key = Secret(found.value) if found else None
            return _Place(Endpoint(next(iter(PROVIDERS)), url, key, name=name), known.key_variable, table)
        return _Place(self._catalog.endpoints.endpoint(name), PROVIDERS[name].key_variable or "")

    def _offer(self, name: str, place: _Place) -> KeyOffer:
        self._places[name] = place
        url = place.endpoint.url
        is_exposed = url is not None and url.scheme == "http" and not url.is_loopback
        has_own_table = place.table is not None and name in self._config.settings.endpoints
        return KeyOffer(
            name,
            _TITLES.get(name, name),
            place.endpoint.host,
            has_key=place.endpoint.key is not None,
            is_exposed=is_exposed,
            can_use_keyring=place.table is not None and (place.table.keyring or not has_own_table) and _has_keyring(),
        )

    def _free_name(self, url: BaseUrl) -> str:
        """Return a name for an endpoint at an address, made of its host."""
        labels = [label for label in url.hostname.split(".") if label not in ("api", "www")]
        port = [str(url.port)] if url.port else []
        is_name = not url.hostname.replace(".", "").isdigit() and len(labels) > 1
        text = "-".join(["local", *port] if url.is_loopback else labels[:-1] if is_name else [*labels, *port])
        stem = re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-").lower() or "endpoint"
        taken = {*PROVIDERS, *WELL_KNOWN, *self._config.settings.endpoints, *self._catalog.endpoints.local.servers}
        return next(name for n in range(1, 1000) if (name := stem if n == 1 else f"{stem}-{n}") not in taken)

    def _secret(self, key: str) -> Secret | None:
        key = sanitize_line(key.strip().removeprefix("Bearer ").strip(), 10_000)
        if not key:
            return None
        secret = Secret(key)
        self._learned(secret)
        return secret

    # -- keeping

    def _write(
        self, offer: KeyOffer, place: _Place, key: Secret | None, undo: list[Callable[[], None]], *, in_keyring: bool
    ) -> str:
        """Write down the key and what it belongs to; return where the key is, in words. `undo` gets what takes it
        back."""
        paths = self._config.paths
        where = ""
        values: dict[str, str | bool] = {"base_url": place.table.base_url if place.table else ""}
        if in_keyring and key is not None:
            keys.put_into_keyring(offer.name, key)
            values["keyring"] = True
            where = "the keyring"
        elif key is not None:
            undo.append(
                rewrite(paths.env, partial(with_variable, name=place.variable, value=key.reveal()), is_secret=True)
            )
            values["key_env"] = place.variable
            where = sanitize_line(str(paths.env))
        needs_table = place.is_new or (in_keyring and offer.name not in self._config.settings.endpoints)
        if needs_table:
            header = f"endpoints.{offer.name}"
            undo.append(rewrite(paths.settings, partial(with_table, header=header, values=values)))
        return where or sanitize_line(str(paths.settings))

    def _model(self, name: str, models: Sequence[str] | None) -> str:
        """Return the model to go on with: the one that is configured, where it is this endpoint's."""
        with suppress(ConfigError):
            default = self._catalog.model()
            if default.provider.name == name and default.name:
                return default.id
        row = PROVIDERS.get(name)
        if row is not None and row.default_model and row.default_model in (models or ()):
            return f"{name}:{row.default_model}"
        first = first_for_chat(models or ())
        return f"{name}:{first}" if first else ""

    def _hidden_by(self, place: _Place, key: Secret | None) -> str:
        """Return why the key that was given is not the one that is used, if it isn't."""
        if key is None or not place.variable:
            return ""
        used = self._config.find(place.variable)
        if used is None or used.value == key.reveal():
            return ""
        return f"{place.variable} from {used.source} goes before it: unset that."


def _address(typed: str) -> BaseUrl:
    """Return what was meant by an address: `https://` may be left out, and so may `/v1`. Raises `ConfigError`."""
    text = typed.strip()
    if "://" not in text:
        is_local = parse_base_url(f"http://{text}").is_loopback
        text = f"{'http' if is_local else 'https'}://{text}"
    url = parse_base_url(text)
    has_path = url.url.count("/") > 2
    return url if has_path else replace(url, url=f"{url.url}/v1")


def _has_keyring() -> bool:
    return importlib.util.find_spec("keyring") is not None
