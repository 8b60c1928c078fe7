"""Model servers that may run on this machine: where they listen, and which of them answer."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from streamtui.chat.errors import ConfigError
from streamtui.providers.http.base_url import BaseUrl, parse_base_url

OLLAMA: Final = "ollama"
OLLAMA_HOST: Final = "OLLAMA_HOST"
_OLLAMA_PORT: Final = 11434
_THIS_MACHINE: Final = "127.0.0.1"
_UNSPECIFIED: Final = {"": _THIS_MACHINE, "0.0.0.0": _THIS_MACHINE, "::": "::1", "0:0:0:0:0:0:0:0": "::1"}
"""What a server listens on, and where it is reached then."""


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A kind of model server, and where it listens."""

    name: str
    """The prefix of its models' ids."""
    title: str
    url: BaseUrl

    @property
    def place(self) -> str:
        """What is looked for, and where, as the user is told."""
        at = f":{self.url.port}" if self.url.hostname == _THIS_MACHINE else self.url.host
        return f"{self.title} {at}"


@dataclass(frozen=True, slots=True)
class FoundServer:
    """A server that answers."""

    server: LocalServer
    models: tuple[str, ...]
    """Those it lists: it may have none yet."""


_PORTS: Final[Mapping[str, tuple[str, int]]] = {
    "lmstudio": ("LM Studio", 1234),
    "llamacpp": ("llama.cpp", 8080),
    "vllm": ("vLLM", 8000),
    "koboldcpp": ("KoboldCpp", 5001),
    "jan": ("Jan", 1337),
}
"""By the prefix of their models' ids, in the order in which they are asked, behind Ollama."""


def local_servers(ollama_host: str | None) -> dict[str, LocalServer]:
    """Return the known servers by name, Ollama first. Raises `ConfigError` for an `OLLAMA_HOST` that is no address."""
    servers = [LocalServer(OLLAMA, "Ollama", ollama_url(ollama_host or ""))]
    servers += [LocalServer(name, title, _url(_THIS_MACHINE, port)) for name, (title, port) in _PORTS.items()]
    return {server.name: server for server in servers}


def ollama_url(host: str) -> BaseUrl:
    """Return where `OLLAMA_HOST` says that Ollama is, read as Ollama reads it: a host, a port behind a colon, both, a
    whole URL; what a server listens on by the name of all addresses is reached at this machine's own.

    Raises `ConfigError`.
    """
    scheme, has_scheme, rest = host.strip().strip("\"'").rpartition("://")
    authority, _, path = rest.partition("/")
    default_port = {"http": 80, "https": 443}.get(scheme, _OLLAMA_PORT) if has_scheme else _OLLAMA_PORT
    if authority.count(":") > 1 and not authority.startswith("["):
        authority = f"[{authority}]"  # a bare IPv6 address
    try:
        parts = urlsplit(f"//{authority}")
        hostname, port = parts.hostname or "", parts.port or default_port
    except ValueError:
        raise ConfigError(f"{OLLAMA_HOST} is no address of a server.") from None
    path = path.rstrip("/").removesuffix("v1").rstrip("/")
    reached = _UNSPECIFIED.get(hostname, hostname)
    return _url(reached, port, scheme or "http", f"/{path}" if path else "")


def _url(hostname: str, port: int, scheme: str = "http", path: str = "") -> BaseUrl:
    host = f"[{hostname}]" if ":" in hostname else hostname
    try:
        return parse_base_url(f"{scheme}://{host}:{port}{path}/v1")
    except ConfigError as error:
        raise ConfigError(f"{OLLAMA_HOST}: {error}") from None


class LocalServers:
    """The servers that may run on this machine, and those that answered when they were last asked."""

    def __init__(self, ollama_host: str | None, configured: Collection[str], urls: Collection[BaseUrl]) -> None:
        """`configured` are the names, and `urls` the addresses, that the settings have for something else."""
        self.notice: str | None = None
        """Why Ollama is not asked by itself, in one line."""
        self.found: list[FoundServer] = []
        """Those that list a model, in order."""
        self.is_searched = False
        """Whether they were asked at all."""
        self.without_model: list[LocalServer] = []
        """Those that answer, but have no model yet."""
        try:
            servers = local_servers(ollama_host)
        except ConfigError as error:
            servers = local_servers(None)
            del servers[OLLAMA]
            self.notice = f"{error} Ollama is not looked for."
        self.servers = {name: server for name, server in servers.items() if name not in configured}
        """By name; one that is not on this machine can be asked by its name alone."""
        taken = {_origin(url) for url in urls}
        local = [server for server in self.servers.values() if server.url.is_loopback]
        first = {_origin(server.url): server for server in reversed(local)}
        self._asked = [s for s in local if first[_origin(s.url)] is s and _origin(s.url) not in taken]
        if (ollama := self.servers.get(OLLAMA)) is not None and ollama not in local:
            self.notice = (
                f"{OLLAMA_HOST} names {ollama.url.host}, which is not this machine, so it is not looked for: "
                f"-m {OLLAMA}:NAME asks it."
            )

    @property
    def places(self) -> tuple[str, ...]:
        """What is looked for, and where."""
        return tuple(server.place for server in self._asked)

    async def look(self) -> None:
        """Ask all servers of this machine for their models, at once; no key is sent. Takes two seconds at most, once
        the HTTP library is imported."""
        from streamtui.providers.http.probe import local_models  # nothing of this is needed before the first paint

        answers = await asyncio.gather(*(local_models(server.url) for server in self._asked))
        answered = [pair for pair in zip(self._asked, answers, strict=True) if pair[1] is not None]
        self.is_searched = True
        self.found = [FoundServer(server, tuple(models)) for server, models in answered if models]
        self.without_model = [server for server, models in answered if not models]

    def notices_of_none(self) -> list[str]:
        """Return what to say where none was found."""
        return [f"No model server answers here; looked for {', '.join(self.places)}.", *filter(None, [self.notice])]

    def keep_found(self, earlier: "LocalServers") -> None:
        """Take over what was found under earlier settings, as far as it is still looked for."""
        self.found = [found for found in earlier.found if found.server in self._asked]
        self.is_searched = earlier.is_searched

    def with_model(self, name: str) -> FoundServer | None:
        """Return the first server found that lists a model of this name."""
        return next((found for found in self.found if name in found.models), None)


def _origin(url: BaseUrl) -> tuple[str, int | None]:
    """Return what two addresses of one server have in common."""
    return _THIS_MACHINE if url.is_loopback else url.hostname, url.port or (443 if url.scheme == "https" else 80)
