"""Run the scripted server as a process: `python -m tests.server --port 0` prints its port and runs until stdin ends."""

import argparse
import sys
import threading

from tests.server.server import ScriptedServer, as_table


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--table", action="store_true", help="print the scenarios and leave")
    parser.add_argument("--forever", action="store_true", help="run until killed, even without stdin")
    options = parser.parse_args()
    if options.table:
        print(as_table())  # noqa: T201
        return
    with ScriptedServer(options.port) as server:
        print(server.port, flush=True)  # noqa: T201
        if options.forever:
            threading.Event().wait()
        sys.stdin.read()


if __name__ == "__main__":
    main()
