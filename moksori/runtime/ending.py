"""When speech ends: decided in plain Python from what the model says of its end code, frame by frame, and recorded.

Upstream stops at the first drawn end code or after 2047 frames; endings are missed in a few of a thousand units
(minutes of room tone) and sometimes come early. Here a unit has a minimum, a ceiling that follows from how many
syllables it is spoken in, a stop for stationary sound, and, if asked for, a hold on implausibly early ends. Everything
that was seen or done is kept. Knows nothing of tensors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

FRAMES_PER_SECOND = 12.5
SHORT_SYLLABLES = 3
NEAR_RANK = 60  # in mid-utterance the end code ranks in the hundreds; towards a natural end it comes up to here
TRACED = 24  # last frames whose rank and probability are kept

Reason = Literal["end", "ceiling", "stationary"]


@dataclass(frozen=True)
class EndingSettings:
    """minimum      frames before the end code may be drawn (upstream: 2).
    ceiling      frames after which speech is cut; 0: from the syllables and `pace`.
    pace         the slowest speech to allow, in syllables a second; 0: no ceiling but the model's own.
    stationary   frames over which the first codes must hardly change to count as room tone; 0: never.
    hold         refuse the end code while too little was spoken or nothing led up to it, for at most this many frames
                 in a unit; 0: never.
    short_policy whether units of up to three syllables have a closer ceiling and a minimum of their own.
    """

    minimum: int = 2
    ceiling: int = 0
    pace: float = 2.0
    stationary: int = 30
    hold: int = 0
    short_policy: bool = True


@dataclass(frozen=True)
class Seen:
    """What the end code looked like in one frame: how many codes scored higher, and its probability."""

    rank: int
    probability: float


@dataclass(frozen=True)
class Intervention:
    frame: int
    kind: Literal["held", "ceiling", "stationary"]
    detail: str


@dataclass
class Ending:
    """The state machine of one unit. Per frame: `see`, then `accepts_end` if the end code was drawn, else `spoken`."""

    settings: EndingSettings
    syllables: int
    model_ceiling: int = 2047
    first_codes: list[int] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    interventions: list[Intervention] = field(default_factory=list)
    reason: Reason | None = None

    @property
    def short(self) -> bool:
        return self.settings.short_policy and 0 < self.syllables <= SHORT_SYLLABLES

    @property
    def minimum(self) -> int:
        """A syllable of 0.16 s at least, where there are so few that one early draw would swallow them all."""
        usual = self.settings.minimum
        return max(usual, 2 * self.syllables) if self.short else usual

    @property
    def ceiling(self) -> int:
        if self.settings.ceiling:
            return min(self.settings.ceiling, self.model_ceiling)
        if self.syllables <= 0 or self.settings.pace <= 0:
            return self.model_ceiling
        if self.short:
            # "네" takes half a second; what goes on for two has run away.
            return min(self.model_ceiling, 15 + 9 * self.syllables)
        frames = self.syllables / self.settings.pace * FRAMES_PER_SECOND
        return min(self.model_ceiling, 25 + round(frames))

    def may_end(self) -> bool:
        """Whether the end code may be drawn at all in the coming frame."""
        return len(self.first_codes) >= self.minimum

    def see(self, rank: int, probability: float) -> None:
        self.seen.append(Seen(rank, probability))

    def accepts_end(self) -> bool:
        """The end code was drawn: whether to believe it."""
        why = self._implausible()
        held = sum(1 for i in self.interventions if i.kind == "held")
        if why and held < self.settings.hold:
            self.interventions.append(Intervention(len(self.first_codes), "held", why))
            return False
        self.reason = "end"
        return True

    def spoken(self, first_code: int) -> Reason | None:
        """A frame was spoken: why to stop now, if so."""
        self.first_codes.append(first_code)
        frames = len(self.first_codes)
        if self._stationary():
            self._stop("stationary", f"{self.settings.stationary} frames of hardly changing sound")
        elif frames >= self.ceiling:
            self._stop("ceiling", f"{self.ceiling} frames for {self.syllables} syllables")
        return self.reason

    def report(self) -> dict[str, Any]:
        """A small JSON-able summary for the manifest."""
        near = [frame for frame, seen in enumerate(self.seen) if seen.rank < NEAR_RANK]
        last = self.seen[-TRACED:]
        return {
            "policy": "short" if self.short else "usual",
            "minimum": self.minimum,
            "ceiling": self.ceiling,
            "rank": [seen.rank for seen in last],
            "probability": [float(f"{seen.probability:.3g}") for seen in last],
            "first_near_end": near[0] if near else None,
            "interventions": [asdict(i) for i in self.interventions],
        }

    def _stop(self, reason: Literal["ceiling", "stationary"], detail: str) -> None:
        self.reason = reason
        self.interventions.append(Intervention(len(self.first_codes), reason, detail))

    def _stationary(self) -> bool:
        window = self.settings.stationary
        return bool(window) and len(self.first_codes) >= window and _hardly_change(self.first_codes[-window:])

    def _implausible(self) -> str:
        """Why an end here would be too early; empty if it is believable."""
        frames, fastest = len(self.first_codes), 9.0  # syllables a second: faster than any announcer
        if self.syllables > 0 and frames < self.syllables / fastest * FRAMES_PER_SECOND:
            return f"{frames} frames for {self.syllables} syllables"
        before = self.seen[-4:-1]
        if len(before) == 3 and all(seen.rank >= 2 * NEAR_RANK for seen in before):
            return "nothing led up to it: ranks " + ", ".join(str(seen.rank) for seen in before)
        return ""


def _hardly_change(codes: Sequence[int]) -> bool:
    """Speech changes its first code in most frames; room tone repeats a few."""
    return len(set(codes)) <= max(2, len(codes) // 10)
