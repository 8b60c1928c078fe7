"""What the documents say is what happens."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs import fault_table, settings_table

README = Path(__file__).parents[2] / "README.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


async def test_the_table_of_faults_is_what_happens() -> None:
    page = fault_table.PAGE.read_text(encoding="utf-8")
    assert page == fault_table.embed(page, await fault_table.table()), "run: python -m tests.docs.fault_table"


def test_the_readmes_table_of_settings_is_true() -> None:
    assert settings_table.table() in README.read_text(encoding="utf-8"), "run: python -m tests.docs.settings_table"


def test_the_readme_has_both_examples() -> None:
    assert len(EXAMPLES) == 2


@pytest.mark.parametrize("example", EXAMPLES, ids=["iterating", "callbacks"])
def test_the_readmes_examples_run(example: str, tmp_path: Path) -> None:
    script = tmp_path / "example.py"
    script.write_text(example, encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "demo" in done.stdout
    assert "complete" in done.stdout
