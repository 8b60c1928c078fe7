"""`serve` beside the tutorials' program: processor time per delivered token, and the time to the first event."""

from __future__ import annotations

import asyncio
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psutil

from tests.benchmarks.table import show
from tests.patience import PATIENCE_S

_TOKENS = 100
_RATE = 20
_APART_S = 0.02
_TOKEN = "benchmark-token-of-the-day"
_MODEL = f"rate-{_RATE}x{_TOKENS}"


@dataclass(slots=True)
class Figures:
    """What one run of one server took."""

    cpu_per_token_us: float
    first_event_ms: list[float]


@dataclass(slots=True)
class Subject:
    """A server to be measured: its process, and the paths under which its clients ask."""

    name: str
    process: psutil.Process
    port: int
    paths: Sequence[str]
    headers: str = ""
    mark: bytes = b"data: "
    """What stands before a token in the stream."""
    runs: list[Figures] = field(default_factory=list)


async def _client(subject: Subject, path: str, wait_s: float) -> tuple[float, int]:
    """Ask once; return the seconds to the first event with text, and how many tokens came."""
    await asyncio.sleep(wait_s)
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", subject.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{subject.port}\r\n{subject.headers}\r\n".encode())
    first, count, rest = 0.0, 0, b""
    while data := await reader.read(65536):
        rest += data
        marks = rest.count(subject.mark)
        if marks and not first:
            first = time.perf_counter() - began
        count += marks
        rest = rest[-len(subject.mark) + 1 :]
        if data.endswith(b"0\r\n\r\n"):
            break
    writer.close()
    return first, count


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


async def _run(subject: Subject, clients: int, apart_s: float) -> None:
    before = _cpu_s(subject.process)
    paths = [subject.paths[number % len(subject.paths)] for number in range(clients)]
    asked = [_client(subject, path, number * apart_s) for number, path in enumerate(paths)]
    answers = await asyncio.gather(*asked)
    tokens = sum(count for _, count in answers)
    if tokens != clients * _TOKENS:
        print(f"{subject.name}: {tokens} of {clients * _TOKENS} tokens arrived")
    spent = (_cpu_s(subject.process) - before) * 1e6 / max(1, tokens)
    subject.runs.append(Figures(spent, [first * 1000 for first, _ in answers]))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@contextmanager
def _started(command: Sequence[str], port: int, environment: dict[str, str]) -> Iterator[psutil.Process]:
    with subprocess.Popen(
        command, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait_for(port)
            yield psutil.Process(process.pid)
        finally:
            process.terminate()


def _serve(stack: ExitStack, endpoint: str, folder: Path) -> tuple[psutil.Process, int]:
    port = _free_port()
    token = folder / "token"
    token.write_text(_TOKEN)
    command = [sys.executable, "-m", "streamtui", "serve", "--port", str(port), "--token-file", str(token)]
    command += ["--max-streams", "1000", "--data-dir", str(folder)]
    environment = {"OPENAI_BASE_URL": endpoint, "OPENAI_API_KEY": "sk-benchmark", "CHAT_MODEL": _MODEL}
    return stack.enter_context(_started(command, port, environment)), port


def serving(runs: int, clients: int) -> None:
    """Measure the tutorials' program, `serve`, and `serve` with one client in ten that asks for block events."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        endpoint_port = _free_port()
        endpoint = [sys.executable, "-m", "tests.server", "--forever", "--port", str(endpoint_port)]
        stack.enter_context(_started(endpoint, endpoint_port, {}))
        url = f"http://127.0.0.1:{endpoint_port}/v1"
        tutorial_port = _free_port()
        tutorial = [sys.executable, "-m", "tests.benchmarks.tutorial", url, str(tutorial_port)]
        base = stack.enter_context(_started(tutorial, tutorial_port, {}))
        process, port = _serve(stack, url, folder)
        mark = b"event: text"
        headers = f"Authorization: Bearer {_TOKEN}\r\n"
        ask = f"/api/chat?q=Hi&model={quote(_MODEL)}"
        subjects = [
            Subject("tutorial", base, tutorial_port, [f"/stream?q=Hi&model={quote(_MODEL)}"]),
            Subject("serve", process, port, [ask], headers, mark),
            Subject("serve, 1 in 10 with blocks", process, port, [f"{ask}&blocks=1", *[ask] * 9], headers, mark),
        ]
        asyncio.run(_interleaved(subjects, runs, clients))
    _show(subjects, clients)


async def _interleaved(subjects: Sequence[Subject], runs: int, clients: int) -> None:
    for subject in subjects:
        await _run(subject, 3, 0.0)  # imports and look-ups
        subject.runs.clear()
    for _ in range(runs):
        for subject in subjects:
            await _run(subject, clients, _APART_S)


def _percentile(subject: Subject, percent: int) -> float:
    """Return a percentile of the time to the first event over all runs, in milliseconds."""
    ordered = sorted(milliseconds for run in subject.runs for milliseconds in run.first_event_ms)
    return ordered[max(0, len(ordered) * percent // 100 - 1)]


def _show(subjects: Sequence[Subject], clients: int) -> None:
    base = subjects[0]
    rows: list[list[object]] = []
    for subject in subjects:
        pairs = zip(subject.runs, base.runs, strict=True)
        cpu = statistics.median(run.cpu_per_token_us for run in subject.runs)
        ratio = statistics.median(run.cpu_per_token_us / other.cpu_per_token_us for run, other in pairs)
        tail = _percentile(subject, 99)
        rows.append([subject.name, cpu, ratio, _percentile(subject, 50), tail, tail / _percentile(base, 99)])
    show(
        f"`serve` beside the tutorials' program: {clients} clients, {_RATE} tokens a second each",
        ["server", "CPU µs/token", "ratio", "first event p50 ms", "p99 ms", "ratio"],
        rows,
        f"CPU: medians of {len(base.runs)} interleaved runs. Clients come {_APART_S * 1000:.0f} ms apart.",
    )
