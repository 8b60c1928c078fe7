"""A continuation that says the old text again in other words: a reply of its own, and nothing else is taken for one."""

import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamtui.chat.restart import RestartDetector
from tests.chat.test_continuation import REFRAIN, SONG, VERSE, prose, tokens

THOROUGH = settings(deadline=None, database=None, max_examples=60)
REWORDED = {
    "water": (
        "The water cycle describes how water moves continuously above, on and below the surface of the Earth. The sun "
        "heats the oceans, and water evaporates into the air. As the vapour rises it cools and condenses into clouds, "
        "which drift over the continents. Sooner or later the droplets grow heavy and fall as rain or snow. Some of it "
        "soaks into the ground and feeds the springs; the rest runs off into rivers, which carry it back to the sea.",
        "Water is always on the move on, above and beneath the Earth's surface: that is called the water cycle. First "
        "the oceans are heated by the sun, so that water evaporates and rises into the air. There the vapour "
        "cools down "
        "and condenses; clouds form and drift across the continents. When the droplets have become too heavy they fall "
        "to the ground as rain or as snow. A part soaks in and feeds springs, while the rest runs into rivers and is "
        "carried to the sea again, where everything begins anew.",
    ),
    "queue": (
        "To drain an `asyncio.Queue` without losing items, stop the producers first, then wait until every "
        "consumer has "
        "called `task_done()`. The method `join()` blocks until the counter of unfinished tasks reaches zero. Cancel "
        "the workers only afterwards, because a cancelled worker may hold an item that it has taken but not processed. "
        "If shutdown has a deadline, wrap the wait in a timeout and log what remains.",
        "Draining an `asyncio.Queue` safely means that no items get lost. Start by stopping all producers. After that, "
        "wait for each consumer to call `task_done()`; `join()` will block while the counter of unfinished tasks has "
        "not reached zero. The workers should be cancelled last: one that is cancelled earlier may still hold an item "
        "which was taken and never processed. With a deadline for the shutdown, use a timeout around the wait and log "
        "the remaining items.",
    ),
    "german": (
        "Der Wasserfall entsteht dort, wo ein Fluss über eine harte Gesteinsschicht fließt, unter der weichere "
        "Schichten "
        "liegen. Das Wasser spült die weichen Schichten aus, bis die harte Kante überhängt und abbricht. So "
        "wandert der "
        "Wasserfall langsam flussaufwärts, und unter ihm bleibt eine tiefe Schlucht zurück, in der sich Geröll "
        "sammelt.",
        "Ein Wasserfall bildet sich an Stellen, an denen der Fluss eine harte Gesteinsschicht überquert und darunter "
        "weichere Schichten liegen. Diese werden ausgespült, sodass die harte Kante überhängt und schließlich "
        "abbricht. "
        "Langsam wandert er dadurch flussaufwärts; zurück bleibt eine tiefe Schlucht voller Geröll.",
    ),
}
SYNONYMS = ("gentle", "furious", "placid", "marble", "velvet", "crimson", "hollow", "silent")


def is_restart(before: str, after: str, size: int = 5) -> bool:
    detector = RestartDetector(before)
    return any(map(detector.feed, tokens(after, size))) or detector.close()


def sentences(length: int, seed: int = 1) -> str:
    """Return sentences of words that hardly come twice, as the words of a text on one subject do."""
    rng = random.Random(seed)

    def word() -> str:
        return "".join(rng.choice("bdfgklmnprstvz") + rng.choice("aeiou") for _ in range(rng.randint(2, 4)))

    text = ""
    while len(text) < length:
        text += (
            " ".join(
                rng.choice([word(), word(), word(), "and", "the", "harbour", word()]) for _ in range(12)
            ).capitalize()
            + ". "
        )
    return text.strip()


def in_other_words(text: str, share: float, seed: int = 1) -> str:
    """Return `text` with a share of its words replaced."""
    rng = random.Random(seed)
    words = [rng.choice(SYNONYMS) if rng.random() < share else word for word in text.split(" ")]
    words[0] = words[0].capitalize()
    return " ".join(words)


@pytest.mark.parametrize("introduction", ["", "Sure! Here it is again:\n\n", "Sorry about that. ", "Hello! "])
@pytest.mark.parametrize("subject", REWORDED)
@pytest.mark.parametrize("share", [0.5, 0.7, 0.95])
def test_a_reworded_beginning_is_a_restart(subject: str, introduction: str, share: float) -> None:
    before, after = REWORDED[subject]
    cut = before.index(" ", int(len(before) * share)) + 3

    assert is_restart(before[:cut], introduction + after)


