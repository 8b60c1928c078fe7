"""The wire form of Chat Completions: requests out, chunks in. Knows no SDK and no network.

https://platform.openai.com/docs/api-reference/chat-streaming, and what other servers make of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Final

from streamtui.chat.events import ProviderEvent, ReasoningDelta, TextDelta
from streamtui.chat.messages import ChatRequest, Citation, Usage
from streamtui.providers.errors.http import EndpointInfo
from streamtui.providers.wire.media import completions_content, with_text_before
from streamtui.providers.wire.parser import EventParser, as_dict, as_list, as_text, first_count, token_count

_REASONING_FIELDS: Final = ("reasoning_content", "reasoning", "reasoning_text", "thinking", "thought")
_TEXT_FIELDS: Final = ("text", "content", "value", "thinking", "summary")
_MEDIA: Final = {"images": "an image", "image": "an image", "image_url": "an image", "video": "a video"}


def request_messages(request: ChatRequest, quirks: frozenset[str]) -> list[dict[str, Any]]:
    """Return the turns as messages; a system turn takes the form that this endpoint is known to want."""
    messages: list[dict[str, Any]] = [
        {"role": turn.role, "content": completions_content(turn, quirks)} for turn in request.turns
    ]
    if not messages or messages[0]["role"] != "system":
        return messages
    if "no:system" in quirks and len(messages) > 1:
        content = with_text_before(messages[0]["content"], messages[1]["content"])
        return [{**messages[1], "content": content}, *messages[2:]]
    if "swap:system" in quirks:
        messages[0]["role"] = "developer"
    return messages


class CompletionsParser(EventParser):
    """Turns the chunks of one streamed reply into events."""

    def __init__(self, peer: EndpointInfo, request: ChatRequest) -> None:
        super().__init__(peer, request)
        self._index: int | None = None
        """Of the choice that is shown; `None` before the first."""
        self._has_reasoning = False
        self._snapshot = ""
        """What whole messages, instead of deltas, have brought so far."""

    def _take(self, kind: str, event: dict[str, Any]) -> Iterable[ProviderEvent]:
        choices = event.get("choices")
        if error := event.get("error"):
            raise self._error(error)
        if kind == "error":
            raise self._error(event)
        if (usage := event.get("usage")) is not None:
            self._count(usage)
        if "citations" in event or "search_results" in event or "x_groq" in event:
            return chain(self._extras(event), self._choices(choices))
        if type(choices) is list and len(choices) == 1:
            return self._plain(choices[0]) or self._choices(choices)
        return self._choices(choices)

    def _plain(self, choice: Any) -> Sequence[ProviderEvent]:
        """Return the text of a choice that holds nothing else, as almost all do; nothing for any other."""
        if type(choice) is not dict or choice.get("index", 0) != self._index or choice.get("finish_reason"):
            return ()
        delta = choice.get("delta")
        if type(delta) is not dict or len(delta) != 1 or len(choice) > 4:
            return ()
        content = delta.get("content")
        if type(content) is not str or not content or choice.get("error") or choice.get("usage"):
            return ()
        self.has_text, self.is_finished = True, False
        return (TextDelta(content),)

    def _choices(self, choices: object) -> Iterator[ProviderEvent]:
        known = [choice for choice in as_list(choices) if isinstance(choice, dict) and _index(choice) is not None]
        if not known:
            return
        indices = [index for choice in known if (index := _index(choice)) is not None]
        if self._index is None or (self._index != 0 and 0 in indices and not self.has_text):
            self._index = min(indices)
        self.is_recognised = True
        for choice in known:
            if _index(choice) == self._index:
                yield from self._choice(choice)

    def _choice(self, choice: dict[str, Any]) -> Iterator[ProviderEvent]:
        delta = choice.get("delta")
        if isinstance(delta, str):
            delta = {"content": delta}
        elif not delta and isinstance(choice.get("text"), str):
            delta = {"content": choice["text"]}
        if isinstance(delta, dict):
            yield from self._delta(delta)
        if (message := as_dict(choice.get("message"))) and not (isinstance(delta, dict) and delta.get("content")):
            yield from self._message(message)
        if usage := choice.get("usage"):
            self._count(usage)
        if error := choice.get("error"):
            raise self._error(error)
        self._finish(choice.get("finish_reason"))

    def _message(self, message: dict[str, Any]) -> Iterator[ProviderEvent]:
        """Yield what a whole message adds: all of one that came instead of deltas, nothing of one that closes them."""
        content = _answer_in(message.get("content"))
        if not content or (not self.has_text and not self._snapshot):
            self._snapshot = content
            known = (*_REASONING_FIELDS, "reasoning_details") if self._has_reasoning else ()
            yield from self._delta({name: value for name, value in message.items() if name not in known})
        elif self._snapshot:  # another one: the text so far and more, or the next piece
            rest = content.removeprefix(self._snapshot)
            self._snapshot = content if content.startswith(self._snapshot) else self._snapshot + content
            yield from self._delta({"content": rest})

    def _delta(self, delta: dict[str, Any]) -> Iterator[ProviderEvent]:
        if reasoning := _reasoning(delta):
            self._has_reasoning = True
            yield ReasoningDelta(reasoning)
        yield from self._parts(delta.get("content"))
        if refusal := as_text(delta.get("refusal")):
            self._content()
            yield TextDelta(refusal)
            yield from self._once("refusal", f"{self._request.model} refused to answer.")
        if transcript := as_text(as_dict(delta.get("audio")).get("transcript")):
            yield from self._parts(transcript)
        for field, what in _MEDIA.items():
            if delta.get(field):
                yield from self._left_out(what)
        if calls := delta.get("tool_calls") or delta.get("function_call"):
            yield from self._tool_call(_tool_name(calls))
        for annotation in as_list(delta.get("annotations")):
            yield from citations_in(annotation)

    def _parts(self, content: object) -> Iterator[ProviderEvent]:
        """Yield what content holds: text, or a part or parts, of which some may be thinking."""
        if not content:
            return
        match content:
            case str():
                self._content()
                yield TextDelta(content)
            case list():
                for part in content:
                    yield from self._parts(part)
            case dict():
                yield from self._part(content)
            case _:
                yield from self._left_out("content of an unknown kind")

    def _part(self, part: dict[str, Any]) -> Iterator[ProviderEvent]:
        kind = as_text(part.get("type"))
        if _is_thinking(part):
            if text := _text_in(part.get("thinking") or part.get("summary") or part.get("content") or part.get("text")):
                yield ReasoningDelta(text)
        elif text := _text_in(part.get("text") or part.get("content") or part.get("refusal")):
            yield from self._parts(text)
        elif "image" in kind:
            yield from self._left_out("an image")
        elif transcript := as_text(as_dict(part.get("audio")).get("transcript")):
            yield from self._parts(transcript)
        elif kind not in ("text", "output_text", "reference", ""):
            yield from self._left_out(f"content of the kind «{self._peer.name(kind, 40)}»")
        elif part.keys() - {"type", "text", "index", "reference_ids", "thinking", "content"}:
            yield from self._left_out("content of an unknown kind")

    def _extras(self, event: dict[str, Any]) -> Iterator[ProviderEvent]:
        """Yield what some endpoints put beside the choices."""
        if usage := as_dict(event.get("x_groq")).get("usage"):
            self._count(usage)
        for source in as_list(event.get("search_results")) or as_list(event.get("citations")):
            yield from citations_in(source)

    def _count(self, usage: object) -> None:
        if not isinstance(usage, dict):
            return
        self.is_recognised = True
        details = as_dict(usage.get("completion_tokens_details") or usage.get("output_tokens_details"))
        self._take_usage(
            Usage(
                first_count(usage, "prompt_tokens", "input_tokens"),
                first_count(usage, "completion_tokens", "output_tokens"),
                token_count(details.get("reasoning_tokens")),
            )
        )


def _index(choice: dict[str, Any]) -> int | None:
    """Return which of several replies a choice is of; a missing index counts as 0, an odd one as none."""
    index = choice.get("index") or 0
    return index if type(index) is int else None


def _reasoning(delta: dict[str, Any]) -> str:
    """Return the reasoning in a delta; some servers send the same text under several names."""
    for name in _REASONING_FIELDS:
        if text := _text_in(delta.get(name)):
            return text
    return _text_in(delta.get("reasoning_details"))


def _text_in(value: object, depth: int = 3) -> str:
    """Return the text in a value that may be text, or a part or list of parts that hold it."""
    match value:
        case str():
            return value
        case list() if depth:
            return "".join(_text_in(part, depth - 1) for part in value)
        case dict() if depth:
            return next((text for name in _TEXT_FIELDS if (text := _text_in(value.get(name), depth - 1))), "")
        case _:
            return ""


def _is_thinking(part: dict[str, Any]) -> bool:
    kind = as_text(part.get("type"))
    return "thinking" in part or any(word in kind for word in ("think", "reason", "thought"))


def _answer_in(content: object) -> str:
    """Return the text of a whole message's content without its thinking."""
    match content:
        case str():
            return content
        case list():
            return "".join(map(_answer_in, content))
        case dict() if not _is_thinking(content):
            return _text_in(content)
        case _:
            return ""


def citations_in(source: object) -> Iterator[Citation]:
    """Yield the source that an address, an annotation or a search result names."""
    if isinstance(source, str):
        source = {"url": source}
    source = as_dict(source)
    source = as_dict(source.get("url_citation")) or source
    url = as_text(source.get("url")) or as_text(source.get("uri"))
    if url.startswith(("http://", "https://")):
        yield Citation(url, as_text(source.get("title")))


def _tool_name(calls: object) -> object:
    call = calls[0] if isinstance(calls, list) and calls else calls
    call = as_dict(call)
    return (as_dict(call.get("function")) or call).get("name")
