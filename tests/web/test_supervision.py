"""Several worker processes: their logs, and how dead ones are replaced."""

import asyncio
import logging
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from streamtui.chat.errors import ConfigError
from streamtui.cli.process import start_log as start_process_log
from streamtui.providers.redaction import Secret
from streamtui.web import workers
from tests.patience import PATIENCE_S
from tests.server import ScriptedServer
from tests.web.front import ask, until

pytestmark = pytest.mark.timeout(300)  # each starts several interpreters, which takes a busy machine a while

ROOT = Path(__file__).parents[2]
KEY = "a-key-without-the-shape-of-one"


@pytest.fixture
def serving(server: ScriptedServer, tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """`streamtui serve --workers 2 --log log.txt`, as the command line runs it."""
    environment = {
        **{name: value for name, value in os.environ.items() if "proxy" not in name.lower()},
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "OPENAI_BASE_URL": server.url,
        "OPENAI_API_KEY": KEY,
        "CHAT_MODEL": "401",
    }
    command = [sys.executable, "-m", "streamtui", "serve", "--port", "0", "--workers", "2", "--log", "log.txt"]
    with subprocess.Popen(
        [*command, "--data-dir", "data"], cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.terminate()


async def test_workers_log_to_the_file_and_no_key_is_in_it(
    serving: "subprocess.Popen[str]", server: ScriptedServer, tmp_path: Path
) -> None:
    assert serving.stderr is not None
    token = serving.stderr.readline().split()[-1]
    url = serving.stderr.readline().split()[-1].partition("/#")[0]
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=PATIENCE_S) as client:
        sent = await ask(client, "401")
    assert sent[-1].data["status"] == "failed"

    log = tmp_path / "log.txt"
    await until(lambda: log.read_text().count("Started server process") == 2, "a line of each worker")
    assert KEY not in log.read_text()
    shown = [" ".join(child.cmdline()) for child in psutil.Process(serving.pid).children()]
    assert shown
    assert not [line for line in shown if "log.txt" in line or KEY in line or token in line]


async def _say(text: str) -> None:
    logging.getLogger(__name__).warning(text)


async def test_a_workers_log_hides_the_keys_that_it_was_handed(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    start_log = partial(start_process_log, str(log), [Secret(KEY)])
    arguments = (start_log, _say, (f"The key is {KEY}.",))
    process = multiprocessing.get_context("spawn").Process(target=workers.run_worker, args=arguments)
    process.start()
    await asyncio.to_thread(process.join, PATIENCE_S)

    assert process.exitcode == 0
    assert "The key is [key hidden]." in log.read_text()


async def _save_slowly(started: Path, saved: Path) -> None:
    await asyncio.to_thread(started.touch)
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(4)  # as on a busy machine
        await asyncio.to_thread(saved.touch)


async def test_a_worker_that_saves_slowly_is_not_killed_over_it(tmp_path: Path) -> None:
    started, saved = tmp_path / "started", tmp_path / "saved"
    supervising = asyncio.create_task(workers.supervise(1, workers.no_log, _save_slowly, (started, saved)))
    await until(started.exists, "the worker's start")
    supervising.cancel()
    await asyncio.wait([supervising])

    assert saved.exists()


@dataclass
class Mortal:
    """Stands in for a worker: alive with an exit code of `None`; each look at it takes the next one."""

    ends: Iterator[int | None]
    exitcode: int | None = None

    def start(self) -> None:
        pass

    def is_alive(self) -> bool:
        self.exitcode = next(self.ends, self.exitcode)
        return self.exitcode is None

    def terminate(self) -> None:
        pass

    kill = terminate

    def join(self, timeout: float | None = None) -> None:
        pass


@dataclass
class Context:
    """Stands in for `multiprocessing`: hands out workers that end as they are told."""

    fates: list[list[int | None]]
    made: int = 0

    def Process(self, **_: Any) -> Mortal:
        self.made += 1
        return Mortal(iter(self.fates.pop(0)))


async def test_while_the_place_of_a_dead_worker_rests_the_others_are_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    context = Context([[1], [None, None, workers._USELESS]])
    monkeypatch.setattr(multiprocessing, "get_context", lambda _: context)
    monkeypatch.setattr(workers, "_PERIOD_S", 0)
    monkeypatch.setattr(workers, "_REST_S", 3600)

    with pytest.raises(ConfigError):
        await workers.supervise(2, workers.no_log, _say, ())

    assert context.made == 2


async def test_after_the_rest_a_dead_worker_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    context = Context([[1], [1], [workers._USELESS]])
    monkeypatch.setattr(multiprocessing, "get_context", lambda _: context)
    monkeypatch.setattr(workers, "_PERIOD_S", 0)
    monkeypatch.setattr(workers, "_REST_S", 0)

    with pytest.raises(ConfigError):
        await workers.supervise(1, workers.no_log, _say, ())

    assert context.made == 3
