"""Prompts from stdin: waited for with a word, decoded where that can be done truly, refused where it can't."""

import codecs
import os
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamtui.chat.errors import ConfigError
from streamtui.cli.text_input import decoded
from tests.cli.conftest import Command, Run, ended, read_stderr
from tests.server import HELLO, ScriptedServer

HELLO_TEXT = "".join(HELLO)
TEXT = st.text(st.characters(exclude_characters="\0\ufeff", codec="utf-8"))
LINE = "streamtui: reading piped text until its end (</dev/null or --no-stdin skips it)\n"


def prompt_sent(server: ScriptedServer) -> str:
    return str(server.of("ok")[-1].json["messages"][-1]["content"])


def test_a_stdin_that_does_not_end_is_said_and_its_end_is_waited_for(command: Command, server: ScriptedServer) -> None:
    process = command.start("ask", "-m", "ok", "hi", stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(b"first, ")
    process.stdin.flush()
    assert read_stderr(process, len(LINE)).decode() == LINE
    assert server.requests == []

    result = ended(process, b"then the rest")

    assert (result.code, result.out, result.err) == (0, HELLO_TEXT + "\n", "")
    assert prompt_sent(server) == "hi\n\nfirst, then the rest"


def test_no_stdin_asks_at_once(command: Command, server: ScriptedServer) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"never to be sent")
    result = ended(command.start("ask", "-m", "ok", "--no-stdin", "hi", stdin=reading))
    os.close(reading)
    os.close(writing)

    assert (result.code, result.out, result.err) == (0, HELLO_TEXT + "\n", "")
    assert prompt_sent(server) == "hi"


@pytest.mark.parametrize("words", [(), ("-",), ("--prompt", "-")])
def test_no_stdin_and_no_other_prompt_is_a_usage_error(
    run_here: Run, server: ScriptedServer, words: tuple[str, ...]
) -> None:
    result = run_here("ask", "-m", "ok", "--no-stdin", *words)

    assert (result.code, result.out, len(result.lines)) == (2, "", 1)
    assert server.requests == []


@pytest.mark.parametrize(
    "encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
)
def test_a_byte_order_mark_says_how_to_read_it(command: Command, server: ScriptedServer, encoding: str) -> None:
    marks = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE, "utf-32-le": codecs.BOM_UTF32_LE}
    mark = marks.get(encoding, codecs.BOM_UTF32_BE if encoding == "utf-32-be" else b"")

    result = command.run("ask", "-m", "ok", stdin=mark + "Schöne Grüße 🎉\r\nzwei\r\n".encode(encoding))

    assert (result.code, result.err) == (0, "")
    assert prompt_sent(server) == "Schöne Grüße 🎉\nzwei"


def test_bytes_that_are_not_text_are_counted(command: Command, server: ScriptedServer) -> None:
    result = command.run("ask", "-m", "ok", stdin=b"caf\xe9 \xc3\xa9 \xff\xfe\xfd")

    assert (result.code, result.out) == (0, HELLO_TEXT + "\n")
    assert len(result.lines) == 1 and "4 bytes were not UTF-8" in result.err
    assert prompt_sent(server) == "caf\ufffd é \ufffd\ufffd\ufffd"


@pytest.mark.parametrize("data", [b"\x7fELF\0\0\1", "hi".encode("utf-16-le"), b"a" * 100_000 + b"\0"])
def test_what_is_binary_is_refused_before_anything_is_sent(
    command: Command, server: ScriptedServer, data: bytes
) -> None:
    result = command.run("ask", "-m", "ok", "Summarise", stdin=data)

    assert (result.code, result.out, len(result.lines)) == (2, "", 1)
    assert "binary" in result.err and server.requests == []


@given(
    st.text(st.characters(exclude_characters="\0\ufeff", codec="utf-8")),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
)
@settings(deadline=None, database=None)
def test_whatever_is_encoded_truly_comes_out_as_it_was(text: str, encoding: str) -> None:
    assert decoded(text.encode(encoding), "x") == text


@given(st.binary(max_size=40))
@settings(deadline=None, database=None)
def test_any_bytes_are_text_or_refused(data: bytes) -> None:
    try:
        text = decoded(data, "x")
    except ConfigError:
        assert b"\0" in data
        return
    is_marked = data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    assert is_marked or text.encode() == data or "\ufffd" in text or data.startswith(codecs.BOM_UTF8)
