"""`streamtui list`: for people a table, for programs JSON."""

from collections.abc import Sequence
from typing import Any, Final

from streamtui.chat.ports import ConversationSummary, Library, SearchHit
from streamtui.chat.sanitize import sanitize_line
from streamtui.chat.timestamps import utc_minute
from streamtui.cli import output
from streamtui.cli.args import ListArgs
from streamtui.workspace.transcript import summary_json

_HITS: Final = 50
_HEADER: Final = ("ID", "UPDATED", "MESSAGES", "STATUS", "MODEL", "TITLE")


async def print_list(args: ListArgs, library: Library) -> None:
    """Print the saved conversations, or those in which something was searched for."""
    if args.search is None:
        summaries = await library.conversations(args.limit)
        if args.json:
            await output.print_json([summary_json(summary) for summary in summaries])
        else:
            await output.print_text(_table(summaries, has_header=output.stdout_is_terminal()))
        return
    hits = await library.search(args.search, args.limit or _HITS)
    if args.json:
        await output.print_json([_hit_json(hit) for hit in hits])
        return
    rows = _table([hit.conversation for hit in hits], has_header=output.stdout_is_terminal()).splitlines()
    header, rows = (rows[:1], rows[1:]) if len(rows) > len(hits) else ([], rows)
    lines = [line for row, hit in zip(rows, hits, strict=True) for line in (row, f"    {sanitize_line(hit.snippet)}")]
    await output.print_text("".join(f"{line}\n" for line in (*header, *lines)))


def _hit_json(hit: SearchHit) -> dict[str, Any]:
    return {**summary_json(hit.conversation), "message": hit.message, "snippet": hit.snippet}


def _table(summaries: Sequence[ConversationSummary], *, has_header: bool) -> str:
    """Return a line for each conversation, in columns as wide as their widest cell."""
    rows = [
        (
            summary.id,
            f"{utc_minute(summary.updated)}Z",
            str(summary.messages),
            summary.status,
            summary.model,
            summary.title,
        )
        for summary in summaries
    ]
    if has_header and rows:
        rows.insert(0, _HEADER)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "".join(f"{_row(cells, widths)}\n" for cells in rows)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    numbers = (_HEADER.index("MESSAGES"),)
    padded = [
        cell.rjust(width) if index in numbers else cell.ljust(width)
        for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()
