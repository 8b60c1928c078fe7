"""The table of scenarios: replies that end well, and refusals. Unusual shapes are in `shapes`, faults of the
wire in `faults`."""

import asyncio
import json
from itertools import count

from tests.server.reply import HELLO, Reply, scenario, words

MARKDOWN = """# A heading

A paragraph with **bold**, *italic*, `code` and a [link](https://example.org/).

- one
- two
  1. nested
- [ ] open
- [x] done

| left | right |
|:-----|------:|
| a    |     1 |
| 你好 |    22 |

```python
def greet(name: str) -> str:
    return f"hello {name}"
```

> A quote, with an emoji: 👩‍👩‍👧 and a flag: 🇩🇪

The end.
"""
THE_END = "Finis."
"""The last token of a reply that lasts until a test lets it end."""
ESCAPES = (
    "A\x1b]52;c;cHduZWQ=\x1b\\B\x1b]0;PWN\x07C\x9b31mD\x00E\x7fF\u202eG\u2066H\x1b[2J\x1b[?1049lI\x1bP1$r\x1b\\J\rK[/]L"
)


@scenario("ok", "a short reply with usage and [DONE]")
async def ok(reply: Reply) -> None:
    await reply.hello()


@scenario("slow-N", "a token every N ms, endless for practical purposes")
async def slow(reply: Reply, milliseconds: int) -> None:
    await slow_some(reply, milliseconds, 1_000_000)


@scenario("slow-NxM", "M tokens, one every N ms")
async def slow_some(reply: Reply, milliseconds: int, tokens: int) -> None:
    await reply.start()
    await reply.pace((f"w{number} " for number in range(tokens)), milliseconds / 1000)
    await reply.finish(tokens=tokens)


@scenario("lines-N", "a line of one word every N ms, endless for practical purposes")
async def lines(reply: Reply, milliseconds: int) -> None:
    await reply.start()
    await reply.pace((f"w{number}\n" for number in range(1_000_000)), milliseconds / 1000)
    await reply.finish()


@scenario("rate-N", "N tokens a second, endless for practical purposes")
async def rate(reply: Reply, per_second: int) -> None:
    await rate_some(reply, per_second, 1_000_000)


@scenario("rate-NxM", "M tokens, N a second")
async def rate_some(reply: Reply, per_second: int, tokens: int) -> None:
    await reply.start()
    await reply.pace((f"w{number} " for number in range(tokens)), 1 / per_second)
    await reply.finish(tokens=tokens)


@scenario("cued", "a token whenever the test says so: see `ScriptedServer.cue` and `finish`")
async def cued(reply: Reply) -> None:
    await reply.start()
    said = 0
    while tokens := await reply.cue():
        await reply.text(*words(tokens, said))
        said += tokens
    await reply.finish(tokens=said)


@scenario("told-N", "a token every N ms until the test lets it end: for all that has to happen before")
async def told(reply: Reply, milliseconds: int) -> None:
    await reply.start()
    await reply.until_told(milliseconds)
    await reply.text(THE_END)
    await reply.finish()


@scenario("flood-N", "N tokens as fast as the client reads")
async def flood(reply: Reply, tokens: int) -> None:
    await reply.start()
    for first in range(0, tokens, 100):
        await reply.body(b"".join(reply.dialect.text(word) for word in words(min(100, tokens - first), first)))
    await reply.finish(tokens=tokens)


@scenario("flood-thoughts-N", "N tokens of reasoning as fast as the client reads")
async def flood_thoughts(reply: Reply, tokens: int) -> None:
    await reply.start()
    for first in range(0, tokens, 100):
        await reply.reasoning(*words(min(100, tokens - first), first))
    await reply.finish(tokens=tokens)


@scenario("infinite", "a stream without end, as fast as the client reads")
async def infinite(reply: Reply) -> None:
    await reply.start()
    for first in count(step=100):
        await reply.body(b"".join(reply.dialect.text(word) for word in words(100, first)))
        await asyncio.sleep(0)


@scenario("echo", "repeats the request's body as JSON, so that a test sees what was sent")
async def echo(reply: Reply) -> None:
    await reply.start()
    await reply.text(json.dumps(reply.request.json, ensure_ascii=False))
    await reply.finish()


