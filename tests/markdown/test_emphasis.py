"""Sentences that are emphasised, beside patterns that are not."""

import pytest

from streamtui.markdown import Colors, Document, Styles

STYLES = Styles.of(Colors())


def shown(source: str) -> str:
    document = Document(source)
    document.finish()
    document.update()
    return "\n".join(line.strip.text.rstrip() for block in document.blocks for line in block.lines(60, STYLES))


@pytest.mark.parametrize("sentence", ["Really.", "a b c.", "Is it? Yes.", "See 3.2."])
def test_a_sentence_may_be_emphasised_with_its_period(sentence: str) -> None:
    assert shown(f"*{sentence}*") == sentence
    assert shown(f"Before. *{sentence}* After.") == f"Before. {sentence} After."
    assert shown(f"(*{sentence}*)") == f"({sentence})"


@pytest.mark.parametrize("pattern", ["match ^.*$ here", "a.*b or .* too", "(?:.*) x", "rm *.* and .*/ too"])
def test_a_pattern_keeps_its_stars(pattern: str) -> None:
    assert shown(pattern) == pattern
