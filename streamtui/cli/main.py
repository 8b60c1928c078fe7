"""The composition root: arguments → settings → store → provider → one front end; exit codes and signals."""

import argparse
import json
import os
import signal
from collections.abc import Callable, Coroutine, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any, Final

from streamtui.chat import statistics
from streamtui.chat.conversation import Options
from streamtui.chat.errors import ConfigError, NotFoundError, ProviderError, StreamtuiError
from streamtui.chat.ports import InMemoryQuirks, Library, NullRecorder, QuirkStore
from streamtui.chat.retry import Policy
from streamtui.chat.sanitize import sanitize_line
from streamtui.cli import args, ask, async_io, crash, logs, open_store, output_file, signals, stdio
from streamtui.cli.signals import Stopped, on_loop
from streamtui.cli.stdio import complain, say
from streamtui.providers.redaction import Secret, redact
from streamtui.settings.config import Config, Paths, paths
from streamtui.settings.models import SettingsCatalog, is_demo
from streamtui.store import Store, export_json, export_markdown
from streamtui.store.transcript import iso_time, summary_json

DONE: Final = 0
FAILED: Final = 1
USAGE: Final = 2
CRASHED: Final = 70
"""EX_SOFTWARE of sysexits.h."""
_RESCUE_S: Final = 0.2


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    stdio.prepare()
    try:
        code = _obey(words)
    except SystemExit as ended:  # argparse has said it
        code = int(ended.code or DONE)
    if code > 128:
        signals.ignore()  # one has ended it, and while the interpreter shuts down another would change the exit code
    return stdio.written_out(code)


def _obey(words: Sequence[str] | None) -> int:
    said = args.parse(words)
    try:
        places = paths(getattr(said, "data_dir", None))
    except ConfigError as error:
        return _complain(error, USAGE, [])
    return _obey_in(places, said)


def _obey_in(places: Paths, said: argparse.Namespace) -> int:
    secrets: list[Secret] = []
    try:
        config = _read_config(said, places)
        logs.start(getattr(said, "log", None), secrets)
        return _run(said, config, secrets)
    except (ConfigError, NotFoundError) as error:
        return _complain(error, USAGE, secrets)
    except ProviderError as error:
        return _complain(error, USAGE if error.kind == "missing_extra" else FAILED, secrets)
    except StreamtuiError as error:
        return _complain(error, FAILED, secrets)
    except Stopped as stopped:
        return 128 + stopped.number
    except BrokenPipeError:
        return 128 + signal.SIGPIPE
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except OSError as error:
        return _complain(StreamtuiError(_in_words(error)), FAILED, secrets)
    except Exception as error:
        say(crash.report(error, places.reports, secrets))
        return CRASHED


def _in_words(error: OSError) -> str:
    """Return what the system refused, and on what."""
    why = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {why}." if error.filename else f"The system refuses: {why}."


def _read_config(said: argparse.Namespace, places: Paths) -> Config:
    options = {name: getattr(said, name, None) for name in ("base_url", "temperature", "max_tokens", "system")}
    options["model"] = said.model[-1] if getattr(said, "model", None) else None
    return Config.read(places, os.environ, env_file=getattr(said, "env_file", None), options=options)


def _run(said: argparse.Namespace, config: Config, secrets: list[Secret]) -> int:
    for warning in config.warnings if said.command is not None else ():  # the app shows them itself
        complain(warning)
    match said.command:
        case "ask":
            return _ask(said, config, secrets)
        case "list":
            return _with_library(config, lambda library: _list(library, as_json=said.json))
        case "export":
            return _with_library(config, lambda library: _export(library, said.id, said.format, said.output))
        case "delete":
            return _with_library(config, lambda library: _delete(library, said.id))
        case "serve":
            return _serve(said, config, secrets)
        case "stats":
            return _with_library(config, lambda library: _stats(library, config, as_json=said.json))
        case "models":
            return _models(said, config, secrets)
        case _:
            return _app(said, config, secrets)


def _app(said: argparse.Namespace, config: Config, secrets: list[Secret]) -> int:
    from streamtui.tui import launch

    launch.refuse_unusable_terminal(os.environ)
    with open_store.opened(config) as store:
        catalog = _catalog(said, config, store.memory, secrets)
        return launch.run(
            launch.Start(
                catalog=catalog,
                storage=store,
                options=_options(config),
                system=config.settings.system,
                instruction=getattr(said, "system", None),
                theme=config.settings.theme,
                smooth=config.settings.pace == "smooth",
                prices=config.settings.prices,
                model=catalog.model(said.model[-1]) if hasattr(said, "model") else None,
                latest=getattr(said, "latest", False),
                resume=getattr(said, "resume", None),
                notices=(*config.warnings, *store.notices, *_demo_hint(config, catalog)),
                transcript=lambda form: export_json if form == "json" else export_markdown,
                report=lambda error: crash.report(error, config.paths.reports, secrets),
            )
        )


