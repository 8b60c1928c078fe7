"""Which model answers, where, and with which key; what the server received is the proof."""

import pytest

from streamtui.chat import ConfigError, Conversation, ProviderError
from streamtui.chat.ports import InMemoryQuirks
from streamtui.providers import PROVIDERS
from streamtui.providers.demo import DemoProvider
from streamtui.providers.lazy import first_model
from streamtui.settings.models import SettingsCatalog
from tests.server import ScriptedServer
from tests.settings.conftest import PLACES, Sources

DEFAULT_MODEL = PROVIDERS["openai"].default_model
KEY = "sk-env-0123456789abcdef"
OTHER = "sk-file-0123456789abcdef"


async def asked(catalog: SettingsCatalog, id: str | None = None) -> None:
    """Ask the model that `-m id` means."""
    model = await catalog.resolve(catalog.model(id))
    async with Conversation(model).ask("hi") as reply:
        async for _ in reply:
            pass
    await catalog.aclose()


def test_with_a_key_and_nothing_else_the_default_model_answers_at_openai(sources: Sources) -> None:
    sources.environment = {"OPENAI_API_KEY": KEY}

    assert sources.catalog().model().label == f"{PROVIDERS['openai'].default_model} @ api.openai.com"


@pytest.mark.parametrize(
    ("environment", "id", "label"),
    [
        ({"OPENAI_API_KEY": KEY}, "gpt-5", "gpt-5 @ api.openai.com"),
        ({"OPENAI_API_KEY": KEY}, "openai:gpt-5", "gpt-5 @ api.openai.com"),
        ({"OPENAI_API_KEY": KEY}, "llama3.2:3b", "llama3.2:3b @ api.openai.com"),
        ({"OPENAI_API_KEY": KEY}, "unknown:thing", "unknown:thing @ api.openai.com"),
        ({"OPENAI_API_KEY": KEY}, "demo", "demo @ offline"),
        ({"OPENAI_API_KEY": KEY}, "demo:long", "demo:long @ offline"),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:8080/v1"}, "x", "x @ 127.0.0.1:8080"),
        ({"ANTHROPIC_API_KEY": KEY}, "claude-opus-5", "anthropic:claude-opus-5 @ api.anthropic.com"),
        ({"ANTHROPIC_API_KEY": KEY}, "anthropic:x", "anthropic:x @ api.anthropic.com"),
        ({"ANTHROPIC_API_KEY": KEY, "OPENAI_API_KEY": KEY}, "claude-x", "anthropic:claude-x @ api.anthropic.com"),
        ({"ANTHROPIC_API_KEY": KEY, "OPENAI_BASE_URL": "http://localhost:1"}, "claude-x", "claude-x @ localhost:1"),
        ({"OPENAI_API_KEY": KEY}, "claude-x", "claude-x @ api.openai.com"),
        ({"OPENAI_API_KEY": KEY}, "m\x1b]0;x\n", "m�]0;x @ api.openai.com"),
    ],
)
def test_what_a_name_means(sources: Sources, environment: dict[str, str], id: str, label: str) -> None:
    sources.environment = environment

    assert sources.catalog().model(id).label == label


@pytest.mark.parametrize(
    ("environment", "id", "says"),
    [
        ({}, "gpt-5", "OPENAI_API_KEY"),
        ({}, "anthropic:x", "ANTHROPIC_API_KEY"),
        ({}, "claude-x", "claude-x needs ANTHROPIC_API_KEY"),
        ({"OPENAI_API_KEY": KEY}, "anthropic:x", "ANTHROPIC_API_KEY"),
        ({"ANTHROPIC_API_KEY": KEY}, "gpt-5", "OPENAI_API_KEY"),
        ({"OPENAI_API_KEY": KEY}, "", "no model"),
        ({"OPENAI_API_KEY": KEY}, "openai:", "no model"),
        ({"OPENAI_API_KEY": "sk bad key"}, "x", "OPENAI_API_KEY from the environment"),
        ({"OPENAI_BASE_URL": "localhost:8080"}, "x", "http://"),
        ({"OPENAI_BASE_URL": "http://user:secret@host/v1"}, "x", "password"),
    ],
)
def test_what_cannot_be_asked_is_said_before_anything_is_sent(
    sources: Sources, environment: dict[str, str], id: str, says: str
) -> None:
    sources.environment = environment

    with pytest.raises(ConfigError) as caught:
        sources.catalog().model(id)

    assert says in str(caught.value)
    assert "bad key" not in str(caught.value) and "secret" not in str(caught.value)


