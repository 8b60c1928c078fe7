"""What a terminal sends, cut into tokens: text, keys, pastes and answers to queries. Knows no toolkit and no clock.

The grammar is that of ECMA-48 (CSI, control strings) with the forms that terminals add to it: SS3 keys, bracketed
paste, X10 mouse reports, the Linux console's `ESC [ [ A`, rxvt's `ESC [ 7 $`, the key reports of kitty's keyboard
protocol and of xterm's modifyOtherKeys.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

ESCAPE_DELAY_S: Final = 0.025
INTRODUCER_S: Final = 0.15
"""How long `ESC [`, `ESC O` and the like wait to become more than Alt with that key."""
SEQUENCE_S: Final = 1.0
"""How long an unfinished sequence that nobody types by hand waits for the rest; then it is dropped."""
PASTE_S: Final = 1.0
"""Silence after which a paste whose end was lost is over."""
TAIL_S: Final = 0.15
"""How long after a lone Escape the rest of a sequence may come that the Escape turns out to have begun."""
STRAY_PASTE_S: Final = 0.05
"""How soon after a part of an unbracketed paste the next part comes."""
STRAY_PASTE_PART: Final = 512
"""Characters that such a part has at least: a terminal line cuts only what fills its buffer."""
LEAST_STRAY_PASTE: Final = 20
"""Characters in one read that nobody types: with an Enter among them they are a paste. Fewer may be keys that a slow
link delivered together; three lines are a paste however short."""
LONGEST_SEQUENCE: Final = 256
LONGEST_STRING: Final = 65_536

_ESC: Final = "\x1b"
_PASTE_BEGINS: Final = "\x1b[200~"
_PASTE_ENDS: Final = "\x1b[201~"
_STRING_INTRODUCERS: Final = "]P_^X"
_ALT_ENTER: Final = "\x1b[13;3u"
_TWO_LINES: Final = re.compile(r"[^\r\n][\r\n]+[^\r\n]")
_THREE_LINES: Final = re.compile(r"[^\r\n][\r\n]+[^\r\n]+[\r\n]+[^\r\n]")
_NOT_IN_PROSE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_CONTROL: Final = re.compile(r"[\x00-\x1f]")
_CSI: Final = re.compile(r"\x1b(\[[ -?]*[@-~])")
_UNFINISHED_CSI: Final = re.compile(r"\x1b\[[ -?]*")
_RXVT_SHIFTED: Final = re.compile(r"\x1b\[\d+\$")
_ALT_ARROW: Final = re.compile(r"\x1b\x1b[\[O]([A-D])")
_TAIL: Final = re.compile(r"\[(?:<\d+;\d+;\d+[Mm]|[IO]|(?:\d+(?:[;:]\d*)*)?[A-HPQRSZ~])|O[A-DFHP-S]")
_UNFINISHED_TAIL: Final = re.compile(r"\[(?:<[\d;]*|\d[;:\d]*)?|O")
_KEY_REPORT: Final = re.compile(r"\[([\d:]*)(?:;([\d:]*))?(?:;([\d:]*))?([u~ABCDEFHPQRS])")
_OTHER_KEY: Final = re.compile(r"\[27;(\d+);(\d+)~")
_KITTY_FLAGS: Final = re.compile(r"\[\?(\d+)u")
_RELEASED: Final = "3"
_SHIFT: Final = 2
"""As kitty and xterm encode modifiers: one more than the bits."""
_CONTROL_KEYS: Final = ("9", "13", "27")
"""Tab, Enter and Escape, which are reported by their control characters."""
_ENTER: Final = 13
_ESCAPE: Final = 27
_FIRST_FUNCTIONAL_KEY: Final = 57_344


@dataclass(frozen=True, slots=True)
class Text:
    """Characters, control characters among them, each of which is one key."""

    text: str


@dataclass(frozen=True, slots=True)
class Escape:
    """The Escape key."""


@dataclass(frozen=True, slots=True)
class Sequence:
    """A complete escape sequence other than a control string: a key, a mouse report, an answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ControlString:
    """What came between an introducer (`]` for OSC, `P` for DCS, `_` APC, `^` PM, `X` SOS) and its terminator."""

    introducer: str
    body: str


@dataclass(frozen=True, slots=True)
class Paste:
    """Text that was pasted, with the line ends that the terminal sent."""

    text: str


Token = Text | Escape | Sequence | ControlString | Paste


