"""Completing paths: what is listed, what is found, how quickly."""

import os
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtui.workspace.attachments import path_scan
from streamtui.workspace.attachments.completion import PathCompletion
from streamtui.workspace.attachments.path_index import PathIndex
from streamtui.workspace.attachments.path_scan import scan

LISTED = ("a.py", "src/main.py", "src/deep/er.py", "keep.log", "größe 1.txt", "odd\nname.txt")
FILES = (*LISTED, "build/out.o", "src/x.log", ".env", ".git/x", "node_modules/y")
IGNORE = "# left out\nbuild/\n*.log\n!keep.log\n/node_modules\n"
SEEN = sorted(LISTED)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / ".gitignore").write_text(IGNORE)
    (tmp_path / "src" / "loop").symlink_to(tmp_path)
    return tmp_path


def test_a_folder_is_listed_without_what_is_hidden_or_ignored(tree: Path) -> None:
    assert sorted(scan(str(tree))) == SEEN


def test_git_lists_the_same(tree: Path) -> None:
    (tree / ".git" / "x").unlink()
    (tree / ".git").rmdir()
    subprocess.run(["git", "init", "-q", str(tree)], check=True)
    hook = tree.parent / "ran"
    subprocess.run(["git", "-C", str(tree), "config", "core.fsmonitor", f"touch {hook}; true"], check=True)

    assert sorted(set(scan(str(tree))) - {"src/loop"}) == SEEN
    assert scan(str(tree / "src" / "deep")) == ["er.py"]
    assert not hook.exists()


def test_a_repository_that_git_refuses_is_walked(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(path_scan, "_GIT", ("false",))

    assert sorted(scan(str(tree))) == SEEN


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        ("*", []),
        ("/a.py", ["src/a.py", "src/b.txt"]),
        ("a.py", ["src/b.txt"]),
        ("src", ["a.py"]),
        ("src/\n", ["a.py"]),
        ("a.py/", ["a.py", "src/a.py", "src/b.txt"]),
        ("**/b.txt", ["a.py", "src/a.py"]),
        ("src/**", ["a.py"]),
        ("[ab].py", ["src/b.txt"]),
        ("?.txt", ["a.py", "src/a.py"]),
        ("*.py\n!/a.py", ["a.py", "src/b.txt"]),
        ("\\#x\n[", ["a.py", "src/a.py", "src/b.txt"]),
    ],
)
def test_rules_mean_what_they_mean_to_git(tmp_path: Path, rules: str, left: list[str]) -> None:
    (tmp_path / "src").mkdir()
    for name in ("a.py", "src/a.py", "src/b.txt"):
        (tmp_path / name).write_text("x")
    (tmp_path / ".gitignore").write_text(rules)

    assert sorted(scan(str(tmp_path))) == left


@given(st.text(alphabet="*?[]!/\\ab#", max_size=30))
def test_no_rule_takes_long_or_breaks(rule: str) -> None:
    from streamtui.workspace.attachments.ignored import IgnoreRules

    began = time.process_time()
    IgnoreRules(rule).decides("a" * 60 + "/b", is_folder=False)

    assert time.process_time() - began < 1.0


def test_paths_are_found_by_parts_and_by_letters() -> None:
    index = PathIndex(["README.md", "src/main_window.py", "src/window.py", "docs/main.md", "tests/test_main.py"])

    assert index.find("window", 9) == ["src/window.py", "src/main_window.py"]
    assert index.find("main", 9)[:2] == ["docs/main.md", "src/main_window.py"]
    assert index.find("mwin", 9) == ["src/main_window.py"]
    assert index.find("RM", 9) == ["README.md"]
    assert index.find("zzz", 9) == []
    assert len(index.find("", 3)) == 3


@given(st.lists(st.text(max_size=12), max_size=20), st.text(max_size=4))
def test_any_name_and_any_query_will_do(paths: list[str], query: str) -> None:
    hits = PathIndex(paths).find(query, 5)

    assert set(hits) <= set(paths) and len(hits) <= 5


def test_a_key_costs_ten_milliseconds_in_a_tree_of_fifty_thousand_files() -> None:
    words = [
        "main",
        "window",
        "core",
        "utils",
        "handler",
        "parser",
        "stream",
        "view",
        "model",
        "test",
        "data",
        "index",
        "config",
        "render",
        "widget",
    ]
    count = len(words)
    paths = [
        f"{words[n % count]}/{words[n // 7 % count]}_{words[n // 3 % count]}/{words[n // 11 % count]}_{n}.py"
        for n in range(50_000)
    ]
    index = PathIndex(paths)

    for query in ("m", "mw", "mwin", "view_499", "zzz", "qwx"):
        began = time.process_time()
        index.find(query, 50)
        assert time.process_time() - began < 0.1, query  # ten times what is promised


async def test_the_first_answers_come_before_the_list_is_made(tree: Path) -> None:
    completion = PathCompletion(str(tree))

    assert await completion.complete("a") == ["a.py"]
    await completion.listed()
    assert await completion.complete("main") == ["src/main.py"]
    assert await completion.complete("./sr") == ["./src/"]
    assert await completion.complete("./.e") == ["./.env"]
    assert await completion.complete(f"{tree}/src/ma") == [f"{tree}/src/main.py"]
    assert await completion.complete("/nowhere/x") == []


async def test_a_file_made_since_is_offered_once_the_list_is_made_anew(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamtui.workspace.attachments.completion._FRESH_S", 0)
    monkeypatch.setattr("streamtui.workspace.attachments.completion._REST", 0)
    completion = PathCompletion(str(tree))
    await completion.complete("late")
    await completion.listed()

    (tree / "late.py").touch()

    assert await completion.complete("late") == [], "the old list serves meanwhile"
    assert completion.is_listing, "and whoever shows it knows that a better one is on its way"
    await completion.listed()
    assert await completion.complete("late") == ["late.py"]


async def test_home_is_looked_into(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {**os.environ, "HOME": str(tree)})
    completion = PathCompletion("/")

    assert "~/a.py" in await completion.complete("~/")
    assert await completion.complete("~/a") == ["~/a.py"]
    assert await completion.complete("$HOME/a") == []
