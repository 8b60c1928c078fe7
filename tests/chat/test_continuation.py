"""Where a continuation joins the text before it: nothing twice, nothing lost, the same for every fragmentation."""

import random
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamtui.chat.continuation import LONGEST_HOLD_S, SHORTEST_REPETITION, Joined, RepetitionFilter

THOROUGH = settings(deadline=None, database=None, max_examples=300)
CUTS = (60, 75, 150, 400, 1_000, 4_000, 10_000)
INTRODUCTIONS = (
    "Sure! Here is the rest:\n\n",
    "Hello! ",
    "I apologize for the interruption. Let me continue where I left off.\n\n",
    "Certainly, I'll start over.\n\n",
    "Hier ist der Rest:\n",
    "Okay.\n",
    "The story, from where it stopped:\n\n",
)
ODD_INTRODUCTIONS = (
    "---\n\n",
    "*clears throat* ",
    "Pardon me! ",
    "My connection seems to have dropped. ",
    "Voilà la réponse complète.\n\n",
    "Вы прервали меня. " * 10,
)
"""What nobody could list: behind them only all of the text counts as a restart."""


class Reader:
    """What is on screen of a continuation; `waits` are the seconds for which something was kept from it."""

    def __init__(self, before: str, shortest: int = SHORTEST_REPETITION) -> None:
        self.before = before
        self.filter = RepetitionFilter(before, shortest)
        self.shown = ""
        self.now = 0.0
        self.waits: list[float] = [0.0]

    def feed(self, pieces: Iterable[str], gap_s: float = 0.0) -> "Reader":
        for piece in pieces:
            self.now += gap_s
            self._take(self.filter.feed(piece, self.now))
            since = self.filter.held_since
            self.waits.append(0.0 if since is None else self.now - since)
        return self

    def close(self) -> str:
        self._take(self.filter.close())
        return self.before + self.shown

    def _take(self, joined: Joined) -> None:
        assert joined.withdrawn <= len(self.shown)
        self.shown = self.shown[: len(self.shown) - joined.withdrawn] + joined.text


def joined(before: str, pieces: Iterable[str], gap_s: float = 0.0) -> str:
    return Reader(before).feed(pieces, gap_s).close()


def tokens(text: str, size: int = 5) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def prose(length: int, seed: int = 1) -> str:
    """Return a text in which no stretch of six characters leads anywhere but where it stands."""
    rng = random.Random(seed)
    names = ["harbour", "lantern", "drift", "meadow", "copper", "whistle", "orchard", "pepper", "saddle", "thunder"]
    words: list[str] = []
    while sum(map(len, words)) + len(words) < length:
        words.append(f"{rng.choice(names)}{rng.randint(0, 99)}{rng.choice(['', '', ',', '.', '!'])}")
    return " ".join(words)[:length].rstrip()


@pytest.mark.parametrize("gap_s", [0.0, 0.01, 0.2])
@pytest.mark.parametrize("introduction", ["", "\n\n", *INTRODUCTIONS])
@pytest.mark.parametrize("cut", CUTS)
def test_a_model_that_starts_over_writes_one_reply(cut: int, introduction: str, gap_s: float) -> None:
    whole = prose(cut + 400)
    before = whole[:cut]

    assert joined(before, tokens(introduction + whole), gap_s) == whole


@pytest.mark.parametrize("introduction", ["", *INTRODUCTIONS])
@pytest.mark.parametrize("cut", CUTS[2:])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.6])
def test_a_model_that_starts_from_any_point_writes_one_reply(cut: int, introduction: str, share: float) -> None:
    whole = prose(cut + 400)
    point = whole.index(" ", int(cut * share)) + 1

    assert joined(whole[:cut], tokens(introduction + whole[point:])) == whole


@pytest.mark.parametrize("gap_s", [0.0, 0.2])
@pytest.mark.parametrize("introduction", ODD_INTRODUCTIONS)
@pytest.mark.parametrize("cut", CUTS)
def test_all_of_a_text_again_is_a_restart_behind_anything(cut: int, introduction: str, gap_s: float) -> None:
    whole = prose(cut + 400)
    before = whole[:cut]

    assert joined(before, tokens(introduction + whole), gap_s) == whole


@pytest.mark.parametrize("overlap", [8, 20, 60, 100])
def test_the_last_words_are_not_written_twice(overlap: int) -> None:
    whole = prose(900)
    start = whole.rindex(" ", 0, 500 - overlap) + 1

    assert joined(whole[:500], tokens(whole[start:], 3)) == whole


