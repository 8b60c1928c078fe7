"""What a terminal sends, cut anywhere and whatever it is, becomes the right keys, pastes and nothing else."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtui.tui.terminal.tokenizer import (
    ESCAPE_DELAY_S,
    INTRODUCER_S,
    LONGEST_STRING,
    PASTE_S,
    SEQUENCE_S,
    STRAY_PASTE_PART,
    TAIL_S,
    ControlString,
    Escape,
    Paste,
    Sequence,
    Text,
    Token,
    Tokenizer,
)


def joined(tokens: list[Token]) -> list[Token]:
    """Join texts that adjoin: where reads were cut says nothing."""
    result: list[Token] = []
    for token in tokens:
        if isinstance(token, Text) and result and isinstance(result[-1], Text):
            result[-1] = Text(result[-1].text + token.text)
        else:
            result.append(token)
    return result


def read(*pieces: str, gap: float = 0.0, tokenizer: Tokenizer | None = None) -> list[Token]:
    """Return the tokens of pieces that come `gap` seconds apart, and of the long silence after them."""
    tokenizer = tokenizer or Tokenizer()
    now = 100.0
    tokens: list[Token] = []
    for piece in pieces:
        while tokenizer.due is not None and tokenizer.due <= now:
            tokens += tokenizer.expire(tokenizer.due)
        tokens += tokenizer.feed(piece, now)
        now += gap
    while tokenizer.due is not None:
        tokens += tokenizer.expire(tokenizer.due)
    return joined(tokens)


def with_kitty_keys() -> Tokenizer:
    tokenizer = Tokenizer()
    assert list(tokenizer.feed("\x1b[?25u", 0.0)) == []
    return tokenizer


# -- keys


@pytest.mark.parametrize(
    ("sent", "tokens"),
    [
        ("ab", [Text("ab")]),
        ("\x1b", [Escape()]),
        ("\x1b\x1b", [Escape(), Escape()]),
        ("\x1b[A", [Sequence("\x1b[A")]),
        ("\x1bOA", [Sequence("\x1bOA")]),
        ("\x1b[1;5C", [Sequence("\x1b[1;5C")]),
        ("\x1b[[A", [Sequence("\x1b[[A")]),
        ("\x1b[7$", [Sequence("\x1b[7$")]),
        ("\x1b[M !!x", [Sequence("\x1b[M !!"), Text("x")]),
        ("\x1b1", [Sequence("\x1b1")]),
        ("\x1b\r", [Sequence("\x1b[13;3u")]),
        ("\x1b\x1b[D\x1b\x1bOC", [Sequence("\x1b[1;3D"), Sequence("\x1b[1;3C")]),
        ("\x1b\x1b[<35;2;1M", [Escape(), Sequence("\x1b[<35;2;1M")]),
        ("\x1b[", [Sequence("\x1b[")]),
        ("\x1bO", [Sequence("\x1bO")]),
        ("\x1b]", [Sequence("\x1b]")]),
    ],
)
def test_keys(sent: str, tokens: list[Token]) -> None:
    assert read(sent) == tokens


@pytest.mark.parametrize(
    ("report", "tokens"),
    [
        ("\x1b[97;1:3u", []),
        ("\x1b[97;1:2u", [Sequence("\x1b[97;1u")]),
        ("\x1b[113::64;1;64u", [Sequence("\x1b[113;1;64u")]),
        ("\x1b[97:65;2;65u", [Sequence("\x1b[97;2;65u")]),
        ("\x1b[99999999;1u", []),
        ("\x1b[97;1;99999999u", []),
        ("\x1b[55296u", []),
        ("\x1b[u", []),
        ("\x1b[1;1:3A", []),
        ("\x1b[1;5:2A", [Sequence("\x1b[1;5A")]),
        ("\x1b[3;5:1~", [Sequence("\x1b[3;5~")]),
        ("\x1b[27;2;13~", [Sequence("\x1b[13;2u")]),
        ("\x1b[27;5;13~", [Sequence("\x1b[13;5u")]),
        ("\x1b[27;2;65~", [Text("A")]),
        ("\x1b[27;2;99999999~", []),
        ("\x1b[?25u", []),
    ],
)
def test_key_reports_are_brought_into_one_form(report: str, tokens: list[Token]) -> None:
    assert read(f"a{report}b") == joined([Text("a"), *tokens, Text("b")])


@pytest.mark.parametrize("flags", ["\x1b[?25u", "\x1b[97;;97u", "\x1b[27u"])
def test_with_kitty_keys_a_lone_escape_is_no_key_until_it_has_waited_long(flags: str) -> None:
    tokenizer = Tokenizer()
    list(tokenizer.feed(flags, 0.0))
    assert tokenizer.tells_enter_apart
    list(tokenizer.feed("\x1b", 10.0))
    assert tokenizer.due == 10.0 + SEQUENCE_S
    assert list(tokenizer.feed("[A", 10.5)) == [Sequence("\x1b[A")]


@pytest.mark.parametrize("mapped", ["\x1b[13;2u", "\x1b[27;2;13~"])
def test_a_mapping_of_shift_enter_alone_leaves_escape_fast(mapped: str) -> None:
    tokenizer = Tokenizer()
    list(tokenizer.feed(mapped, 0.0))
    assert tokenizer.tells_enter_apart
    list(tokenizer.feed("\x1b", 10.0))
    assert tokenizer.due == 10.0 + ESCAPE_DELAY_S


def test_terminals_that_say_nothing_do_not_tell_enter_apart() -> None:
    tokenizer = Tokenizer()
    list(tokenizer.feed("abc\r\x1b[A\x1b[?0u", 0.0))
    assert not tokenizer.tells_enter_apart


# -- what links cut in two


@pytest.mark.parametrize("tail", ["[A", "OB", "[<35;20;10M", "[<0;1;1m", "[I", "[O", "[1;5C", "[3~"])
def test_the_rest_of_a_sequence_whose_escape_came_alone_is_swallowed(tail: str) -> None:
    assert read("\x1b", tail + "x", gap=0.06) == [Escape(), Text("x")]
    assert read("\x1b", tail, gap=0.06, tokenizer=with_kitty_keys()) == [Sequence("\x1b" + tail)]


@pytest.mark.parametrize("tail", ["[A", "[<35;20;10M"])
def test_the_rest_may_itself_be_cut(tail: str) -> None:
    assert read("\x1b", tail[:1], tail[1:], gap=ESCAPE_DELAY_S + 0.001) in ([Escape()], [Escape(), Text(tail)])
    assert read("\x1b", "[<35;2", "0;10M", gap=0.06) == [Escape()]


def test_what_is_typed_after_escape_is_text() -> None:
    assert read("\x1b", "[", "x", gap=0.06) == [Escape(), Text("[x")]
    assert read("\x1b", "Ok", gap=0.06) == [Escape(), Text("Ok")]
    assert read("\x1b", "[A", gap=2 * (TAIL_S + ESCAPE_DELAY_S)) == [Escape(), Text("[A")]


@pytest.mark.parametrize("pieces", [("\x1b[<35;2", "0;10M"), ("\x1b[", "A"), ("\x1b[1;", "5C"), ("\x1bO", "A")])
def test_a_sequence_that_has_begun_waits_for_its_end(pieces: tuple[str, str]) -> None:
    assert read(*pieces, gap=INTRODUCER_S * 0.9) == [Sequence("".join(pieces))]


def test_the_end_that_never_comes_is_not_waited_for() -> None:
    assert read("a\x1b[<35;2") == [Text("a")]
    assert read("\x1b[<35;2", "x", gap=2 * SEQUENCE_S) == [Text("x")]


# -- answers and strings


@pytest.mark.parametrize(
    "answer",
    [
        "\x1b]11;rgb:ffff/ffff/ffff\x1b\\",
        "\x1b]11;rgb:ffff/ffff/ffff\x07",
        "\x1bP>|xterm(390)\x1b\\",
        "\x1bP1+r544e=787465726d\x1b\\",
        "\x1b_Gi=1;OK\x1b\\",
        "\x1b^private\x1b\\",
        "\x1bXstring\x1b\\",
    ],
)
def test_control_strings_are_one_token_however_they_end(answer: str) -> None:
    body = answer[2:].removesuffix("\x07").removesuffix("\x1b\\")
    assert read(f"a{answer}b") == [Text("a"), ControlString(answer[1], body), Text("b")]


@pytest.mark.parametrize("key", ["\r", "\x03", "\x04"])
@pytest.mark.parametrize("begun", ["\x1b]11;rgb:ff", "\x1bPabc", "\x1b[12;", "\x1b["])
def test_a_control_key_is_never_part_of_what_was_left_unfinished(begun: str, key: str) -> None:
    assert read(begun + key + "x")[-1] == Text(key + "x")


def test_a_string_without_an_end_is_given_up() -> None:
    tokenizer = Tokenizer()
    assert list(tokenizer.feed("\x1b]" + "x" * (LONGEST_STRING + 10), 0.0)) == []
    assert list(tokenizer.feed("typed", 0.1)) == [Text("typed")]


# -- pastes

SENT = "ab\x1b[200~one\r\n\x1b[A/quit\n\x1b[201\x1b[201~c\x1b[200~\x1b[201~\x1b[Bd"
PASTES: list[Token] = [
    Text("ab"),
    Paste("one\r\n\x1b[A/quit\n\x1b[201"),
    Text("c"),
    Paste(""),
    Sequence("\x1b[B"),
    Text("d"),
]


@given(st.lists(st.integers(0, len(SENT))))
def test_pastes_are_whole_wherever_the_bytes_are_cut(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(SENT)]
    assert read(*(SENT[start:end] for start, end in pairwise(places))) == PASTES


def test_a_paste_whose_end_was_lost_is_over_after_a_silence() -> None:
    tokenizer = Tokenizer()
    assert list(tokenizer.feed("\x1b[200~hello", 0.0)) == []
    assert tokenizer.due == PASTE_S
    assert list(tokenizer.expire(PASTE_S)) == [Paste("hello")]
    assert list(tokenizer.feed("\x03", PASTE_S)) == [Text("\x03")]


def test_a_paste_goes_on_while_it_comes_even_if_it_is_read_late() -> None:
    assert read("\x1b[200~one", "two", "three\x1b[201~", gap=0.9 * PASTE_S) == [Paste("onetwothree")]
    tokenizer = Tokenizer()
    list(tokenizer.feed("\x1b[200~one\r", 0.0))
    assert list(tokenizer.feed("two\x1b[201~", 5 * PASTE_S)) == [Paste("one\rtwo")]


def test_a_second_beginning_ends_the_first_paste() -> None:
    assert read("\x1b[200~first", "\x1b[200~second\x1b[201~") == [Paste("first"), Paste("second")]


@pytest.mark.parametrize(
    "text", ["one\rtwo\rthree", "a\nb\nc\r", "the first line of it\rand more", "def f():\r\treturn 1 + 1\r"]
)
def test_several_lines_read_at_once_are_a_paste(text: str) -> None:
    assert read(text) == [Paste(text)]


@pytest.mark.parametrize("text", ["one\r", "\rone", "one\rtwo", "one\\\rtwo", "one\rtwo\r", "x\x15one\rtwo\rthree"])
def test_fast_typing_is_no_paste(text: str) -> None:
    assert read(text) == [Text(text)]


def test_the_parts_of_a_long_unmarked_paste_are_pastes() -> None:
    part = "line\r" * STRAY_PASTE_PART
    assert read(part, "\rfour", "xyz") == [Paste(part), Paste("\rfour"), Text("xyz")]


def test_enter_after_a_short_unmarked_paste_is_enter() -> None:
    assert read("one\rtwo\rthree", "\r") == [Paste("one\rtwo\rthree"), Text("\r")]


# -- anything

SEQUENCES = [
    "\x1b",
    "\x1b[A",
    "\x1b[97;1:3u",
    "\x1b[27;2;13~",
    "\x1b[<35;2;1M",
    "\x1b[200~",
    "\x1b[201~",
    "\x1b]11;rgb:1/2/3\x1b\\",
    "\x1bP1$r\x1b\\",
    "\x1b[?1;2c",
    "\x1b[24;80R",
    "\x1bOP",
    "\x1b[M   ",
    "\x1b[?2026;2$y",
]
pieces = st.one_of(
    st.sampled_from(SEQUENCES),
    st.text("\x1b[]OP_;:0123456789<>?$~uMmAR\x07\\\r\nab\x9bé漢", max_size=8),
    st.text(max_size=4),
)
streams = st.lists(st.tuples(pieces, st.sampled_from([0.0, 0.01, 0.03, 0.1, 0.3, 2.0])), max_size=30)


@given(streams)
def test_whatever_comes_it_hears_again_after_a_silence(stream: list[tuple[str, float]]) -> None:
    tokenizer = Tokenizer()
    now = 0.0
    for piece, gap in stream:
        list(tokenizer.feed(piece, now))
        if tokenizer.due is not None and tokenizer.due <= now + gap:
            list(tokenizer.expire(tokenizer.due))
        now += gap
    for _ in range(3):
        now += 5.0
        list(tokenizer.expire(now))
    assert tokenizer.due is None
    assert list(tokenizer.feed("\x03", now + 1.0)) == [Text("\x03")]


@given(st.lists(pieces, max_size=12), st.randoms(use_true_random=False))
def test_where_it_is_cut_makes_no_difference(parts: list[str], chance: random.Random) -> None:
    stream = "".join(parts).replace("\r", " ").replace("\n", " ")  # lines read at once are a matter of where it is cut
    whole = read(stream)
    cuts = sorted(chance.randrange(len(stream) + 1) for _ in range(5))
    assert read(*(stream[start:end] for start, end in pairwise([0, *cuts, len(stream)]))) == whole


@given(st.text(st.characters(exclude_characters="\x1b\r\n", exclude_categories=["Cs"])))
def test_text_without_escape_is_text(text: str) -> None:
    assert read(text) == ([Text(text)] if text else [])
