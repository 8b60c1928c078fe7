"""Values of the command line, checked as they are read. What makes no sense raises `ArgumentTypeError`."""

import argparse
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, NoReturn, TypeVar

from streamtui.chat.sanitize import sanitize_line

N = TypeVar("N", int, float)

_OWN_FIELDS: Final = ("messages", "input", "model", "stream", "system")
"""Fields of a request that no option may set."""


def field(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not (name.strip() and sign):
        raise argparse.ArgumentTypeError("a field is KEY=VALUE, such as top_p=0.9")
    if name in _OWN_FIELDS:
        raise argparse.ArgumentTypeError(f"{name} is made of the conversation and of -m")
    import json

    try:
        return name, json.loads(value, parse_constant=refuse_constant)
    except ValueError:
        return name, value


def refuse_constant(name: str) -> NoReturn:
    """Python's JSON knows NaN and Infinity; no endpoint's does."""
    raise ValueError(name)


def level(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("an empty level is none")
    return text.strip()


def title(text: str) -> str:
    if not sanitize_line(text):
        raise argparse.ArgumentTypeError("an empty title is none")
    return text


def file(text: str) -> str | None:
    return None if text == "-" else text


def port(text: str) -> int:
    return checked(text, int, lambda value: 0 <= value <= 65535, "a port is a number from 0 to 65535")


def temperature(text: str) -> float:
    return checked(text, float, lambda value: 0 <= value <= 2, "the temperature is a number from 0 to 2")


def positive(text: str) -> int:
    return checked(text, int, lambda value: value >= 1, "this is a whole number of 1 or more")


def days(text: str) -> float:
    return checked(text, float, lambda value: 0 <= value < 100_000, "this is a number of days")


def id(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("an empty id names no conversation")
    return text


def checked(text: str, kind: Callable[[str], N], is_good: Callable[[N], bool], complaint: str) -> N:
    """Return the number. Raises `ArgumentTypeError` with the complaint about one that is none or not good."""
    with suppress(ValueError):
        value = kind(text)
        if is_good(value):
            return value
    raise argparse.ArgumentTypeError(complaint)
