"""Which of the models on offer is picked where none is named."""

import pytest

from streamtui.providers.lazy import first_for_chat


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
