"""Scores and ratios: 3:2, 16:9, 5대 4, 0-0; promotions 1+1.

Rule: both numbers Sino with 대 between (한 점 차를 말하는 N 대 M); a promotion is said in English, 원 플러스 원.
Source: 한글 맞춤법 부록, 문장 부호 '쌍점': 의존 명사 대가 쓰일 자리 (65:60 육십오 대 육십). Times are `clock`'s,
ranges `quantity`'s; a cue or an impossible time makes a score.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..candidate import SHAPE, Candidate
from ..number import ENGLISH, decimal, sino
from ..policy import Policy
from ..tables import counters
from ..view import View
from .contest import HYPHEN_RIGHT, SCORE_LEFT, SCORE_RIGHT

_N = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,5}(?:\.[0-9]{1,3})?)"
_COLON = re.compile(
    rf"(?<![0-9:.,/-])(?P<a>{_N})\s?(?::|：|∶)\s?(?P<b>{_N})(?:\s?(?::|：|∶)\s?(?P<c>{_N}))?(?![0-9:]|\.[0-9])"
)
_DAE = re.compile(
    rf"(?<![0-9.,])(?P<a>{_N})\s?대\s?(?P<b>{_N})(?![0-9.,]|[가-힣]\s?[0-9])(?=(?P<after>[가-힣]{{0,3}}))"
)
_HYPHEN = re.compile(r"(?<![0-9A-Za-z.,/-])(?P<a>[0-9]{1,3})\s?[-–]\s?(?P<b>[0-9]{1,3})(?![0-9A-Za-z./-]|,[0-9])")
_SCORED = re.compile(r"[0-9]{1,3}\s?[-–]\s?[0-9]{1,3}(?:로|으로)\s")  # 6-7로 내준 뒤 6-2로 갚았다
_GONE_ON = re.compile(r"(?:로|으로)\s[가-힣]")
_PROMOTION = re.compile(
    r"(?<![0-9A-Za-z+=])(?P<a>[1-9])\s?\+\s?(?P<b>[1-9])(?!\s?\)?\s?[0-9+=×÷*/-])(?P<right>\s?(?:행사"
    r"|이벤트|할인|증정|상품|혜택|구매|기획|세일|제품|프로모션|로|으로|입니다|이에요|예요|중|을|를|이"
    r"|가|쿠폰|특가|판매|적용|묶음|득템)?)"
)
_AFTER_SCORE = re.compile(
    r"(?:으?로|의|승|패|역전|동점|무승부|비율|이다|입니다|이었|였|경쟁|정도|까지|스코어|매칭|상담|문의"
    r"|과외|맞춤|대결|이라|라는|이고|에서|에|을|를|이|가|은|는|완승|대승|수준|꼴)?(?![가-힣])"
)


def find(view: View, policy: Policy) -> Iterator[Candidate]:
    text = view.text
    for match in _COLON.finditer(text):
        yield from _colon(view, match)
    for match in _DAE.finditer(text) if "대" in text else ():
        if (
            match["after"]
            and any(match["after"][:size] in counters() for size in (1, 2, 3))
            and not _AFTER_SCORE.match(match["after"])
        ):
            continue
        words = f"{decimal(match['a'])} 대 {decimal(match['b'])}"
        yield Candidate(*match.span(), words, "score", "score.dae", 0.85, tier=SHAPE)
    for match in _HYPHEN.finditer(text):
        before, right = view.before(match.start()), HYPHEN_RIGHT.match(text, match.end())
        if right or SCORE_LEFT.search(before) or (_SCORED.search(before) and _GONE_ON.match(text, match.end())):
            words = f"{sino(match['a'])} 대 {sino(match['b'])}"
            yield Candidate(
                *match.span(), words, "score", "score.hyphen", 0.85,
                ((f"{sino(match['a'])}에서 {sino(match['b'])}", "range.bare"),), SHAPE * 1.2,  # 골로 is no road
            )  # fmt: skip
    for match in _PROMOTION.finditer(text):
        first, second = int(match["a"]), int(match["b"])
        words = f"{ENGLISH[first]} 플러스 {ENGLISH[second]}"
        plus = f"{sino(match['a'])} 더하기 {sino(match['b'])}"
        yield Candidate(
            match.start(), match.end("b"), words, "promotion", "score.promotion",
            0.9 if match["right"].strip() else 0.7,
            ((plus, "mathematics.sum"), (f"{sino(match['a'])} 플러스 {sino(match['b'])}", "score.promotion.sino")),
        )  # fmt: skip


def _colon(view: View, match: re.Match[str]) -> Iterator[Candidate]:
    a, b, c = match["a"], match["b"], match["c"]
    clock_like = len(b) == 2 and b.isdigit() and int(b) < 60 and a.isdigit() and int(a) <= 24
    scored = SCORE_RIGHT.match(view.text, match.end()) or SCORE_LEFT.search(view.before(match.start()))
    words = " 대 ".join(decimal(value) for value in (a, b, c) if value)
    if clock_like and not c and not scored:
        return
    if c and len(c) == 2 and clock_like:
        return
    tier = SHAPE * 2 if scored else SHAPE  # 3 무승부 after 3: is no count of draws
    yield Candidate(*match.span(), words, "score", "score.colon", 0.9 if scored else 0.8, tier=tier)
