"""Words that name files, and paths that were pasted."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtui.chat.errors import ConfigError
from streamtui.workspace.attachments.pasted import pasted_files
from streamtui.workspace.attachments.words import TypedWords, word_before, words_in, written


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.md").write_text("x")
    (tmp_path / "a b.txt").write_text("x")
    (tmp_path / "src").mkdir()
    return tmp_path


@given(st.text(min_size=1, alphabet=st.characters(exclude_characters="\0")))
def test_any_path_can_be_written_and_is_read_back(path: str) -> None:
    (word,) = words_in(f"see {written(path)} there")

    assert word.path == path


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("see @notes.md", ["notes.md"]),
        ('see @"a b.txt".', ["a b.txt"]),
        ("@notes.md, and @notes.md!", ["notes.md"]),
        ("bob@notes.md me@example.org", []),
        ("@alice and @bob/x", []),
        ("@src is a folder, @ is none, @@notes.md neither", []),
        ("@$PWD/notes.md @https://example.org/notes.md", []),
        ("first\n@notes.md\nlast", ["notes.md"]),
    ],
)
def test_words_that_are_files_count_and_others_are_text(text: str, paths: list[str]) -> None:
    assert [file.name for file in TypedWords().files(text, ())] == list(paths)


def test_what_was_pasted_names_no_file(folder: Path) -> None:
    words = TypedWords()
    words.note_foreign("please read @notes.md.")

    assert words.files('please read @notes.md. And @"a b.txt"', ())[0].name == "a b.txt"
    assert words.files(f"@{folder}/notes.md", ()) == []
    words.forget()
    assert len(words.files("@notes.md", ())) == 1


@pytest.mark.parametrize("name", ["/dev/zero", "/proc/self/environ", "fifo", "empty"])
def test_what_is_there_but_no_file_is_refused(name: str) -> None:
    os.mkfifo("fifo")
    Path("empty").touch()

    with pytest.raises(ConfigError):
        TypedWords().files(f"read @{name}", ())


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("see @no", "no"),
        ("@", ""),
        ('@"a b', "a b"),
        ("see no", None),
        ("a@no", None),
        ("@a b", None),
        ('@"a" ', None),
    ],
)
def test_the_word_that_is_being_typed(text: str, path: str | None) -> None:
    word = word_before(text)

    assert (None if word is None else word.path) == path


@pytest.mark.parametrize(
    ("pasted", "names"),
    [
        ("{folder}/notes.md", ["notes.md"]),
        ("./notes.md\n", ["notes.md"]),
        ("{folder}/a b.txt", ["a b.txt"]),
        ("'{folder}/a b.txt' ", ["a b.txt"]),
        ("{folder}/a\\ b.txt {folder}/notes.md", ["a b.txt", "notes.md"]),
        ("file://{folder}/a%20b.txt", ["a b.txt"]),
        ("file://{folder}/a%20b.txt\r\nfile://{folder}/notes.md", ["a b.txt", "notes.md"]),
        ("notes.md", []),
        ("see ./notes.md", []),
        ("{folder}/src", []),
        ("{folder}/nothing", []),
        ("https://example.org/notes.md", []),
        ("file://example.org/etc/passwd", []),
        ("", []),
        ("'", []),
        ("/", []),
        ("{folder}/a\0b", []),
    ],
)
def test_paths_that_were_pasted(folder: Path, pasted: str, names: list[str]) -> None:
    assert [file.name for file in pasted_files(pasted.format(folder=folder))] == names


@given(st.text(max_size=40))
def test_any_paste_will_do(text: str) -> None:
    assert isinstance(pasted_files(text.replace("/dev", "").replace("/proc", "")), list)
