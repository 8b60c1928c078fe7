"""How requests are refused: a status, and one line of JSON."""

import math

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from streamtui.chat.errors import ConfigError, ErrorInfo, NotFoundError, ProviderError, StoreError, StreamtuiError
from streamtui.chat.sanitize import sanitize_line
from streamtui.web.public_errors import plain


class HTTPError(HTTPException):
    """Raised wherever a request can't be served. FastAPI lets only this kind through while it reads a body."""

    def __init__(self, status: int, kind: str, message: str, *, retry_after_s: float | None = None) -> None:
        headers: dict[str, str] = {}
        if retry_after_s is not None:
            headers["Retry-After"] = str(max(1, math.ceil(retry_after_s)))
        if status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        super().__init__(status, sanitize_line(message, 300), headers)
        self.kind = kind

    def response(self) -> JSONResponse:
        return JSONResponse(
            {"error": {"kind": self.kind, "message": self.detail}}, self.status_code, self.headers, "application/json"
        )


def refusal_of(error: StreamtuiError) -> HTTPError:
    """Return how an expected failure of the engine is put to a client."""
    match error:
        case NotFoundError():
            return HTTPError(404, "not_found", "There is no such conversation.")
        case ConfigError():
            return HTTPError(400, "config", str(error))
        case ProviderError():
            line = plain(ErrorInfo.of(error))
            return HTTPError(502, line.kind, line.message)
        case StoreError():
            return HTTPError(503, "store", str(error))
        case _:
            return HTTPError(409, "busy", str(error))
