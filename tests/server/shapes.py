"""The table of scenarios, continued: replies in unusual shapes, all of which end well."""

import asyncio
import zlib
from typing import Any

from tests.server.dialects import OpenAIDialect, event
from tests.server.reply import HELLO, Reply, scenario


@scenario("surrogates", "a pair of surrogates split over two deltas, then a lone one")
async def surrogates(reply: Reply) -> None:
    await reply.start()
    await reply.text("\ud83d", "\ude00", " \ud800.")
    await reply.finish()


@scenario("crlf", "lines end in CRLF")
async def crlf(reply: Reply) -> None:
    await _rewritten(reply, b"\r\n")


@scenario("cr", "lines end in CR")
async def cr(reply: Reply) -> None:
    await _rewritten(reply, b"\r")


@scenario("bom", "starts with a byte order mark")
async def bom(reply: Reply) -> None:
    await reply.head()
    await reply.body(b"\xef\xbb\xbf" + reply.dialect.start())
    await reply.text(*HELLO)
    await reply.finish()


@scenario("bytewise", "every byte a chunk of its own")
async def bytewise(reply: Reply) -> None:
    await reply.head()
    for byte in _hello(reply):
        await reply.body(bytes([byte]))
        await asyncio.sleep(0)
    await reply.end()


@scenario("sse-oddities", "comments, ids, retries, unknown fields, no space, several data lines, wrong content type")
async def sse_oddities(reply: Reply) -> None:
    await reply.head(content_type="text/plain; charset=latin-1")
    odd = b": hello\n\nid: 1\n\n: ping\n\nretry: 5\nfoo: bar\n\ndata:\n\n"
    await reply.body(odd + _hello(reply).replace(b"data: ", b"id: 1\ndata:").replace(b', "model"', b',\ndata: "model"'))
    await reply.end()


@scenario("no-final-blank", "no blank line after the last event, and no end mark")
async def no_final_blank(reply: Reply) -> None:
    await reply.start()
    await reply.text(*HELLO)
    await reply.body(reply.dialect.finish("stop", None).rstrip(b"\n"))
    await reply.end()


@scenario("http-1.0", "HTTP/1.0, no length, no chunks")
async def http_1_0(reply: Reply) -> None:
    await reply.wire(b"HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + _hello(reply))
    reply.hang_up()


@scenario("after-done", "text after the end mark")
async def after_done(reply: Reply) -> None:
    await reply.start()
    await reply.text(*HELLO)
    await reply.body(reply.dialect.finish("stop", 5) + reply.dialect.done() + reply.dialect.text("not this"))
    await reply.end()


@scenario("gzip", "a compressed stream, flushed after every event")
async def gzipped(reply: Reply) -> None:
    await reply.head(headers={"Content-Encoding": "gzip"})
    packer = zlib.compressobj(wbits=31)
    for part in _hello(reply).split(b"\n\n"):
        await reply.body(packer.compress(part + b"\n\n") + packer.flush(zlib.Z_SYNC_FLUSH))
    await reply.body(packer.flush())
    await reply.end()


@scenario("huge-usage", "says that it took 10**400 tokens")
async def huge_usage(reply: Reply) -> None:
    await reply.start()
    await reply.pace(HELLO, 0.03)
    await reply.finish(tokens=10**400)


@scenario("big-event-N", "one event of N KB")
async def big_event(reply: Reply, kilobytes: int) -> None:
    await reply.start()
    await reply.text("a" * (kilobytes * 1024))
    await reply.finish()


@scenario("two-choices", "two choices, the second one first")
async def two_choices(reply: Reply) -> None:
    await reply.start()
    for token in HELLO:
        both = [{"index": 1, "delta": {"content": "not this"}}, {"index": 0, "delta": {"content": token}}]
        await reply.body(chunk(reply, {}, choices=both))
    await reply.finish()


@scenario("refusal", "refuses in the field for refusals")
async def refusal(reply: Reply) -> None:
    await reply.start()
    await reply.body(chunk(reply, {"refusal": "I can't "}) + chunk(reply, {"refusal": "do that."}))
    await reply.finish()


@scenario("no-nulls", "fields that are null elsewhere are missing")
async def no_nulls(reply: Reply) -> None:
    await reply.head()
    for token in HELLO:
        await reply.body(event({"choices": [{"delta": {"content": token}}]}))
    await reply.body(event({"choices": [{"delta": {}, "finish_reason": "stop"}]}) + event("[DONE]"))
    await reply.end()


@scenario("odd-fields", "every field null, missing or of a wrong type in turn")
async def odd_fields(reply: Reply) -> None:
    wrong: list[Any] = [None, [], 1, {}]
    odd: list[Any] = [None, [], '"x"', 1, {}, {"choices": None}, {"choices": []}, {"choices": "x"}, {"choices": [None]}]
    odd += [{"choices": [{"index": 0, "delta": delta}]} for delta in [*wrong, {"content": None}]]
    odd += [{"choices": [{"index": "0", "delta": {"content": "not this"}}]}, {"choices": [{"index": 0}]}]
    odd += [{"choices": [{"index": 0, "delta": {"content": 5, "tool_calls": None, "reasoning": []}}]}]
    odd += [{"usage": usage, "choices": []} for usage in [*wrong, "x", {"prompt_tokens": "x"}]]
    odd += [{"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]} for reason in [*wrong, ""]]
    odd += [{"error": None, "choices": []}, {"type": None}, {"type": []}, {"type": "unheard_of"}]
    odd += [{"type": kind} for kind in ("content_block_delta", "message_delta", "content_block_start", "message_start")]
    await reply.start()
    for value in odd:
        await reply.body(event(value))
    await reply.text(*HELLO)
    await reply.finish()


def chunk(reply: Reply, delta: Any, **more: Any) -> bytes:
    """Return an OpenAI chunk with any delta."""
    return event(OpenAIDialect(reply.request.model).chunk(delta, **more))


def _hello(reply: Reply) -> bytes:
    """Return the whole body of `ok`."""
    say = reply.dialect
    return b"".join([say.start(), *map(say.text, HELLO), say.finish("stop", 5), say.done()])


async def _rewritten(reply: Reply, newline: bytes) -> None:
    await reply.head()
    for part in _hello(reply).split(b"\n"):
        await reply.body(part + newline[:1])
        await reply.body(newline[1:])
    await reply.end()
