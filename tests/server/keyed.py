"""An endpoint that lists its models for one key alone, and refuses any other in words of its own."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Final, Self

GOOD_KEY: Final = "sk-good-0123456789abcdef"
REFUSAL: Final = "No such key at our desk"


class KeyedServer:
    """A context manager around the server. `keys` holds the header of every request, oldest first."""

    def __init__(
        self, models: tuple[str, ...] | None = ("text-embedding-a", "big"), *, is_public: bool = False
    ) -> None:
        """`models` are those it lists; `None` has it know no list. A public one lists them for everybody, and refuses
        a key elsewhere."""
        self._is_public = is_public
        self.keys: list[str | None] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler(models))
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.host}/v1"

    def __enter__(self) -> Self:
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self, models: tuple[str, ...] | None) -> type[BaseHTTPRequestHandler]:
        keys, is_public = self.keys, self._is_public

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                keys.append(self.headers.get("authorization"))
                if models is None:
                    self._answer(404, {"error": {"message": "no such page"}})
                elif keys[-1] == f"Bearer {GOOD_KEY}" or (is_public and self.path.endswith("/models")):
                    self._answer(200, {"data": [{"id": name} for name in models]})
                else:
                    self._answer(401, {"error": {"message": REFUSAL}})

            def _answer(self, status: int, value: object) -> None:
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                return

        return Handler
