"""What a user may see: one sentence that says what is wrong, and the next step.

Every error that can reach a person, a client program or a log line is a `MoksoriError`; anything else that
escapes is a bug. This module knows nothing else of the package, and nothing of terminals or HTTP beyond the two
numbers that those edges need.
"""

from __future__ import annotations


class MoksoriError(Exception):
    """An error with its remedy.

    message  what is wrong, with the value that was given.
    hint     what to do next: a command, a list of what there is, a limit. May be empty.
    code     a stable snake_case word that programs compare; never translated.
    field    the name of the option, parameter or JSON field at fault, if there is one.
    """

    exit_status = 1
    http_status = 500
    default_code = "error"

    def __init__(self, message: str, *, hint: str = "", code: str = "", field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or self.default_code
        self.field = field

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.message, self.hint, self.code, self.field)


class InvalidInput(MoksoriError):
    """What was given cannot be used: a value out of range, a broken file, an unknown option."""

    exit_status = 2
    http_status = 400
    default_code = "invalid_input"


class NotFound(MoksoriError):
    """Nothing has the name that was given: voice, model, take, preset, file."""

    exit_status = 3
    http_status = 404
    default_code = "not_found"


class Unavailable(MoksoriError):
    """Right in itself but not possible here and now: not installed, out of memory, no space, queue full."""

    exit_status = 4
    http_status = 503
    default_code = "unavailable"


class Conflict(MoksoriError):
    """Somebody changed or uses the thing: a stale edit, a voice with dependents, a checkpoint of another kind."""

    exit_status = 5
    http_status = 409
    default_code = "conflict"


class Cancelled(MoksoriError):
    """The work was stopped because somebody asked for it."""

    exit_status = 130
    http_status = 499
    default_code = "cancelled"


def _rebuild(kind: type[MoksoriError], message: str, hint: str, code: str, field: str | None) -> MoksoriError:
    """Errors cross the worker's process border by pickle, with their remedy."""
    return kind(message, hint=hint, code=code, field=field)
