"""What is left of a crash: a report file without keys, and one line that says where it is."""

import platform
import time
import traceback
from collections.abc import Iterable
from pathlib import Path

from streamtui import __version__
from streamtui.chat.sanitize import sanitize, sanitize_line
from streamtui.providers.redaction import Secret, redact


def report(error: BaseException, folder: Path, secrets: Iterable[Secret]) -> str:
    """Write the report and return the line for the user. Never raises: a crash must not hide behind another."""
    secrets = list(secrets)
    # Redacted before it is cut: half a key is not recognised. And an exception whose `str` fails has words here too.
    what = sanitize_line(redact("".join(traceback.format_exception_only(error)), secrets))
    text = f"streamtui {__version__}, Python {platform.python_version()}, {platform.platform()}\n\n" + "".join(
        traceback.format_exception(error)
    )
    path = folder / f"crash-{time.strftime('%Y%m%d-%H%M%S')}.txt"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(redact(sanitize(text), secrets), encoding="utf-8")
    except OSError as failure:
        return f"streamtui: it crashed ({what}), and the report could not be written: {failure.strerror}."
    return f"streamtui: it crashed ({what}). What you had is saved; the report is in {sanitize_line(str(path))}."