@scenario("markdown", "a reply with one of everything that Markdown has")
async def markdown(reply: Reply) -> None:
    await reply.start()
    await reply.text(*(MARKDOWN[start : start + 7] for start in range(0, len(MARKDOWN), 7)))
    await reply.finish(tokens=len(MARKDOWN) // 4)


@scenario("markdown-slow-N", "the same, seven characters every N ms")
async def markdown_slow(reply: Reply, milliseconds: int) -> None:
    await reply.start()
    await reply.pace((MARKDOWN[start : start + 7] for start in range(0, len(MARKDOWN), 7)), milliseconds / 1000)
    await reply.finish(tokens=len(MARKDOWN) // 4)


@scenario("escape", "text full of ESC, OSC, C1, bidi overrides and markup")
async def escape(reply: Reply) -> None:
    await reply.start()
    await reply.reasoning(ESCAPES)
    await reply.text(ESCAPES, *ESCAPES)
    await reply.finish()


@scenario("think", "reasoning in <think> tags")
async def think(reply: Reply) -> None:
    await reply.start()
    await reply.text("<think>\n", "Let me ", "see.", "\n</think>\n\n", *HELLO)
    await reply.finish()


@scenario("think-split", "the same, every character an event of its own")
async def think_split(reply: Reply) -> None:
    await reply.start()
    await reply.text(*"<think>\nLet me see.\n</think>\n\nHello, world!")
    await reply.finish()


@scenario("reasoning", "reasoning in fields of its own")
async def reasoning(reply: Reply) -> None:
    await reply.start()
    await reply.reasoning("Let me ", "see.")
    await reply.text(*HELLO)
    await reply.finish()


@scenario("reasoning-only", "reasoning and no answer")
async def reasoning_only(reply: Reply) -> None:
    await reply.start()
    await reply.reasoning("Let me ", "see.")
    await reply.finish()


@scenario("silent-N", "thinks for N ms before the first token")
async def silent(reply: Reply, milliseconds: int) -> None:
    await reply.start()
    await asyncio.sleep(milliseconds / 1000)
    await reply.text(*HELLO)
    await reply.finish()


@scenario("no-text", "a finish reason and nothing else")
async def no_text(reply: Reply) -> None:
    await reply.start()
    await reply.finish()


@scenario("length", "cut off at the limit of tokens")
async def length(reply: Reply) -> None:
    await reply.start()
    await reply.text(*HELLO)
    await reply.finish("length")


@scenario("content-filter", "cut off by a filter")
async def content_filter(reply: Reply) -> None:
    await reply.start()
    await reply.text("Hello")
    await reply.finish("content_filter")


@scenario("tool-call", "asks for a tool")
async def tool_call(reply: Reply) -> None:
    await reply.start()
    await reply.text("Let me look. ")
    await reply.body(reply.dialect.tool("get_weather") + reply.dialect.tool("get_weather"))
    await reply.finish("tool_calls")


@scenario("tool-key", "asks for a tool that has the key for a name, and gives the key for a finish reason")
async def tool_key(reply: Reply) -> None:
    await reply.start()
    await reply.text("Let me look. ")
    await reply.body(reply.dialect.tool(reply.request.key))
    await reply.finish(reply.request.key)


@scenario("no-usage", "no usage")
async def no_usage(reply: Reply) -> None:
    await reply.start()
    await reply.text(*HELLO)
    await reply.finish(tokens=None)


@scenario("no-done", "ends after the finish reason, without the end mark")
async def no_done(reply: Reply) -> None:
    await reply.start()
    await reply.text(*HELLO)
    await reply.body(reply.dialect.finish("stop", 5))
    await reply.end()


@scenario("prefill", "goes on writing if the last turn is the assistant's own, else a short reply")
async def prefill(reply: Reply) -> None:
    goes_on = reply.request.json["messages"][-1]["role"] == "assistant"
    await reply.start()
    await reply.text(*(("and ", "goes ", "on.") if goes_on else HELLO))
    await reply.finish()


@scenario("M-then-ok", "status M the first time, then a short reply; and so on in turns")
async def status_then_ok(reply: Reply, status: int) -> None:
    if reply.asked % 2:
        await reply.refuse(status, "Try again.", "rate_limit_error" if status == 429 else "server_error")
    else:
        await reply.hello()


@scenario("drop-N-then-ok", "N tokens and RST the first time, then a whole reply of 2N; and so on in turns")
async def drop_then_ok(reply: Reply, tokens: int) -> None:
    await reply.start()
    await reply.text(*words(tokens if reply.asked % 2 else 2 * tokens))
    if reply.asked % 2:
        await reply.reset_once_read()
    else:
        await reply.finish(tokens=2 * tokens)


@scenario("M", "status M with a JSON body; 401 quotes the key, as some servers do")
async def status(reply: Reply, code: int) -> None:
    messages = {
        401: f"Incorrect API key provided: {reply.request.key}.",
        404: f"The model `{reply.request.model}` does not exist.",
    }
    codes = {401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error", 529: "overloaded_error"}
    await reply.refuse(code, messages.get(code, f"This is status {code}."), codes.get(code, ""))


@scenario("M-html", "status M with a web page")
async def status_html(reply: Reply, code: int) -> None:
    page = f"<html><head><title>{code}</title></head><body><h1>{code} gateway</h1></body></html>"
    await reply.whole(code, page.encode(), "text/html")


@scenario("M-after-N", "status M with Retry-After: N")
async def status_after(reply: Reply, code: int, seconds: int) -> None:
    await reply.refuse(code, "Slow down.", "rate_limit_error", {"Retry-After": str(seconds)})


@scenario("M-never", "status M with x-should-retry: false")
async def status_never(reply: Reply, code: int) -> None:
    await reply.refuse(code, "Do not try again.", "", {"x-should-retry": "false"})


@scenario("quota", "429 because the account is empty")
async def quota(reply: Reply) -> None:
    await reply.refuse(429, "You exceeded your current quota.", "insufficient_quota")


@scenario("context-length", "400: the conversation is too long")
async def context_length(reply: Reply) -> None:
    text = "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens."
    await reply.refuse(400, text, "context_length_exceeded")


@scenario("context-N", "the same for more than N messages, else a short reply")
async def context_some(reply: Reply, most: int) -> None:
    if len(reply.request.json["messages"]) > most:
        await context_length(reply)
    else:
        await reply.hello()


@scenario("no-stream-options", "400 if stream_options is sent")
async def no_stream_options(reply: Reply) -> None:
    await _unless(reply, "stream_options", "Unknown parameter: 'stream_options'.")


@scenario("needs-max-completion-tokens", "400 if max_tokens is sent")
async def needs_max_completion_tokens(reply: Reply) -> None:
    text = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    await _unless(reply, "max_tokens", text)


@scenario("needs-max-tokens", "400 if max_completion_tokens is sent")
async def needs_max_tokens(reply: Reply) -> None:
    await _unless(reply, "max_completion_tokens", "max_completion_tokens: Extra inputs are not permitted")


@scenario("no-temperature", "400 if a temperature is sent")
async def no_temperature(reply: Reply) -> None:
    await _unless(reply, "temperature", "Unsupported value: 'temperature' does not support 0.5 with this model.")


@scenario("needs-developer", "400 if a system message is sent")
async def needs_developer(reply: Reply) -> None:
    roles = [message["role"] for message in reply.request.json["messages"]]
    if "system" in roles:
        text = "Unsupported value: 'messages[0].role' does not support 'system' with this model."
        await reply.refuse(400, text)
    else:
        await reply.hello()


@scenario("no-system", "400 if a system or developer message is sent, as some chat templates do")
async def no_system(reply: Reply) -> None:
    roles = [message["role"] for message in reply.request.json["messages"]]
    if {"system", "developer"} & set(roles):
        await reply.refuse(400, "System role not supported by this template.")
    else:
        await echo(reply)


@scenario("no-prefill", "400 if the last message is the assistant's")
async def no_prefill(reply: Reply) -> None:
    if reply.request.json["messages"][-1]["role"] == "assistant":
        await reply.refuse(400, "This model does not support prefilling the assistant message.")
    else:
        await reply.hello()


@scenario("picky", "400 for stream_options, then for max_tokens, then for a temperature")
async def picky(reply: Reply) -> None:
    for field in ("stream_options", "max_tokens", "temperature"):
        if field in reply.request.json:
            await reply.refuse(400, f"Unsupported parameter: '{field}' is not supported with this model.")
            return
    await echo(reply)


@scenario("bad-temperature", "400 that names a field but only dislikes its value")
async def bad_temperature(reply: Reply) -> None:
    await reply.refuse(400, "temperature must be less than or equal to 2")


async def _unless(reply: Reply, field: str, text: str) -> None:
    if field in reply.request.json:
        await reply.refuse(400, text)
    else:
        await echo(reply)
