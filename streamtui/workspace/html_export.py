"""A conversation as one HTML page that stands for itself: no scripts, nothing loaded, and it prints well."""

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Final

from streamtui.chat.messages import Attachment, ChatMessage
from streamtui.chat.ports import ConversationRecord
from streamtui.chat.timestamps import utc_minute
from streamtui.chat.tree import MessageTree
from streamtui.markdown.tree import Node, tree
from streamtui.workspace.endings import ending_line

_TAGS: Final = {
    *("div", "p", "span", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "ul", "ol", "li", "blockquote", "pre", "code"),
    *("table", "thead", "tbody", "tr", "th", "td", "a", "strong", "em", "s"),
}
_VOID: Final = frozenset({"hr"})
_ATTRIBUTES: Final = frozenset({"class", "dir", "href", "rel", "start", "value", "data-language"})
_PICTURES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c1c1e; --dim: #6b6b70; --ground: #fff; --tint: #f3f4f8; --accent: #3b6ea8;
  --keyword: #8250df; --string: #0a6640; --number: #0550ae; --comment: #6e7781; --name: #953800; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e6e8; --dim: #9a9aa2; --ground: #17181b; --tint: #212329;
  --accent: #7fb0e6; --keyword: #d2a8ff; --string: #7ee2a8; --number: #79c0ff; --comment: #8b949e; --name: #ffa657; } }
body { background: var(--ground); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; margin: 2rem auto;
  max-width: 50rem; padding: 0 1rem; overflow-wrap: break-word; }
header p, .by, .note, .dim, .file { color: var(--dim); font-size: .875em; }
.by { margin-bottom: .25rem; }
article { border-left: 3px solid var(--dim); margin: 1.5rem 0; padding: .1rem 1rem; }
article.user { background: var(--tint); border-color: var(--accent); }
p, li, td, th, h1, h2, h3, h4, h5, h6 { white-space: pre-wrap; }
pre { background: var(--tint); border-radius: 4px; overflow-x: auto; padding: .75rem 1rem; }
article.user pre { background: var(--ground); }
pre, code { font-family: ui-monospace, monospace; font-size: .9em; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border: 1px solid var(--dim); padding: .25rem .6rem; }
.align-center { text-align: center; } .align-right { text-align: right; }
blockquote { border-left: 2px solid var(--dim); margin-left: 0; padding-left: 1rem; }
img { max-width: 100%; }
a { color: var(--accent); }
.k, .kc, .kd, .kn, .kp, .kr, .kt, .ow, .nt { color: var(--keyword); }
.s, .s1, .s2, .sa, .sb, .sc, .dl, .sd, .se, .sh, .si, .sx, .sr, .ss { color: var(--string); }
.m, .mb, .mf, .mh, .mi, .il, .mo { color: var(--number); }
.c, .ch, .cm, .cp, .cpf, .c1, .cs { color: var(--comment); font-style: italic; }
.nf, .fm, .nc, .nd, .nb, .na { color: var(--name); }
.gd { color: #c33; } .gi { color: var(--string); }
@media print { :root { color-scheme: light; --ink: #000; --dim: #555; --ground: #fff; --tint: #f4f4f4; }
  body { font-size: 11pt; margin: 0; max-width: none; } pre { white-space: pre-wrap; }
  pre, table, article.user { break-inside: avoid-page; } details > * { display: block; } }
"""
_HEAD: Final = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="referrer" content="no-referrer"><title>{title}</title><style>{style}</style></head><body>
"""


def export_html(
    record: ConversationRecord,
    messages: Sequence[ChatMessage],
    files: Mapping[str, bytes] | None = None,
    *,
    all_branches: bool = False,
) -> str:
    """Return the branch in view as an HTML document, or all branches, that one first.

    `files` is the content of attachments by SHA-256: images are shown, the others named. Takes a while where there is
    much, and needs no event loop.
    """
    return "".join(_document(MessageTree(messages, record.leaf), record, files or {}, all_branches=all_branches))


def _document(
    messages: MessageTree, record: ConversationRecord, files: Mapping[str, bytes], *, all_branches: bool
) -> Iterator[str]:
    title = escape(" ".join(record.title.split()) or "Conversation")
    yield _HEAD.format(title=title, style=_STYLE)
    yield f"<header><h1>{title}</h1><p>{escape(record.model)} · {utc_minute(record.created)} UTC</p>"
    if record.system:
        yield f"<details><summary class=note>System message</summary><p>{escape(record.system)}</p></details>"
    branches = messages.branches()
    if len(branches) > 1 and not all_branches:
        yield f"<p>This is one of {len(branches)} branches.</p>"
    yield "</header>\n"
    known = set[str]()
    for branch in branches if all_branches else branches[:1]:
        places = messages.places(branch)
        if known:
            yield "<hr><p class=note>Another branch</p>\n"
        for message in branch:
            if message.id not in known:
                yield from _message(message, record.model, places.get(message.id), files)
        known.update(message.id for message in branch)
    yield "</body></html>\n"


def _message(
    message: ChatMessage, model: str, place: tuple[int, int] | None, files: Mapping[str, bytes]
) -> Iterator[str]:
    by = "You" if message.role == "user" else message.model or model
    branch = f" · branch {place[0]} of {place[1]}" if place else ""
    yield f'<article class="{"user" if message.role == "user" else "reply"}">'
    yield f'<p class="by">{escape(by)} · {utc_minute(message.created)}{branch}</p>'
    for attachment in message.attachments:
        yield _attachment(attachment, files.get(attachment.sha256))
    if message.reasoning.strip():
        yield f"<details><summary class=note>Reasoning</summary>{written(tree(message.reasoning))}</details>"
    if message.role == "user":
        yield f'<p dir="auto">{escape(message.text)}</p>'  # people write no Markdown unless they say so
    elif message.text.strip():
        yield written(tree(message.text))
    for source in message.citations:
        yield f'<p class="note">{source.number} {escape(source.title or source.url)}: {escape(source.url)}</p>'
    for notice in message.notices:
        yield f'<p class="note">{escape(notice.text)}</p>'
    if message.role == "assistant" and (ending := ending_line(message.last)):
        yield f'<p class="note">{escape(ending)}</p>'
    yield "</article>\n"


def _attachment(attachment: Attachment, content: bytes | None) -> str:
    name = escape(attachment.name)
    if content is not None and attachment.media_type in _PICTURES:
        data = b64encode(content).decode("ascii")
        return f'<p><img alt="{name}" src="data:{attachment.media_type};base64,{data}"></p>'
    return f'<p class="file">📎 {name} ({attachment.size:,} bytes)</p>'


def written(node: Node) -> str:
    """Return a tree of blocks as HTML. Only known tags and attributes are written, and everything is escaped."""
    parts: list[str] = []
    waiting: list[Node | tuple[str]] = [node]  # a tuple is a closing tag
    while waiting:
        match waiting.pop():
            case str(text):
                parts.append(escape(text, quote=False))
            case (str(closing),):
                parts.append(closing)
            case [str(tag), dict(attributes), list(children)]:
                tag = tag if tag in _TAGS else "span"
                parts.append(f"<{tag}{_attributes(attributes)}>")
                if tag not in _VOID:
                    waiting.append((f"</{tag}>",))
                    waiting += reversed(children)
            case _:
                pass
    return "".join(parts)


def _attributes(attributes: Mapping[str, object]) -> str:
    return "".join(
        f' {name}="{escape(str(value))}"'
        for name, value in attributes.items()
        if name in _ATTRIBUTES and (name != "href" or str(value).startswith(("http://", "https://")))
    )
