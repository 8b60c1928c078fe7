"""Files that go beside a prompt's text, in the terms of each interface; and what stands for one that can't go."""

from collections.abc import Callable
from typing import Any, Final

from streamtui.chat.errors import ProviderError
from streamtui.chat.messages import ChatRequest, Media, Turn

NO_IMAGES: Final = "no:images"
NO_FILES: Final = "no:files"

Content = str | list[dict[str, Any]]
Part = dict[str, Any]


def sent_kinds(request: ChatRequest, quirks: frozenset[str]) -> set[str]:
    """Return which kinds of files are in a request: `images`, `files`."""
    return {_kind(one) for turn in request.turns for one in turn.media if _quirk(one) not in quirks}


def unheard(request: ChatRequest, quirks: frozenset[str]) -> set[str]:
    """Return the quirks that keep a file of the last prompt from being sent; those of earlier ones were said then."""
    prompts = [turn for turn in request.turns if turn.role == "user"]
    return {quirk for one in (prompts[-1].media if prompts else ()) if (quirk := _quirk(one)) in quirks}


def refuse_empty_prompt(request: ChatRequest, quirks: frozenset[str], host: str) -> None:
    """Raise `ProviderError` where nothing is left of the last prompt without the files that can't be sent."""
    last = request.turns[-1] if request.turns else None
    if last is not None and last.media and not last.text.strip() and {_quirk(one) for one in last.media} <= quirks:
        what = "images" if any(one.is_image for one in last.media) else "documents"
        raise ProviderError("bad_request", f"{host} takes no {what} with {request.model}, and the prompt has no text.")


def completions_content(turn: Turn, quirks: frozenset[str]) -> Content:
    """Return a turn's content as Chat Completions takes it."""
    return _content(turn, quirks, _completions_part, lambda text: {"type": "text", "text": text})


def responses_content(turn: Turn, quirks: frozenset[str]) -> Content:
    """Return a turn's content as the Responses interface takes it."""
    return _content(turn, quirks, _responses_part, lambda text: {"type": "input_text", "text": text})


def messages_content(turn: Turn, quirks: frozenset[str]) -> Content:
    """Return a turn's content as the Messages interface takes it."""
    return _content(turn, quirks, _messages_part, lambda text: {"type": "text", "text": text})


def with_text_before(text: str, content: Content) -> Content:
    """Return content with a text put before its own."""
    if isinstance(content, str):
        return f"{text}\n\n{content}"
    return [{"type": "text", "text": text}, *content]


def _content(turn: Turn, quirks: frozenset[str], part: Callable[[Media], Part], text: Callable[[str], Part]) -> Content:
    """Return files before the text, as the interfaces' makers advise; without any, the text alone."""
    if not turn.media:
        return turn.text
    left_out = [_note(one) for one in turn.media if _quirk(one) in quirks]
    parts = [part(one) for one in turn.media if _quirk(one) not in quirks]
    words = "\n\n".join(filter(None, (*left_out, turn.text)))
    if not parts:
        return words
    return [*parts, text(words)] if words else parts


def _completions_part(one: Media) -> Part:
    if one.is_image:
        return {"type": "image_url", "image_url": {"url": one.data_url}}
    return {"type": "file", "file": {"filename": one.name, "file_data": one.data_url}}


def _responses_part(one: Media) -> Part:
    if one.is_image:
        return {"type": "input_image", "image_url": one.data_url}
    return {"type": "input_file", "filename": one.name, "file_data": one.data_url}


def _messages_part(one: Media) -> Part:
    source = {"type": "base64", "media_type": one.media_type, "data": one.base64}
    if one.is_image:
        return {"type": "image", "source": source}
    return {"type": "document", "title": one.name, "source": source}


def _note(one: Media) -> str:
    what = "an image" if one.is_image else "a document"
    return f"[{one.name}: {what} that is not sent, since this model or endpoint takes none]"


def _kind(one: Media) -> str:
    return "images" if one.is_image else "files"


def _quirk(one: Media) -> str:
    return NO_IMAGES if one.is_image else NO_FILES
