"""The table of scenarios, continued: what goes wrong on the wire."""

import asyncio
import json
import zlib

from tests.server.dialects import event
from tests.server.reply import HELLO, Reply, scenario, words


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


@scenario("flood-ping", "three tokens, then keep-alives as fast as the client reads")
async def flood_ping(reply: Reply) -> None:
    await _flood_after_three(reply, reply.dialect.ping())


@scenario("flood-newline", "three tokens, then blank lines as fast as the client reads")
async def flood_newline(reply: Reply) -> None:
    await _flood_after_three(reply, b"\n")


@scenario("flood-empty", "three tokens, then deltas with nothing in them as fast as the client reads")
async def flood_empty(reply: Reply) -> None:
    await _flood_after_three(reply, reply.dialect.text(""))


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
    await reply.reset_once_read()


@scenario("told-N-error", "a token every N ms until the test lets it end, then an error object")
async def told_error(reply: Reply, milliseconds: int) -> None:
    await reply.start()
    await reply.until_told(milliseconds)
    await reply.body(reply.dialect.error("The model is on fire.", "server_error"))
    await reply.end()


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


@scenario("error-endless", "status 500 with a body without end")
async def error_endless(reply: Reply) -> None:
    await reply.head(500)
    while True:
        await reply.body(b"a" * 60_000)
        await asyncio.sleep(0)


@scenario("redirect-cross", "307 to the same server under another name")
async def redirect_cross(reply: Reply) -> None:
    port = reply.request.headers["host"].rpartition(":")[2]
    await reply.whole(307, b"", "text/plain", {"Location": f"http://localhost:{port}/v1/chat/completions"})


@scenario("redirect-key", "307 to an address with the key in its path and host")
async def redirect_key(reply: Reply) -> None:
    key = reply.request.key
    await reply.whole(307, b"", "text/plain", {"Location": f"http://user:{key}@{key}.invalid/login/{key}?key={key}"})


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


@scenario("ndjson-crlf", "the same with CRLF")
async def ndjson_crlf(reply: Reply) -> None:
    await reply.head(content_type="application/x-ndjson")
    for word in words(20):
        await reply.body(json.dumps({"message": {"content": word}, "done": False}).encode() + b"\r\n")
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


@scenario("event-error-string", "three tokens, then `event: error` with a string")
async def event_error_string(reply: Reply) -> None:
    await _after_three(reply, event(json.dumps("The model is on fire."), "error"))


@scenario("event-error-text", "three tokens, then `event: error` with text that is no JSON")
async def event_error_text(reply: Reply) -> None:
    await _after_three(reply, event("The model is on fire.", "error"))


@scenario("error-list", "three tokens, then an error that is a list")
async def error_list(reply: Reply) -> None:
    await _after_three(reply, event({"error": ["The model is on fire", 1]}))


@scenario("choice-error", "three tokens, then an error in the choice, as OpenRouter sends them")
async def choice_error(reply: Reply) -> None:
    error = {"code": 502, "message": "The model is on fire."}
    choice = {"index": 0, "delta": {"content": ""}, "finish_reason": "error", "error": error}
    await _after_three(reply, event({"choices": [choice]}))


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


@scenario("half-event", "three tokens, then a clean end in the middle of an event")
async def half_event(reply: Reply) -> None:
    await _after_three(reply, b'data: {"choices": [{"del')


@scenario("bad-gzip", "says it is compressed, and isn't")
async def bad_gzip(reply: Reply) -> None:
    await reply.head(headers={"Content-Encoding": "gzip"})
    await reply.body(reply.dialect.start())
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


@scenario("slow-line", "a line without end, a KB every 10 ms, which is not too long for many seconds")
async def slow_line(reply: Reply) -> None:
    await reply.head()
    await reply.body(b"data: ")
    while True:
        await reply.body(b"a" * 1024)
        await asyncio.sleep(0.01)


async def _flood_after_three(reply: Reply, data: bytes) -> None:
    await reply.start()
    await reply.text(*words(3))
    flood = data * (60_000 // len(data))
    while True:
        await reply.body(flood)
        await asyncio.sleep(0)


async def _after_three(reply: Reply, data: bytes) -> None:
    await reply.start()
    await reply.text(*words(3))
    await reply.body(data)
    await reply.end()
