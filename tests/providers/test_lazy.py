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
        (["nomic-embed-text"], None),
        ([], None),
    ],
)
def test_the_first_model_that_can_chat_is_picked(names: list[str], picked: str | None) -> None:
    assert first_for_chat(names) == picked


@pytest.mark.parametrize(
    "name",
    [
        "mxbai-embed-large",
        "voyage-3",
        "gte-large",
        "intfloat/e5-large-v2",
        "all-minilm",
        "text-search-ada-001",
        "colbert-v2",
        "jina-reranker-v2",
        "distil-whisper",
        "gpt-4o-transcribe",
        "parakeet-tdt",
        "hexgrad/kokoro-82m",
        "playai-tts",
        "gpt-4o-mini-tts",
        "gpt-realtime",
        "gpt-audio",
        "lyria-2",
        "gpt-image-1",
        "chatgpt-image-latest",
        "imagen-4",
        "veo-3",
        "sora-2",
        "flux.1-dev",
        "sdxl-turbo",
        "stable-diffusion-3",
        "omni-moderation-latest",
        "llama-guard-4",
        "shieldgemma",
        "nemotron-reward",
        "mistral-ocr-latest",
        "babbage-002",
        "gpt-3.5-turbo-instruct",
    ],
)
def test_models_that_write_no_replies_are_known_by_name(name: str) -> None:
    assert first_for_chat([name, "chatty"]) == "chatty"


@pytest.mark.parametrize(
    "name",
    [
        "gpt-4o-mini",
        "gpt-5.1-codex",
        "o3",
        "claude-sonnet-4-5",
        "gemini-3-flash",
        "llama3.2:3b",
        "qwen3:8b",
        "mistral-small",
        "deepseek-chat",
        "deepseek-reasoner",
        "grok-4",
        "gpt-oss:20b",
        "phi4-mini",
        "command-r-plus",
        "gemma3:4b",
        "sonar-pro",
        "kimi-k2",
        "mixtral-8x7b-instruct",
        "anthropic/claude-3.5-haiku",
        "smollm2",
        "codestral",
        "tinyllama",
        "hermes-3",
        "nous-capybara",
        "granite3.3",
        "devstral",
        "magistral",
    ],
)
def test_models_that_write_replies_are_picked(name: str) -> None:
    assert first_for_chat([name]) == name


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
