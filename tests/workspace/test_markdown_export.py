"""Conversations as Markdown: every message stands on its own, and what is left out is said."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from streamtui.chat.errors import ErrorInfo
from streamtui.chat.messages import Attachment, ChatMessage, Segment, Status
from streamtui.chat.ports import ConversationRecord
from streamtui.workspace.markdown_export import export_markdown
from streamtui.workspace.markdown_source import closed, last_fence

RECORD = ConversationRecord("c1", "Sums", "gpt-4o-mini", "Be brief.", 0.0, 60.25, "m2")
MESSAGES = [
    ChatMessage("m1", None, "user", (Segment("2 + 2?"),), None, 0.0),
    ChatMessage("m2", "m1", "assistant", (Segment("4", "hm"), Segment(".")), "gpt-4o-mini", 1.0),
    ChatMessage("m3", "m1", "assistant", (Segment("five", status=Status.FAILED, error=ErrorInfo("server", "boom")),)),
]
OPEN_ENDS = [
    "```python\nprint(1)",
    "~~~~ text\nab\n~~~",
    "````\n```\nnested\n```",
    "- item\n  ```\n  in a list",
    "> ```\n> quoted",
    "1. a\n\n   ```py\n   x",
    "```",
    "text\n\n   ```\n  x\n",
    "<!-- a comment",
    "<script>\nlet a",
    "<pre>\n\nx",
    "<?php echo",
    "<![CDATA[ x",
    "<!DOCTYPE html",
    "<style>\n\na {}",
    "<textarea>\n\n",
    "<details>\nnever closed",
    "closed too early</details>",
    "~~~\n```",
    "```\n~~~\n",
    "\\```\n```a`b\n",
]


def headings(document: str) -> list[str]:
    """Return the headings of the second level that stand in the document itself."""
    tokens = MarkdownIt("commonmark").parse(document)
    return [
        tokens[index + 1].content
        for index, token in enumerate(tokens)
        if token.type == "heading_open" and token.tag == "h2" and token.level == 0
    ]


def talk(*texts: str, reasoning: str = "") -> list[ChatMessage]:
    """Return a conversation of these prompts and replies in turn."""
    return [
        ChatMessage(
            str(number),
            str(number - 1) if number else None,
            "assistant" if number % 2 else "user",
            (Segment(text, reasoning if number % 2 else "", Status.STOPPED if number % 2 else Status.COMPLETE),),
            "m",
            0.0,
        )
        for number, text in enumerate(texts)
    ]


def test_the_branch_in_view_is_exported_and_says_that_there_are_others() -> None:
    text = export_markdown(RECORD, MESSAGES)

    assert text.startswith("# Sums\n")
    assert "> System: Be brief." in text
    assert "2 + 2?" in text and "4.\n" in text and "five" not in text
    assert "## gpt-4o-mini · 1970-01-01 00:00 · branch 1 of 2\n" in text
    assert "one of 2 branches" in text and "export c1 --all-branches" in text
    other = export_markdown(replace(RECORD, leaf="m3"), MESSAGES)
    assert "branch 2 of 2" in other and "five\n\n> failed: boom\n" in other and "4.\n" not in other


def test_all_branches_have_every_message_once() -> None:
    text = export_markdown(RECORD, MESSAGES, all_branches=True)

    assert [text.count(part) for part in ("2 + 2?\n", "4.\n", "five\n", "> failed: boom")] == [1, 1, 1, 1]
    assert "> Another branch, after “2 + 2?”" in text and "--all-branches" not in text


def test_a_conversation_of_one_branch_says_nothing_of_branches() -> None:
    assert "branch" not in export_markdown(RECORD, MESSAGES[:2])


def test_an_empty_or_circular_conversation_can_be_exported() -> None:
    assert export_markdown(replace(RECORD, leaf=None), []).startswith("# Sums")
    ring = [replace(MESSAGES[0], parent="m2"), MESSAGES[1]]
    assert export_markdown(RECORD, ring).count("2 + 2?") == 1
    assert export_markdown(RECORD, ring, all_branches=True).count("2 + 2?") == 1


@pytest.mark.parametrize("text", OPEN_ENDS)
@pytest.mark.parametrize("place", ["prompt", "reply", "reasoning"])
def test_what_one_message_leaves_open_does_not_swallow_the_next(text: str, place: str) -> None:
    texts = {"prompt": "hi", "reply": "hello", "reasoning": "", place: text}
    messages = talk(texts["prompt"], texts["reply"], "more", "end", reasoning=texts["reasoning"])

    document = export_markdown(replace(RECORD, leaf="3"), messages)

    assert len(headings(document)) == 4
    assert document.count("\n> stopped") == 2
    html = MarkdownIt("commonmark").render(document)
    assert len(re.findall("<details>", html)) == len(re.findall("</details>", html))


@given(
    st.lists(st.sampled_from([*OPEN_ENDS, "word", "", "    ", "- x", "> y", "```", "</pre>", "-->", "|a|"]), max_size=6)
)
@settings(deadline=None, database=None)
def test_no_text_swallows_what_follows(parts: list[str]) -> None:
    text = "\n".join(parts)

    document = f"{closed(text)}\n\n## Next\n\nafter"

    assert headings(document)[-1:] == ["Next"]


@given(
    st.lists(st.sampled_from(["word", "- a\n  - b", "```\nx\n```", "> y", "<b>bold</b>", "| a |\n|---|"]), max_size=6)
)
@settings(deadline=None, database=None)
def test_what_is_closed_stays_as_it_is(parts: list[str]) -> None:
    text = "\n\n".join(parts)

    assert closed(text) == text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("no code", None),
        ("`inline` only\n\n    indented\n", None),
        ("```py\na = 1\n```\n\nand\n\n~~~sh\nls\n~~~\nbye", "ls\n"),
        ("```py\nopen = 1\n", "open = 1\n"),
        ("1. first\n\n   ```\n   deep\n     er\n   ```\n", "deep\n  er\n"),
        ("> ```\n> quoted\n> ```", "quoted\n"),
        ("````md\n```py\nx\n```\n````", "```py\nx\n```\n"),
        ("```\n```", ""),
    ],
)
def test_the_last_fence_is_found_as_markdown_has_it(text: str, code: str | None) -> None:
    assert last_fence(text) == code


def test_the_files_of_a_prompt_are_named() -> None:
    files = (Attachment("0" * 64, "a`b\n.md", "text/plain", 3_400), Attachment("1" * 64, "c.png", "image/png", 5))
    messages = [replace(MESSAGES[0], attachments=files), *MESSAGES[1:2]]

    assert "Attached: `a b .md` (3.4 kB), `c.png` (5 B)\n" in export_markdown(RECORD, messages)
