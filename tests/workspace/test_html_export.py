"""Conversations as HTML: what anybody wrote is text in it, and nothing else."""

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamtui.chat.messages import Attachment, ChatMessage, Citation, SavedNotice, Segment, Status
from streamtui.chat.ports import ConversationRecord
from streamtui.chat.sanitize import sanitize
from streamtui.workspace.html_export import export_html, written

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1)) <javascript:alert(1)>",
    "![x](http://evil/x.png)",
    '[x](http://a"onmouseover="alert(1))',
    "```html\n</code></pre><script>alert(1)</script>\n```",
    '```"><script>x\ncode\n```',
    "<style>body{display:none}</style></style><link rel=stylesheet href=//evil>",
    "| <b> | `</td>` |\n|---|---|\n| <svg onload=x> | &lt; |",
    "# </h1><iframe src=//evil>",
    "<!-- --> <details open> </article></body></html>",
    "$<mi>\\x$ and \\(<a>\\)",
]


class Reader(HTMLParser):
    """Notes the elements, attributes and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in ("meta", "hr", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


def page_of(text: str, **fields: str) -> str:
    record = ConversationRecord("c", fields.get("title", "T"), fields.get("model", "m"), fields.get("system"), 0.0, 0.0)
    reply = Segment(
        text,
        text,
        Status.STOPPED,
        notices=(SavedNotice("finish", text),),
        citations=(Citation(f"javascript:{text}", text, 1),),
    )
    file = Attachment("0" * 64, text, "text/plain", 3)
    messages = [
        ChatMessage("u", None, "user", (Segment(text),), attachments=(file,)),
        ChatMessage("a", "u", "assistant", (reply,), fields.get("model", "m")),
    ]
    return export_html(record, messages)


def check(page: str) -> Reader:
    reader = Reader(page)
    assert not {"script", "iframe", "link", "object", "svg", "form", "base", "img"} & set(reader.tags)
    assert reader.tags.count("style") == 1 and reader.tags.count("body") == 1
    assert reader.open == []
    for name, value in reader.attributes:
        assert not name.startswith("on") and name not in ("src", "style", "srcdoc", "action", "data-source")
        assert name != "href" or value.startswith(("http://", "https://"))
    return reader


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_text_wherever_it_stands(text: str) -> None:
    check(page_of(text, title=text, model=text, system=text))


@settings(max_examples=60)
@given(st.text(alphabet="<>&\"'`*_[]()!#|-\n\\$~ ab/:=", max_size=80).map(sanitize))
def test_no_text_becomes_markup(text: str) -> None:
    reader = check(page_of(text, title=text, system=text))
    assert "default-src 'none'" in str(reader.attributes)


def test_what_was_written_is_there_formatted_and_coloured() -> None:
    page = page_of("**bold** and `code`\n\n```python\ndef f(): return 'x'\n```\n\n| a | b |\n|---|--:|\n| 1 | 2 |")
    assert "<strong>bold</strong>" in page and "<code>code</code>" in page
    assert '<span class="k">def</span>' in page and '<td dir="auto" class="align-right">2</td>' in page
    assert "stopped" in page
    assert page.count("@media print") == 1


def test_pictures_are_in_the_page_and_other_files_are_named() -> None:
    record = ConversationRecord("c", "T", "m", None, 0.0, 0.0)
    files = {"1" * 64: b"\x89PNG", "2" * 64: b"<svg onload=x>"}
    parts = (
        Attachment("1" * 64, 'a".png', "image/png", 4),
        Attachment("2" * 64, "b.svg", "image/svg+xml", 9),
        Attachment("3" * 64, "gone.png", "image/png", 5),
    )
    page = export_html(record, [ChatMessage("u", None, "user", (Segment("x"),), attachments=parts)], files)
    assert '<img alt="a&quot;.png" src="data:image/png;base64,iVBORw==">' in page
    assert page.count("<img") == 1 and "svg onload" not in page
    assert "b.svg (9 bytes)" in page and "gone.png (5 bytes)" in page


def test_all_branches_are_in_it_once_where_they_are_wanted() -> None:
    record = ConversationRecord("c", "T", "m", None, 0.0, 0.0, "a")
    reply = ChatMessage("a", "u", "assistant", (Segment("first answer"),))
    other = ChatMessage("b", "u", "assistant", (Segment("second answer"),))
    messages = [ChatMessage("u", None, "user", (Segment("question"),)), reply, other]
    one, whole = export_html(record, messages), export_html(record, messages, all_branches=True)
    assert "one of 2 branches" in one and "second answer" not in one
    assert whole.count("question") == 1 and "first answer" in whole and "second answer" in whole


def test_only_known_elements_and_attributes_are_written_however_deep() -> None:
    node: list[object] = ["p", {}, ["x"]]
    for _ in range(5000):
        node = ["blockquote", {}, [node]]
    assert written(node).count("<blockquote>") == 5000
    assert written(["script", {"onclick": "x", "class": '"'}, ["</script>"]]) == (
        '<span class="&quot;">&lt;/script&gt;</span>'
    )
    assert written(["a", {"href": "data:x"}, []]) == "<a></a>"