@pytest.mark.parametrize("named", [None, "claude-3", "anthropic:x", "gpt-5", "openai:gpt-5"])
def test_with_nothing_configured_the_demo_answers_and_says_so(sources: Sources, named: str | None) -> None:
    sources.environment = {"CHAT_MODEL": named} if named else {}
    catalog = sources.catalog()

    key = "ANTHROPIC_API_KEY" if named in (None, "claude-3", "anthropic:x") else "OPENAI_API_KEY"
    assert key in catalog.endpoints.lacks and (named or "--demo") in catalog.endpoints.lacks

    assert not catalog.endpoints.is_configured
    assert catalog.model().label == "demo @ offline"


@pytest.mark.parametrize("named", ["demo", "demo:fast"])
def test_the_demo_that_was_asked_for_by_name_is_configured(sources: Sources, named: str) -> None:
    sources.options = {"model": named}

    assert sources.catalog().endpoints.is_configured
    assert sources.catalog().model().provider.name == "demo"


def test_a_model_at_an_endpoint_that_needs_no_key_is_configured(sources: Sources) -> None:
    sources.environment = {"CHAT_MODEL": "anthropic:x", "ANTHROPIC_BASE_URL": "http://127.0.0.1:9"}

    assert sources.catalog().endpoints.is_configured
    assert sources.catalog().model().label == "anthropic:x @ 127.0.0.1:9"


@pytest.mark.parametrize(
    ("named", "label"),
    [
        ("anthropic:x", "anthropic:x @ 127.0.0.1:9"),
        ("claude-x", "claude-x @ 127.0.0.1:9"),
        ("openai:x", "x @ 127.0.0.1:9"),
        ("x", "x @ 127.0.0.1:9"),
    ],
)
def test_the_command_lines_base_url_is_for_the_model_that_is_named(sources: Sources, named: str, label: str) -> None:
    sources.environment = {"OPENAI_API_KEY": KEY, "ANTHROPIC_API_KEY": KEY}
    sources.options = {"base_url": "http://127.0.0.1:9", "model": named}
    catalog = sources.catalog()

    assert catalog.model(named).label == label
    catalog.endpoints.refuse_ignored_url(catalog.model(named))


async def test_the_command_lines_base_url_gets_the_key_of_the_models_provider(
    sources: Sources, server: ScriptedServer
) -> None:
    sources.environment = {"OPENAI_API_KEY": KEY}
    sources.dot_env(f"ANTHROPIC_API_KEY={OTHER}\n")
    sources.options = {"base_url": server.anthropic_url, "model": "anthropic:ok"}

    await asked(sources.catalog(), "anthropic:ok")

    assert server.of("ok")[0].headers["x-api-key"] == OTHER
    assert KEY not in repr(server.of("ok")[0])


@pytest.mark.parametrize(
    ("named", "other", "says"), [("x", "anthropic:y", "ANTHROPIC_BASE_URL"), ("anthropic:y", "x", "OPENAI_BASE_URL")]
)
def test_a_model_that_the_command_lines_base_url_is_not_for_is_refused(
    sources: Sources, named: str, other: str, says: str
) -> None:
    sources.environment = {"OPENAI_API_KEY": KEY, "ANTHROPIC_API_KEY": KEY}
    sources.options = {"base_url": "http://127.0.0.1:9", "model": named}
    catalog = sources.catalog()

    with pytest.raises(ConfigError, match=says):
        catalog.endpoints.refuse_ignored_url(catalog.model(other))
    catalog.endpoints.refuse_ignored_url(catalog.model("demo"))


