"""The tables of endpoints and models in `config.toml`."""

import pytest

from streamtui.chat.errors import ConfigError
from streamtui.settings.endpoints import ModelSettings, NamedEndpoint
from tests.settings.conftest import Sources

WORK = """
[endpoints.work]
base_url = "https://llm.example/v1"
api = "chat"
key_env = "WORK_KEY"
key_header = "api-key"
headers = { "X-Team" = "a" }
query = { "api-version" = "2026-06-01" }
body = { top_p = 0.9 }
stream = true
models = ["small", "large"]
[models."work:large"]
max_tokens = 32000
"""


def test_the_example_of_the_documentation_is_read(sources: Sources) -> None:
    sources.toml(WORK)

    settings = sources.read().settings

    assert settings.endpoints == {
        "work": NamedEndpoint(
            "https://llm.example/v1",
            "chat",
            key_env="WORK_KEY",
            key_header="api-key",
            headers={"X-Team": "a"},
            query={"api-version": "2026-06-01"},
            body={"top_p": 0.9},
            models=("small", "large"),
        )
    }
    assert settings.models == {"work:large": ModelSettings(max_tokens=32000)}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("endpoints = 5", "[endpoints] is a table"),
        ("[endpoints]\nwork = 5", "[endpoints.work] is a table"),
        ("[endpoints.'a b']\nbase_url = 'http://x'", "letters, digits"),
        ("[endpoints.work]\napi = 'chat'", "[endpoints.work] needs base_url"),
        ("[endpoints.work]\nbase_url = ''", "`base_url` is text"),
        ("[endpoints.work]\nbase_url = 'http://x'\nurl = 'http://y'", "no field `url`; it takes base_url, api"),
        ("[endpoints.work]\nbase_url = 'http://x'\napi = 'grpc'", "`api` is chat or responses or anthropic"),
        ("[endpoints.work]\nbase_url = 'http://x'\nstream = 'no'", "`stream` is true or false"),
        ("[endpoints.work]\nbase_url = 'http://x'\nheaders = { 'X Y' = 'a' }", "`headers` is a table of headers"),
        ("[endpoints.work]\nbase_url = 'http://x'\nheaders = { X = \"a\\nb\" }", "`headers` is a table of headers"),
        ("[endpoints.work]\nbase_url = 'http://x'\nquery = { v = 1 }", "`query` is a table of text"),
        ("[endpoints.work]\nbase_url = 'http://x'\nbody = 1", "`body` is a table of fields"),
        ("[endpoints.work]\nbase_url = 'http://x'\nmodels = 'a'", "`models` is a list of names"),
        ("[endpoints.work]\nbase_url = 'http://x'\nkey_env = 'A'\nkeyring = true", "names its key twice"),
        ("[models.x]\ntemperature = 3", "`temperature` is a number from 0 to 2"),
        ("[models.x]\nmax_tokens = 0", "`max_tokens` is a whole number of 1 or more"),
        ("[models.x]\neffort = 'wild'", "`effort` is none or minimal"),
        ("[models.x]\ninput = -1", "`input` is a number of 0 or more"),
        ("[models.x]\ntop_p = 1", 'has no field `top_p`'),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_table_and_field(sources: Sources, text: str, says: str) -> None:
    sources.toml(text)

    with pytest.raises(ConfigError) as caught:
        sources.read()

    assert says in str(caught.value) and "config.toml" in str(caught.value) and "\n" not in str(caught.value)


def test_the_variable_of_a_named_endpoint_is_read_from_the_environment_and_the_config_folder_alone(
    sources: Sources,
) -> None:
    sources.toml(WORK)
    sources.dot_env("WORK_KEY=from-the-project")
    assert sources.read().find("WORK_KEY") is None

    sources.config_env("WORK_KEY=from-the-folder")
    key = sources.read().find("WORK_KEY")
    assert key is not None and key.value == "from-the-folder"
