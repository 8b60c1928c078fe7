"""Choosing the model that answers: favourites and those used last first, then what each endpoint offers."""

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar, Final

from textual import work
from textual.binding import BindingType
from textual.content import Content
from textual.widgets.option_list import Option

from streamtui.chat.errors import ConfigError, StoreError, StreamtuiError
from streamtui.tui.key import Place
from streamtui.tui.keybindings import DEFAULT
from streamtui.tui.screens.picker import Picker
from streamtui.workspace import Workspace

_MOST_RECENT: Final = 5
_REPLIES: Final = 300
"""Past replies in which the models used last are looked for."""


class Models(Picker):
    """Dismissed with a model as `-m` takes it: one of the list, or what was typed.

    What the endpoints offered the last time is there at once; they are asked again meanwhile.
    """

    PLACEHOLDER = "Type a model's name"
    HINT = "enter choose · ctrl+f favourite · esc close"
    BINDINGS: ClassVar[list[BindingType]] = DEFAULT.bindings(Place.MODELS)

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self._catalog = workspace.catalog
        self._lists = {one.endpoint: one for one in self._catalog.lists.last()}
        self._recent: Sequence[str] = ()
        """The models that answered last, newest first."""
        self._sections: Sequence[tuple[str, Sequence[_Row]]] = ()

    def on_mount(self) -> None:
        self._arrange()
        self.hint("asking the endpoints for their models …")
        self._load()

    @work(exclusive=True)
    async def _load(self) -> None:
        self._recent = await self._used_last()
        self._arrange()
        failures: list[StreamtuiError] = []
        async for models in self._catalog.lists.refresh(failures.append):
            self._lists[models.endpoint] = models
            self._arrange()
        self.hint(_about(failures, has_models=bool(self._lists)) or self.HINT)
        self._arrange()

    async def _used_last(self) -> Sequence[str]:
        """Return the models that wrote something of late and can still be asked."""
        try:
            timings = await self._workspace.library.timings(limit=_REPLIES)
        except StoreError:
            return ()
        known = dict.fromkeys(timing.model for timing in timings if timing.model and timing.metrics.characters)
        return [id for id in known if self._can_be_asked(id)][:_MOST_RECENT]

    def _can_be_asked(self, id: str) -> bool:
        try:
            self._catalog.model(id)
        except ConfigError:
            return False
        return True

    def _arrange(self) -> None:
        """Sort what there is into sections, each model into the first that it belongs to."""
        favourites = [id for id in self._catalog.lists.favourites if self._can_be_asked(id)]
        taken: set[str] = set()
        sections: list[tuple[str, Sequence[_Row]]] = []
        for heading, ids, mark in (("Favourites", favourites, "★"), ("Last used", self._recent, " ")):
            rows = [_Row(id, mark, self._catalog.model(id).provider.host) for id in ids if id not in taken]
            taken.update(ids)
            sections.append((heading, rows))
        for models in self._lists.values():
            rows = [_Row(id) for id in models.chat_first if id not in taken]
            sections.append((f"{models.endpoint} · {models.host}", rows))
        self._sections = sections
        self.offer(keep=True)

    def matching(self, typed: str) -> Iterable[Option]:
        words = typed.split()
        matches = [(heading, [row for row in rows if row.matches(words)]) for heading, rows in self._sections]
        if any(rows for _, rows in matches):
            return _options(matches, typed.strip())
        if not any(rows for _, rows in self._sections):
            return []
        return [Option(Content("Not one of the endpoints' models; enter takes the name as it is."), disabled=True)]

    def otherwise(self, typed: str) -> str | None:
        return typed.strip() or None

    def action_mark(self) -> None:
        """Make the model under the cursor a favourite, or no longer one."""
        if (id := self.highlighted) is None:
            return
        is_favourite = self._catalog.lists.mark(id)
        self._arrange()
        self.tell(f"{id} is {'a favourite' if is_favourite else 'no favourite any more'}.", 4)


class _Row:
    """A model in the list."""

    __slots__ = ("_host", "_mark", "_words", "id")

    def __init__(self, id: str, mark: str = " ", host: str = "") -> None:
        """`host` is said where the heading does not say it."""
        self.id = id
        self._mark = mark
        self._host = host
        self._words = f"{id} {host}".casefold()

    def matches(self, words: Sequence[str]) -> bool:
        return all(word in self._words for word in words)

    @property
    def option(self) -> Option:
        host = (f"  {self._host}", "$foreground-muted")
        return Option(
            Content.assemble((f"{self._mark} ", "$accent"), self.id, *([host] if self._host else [])), id=self.id
        )


def _options(sections: Iterable[tuple[str, Sequence[_Row]]], typed: str) -> Iterator[Option]:
    """Yield the rows under their headings, a model of exactly the typed name first."""
    exact = [row for _, rows in sections for row in rows if row.id.casefold() == typed]
    yield from (row.option for row in exact)
    for heading, rows in sections:
        options = (row.option for row in rows if row not in exact)
        if (first := next(options, None)) is not None:
            yield Option(Content.styled(heading, "bold $foreground-muted"), disabled=True)
            yield first
            yield from options


def _about(failures: Sequence[StreamtuiError], *, has_models: bool) -> str:
    """Return what is to be said about endpoints that gave no list, in one line."""
    if not failures:
        return ""
    others = f" ({len(failures) - 1} more did not answer.)" if len(failures) > 1 else ""
    advice = "" if has_models else " A name that you type is taken as it is."
    return f"{failures[0]}{others}{advice}"
