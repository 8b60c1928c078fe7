"""Keeps the queue short while nothing can be written for long: a reply of a million tokens is one piece of text."""

from collections.abc import Iterable

from streamtui.store.operations import Append, Begin, KeepDraft, Operation, Settle


def compact(operations: Iterable[Operation]) -> list[Operation]:
    """Return fewer operations with the same effect, in the same order."""
    kept: list[Operation] = []
    pieces: dict[tuple[str, int], list[Append]] = {}
    drafts: set[str] = set()
    whole: set[str] = set()
    for operation in reversed(list(operations)):
        match operation:
            case (str() as message, int() as segment, str(), str()):
                if message not in whole:
                    pieces.setdefault((message, segment), []).append(operation)
                continue
            case KeepDraft(conversation):
                if conversation in drafts:
                    continue
                drafts.add(conversation)
            case _:
                kept += _joined(pieces)
                pieces.clear()
        kept.append(operation)
        whole |= _replaced(operation)
    kept += _joined(pieces)
    return kept[::-1]


def _joined(pieces: dict[tuple[str, int], list[Append]]) -> list[Operation]:
    """Join the pieces of each segment, which come newest first."""
    return [
        (message, segment, "".join(part[2] for part in reversed(parts)), "".join(part[3] for part in reversed(parts)))
        for (message, segment), parts in pieces.items()
    ]


def _replaced(operation: Operation) -> set[str]:
    """Return the messages all of whose earlier pieces `operation` makes void."""
    match operation:
        case Settle(_, message):
            return {message.id}
        case Begin(_, messages):
            return {message.id for message in messages}
        case _:
            return set()
