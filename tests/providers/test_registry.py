"""The registry: names, laziness, and errors that need no network."""

import subprocess
import sys

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
