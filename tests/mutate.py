"""`python -m tests.mutate FOLDER` changes one thing at a time in a copy of `streamtui/FOLDER` and runs `tests/FOLDER`.

A change that no test notices is printed: either a test is missing, or the line does nothing. Not part of the suite,
since each change costs a run of the folder's tests. `--most N` tries N changes, drawn by `--seed`.
"""

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
_OPPOSITES: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change to one module."""

    module: Path
    line: int
    what: str
    source: str
    """The whole module with the change in it."""


def mutants(module: Path) -> Iterator[Mutant]:
    """Yield every change to a module; its comments and layout are lost, which no test can notice."""
    text = module.read_text(encoding="utf-8")
    for index, _ in enumerate(ast.walk(ast.parse(text))):
        tree = ast.parse(text)
        node = next(node for number, node in enumerate(ast.walk(tree)) if number == index)
        what = _change(node)
        if what is not None:
            yield Mutant(module, getattr(node, "lineno", 0), what, ast.unparse(ast.fix_missing_locations(tree)))


def _change(node: ast.AST) -> str | None:
    """Change a node in place and say how; `None` where there is nothing to change."""
    before = ast.unparse(node) if isinstance(node, ast.expr | ast.stmt) else ""
    match node:
        case ast.Compare(ops=[operator]):
            node.ops = [_OPPOSITES[type(operator)]()]
        case ast.BoolOp():
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        case ast.UnaryOp(op=ast.Not()):
            node.operand = ast.UnaryOp(ast.Not(), node.operand)
        case ast.Constant(value=bool(value)):
            node.value = not value
        case ast.Constant(value=int(value)):
            node.value = value + 1
        case ast.Expr(value=ast.Call() | ast.Await()):
            node.value = ast.Constant(None)
        case ast.Return(value=ast.expr() as value) if not (isinstance(value, ast.Constant) and value.value is None):
            node.value = ast.Constant(None)
        case _:
            return None
    return f"{before}  →  {ast.unparse(ast.fix_missing_locations(node))}"


def survives(mutant: Mutant, copy: Path, tests: str) -> bool:
    """Return whether the tests pass with the change in the copy, which is as before afterwards."""
    file = copy / mutant.module.relative_to(ROOT)
    before = file.read_text(encoding="utf-8")
    file.write_text(mutant.source, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "2", "--timeout", "60", tests]
    try:
        done = subprocess.run(
            command, cwd=copy, env=os.environ | {"PYTHONPATH": str(copy)}, capture_output=True, check=False
        )
    finally:
        file.write_text(before, encoding="utf-8")
    return done.returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutate", description=__doc__)
    parser.add_argument("folder", help="such as chat, workspace or providers/wire")
    parser.add_argument("--most", type=int, default=40, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    modules = sorted((ROOT / "streamtui" / arguments.folder).rglob("*.py"))
    drawn = [mutant for module in modules for mutant in mutants(module)]
    random.Random(arguments.seed).shuffle(drawn)
    survivors = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for part in ("streamtui", "tests", "pyproject.toml", "README.md"):
            source = ROOT / part
            (shutil.copytree if source.is_dir() else shutil.copy)(source, copy / part)
        for mutant in drawn[: arguments.most]:
            if survives(mutant, copy, f"tests/{arguments.folder.split('/')[0]}"):
                survivors += 1
                sys.stdout.write(f"{mutant.module.relative_to(ROOT)}:{mutant.line}: {mutant.what}\n")
                sys.stdout.flush()
    sys.stdout.write(f"{survivors} of {min(arguments.most, len(drawn))} changes went unnoticed\n")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
