"""What a defect of ours leaves: one line, a report without keys, an exit code of its own."""

from pathlib import Path

import pytest

from streamtui.cli import dispatch, process
from streamtui.providers.redaction import Secret
from tests.cli.conftest import KEY, Command, Run

ODD_KEY = "no-shape-that-gives-it-away"


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise ValueError("it has no words")


def broken(*_: object) -> int:
    raise RuntimeError(f"it broke\n\x1b[2J with {KEY}")


def test_a_crash_is_one_line_with_the_place_of_a_report(
    run_here: Run, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "_run", broken)

    result = run_here("ask", "hi")

    assert (result.code, result.out) == (70, "")
    (line,) = result.lines
    (report,) = (command.data / "reports").iterdir()
    assert str(report) in line and "RuntimeError: it broke" in line
    assert report.stat().st_mode & 0o777 == 0o600
    text = report.read_text()
    assert "Traceback" in text and "in broken" in text
    for report_text in (line, text):
        assert KEY not in report_text and "\x1b" not in report_text


@pytest.mark.parametrize("before", range(360, 400, 3))
def test_no_part_of_a_key_is_left_where_the_line_is_cut(tmp_path: Path, before: int) -> None:
    line = process.report_crash(RuntimeError("x" * before + ODD_KEY), tmp_path, [Secret(ODD_KEY)])

    assert "no-shape" not in line


def test_an_exception_without_words_is_reported_too(tmp_path: Path) -> None:
    assert "Unspeakable" in process.report_crash(Unspeakable(), tmp_path, [])


def test_a_report_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("in the way")

    line = process.report_crash(RuntimeError("it broke"), tmp_path / "reports", [])

    assert "it broke" in line and "could not be written" in line


def test_reports_of_one_second_are_several_files(tmp_path: Path) -> None:
    lines = {process.report_crash(RuntimeError(f"it broke {number}"), tmp_path, []) for number in range(5)}

    assert len(lines) == 5
    texts = sorted(path.read_text().strip().splitlines()[-1] for path in tmp_path.iterdir())
    assert texts == [f"RuntimeError: it broke {number}" for number in range(5)]
