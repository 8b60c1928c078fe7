"""The files under a folder, for completing paths: as git sees them, or walked with what `.gitignore` says.

Git's own answer is the right one on ignored files, and costs no time of ours; it is asked where there is a git, in a
way that runs nothing of the repository's. Everything here blocks: call it in a thread.
"""

import os
import shutil
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from streamtui.workspace.attachments.ignored import LONGEST, IgnoreRules

MOST_FILES: Final = 100_000
_MOST_DEPTH: Final = 32
_PATIENCE_S: Final = 10.0
_SYSTEM_FOLDERS: Final = ("/proc", "/sys", "/dev")
"""Nothing in there is attached."""
_GIT: Final = (
    "git",
    "-c", "core.fsmonitor=false",  # it may name a program, which a repository from elsewhere would have us run
    "-c", "core.untrackedCache=false",
    "-c", "core.quotePath=false",
    "ls-files", "-z", "--cached", "--others", "--exclude-standard",
)  # fmt: skip
_VARIABLES: Final = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_PAGER": "cat"}


def scan(folder: str, is_wanted: Callable[[], bool] = lambda: True) -> list[str]:
    """Return the paths of the files under a folder, from there on, at most `MOST_FILES`; ends when not `is_wanted`.

    Hidden folders and files are left out, and so is what `.gitignore` names.
    """
    listed = _from_git(folder)
    paths = listed if listed is not None else _walked(folder, is_wanted)
    visible: list[str] = []
    for path in paths:
        if not _is_hidden(path):
            visible.append(path)
            if len(visible) == MOST_FILES:
                break
    return visible


def _is_hidden(path: str) -> bool:
    return path.startswith(".") or "/." in path


def _from_git(folder: str) -> list[str] | None:
    """Return what git lists; `None` where there is no git, or no repository, or one of another user."""
    if shutil.which("git") is None or not any(
        (place / ".git").exists() for place in (Path(folder), *Path(folder).parents)
    ):
        return None
    try:
        done = subprocess.run(
            _GIT, cwd=folder, env=os.environ | _VARIABLES, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=_PATIENCE_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode:
        return None
    return [os.fsdecode(name) for name in done.stdout.split(b"\0") if name]


Rules = tuple[tuple[str, IgnoreRules], ...]
"""What the `.gitignore`s of a folder and of those above it say, each with the path of its own folder."""


def _walked(folder: str, is_wanted: Callable[[], bool]) -> Iterator[str]:
    """Yield files, a folder's own before those of the folders in it. Links to folders are not followed."""
    waiting: deque[tuple[str, Rules]] = deque([("", ())])
    ends_at = time.monotonic() + _PATIENCE_S
    while waiting and is_wanted() and time.monotonic() < ends_at:
        prefix, rules = waiting.popleft()
        place = os.path.join(folder, prefix)  # noqa: PTH118 - of any name
        if place.rstrip("/") in _SYSTEM_FOLDERS:
            continue
        own = _rules_of(place)
        rules = (*rules, (prefix, own)) if own is not None else rules
        for entry in _entries(place):
            path, is_folder = f"{prefix}{entry.name}", entry.is_dir(follow_symlinks=False)
            if entry.name.startswith(".") or _is_left_out(path, rules, is_folder=is_folder):
                continue
            if not is_folder:
                yield path
            elif prefix.count("/") < _MOST_DEPTH:
                waiting.append((f"{path}/", rules))


def _entries(place: str) -> list[os.DirEntry[str]]:
    """Return the files of a folder, and the folders in it, by name; none of one that can't be read."""
    try:
        with os.scandir(place) as entries:
            known = [entry for entry in entries if entry.is_file() or entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    return sorted(known, key=lambda entry: entry.name)


def _rules_of(place: str) -> IgnoreRules | None:
    try:
        descriptor = os.open(os.path.join(place, ".gitignore"), os.O_RDONLY | os.O_NONBLOCK)  # noqa: PTH118
        with os.fdopen(descriptor, "rb") as file:
            return IgnoreRules(file.read(LONGEST).decode("utf-8", "replace"))
    except (OSError, ValueError):
        return None


def _is_left_out(path: str, rules: Rules, *, is_folder: bool) -> bool:
    """Return what the innermost `.gitignore` says that says anything."""
    for prefix, own in reversed(rules):
        decision = own.decides(path.removeprefix(prefix), is_folder=is_folder)
        if decision is not None:
            return decision
    return False
