"""A program of a user's own, strictly typed, with a provider of its own; all it imports is `streamtui.chat`."""

from collections.abc import AsyncGenerator

import pytest

from streamtui.chat import (
    ChatMessage,
    ChatRequest,
    Connected,
    Conversation,
    ErrorInfo,
    Finished,
    Model,
    ProviderError,
    ProviderEvent,
    TextDelta,
    Usage,
    stream,
)


class Parrot:
    """Says what it is told, or breaks."""

    name = "parrot"
    host = "here"

    def __init__(self, broken: Exception | None = None) -> None:
        self.broken = broken

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ProviderEvent, None]:
        yield Connected()
        yield TextDelta(request.turns[-1].text)
        if self.broken is not None:
            raise self.broken
        yield Usage(1, 1)
        yield Finished("stop")

    def can_prefill(self, model: str) -> bool:
        return False

    async def models(self) -> list[str]:
        return ["grey"]

    async def aclose(self) -> None:
        return


async def ask(broken: Exception | None = None) -> tuple[ChatMessage, ErrorInfo | None]:
    errors: list[ErrorInfo] = []
    conversation = Conversation(Model(Parrot(broken), "grey"))
    message = await stream(conversation.ask("Hello"), on_error=errors.append)
    return message, errors[0] if errors else None


async def test_a_provider_of_ones_own_is_asked_as_ours_are() -> None:
    message, error = await ask()

    assert (message.text, error) == ("Hello", None)


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (KeyError("seed"), "The provider Parrot failed with KeyError: 'seed'."),
        (RuntimeError(), "The provider Parrot failed with RuntimeError."),
    ],
)
async def test_an_exception_of_ones_own_provider_is_no_defect_of_ours(broken: Exception, says: str) -> None:
    message, error = await ask(broken)

    assert error == ErrorInfo("internal", says)
    assert message.text == "Hello"


@pytest.mark.parametrize(("thing", "kind"), [("text", "str"), (b"text", "bytes"), ({"text": "x"}, "dict"), (1, "int")])
async def test_what_is_no_event_is_named_by_its_type(thing: object, kind: str) -> None:
    class Careless(Parrot):
        async def stream(self, request: ChatRequest) -> AsyncGenerator[ProviderEvent, None]:
            yield TextDelta("So far so good. ")
            yield thing  # type: ignore[misc]

    errors: list[ErrorInfo] = []
    message = await stream(Conversation(Model(Careless(), "grey")).ask("Hello"), on_error=errors.append)

    says = f"The provider Careless failed with TypeError: it yielded {kind}, which is no event."
    assert (errors, message.text) == ([ErrorInfo("internal", says)], "So far so good. ")


async def test_what_such_a_provider_raises_on_purpose_is_said_as_it_is() -> None:
    _, error = await ask(ProviderError("auth", "No seeds, no words."))

    assert error == ErrorInfo("auth", "No seeds, no words.")


def test_an_exception_of_ours_is_a_defect_of_ours() -> None:
    class Ours:
        __module__ = "streamtui.providers.demo"

    for provider in (None, Ours()):
        said = ErrorInfo.of(ValueError("odd"), provider).message
        assert said == "ValueError: odd. This is a defect of streamtui."
