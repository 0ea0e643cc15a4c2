"""The gate before the pages and their API: Host, Origin, session or token, CSRF, size of bodies, headers. ASGI only.

Interfaces for other programs (`/v1`, health, metrics) have keys of their own; of them only the Host is asked, and of
WebSockets, which browsers open across sites, the Origin.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from moksori.errors import MoksoriError

from .access import Access, Forbidden, Refused
from .route import problem

COOKIE = "moksori_session"
SAFE = ("GET", "HEAD", "OPTIONS")
OTHERS = ("/v1", "/health", "/ready", "/metrics")
OPEN = ("/api/session",)
MAX_JSON, MAX_UPLOAD, MAX_PRESET = 8 << 20, 34 << 20, 130 << 20
POLICY = (
    "default-src 'none'; script-src 'self'{hashes}; style-src 'self'; img-src 'self' data: blob:;"
    " media-src 'self' blob:; connect-src 'self'; font-src 'self'; worker-src 'self' blob:; manifest-src 'self';"
    " frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)


class Gate:
    """Around the whole app. `script_hashes`: of the inline import map, the only inline script there is."""

    def __init__(self, app: ASGIApp, access: Access, script_hashes: Iterable[str] = ()) -> None:
        self.app = app
        self.access = access
        hashes = "".join(f" 'sha256-{digest}'" for digest in script_hashes)
        self.headers = {
            "Content-Security-Policy": POLICY.format(hashes=hashes),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if scope["type"] == "websocket":
            is_friend = headers.get("origin") in self.access.origins
            allowed = self._is_ours(headers) and (is_friend or _is_same_site(headers))
            await (self.app(scope, receive, send) if allowed else send({"type": "websocket.close", "code": 1008}))
            return
        path = scope["path"]
        if any(path == other or path.startswith(f"{other}/") for other in OTHERS) and self._is_ours(headers):
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self.headers)
            await send(message)

        try:
            self._admit(scope, headers)
        except MoksoriError as error:
            await problem(error)(scope, receive, send_with_headers)
            return
        await self.app(scope, _limited(receive, _most(path, headers)), send_with_headers)

    def _admit(self, scope: Scope, headers: Headers) -> None:
        if not self._is_ours(headers):
            raise Forbidden(
                f"This server is not {headers.get('host', '')[:100]!r}.",
                hint="Open it by the address that it printed.",
                code="foreign_host",
            )
        _check_size(_most(scope["path"], headers), headers)
        unsafe = scope["method"] not in SAFE
        if unsafe and not _is_same_site(headers):
            raise Forbidden("This came from another site.", hint="Use the page itself.", code="foreign_origin")
        path = scope["path"]
        if not path.startswith("/api/") or path in OPEN or not self.access.is_protected:
            return
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self.access.knows(token.strip()):
            return
        session = self.access.session(cookie(headers))
        if session is None:
            raise Refused("Sign in first.", hint="POST /api/session, or send a bearer token.", code="unauthorised")
        given = headers.get("x-csrf-token", "")
        if unsafe and not hmac.compare_digest(given.encode(), session.csrf.encode()):
            raise Forbidden("The request has no CSRF token.", hint="Load the page again.", code="csrf")

    def _is_ours(self, headers: Headers) -> bool:
        return self.access.is_ours(headers.get("host", ""))


def cookie(headers: Headers) -> str | None:
    """The session's secret, if the browser sent one."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return None if found is None else found.value


def _is_same_site(headers: Headers) -> bool:
    """Browsers say where a request comes from; programs do not, and need not."""
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    try:
        return origin is None or urlsplit(origin).netloc.lower() == headers.get("host", "").lower()
    except ValueError:
        return False


def _most(path: str, headers: Headers) -> int:
    """Bytes that a body may have; only presets may bring a voice pack along."""
    if not headers.get("content-type", "").startswith("multipart/"):
        return MAX_JSON
    return MAX_PRESET if path == "/api/presets/import" else MAX_UPLOAD


def _check_size(most: int, headers: Headers) -> None:
    length = headers.get("content-length", "0")
    if length.isascii() and length.isdigit() and (len(length) > 15 or int(length) > most):
        raise _too_large(most)


def _too_large(most: int) -> MoksoriError:
    error = MoksoriError(f"The request is larger than {most >> 20} MB.", hint="Send less.", code="too_large")
    error.http_status = 413
    return error


def _limited(receive: Receive, most: int) -> Receive:
    """A body without a length, or with a false one, is counted as it comes."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > most:
                raise HTTPException(413, f"The request is larger than {most >> 20} MB.")
        return message

    return counted
