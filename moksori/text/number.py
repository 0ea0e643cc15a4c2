"""Numbers to Korean words: Sino, native, digit by digit. Works on digit strings, never on floats.

Rules: 한글 맞춤법 44항 (수는 만 단위로 띄어 쓴다); 일 is not said before 십, 백, 천, nor before a leading 만;
native numerals reach 99 and 20 before a noun is 스무 (표준어 규정 17항 has the allomorphs 서/너, 석/넉). Knows no
counting nouns: which system a noun takes is `counters.tsv`'s business.
"""

from __future__ import annotations

from functools import lru_cache

SINO_DIGITS = "영일이삼사오육칠팔구"
PHONE_DIGITS = "공일이삼사오육칠팔구"
_SMALL = ("", "십", "백", "천")
_LARGE = ("", "만", "억", "조", "경", "해", "자")
MAX_SINO = 4 * len(_LARGE)

_NATIVE_TENS = ("", "열", "스물", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔")
_NATIVE_ONES = ("", "하나", "둘", "셋", "넷", "다섯", "여섯", "일곱", "여덟", "아홉")
_ATTRIBUTIVE_ONES = ("", "한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉")


@lru_cache(maxsize=4096)
def sino(digits: str, *, full_man: bool = False, space: bool = True) -> str:
    """'12345' -> '만 이천삼백사십오'; leading zeros are dropped, more than 28 digits are read one by one.

    full_man  '일만' instead of '만' in front position.
    """
    digits = digits.lstrip("0")
    if not digits:
        return "영"
    if len(digits) > MAX_SINO:
        return spell(digits)
    groups = []
    while digits:
        digits, group = digits[:-4], digits[-4:]
        groups.append(group)
    words = []
    for power in range(len(groups) - 1, -1, -1):
        chunk = _group(groups[power])
        if not chunk:
            continue
        leading = power == len(groups) - 1
        if power == 1 and chunk == "일" and leading and not full_man:
            chunk = ""
        words.append(chunk + _LARGE[power])
    return (" " if space else "").join(words)


def _group(digits: str) -> str:
    """Up to four digits; 일 is silent before 십, 백, 천."""
    word = ""
    for place, char in zip(range(len(digits) - 1, -1, -1), digits, strict=True):
        if char == "0":
            continue
        word += ("" if char == "1" and place else SINO_DIGITS[int(char)]) + _SMALL[place]
    return word


def spell(digits: str, *, zero: str = "영") -> str:
    """Digit by digit: '0312' -> '영삼일이' (zero='공' for telephone numbers, codes and rooms)."""
    table = PHONE_DIGITS if zero == "공" else SINO_DIGITS
    return "".join(table[int(char)] if char in "0123456789" else char for char in digits)


def decimal(written: str, *, full_man: bool = False) -> str:
    """'1,234.50' -> '천이백삼십사 점 오영': the fraction digit by digit, 0 is 영; '.5' begins with 영."""
    whole, _, fraction = written.replace(",", "").partition(".")
    word = sino(whole or "0", full_man=full_man)
    return f"{word} 점 {spell(fraction)}" if fraction else word


def native(number: int) -> str:
    """1..99 as a noun: 하나, 스물하나, 아흔아홉."""
    return _NATIVE_TENS[number // 10] + _NATIVE_ONES[number % 10]


def attributive(number: int) -> str:
    """1..99 before a noun: 한, 두, 스무, 스물한."""
    if number == 20:
        return "스무"
    return _NATIVE_TENS[number // 10] + _ATTRIBUTIVE_ONES[number % 10]


_SEO_NEO = {3: "서", 4: "너"}
_SEOK_NEOK = {3: "석", 4: "넉"}
ALLOMORPHS = {
    **dict.fromkeys(("돈", "말", "푼"), _SEO_NEO),
    **dict.fromkeys(("냥", "되", "섬", "자"), _SEOK_NEOK),
}


def attributive_for(number: int, noun: str) -> str:
    """As `attributive`, with 표준어 규정 17항's forms: 서 말, 너 푼, 석 냥, 넉 되."""
    forms = ALLOMORPHS.get(noun)
    return forms[number] if forms and number in forms else attributive(number)


ENGLISH = ("제로", "원", "투", "쓰리", "포", "파이브", "식스", "세븐", "에이트", "나인", "텐")
