"""The tree for the page: patched as the text grows, the same as of the whole, with the terminal's words."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Iterator
from time import process_time
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamtui.markdown import Document
from streamtui.markdown.tree import Node, Patch, TreeStream, tree
from tests.markdown import corpus
from tests.markdown.painting import one_shot

TAGS = {
    "div", "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code", "span", "table",
    "thead", "tbody", "tr", "th", "td", "a", "strong", "em", "s", "hr",
}  # fmt: skip
ATTRIBUTES = {
    "dir", "class", "href", "rel", "target", "value", "data-marker", "data-number", "data-language", "data-info",
    "data-source",
}  # fmt: skip


def children(node: Node) -> list[Node]:
    assert isinstance(node, list)
    return cast("list[Node]", node[2])


def walk(node: Node) -> Iterator[Node]:
    yield node
    if isinstance(node, list):
        for child in children(node):
            yield from walk(child)


def text_of(node: Node) -> str:
    return "".join(part for part in walk(node) if isinstance(part, str))


def apply(root: Node, patch: Patch) -> Node:
    """Do what the page does, with the patch as it goes over the wire."""
    for operation, path, node in json.loads(json.dumps(patch)):
        if operation == "replace" and not path:
            root = node
            continue
        at = root
        for index in path if operation == "append" else path[:-1]:
            at = children(at)[index]
        if operation == "append":
            children(at).append(node)
        else:
            children(at)[path[-1]] = node
    return root


def page(text: str, rng: random.Random, longest: int) -> Node:
    """Return what the page shows after `text` came in pieces."""
    stream = TreeStream()
    shown: Node = copy.deepcopy(stream.root)
    for piece in corpus.pieces(text, rng, longest):
        shown = apply(shown, stream.update(piece))
        assert shown == stream.root
        if rng.random() < 0.1:
            shown = apply(shown, stream.idle_work(0.0005))
    shown = apply(shown, stream.update("", is_final=True))
    while stream.has_idle_work:
        shown = apply(shown, stream.idle_work(1.0))
    return shown


@pytest.mark.parametrize("batch", range(10))
def test_a_patched_tree_is_that_of_the_whole(batch: int) -> None:
    for seed in range(batch * 8, batch * 8 + 8):
        rng = random.Random(seed)
        text = corpus.reply(seed) if seed % 2 else corpus.document(seed, 4)
        assert page(text, rng, rng.choice([3, 20, 200])) == tree(text), f"seed {seed}"


_PARTS = ["\n", "\n\n", "- ", "1. ", "> ", "```", "|a|b|\n|-|-|\n", "**", "`", "[a]", "[a]: http://b.c\n", "---\n",
          "# ", "$$", "x", "<b>", "    "]  # fmt: skip


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(st.sampled_from(_PARTS), st.text(max_size=4)), max_size=30).map("".join),
       st.randoms(use_true_random=False))  # fmt: skip
def test_any_text_makes_a_safe_tree(text: str, rng: random.Random) -> None:
    whole = tree(text)
    assert page(text, rng, 6) == whole
    check(whole)


def check(root: Node) -> None:
    """Assert that nothing in the tree could do harm."""
    for node in walk(root):
        if isinstance(node, str):
            continue
        tag, attributes, _ = node
        assert tag in TAGS
        assert isinstance(attributes, dict) and attributes.keys() <= ATTRIBUTES
        if tag == "a":
            assert re.match(r"https?://", attributes["href"], re.I)
        if tag in ("p", "h1", "td", "th"):
            assert attributes["dir"] == "auto"


def words(text: str) -> list[str]:
    return re.findall(r"[^\s─│┼┈▎…↪•◦▪‣☑☐]+", text)


@pytest.mark.parametrize("seed", range(24))
def test_the_page_has_the_words_of_the_terminal(seed: int) -> None:
    text = re.sub(r"^ *\t|```.*|~~~.*", "", corpus.reply(seed), flags=re.M)
    root = tree(text)
    check(root)
    shown = "".join(
        "".join(segment.text for segment in segments[0])[segments[1] :].rstrip() + segments[3]
        for segments in one_shot(text, 3000)[1]
    )
    page_words = words(" ".join(text_of(leaf) for leaf in leaves(root)))
    terminal = words(shown)
    assert sorted(set(page_words)) == sorted(set(page_words) & set(terminal)), seed


def leaves(node: Node) -> Iterator[Node]:
    if isinstance(node, str):
        return
    if node[0] in ("p", "h1", "h2", "h3", "h4", "h5", "h6", "td", "th"):
        yield node
        return
    for child in children(node):
        yield from leaves(child)


def test_what_the_tree_is_made_of() -> None:
    text = (
        "# T\n\n- a **b *c***\n  - [x] d\n- e\n\n> 7. q\n\n|h|i|\n|:-:|-|\n|1|[l](https://x.y)|\n\n"
        "```py a.py\nx = 1\n```\n\n---\n\\(x^2\\)"
    )
    root = tree(text)
    assert children(root)[0] == ["h1", {"dir": "auto"}, [["span", {}, ["T"]]]]
    items = children(root)[1]
    assert isinstance(items, list) and items[0] == "ul" and [child[0] for child in children(items)] == ["li", "li"]
    assert text_of(items) == "a b c☑ de"
    quote = children(root)[2]
    assert isinstance(quote, list)
    ordered = children(quote)[0]
    assert children(ordered)[0][:2] == ["li", {"value": "7", "data-marker": "7."}]
    assert [attributes for _, attributes in elements(root, "th", "td")] == [
        {"dir": "auto", "class": "align-center"}, {"dir": "auto"}
    ] * 2  # fmt: skip
    [(link, attributes)] = elements(root, "a")
    assert (attributes["href"], text_of(link)) == ("https://x.y", "l")
    [(code, attributes)] = elements(root, "pre")
    assert attributes == {"data-number": "1", "data-language": "py", "data-info": "py a.py", "dir": "ltr"}
    assert text_of(code) == "x = 1\n"
    assert [text_of(node) for node, known in elements(code, "span") if known.get("class") == "mi"] == ["1"]
    formulas = [
        (known["data-source"], text_of(node)) for node, known in elements(root, "span") if "data-source" in known
    ]
    assert formulas == [("\\(x^2\\)", "x²")]


def elements(root: Node, *tags: str) -> list[tuple[Node, dict[str, str]]]:
    """Return the elements with one of `tags`, and their attributes."""
    return [
        (node, cast("dict[str, str]", node[1])) for node in walk(root) if isinstance(node, list) and node[0] in tags
    ]


def sizes(text: str, piece: int = 20) -> list[int]:
    """Return how many characters each patch takes."""
    stream = TreeStream()
    return [len(json.dumps(stream.update(text[at : at + piece]))) for at in range(0, len(text), piece)]


SHAPES = ["python", "table", "paragraph", "list", "mixed"]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_patch_does_not_grow_with_the_block(shape: str) -> None:
    made = sizes(corpus.shape(shape, 5000))
    late = made[len(made) * 3 // 4 :]
    assert sum(late) / len(late) < 6_000
    assert sum(late) < 3 * sum(made[len(made) // 4 : len(made) // 2]) + 20_000


def _cost(text: str, frames: int = 100) -> float:
    stream = TreeStream()
    stream.update(text)
    began = process_time()
    for _ in range(frames):
        stream.update("xy ")
    return process_time() - began


@pytest.mark.parametrize("shape", SHAPES)
def test_a_frame_costs_no_more_the_longer_the_text(shape: str) -> None:
    short = min(_cost(corpus.shape(shape, 1500)) for _ in range(2))
    long = min(_cost(corpus.shape(shape, 15_000)) for _ in range(2))
    assert long < short * 5 + 0.1, f"{short:.3f} s, {long:.3f} s"


def test_the_tree_needs_no_painting() -> None:
    document = Document("a\n\n|b|\n|-|\n|c|")
    document.update()
    stream = TreeStream()
    stream.update("a\n\n|b|\n|-|\n|c|")
    assert len(children(stream.root)) == len(document.blocks)
