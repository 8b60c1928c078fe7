"""The door: `streamtui` and `python -m streamtui`. Ctrl+C during the imports is no traceback either."""

import sys


def main() -> int:
    """Run the command line and return its exit code."""
    try:
        from streamtui import cli

        return cli.main()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
