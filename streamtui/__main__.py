"""The entry point of `streamtui` and `python -m streamtui`."""

import gc
import sys
from typing import Final

COLLECT_AFTER: Final = 100_000
"""Objects. Nothing that an import makes is garbage: looking for it among them takes a fifth of the start."""


def main() -> int:
    """Run the command line and return its exit code."""
    gc.set_threshold(COLLECT_AFTER)
    try:
        from streamtui.cli import main  # here, so that Ctrl+C during the imports is no traceback either

        return main.main()
    except KeyboardInterrupt:
        return 130
    finally:
        gc.freeze()  # the interpreter would search an SDK's objects for garbage on its way out: a fifth of a second


if __name__ == "__main__":
    sys.exit(main())
