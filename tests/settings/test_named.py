"""Named endpoints as they are asked; what the server received is the proof."""

import sys
from pathlib import Path

import pytest

from streamtui.chat import ConfigError, Conversation
from streamtui.providers import Secret
from streamtui.providers.lazy import LazyProvider
from streamtui.settings.models import SettingsCatalog
from tests.server import ScriptedServer
from tests.settings.conftest import Sources

KEY = "sk-env-0123456789abcdef"
WORK = "sk-work-0123456789abcdef"


async def asked(catalog: SettingsCatalog, id: str | None = None) -> str:
    """Ask the model that `-m id` means, and return its id."""
    model = await catalog.resolve(catalog.model(id))
    async with Conversation(model).ask("hi") as reply:
        async for _ in reply:
            pass
    await catalog.aclose()
    return model.id


def endpoint(server: ScriptedServer, *lines: str, name: str = "work") -> str:
    return "\n".join([f"[endpoints.{name}]", f'base_url = "{server.url}"', *lines]) + "\n"


async def test_headers_query_body_and_key_header_go_along(sources: Sources, server: ScriptedServer) -> None:
    sources.environment = {"WORK_KEY": WORK, "OPENAI_API_KEY": KEY}
    sources.toml(
        endpoint(
            server,
            'key_env = "WORK_KEY"',
            'key_header = "api-key"',
            'headers = { "X-Team" = "a" }',
            'query = { "api-version" = "2026-06-01" }',
            "body = { top_p = 0.9 }",
        )
    )

    assert await asked(sources.catalog(), "work:ok") == "work:ok"

    (request,) = server.of("ok")
    assert (request.headers["api-key"], request.headers["x-team"]) == (WORK, "a")
    assert "authorization" not in request.headers
    assert request.path.endswith("?api-version=2026-06-01")
    assert request.json["top_p"] == 0.9


async def test_an_endpoint_without_a_key_of_its_own_gets_none(sources: Sources, server: ScriptedServer) -> None:
    sources.environment = {"OPENAI_API_KEY": KEY}
    sources.toml(endpoint(server))

    await asked(sources.catalog(), "work:ok")

    assert server.of("ok")[0].key != KEY


async def test_a_command_gives_the_key_once_it_is_needed(
    sources: Sources, server: ScriptedServer, tmp_path: Path
) -> None:
    script = tmp_path / "key.py"
    script.write_text(f"import pathlib\npathlib.Path({str(tmp_path / 'ran')!r}).touch()\nprint({WORK!r})")
    sources.toml(endpoint(server, f'key_command = "{sys.executable} {script}"'))
    learned: list[Secret] = []
    catalog = SettingsCatalog(sources.read(), sources.quirks, learned=learned.append)
    catalog.model("work:ok")
    assert not (tmp_path / "ran").exists()

    await asked(catalog, "work:ok")

    assert server.of("ok")[0].key == WORK
    assert [key.reveal() for key in learned] == [WORK]


@pytest.mark.parametrize(
    ("url", "name", "exposed"),
    [
        ("http://llm.example/v1", "Authorization", "llm.example"),
        ("http://llm.example/v1", "X-Auth-Token", "llm.example"),
        ("http://llm.example/v1", "Cookie", "llm.example"),
        ("http://llm.example/v1", "X-Team", None),
        ("https://llm.example/v1", "Authorization", None),
        ("http://127.0.0.1:8000/v1", "Authorization", None),
    ],
)
def test_a_password_in_a_header_is_as_secret_as_a_key(
    sources: Sources, url: str, name: str, exposed: str | None
) -> None:
    sources.toml(f'[endpoints.work]\nbase_url = "{url}"\nheaders = {{ "{name}" = "Basic dXNlcjpwYXNzd29yZA==" }}\n')
    catalog = sources.catalog()

    assert catalog.exposed_host(catalog.model("work:m")) == exposed
    assert "dXNlcjpwYXNzd29yZA==" in [secret.reveal() for secret in catalog.endpoints.secrets]


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("/nowhere/at/all", "can't be run: No such file"),
        ("sh -c 'echo locked >&2; exit 3'", "failed (3): locked"),
        ("true", "printed no key"),
        ("sh -c 'printf \"a b\"'", "characters that no key has"),
    ],
)
async def test_a_command_that_gives_no_key_is_told_in_its_own_words(
    sources: Sources, server: ScriptedServer, command: str, says: str
) -> None:
    sources.toml(endpoint(server, f"key_command = '''{command}'''"))
    catalog = sources.catalog()

    with pytest.raises(ConfigError) as caught:
        await catalog.resolve(catalog.model("work:ok"))

    assert says in str(caught.value) and "work" in str(caught.value)
    assert server.of("ok") == []


