"""The table of scenarios, continued: what goes wrong on the wire."""

import asyncio
import json
import zlib
from typing import Any

from tests.server.dialects import OpenAIDialect, event
from tests.server.reply import HELLO, Reply, scenario, words


def chunk(reply: Reply, delta: Any, **more: Any) -> bytes:
    """Return an OpenAI chunk with any delta."""
    return event(OpenAIDialect(reply.request.model).chunk(delta, **more))


@scenario("stall", "three tokens, then silence")
async def stall(reply: Reply) -> None:
    await reply.start()
    await reply.text(*words(3))
    await asyncio.Event().wait()


@scenario("stall-ping", "three tokens, then keep-alives only")
async def stall_ping(reply: Reply) -> None:
    await reply.start()
    await reply.text(*words(3))
    while True:
        await reply.body(reply.dialect.ping())
        await asyncio.sleep(0.02)


@scenario("stall-first", "headers, then silence")
async def stall_first(reply: Reply) -> None:
    await reply.head()
    await asyncio.Event().wait()


@scenario("stall-finish", "finish reason, then silence on an open connection")
async def stall_finish(reply: Reply) -> None:
    await reply.start()
    await reply.text(*HELLO)
    await reply.body(reply.dialect.finish("stop", None))
    await asyncio.Event().wait()


@scenario("stall-done", "the end mark, then silence on an open connection")
async def stall_done(reply: Reply) -> None:
    await reply.start()
    await reply.text(*HELLO)
    await reply.body(reply.dialect.finish("stop", 5) + reply.dialect.done())
    await asyncio.Event().wait()


@scenario("mute", "never answers")
async def mute(reply: Reply) -> None:
    await asyncio.Event().wait()


