"""Signing in and out. The only endpoints that need no session."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from moksori.workbench import machine
from moksori.workbench.access import SESSION_S, Access, Session
from moksori.workbench.bodies import PasswordBody
from moksori.workbench.security import COOKIE, cookie

from .place import endpoints

router = endpoints("session")


@router.get("/session")
def session(request: Request) -> dict[str, Any]:
    """Whether a password is needed, and whether one was given."""
    access = _access(request)
    return _shape(access, access.session(cookie(request.headers)))


@router.post("/session")
def sign_in(body: PasswordBody, request: Request) -> Response:
    access = _access(request)
    if not access.is_protected:
        return JSONResponse(_shape(access, None))
    client = request.client.host if request.client else ""
    secret, made = access.sign_in(body.password, client)
    response = JSONResponse(_shape(access, made))
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, secret, max_age=int(SESSION_S), httponly=True, samesite="strict", secure=secure)
    return response


@router.delete("/session", status_code=204)
def sign_out(request: Request) -> Response:
    _access(request).sign_out(cookie(request.headers))
    response = Response(status_code=204)
    response.delete_cookie(COOKIE)
    return response


def _access(request: Request) -> Access:
    found = request.app.state.access
    assert isinstance(found, Access), "mount() put it there"
    return found


def _shape(access: Access, session: Session | None) -> dict[str, Any]:
    required = access.is_protected
    return {
        "required": required,
        "signed_in": session is not None or not required,
        "csrf": None if session is None else session.csrf,
        "version": machine.versions().get("moksori", ""),
    }