def test_a_key_that_is_none_hinders_only_who_would_use_it(sources: Sources) -> None:
    sources.environment = {"OPENAI_API_KEY": KEY, "ANTHROPIC_API_KEY": "sk bad key"}
    catalog = sources.catalog()

    assert [secret.reveal() for secret in catalog.endpoints.secrets] == [KEY]
    assert catalog.endpoints.is_configured and catalog.model().provider.name == "openai"
    with pytest.raises(ConfigError, match="ANTHROPIC_API_KEY from the environment"):
        catalog.model("anthropic:x")
    assert sources.catalog(demo=True).model().id == "demo"


def test_the_demo_option_beats_everything(sources: Sources) -> None:
    sources.environment = {"OPENAI_API_KEY": KEY, "CHAT_MODEL": "gpt-5"}

    assert sources.catalog(demo=True).model().id == "demo"


async def test_at_an_endpoint_with_no_model_named_its_first_answers(sources: Sources, server: ScriptedServer) -> None:
    sources.environment = {"OPENAI_BASE_URL": server.url}
    catalog = sources.catalog()

    model = await catalog.resolve(catalog.model())

    assert model.name == "ok"
    await catalog.aclose()


async def test_the_models_on_offer_come_from_all_that_is_configured(sources: Sources, server: ScriptedServer) -> None:
    sources.environment = {
        "OPENAI_BASE_URL": server.url, "ANTHROPIC_BASE_URL": server.anthropic_url, "ANTHROPIC_API_KEY": KEY,
    }  # fmt: skip
    catalog = sources.catalog()

    names = await catalog.available()

    assert {"ok", "anthropic:ok"} <= set(names)
    await catalog.aclose()


async def test_one_endpoint_that_does_not_answer_hides_none_of_the_others(
    sources: Sources, server: ScriptedServer
) -> None:
    sources.environment = {
        "OPENAI_BASE_URL": server.url, "ANTHROPIC_BASE_URL": "http://127.0.0.1:9", "ANTHROPIC_API_KEY": KEY,
    }  # fmt: skip
    catalog = sources.catalog()

    assert "ok" in await catalog.available()
    await catalog.aclose()
    sources.environment["OPENAI_BASE_URL"] = "http://127.0.0.1:9"
    catalog = sources.catalog()
    with pytest.raises(ProviderError):
        await catalog.available()
    await catalog.aclose()


@pytest.mark.parametrize("place", [place for place in PLACES if place != "option"])
async def test_the_key_that_goes_out_is_the_one_that_may(sources: Sources, server: ScriptedServer, place: str) -> None:
    sources.environment = {"OPENAI_API_KEY": KEY}
    if place == "environment":
        sources.environment["OPENAI_BASE_URL"] = server.url
    else:
        PLACES[place](sources, f"OPENAI_BASE_URL={server.url}")

    await asked(sources.catalog(), "ok")

    sent = server.of("ok")[0]
    if place in ("environment", "config folder"):
        assert sent.headers["authorization"] == f"Bearer {KEY}"
    else:
        assert KEY not in repr(sent), "a file that sets a base URL never gets a key from elsewhere"
        assert "authorization" not in sent.headers


@pytest.mark.parametrize("place", ["--env-file", "./.env"])
async def test_a_file_that_sets_the_base_url_gets_its_own_key(
    sources: Sources, server: ScriptedServer, place: str
) -> None:
    sources.environment = {"OPENAI_API_KEY": KEY}
    PLACES[place](sources, f"OPENAI_BASE_URL={server.url}\nOPENAI_API_KEY={OTHER}\n")

    await asked(sources.catalog(), "ok")

    assert server.of("ok")[0].headers["authorization"] == f"Bearer {OTHER}"


async def test_a_file_that_sets_the_anthropic_url_never_gets_the_environments_key(
    sources: Sources, server: ScriptedServer
) -> None:
    sources.environment = {"ANTHROPIC_API_KEY": KEY, "OPENAI_API_KEY": KEY}
    sources.dot_env(f"ANTHROPIC_BASE_URL={server.anthropic_url}\n")

    await asked(sources.catalog(), "anthropic:ok")

    assert KEY not in repr(server.of("ok")[0])


async def test_the_sdk_takes_nothing_from_the_environment_on_its_own(
    sources: Sources, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, KEY)
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", f"X-Custom: {KEY}")
    sources.dot_env(f"OPENAI_BASE_URL={server.url}")

    await asked(sources.catalog(), "ok")

    assert KEY not in repr(server.of("ok")[0])


