"""The application: the routes behind the security middleware, and one page. Nothing here is made at import."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from streamtui.chat.errors import StreamtuiError
from streamtui.web import imports, uploads
from streamtui.web.credentials import Credentials
from streamtui.web.http_errors import HTTPError, refusal_of
from streamtui.web.limits import TokenBucket
from streamtui.web.logins import Logins
from streamtui.web.middleware import HEADERS, SecurityMiddleware
from streamtui.web.origin import Hosts
from streamtui.web.reply_service import ReplyService
from streamtui.web.reply_streams import ReplyStreams
from streamtui.web.routes import Routes
from streamtui.web.settings import Engine, ServeLimits
from streamtui.workspace import Workspace

log = logging.getLogger(__name__)
_STATIC: Final = Path(__file__).parent / "static"
_IN_WORDS: Final = {
    "extra_forbidden": "is not a field of this request",
    "json_invalid": "is not JSON",
    "missing": "is missing",
    "model_attributes_type": "must be a JSON object",
    "literal_error": "is not one of the values for it",
    "string_pattern_mismatch": "is not an id",
    "string_too_long": "is too long",
    "string_too_short": "is empty",
    "string_type": "must be text",
    "string_unicode": "must be text",
}
"""What pydantic finds wrong, for people who have never heard of it."""


def create_app(
    engine: Engine,
    workspace: Workspace,
    replies: ReplyService,
    credentials: Credentials,
    *,
    hosts: Hosts,
    limits: ServeLimits,
    closing: Callable[[], bool],
    announce: Callable[[str], None],
) -> FastAPI:
    """Return the application; see `ReplyStreams` for `closing` and `Logins` for `announce`."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    failures = TokenBucket(limits.requests_per_s, limits.burst)
    app.add_middleware(SecurityMiddleware, credentials=credentials, hosts=hosts, limits=limits, failures=failures)
    logins = Logins(credentials, failures, announce)
    _add_routes(
        app, Routes(engine, workspace, replies, ReplyStreams(workspace, replies, limits, closing), limits), logins
    )
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(StreamtuiError, _failed)
    app.add_exception_handler(Exception, _broke)
    return app


def _add_routes(app: FastAPI, routes: Routes, logins: Logins) -> None:
    one = "/api/conversations/{id}"
    app.add_api_route("/api/chat", routes.post_chat, methods=["POST"])
    app.add_api_route("/api/chat", routes.get_chat, methods=["GET"])
    app.add_api_route("/api/conversations", routes.conversations, methods=["GET"])
    app.add_api_route(one, routes.conversation, methods=["GET"])
    app.add_api_route(one, routes.rename, methods=["PATCH"])
    app.add_api_route(one, routes.delete, methods=["DELETE"])
    app.add_api_route(f"{one}/blocks", routes.blocks, methods=["GET"])
    app.add_api_route(f"{one}/events", routes.events, methods=["GET"])
    app.add_api_route(f"{one}/stop", routes.stop, methods=["POST"])
    app.add_api_route(f"{one}/keep", routes.keep, methods=["POST"])
    app.add_api_route(f"{one}/draft", routes.draft, methods=["GET"])
    app.add_api_route(f"{one}/draft", routes.keep_draft, methods=["POST"])
    app.add_api_route(f"{one}/branch", routes.choose, methods=["POST"])
    app.add_api_route(f"{one}/system", routes.instruct, methods=["POST"])
    app.add_api_route(f"{one}/export", routes.export, methods=["GET"])
    app.add_api_route(f"{one}/fork", routes.fork, methods=["POST"])
    app.add_api_route(uploads.PATH, routes.upload, methods=["PUT"])
    app.add_api_route(f"{uploads.PATH}/{{sha256}}", routes.attachment, methods=["GET"])
    app.add_api_route(imports.PATH, routes.take_in, methods=["PUT"])
    app.add_api_route("/api/stats", routes.statistics, methods=["GET"])
    app.add_api_route("/api/undelete", routes.undelete, methods=["POST"])
    app.add_api_route("/api/search", routes.search, methods=["GET"])
    app.add_api_route("/api/models", routes.models, methods=["GET"])
    app.add_api_route("/api/session", routes.session, methods=["GET"])
    app.add_api_route("/api/session", logins.trade, methods=["POST"])
    app.add_api_route("/api/session", logins.end, methods=["DELETE"])
    app.add_api_route("/api/sessions", logins.end_all, methods=["DELETE"])
    app.add_route("/", _page, methods=["GET"])
    app.mount("/static", StaticFiles(directory=_STATIC))


async def _page(request: Request) -> Response:
    return FileResponse(_STATIC / "index.html", media_type="text/html; charset=utf-8")


async def _invalid(request: Request, error: Exception) -> Response:
    """Say which field is wrong, without repeating what was in it."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:] if isinstance(part, str)) or "The body"
    what = _IN_WORDS.get(first["type"], f"can't be used: {first['msg']}")
    return HTTPError(422, "bad_request", f"{where} {what}.").response()


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error, HTTPError):
        return error.response()
    kind = "not_found" if error.status_code == 404 else "bad_request"
    refusal = HTTPError(error.status_code, kind, error.detail).response()
    refusal.headers.update(error.headers or {})
    return refusal


async def _failed(request: Request, error: Exception) -> Response:
    assert isinstance(error, StreamtuiError)
    return refusal_of(error).response()


async def _broke(request: Request, error: Exception) -> Response:
    log.error("a request failed unexpectedly: %s %s", request.method, request.url.path)
    response = HTTPError(500, "internal", "Something went wrong inside streamtui; its log says more.").response()
    response.headers.update(HEADERS)
    return response
