"""What servers say in the bodies of their errors, wherever they put it."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

_MESSAGES: Final = ("message", "detail", "msg", "error", "title", "error_description", "description", "reason")
"""Where servers put what they have to say."""
_CODES: Final = ("code", "type", "status", "reason", "param")
_PAGE: Final = re.compile(
    r"\s*(<!doctype|<html|<head|<body|<\?xml|<!--)|[^{\[]{0,200}<(html|head|body|title|h1)\b", re.I
)
_TITLE: Final = re.compile(r"<(title|h1)[^>]*>\s*([^<]+)", re.IGNORECASE)
_DEPTH: Final = 3
"""JSON within strings within JSON, as relays of relays send it."""


@dataclass(frozen=True, slots=True)
class ServerWords:
    """What an answer says about what went wrong."""

    text: str = ""
    codes: str = ""
    """Its machine-readable words, space between them: `invalid_request_error API_KEY_INVALID`."""
    is_page: bool = False
    """Whether it is a web page, which no API sends: something in between answers."""


def words_of_body(body: str) -> ServerWords:
    """Return what the body of an answer says; of a web page that is its title."""
    if _PAGE.match(body):
        title = _TITLE.search(body)
        text = title[2].strip() if title else ""
        return ServerWords(text if re.search("[^\\W\\d]{3}", text) else "", is_page=True)
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        payload = _in_events(body)
        if payload is None:
            return ServerWords(body)
    if isinstance(payload, list) and len(payload) == 1:
        payload = payload[0]
    return words_of(payload)


def _in_events(body: str) -> dict[str, Any] | None:
    """Return the first object in a body that is an event stream in spite of its status; `None` where it is none."""
    for line in body.splitlines():
        if not line.startswith("data:"):
            continue
        with suppress(ValueError, RecursionError):
            if isinstance(payload := json.loads(line.removeprefix("data:")), dict):
                return payload
    return None


def words_of(payload: object) -> ServerWords:
    """Return what an error object says, which may stand in an object of its own, or in a string."""
    codes = " ".join(dict.fromkeys(_codes(payload, _DEPTH)))
    if isinstance(payload, dict):
        payload = payload.get("error") or payload
    return ServerWords(_words(payload, _DEPTH), codes)


def _words(answer: object, depth: int) -> str:
    """Return a message as text, of whatever type it is."""
    match answer:
        case str():
            return _unwrapped(answer, depth)
        case list():
            return "; ".join(filter(None, (_entry(entry, depth) for entry in answer)))
        case dict():
            return _entry(answer, depth)
        case _:
            return _as_json(answer)


def _entry(answer: object, depth: int) -> str:
    if not isinstance(answer, dict):
        return _words(answer, depth) if isinstance(answer, str) else _as_json(answer)
    inner = _raw(answer)
    if depth and inner and (text := _words(inner, depth - 1)):
        return text
    for name in _MESSAGES:
        if isinstance(answer.get(name), str) and answer[name]:
            return _place(answer) + _unwrapped(answer[name], depth)
    for name in _MESSAGES:
        if depth and answer.get(name):
            return _words(answer[name], depth - 1)
    return _as_json(answer)


def _raw(answer: dict[str, Any]) -> object:
    """Return what the server behind a relay said."""
    metadata = answer.get("metadata")
    return metadata.get("raw") if isinstance(metadata, dict) else None


def _place(answer: dict[str, Any]) -> str:
    """Return the field that an entry of a list of mistakes is about, as `temperature: `."""
    place = answer.get("loc")
    names = [str(name) for name in place if name != "body"] if isinstance(place, list) else []
    return f"{names[-1]}: " if names else ""


def _unwrapped(text: str, depth: int) -> str:
    """Return what a text says that may be JSON, or have JSON at its end."""
    at = min((at for at in (text.find("{"), text.find("[{")) if at >= 0), default=-1)
    if at < 0 or not depth:
        return text
    try:
        payload, end = json.JSONDecoder().raw_decode(text[at:])
    except (ValueError, RecursionError):
        return text
    if not isinstance(payload, dict | list) or text[at + end :].strip(" \n.'\""):
        return text
    inner = words_of(payload).text
    return inner if inner and not inner.startswith(("{", "[")) else text


def _as_json(answer: object) -> str:
    try:
        return json.dumps(answer, ensure_ascii=False) if answer else ""
    except RecursionError:
        return ""


def _codes(payload: object, depth: int) -> Iterator[str]:
    if isinstance(payload, str) and depth and payload.lstrip().startswith(("{", "[")):
        try:
            payload = json.loads(payload)
        except (ValueError, RecursionError):
            return
    if isinstance(payload, list) and depth:
        for entry in payload:
            yield from _codes(entry, depth - 1)
    if not isinstance(payload, dict):
        return
    for name in _CODES:
        if isinstance(code := payload.get(name), str) and re.fullmatch(r"[\w.\[\]-]{1,60}", code):
            yield code
    for name in ("error", "details", "detail", "errors"):
        if depth and payload.get(name):
            yield from _codes(payload[name], depth - 1)
    if depth and (raw := _raw(payload)):
        yield from _codes(raw, depth - 1)