async def test_several_endpoints_are_listed_and_the_first_one_answers_where_none_is_named(
    sources: Sources, server: ScriptedServer
) -> None:
    sources.toml(endpoint(server) + endpoint(server, 'models = ["small", "large"]', name="home"))
    catalog = sources.catalog()

    ids = await catalog.available()
    await catalog.aclose()

    assert {id.partition(":")[0] for id in ids} == {"work", "home"}
    assert catalog.endpoints.is_configured and catalog.model().provider.name == "work"


def test_models_are_named_where_the_endpoint_lists_none(sources: Sources) -> None:
    sources.toml("[endpoints.work]\nbase_url = 'http://127.0.0.1:1/v1'\nmodels = ['small']\n")

    provider = sources.catalog().model("work:small").provider

    assert isinstance(provider, LazyProvider) and provider.endpoint.models == ("small",)


def test_a_name_with_a_colon_is_split_only_at_an_endpoint(sources: Sources) -> None:
    sources.environment = {"OPENAI_API_KEY": KEY}
    sources.toml("[endpoints.work]\nbase_url = 'http://127.0.0.1:1/v1'\n")
    catalog = sources.catalog()

    assert [(catalog.model(id).provider.name, catalog.model(id).name) for id in ("work:a:b", "llama3.2:3b")] == [
        ("work", "a:b"),
        ("openai", "llama3.2:3b"),
    ]


def test_an_endpoint_may_not_have_a_providers_name(sources: Sources) -> None:
    sources.toml("[endpoints.openai]\nbase_url = 'http://127.0.0.1:1/v1'\n")

    with pytest.raises(ConfigError, match="name of a provider"):
        sources.catalog()


@pytest.mark.parametrize("name", ["openrouter", "groq", "mistral", "gemini", "deepseek", "xai"])
def test_a_well_known_endpoint_is_there_with_its_key_and_only_for_its_own_host(sources: Sources, name: str) -> None:
    sources.environment = {f"{name.upper()}_API_KEY": WORK}

    catalog = sources.catalog()
    provider = catalog.model(f"{name}:m").provider

    assert isinstance(provider, LazyProvider) and provider.endpoint.key is not None
    assert provider.endpoint.key.reveal() == WORK
    assert provider.endpoint.url is not None and provider.endpoint.url.scheme == "https"
    assert catalog.model().provider.name == name
    sources.environment = {"OPENAI_API_KEY": KEY}
    assert sources.catalog().model(f"{name}:m").name == f"{name}:m"


@pytest.mark.parametrize("variable", ["OPENAI_API_KEY", "ANTHROPIC_API_KEY"])
def test_a_key_that_may_not_go_along_is_known_with_the_reason(sources: Sources, variable: str) -> None:
    provider = "openai" if variable.startswith("OPENAI") else "anthropic"
    sources.environment = {variable: KEY}
    sources.dot_env(f"{provider.upper()}_BASE_URL=http://127.0.0.1:1/v1")

    asked = sources.catalog().model(f"{provider}:m").provider

    assert isinstance(asked, LazyProvider) and asked.endpoint.key is None
    assert asked.endpoint.withheld is not None
    assert asked.endpoint.withheld.startswith(f"{variable} from the environment is not sent to an address from ./.env")


async def test_what_holds_for_one_model_is_sent_where_the_command_line_says_nothing(
    sources: Sources, server: ScriptedServer
) -> None:
    sources.toml(
        'temperature = 1.0\n' + endpoint(server)
        + '[models."work:ok"]\ntemperature = 0.5\nmax_tokens = 32\nsystem = "Be brief."\n'
    )  # fmt: skip

    await asked(sources.catalog(), "work:ok")

    (request,) = server.of("ok")
    assert request.json["temperature"] == 0.5
    assert 32 in (request.json.get("max_tokens"), request.json.get("max_completion_tokens"))
    assert request.json["messages"][0] == {"role": "system", "content": "Be brief."}


def test_effort_is_offered_where_it_is_taken(sources: Sources, server: ScriptedServer) -> None:
    sources.toml(endpoint(server))
    catalog = sources.catalog()
    model = catalog.model("work:ok")
    assert catalog.takes_effort(model)
    assert not catalog.takes_effort(catalog.model("demo"))

    sources.quirks.learn(server.url, "ok", "no:effort")
    assert not catalog.takes_effort(model)
    catalog.forget(model)
    assert catalog.takes_effort(model)
