"""Times of day by colon and AM/PM: 14:30, 9:00~18:00, 오후 7:05, PM 3:20; running times 2:03:15.

Rule: hours one to twelve are native, 0 is 영, 13 to 24 Sino (십사 시; 열네 시 is heard and offered); minutes and
seconds Sino (국립국어원: 시 takes native, 분·초 Sino). A colon parts hours and minutes, chapters and verses, or
stands for 대 (한글 맞춤법 부록, 문장 부호 '쌍점': 오전 10:20, 65:60). It is a score or a ratio when a cue says so or
the second number has one digit. 3시 30분 is two counting nouns and lives in `counter`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..candidate import SHAPE, Candidate
from ..number import attributive, sino
from ..policy import Policy
from ..tables import letter_digit
from ..view import View
from .contest import SCORE_LEFT, SCORE_RIGHT

_TIME = r"(?P<{0}h>2[0-4]|[01]?[0-9]):(?P<{0}m>[0-5][0-9])(?::(?P<{0}s>[0-5][0-9]))?"
_CLOCK = re.compile(
    rf"(?<![0-9:.,])(?:(?P<before>[AaPp]\.?[Mm]\.?)\s?)?{_TIME.format('a')}(?:\s?(?P<after>[AaPp]\.?[Mm]\.?)(?![A-Za-z]))?"
    rf"(?:(?P<joint>\s?[~∼〜～–-]\s?)(?:(?P<before2>[AaPp]\.?[Mm]\.?)\s?)?{_TIME.format('b')}(?:\s?(?P<after2>[AaPp]\.?[Mm]\.?)(?![A-Za-z]))?)?(?![0-9:])"
)
_BARE_HOUR = re.compile(
    r"(?<![0-9A-Za-z:.])(?:(?P<before>[AaPp]\.?[Mm]\.?)\s?(?P<h1>1[0-2]"
    r"|0?[1-9])(?![0-9:.,A-Za-z])(?P<si>시)?|(?P<h2>1[0-2]|0?[1-9])\s?(?P<after>[ap]\.?m\.?"
    r"|[AP]M)(?![A-Za-z]))"
)
_HOUR_RIGHT = re.compile(r"\s?(?:에|부터|까지|출발|도착|시작|예정|정각|이후|이전|전|오픈|마감|~|-)(?![가-힣]{3})")
_MEETING = re.compile(
    r"(?:오늘|내일|모레|매일|시간|일시|회의|체크인|체크아웃|마감|출발|도착|시작|[0-9]일|요일|현지|\))[은는:\s]*$"
)
_ISO_T = re.compile(r"(?<=[0-9]-[0-9]{2})T(?=[0-9]{2}:)")
_MERIDIEM = re.compile(r"(?<![A-Za-z])(?P<m>[AP]M|[ap]\.m\.|[AP]\.M\.)\s?(?=[0-9]{1,2}(?:시|:))")
_RUNNING = re.compile(
    r"(?:기록|재생|영상|길이|(?:러닝|랩|플레이|플레잉|베스트)\s?타임|분량|노래|곡|완주|재생\s?시간|통화\s?시간"
    r"|마라톤)[은는이가:을\s]*(?:시간[은는이:]*\s*)?(?:약\s)?$"
)
_SHOWN = re.compile(r"상영\s?시간[은는이가:을\s]*(?:약\s)?$")  # a length only when it has seconds
_BIBLE = re.compile(
    r"(?:창세기|출애굽기|레위기|민수기|신명기|여호수아|사사기|룻기|사무엘[상하]|열왕기[상하]"
    r"|역대[상하]|느헤미야|에스더|욥기|시편|잠언|전도서|아가|이사야|예레미야|에스겔|다니엘|호세아"
    r"|마태복음|마가복음|누가복음|요한복음|사도행전|로마서|고린도[전후]서|갈라디아서|에베소서|빌립보서"
    r"|골로새서|데살로니가[전후]서|디모데[전후]서|디도서|빌레몬서|히브리서|야고보서|베드로[전후]서"
    r"|요한[일이삼1-3]서|유다서|요한계시록|마태|마가|누가|요한|로마|계시록)\s?$"
)
_HOUR_NAMES = {"a": "오전", "p": "오후"}


def hour(value: int, policy: Policy | None = None) -> str:
    """아홉 시, 영 시, 십팔 시."""
    return f"{attributive(value) if 1 <= value <= 12 else sino(str(value))} 시"


def find(view: View, policy: Policy) -> Iterator[Candidate]:
    text = view.text
    for match in _CLOCK.finditer(text) if ":" in text else ():
        yield from _clock(view, match, policy)
    for match in _BARE_HOUR.finditer(text):
        if match["h1"] and not (match["si"] or _HOUR_RIGHT.match(text, match.end())):
            continue
        value = int(match["h1"] or match["h2"])
        if match[0] in letter_digit() and not (
            _HOUR_RIGHT.match(text, match.end()) or _MEETING.search(view.before(match.start()))
        ):
            continue  # 2PM and 2AM are singers
        name = _HOUR_NAMES[(match["before"] or match["after"])[0].lower()]
        yield Candidate(*match.span(), f"{name} {hour(value)}", "time", "clock.meridiem", 0.85)
    for match in _ISO_T.finditer(text):
        yield Candidate(*match.span(), " ", "time", "clock.iso", 0.95, tier=SHAPE, repair=False)
    for match in _MERIDIEM.finditer(text):
        name = _HOUR_NAMES[match["m"][0].lower()]
        letters = "에이엠" if name == "오전" else "피엠"
        yield Candidate(
            *match.span(), f"{name} ", "time", "clock.meridiem", 0.85, ((f"{letters} ", "english.letters"),)
        )


def _clock(view: View, match: re.Match[str], policy: Policy) -> Iterator[Candidate]:
    left, right = view.before(match.start()), match.end()
    if _BIBLE.search(left):
        verse = f"{sino(match['ah'])} 장 {sino(match['am'])} 절"
        if match["bm"]:
            return
        yield Candidate(*match.span(), verse, "score", "clock.verse", 0.9, tier=SHAPE)
        return
    named = match["before"] or match["after"] or re.search(r"(?:오전|오후|밤|새벽|아침|저녁|낮)\s?$", left)
    ratio = f"{sino(match['ah'])} 대 {sino(match['am'])}"
    if not named and not match["joint"] and not match["as"]:
        scored = SCORE_RIGHT.match(view.text, right) or SCORE_LEFT.search(left)
        if scored:
            return  # `score` proposes it
    running = _RUNNING.search(left) is not None or (match["as"] is not None and _SHOWN.search(left) is not None)
    first = _spoken(match, "a", match["before"] or match["after"], policy, running)
    reading = first
    alternatives = [(ratio, "score.ratio")] if not match["joint"] else []
    if match["joint"]:
        second = _spoken(match, "b", match["before2"] or match["after2"], policy, running)
        reading = f"{first}에서 {second}"
        alternatives += [
            (f"{first}부터 {second}", "range.from"),
            (f"{_sino_hours(match, 'a')}에서 {_sino_hours(match, 'b')}", "clock.sino"),
        ]
        alternatives.append((f"{_native_hours(match, 'a')}에서 {_native_hours(match, 'b')}", "clock.native"))
    else:
        alternatives += [
            (_native_hours(match, "a"), "clock.native"),
            (_sino_hours(match, "a"), "clock.sino"),
            (_twelve(match), "clock.twelve"),
        ]
        if not match["as"]:
            alternatives.append((f"{sino(match['ah'])} 분 {sino(match['am'])} 초", "clock.running"))
    yield Candidate(
        *match.span(), reading, "time", "clock.running" if running else "clock.colon", 0.95 if named else 0.85,
        tuple(alternatives), SHAPE,
    )  # fmt: skip


def _spoken(match: re.Match[str], side: str, meridiem: str | None, policy: Policy, running: bool) -> str:
    value = int(match[side + "h"])
    if running:
        return _running(match, side)
    prefix = f"{_HOUR_NAMES[meridiem[0].lower()]} " if meridiem else ""
    if policy.clock == "twelve" and not prefix and value > 12:
        prefix, value = "오후 ", value - 12
    return prefix + hour(value) + _rest(match, side)


def _rest(match: re.Match[str], side: str) -> str:
    minutes, seconds = match[side + "m"], match[side + "s"]
    words = f" {sino(minutes)} 분" if int(minutes) or seconds else ""
    return words + (f" {sino(seconds)} 초" if seconds else "")


def _running(match: re.Match[str], side: str) -> str:
    hours, minutes, seconds = match[side + "h"], match[side + "m"], match[side + "s"]
    if seconds is None:
        return f"{sino(hours)} 분 {sino(minutes)} 초"
    value = int(hours)
    count = attributive(value) if 1 <= value <= 23 else sino(hours)
    return f"{count} 시간 {sino(minutes)} 분 {sino(seconds)} 초"


def _native_hours(match: re.Match[str], side: str) -> str:
    value = int(match[side + "h"])
    return f"{attributive(value) if 1 <= value <= 24 else '영'} 시" + _rest(match, side)


def _sino_hours(match: re.Match[str], side: str) -> str:
    return f"{sino(match[side + 'h'])} 시" + _rest(match, side)


def _twelve(match: re.Match[str]) -> str:
    value = int(match["ah"])
    name = "오전" if value < 12 else "오후"
    return f"{name} {attributive(value - 12 if value > 12 else value or 12)} 시" + _rest(match, "a")
