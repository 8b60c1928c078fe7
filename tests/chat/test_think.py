"""Reasoning between `<think>` tags."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtui.chat.events import ReasoningDelta
from streamtui.chat.think import ThinkTags


def split(*fragments: str) -> tuple[str, str]:
    """Return reasoning and answer."""
    tags = ThinkTags()
    deltas = [delta for fragment in fragments for delta in tags.feed(fragment)] + tags.close()
    reasoning = "".join(delta.text for delta in deltas if isinstance(delta, ReasoningDelta))
    return reasoning, "".join(delta.text for delta in deltas if not isinstance(delta, ReasoningDelta))


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("Hello", "", "Hello"),
        ("<think>hm</think>Hello", "hm", "Hello"),
        ("\n <think>\nhm\n</think>\n\nHello", "hm\n", "Hello"),
        ("<think>\n\n</think>\n\nHello", "", "Hello"),
        ("<think>never ends", "never ends", ""),
        ("<think>half a tag </thi", "half a tag </thi", ""),
        ("<think>a < b </x> c</think>d", "a < b </x> c", "d"),
        ("Hello <think>not this</think>", "", "Hello <think>not this</think>"),
        ("<think>a</think><think>b</think>", "a", "<think>b</think>"),
        ("<thin ice", "", "<thin ice"),
        ("<", "", "<"),
        ("  \n", "", ""),
        (" " * 300 + "<think>x</think>", "", " " * 300 + "<think>x</think>"),
    ],
)
def test_examples(text: str, reasoning: str, answer: str) -> None:
    assert split(text) == (reasoning, answer)
    assert split(*text) == (reasoning, answer)


@given(st.lists(st.sampled_from(["<think>", "</think>", "<", "/", "think", ">", " ", "\n", "\r", "a", "</", "<t"])))
def test_fragmentation_changes_nothing(pieces: list[str]) -> None:
    assert split(*pieces) == split("".join(pieces)) == split(*"".join(pieces))


def test_an_answer_is_passed_on_as_it_comes() -> None:
    tags = ThinkTags()
    tags.feed("Hello")
    assert tags.settled