@pytest.mark.parametrize(
    ("url", "key", "exposed"),
    [
        ("http://192.0.2.1/v1", KEY, "192.0.2.1"),
        ("http://example.org:8080/v1", KEY, "example.org:8080"),
        ("http://192.0.2.1/v1", "", None),
        ("https://192.0.2.1/v1", KEY, None),
        ("http://127.0.0.1:8080/v1", KEY, None),
        ("http://localhost/v1", KEY, None),
        ("http://[::1]:1/v1", KEY, None),
        ("http://localhost.example.org/v1", KEY, "localhost.example.org"),
    ],
)
def test_a_key_in_the_clear_to_another_machine_is_noticed(
    sources: Sources, url: str, key: str, exposed: str | None
) -> None:
    sources.environment = {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": key}
    catalog = sources.catalog()

    assert catalog.exposed_host(catalog.model("x")) == exposed
    assert sources.catalog(insecure_http=True).exposed_host(catalog.model("x")) is None
    if exposed is not None:
        catalog.allow_exposed(exposed)
        assert catalog.exposed_host(catalog.model("x")) is None


@pytest.mark.parametrize("prefill", [True, False])
async def test_the_setting_for_prefill_reaches_the_provider(
    sources: Sources, server: ScriptedServer, prefill: bool
) -> None:
    sources.environment = {"OPENAI_BASE_URL": server.url}
    sources.toml(f"prefill = {str(prefill).lower()}")
    catalog = sources.catalog()

    model = await catalog.resolve(catalog.model("prefill"))

    assert model.provider.can_prefill("prefill") is prefill
    await catalog.aclose()


def test_the_catalog_knows_all_keys_for_redaction(sources: Sources) -> None:
    sources.environment = {"OPENAI_API_KEY": KEY}
    sources.dot_env(f"ANTHROPIC_API_KEY={OTHER}")

    assert [secret.reveal() for secret in sources.catalog().endpoints.secrets] == [KEY, OTHER]
    assert KEY not in repr(sources.catalog().endpoints.secrets)


def test_making_a_catalog_imports_nothing_and_connects_to_nothing(sources: Sources) -> None:
    sources.environment = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}

    assert sources.catalog().model().provider.host == "127.0.0.1:9"
    assert InMemoryQuirks().quirks("x", "y") == frozenset()


def test_openais_own_base_url_has_openais_default_model(sources: Sources) -> None:
    sources.environment = {"OPENAI_BASE_URL": "https://api.openai.com/v1/", "OPENAI_API_KEY": KEY}

    assert sources.catalog().model().name == DEFAULT_MODEL


async def test_the_first_model_is_known_for_the_next_conversation(sources: Sources, server: ScriptedServer) -> None:
    sources.environment = {"OPENAI_BASE_URL": server.url}
    catalog = sources.catalog()
    assert catalog.model().label.startswith("its first model @ 127.0.0.1")

    resolved = await catalog.resolve(catalog.model())

    assert catalog.model() == resolved
    await catalog.aclose()


class Unlisted(DemoProvider):
    """Does not tell its models."""

    def __init__(self, failure: ProviderError) -> None:
        super().__init__()
        self.failure = failure

    async def models(self) -> list[str]:
        raise self.failure


@pytest.mark.parametrize(
    ("failure", "helps"),
    [
        (ProviderError("not_found", "Nothing here.", status=404), True),
        (ProviderError("auth", "The key may not list models.", status=403), True),
        (ProviderError("timeout", "It does not list its models."), True),
        (ProviderError("auth", "Wrong key.", status=401), False),
        (ProviderError("connect", "Nobody listens."), False),
    ],
)
async def test_a_models_name_is_only_asked_for_where_it_would_help(failure: ProviderError, helps: bool) -> None:
    with pytest.raises(ProviderError) as caught:
        await first_model(Unlisted(failure))

    assert str(failure) in str(caught.value)
    assert ("-m or CHAT_MODEL" in str(caught.value)) is helps
    assert (caught.value.kind, caught.value.status) == (failure.kind, failure.status)
