"""Who may do what, how often: keys with scopes and rates. Keys are known by their hash; the file holds no secret.

Knows nothing of HTTP but the header's text that it is given.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moksori.errors import InvalidInput

from .problems import Forbidden, TooMany, Unauthorised

SCOPES = ("speak", "voices", "admin")  # admin: /metrics, and everything else too
NAMES = {"name", "sha256", "scopes", "requests_per_minute", "characters_per_minute"}


@dataclass(frozen=True)
class Key:
    """sha256 is of the secret's bytes; rates of 0 mean no limit."""

    name: str
    sha256: str
    scopes: tuple[str, ...] = SCOPES
    requests_per_minute: int = 0
    characters_per_minute: int = 0

    @classmethod
    def of(cls, name: str, secret: str) -> Key:
        return cls(name, hashlib.sha256(secret.encode()).hexdigest())

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Key:
        """One [[keys]] table of the settings file."""
        if unknown := table.keys() - NAMES:
            raise InvalidInput(
                f"Unknown setting {sorted(unknown)[0]!r} in [[keys]].", hint=f"Known: {', '.join(sorted(NAMES))}."
            )
        digest = table.get("sha256")
        if not isinstance(digest, str) or not re.fullmatch(r"[0-9a-fA-F]{64}", digest):
            raise InvalidInput(
                "A key needs sha256 with 64 hexadecimal digits.",
                hint="Make one with: moksori config key NAME",
                field="sha256",
            )
        scopes = table.get("scopes", SCOPES)
        if not isinstance(scopes, list | tuple) or not all(isinstance(scope, str) for scope in scopes):
            raise InvalidInput("scopes is a list of words.", hint=f"Scopes: {', '.join(SCOPES)}.", field="scopes")
        if bad := [scope for scope in scopes if scope not in SCOPES]:
            raise InvalidInput(f"Unknown scope {bad[0]!r}.", hint=f"Scopes: {', '.join(SCOPES)}.", field="scopes")
        rates = [table.get(name, 0) for name in ("requests_per_minute", "characters_per_minute")]
        if not all(type(rate) is int and rate >= 0 for rate in rates):  # true is no rate
            raise InvalidInput("Rates of keys are whole numbers; 0 means no limit.", field="requests_per_minute")
        return cls(str(table.get("name", "")) or digest[:8], digest.lower(), tuple(scopes), *rates)


ANYBODY = Key("anybody", "")


class Keyring:
    """All keys and what each has used. Without any key everybody may do everything."""

    def __init__(self, keys: tuple[Key, ...]) -> None:
        self._keys = keys
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self._lock = threading.Lock()

    def admit(self, authorisation: str | None, scope: str) -> Key:
        """The key in a header `Bearer SECRET`; raises Unauthorised or Forbidden."""
        if not self._keys:
            return ANYBODY
        kind, _, secret = (authorisation or "").partition(" ")
        if kind.lower() != "bearer" or not secret.strip():
            raise Unauthorised("This server needs a key.", hint="Send the header 'Authorization: Bearer KEY'.")
        digest = hashlib.sha256(secret.strip().encode()).hexdigest()
        for key in self._keys:
            if hmac.compare_digest(key.sha256, digest):
                if scope not in key.scopes and "admin" not in key.scopes:
                    raise Forbidden(
                        f"The key {key.name!r} may not do this.", hint=f"It needs the scope {scope!r}.", code="no_scope"
                    )
                return key
        raise Unauthorised("This key is not known.", hint="Check it, or ask whoever runs the server.")

    def spend(self, key: Key, characters: int, *, requests: int = 1) -> None:
        """Count a request of so many characters; raises TooMany with the time to wait."""
        rates = (("requests", key.requests_per_minute, requests), ("characters", key.characters_per_minute, characters))
        with self._lock:
            waits = [
                (self._bucket(key, what, rate).wait_for(amount), what, rate) for what, rate, amount in rates if rate
            ]
            wait_s, what, rate = max(waits, default=(0.0, "", 0))
            if wait_s > 0:
                raise TooMany(
                    f"The key {key.name!r} may use {rate} {what} per minute.",
                    hint=f"Try again in {wait_s:.0f} s.",
                    wait_s=wait_s,
                )
            for what, rate, amount in rates:
                if rate:
                    self._bucket(key, what, rate).take(amount)

    def _bucket(self, key: Key, what: str, rate: int) -> _Bucket:
        return self._buckets.setdefault((key.sha256, what), _Bucket(rate))


class _Bucket:
    """Fills at `rate` per minute, up to one minute's worth. An amount above that may pass when it is full."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._level = float(rate)
        self._at = time.monotonic()

    def wait_for(self, amount: int) -> float:
        """Seconds until `amount` may be taken."""
        now = time.monotonic()
        self._level = min(self._rate, self._level + (now - self._at) * self._rate / 60)
        self._at = now
        return max(0.0, (min(amount, self._rate) - self._level) * 60 / self._rate)

    def take(self, amount: int) -> None:
        self._level -= amount
