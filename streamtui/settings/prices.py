"""What models cost and how much they can read: from the user's own tables, the endpoint, or a list of prices.

The list is that of the package `genai-prices` (the extra `streamtui[prices]`), as it was published: nothing is asked
over the network. Where nothing is known, nothing is shown.
"""

import importlib.util
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from streamtui.chat.statistics import Price
from streamtui.settings.endpoints import ModelSettings

_PACKAGE = "genai-prices"


class PriceBook:
    """Prices by model id, as the store keeps ids. Safe to use from several threads."""

    def __init__(
        self,
        models: Mapping[str, ModelSettings],
        prices: Mapping[str, Price],
        locate: Callable[[str], tuple[str, str] | None],
    ) -> None:
        """`models` and `prices` are the user's tables; `locate` returns the base URL and the bare name of a model id,
        `None` where no endpoint of the settings has it."""
        self._models = models
        self._prices = prices
        self._locate = locate
        self._windows: dict[str, int] = {}
        self._listed: dict[str, Price] = {}
        self._snapshot: Any = None
        self._source = ""
        self._loading = threading.Lock()

    def get(self, model: str, default: Price | None = None) -> Price:
        """Return what is known of a model, field by field from the strongest source that knows it."""
        own = self._models.get(model, ModelSettings())
        table = self._prices.get(model, Price())
        listed = self._list_price(model)
        price = Price(
            _first(own.input, table.input, listed.input),
            _first(own.output, table.output, listed.output),
            _first(own.context, table.context, self._windows.get(model), listed.context),
        )
        is_listed = own.input is None and own.output is None and table.input is None and table.output is None
        return replace(price, source=listed.source if is_listed else "")

    def learn_window(self, model: str, tokens: int) -> None:
        """Remember how many tokens an endpoint says that a model's window holds."""
        self._windows[model] = tokens

    def load(self) -> None:
        """Import the list of prices, where it is installed. Takes about 0.2 s; meant to be called in a thread."""
        if importlib.util.find_spec("genai_prices") is None:
            return
        with self._loading:
            if self._snapshot is None:
                from genai_prices import data_snapshot

                snapshot = data_snapshot.get_snapshot()
                self._source = _source_of(snapshot)
                self._snapshot = snapshot

    def _list_price(self, model: str) -> Price:
        if self._snapshot is None:
            return Price()
        if model not in self._listed:
            self._listed[model] = self._look_up(model)
        return self._listed[model]

    def _look_up(self, model: str) -> Price:
        place = self._locate(model)
        if place is None:
            return Price()
        base_url, name = place
        try:
            _, info = self._snapshot.find_provider_model(name, None, None, base_url)
            prices = info.get_prices(datetime.now(UTC))
        except LookupError:
            return Price()
        return Price(_number(prices.input_mtok), _number(prices.output_mtok), info.context_window, self._source)


def _source_of(snapshot: Any) -> str:
    """Return the name of the list and its date: that of the latest change of a price in it, since it has no other."""
    from importlib import metadata  # 20 ms that those who ask for no price are spared

    today = datetime.now(UTC).date()
    prices = (price for provider in snapshot.providers for model in provider.models for price in _steps(model.prices))
    changes = (getattr(price.constraint, "start_date", None) for price in prices)
    latest = max((date for date in changes if date is not None and date <= today), default=None)
    return f"{_PACKAGE} {metadata.version(_PACKAGE)}{f', as of {latest}' if latest else ''}"


def _steps(prices: Any) -> Sequence[Any]:
    """Return the prices of a model that changed with time; none of one that has had a single price."""
    return prices if isinstance(prices, list) else ()


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _number(price: Any) -> float | None:
    """Return a price per million tokens; of one in tiers, the one for short prompts."""
    if price is None:
        return None
    return float(getattr(price, "base", price))
