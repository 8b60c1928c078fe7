"""What `ask` asks: prompts from the command line and from stdin, and the labels of the replies to several."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TextIO

from streamtui.chat.errors import ConfigError
from streamtui.chat.sanitize import sanitize, sanitize_line
from streamtui.cli.text_input import read_piped

FROM_STDIN: Final = "-"
"""The prompt that stands for what is piped in, or typed until Ctrl+D."""
_LABEL_LENGTH: Final = 32


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is asked, and what it is called where several are."""

    text: str
    name: str


def read_prompts(given: Sequence[str | None], stdin: TextIO | None) -> list[Prompt]:
    """Return the prompts, each with what `stdin` holds appended; `None` is no stdin.

    Raises `ConfigError` where a prompt is empty, or stdin can't be read.
    """
    piped = read_piped(stdin, also_typed=FROM_STDIN in given)
    prompts = [(prompt, with_piped(prompt, piped)) for prompt in given]
    return [Prompt(text, text if prompt in (None, "", FROM_STDIN) else prompt) for prompt, text in prompts]


def with_piped(prompt: str | None, piped: str) -> str:
    """Return the prompt, sanitized, with piped text appended. Raises `ConfigError` where there is neither."""
    parts = ("" if prompt == FROM_STDIN else prompt, piped)
    text = sanitize("\n\n".join(part for part in parts if part))
    if not text.strip():
        raise ConfigError("There is no prompt: streamtui ask 'your question', or pipe it in.")
    return text


def labels(models: Sequence[str], prompts: Sequence[str]) -> list[str]:
    """Return one distinct label for each combination of models and prompts, models first."""
    pairs = [(model, sanitize_line(prompt, _LABEL_LENGTH)) for model in models for prompt in prompts]
    return _distinct(
        model if len(prompts) == 1 else prompt if len(models) == 1 else f"{model} · {prompt}" for model, prompt in pairs
    )


def _distinct(names: Iterable[str]) -> list[str]:
    """Return the names, each that is taken already with a number."""
    taken: dict[str, None] = {}
    for name in names:
        label, number = name, 1
        while label in taken:
            number += 1
            label = f"{name} #{number}"
        taken[label] = None
    return list(taken)