SONG = (
    "The harbour sleeps beneath the rain,\nand no one counts the ships.\n\n"
    "Oh, carry me over, carry me home,\ncarry me over the bay.\n"
    "Oh, carry me over, carry me home,\nat the end of the day.\n\n"
)
VERSE = "The lantern burns its oil away,\nthe keeper writes his lines.\n\n"
REFRAIN = SONG.partition("\n\n")[2]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (SONG + VERSE, REFRAIN + "Another verse.\n"),
        (SONG + VERSE + REFRAIN[:40], REFRAIN[40:] + VERSE),
        (REFRAIN + VERSE, REFRAIN + "A third verse\n"),
        (SONG + REFRAIN, REFRAIN + "The end."),
        (SONG + VERSE[:30], VERSE[30:] + REFRAIN),
        ("1. Wash the apples.\n2. Wash the pears.\n", "3. Wash the plums.\n4. Wash the figs.\n"),
        ("- item\n- item\n- it", "em\n- item\n- item\n"),
        (REFRAIN, VERSE + REFRAIN + "The end."),
        ("| a | b |\n|----------", "----------|\n| 1 | 2 |\n"),
        ("| a | b |\n|---|---|\n| 1 | 2 |\n", "| 1 | 3 |\n| 2 | 2 |\n"),
        ("x = 1\ny = 1\nz", " = 1\nx = 1\n"),
        ("for a in b:\n    print(a)\nfor c in d:\n    pr", "int(c)\nfor a in b:\n    print(a)\n"),
        ("She said: ", "Sure! Here it is, as she said: the story of the bay.\n"),
        ("Is it so? ", "So it is, as it was. "),
    ],
)
@pytest.mark.parametrize("size", [1, 4, 10_000])
@pytest.mark.parametrize("gap_s", [0.0, 0.3])
def test_what_only_looks_like_a_repetition_stays(before: str, after: str, size: int, gap_s: float) -> None:
    assert joined(before, tokens(after, size), gap_s) == before + after


@pytest.mark.parametrize("gap_s", [0.01, 0.1, 0.4])
@pytest.mark.parametrize("new", [prose(600), "Sure! " + prose(300, 2), prose(300)[100:] + "and on", SONG, "Sure"])
def test_nothing_is_held_back_for_longer_than_half_a_second(new: str, gap_s: float) -> None:
    reader = Reader(prose(400) + SONG).feed(tokens(new), gap_s)

    assert max(reader.waits) <= LONGEST_HOLD_S


def test_text_that_repeats_nothing_is_shown_at_once() -> None:
    reader = Reader(prose(400)).feed(tokens("Velvet evenings go on and on, as they do."))

    assert len(reader.shown) >= len("Velvet evenings go on and on, as they do.") - 2 * SHORTEST_REPETITION


def test_white_space_at_the_cut_is_not_doubled() -> None:
    before = prose(200) + "\n\n"

    assert joined(before, tokens(before.rstrip() + "\nNext.")) == before + "Next."
    assert joined(before, tokens(before + "Next.")) == before + "Next."


@st.composite
def fragmented(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> tuple[str, list[str]]:
    """Return a text, and the same text in pieces."""
    text = draw(texts)
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=len(text))))
    return text, [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


PROSE = st.text("ab c\n", max_size=60)
SENTENCES = st.lists(
    st.sampled_from(["Sure! ", "Here it is:\n", "One two three four. ", "Carry me over the bay, and home again.\n"])
    | st.text("abc. \n", max_size=50),
    max_size=9,
).map("".join)


@THOROUGH
@given(PROSE | SENTENCES, fragmented(PROSE | SENTENCES), st.sampled_from([0.0, 0.3]))
def test_the_result_is_the_same_for_every_fragmentation_and_speed(
    before: str, case: tuple[str, list[str]], gap_s: float
) -> None:
    text, pieces = case
    assert joined(before, pieces, gap_s) == joined(before, [text])


@THOROUGH
@given(PROSE | SENTENCES, fragmented(PROSE | SENTENCES))
def test_only_ever_the_beginning_goes(before: str, case: tuple[str, list[str]]) -> None:
    text, pieces = case
    assert text.endswith(joined(before, pieces)[len(before) :])


@THOROUGH
@given(st.text("abc ", max_size=30), st.text("xyz", min_size=SHORTEST_REPETITION, max_size=80), st.text("AB"))
def test_any_repetition_of_the_last_words_is_left_out(before: str, overlap: str, new: str) -> None:
    written = f"{before} {overlap}"
    assert joined(written, [overlap, new]) == written + new
    assert joined(written, [*overlap, *new]) == written + new


@THOROUGH
@given(st.text("abc", min_size=1, max_size=60), st.text("xyz", max_size=40))
def test_text_that_repeats_nothing_is_not_touched(before: str, new: str) -> None:
    assert joined(before, new) == before + new


@pytest.mark.parametrize("same", ["e", "and ", "} \n}"])
def test_a_short_coincidence_is_no_repetition(same: str) -> None:
    assert joined("here" + same, [same + "then"]) == "here" + same + same + "then"


def test_a_model_that_was_handed_its_own_beginning_may_repeat_a_little() -> None:
    reader = Reader("It goes like this: ding dong", shortest=60).feed([" ding dong", " and so on"])

    assert reader.close() == "It goes like this: ding dong ding dong and so on"
