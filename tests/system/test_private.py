"""What the owner alone may read."""

import os
from pathlib import Path

import pytest

from streamtui.system.private import is_private, make_private, private_file, private_folder

posix = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@posix
@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
def test_new_folders_are_the_owners_alone_those_above_included(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        private_folder(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    assert (mode(tmp_path / "a"), mode(tmp_path / "a" / "b")) == (0o700, 0o700)


@posix
@pytest.mark.parametrize("open_mode", [0o755, 0o770, 0o701, 0o777])
def test_an_existing_folder_is_closed_to_others(tmp_path: Path, open_mode: int) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(open_mode)
    private_folder(folder)
    assert mode(folder) == 0o700


@posix
def test_a_stricter_folder_stays_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(0o500)
    private_folder(folder)
    assert mode(folder) == 0o500


@posix
def test_a_new_file_is_the_owners_alone_and_never_replaces_another(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    before = os.umask(0)
    try:
        os.close(private_file(path))
    finally:
        os.umask(before)
    assert mode(path) == 0o600
    with pytest.raises(FileExistsError):
        private_file(path)


@posix
def test_permissions_of_others_are_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.touch()
    path.chmod(0o644)
    assert not is_private(path)
    make_private(path)
    assert (mode(path), is_private(path)) == (0o600, True)


def test_a_file_in_the_folders_place_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(OSError, match="exists"):
        private_folder(tmp_path / "data")
