"""What the package says about itself is true."""

import re
import subprocess
import sys
import tomllib
from importlib import metadata
from typing import Any

import streamtui
from tests.hygiene.source import FILES, PACKAGE, ROOT, imports

DISTRIBUTIONS = {
    "dotenv": "python-dotenv",
    "genai_prices": "genai-prices",
    "linkify_it": "linkify-it-py",
    "markdown_it": "markdown-it-py",
    "PIL": "pillow",
}


def project() -> dict[str, Any]:
    found = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert isinstance(found, dict)
    return found


def declared(requirements: list[str]) -> set[str]:
    return {re.match(r"[\w-]+", each)[0].lower() for each in requirements}  # type: ignore[index]


def test_the_version_is_the_same_everywhere() -> None:
    said = subprocess.run([sys.executable, "-m", "streamtui", "--version"], capture_output=True, text=True, check=True)

    assert said.stdout == f"streamtui {streamtui.__version__}\n"
    assert streamtui.__version__ == metadata.version("streamtui")


def test_it_is_typed_for_those_who_build_on_it() -> None:
    assert (PACKAGE / "py.typed").is_file()
    assert "Typing :: Typed" in project()["classifiers"]


def test_the_command_is_installed() -> None:
    (entry,) = metadata.entry_points(group="console_scripts", name="streamtui")

    assert entry.value == "streamtui.__main__:main"
    assert callable(entry.load())


def test_everything_that_is_imported_is_declared() -> None:
    outside: dict[str, set[str]] = {}
    for module in FILES:
        for name in imports(module):
            top = name.partition(".")[0]
            if top not in sys.stdlib_module_names and top != "streamtui":
                outside.setdefault(DISTRIBUTIONS.get(top, top), set()).add(module)
    core = declared(project()["dependencies"])
    extras = {name: declared(each) for name, each in project()["optional-dependencies"].items()}
    by_extra = {
        "streamtui.providers.anthropic": extras["anthropic"],
        "streamtui.settings.keys": extras["keyring"],
        "streamtui.markdown.formulas.symbols": extras["maths"],
        "streamtui.settings.prices": extras["prices"],
        "streamtui.workspace.attachments.converter": extras["files"] | extras["images"],
    }

    for name, modules in outside.items():
        for module in modules:
            more = extras["web"] if module.startswith("streamtui.web") else by_extra.get(module, set())
            assert name in core | more, f"{module} imports {name}"


def test_the_engine_exports_what_the_readme_promises() -> None:
    import streamtui.chat as chat

    assert sorted(chat.__all__) == chat.__all__
    assert all(hasattr(chat, name) for name in chat.__all__)
    for name in ("Conversation", "Reply", "Live", "merge", "stream", "TextDelta", "Finished", "Failed"):
        assert name in chat.__all__


def test_no_module_of_ours_is_longer_than_can_be_read() -> None:
    long = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in FILES.items()}

    assert {name: size for name, size in long.items() if size > 500} == {}
