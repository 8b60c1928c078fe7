"""What is published: complete, accepted by the index, and working where nothing of the clone is."""

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from email.parser import Parser
from pathlib import Path

import pytest

import streamtui
from streamtui.system.locks import FileLock
from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[1]
INSTALLED = {
    "share/man/man1/streamtui.1",
    "share/bash-completion/completions/streamtui",
    "share/zsh/site-functions/_streamtui",
    "share/fish/vendor_completions.d/streamtui.fish",
}


def run(*words: str, environment: dict[str, str] | None = None, folder: Path = ROOT) -> str:
    done = subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, timeout=5 * PATIENCE_S, cwd=folder, env=environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that is built from it: once for all workers."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "dist"
    with FileLock(folder.with_suffix(".lock")).held(PATIENCE_S * 2):
        if not folder.exists():
            unfinished = folder.with_suffix(".unfinished")
            run("-m", "build", "--no-isolation", "--outdir", str(unfinished), ".")
            unfinished.rename(folder)
    return folder


@pytest.fixture
def wheel(built: Path) -> Path:
    (wheel,) = built.glob("*.whl")
    return wheel


def test_the_index_would_take_both(built: Path) -> None:
    files: Sequence[str] = [str(path) for path in built.iterdir()]
    assert len(files) == 2
    assert run("-m", "twine", "--no-color", "check", "--strict", *files).count("PASSED") == 2


def test_the_wheel_has_what_belongs_beside_a_program(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    beside = {name.partition(".data/data/")[2] for name in names if ".data/data/" in name}
    assert beside == INSTALLED
    assert {f"streamtui/{name}" for name in ("py.typed", "LICENSE", "CHANGES.md", "tui/streamtui.tcss")} <= {*names}
    assert any(name.startswith("streamtui/web/static/") for name in names)
    assert not [name for name in names if name.startswith("tests/") or "__pycache__" in name]


def test_the_metadata_is_complete_and_its_version_is_that_of_the_program(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    metadata = Parser().parsestr(archive.read(name).decode())

    assert metadata["Version"] == streamtui.__version__
    assert metadata["License-Expression"] == "MIT"
    assert metadata["License-File"] == "streamtui/LICENSE"
    assert metadata["Requires-Python"] == ">=3.11"
    assert all(metadata[field] for field in ("Summary", "Author", "Keywords", "Classifier", "Description-Content-Type"))
    assert metadata.get_payload()


def test_the_sdist_builds_and_is_tested_without_the_clone(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert {"pyproject.toml", "README.md", "streamtui/LICENSE", "tests/conftest.py", ".ci/run"} <= names
    assert not [name for name in names if re.search(r"\.venv|__pycache__|\.git/", name)]


def test_the_program_in_the_wheel_works_elsewhere(wheel: Path, tmp_path: Path) -> None:
    site, home = tmp_path / "site", tmp_path / "home"
    zipfile.ZipFile(wheel).extractall(site)
    home.mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(site)}

    def program(*words: str) -> str:
        return run("-m", "streamtui", *words, environment=environment, folder=home)

    assert program("--version") == f"streamtui {streamtui.__version__}\n"
    assert run("-c", "import streamtui; print(streamtui.__file__)", environment=environment, folder=home).startswith(
        str(site)
    )
    assert "demo" in program("ask", "--demo", "hello").lower()
    assert "hello" in program("list")


def test_the_changes_name_this_version() -> None:
    changes = (ROOT / "streamtui" / "CHANGES.md").read_text(encoding="utf-8")

    assert f"## {streamtui.__version__}" in changes
