"""What `doctor` finds where conversations are kept. Nothing is created or changed there."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamtui.chat.errors import ConfigError, StoreError
from streamtui.chat.ports import HealthReport
from streamtui.chat.sanitize import sanitize_line
from streamtui.settings.config import Config
from streamtui.store.maintenance import examine as examine_file
from streamtui.store.maintenance import is_current
from streamtui.store.store import FILE_NAME


@dataclass(frozen=True, slots=True)
class StoreFindings:
    """Where the store is, and how it is."""

    path: str | None
    """The database file; `None` where no folder can be named."""
    report: HealthReport | None = None
    """`None` where there is no file yet, or none that can be read."""
    is_older: bool = False
    """Whether the file has an older format, which the next chat brings to this version's."""
    problem: str | None = None
    """Why no conversation can be read or saved there."""

    def wire(self) -> dict[str, Any]:
        report = self.report
        return {
            "path": self.path,
            "exists": report is not None or (self.path is not None and Path(self.path).is_file()),
            "healthy": self.problem is None and (report is None or report.is_healthy),
            "conversations": report.conversations if report else 0,
            "messages": report.messages if report else 0,
            "size": report.size if report else 0,
            "problems": [*filter(None, [self.problem]), *(report.problems if report else ())],
        }

    def lines(self) -> list[str]:
        path = sanitize_line(self.path) if self.path else "no folder"
        if self.problem is not None:
            return [path, self.problem]
        report = self.report
        if report is None:
            format = "an older format: the next start brings it to this one"
            return [path, format if self.is_older else "nothing is saved yet"]
        health = "all is well" if report.is_healthy else "damaged: `streamtui check` mends what can be mended"
        figures = f"{report.conversations:,} conversations, {report.messages:,} messages, {report.size / 1e6:.1f} MB"
        return [path, f"{figures}; {health}", *report.problems]


def examine(config: Config) -> StoreFindings:
    """Look through all that is saved, for reading only."""
    try:
        path = config.paths.data / FILE_NAME
    except ConfigError as error:
        return StoreFindings(None, problem=str(error))
    try:
        if not path.exists():
            return StoreFindings(str(path), problem=_why_not_writable(path.parent))
        if not is_current(path):
            return StoreFindings(str(path), is_older=True)
        findings = examine_file(path)
    except (StoreError, OSError) as error:
        return StoreFindings(str(path), problem=_in_words(error, path))
    problem = f"{sanitize_line(str(path))} is damaged: streamtui check mends it." if findings.is_damaged else None
    return StoreFindings(str(path), findings.report, problem=problem)


def _in_words(error: Exception, path: Path) -> str:
    if isinstance(error, OSError):
        return f"{sanitize_line(str(path))} can't be read: {error.strerror}."
    return str(error)


def _why_not_writable(folder: Path) -> str | None:
    """Return why no store can be made in a folder, which may have to be made first."""
    existing = next((parent for parent in (folder, *folder.parents) if parent.exists()), folder)
    if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK):
        return None
    return f"Nothing can be saved in {sanitize_line(str(folder))}: {sanitize_line(str(existing))} can't be written to."