@pytest.mark.parametrize("introduction", ["", "Certainly, from the beginning then. "])
@pytest.mark.parametrize("cut", [60, 150, 400, 1_000, 4_000, 10_000])
def test_a_restart_is_seen_wherever_the_reply_was_cut(cut: int, introduction: str) -> None:
    whole = sentences(cut + 500)
    before = whole[:cut].rstrip(" .")

    assert is_restart(before, introduction + in_other_words(whole, 0.15 if cut < 200 else 0.3, seed=3))


@pytest.mark.parametrize("subject", REWORDED)
def test_all_of_a_text_said_again_is_a_restart_also_where_that_ended_with_a_sentence(subject: str) -> None:
    before, after = REWORDED[subject]

    assert is_restart(before, after)


@pytest.mark.parametrize("subject", REWORDED)
@pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
def test_the_rest_of_a_text_is_no_restart(subject: str, share: float) -> None:
    for text in REWORDED[subject]:
        cut = int(len(text) * share)
        assert not is_restart(text[:cut], text[cut:])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (SONG + VERSE, REFRAIN + "Another verse.\n"),
        (SONG + VERSE + REFRAIN[:40], REFRAIN[40:] + VERSE),
        (REFRAIN + VERSE, REFRAIN + "A third verse\n"),
        (REFRAIN + VERSE.rstrip(), "\n\n" + REFRAIN + "A third verse\n"),
        (REFRAIN + VERSE.rstrip(".\n"), "\n\n" + REFRAIN + "A third verse\n"),
        ("1. Wash the apples carefully.\n2. Wash the pears", " carefully.\n3. Wash the plums carefully.\n"),
        ("Steps to wash fruit:\n1. Wash the apples\n", "2. Wash the pears\n3. Wash the plums\n"),
        ("## Step 1: Wash the apples\nUse cold water", "\n\n## Step 2: Wash the pears\nUse warm water and a brush"),
        (
            "| city | country | people |\n|---|---|---|\n| Paris | France | two million |\n",
            "| Rome | Italy | three million |\n| Paris | Texas | few |\n",
        ),
        (
            "class Stack:\n    def push(self, item):\n        self.items.append(item)\n\n    def peek(self):\n  "
            "      retu",
            "rn self.items[-1]\n\n    def pop(self):\n        item = self.items.pop()\n        return item\n",
        ),
        (
            "# streamtui\n\nA full-screen terminal chat for language models, built around one t",
            "hing: the stream. Replies arrive token by token, at any\nspeed, in a terminal chat",
        ),
        (
            "from typing import Final\n\nfrom streamtui.chat.events import ",
            "Finished\nfrom streamtui.chat.reply import Reply\n\n_AHEAD: Final = 3\n",
        ),
        (REWORDED["water"][0], " In summary, water evaporates, condenses and falls as rain."),
        (REWORDED["queue"][0][:200], REWORDED["water"][0]),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_what_shares_words_with_the_beginning_is_no_restart(before: str, after: str, size: int) -> None:
    assert not is_restart(before, after, size)


@THOROUGH
@given(st.integers(1, 10_000), st.integers(60, 3000), st.integers(1, 500))
def test_text_that_goes_on_is_no_restart(seed: int, cut: int, size: int) -> None:
    whole = sentences(cut + 800, seed)

    assert not is_restart(whole[:cut], whole[cut:], size)


@THOROUGH
@given(st.integers(1, 10_000), st.integers(200, 3000), st.integers(0, 100))
def test_an_overlap_is_no_restart(seed: int, cut: int, overlap: int) -> None:
    whole = sentences(cut + 800, seed)

    assert not is_restart(whole[:cut], in_other_words(whole[cut - overlap : cut], 0.2) + whole[cut:])


@THOROUGH
@given(st.integers(1, 10_000), st.integers(400, 3000), st.integers(1, 500), st.floats(0, 0.25))
def test_a_restart_is_one_for_every_wording_and_fragmentation(seed: int, cut: int, size: int, share: float) -> None:
    whole = sentences(cut + 500, seed)
    before = whole[:cut].rstrip(" .") + " an"

    assert is_restart(before, in_other_words(whole, share, seed), size)


def test_looking_costs_little() -> None:
    def looks() -> Iterator[bool]:
        detector = RestartDetector(prose(100_000))
        for piece in tokens(prose(100_000, 2)):
            detector.feed(piece)
            yield detector.is_open

    assert sum(looks()) < 8_000
