"""The commands about what is saved."""

from pathlib import Path
from typing import Final, assert_never

from streamtui.chat import statistics
from streamtui.chat.errors import StreamtuiError
from streamtui.chat.ports import Library
from streamtui.chat.sanitize import sanitize_line
from streamtui.chat.statistics import Prices
from streamtui.cli import deletion, listing, output, store
from streamtui.cli.args import (
    BackupArgs,
    CheckArgs,
    DeleteArgs,
    ExportArgs,
    ImportArgs,
    ListArgs,
    RenameArgs,
    SavedArgs,
    ShowArgs,
    StatsArgs,
)
from streamtui.cli.context import Context
from streamtui.cli.exit_codes import DONE, FAILED
from streamtui.cli.process import on_loop
from streamtui.providers import PROVIDERS
from streamtui.store import Store
from streamtui.workspace import reports
from streamtui.workspace.exports import exported

_TAIL: Final = 20
"""Messages at the end of a branch among which its last reply is expected."""


def run(args: SavedArgs, context: Context) -> int:
    """Run a command on the saved conversations and return its exit code."""
    with store.reported(context.config) as storage:
        match args:
            case DeleteArgs():
                return deletion.run(args, storage)
            case BackupArgs():
                return _backup(args, storage)
            case CheckArgs():
                return _check(storage)
            case ImportArgs():
                from streamtui.cli import importing  # the formats of others, which the other commands are spared

                return on_loop(importing.run(args, storage.library, _model(context)))
            case _:
                return on_loop(_read(args, storage.library, context))


def _model(context: Context) -> str:
    """Return the model that answers in what comes without one."""
    named = context.config.model
    return named.value if named is not None else PROVIDERS["openai"].default_model or ""


async def _read(
    args: ListArgs | ShowArgs | ExportArgs | RenameArgs | StatsArgs, library: Library, context: Context
) -> int:
    match args:
        case ListArgs():
            await listing.print_list(args, library)
        case ShowArgs():
            await _show(args, library)
        case ExportArgs():
            await _export(args, library)
        case RenameArgs():
            await _rename(args, library)
        case StatsArgs():
            await _stats(args, library, context.prices)
        case _:
            assert_never(args)
    return DONE


async def _show(args: ShowArgs, library: Library) -> None:
    id = await library.find(args.id)
    for limit in (_TAIL, 1_000_000):
        record, messages = await library.tail(id, limit)
        for message in reversed(messages):
            if message.role == "assistant" and message.text:
                await output.print_text(message.text if message.text.endswith("\n") else f"{message.text}\n")
                return
    raise StreamtuiError(f"There is no reply in “{record.title}”.")


async def _export(args: ExportArgs, library: Library) -> None:
    record, messages = await library.load(await library.find(args.id))
    text = await exported(library, record, messages, args.format, all_branches=args.all_branches)
    if args.output is None:
        await output.print_text(text)
        return
    with output.opened(args.output, in_one_piece=True) as file:
        await file.write(text)
        file.settle(is_complete=True)


async def _rename(args: RenameArgs, library: Library) -> None:
    id = await library.find(args.id)
    await library.rename(id, args.title)
    await output.print_text(f"renamed {id} to “{sanitize_line(args.title)}”\n")


async def _stats(args: StatsArgs, library: Library, prices: Prices) -> None:
    rows = statistics.by_model(await library.timings(limit=100_000), prices)
    if args.json:
        await output.print_json([row.wire() for row in rows])
        return
    await output.print_text(reports.statistics_table(rows) + "\n")


def _backup(args: BackupArgs, storage: Store) -> int:
    path = Path(args.file)
    storage.backup(path)
    print(f"backed up to {sanitize_line(str(path))}")
    return DONE


def _check(storage: Store) -> int:
    report = storage.check()
    counts = _count(report.conversations, "conversation"), _count(report.messages, "message")
    print(f"{', '.join(counts)}, {report.size / 1_000_000:.1f} MB")
    for line in report.mended:
        print(f"mended: {line}")
    for line in report.problems:
        print(f"problem: {line}")
    if report.unerased:
        print(f"not yet erased from disk: {_count(report.unerased, 'deleted conversation')}")
    if report.is_healthy:
        print("all is well")
    return DONE if report.is_healthy else FAILED


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
