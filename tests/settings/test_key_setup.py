"""A key given while the program runs: checked first, kept privately, and used at once."""

import keyring
import pytest
from keyring.backend import KeyringBackend

from streamtui.chat.credentials import KeyOffer
from streamtui.chat.errors import ConfigError, ProviderError
from streamtui.providers import Secret
from streamtui.settings.endpoints import WELL_KNOWN, WellKnown
from streamtui.settings.key_setup import KeySetup
from streamtui.settings.models import SettingsCatalog
from tests.server.keyed import GOOD_KEY, REFUSAL, KeyedServer
from tests.settings.conftest import Sources


class Setup:
    """A key setup over a catalog, and what it learned."""

    def __init__(self, sources: Sources) -> None:
        self.learned: list[Secret] = []
        self.catalog = SettingsCatalog(sources.read(), sources.quirks)
        self.keys = KeySetup(self.catalog, sources.read, self.learned.append)

    async def give(self, offer: KeyOffer, key: str = GOOD_KEY, *, in_keyring: bool = False) -> str:
        models = await self.keys.check(offer, key)
        return (await self.keys.keep(offer, key, models, in_keyring=in_keyring)).model


async def test_an_address_and_its_key_are_kept_and_asked_at_once(sources: Sources) -> None:
    sources.toml('# mine\nsystem = "Be brief."\n')
    sources.config_env("# mine too\nCHAT_MODEL=\n")
    setup = Setup(sources)

    with KeyedServer() as server:
        model = await setup.give(setup.keys.address(server.host))
        answering = setup.catalog.model(model)
        names = await setup.catalog.available()

    assert answering.name == "big"
    assert answering.provider.host == server.host
    assert model in names
    assert server.keys == [f"Bearer {GOOD_KEY}"] * 2
    assert Secret(GOOD_KEY) in setup.learned
    assert sources.paths.env.stat().st_mode & 0o777 == 0o600
    assert sources.paths.env.read_text().startswith("# mine too\nCHAT_MODEL=\n")
    assert GOOD_KEY not in sources.paths.settings.read_text()
    assert sources.paths.settings.read_text().startswith('# mine\nsystem = "Be brief."\n')
    assert Setup(sources).catalog.model(model).provider.host == server.host


async def test_a_wrong_key_is_refused_in_the_servers_words_and_nothing_is_kept(sources: Sources) -> None:
    setup = Setup(sources)

    with KeyedServer() as server:
        offer = setup.keys.address(server.url)
        with pytest.raises(ProviderError, match=REFUSAL) as refused:
            await setup.keys.check(offer, "sk-wrong-9876543210")

    assert "sk-wrong" not in str(refused.value)
    assert not sources.paths.env.exists()
    assert not sources.paths.settings.exists()


