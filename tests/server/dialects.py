"""The two wire forms in which a scenario can answer."""

import json
from typing import Any, Protocol

INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}
STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal", "tool_calls": "tool_use"}


def event(data: Any, kind: str = "") -> bytes:
    """Return one server-sent event."""
    head = f"event: {kind}\n" if kind else ""
    return f"{head}data: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode()


class Dialect(Protocol):
    """Each method returns the bytes of the events that say so."""

    def start(self) -> bytes: ...
    def text(self, text: str) -> bytes: ...
    def reasoning(self, text: str) -> bytes: ...
    def tool(self, name: str) -> bytes: ...
    def finish(self, reason: str, tokens: int | None) -> bytes: ...
    def done(self) -> bytes: ...
    def ping(self) -> bytes: ...
    def error(self, message: str, kind: str) -> bytes: ...
    def error_body(self, message: str, code: str) -> dict[str, Any]: ...
    def whole(self, text: str) -> dict[str, Any]: ...


class OpenAIDialect:
    def __init__(self, model: str) -> None:
        self._model = model

    def chunk(self, delta: Any, finish: str | None = None, **more: Any) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": self._model}
        return {**head, "system_fingerprint": "fp", "choices": [choice], "usage": None, **more}

    def start(self) -> bytes:
        return event(self.chunk({"role": "assistant", "content": "", "refusal": None}))

    def text(self, text: str) -> bytes:
        return event(self.chunk({"content": text}))

    def reasoning(self, text: str) -> bytes:
        return event(self.chunk({"reasoning_content": text}))

    def tool(self, name: str) -> bytes:
        call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": name, "arguments": "{}"}}
        return event(self.chunk({"tool_calls": [call]}))

    def finish(self, reason: str, tokens: int | None) -> bytes:
        finish = event(self.chunk({}, reason))
        if tokens is None:
            return finish
        usage = {"prompt_tokens": 7, "completion_tokens": tokens, "total_tokens": 7 + tokens}
        return finish + event(self.chunk({}) | {"choices": [], "usage": usage})

    def done(self) -> bytes:
        return event("[DONE]")

    def ping(self) -> bytes:
        return b": ping\n\n"

    def error(self, message: str, kind: str) -> bytes:
        return event({"error": {"message": message, "type": kind, "code": None}})

    def error_body(self, message: str, code: str) -> dict[str, Any]:
        return {"error": {"message": message, "type": code, "param": None, "code": code}}

    def whole(self, text: str) -> dict[str, Any]:
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 7, "completion_tokens": 5}
        return {"id": "1", "object": "chat.completion", "model": self._model, "choices": [choice], "usage": usage}


class ResponsesDialect:
    """The Responses interface."""

    def __init__(self, model: str) -> None:
        self._model = model

    def start(self) -> bytes:
        return self._event("response.created", response={**self.whole(""), "status": "in_progress", "output": []})

    def text(self, text: str) -> bytes:
        return self._event("response.output_text.delta", output_index=0, content_index=0, delta=text)

    def reasoning(self, text: str) -> bytes:
        return self._event("response.reasoning_summary_text.delta", output_index=0, summary_index=0, delta=text)

    def tool(self, name: str) -> bytes:
        item = {"type": "function_call", "name": name, "call_id": "call_1", "arguments": ""}
        return self._event("response.output_item.added", output_index=1, item=item)

    def finish(self, reason: str, tokens: int | None) -> bytes:
        usage = None if tokens is None else {"input_tokens": 7, "output_tokens": tokens}
        response = {**self.whole(""), "output": [], "usage": usage}
        if reason in INCOMPLETE:
            details = {"reason": INCOMPLETE[reason]}
            incomplete = {**response, "status": "incomplete", "incomplete_details": details}
            return self._event("response.incomplete", response=incomplete)
        return self._event("response.completed", response=response)

    def done(self) -> bytes:
        return b""

    def ping(self) -> bytes:
        return b": ping\n\n"

    def error(self, message: str, kind: str) -> bytes:
        return self._event("error", code=kind, message=message)

    def error_body(self, message: str, code: str) -> dict[str, Any]:
        return {"error": {"message": message, "type": code, "param": None, "code": code}}

    def whole(self, text: str) -> dict[str, Any]:
        message = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}
        usage = {"input_tokens": 7, "output_tokens": 5}
        head = {"id": "resp_1", "object": "response", "status": "completed", "model": self._model, "error": None}
        return {**head, "output": [message], "usage": usage}

    def _event(self, kind: str, **fields: Any) -> bytes:
        return event({"type": kind, "sequence_number": 1, **fields}, kind)


class AnthropicDialect:
    def __init__(self, model: str) -> None:
        self._model = model
        self._block: str | None = None
        self._index = -1

    def start(self) -> bytes:
        message = self.whole("") | {
            "content": [],
            "stop_reason": None,
            "usage": {"input_tokens": 7, "output_tokens": 1},
        }
        return event({"type": "message_start", "message": message}, "message_start")

    def text(self, text: str) -> bytes:
        opening = self._open("text", {"type": "text", "text": ""})
        return opening + self._delta({"type": "text_delta", "text": text})

    def reasoning(self, text: str) -> bytes:
        opening = self._open("thinking", {"type": "thinking", "thinking": "", "signature": ""})
        return opening + self._delta({"type": "thinking_delta", "thinking": text})

    def tool(self, name: str) -> bytes:
        return self._open("tool", {"type": "tool_use", "id": "toolu_1", "name": name, "input": {}})

    def finish(self, reason: str, tokens: int | None) -> bytes:
        delta = {"stop_reason": STOP_REASONS.get(reason, reason), "stop_sequence": None}
        body: dict[str, Any] = {"type": "message_delta", "delta": delta}
        if tokens is not None:
            body["usage"] = {"output_tokens": tokens}
        return self._close() + event(body, "message_delta")

    def done(self) -> bytes:
        return event({"type": "message_stop"}, "message_stop")

    def ping(self) -> bytes:
        return event({"type": "ping"}, "ping")

    def error(self, message: str, kind: str) -> bytes:
        return event({"type": "error", "error": {"type": kind, "message": message}}, "error")

    def error_body(self, message: str, code: str) -> dict[str, Any]:
        return {"type": "error", "error": {"type": code, "message": message}}

    def whole(self, text: str) -> dict[str, Any]:
        usage = {"input_tokens": 7, "output_tokens": 5}
        head = {"id": "msg_1", "type": "message", "role": "assistant", "model": self._model}
        return {**head, "content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "usage": usage}

    def _open(self, block: str, start: dict[str, Any]) -> bytes:
        if block == self._block:
            return b""
        closing = self._close()
        self._block = block
        self._index += 1
        body = {"type": "content_block_start", "index": self._index, "content_block": start}
        return closing + event(body, "content_block_start")

    def _delta(self, delta: dict[str, Any]) -> bytes:
        body = {"type": "content_block_delta", "index": self._index, "delta": delta}
        return event(body, "content_block_delta")

    def _close(self) -> bytes:
        if self._block is None:
            return b""
        signature = self._delta({"type": "signature_delta", "signature": "abc"}) if self._block == "thinking" else b""
        self._block = None
        return signature + event({"type": "content_block_stop", "index": self._index}, "content_block_stop")
