"""Arguments and settings, turned into what the engine needs."""

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from streamtui.chat.errors import ConfigError
from streamtui.chat.ports import InMemoryQuirks, QuirkStore
from streamtui.chat.sanitize import sanitize_line
from streamtui.cli import daily, process
from streamtui.cli.args import SharedArgs
from streamtui.providers.redaction import Secret
from streamtui.settings.config import Config
from streamtui.settings.files import READABLE_BY_OTHERS
from streamtui.settings.paths import Paths

if TYPE_CHECKING:  # what is saved can be read without asking any model
    from streamtui.chat.conversation import Options
    from streamtui.settings.models import SettingsCatalog
    from streamtui.settings.prices import PriceBook


@dataclass(frozen=True, slots=True)
class Context:
    """What every command runs with."""

    shared: SharedArgs
    config: Config
    secrets: list[Secret] = field(repr=False)
    """Grows as keys are found; whatever is logged or reported is redacted by it."""

    @property
    def warnings(self) -> list[str]:
        """What the user should know about the settings; what stays true from day to day once a day."""
        lasting = [warning for warning in self.config.warnings if warning.endswith(READABLE_BY_OTHERS)]
        left_out = {*lasting} - {*daily.due(lasting, self.config.paths.data_folder)}
        return [warning for warning in self.config.warnings if warning not in left_out]

    @property
    def options(self) -> "Options":
        from streamtui.chat.conversation import Options
        from streamtui.chat.retry import Policy

        settings = self.config.settings
        policy = Policy(retries=settings.retries, reconnects=settings.reconnects)
        return Options(self.shared.temperature, self.shared.max_tokens, policy)

    def catalog(self, quirks: QuirkStore, *, finds_servers: bool = False) -> "SettingsCatalog":
        """Return the catalog of models, which looks for the servers of this machine where it may. Raises `ConfigError`
        for a base URL, key or model that can't be used."""
        from streamtui.settings.configured import is_demo
        from streamtui.settings.models import SettingsCatalog

        shared = self.shared
        others = [name for name in shared.models if not is_demo(name)]
        if shared.demo and others:
            raise ConfigError(f"--demo and -m {sanitize_line(others[0])} name two models: leave one of them out.")
        catalog = SettingsCatalog(
            self.config,
            quirks,
            demo=shared.demo,
            insecure_http=shared.insecure_http,
            finds_servers=finds_servers,
            learned=self.secrets.append,
        )
        self.secrets.extend(catalog.endpoints.secrets)
        catalog.model()
        return catalog

    @property
    def prices(self) -> "PriceBook":
        """What models cost, from all sources. Takes 0.2 s where the list of prices is installed."""
        from streamtui.settings.models import SettingsCatalog

        prices = SettingsCatalog(self.config, InMemoryQuirks()).prices
        prices.load()
        return prices

    def reread(self) -> Config:
        """Read all settings anew. Raises `ConfigError`."""
        return read_config(self.shared, self.config.paths)

    def report_crash(self, error: BaseException) -> str:
        """Write a crash report and return the line about it."""
        return process.report_crash(error, self.config.paths.reports, self.secrets)


def read_config(shared: SharedArgs, places: Paths) -> Config:
    """Return what all sources say, the command line among them. Raises `ConfigError`."""
    options = {
        "base_url": shared.base_url,
        "temperature": shared.temperature,
        "max_tokens": shared.max_tokens,
        "system": shared.system,
        "model": shared.models[-1] if shared.models else None,
    }
    return Config.read(places, os.environ, env_file=shared.env_file, options=options)
