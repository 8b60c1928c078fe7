"""How many tokens a window holds, in each form in which servers tell it."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from streamtui.providers.context_window import read_context_window
from streamtui.providers.http.base_url import parse_base_url
from streamtui.providers.http.client import make_http_client

Answers = dict[str, object]
Serve = Callable[[Answers], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve these answers by path, 404 for any other; return the base URL."""
    running: list[ThreadingHTTPServer] = []

    def start(answers: Answers) -> str:
        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("content-length", 0)))
                known = self.path in answers
                body = answers[self.path] if known else "nothing here"
                data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
                self.send_response(200 if known else 404)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = answer

            def log_message(self, format: str, *args: object) -> None:
                return

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        running.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}/v1"

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("answers", "tokens"),
    [
        ({"/v1/models": {"data": [{"id": "m", "max_model_len": 4096}]}}, 4096),
        ({"/v1/models": {"data": [{"id": "x"}, {"id": "m", "context_length": 200000}]}}, 200000),
        ({"/v1/models": {"data": [{"id": "m", "context_window": 131072}]}}, 131072),
        (
            {
                "/v1/models": {"data": [{"id": "m", "owned_by": "llamacpp"}]},
                "/props": {"default_generation_settings": {"n_ctx": 8192}},
            },
            8192,
        ),
        (
            {
                "/v1/models": {"data": [{"id": "m", "owned_by": "library"}]},
                "/api/show": {"model_info": {"llama.embedding_length": 1, "llama.context_length": 32768}},
            },
            32768,
        ),
        ({"/v1/models": {"data": [{"id": "m", "owned_by": "library"}]}, "/api/show": {"model_info": None}}, None),
        ({"/v1/models": {"data": [{"id": "m", "owned_by": "llamacpp"}]}, "/props": []}, None),
        ({"/v1/models": {"data": [{"id": "other", "max_model_len": 4096}]}}, None),
        ({"/v1/models": {"data": None}}, None),
        ({"/v1/models": {"data": [{"id": "m", "max_model_len": True}, 5, None]}}, None),
        ({"/v1/models": "<html>", "/props": "{", "/api/show": "null"}, None),
        ({}, None),
    ],
)
async def test_the_window_is_read_in_whatever_form_it_is_told(
    serve: Serve, answers: Answers, tokens: int | None
) -> None:
    base = parse_base_url(serve(answers))

    async with make_http_client(base, 5.0, {"authorization": "Bearer k"}) as http:
        assert await read_context_window(http, base, {}, "m") == tokens
