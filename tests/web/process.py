"""`serve` in a process, as the command line runs it: `python -m tests.web.process DATA BASE_URL WORKERS [LOG]`."""

import asyncio
import logging
import signal
import sys
from functools import partial
from pathlib import Path

from streamtui import web
from tests.web.front import engine


async def main(data: Path, base_url: str, workers: int) -> None:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    place = web.BindAddress(data, port=0, workers=workers)
    await web.serve(partial(engine, data, base_url), place, web.ServeLimits(streams=3))


if __name__ == "__main__":
    if sys.argv[4:]:
        logging.basicConfig(filename=sys.argv[4], level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
    except asyncio.CancelledError:
        sys.exit(143)
