"""What an endpoint's refusal teaches about files: that this model takes no images, or no documents, whatever they are.

A refusal of one image (too large, damaged, of another format) teaches nothing: it is shown.
"""

import re
from collections.abc import Collection
from typing import Final

from streamtui.providers.errors.error_body import words_of_body
from streamtui.providers.http.client import StatusError
from streamtui.providers.http.quirks import QuirkRule
from streamtui.providers.wire.media import NO_FILES, NO_IMAGES

_STATUSES: Final = (400, 404, 415, 422, 500, 501)
_READ: Final = 1500
_SENTENCES: Final = re.compile(r"(?<=[.;!?])\s+|\n")
_RULES: Final = (
    QuirkRule(r"\bimages?\b|image_?url|input_image|\bvision\b|multi-?modal|mmproj|modalit", frozenset({"images"}),
              NO_IMAGES, "takes no images with this model: they were left out."),
    QuirkRule(r"\bfiles?\b|input_file|\bdocuments?\b|\bpdfs?\b", frozenset({"files"}),
              NO_FILES, "takes no documents with this model: they were left out. "
              "With streamtui[files] installed the text of a PDF is sent."),
)  # fmt: skip
_TAKES_NONE: Final = re.compile(
    r"n[o']t support|unsupported|no endpoints? found|only supported|not (a |an )?(multi|vision)|unknown variant"
    r"|not (allowed|permitted|enabled|available|accept|recogni[sz]ed)|n[o']t (accept|take|have|handle|process|see|read)"
    r"|invalid (content|part|message)? ?type|is not one of|missing (data|mmproj)|provide the mmproj|no (vision|image)",
    re.IGNORECASE,
)
_WANTS_TEXT_ALONE: Final = re.compile(
    r"content[^.\n]{0,60}(must|should) be (a |of type )?(valid )?str|valid string"
    r"|str type expected|expected (a )?string|invalid type: sequence|cannot unmarshal array",
    re.IGNORECASE,
)
_ABOUT_THIS_ONE: Final = re.compile(
    r"format|mime|media.?type|corrupt|damaged|decod|invalid image|process (the |your )?image|too (large|big|many|small)"
    r"|exceed|dimension|resolution|pixel|download|base64|maximum|at most|limit of|password|encrypt",
    re.IGNORECASE,
)


def media_lesson_of(refusal: StatusError, sent: Collection[str]) -> QuirkRule | None:
    """Return what `refusal` says about the kinds of files that were `sent`, `None` where it is about something else."""
    rules = [rule for rule in _RULES if not rule.fields.isdisjoint(sent)]
    if not rules or refusal.status not in _STATUSES:
        return None
    words = words_of_body(refusal.body)
    text = words.text[:_READ]
    text = text if text.startswith(("{", "[")) else text.partition("{")[0]  # what follows may be an echoed request
    if words.is_page or _ABOUT_THIS_ONE.search(text):
        return None
    about = [sentence for sentence in _SENTENCES.split(text) if _TAKES_NONE.search(sentence)]
    for rule in rules:
        if any(re.search(rule.names, sentence, re.IGNORECASE) for sentence in about):
            return rule
    return rules[0] if _WANTS_TEXT_ALONE.search(text) else None


def media_texts_of(quirks: Collection[str]) -> list[str]:
    """Return what is said of files that these quirks keep from being sent."""
    return [rule.text for rule in _RULES if rule.quirk in quirks]
