"""The commands about what is saved (list, export, delete, stats), and about the models on offer."""

import json
from collections.abc import Mapping
from typing import assert_never

from streamtui.chat import statistics
from streamtui.chat.ports import InMemoryQuirks, Library
from streamtui.chat.statistics import Price
from streamtui.chat.timestamps import utc_minute
from streamtui.cli import output, store
from streamtui.cli.args import DeleteArgs, ExportArgs, ListArgs, ModelsArgs, StatsArgs
from streamtui.cli.context import Context
from streamtui.cli.exit_codes import DONE
from streamtui.cli.process import on_loop
from streamtui.cli.stdio import complain
from streamtui.providers.redaction import redact
from streamtui.store import export_json
from streamtui.store.transcript import summary_json
from streamtui.workspace import reports
from streamtui.workspace.markdown_export import export_markdown


def run(args: ListArgs | ExportArgs | DeleteArgs | StatsArgs, context: Context) -> int:
    """Run a command on the saved conversations and return its exit code."""
    with store.announced(context.config) as storage:
        return on_loop(_run(args, storage.library, context))


async def _run(args: ListArgs | ExportArgs | DeleteArgs | StatsArgs, library: Library, context: Context) -> int:
    match args:
        case ListArgs():
            await _list(args, library)
        case ExportArgs():
            await _export(args, library)
        case DeleteArgs():
            await _delete(args, library)
        case StatsArgs():
            await _stats(args, library, context.config.settings.prices)
        case _:
            assert_never(args)
    return DONE


async def _list(args: ListArgs, library: Library) -> None:
    summaries = await library.conversations()
    if args.json:
        await _print_json([summary_json(summary) for summary in summaries])
        return
    lines = (
        f"{summary.id}  {utc_minute(summary.updated)}Z  {summary.messages:>4}  {summary.status:<11}  {summary.model}  "
        f"{summary.title}\n"
        for summary in summaries
    )
    await _print("".join(lines))


async def _export(args: ExportArgs, library: Library) -> None:
    record, messages = await library.load(await library.find(args.id))
    if args.format == "json":
        text = export_json(record, messages)
    else:
        text = export_markdown(record, messages, all_branches=args.all_branches)
    if args.output is None:
        await _print(text)
        return
    with output.opened(args.output, in_one_piece=True) as file:
        await file.write(text)
        file.settle(is_complete=True)


async def _delete(args: DeleteArgs, library: Library) -> None:
    id = await library.find(args.id)
    await library.delete(id)
    await _print(f"deleted {id}\n")


async def _stats(args: StatsArgs, library: Library, prices: Mapping[str, Price]) -> None:
    rows = statistics.by_model(await library.timings(limit=100_000), prices)
    if args.json:
        await _print_json([row.wire() for row in rows])
        return
    await _print(reports.statistics_table(rows) + "\n")


def print_models(args: ModelsArgs, context: Context) -> int:
    """Print the models that can be asked and return the exit code. Raises `ProviderError` if no endpoint answers."""
    catalog = context.catalog(InMemoryQuirks())

    async def show() -> int:
        try:
            names = await catalog.available(missed=lambda error: complain(redact(str(error), context.secrets)))
        finally:
            await catalog.aclose()
        if args.json:
            await _print_json(names)
        else:
            await _print("".join(f"{name}\n" for name in names))
        return DONE

    return on_loop(show(), rescue=lambda: None)


async def _print(text: str) -> None:
    """Write to stdout, so that a signal is obeyed while nobody reads it."""
    await output.standard_output().write(text)


async def _print_json(value: object) -> None:
    await _print(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
