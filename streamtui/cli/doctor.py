"""`streamtui doctor`: what was found, from where, and whether anything would stop a chat."""

import platform
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Final

from streamtui import __version__
from streamtui.chat.errors import ConfigError
from streamtui.chat.ports import InMemoryQuirks
from streamtui.cli import doctor_endpoints, doctor_store, doctor_terminal, output
from streamtui.cli.args import DoctorArgs
from streamtui.cli.context import Context
from streamtui.cli.doctor_endpoints import EndpointFindings
from streamtui.cli.doctor_store import StoreFindings
from streamtui.cli.doctor_terminal import TerminalFindings
from streamtui.cli.exit_codes import DONE, FAILED
from streamtui.cli.process import on_loop
from streamtui.cli.stdio import complain
from streamtui.providers.redaction import redact
from streamtui.settings.models import SettingsCatalog
from streamtui.store.maintenance import SQLITE_VERSION

_PACKAGES: Final = ("textual", "openai", "anthropic")
"""What may be older than this program expects, or missing."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All findings."""

    endpoints: tuple[EndpointFindings, ...]
    terminal: TerminalFindings
    store: StoreFindings
    versions: dict[str, str]
    looked_for: tuple[str, ...]
    """Which servers of this machine, where none was found."""
    notice: str | None
    """Why one of them was not looked for."""
    problems: tuple[str, ...]
    """What would stop a chat, one line each."""

    def wire(self) -> dict[str, Any]:
        """Return the findings as `--json` has them."""
        return {
            "endpoints": [endpoint.wire() for endpoint in self.endpoints],
            "terminal": self.terminal.wire(),
            "store": self.store.wire(),
            "versions": self.versions,
        }

    def text(self) -> str:
        """Return the findings as paragraphs, one for each part."""
        parts = {
            "endpoints": [*(line for endpoint in self.endpoints for line in endpoint.lines()), *self._search()],
            "terminal": self.terminal.lines(),
            "store": self.store.lines(),
            "versions": [", ".join(f"{name} {version}" for name, version in self.versions.items())],
        }
        return "\n".join(f"{name}\n" + "".join(f"  {line}\n" for line in lines) for name, lines in parts.items())

    def _search(self) -> list[str]:
        notices = [self.notice] if self.notice else []
        if self.looked_for:
            return [f"no model server on this machine; looked for {', '.join(self.looked_for)}", *notices]
        return notices if self.endpoints else ["none", *notices]


def run(args: DoctorArgs, context: Context) -> int:
    """Print what was found and return the exit code: `FAILED` where something would stop a chat."""
    terminal = doctor_terminal.examine()  # before anything is printed

    async def show() -> int:
        diagnosis = await _diagnose(context, terminal)
        if args.json:
            await output.print_json(diagnosis.wire())
        else:
            await output.print_text(redact(diagnosis.text(), context.secrets))
        for problem in diagnosis.problems:
            complain(redact(problem, context.secrets))
        return FAILED if diagnosis.problems else DONE

    return on_loop(show(), rescue=lambda: None)


async def _diagnose(context: Context, terminal: TerminalFindings) -> Diagnosis:
    store = doctor_store.examine(context.config)
    endpoints: tuple[EndpointFindings, ...] = ()
    looked_for: tuple[str, ...] = ()
    notice: str | None = None
    try:
        catalog = _catalog(context)
    except ConfigError as error:
        problems = [str(error)]
    else:
        try:
            endpoints = await doctor_endpoints.ping_all(catalog, context)
            problems = _endpoint_problems(catalog, endpoints)
            local = catalog.endpoints.local
            looked_for = local.places if local.is_searched and not local.found else ()
            notice = local.notice
        finally:
            await catalog.aclose()
    problems += filter(None, [store.problem])
    return Diagnosis(endpoints, terminal, store, _versions(), looked_for, notice, tuple(problems))


def _catalog(context: Context) -> SettingsCatalog:
    """Return the catalog of models, also where its default can't be asked. Raises `ConfigError`."""
    shared = context.shared
    catalog = SettingsCatalog(
        context.config,
        InMemoryQuirks(),
        demo=shared.demo,
        insecure_http=shared.insecure_http,
        finds_servers=True,
        learned=context.secrets.append,
    )
    context.secrets.extend(catalog.endpoints.secrets)
    return catalog


def _endpoint_problems(catalog: SettingsCatalog, endpoints: tuple[EndpointFindings, ...]) -> list[str]:
    if not endpoints:
        return [catalog.endpoints.lacks]
    try:
        catalog.model()
    except ConfigError as error:
        return [str(error)]
    return [endpoint.error for endpoint in endpoints if endpoint.is_default and endpoint.error]


def _versions() -> dict[str, str]:
    versions = {"streamtui": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            versions[package] = metadata.version(package)
    return versions | {"sqlite": SQLITE_VERSION, "os": platform.platform()}
