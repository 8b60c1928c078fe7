"""The arrows of DESIGN.md, section 3: who may import whom, in the source and in a fresh interpreter."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hygiene.source import FILES, ROOT, imports, is_within

MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "streamtui.chat": (),
    "streamtui.markdown": (),
    "streamtui.system": (),
    "streamtui.workspace": ("streamtui.chat", "streamtui.markdown"),
    "streamtui.providers": ("streamtui.chat",),
    "streamtui.store": ("streamtui.chat", "streamtui.system"),
    "streamtui.log": ("streamtui.chat", "streamtui.markdown"),
    "streamtui.tui": ("streamtui.chat", "streamtui.log", "streamtui.markdown", "streamtui.workspace"),
    "streamtui.web": ("streamtui.chat", "streamtui.markdown", "streamtui.system", "streamtui.workspace"),
    "streamtui.settings": ("streamtui.chat", "streamtui.providers", "streamtui.system"),
    "streamtui.cli": ("streamtui",),
    "streamtui.__main__": ("streamtui.cli",),
}
"""Besides itself, and the package's own name and version."""
ONLY_IN: dict[str, tuple[str, ...]] = {
    "sqlite3": ("streamtui.store",),
    "openai": ("streamtui.providers.openai",),
    "anthropic": ("streamtui.providers.anthropic",),
    "httpx2": ("streamtui.providers",),
    # A line is a `Strip`, which is a value.
    "textual": ("streamtui.tui", "streamtui.log", "streamtui.markdown.line", "streamtui.cli.markdown_rows"),
    "rich": ("streamtui.tui", "streamtui.log", "streamtui.markdown", "streamtui.cli.markdown_rows"),
    "pygments": ("streamtui.log", "streamtui.markdown"),
    "linkify_it": ("streamtui.markdown",),
    "unicodeit": ("streamtui.markdown.formulas.symbols",),
    "markdown_it": ("streamtui.markdown", "streamtui.workspace.markdown_source"),
    "fastapi": ("streamtui.web",),
    "starlette": ("streamtui.web",),
    "pydantic": ("streamtui.web",),
    "h11": ("streamtui.web.protocol",),
    "uvicorn": ("streamtui.web",),
    "dotenv": ("streamtui.settings.files", "streamtui.settings.written"),
    "platformdirs": ("streamtui.settings.paths",),
    "keyring": ("streamtui.settings.keys",),
    "genai_prices": ("streamtui.settings.prices",),
    "PIL": ("streamtui.workspace.attachments.converter",),
    "pypdf": ("streamtui.workspace.attachments.converter",),
}
HEAVY = {"openai", "anthropic", "httpx2", "textual", "fastapi", "starlette", "uvicorn", "rich"}


def layer(module: str) -> str:
    return next(name for name in MAY_IMPORT if is_within(module, name))


@pytest.mark.parametrize("module", [name for name in FILES if name != "streamtui"])
def test_a_module_imports_only_what_its_layer_may(module: str) -> None:
    allowed = ("streamtui", layer(module), *MAY_IMPORT[layer(module)])

    ours = {name for name in imports(module) if is_within(name, "streamtui") and name != "streamtui"}

    if "streamtui" not in MAY_IMPORT[layer(module)]:
        assert not {name for name in ours if not any(is_within(name, each) for each in allowed[1:])}


@pytest.mark.parametrize("module", FILES)
def test_what_comes_from_outside_is_imported_only_where_it_belongs(module: str) -> None:
    outside = {name.partition(".")[0] for name in imports(module)} - sys.stdlib_module_names - {"streamtui"}

    assert outside <= ONLY_IN.keys(), "declare it here and in pyproject.toml"
    for name in outside | ({"sqlite3"} if "sqlite3" in imports(module) else set()):
        assert any(is_within(module, place) for place in ONLY_IN[name]), name


@pytest.mark.parametrize("provider", ["openai", "anthropic", "demo"])
def test_providers_know_nothing_of_each_other(provider: str) -> None:
    others = {f"streamtui.providers.{name}" for name in ("openai", "anthropic", "demo")} - {
        f"streamtui.providers.{provider}"
    }

    assert imports(f"streamtui.providers.{provider}").isdisjoint(others)


def test_only_the_registry_and_main_start_things() -> None:
    outside = [module for module in FILES if not is_within(module, "streamtui.cli")]

    assert [m for m in outside if any(is_within(name, "streamtui.cli") for name in imports(m))] == [
        "streamtui.__main__"
    ]


SCRIPT = """
import json, sys
{what}
with open(sys.argv[-1], "w") as file:
    json.dump(sorted(sys.modules), file)
"""
RUN = """
sys.argv = ["streamtui", *sys.argv[1:-1]] + sys.argv[-1:]
from streamtui.cli import main
try:
    main.main(sys.argv[1:-1])
except SystemExit:
    pass
"""


