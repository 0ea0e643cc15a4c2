"""One object of a JSON config, read key by key; what nobody read is an error when the section is closed.

Knows types and defaults, not what any key means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from ..errors import InvalidInput

Key = TypeVar("Key")
Value = TypeVar("Value")

_REQUIRED: Any = object()


def frozen(mapping: Mapping[Key, Value]) -> Mapping[Key, Value]:
    """A copy that nobody else holds; read-only to the type checker, and unlike a proxy it can be pickled."""
    return dict(mapping)


class Section:
    """`irrelevant` are keys that may be there and change nothing."""

    def __init__(self, data: Any, name: str, irrelevant: frozenset[str]) -> None:
        if not isinstance(data, dict):
            raise InvalidInput(f"{name} should be a JSON object, not {type(data).__name__}.", field=name)
        self._data: dict[str, Any] = data
        self._name = name
        self._read = set(irrelevant)

    def close(self) -> None:
        """Raises InvalidInput if a key was neither read nor known to be irrelevant."""
        unknown = sorted(set(self._data) - self._read)
        if unknown:
            raise InvalidInput(
                f"{self._name} has keys that are not understood: {', '.join(unknown)}.",
                hint="They may change what the model computes, so nothing is loaded. "
                "This version of moksori knows the configs released for Qwen3-TTS 12Hz.",
                field=unknown[0],
            )

    def section(self, key: str, irrelevant: frozenset[str], default: Any = _REQUIRED) -> Section:
        value = self._value(key, default)
        return Section({} if value is None and default is not _REQUIRED else value, key, irrelevant)

    def integer(self, key: str, default: Any = _REQUIRED) -> int:
        value = self._value(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self._wrong(key, value, "a whole number of 0 or more")
        return value

    def number(self, key: str, default: Any = _REQUIRED) -> float:
        value = self._value(key, default)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self._wrong(key, value, "a number")
        return float(value)

    def flag(self, key: str, default: Any = _REQUIRED) -> bool:
        value = self._value(key, default)
        if not isinstance(value, bool):
            raise self._wrong(key, value, "true or false")
        return value

    def text(self, key: str, *, choices: Sequence[str] = (), default: Any = _REQUIRED) -> str:
        value = self._value(key, default)
        if not isinstance(value, str) or (choices and value not in choices):
            raise self._wrong(key, value, f"one of {', '.join(choices)}" if choices else "a text")
        return value

    def integers(self, key: str, default: Sequence[int]) -> tuple[int, ...]:
        value = self._value(key, default)
        if not isinstance(value, list | tuple) or not all(type(item) is int for item in value):
            raise self._wrong(key, value, "a list of whole numbers")
        return tuple(value)

    def mapping(self, key: str) -> Mapping[str, Any]:
        value = self._value(key, {})
        if value is not None and not isinstance(value, dict):
            raise self._wrong(key, value, "an object")
        return frozen(value or {})

    def ids(self, key: str) -> Mapping[str, int]:
        """Lower-cased names to ids; upstream compares them in lower case."""
        value = self.mapping(key)
        if not all(type(identity) is int for identity in value.values()):
            raise self._wrong(key, value, "names with whole numbers")
        return frozen({name.lower(): identity for name, identity in value.items()})

    def only(self, key: str, supported: Any, default: Any = _REQUIRED) -> None:
        """A key of which one value is implemented here."""
        value = self._value(key, default)
        if value != supported and not (value is None and default is None):
            raise self._wrong(key, value, f"{supported!r}, the only value supported")

    def only_zero(self, key: str) -> None:
        """Dropout: absent at inference, but another value would show a config that was not released."""
        if self._value(key, 0) not in (0, 0.0):
            raise self._wrong(key, self._data[key], "0")

    def neutral(self, values: Mapping[str, tuple[Any, ...]]) -> None:
        for key, allowed in values.items():
            if self._value(key, allowed[0]) not in allowed:
                raise self._wrong(key, self._data[key], f"{allowed[0]!r}, the only value supported")

    def plain_rope(self, key: str) -> None:
        """Rotary positions without scaling. The three axes of the released talker always hold the same position, so
        its `mrope_section` and `interleaved` are plain rotary positions too."""
        value = self._value(key, None)
        if value is None:
            return
        known = {"interleaved", "mrope_section", "rope_type", "type"}
        kinds = {value.get("rope_type", "default"), value.get("type", "default")}
        if set(value) - known or kinds != {"default"}:
            raise self._wrong(key, value, "rope_type 'default' without further options")

    def _value(self, key: str, default: Any) -> Any:
        self._read.add(key)
        if key not in self._data and default is _REQUIRED:
            raise InvalidInput(f"{self._name} has no {key!r}.", hint="Is config.json complete?", field=key)
        return self._data.get(key, default)

    def _wrong(self, key: str, value: Any, wanted: str) -> InvalidInput:
        return InvalidInput(f"{self._name}: {key} is {value!r}; it should be {wanted}.", field=key)
