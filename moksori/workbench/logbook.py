"""The latest log lines, in memory, for the System page. A logging handler; knows nothing else."""

from __future__ import annotations

import logging
from collections import deque
from datetime import UTC, datetime
from typing import Any

LINES = 1000
LONGEST = 4000


class Logbook(logging.Handler):
    """Attach it to the logger `moksori`."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._lines: deque[dict[str, Any]] = deque(maxlen=LINES)

    def emit(self, record: logging.LogRecord) -> None:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        message = self.format(record)[:LONGEST]
        self._lines.append({"at": at, "level": record.levelname.lower(), "name": record.name, "message": message})

    def latest(self, limit: int, level: str | None = None) -> list[dict[str, Any]]:
        """Newest last; `level`: this one and worse."""
        lowest = logging.getLevelNamesMapping().get((level or "debug").upper(), 0)
        names = logging.getLevelNamesMapping()
        lines = [line for line in list(self._lines) if names[line["level"].upper()] >= lowest]
        return lines[-limit:]
