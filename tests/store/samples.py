"""Conversations to save, and ways to wait for what another thread or process does."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from streamtui.chat.messages import ChatMessage, Segment, Status, assistant_message, new_id, user_message
from streamtui.chat.ports import ConversationRecord
from streamtui.store import Store
from streamtui.system.locks import FileLock
from tests.patience import PATIENCE_S


def turn(prompt: str = "How?", parent: str | None = None) -> tuple[ChatMessage, ChatMessage]:
    """Return a prompt and the reply to it that is about to stream."""
    asked = user_message(prompt, parent)
    return asked, assistant_message(asked.id, "gpt-4o-mini")


def record(leaf: ChatMessage, title: str = "How?", *, updated: float = 1000.0) -> ConversationRecord:
    return ConversationRecord(new_id(), title, "gpt-4o-mini", None, 1000.0, updated, leaf.id)


def ended(message: ChatMessage, text: str, status: Status = Status.COMPLETE) -> ChatMessage:
    return message.with_last(replace(message.last, text=text, status=status, finish_reason="stop"))


async def saved(
    store: Store, prompt: str = "How?", answer: str = "So."
) -> tuple[ConversationRecord, list[ChatMessage]]:
    """Save a conversation of one turn."""
    asked, reply = turn(prompt)
    row = record(reply, prompt)
    await store.recorder.begin(row, [asked, reply])
    reply = ended(reply, answer)
    store.recorder.settle(row.id, reply)
    return row, [asked, reply]


def chain(length: int, text: str) -> list[ChatMessage]:
    """Return a branch of `length` messages."""
    messages: list[ChatMessage] = []
    for n in range(length):
        parent = messages[-1].id if messages else None
        role = "assistant" if n % 2 else "user"
        messages.append(ChatMessage(f"{n:08d}", parent, role, (Segment(f"{n} {text}"),), None, 1000.0 + n))  # type: ignore[arg-type]
    return messages


async def until(condition: Callable[[], object], what: str = "it") -> None:
    """Wait until `condition` holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"{what} never happened"
        await asyncio.sleep(0.005)


async def written(store: Store) -> None:
    """Wait until everything recorded so far is in the database."""
    await until(lambda: not store._writer._operations, "writing")


def foreign_lock(folder: Path) -> FileLock:
    """Hold what another process holds while it writes."""
    lock = FileLock(folder / "streamtui.lock")
    assert lock.acquire(PATIENCE_S)
    return lock


def start_process(script: str, *arguments: object) -> "subprocess.Popen[str]":
    """Run Python code in a process of its own, which talks to us line by line."""
    command: Sequence[str] = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def texts(messages: Sequence[ChatMessage]) -> list[str]:
    return [message.text for message in messages]
