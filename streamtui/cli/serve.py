"""`streamtui serve`: hands the engine to the web front end, once in every worker."""

import gc
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from streamtui.chat.conversation import Options
from streamtui.chat.errors import ConfigError, PlaintextKeyError
from streamtui.chat.ports import InMemoryQuirks
from streamtui.chat.sanitize import sanitize_line
from streamtui.cli import process, store
from streamtui.cli.args import ServeArgs
from streamtui.cli.context import Context
from streamtui.cli.exit_codes import DONE
from streamtui.settings.config import Config
from streamtui.settings.configured import NOTHING_CONFIGURED
from streamtui.settings.models import SettingsCatalog
from streamtui.web import BindAddress, Engine, ServeLimits, serve
from streamtui.workspace.transcript import summary_json, transcript


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
        with store.announced(self.config) as storage:
            catalog = SettingsCatalog(self.config, storage.memory, demo=self.demo, insecure_http=self.insecure_http)
            yield Engine(catalog, storage, summary_json, transcript, self.options, self.config.settings.system)

    def check(self) -> None:
        """Raise `ConfigError` for settings with which nothing could be answered."""
        catalog = SettingsCatalog(self.config, InMemoryQuirks(), demo=self.demo, insecure_http=self.insecure_http)
        if not (catalog.endpoints.is_configured or self.demo):
            raise ConfigError(NOTHING_CONFIGURED)
        if host := catalog.exposed_host(catalog.model()):
            raise PlaintextKeyError(host)


def run(args: ServeArgs, context: Context) -> int:
    """Serve until a signal comes. Raises `ConfigError` where nothing could be answered."""
    config, shared = context.config, args.shared
    context.catalog(InMemoryQuirks())  # finds the keys that the log must not show
    factory = EngineFactory(config, context.options, shared.demo, shared.insecure_http)
    factory.check()
    address = BindAddress(
        config.paths.data,
        args.host,
        args.port,
        _token(args.token_file),
        args.allow_host,
        args.workers,
    )
    limits = ServeLimits(streams=args.max_streams or config.settings.upstream_streams)
    # Called in every further process, so it must be picklable.
    start_log = partial(process.start_log, shared.log, context.secrets)

    async def serve_until_cancelled() -> int:
        gc.set_threshold(2000)  # what was imported without the collector is here now, and this goes on for long
        await serve(factory, address, limits, start_log=start_log)
        return DONE

    return process.on_loop(serve_until_cancelled())


def _token(name: str | None) -> str | None:
    if name is None:
        return None
    try:
        return Path(name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise ConfigError(
            f"{sanitize_line(name)} can't be read: --token-file takes a file with a token in it."
        ) from None