async def test_where_anybody_may_list_the_models_the_key_itself_is_asked_about(
    sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    with KeyedServer(is_public=True) as server:
        for path in ("", "key"):
            monkeypatch.setitem(WELL_KNOWN, "openrouter", WellKnown(server.url, "OPENROUTER_API_KEY", path))
            setup = Setup(sources)
            offer = next(offer for offer in setup.keys.offers() if offer.name == "openrouter")
            if not path:
                assert await setup.keys.check(offer, "sk-wrong-9876543210") is not None
                continue
            with pytest.raises(ProviderError, match=REFUSAL):
                await setup.keys.check(offer, "sk-wrong-9876543210")
            assert await setup.keys.check(offer, GOOD_KEY) == ["text-embedding-a", "big"]


async def test_a_providers_key_goes_where_its_base_url_leads(sources: Sources) -> None:
    with KeyedServer(("gpt-4o-mini", "other")) as server:
        sources.environment["OPENAI_BASE_URL"] = server.url
        setup = Setup(sources)
        offer = next(offer for offer in setup.keys.offers() if offer.name == "openai")

        assert offer.host == server.host
        assert await setup.give(offer) == "openai:gpt-4o-mini"

    assert f"OPENAI_API_KEY='{GOOD_KEY}'" in sources.paths.env.read_text()
    assert not sources.paths.settings.exists()


async def test_a_key_in_the_environment_that_goes_before_it_is_told(sources: Sources) -> None:
    with KeyedServer() as server:
        sources.environment |= {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "sk-old-0123456789"}
        setup = Setup(sources)
        offer = next(offer for offer in setup.keys.offers() if offer.name == "openai")
        models = await setup.keys.check(offer, GOOD_KEY)

        kept = await setup.keys.keep(offer, GOOD_KEY, models, in_keyring=False)

    assert offer.has_key
    assert "OPENAI_API_KEY from the environment goes before it" in kept.notice


async def test_an_endpoint_without_a_list_is_kept_unchecked(sources: Sources) -> None:
    setup = Setup(sources)

    with KeyedServer(None) as server:
        assert await setup.give(setup.keys.address(server.host)) == ""

    (name,) = sources.read().settings.endpoints
    assert setup.catalog.model(f"{name}:m").provider.host == server.host


async def test_a_key_that_is_none_is_told_before_anything_is_sent(sources: Sources) -> None:
    setup = Setup(sources)
    with KeyedServer() as server:
        for key in ("two words", "curly“quote", "line\nbreak"):
            with pytest.raises(ConfigError, match="characters that no key has"):
                await setup.keys.check(setup.keys.address(server.host), key)
    assert server.keys == []


def test_every_known_provider_is_offered_those_without_a_key_first(sources: Sources) -> None:
    sources.environment["GROQ_API_KEY"] = "gsk-0123456789"
    offers = Setup(sources).keys.offers()

    assert {offer.name for offer in offers} == {"openai", "anthropic", *WELL_KNOWN}
    assert [offer.name for offer in offers if offer.has_key] == ["groq"]
    assert offers[-1].name == "groq"


@pytest.mark.parametrize(
    ("typed", "name", "host", "exposed"),
    [
        ("https://api.together.example/v1", "together", "api.together.example", False),
        ("llm.example", "llm", "llm.example", False),
        ("http://llm.example:8000/v1", "llm", "llm.example:8000", True),
        ("localhost:8080", "local-8080", "localhost:8080", False),
        ("http://192.168.1.7:8000", "192-168-1-7-8000", "192.168.1.7:8000", True),
        ("https://groq.example/v1", "groq-2", "groq.example", False),
        ("https://api.openai.com/v1/", "openai", "api.openai.com", False),
    ],
)
def test_an_address_names_an_endpoint(sources: Sources, typed: str, name: str, host: str, exposed: bool) -> None:
    offer = Setup(sources).keys.address(typed)

    assert (offer.name, offer.host, offer.is_exposed) == (name, host, exposed)


@pytest.mark.parametrize("typed", ["", "ftp://x", "https://user:secret@x/v1", "two words", "https://x/v1?key=1"])
def test_what_is_no_address_is_told(sources: Sources, typed: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Setup(sources).keys.address(typed)
    assert "secret" not in str(refused.value)


class MemoryKeyring(KeyringBackend):
    """A keyring that is gone with the test."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


async def test_a_key_may_go_into_the_keyring_instead(sources: Sources) -> None:
    before, memory = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(memory)
    try:
        setup = Setup(sources)
        with KeyedServer() as server:
            offer = setup.keys.address(server.host)
            model = await setup.give(offer, in_keyring=True)
            assert model in await setup.catalog.available()
    finally:
        keyring.set_keyring(before)

    assert offer.can_use_keyring
    assert list(memory.kept.values()) == [GOOD_KEY]
    assert not sources.paths.env.exists()
    assert "keyring = true" in sources.paths.settings.read_text()


async def test_what_can_not_be_written_changes_nothing(sources: Sources) -> None:
    sources.toml("endpoints = {}\n")  # to which no table can be added
    setup = Setup(sources)

    with KeyedServer() as server, pytest.raises(ConfigError):
        await setup.give(setup.keys.address(server.host))

    assert sources.paths.settings.read_text() == "endpoints = {}\n"
    assert not sources.paths.env.exists()
    assert setup.catalog.model().id == "demo"
