"""What an empty store begins with: two voices, a preset, and a script to try, in Korean with English beside it.

Made once, from the speakers of the model that is loaded first, and never again: what somebody deleted stays deleted.
"""

from __future__ import annotations

from moksori.engine.protocol import Description, Speaker
from moksori.store import Store
from moksori.store.presets import QUALITY, SETTINGS, Frozen, model_identity

from .desk import written_out
from .models import ModelSpec

DONE = "examples.made"
SEED = 8123
TWO = {"espeak": ("f2", "m3"), "pocket": ("haneul", "dohyun")}
NAMES = (("서연 Seoyeon", "차분한 여성, 안내 방송. A calm woman, for announcements."),
         ("도윤 Doyun", "또렷한 남성, 뉴스. A clear man, for news."))  # fmt: skip
HANGUL = {"haneul": "하늘 Haneul", "dohyun": "도현 Dohyun"}
PRESET = ("안내 방송 Announcement", "고객센터 안내문의 예. An example: notices of a call centre.")
TITLE = {"ko": "고객센터 안내문", "en": "Notices of a call centre"}
SCRIPT = (
    ("opening", "안녕하세요. 목소리 고객센터입니다.", "Hello. This is the Moksori call centre."),
    ("hours", "상담 시간은 평일 09:00부터 18:00까지입니다.", "We are here on weekdays from 9 to 18 o'clock."),
    ("queue", "지금 대기 중인 고객님은 3명이며, 예상 대기 시간은 약 2분 30초입니다.",
     "Three customers are waiting; it will take about two and a half minutes."),
    ("number", "급한 문의는 1588-0000번으로 전화해 주세요.", "In urgent cases call 1588-0000."),
    ("holiday", "6월 6일 현충일에는 쉽니다.", "We are closed on 6 June, Memorial Day."),
    ("price", "이번 달 요금은 12,500원입니다.", "This month's fee is 12,500 won."),
    ("closing", "이용해 주셔서 감사합니다.", "Thank you for calling."),
)  # fmt: skip


def make(store: Store, loaded: Description, spec: ModelSpec) -> bool:
    """Make the examples if the store is new; returns whether it was."""
    if store.settings.get(DONE) or store.voices.all() or store.presets.names() or store.takes.count():
        return False
    voices = []
    for speaker, (name, note) in zip(_two(loaded), NAMES, strict=False):
        ours = loaded.name in TWO  # of others we do not know how they sound
        shown = f"{name} (초안 draft)" if loaded.draft else HANGUL.get(speaker.id, speaker.name)
        voices.append(store.voices.add(shown, "preset", speaker=speaker.id, note=note if ours else speaker.note))
    if voices:
        settings = {k: v for k, v in written_out({}).items() if k in SETTINGS}
        frozen = Frozen(
            voice=voices[0].frozen(),
            settings=settings,
            seed=SEED,
            model=model_identity(loaded, spec.model),
            quality=dict(QUALITY),
            text=SCRIPT[0][1],
        )
        store.presets.add(PRESET[0], frozen, note=PRESET[1])
    store.settings.put({DONE: True})
    return True


def script() -> dict[str, object]:
    """The script to try, for the Speak and Batch pages."""
    lines = [{"label": label, "ko": korean, "en": english} for label, korean, english in SCRIPT]
    return {"title": TITLE, "lines": lines}


def _two(loaded: Description) -> list[Speaker]:
    """Two speakers that differ: a woman and a man of ours, of others the first two, Korean ones before."""
    by_id = {speaker.id: speaker for speaker in loaded.speakers}
    ours = TWO.get(loaded.name, ())
    if ours and all(id in by_id for id in ours):
        return [by_id[id] for id in ours]
    korean = [s for s in loaded.speakers if "korean" in s.languages]
    return [*korean, *(s for s in loaded.speakers if s not in korean)][:2]
