"""`streamtui serve`: hands the engine to the web front end, once in every worker."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from streamtui.chat.conversation import Options
from streamtui.chat.errors import ConfigError
from streamtui.chat.ports import InMemoryQuirks
from streamtui.chat.sanitize import sanitize_line
from streamtui.cli import open_store
from streamtui.settings.config import Config
from streamtui.settings.models import EXPOSED, NOTHING_CONFIGURED, SettingsCatalog
from streamtui.store.transcript import summary_json, transcript
from streamtui.web import BindAddress, Engine, ServeLimits, serve


@dataclass(frozen=True, slots=True)
class EngineFactory:
    """Builds the engine of one worker. Picklable, so that it can be sent to a process of its own."""

    config: Config
    options: Options
    demo: bool
    insecure_http: bool

    def __call__(self) -> AbstractContextManager[Engine]:
        return self._engine()

    @contextmanager
    def _engine(self) -> Iterator[Engine]:
        with open_store.announced(self.config) as store:
            catalog = SettingsCatalog(self.config, store.memory, demo=self.demo, insecure_http=self.insecure_http)
            yield Engine(catalog, store, summary_json, transcript, self.options, self.config.settings.system)

    def check(self) -> None:
        """Raise `ConfigError` for settings with which nothing could be answered."""
        catalog = SettingsCatalog(self.config, InMemoryQuirks(), demo=self.demo, insecure_http=self.insecure_http)
        if not (catalog.is_configured or self.demo):
            raise ConfigError(NOTHING_CONFIGURED)
        if host := catalog.exposed_host(catalog.model()):
            raise ConfigError(EXPOSED.format(host=host))


async def run(said: argparse.Namespace, config: Config, options: Options, start_log: Callable[[], None]) -> int:
    """Serve until cancelled. `start_log` is called in every further process, and must be picklable."""
    demo, insecure = getattr(said, "demo", False), getattr(said, "insecure_http", False)
    composition = EngineFactory(config, options, demo, insecure)
    composition.check()
    place = BindAddress(
        config.paths.data,
        said.host,
        said.port,
        _token(said.token_file),
        tuple(said.allow_host),
        said.workers,
    )
    limits = ServeLimits(streams=said.max_streams or config.settings.upstream_streams)
    await serve(composition, place, limits, start_log=start_log)
    return 0


def _token(name: str | None) -> str | None:
    if name is None:
        return None
    try:
        return Path(name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise ConfigError(
            f"{sanitize_line(name)} can't be read: --token-file takes a file with a token in it."
        ) from None
