"""Every example of the CommonMark and GFM specifications, streamed in pieces of any size, is shown as in one piece."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from streamtui.markdown import Document
from tests.markdown.painting import Painted, check_rows, one_shot, settle

SPECS = {
    spec["from"]: spec["examples"]
    for spec in json.loads(Path(__file__).with_name("spec_examples.json").read_text("utf-8"))
}
EXAMPLES = [example for examples in SPECS.values() for example in examples]
_BATCH = 40


def streamed(source: str, width: int, longest: int, rng: random.Random) -> list[Painted]:
    document = Document()
    at = 0
    while at < len(source):
        end = at + rng.randint(1, longest)
        document.append(source[at:end])
        document.update()
        at = end
    document.finish()
    document.update()
    return settle(document, width)


def test_all_of_them_are_here() -> None:
    assert [len(examples) for examples in SPECS.values()] == [652, 41]


@pytest.mark.parametrize("batch", range(0, len(EXAMPLES), _BATCH))
def test_streamed_equals_one_shot(batch: int) -> None:
    rng = random.Random(batch)
    for source in EXAMPLES[batch : batch + _BATCH]:
        for width in (80, 20):
            expected = one_shot(source, width)[1]
            check_rows(expected, width)
            for longest in (1, 7, 19):
                assert streamed(source, width, longest, rng) == expected, (source, width, longest)
