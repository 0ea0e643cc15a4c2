"""Text that is still being written, handed on sentence by sentence as soon as each is whole.

A language model writes in pieces of any size; what is spoken must be whole sentences. Knows nothing of speech.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator

from moksori import text
from moksori.errors import Cancelled, InvalidInput

POLL_S = 0.05
MAY_END = re.compile(r"[.!?。！？…][\"'”’)\]]*\s|\n")


class Growing:
    """Add from one side, iterate from the other. limit: characters in all. patience_s: how long to wait for more."""

    def __init__(self, language: str, limit: int, patience_s: float, cancel: threading.Event) -> None:
        self._language = language
        self._limit = limit
        self._patience_s = patience_s
        self._waits_since = 0.0
        self.cancel = cancel
        self._changed = threading.Condition()
        self._text = ""
        self._characters = 0
        self._is_over = False
        self._flush = False

    def add(self, piece: str) -> None:
        """Raises InvalidInput once there is more text than one speech may have."""
        with self._changed:
            self._characters += len(piece)
            if self._characters > self._limit:
                raise InvalidInput(
                    f"The text has more than {self._limit:,} characters.",
                    hint="End this speech and start another.",
                    code="input_too_long",
                    field="text",
                )
            self._text += piece
            self._waits_since = time.monotonic()
            self._changed.notify_all()

    def flush(self) -> None:
        """Speak what is there, whole sentence or not."""
        with self._changed:
            self._flush = True
            self._changed.notify_all()

    def end(self) -> None:
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def __iter__(self) -> Iterator[str]:
        """Passages of one or more whole sentences; the last one may be less.

        Raises Cancelled, and InvalidInput if the text neither goes on nor ends.
        """
        while True:
            with self._changed:
                self._waits_since = time.monotonic()
                passage = self._take()
                while passage is None:
                    if self._is_over and not self._text.strip():
                        return
                    if self.cancel.is_set():
                        raise Cancelled("The speech was cancelled.")
                    self._check_patience()
                    self._changed.wait(POLL_S)
                    passage = self._take()
            yield passage

    def _check_patience(self) -> None:
        if time.monotonic() - self._waits_since > self._patience_s:
            raise InvalidInput(
                f"No more text came for {self._patience_s:.0f} s.",
                hint="End a speech when its text is over; start another for the next one.",
                code="text_timeout",
            )

    def _take(self) -> str | None:
        if not self._text.strip():
            self._flush = False
            return None
        if self._is_over or self._flush:
            self._flush = False
            cut = len(self._text)
        else:
            cut = whole_sentences(self._text, self._language)
        if cut == 0:
            return None
        passage, self._text = self._text[:cut], self._text[cut:]
        return passage


def whole_sentences(written: str, language: str) -> int:
    """How many characters at the start are whole sentences: up to where the last sentence begins."""
    if not MAY_END.search(written):
        return 0
    sentences = text.read(written, language=language).sentences
    if written.endswith("\n"):
        return len(written)
    return sentences[-1].src[0] if len(sentences) > 1 else 0