def loaded(tmp_path: Path, what: str, *words: str) -> set[str]:
    """Return the modules that a fresh interpreter has imported after doing `what`."""
    environment = {"PATH": "", "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    script = SCRIPT.format(what=what)
    subprocess.run(
        [sys.executable, "-c", script, *words, str(tmp_path / "modules")],
        env=environment | {"PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        timeout=60,
    )
    found = json.loads((tmp_path / "modules").read_text())
    return set(found)


def packages(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("--version",),
        ("ask", "--help"),
        ("list",),
        ("list", "--json"),
        ("export", "nothing"),
        ("delete", "nothing"),
        ("ask", "hi"),
        ("ask", "--demo", "fast"),
        ("models",),
    ],
)
def test_commands_that_need_no_sdk_and_no_screen_import_none(tmp_path: Path, words: tuple[str, ...]) -> None:
    modules = loaded(tmp_path, RUN, *words)

    assert "streamtui.cli" in modules
    assert packages(modules).isdisjoint(HEAVY)


@pytest.mark.parametrize("package", ["chat", "markdown", "providers", "store", "system", "workspace"])
def test_a_package_is_imported_without_anything_else_of_ours(tmp_path: Path, package: str) -> None:
    modules = loaded(tmp_path, f"import streamtui.{package}")

    allowed = (f"streamtui.{package}", *MAY_IMPORT[f"streamtui.{package}"])
    ours = {name for name in modules if name.startswith("streamtui.")}
    assert f"streamtui.{package}" in ours
    assert not {name for name in ours if not any(is_within(name, each) for each in allowed)}
    if package == "markdown":
        assert modules.isdisjoint({"textual.app", "textual.widget", "textual.widgets", "textual.screen"})
    else:
        assert packages(modules).isdisjoint(HEAVY)


@pytest.mark.parametrize(
    "module", [name for name in FILES if not (is_within(name, "streamtui.tui") or is_within(name, "streamtui.log"))]
)
def test_textuals_app_and_widgets_are_for_the_screen_alone(module: str) -> None:
    assert {name for name in imports(module) if is_within(name, "textual")} <= {"textual.strip", "textual.geometry"}


def test_the_engine_needs_nothing_but_the_standard_library(tmp_path: Path) -> None:
    before = loaded(tmp_path, "")
    modules = loaded(tmp_path, "import streamtui.chat") - before

    assert packages(modules) - {"streamtui"} <= sys.stdlib_module_names


@pytest.mark.parametrize("package", ["log", "tui.widgets", "tui.app"])
def test_the_screen_knows_no_database_no_sdk_and_no_settings(tmp_path: Path, package: str) -> None:
    parts = [name for name in FILES if is_within(name, f"streamtui.{package}")]

    modules = loaded(tmp_path, "import " + ", ".join(parts))

    assert "textual" in modules
    assert packages(modules).isdisjoint({"openai", "anthropic", "httpx2", "sqlite3", "fastapi", "dotenv"})
    for name in ("store", "providers", "settings", "cli"):
        assert f"streamtui.{name}" not in modules


AFTER_THE_FIRST_PAINT = (
    *("openai", "anthropic", "fastapi", "httpx2", "pydantic", "keyring", "genai_prices", "unicodeit", "pypdf", "PIL"),
    *("dotenv", "markdown_it", "linkify_it", "pygments.lexer", "hashlib", "email", "unittest", "multiprocessing"),
    *("streamtui.markdown.document", "streamtui.markdown.tree", "streamtui.log.select.clipboard_text"),
    *("streamtui.providers.openai", "streamtui.providers.http.client", "streamtui.store.sqlite.rescue"),
    *("streamtui.workspace.imports", "streamtui.cli.ask", "streamtui.cli.saved"),
)


def test_what_the_first_paint_can_do_without_comes_after_it(tmp_path: Path) -> None:
    """Each of these takes tens of milliseconds, or brings many modules, before the prompt takes keys."""
    starts = "streamtui.cli.main, streamtui.cli.dispatch, streamtui.cli.app, streamtui.tui.launch, streamtui.tui.app"

    modules = loaded(tmp_path, f"import {starts}")

    assert {name for name in modules if any(is_within(name, late) for late in AFTER_THE_FIRST_PAINT)} == set()


def test_looking_at_what_is_saved_does_not_start_the_app(tmp_path: Path) -> None:
    modules = loaded(tmp_path, RUN, "list")

    assert not {name for name in modules if is_within(name, "streamtui.tui") or is_within(name, "streamtui.web")}