def _demo_hint(config: Config, catalog: SettingsCatalog) -> tuple[str, ...]:
    """Say why the demo answers where somebody named another model."""
    if config.model is None or catalog.is_configured:
        return ()
    return (f"{catalog.lacks} So this is the demo.",)


def _ask(said: argparse.Namespace, config: Config, secrets: list[Secret]) -> int:
    with ExitStack() as stack:
        store: Store | None = None
        if not said.no_save or ask.resumes(said):
            store = stack.enter_context(open_store.announced(config))
        catalog = _catalog(said, config, store.memory if store else InMemoryQuirks(), secrets)
        if not catalog.is_configured and not getattr(said, "demo", False):
            raise ConfigError(catalog.lacks)
        recorder = NullRecorder() if store is None or said.no_save else store.recorder
        headless = ask.Headless(said, catalog, recorder, store, _options(config), config.settings.system)
        return on_loop(headless.run(ask.prompts(said)), rescue=lambda: _rescue(store))


def _rescue(store: Store | None) -> None:
    """Bring to disk what a process that has to go now still holds."""
    if store is not None:
        store.flush_or_spill(_RESCUE_S)


def _serve(said: argparse.Namespace, config: Config, secrets: list[Secret]) -> int:
    try:
        from streamtui.cli import serve
    except ModuleNotFoundError as error:
        raise ConfigError(f"`serve` needs {error.name}: pip install 'streamtui[web]'.") from None
    _catalog(said, config, InMemoryQuirks(), secrets)
    start_log = partial(logs.start, getattr(said, "log", None), secrets)
    return on_loop(serve.run(said, config, _options(config), start_log))


def _models(said: argparse.Namespace, config: Config, secrets: list[Secret]) -> int:
    catalog = _catalog(said, config, InMemoryQuirks(), secrets)

    async def show() -> int:
        try:
            names = await catalog.available(missed=lambda error: complain(redact(str(error), secrets)))
        finally:
            await catalog.aclose()
        return await (_print_json(names) if said.json else _print("".join(f"{name}\n" for name in names)))

    return on_loop(show(), rescue=lambda: _rescue(None))


def _with_library(config: Config, command: Callable[[Library], Coroutine[Any, Any, int]]) -> int:
    with open_store.announced(config) as store:
        return on_loop(command(store.library))


async def _list(library: Library, *, as_json: bool) -> int:
    found = await library.conversations()
    if as_json:
        return await _print_json([summary_json(each) for each in found])
    lines = (
        f"{each.id}  {_minute(each.updated)}  {each.messages:>4}  {each.status:<11}  {each.model}  {each.title}\n"
        for each in found
    )
    return await _print("".join(lines))


def _minute(seconds: float) -> str:
    """Return a time to the minute, in UTC, which it says."""
    return f"{iso_time(seconds)[:16].replace('T', ' ')}Z"


async def _export(library: Library, prefix: str, form: str, output: str | None) -> int:
    record, messages = await library.load(await library.find(prefix))
    text = export_json(record, messages) if form == "json" else export_markdown(record, messages)
    if output is None or output == ask.STDOUT:
        return await _print(text)
    with output_file.opened(output, in_one_piece=True) as file:
        await file.write(text)
        file.settle(is_complete=True)
    return DONE


async def _delete(library: Library, prefix: str) -> int:
    found = await library.find(prefix)
    await library.delete(found)
    return await _print(f"deleted {found}\n")


async def _stats(library: Library, config: Config, *, as_json: bool) -> int:
    found = statistics.by_model(await library.timings(limit=100_000), config.settings.prices)
    if as_json:
        return await _print_json([each.wire() for each in found])
    return await _print(statistics.table(found) + "\n")


async def _print(text: str) -> int:
    """Write to stdout, so that a signal is obeyed while nobody reads it."""
    await async_io.standard_output().write(text)
    return DONE


async def _print_json(value: object) -> int:
    return await _print(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def _catalog(said: argparse.Namespace, config: Config, memory: QuirkStore, secrets: list[Secret]) -> SettingsCatalog:
    demo = getattr(said, "demo", False)
    others = [name for name in getattr(said, "model", ()) if not is_demo(name)]
    if demo and others:
        raise ConfigError(f"--demo and -m {sanitize_line(others[0])} name two models: leave one of them out.")
    catalog = SettingsCatalog(
        config,
        memory,
        demo=demo,
        insecure_http=getattr(said, "insecure_http", False),
    )
    secrets.extend(catalog.secrets)
    catalog.model()  # a base URL, key or model that can't be used is said before anything else happens
    return catalog


def _options(config: Config) -> Options:
    settings = config.settings
    policy = Policy(retries=settings.retries, reconnects=settings.reconnects)
    return Options(settings.temperature, settings.max_tokens, policy)


def _complain(error: StreamtuiError, code: int, secrets: list[Secret]) -> int:
    complain(redact(str(error), secrets))
    return code