@scenario("slow-headers", "one byte of the headers every 50 ms, for ever")
async def slow_headers(reply: Reply) -> None:
    await reply.wire(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        await reply.wire(b"x")
        await asyncio.sleep(0.05)


@scenario("drop-after-N", "N tokens, then RST")
async def drop_after(reply: Reply, tokens: int) -> None:
    await reply.start()
    await reply.text(*words(tokens))
    await asyncio.sleep(0.05)  # an RST overtakes bytes that the client hasn't read
    reply.reset()


@scenario("eof-after-N", "N tokens, then a clean end without finish reason")
async def eof_after(reply: Reply, tokens: int) -> None:
    await reply.start()
    await reply.text(*words(tokens))
    await reply.end()


@scenario("truncated-after-N", "N tokens, then FIN in the middle of a chunk")
async def truncated_after(reply: Reply, tokens: int) -> None:
    await reply.start()
    await reply.text(*words(tokens))
    await reply.wire(b"ffff\r\ndata: {")
    reply.hang_up()


@scenario("bad-chunk", "three tokens, then garbage instead of a chunk's size")
async def bad_chunk(reply: Reply) -> None:
    await reply.start()
    await reply.text(*words(3))
    await reply.wire(b"zzzz\r\n")
    reply.hang_up()


@scenario("short-length", "promises more bytes than it sends")
async def short_length(reply: Reply) -> None:
    await reply.head(headers={"Content-Length": "99999"}, framing="none")
    await reply.text(*words(3))
    reply.hang_up()


@scenario("reset-first", "RST instead of an answer")
async def reset_first(reply: Reply) -> None:
    reply.reset()


@scenario("garbage", "something that is no HTTP")
async def garbage(reply: Reply) -> None:
    await reply.wire(b"\x00\xff\x01 this is no HTTP\r\n\r\n")
    reply.hang_up()


@scenario("huge-header", "a header of 256 KB")
async def huge_header(reply: Reply) -> None:
    await reply.hello({"X-Huge": "x" * 256_000})


@scenario("redirect-cross", "307 to the same server under another name")
async def redirect_cross(reply: Reply) -> None:
    port = reply.request.headers["host"].rpartition(":")[2]
    await reply.whole(307, b"", "text/plain", {"Location": f"http://localhost:{port}/v1/chat/completions"})


@scenario("redirect-same", "302 to another path")
async def redirect_same(reply: Reply) -> None:
    await reply.whole(302, b"", "text/plain", {"Location": "/login"})


@scenario("html", "200 with a web page")
async def html(reply: Reply) -> None:
    await reply.whole(200, b"<!doctype html><title>Welcome</title><p>Hi", "text/html")


@scenario("json", "200 with a whole reply as JSON")
async def whole_json(reply: Reply) -> None:
    await reply.json(200, reply.dialect.whole("".join(HELLO)))


@scenario("json-error", "200 with an error as JSON")
async def json_error(reply: Reply) -> None:
    await reply.json(200, reply.dialect.error_body("The model is on fire.", "server_error"))


@scenario("json-other", "200 with JSON that means something else")
async def json_other(reply: Reply) -> None:
    await reply.json(200, {"status": "ok"})


@scenario("ndjson", "200 with JSON lines, as another API streams")
async def ndjson(reply: Reply) -> None:
    await reply.head(content_type="application/x-ndjson")
    for word in words(20):
        await reply.body(json.dumps({"message": {"content": word}, "done": False}).encode() + b"\n")
    await reply.end()


@scenario("empty", "200 with nothing")
async def empty(reply: Reply) -> None:
    await reply.head()
    await reply.end()


@scenario("other-events", "an event stream that is no chat reply")
async def other_events(reply: Reply) -> None:
    await reply.head()
    await reply.body(event({"tick": 1}) + event({"tick": 2}) + event([1, 2]) + event("null"))
    await reply.end()


@scenario("error-object", "three tokens, then an error object")
async def error_object(reply: Reply) -> None:
    await reply.start()
    await reply.text(*words(3))
    await reply.body(reply.dialect.error("The model is on fire.", "server_error"))
    await reply.end()


@scenario("overloaded", "three tokens, then the error that says overloaded")
async def overloaded(reply: Reply) -> None:
    await reply.start()
    await reply.text(*words(3))
    await reply.body(reply.dialect.error("Overloaded", "overloaded_error"))
    await reply.end()


@scenario("error-string", "three tokens, then an error that is a string")
async def error_string(reply: Reply) -> None:
    await reply.start()
    await reply.text(*words(3))
    await reply.body(event({"error": "The model is on fire."}))
    await reply.end()


@scenario("event-error", "three tokens, then `event: error` without an error field")
async def event_error(reply: Reply) -> None:
    await reply.start()
    await reply.text(*words(3))
    await reply.body(event({"message": "The model is on fire."}, "error"))
    await reply.end()


@scenario("bad-json", "three tokens, then broken JSON")
async def bad_json(reply: Reply) -> None:
    await _after_three(reply, event('{"choices": [{"delta": {"content": "x'))


@scenario("deep-json", "three tokens, then JSON nested 100,000 deep")
async def deep_json(reply: Reply) -> None:
    await _after_three(reply, event("[" * 100_000))


@scenario("big-int", "three tokens, then a number of 5,000 digits")
async def big_int(reply: Reply) -> None:
    await _after_three(reply, event('{"created": ' + "9" * 5000 + "}"))


@scenario("bad-utf8", "text with bytes that are no UTF-8")
async def bad_utf8(reply: Reply) -> None:
    await reply.start()
    await reply.body(reply.dialect.text("caf?").replace(b"?", b"\xe9"))
    await reply.finish()


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


@scenario("half-event", "three tokens, then a clean end in the middle of an event")
async def half_event(reply: Reply) -> None:
    await _after_three(reply, b'data: {"choices": [{"del')


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


@scenario("bad-gzip", "says it is compressed, and isn't")
async def bad_gzip(reply: Reply) -> None:
    await reply.head(headers={"Content-Encoding": "gzip"})
    await reply.body(_hello(reply))
    await reply.end()


@scenario("gzip-bomb", "100 MB in one event, 100 KB on the wire")
async def gzip_bomb(reply: Reply) -> None:
    await reply.head(headers={"Content-Encoding": "gzip"})
    packer = zlib.compressobj(wbits=31)
    await reply.body(packer.compress(b'data: {"choices":[{"index":0,"delta":{"content":"'))
    for _ in range(100):
        await reply.body(packer.compress(b"a" * 1_000_000))
        await asyncio.sleep(0)
    await reply.body(packer.compress(b'"}}]}\n\n') + packer.flush())
    await reply.end()


@scenario("endless-line", "a line without end")
async def endless_line(reply: Reply) -> None:
    await reply.head()
    await reply.body(b"data: ")
    while True:
        await reply.body(b"a" * 60_000)
        await asyncio.sleep(0)


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
    wrong: list[Any] = [None, [], "x", 1, {}]
    odd: list[Any] = [None, [], '"x"', 1, {}, {"choices": None}, {"choices": []}, {"choices": "x"}, {"choices": [None]}]
    odd += [{"choices": [{"index": 0, "delta": delta}]} for delta in [*wrong, {"content": None}]]
    odd += [{"choices": [{"index": "0", "delta": {"content": "not this"}}]}, {"choices": [{"index": 0}]}]
    odd += [{"choices": [{"index": 0, "delta": {"content": 5, "tool_calls": None, "reasoning": []}}]}]
    odd += [{"usage": usage, "choices": []} for usage in [*wrong, {"prompt_tokens": "x"}]]
    odd += [{"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]} for reason in [*wrong, ""]]
    odd += [{"error": None, "choices": []}, {"type": None}, {"type": []}, {"type": "unheard_of"}]
    odd += [{"type": kind} for kind in ("content_block_delta", "message_delta", "content_block_start", "message_start")]
    await reply.start()
    for value in odd:
        await reply.body(event(value))
    await reply.text(*HELLO)
    await reply.finish()


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


async def _after_three(reply: Reply, data: bytes) -> None:
    await reply.start()
    await reply.text(*words(3))
    await reply.body(data)
    await reply.end()
