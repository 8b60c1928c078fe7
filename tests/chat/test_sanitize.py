"""Foreign text is sanitized per character: for every fragmentation the same."""

import unicodedata
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamtui.chat.sanitize import Sanitizer, sanitize, sanitize_line

settings.register_profile("chat", deadline=None, database=None, max_examples=300)
THOROUGH = settings.get_profile("chat")

ODD = st.sampled_from(
    ["\x00", "\x07", "\x1b", "\x1b[2J", "\x9b", "\x85", "\x7f", "\r", "\n", "\r\n", "\t", "\u2028", "\u2029", "\ufeff",
     "\u202a", "\u202e", "\u2066", "\u2069", "\u200e", "\u200f", "\u200d", "\u200c", "\ud83d", "\ude00", "\ud800",
     "\U0001f3f4", "\U000e0067", "\U000e0062", "\U000e007f", "\U000e0001", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "👩‍👩‍👧", "a", "é", "😀"]
)  # fmt: skip
FOREIGN = st.lists(ODD | st.text(st.characters(), max_size=3), max_size=14).map("".join)


@st.composite
def fragmented(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> tuple[str, list[str]]:
    """Return a text, and the same text in pieces."""
    text = draw(texts)
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=len(text))))
    return text, [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def forbidden(text: str) -> set[str]:
    """Return the characters that must never reach a terminal."""
    bad = {c for c in text if unicodedata.category(c) in ("Cc", "Cs") and c not in "\t\n"}
    return bad | {c for c in text if c in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\u2028\u2029"}


def cleaned(pieces: Iterable[str]) -> str:
    cleaner = Sanitizer()
    return "".join(map(cleaner.feed, pieces)) + cleaner.close()


@THOROUGH
@given(fragmented(FOREIGN))
def test_text_in_pieces_is_cleaned_as_the_whole_is(case: tuple[str, list[str]]) -> None:
    text, pieces = case
    assert cleaned(pieces) == sanitize(text)


@THOROUGH
@given(FOREIGN)
def test_nothing_that_commands_a_terminal_gets_through(text: str) -> None:
    assert forbidden(sanitize(text)) == set()
    sanitize(text).encode("utf-8")


@THOROUGH
@given(FOREIGN)
def test_clean_text_stays_as_it_is(text: str) -> None:
    assert sanitize(sanitize(text)) == sanitize(text)


ORDINARY = st.characters(exclude_categories=["Cc", "Cs", "Cf", "Zl", "Zp"]).filter(
    lambda character: not "\U000e0000" <= character <= "\U000e007f"  # tags, some of which are not assigned
)


@THOROUGH
@given(st.text(ORDINARY | st.sampled_from("\t\n"), max_size=30))
def test_ordinary_text_is_not_touched(text: str) -> None:
    assert sanitize(text) is text or sanitize(text) == text


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("a\r\nb\rc\n", "a\nb\nc\n"),
        ("\x1b]52;c;AAAA\x07", "�]52;c;AAAA�"),
        ("\ud83d\ude00", "😀"),
        ("\ud83d", "�"),
        ("x\u202ey\u2069z", "xyz"),
        ("👩‍👩‍👧 \u200fعربي\u200e", "👩‍👩‍👧 \u200fعربي\u200e"),
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"),
        ("a\U000e0061\U000e007fb", "ab"),
        ("🏴" + "\U000e0061" * 50, "🏴" + "\U000e0061" * 7),
    ],
)
def test_what_becomes_of_a_text(raw: str, expected: str) -> None:
    assert sanitize(raw) == expected
    assert cleaned(raw) == expected


@THOROUGH
@given(FOREIGN, st.integers(1, 30))
def test_a_line_is_one_clean_line_and_no_longer_than_asked(text: str, limit: int) -> None:
    line = sanitize_line(text, limit)
    assert len(line) <= limit
    assert "\n" not in line and "\t" not in line and forbidden(line) == set()
