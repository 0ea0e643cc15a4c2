"""`GET /v1/models`: what speaks here, under all its names, as OpenAI lists models."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from . import state
from .order import model_name, model_names, resolve_model

router = APIRouter(prefix="/v1")


@router.get("/models")
async def models(request: Request, _: state.MaySpeak) -> dict[str, Any]:
    ours = state.of(request)
    names = model_names(ours.config, ours.provider().description)
    return {"object": "list", "data": [_model(request, name) for name in names]}


@router.get("/models/{name}")
async def model(name: str, request: Request, _: state.MaySpeak) -> dict[str, Any]:
    ours = state.of(request)
    resolve_model(name, ours.config, ours.provider().description)
    return _model(request, name)


@router.get("/audio/models")
async def audio_models(request: Request, _: state.MaySpeak) -> dict[str, Any]:
    """The same list as Open WebUI asks for it."""
    ours = state.of(request)
    return {"models": [{"id": name} for name in model_names(ours.config, ours.provider().description)]}


def _model(request: Request, name: str) -> dict[str, Any]:
    about = state.of(request).provider().description
    return {
        "id": name,
        "object": "model",
        "created": 0,
        "owned_by": "moksori",
        "title": about.title,
        "alias_of": None if name == model_name(about) else model_name(about),
        "languages": list(about.languages),
        "kinds": list(about.kinds),
        "sample_rate": about.sample_rate,
        "streams": about.streams,
        "parameters": about.parameters,
        "licence": about.licence,
        "draft": about.draft,
    }
