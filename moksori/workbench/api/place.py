"""How an endpoint finds the workbench, and the router that every module of endpoints makes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from moksori.workbench.route import Route
from moksori.workbench.workbench import Workbench


def _workbench(request: Request) -> Workbench:
    found = request.app.state.workbench
    assert isinstance(found, Workbench), "mount() put it there"
    return found


Bench = Annotated[Workbench, Depends(_workbench)]


def endpoints(tag: str) -> APIRouter:
    """A router whose errors have one shape."""
    return APIRouter(prefix="/api", tags=[tag], route_class=Route)
