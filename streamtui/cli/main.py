"""The command line, from its words to its exit code."""

from collections.abc import Sequence

from streamtui.cli import args, stdio
from streamtui.cli.exit_codes import DONE


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    stdio.prepare()
    try:
        code = _run_words(words)
    except SystemExit as usage_error:  # argparse has written its line
        code = int(usage_error.code or DONE)
    if code > 128:
        from streamtui.cli import process

        process.ignore_signals()  # while the interpreter shuts down another one would change the exit code
    return stdio.written_out(code)


def _run_words(words: Sequence[str] | None) -> int:
    command = args.parse(words)  # which ends it for `--version`, `--help` and mistakes: they do without the rest
    from streamtui.cli import dispatch

    return dispatch.run(command)
