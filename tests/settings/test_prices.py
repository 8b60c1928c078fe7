"""Prices and windows, from the strongest source that knows them."""

import re
import sys
from datetime import UTC, datetime

import pytest

from streamtui.chat.statistics import Price
from tests.settings.conftest import Sources

KEY = "sk-env-0123456789abcdef"


def test_the_list_knows_models_at_their_own_hosts(sources: Sources) -> None:
    sources.environment = {"OPENAI_API_KEY": KEY}
    prices = sources.catalog().prices
    assert prices.get("gpt-4o-mini") == Price()

    prices.load()

    price = prices.get("gpt-4o-mini")
    assert price.context == 128_000
    assert price.input is not None and price.output is not None and 0 < price.input < price.output
    assert re.fullmatch(r"genai-prices [\d.]+, as of \d{4}-\d\d-\d\d", price.source)
    assert price.source[-10:] <= datetime.now(UTC).date().isoformat()


def test_a_model_of_the_same_name_elsewhere_has_no_price(sources: Sources) -> None:
    sources.environment = {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}
    prices = sources.catalog().prices
    prices.load()

    assert prices.get("gpt-4o-mini") == Price()


def test_the_users_own_word_goes_before_the_endpoints_and_the_lists(sources: Sources) -> None:
    sources.environment = {"OPENAI_API_KEY": KEY}
    sources.toml('[prices."gpt-4o-mini"]\ninput = 1\noutput = 2\n[models."gpt-4o-mini"]\ninput = 3\n')
    prices = sources.catalog().prices
    prices.load()
    prices.learn_window("gpt-4o-mini", 5)

    assert prices.get("gpt-4o-mini") == Price(3, 2, 5)


def test_without_the_extra_nothing_is_known(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    sources.environment = {"OPENAI_API_KEY": KEY}
    prices = sources.catalog().prices
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    prices.load()

    assert prices.get("gpt-4o-mini") == Price()