class Tokenizer:
    """Takes what was read, cut anywhere, with the time it came, and gives tokens.

    `due` is when `expire` has to be called unless something comes before: a lone Escape is a key only if nothing
    follows it. Times are seconds of any one clock.
    """

    def __init__(self, escape_delay_s: float = ESCAPE_DELAY_S) -> None:
        self._escape_delay_s = escape_delay_s
        self._held = ""
        self._pasted: list[str] | None = None
        self._due: float | None = None
        self._escape_at = float("-inf")
        self._stray_paste_at = float("-inf")
        self._has_kitty_keys = False
        self._tells_enter_apart = False

    @property
    def due(self) -> float | None:
        return self._due

    @property
    def tells_enter_apart(self) -> bool:
        """Whether the terminal is known to send Shift+Enter and Ctrl+Enter as something else than Enter."""
        return self._tells_enter_apart

    def feed(self, text: str, now: float) -> Iterator[Token]:
        """Yield the tokens that are complete with `text`."""
        if self._pasted is None:  # the end of a paste may have come in time and only be read late
            yield from self.expire(now)
        follows_escape = now - self._escape_at < TAIL_S or self._held[:1] in ("[", "O")
        pending, self._held, self._due = self._held + text, "", None
        while pending and not self._held:
            if self._pasted is not None:
                token, pending = self._continue_paste(pending, self._pasted)
            elif pending[0] == _ESC:
                token, pending = self._take_sequence(pending)
            elif follows_escape and not self._has_kitty_keys:
                token, pending, follows_escape = None, self._skip_tail(pending), False
                continue
            else:
                token, pending = self._take_text(pending, now)
            if token is not None:
                yield token
        self._due = self._when_due(now)

    def expire(self, now: float) -> Iterator[Token]:
        """Yield what the held beginning of a sequence is after all, if nothing followed it for long enough."""
        if self._due is None or now < self._due:
            return
        held, self._held, self._due = self._held, "", None
        if self._pasted is not None:
            pasted, self._pasted = self._pasted, None
            yield Paste("".join(pasted) + held)
            return
        if held == _ESC or held.startswith("\x1b\x1b"):
            self._escape_at = now
            yield Escape()
            held = held[1:]
        if held == _ESC:
            yield Escape()
        elif held[:1] == _ESC and len(held) == 2:
            yield Sequence(held)
        elif held[:1] in ("[", "O") and not held.startswith("[<"):
            yield Text(held)

    # -- Each of these cuts something off the front of what is pending, or holds all of it until more comes.

    def _hold(self, pending: str) -> tuple[None, str]:
        self._held = pending
        return None, ""

    def _continue_paste(self, pending: str, pasted: list[str]) -> tuple[Token | None, str]:
        ends = pending.find(_PASTE_ENDS)
        begins = pending.find(_PASTE_BEGINS, 0, ends if ends >= 0 else len(pending))
        at = begins if begins >= 0 else ends
        if at < 0:
            at = len(pending) - _marker_begun(pending)
            pasted.append(pending[:at])
            return self._hold(pending[at:])
        pasted.append(pending[:at])
        self._pasted = [] if begins >= 0 else None
        return Paste("".join(pasted)), pending[at + len(_PASTE_ENDS) :]

    def _take_text(self, pending: str, now: float) -> tuple[Token | None, str]:
        """Take what comes before the next sequence: keys, or a paste that nothing marks as one."""
        end = pending.find(_ESC)
        text, rest = (pending, "") if end < 0 else (pending[:end], pending[end:])
        goes_on = len(text) > 1 and now - self._stray_paste_at < STRAY_PASTE_S
        if _NOT_IN_PROSE.search(text) or not (goes_on or _is_stray_paste(text)):
            return Text(text), rest
        self._stray_paste_at = now if len(text) >= STRAY_PASTE_PART else float("-inf")
        return Paste(text), rest

    def _skip_tail(self, pending: str) -> str:
        """Return what follows the rest of a sequence whose Escape came alone, if there is such a rest."""
        if match := _TAIL.match(pending):
            self._escape_at = float("-inf")
            return pending[match.end() :]
        if _UNFINISHED_TAIL.fullmatch(pending):
            self._held = pending
        return pending

    def _take_sequence(self, pending: str) -> tuple[Token | None, str]:
        if match := _ALT_ARROW.match(pending):
            return Sequence(f"\x1b[1;3{match[1]}"), pending[match.end() :]
        if pending in (_ESC, "\x1b\x1b", "\x1b\x1b[", "\x1b\x1bO"):
            return self._hold(pending)
        match pending[1]:
            case "\x1b":
                return Escape(), pending[1:]
            case "[":
                return self._take_csi(pending)
            case "O":
                return self._take_ss3(pending)
            case "\r" | "\n":
                return Sequence(_ALT_ENTER), pending[2:]
        if pending[1] in _STRING_INTRODUCERS:
            return self._take_string(pending)
        return Sequence(pending[:2]), pending[2:]

    def _take_ss3(self, pending: str) -> tuple[Token | None, str]:
        if len(pending) == 2:
            return self._hold(pending)
        length = 3 if "!" <= pending[2] <= "~" else 2
        return Sequence(pending[:length]), pending[length:]

    def _take_csi(self, pending: str) -> tuple[Token | None, str]:
        if pending.startswith("\x1b[["):  # a function key of the Linux console
            return self._take_fixed(pending, 4)
        if pending.startswith("\x1b[M"):  # an X10 mouse report: three characters, whatever they are
            return self._take_fixed(pending, 6)
        if (match := _RXVT_SHIFTED.match(pending)) and not "@" <= pending[match.end() : match.end() + 1] <= "~":
            return Sequence(match[0]), pending[match.end() :]
        if match := _CSI.match(pending):
            rest = pending[match.end() :]
            if match[0] == _PASTE_BEGINS:
                self._pasted = []
                return None, rest
            return (self._read_csi(match[1]) if len(match[1]) <= LONGEST_SEQUENCE else None), rest
        unfinished = _UNFINISHED_CSI.match(pending)
        end = unfinished.end() if unfinished else len(_ESC)
        if end == len(pending) <= LONGEST_SEQUENCE:
            return self._hold(pending)
        return None, pending[end:]

    def _take_fixed(self, pending: str, length: int) -> tuple[Token | None, str]:
        if len(pending) < length:
            return self._hold(pending)
        return Sequence(pending[:length]), pending[length:]

    def _take_string(self, pending: str) -> tuple[Token | None, str]:
        """Take a control string. A control character that has no place in one ends it, so that no key is lost."""
        control = _CONTROL.search(pending, 2)
        if control is None:
            return self._hold(pending) if len(pending) <= LONGEST_STRING else (None, "")
        at = control.start()
        string = ControlString(pending[1], pending[2:at])
        if control[0] == "\x07":
            return string, pending[at + 1 :]
        if pending[at:] == _ESC:
            return self._hold(pending)
        if pending.startswith("\x1b\\", at):
            return string, pending[at + 2 :]
        return (None if string.body else Sequence(pending[:2])), pending[at:]

    # -- what a CSI sequence says

    def _read_csi(self, body: str) -> Token | None:
        """Bring a key report into the form without alternates and event types; `None` where no key went down."""
        if flags := _KITTY_FLAGS.fullmatch(body):
            if int(flags[1]) & 1:
                self._has_kitty_keys = self._tells_enter_apart = True
            return None
        if other := _OTHER_KEY.fullmatch(body):
            return self._read_other_key(int(other[1]), int(other[2]))
        report = _KEY_REPORT.fullmatch(body)
        if report is None:
            return Sequence(_ESC + body)
        code = report[1].partition(":")[0]
        modifiers, _, event = (report[2] or "").partition(":")
        if event.startswith(_RELEASED) or not _are_characters(code, report[3]):
            return None
        if report[4] == "u" and int(code or 0) < ord(" ") and code not in _CONTROL_KEYS:
            return None
        if report[4] == "u":
            self._learn(int(code or 1), modifiers, has_text=bool(report[3]))
        parameters = [code, modifiers, report[3]] if report[3] else [code, modifiers] if modifiers else [code]
        return Sequence(f"\x1b[{';'.join(parameters)}{report[4]}")

    def _read_other_key(self, modifiers: int, code: int) -> Token | None:
        """Read a key report of xterm's modifyOtherKeys; where Shift alone makes a character, it is that character."""
        if not _are_characters(str(code), None):
            return None
        if modifiers == _SHIFT and chr(code).isprintable():
            return Text(chr(code))
        self._learn(code, str(modifiers), has_text=False)
        return Sequence(f"\x1b[{code};{modifiers}u")

    def _learn(self, code: int, modifiers: str, *, has_text: bool) -> None:
        """Learn from a key report. One of Shift+Enter may be the user's own mapping; only one of a key that would
        otherwise come as a plain character shows that every key is reported."""
        if code == _ENTER:
            self._tells_enter_apart = True
        if has_text or code == _ESCAPE or code >= _FIRST_FUNCTIONAL_KEY or modifiers in ("", "1"):
            self._has_kitty_keys = self._tells_enter_apart = True

    def _when_due(self, now: float) -> float | None:
        held = self._held
        if self._pasted is not None:
            return now + PASTE_S
        if not held:
            return None
        if held.startswith("\x1b\x1b") or held == _ESC:
            return now + (SEQUENCE_S if self._has_kitty_keys else self._escape_delay_s)
        if held[0] != _ESC:
            return now + (SEQUENCE_S if held.startswith("[<") else self._escape_delay_s)
        return now + (INTRODUCER_S if len(held) == 2 else SEQUENCE_S)


def _is_stray_paste(text: str) -> bool:
    """Whether what was read at once is several lines of a paste that nothing marks as one."""
    return bool(_THREE_LINES.search(text) or (len(text) >= LEAST_STRAY_PASTE and _TWO_LINES.search(text)))


def _marker_begun(text: str) -> int:
    """Return how many characters at the end of `text` may be the beginning of a mark around a paste."""
    sizes = range(len(_PASTE_ENDS) - 1, 0, -1)
    return next((size for size in sizes if text.endswith((_PASTE_BEGINS[:size], _PASTE_ENDS[:size]))), 0)


def _are_characters(code: str, text: str | None) -> bool:
    """Whether the numbers of a key report are code points."""
    numbers = [part for part in [code, *(text or "").split(":")] if part]
    return all(int(number) < 0xD800 or 0xDFFF < int(number) < 0x110000 for number in numbers)
