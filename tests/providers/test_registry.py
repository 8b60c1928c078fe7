"""The registry: names, laziness, and errors that need no network."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from streamtui import providers
from streamtui.chat.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("gpt-4o-mini", (None, "gpt-4o-mini")),
        ("openai:gpt-4o-mini", ("openai", "gpt-4o-mini")),
        ("anthropic:claude-x", ("anthropic", "claude-x")),
        ("demo:long-fast", ("demo", "long-fast")),
        ("demo", (None, "demo")),
        ("llama3.2:3b", (None, "llama3.2:3b")),
        ("openai:llama3.2:3b", ("openai", "llama3.2:3b")),
        ("OPENAI:x", (None, "OPENAI:x")),
        ("", (None, "")),
        (":x", (None, ":x")),
    ],
)
def test_parse_model(text: str, parsed: tuple[str | None, str]) -> None:
    assert providers.parse_model(text) == parsed


def test_unknown_provider() -> None:
    with pytest.raises(ConfigError) as caught:
        providers.create("nobody")
    assert "openai" in str(caught.value)


def test_a_bad_key_is_named_after_its_variable() -> None:
    with pytest.raises(ConfigError) as caught:
        providers.create("openai", api_key="sk-one sk-two")
    assert "OPENAI_API_KEY" in str(caught.value)


def test_empty_key_and_url_count_as_none() -> None:
    assert providers.create("openai", api_key="", base_url="").host == "api.openai.com"
    assert providers.create("anthropic", api_key="", base_url="").host == "api.anthropic.com"


def test_the_registry_and_the_demo_import_no_sdk() -> None:
    code = (
        "import sys, streamtui.providers as p; p.create('demo'); p.parse_model('a:b'); p.Secret('x')\n"
        "heavy = {'openai', 'anthropic', 'httpx2', 'pydantic', 'textual'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_one_provider_does_not_import_the_other() -> None:
    code = "import sys, streamtui.providers as p; p.preload('{}'); assert '{}' not in sys.modules"
    for name, other in (("openai", "anthropic"), ("anthropic", "openai")):
        subprocess.run([sys.executable, "-c", code.format(name, other)], check=True)


PARROT = """
from streamtui.chat.events import Connected, Finished, TextDelta


def create(endpoint, *, deadlines, memory, limits):
    return Parrot()


class Parrot:
    name, host = "parrot", "cage"

    def can_prefill(self, model):
        return False

    async def stream(self, request):
        yield Connected()
        yield TextDelta(f"{request.model} says {request.turns[-1].text}")
        yield Finished("stop")

    async def models(self):
        return ["polly"]

    async def aclose(self):
        return
"""
DEMO_ROW = '    "demo": ProviderRow("demo", None),'
ROW = """    "parrot": ProviderRow("parrot", "https://parrot.example/v1", "PARROT_API_KEY", bare_prefix="pol"),"""


def test_a_provider_is_one_file_and_one_row(tmp_path: Path) -> None:
    package = shutil.copytree(
        Path(providers.__file__).parents[1], tmp_path / "streamtui", ignore=shutil.ignore_patterns("__pycache__")
    )
    (package / "providers" / "parrot.py").write_text(PARROT, encoding="utf-8")
    registry = package / "providers" / "__init__.py"
    source = registry.read_text(encoding="utf-8")
    registry.write_text(source.replace(DEMO_ROW, f"{ROW}\n{DEMO_ROW}"), encoding="utf-8")

    def run(*words: str) -> str:
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(tmp_path)}
        environment["PARROT_API_KEY"] = "a-key-for-parrots"
        command = [sys.executable, "-m", "streamtui", *words]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
        return done.stdout

    assert run("models").split() == ["parrot:polly"]
    assert run("ask", "-m", "parrot:polly", "hello") == "polly says hello\n"
    assert run("ask", "-m", "polly", "hello") == "polly says hello\n"
