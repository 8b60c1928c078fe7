"""Which of the models on offer is picked where none is named."""

import pytest

from streamtui.chat.errors import ProviderError
from streamtui.providers.lazy import first_for_chat, first_model
from streamtui.providers.models import model_names
from tests.providers.conftest import Make
from tests.providers.playback import Answer, playback, refusal


@pytest.mark.parametrize(
    ("names", "picked"),
    [
        (["text-embedding-3-small", "gpt-4o"], "gpt-4o"),
        (["whisper-1", "tts-1", "gpt-4o-mini-tts", "dall-e-3", "omni-moderation-latest", "o3"], "o3"),
        (["BAAI/bge-m3", "Qwen/Qwen3-Reranker-8B", "nomic-embed-text:latest", "llama3.2:3b"], "llama3.2:3b"),
        (["nomic-embed-text"], "nomic-embed-text"),
        ([], None),
    ],
)
def test_the_first_model_that_can_chat_is_picked(names: list[str], picked: str | None) -> None:
    assert first_for_chat(names) == picked


@pytest.mark.parametrize("body", ['{"object": "list", "data": null}', '{"data": []}', "[]", '{"models": []}'])
async def test_a_server_without_models_says_so(make: Make, body: str) -> None:
    async with playback(Answer([body.encode()], content_type="application/json")) as server:
        provider = make(base_url=server.url)
        assert await provider.models() == []
        with pytest.raises(ProviderError) as caught:
            await first_model(provider)
    assert "offers no model: pull or load one there" in str(caught.value)


@pytest.mark.parametrize("name", ["anthropic", "openai"])
async def test_a_long_name_is_sent_whole(make: Make, name: str) -> None:
    path = "/models/" + "snapshots/" * 30 + "model.gguf"
    async with playback(refusal(200, {"data": [{"id": path}, {"id": "x" * 5000}]})) as server:
        provider = make(name, base_url=server.url.removesuffix("/v1") if name == "anthropic" else server.url)
        assert await provider.models() == [path]


def test_what_is_no_list_of_models() -> None:
    assert model_names(b'{"error": 1}') is None
    assert model_names(b'"models"') is None
