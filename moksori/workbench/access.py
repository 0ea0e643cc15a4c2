"""Who may come in: nobody needs a password on loopback; elsewhere a password (argon2) or a token. Knows no HTTP.

The password's hash lives in the store's settings; sessions live in memory and end with the process.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from moksori.errors import InvalidInput, MoksoriError
from moksori.store.settings import StoredSettings

PASSWORD = "access.password"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
SESSION_S, SHORTEST = 12 * 3600.0, 8
WRONG_A_MINUTE, WRONG_ALTOGETHER = 5, 50


class Refused(MoksoriError):
    """A wrong password, or no right to come in."""

    http_status = 401
    default_code = "unauthorised"


class Forbidden(MoksoriError):
    http_status = 403
    default_code = "forbidden"


class TooMany(MoksoriError):
    http_status = 429
    default_code = "too_many"


@dataclass
class Session:
    csrf: str
    until: float


@dataclass
class Access:
    """hosts  names that may stand in the Host header besides loopback's; the address that is listened on, a domain.

    origins  other sites whose pages may use the interfaces for programs (CORS).
    tokens  SHA-256 of bearer tokens; they work as passwords too.
    """

    settings: StoredSettings
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    tokens: frozenset[str] = frozenset()
    _sessions: dict[str, Session] = field(default_factory=dict)
    _wrong: dict[str, deque[float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_protected(self) -> bool:
        return bool(self.tokens) or self.settings.get(PASSWORD) is not None

    def set_password(self, password: str | None) -> None:
        """None takes it away. Raises InvalidInput for a short one."""
        if password is not None and len(password) < SHORTEST:
            raise InvalidInput(f"The password has fewer than {SHORTEST} characters.", field="password")
        self.settings.put({PASSWORD: None if password is None else PasswordHasher().hash(password)})
        with self._lock:
            self._sessions.clear()

    def sign_in(self, password: str, client: str) -> tuple[str, Session]:
        """A session's secret and the session; raises Refused, or TooMany after five wrong ones a minute."""
        self._check_rate(client)
        kept = self.settings.get(PASSWORD)
        try:
            right = self.knows(password) or (kept is not None and PasswordHasher().verify(kept, password))
        except (VerifyMismatchError, InvalidHashError):
            right = False
        if not right:
            self._count_wrong(client)
            raise Refused("This is not the password.", hint="Try again.", code="wrong_password", field="password")
        secret, session = secrets.token_urlsafe(32), Session(secrets.token_urlsafe(24), time.monotonic() + SESSION_S)
        with self._lock:
            self._sessions = {k: s for k, s in self._sessions.items() if s.until > time.monotonic()}
            self._sessions[_digest(secret)] = session
        return secret, session

    def session(self, secret: str | None) -> Session | None:
        found = self._sessions.get(_digest(secret)) if secret else None
        return found if found is not None and found.until > time.monotonic() else None

    def sign_out(self, secret: str | None) -> None:
        with self._lock:
            self._sessions.pop(_digest(secret or ""), None)

    def knows(self, token: str) -> bool:
        digest = _digest(token)
        return any(hmac.compare_digest(digest, known) for known in self.tokens)

    def is_ours(self, host: str) -> bool:
        """Whether a Host header names us: a page that rebinds its own name to our address is refused.

        With a password any name will do: a foreign page has no session here.
        """
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name in (*LOOPBACK, *(h.lower() for h in self.hosts)) or self.is_protected

    def _check_rate(self, client: str) -> None:
        with self._lock:
            for name, limit in ((client, WRONG_A_MINUTE), ("", WRONG_ALTOGETHER)):
                recent = self._recent(name)
                if len(recent) >= limit:
                    raise TooMany("Too many wrong passwords.", hint="Wait a minute.", code="too_many")

    def _count_wrong(self, client: str) -> None:
        with self._lock:
            for name in (client, ""):
                self._recent(name).append(time.monotonic())
            if len(self._wrong) > 10_000:
                self._wrong = {name: times for name, times in self._wrong.items() if times}

    def _recent(self, client: str) -> deque[float]:
        times = self._wrong.setdefault(client, deque(maxlen=WRONG_ALTOGETHER))
        while times and times[0] < time.monotonic() - 60:
            times.popleft()
        return times


def check_exposed(host: str, access: Access) -> None:
    """Raises InvalidInput before anybody from outside could come in without a password."""
    if host not in LOOPBACK and not access.is_protected:
        raise InvalidInput(
            f"{host} can be reached from other machines, and there is no password.",
            hint="Set one: moksori store password. Or listen on 127.0.0.1.",
            code="no_password",
        )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
