"""CPU per token from the bytes of a stream to the saved reply: `python -m tests.benchmarks.decoding [--against TREE]`.

Runs of both trees alternate, so that what else the machine does falls on both.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parents[2]
TOKENS = 20_000
TEXTS = {
    "words": [" the", " harbour", " sleeps", ",", " and", " no", " one", " counts", ".\n"],
    "markdown": ["- ", "**bold**", " `code`", " and", " more", "\n", "## ", "Head", "\n\n"],
    "arrows": ["> ", "a", " -> ", "b", " => ", "List<", "int>", ">", "\n> "],
}


def stream(pieces: Sequence[str]) -> bytes:
    """Return the bytes of a reply of so many tokens."""
    chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    lines = []
    for number in range(TOKENS):
        delta = {"content": pieces[number % len(pieces)]}
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}
        lines.append(f"data: {json.dumps({**chunk, 'choices': [choice]})}\n\n")
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    return "".join([*lines, f"data: {json.dumps(end)}\n\n", "data: [DONE]\n\n"]).encode()


class Server(threading.Thread):
    """Sends the same bytes to whoever asks; in a thread of the process that measures nothing."""

    def __init__(self, body: bytes) -> None:
        super().__init__(daemon=True)
        self._answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n" + body
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1"

    def run(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(self._answer)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):  # closing with something unread would cut the reply off
                    pass


async def decode(url: str) -> float:
    """Return the CPU seconds that one reply takes, the first one apart, which imports what it needs."""
    from streamtui import providers
    from streamtui.chat import Conversation, Model

    provider = providers.create("openai", base_url=url)
    seconds = 0.0
    for _ in range(2):
        began = time.process_time()
        async with Conversation(Model(provider, "m")).ask("hi") as reply:
            async for _ in reply:
                pass
        seconds = time.process_time() - began
        assert reply.message.status == "complete", reply.ending
    await provider.aclose()
    return seconds


def work(urls: Sequence[str]) -> None:
    """Print microseconds per token for each text."""
    figures = {name: asyncio.run(decode(url)) / TOKENS * 1e6 for name, url in zip(TEXTS, urls, strict=True)}
    print(json.dumps(figures))


def measured(tree: Path, urls: Sequence[str]) -> dict[str, float]:
    script, arguments = str(Path(__file__)), ["--work", *urls]
    code = f"import runpy, sys; sys.argv = {[script, *arguments]!r}; runpy.run_path({script!r}, None, '__main__')"
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=tree, check=True, capture_output=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.decoding", description=__doc__)
    parser.add_argument("--against", type=Path, metavar="TREE", help="a checkout of another commit")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--work", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work)
        return
    servers = [Server(stream(pieces)) for pieces in TEXTS.values()]
    for server in servers:
        server.start()
    trees = [HERE, *([options.against] if options.against else [])]
    runs: dict[Path, list[dict[str, float]]] = {tree: [] for tree in trees}
    for _ in range(options.runs):
        for tree in trees:
            runs[tree].append(measured(tree, [server.url for server in servers]))
    print(f"{'':10}", "  ".join(f"{tree.name:>15}" for tree in trees))
    for name in TEXTS:
        medians = [statistics.median(figures[name] for figures in runs[tree]) for tree in trees]
        print(f"{name:10}", "  ".join(f"{median:6.2f} µs/token" for median in medians))


if __name__ == "__main__":
    main()
