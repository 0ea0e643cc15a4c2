"""Parameters of an engine against its JSON Schema: defaults filled in, everything else refused by name.

Knows the small part of JSON Schema that engines use (number, integer, boolean, string; minimum, maximum, enum).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moksori.errors import InvalidInput

Schema = Mapping[str, Any]
LARGEST = 2**63


def number(title: str, default: float, minimum: float, maximum: float, **extra: Any) -> dict[str, Any]:
    return {
        "type": "number",
        "title": title,
        "default": default,
        "minimum": minimum,
        "maximum": maximum,
        **extra,
    }


def integer(title: str, default: int, minimum: int, maximum: int, **extra: Any) -> dict[str, Any]:
    return {
        "type": "integer",
        "title": title,
        "default": default,
        "minimum": minimum,
        "maximum": maximum,
        **extra,
    }


def choice(title: str, default: str, options: tuple[str, ...], **extra: Any) -> dict[str, Any]:
    return {"type": "string", "title": title, "default": default, "enum": list(options), **extra}


def switch(title: str, default: bool, **extra: Any) -> dict[str, Any]:
    return {"type": "boolean", "title": title, "default": default, **extra}


def schema(**properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "additionalProperties": False}


def resolve(parameters: Schema, given: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters with their values: what was given, checked, and the default of everything else."""
    properties: Mapping[str, Schema] = parameters["properties"]
    for name in given:
        if name not in properties:
            known = ", ".join(sorted(properties)) or "none"
            raise InvalidInput(
                f"Unknown parameter {name!r}.", hint=f"Known: {known}.", code="unknown_parameter", field=name
            )
    return {
        name: _checked(name, spec, given[name]) if name in given else spec["default"]
        for name, spec in properties.items()
    }


def _checked(name: str, spec: Schema, value: Any) -> Any:
    kind = spec["type"]
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST  # no NaN
    if kind == "number" and is_number:
        return _in_range(name, spec, float(value))
    if kind == "integer" and is_number and value == int(value):
        return _in_range(name, spec, int(value))
    if kind == "boolean" and isinstance(value, bool):
        return value
    if kind == "string" and isinstance(value, str):
        if "enum" in spec and value not in spec["enum"]:
            raise InvalidInput(f"{name} cannot be {value!r}.", hint=f"One of: {', '.join(spec['enum'])}.", field=name)
        return value
    raise InvalidInput(f"{name} must be of type {kind}, not {value!r}.", field=name)


def _in_range(name: str, spec: Schema, value: float) -> float:
    low, high = spec["minimum"], spec["maximum"]
    if not low <= value <= high:  # also refuses NaN
        raise InvalidInput(f"{name} is {value}, outside {low} to {high}.", field=name)
    return value
