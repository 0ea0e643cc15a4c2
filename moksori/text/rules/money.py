"""Money: 15,000원, $3.50, USD 200, 1만 엔, ₩32,500.

Rule: the amount in Sino-Korean, then the currency's name, wherever the symbol stood; two decimal places are the minor
unit where the currency has one (달러 … 센트). Source: 한글 맞춤법 44항 (만 단위), 외래어 표기법 for the names. Names
are currencies.tsv's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from ..candidate import STRUCTURE, Candidate
from ..number import sino
from ..policy import Policy
from ..tables import currencies, letters, units
from ..view import View
from . import numeral
from .counter import variants
from .numeral import Numeral

_POWERS = {
    "K": 3,
    "k": 3,
    "M": 6,
    "m": 6,
    "mn": 6,
    "million": 6,
    "B": 9,
    "bn": 9,
    "billion": 9,
    "T": 12,
    "trillion": 12,
}
_POWER = re.compile(r"\s?(?P<power>(?i:million|billion|trillion)|bn|mn|[MBKTkm](?![A-Za-z/]))(?![A-Za-z0-9])")


@cache
def _before() -> re.Pattern[str]:
    symbols = sorted(currencies(), key=len, reverse=True)
    names = "|".join(re.escape(s) if not s[0].isalpha() else rf"(?<![A-Za-z]){re.escape(s)}" for s in symbols)
    return re.compile(rf"(?P<sign>[-−]\s?)?(?P<symbol>{names})\s?(?=[0-9])")


@cache
def _after() -> re.Pattern[str]:
    symbols = sorted(currencies(), key=len, reverse=True)
    names = "|".join(re.escape(s) for s in symbols)
    return re.compile(rf"\s?(?P<symbol>{names})(?![A-Za-z0-9$])")


_PER = re.compile(
    r"\s?/\s?(?P<unit>kg|㎏|t|g|L|ℓ|km|㎞|m|㎡|MWh|kWh|명|인|개|박|월|년|일|건|회|시간|평|장|권)(?![A-Za-z0-9])"
)
_ANY = re.compile(r"[$€£¥₩￥₫₹฿₱₽₿元円]|[A-Z]{3}")


def find(view: View, policy: Policy) -> Iterator[Candidate]:
    text = view.text
    if not _ANY.search(text):
        return
    for match in _before().finditer(text):
        first = numeral.NUMBER.match(text, match.end())
        if first:
            number = numeral.at(text, first)
            power = _POWER.match(text, number.end)
            if power and re.fullmatch(r"[0-9,]+(?:\.[0-9]{1,9})?", number.written):
                yield _million(match, number, power, policy)
            yield _candidate(text, match.start(), number.end, number, match["symbol"], bool(match["sign"]), policy)
    for first in numeral.NUMBER.finditer(text):
        number = numeral.at(text, first)
        after = _after().match(text, number.end)
        if after:
            yield _candidate(text, number.start, after.end(), number, after["symbol"], False, policy)


def _million(match: re.Match[str], number: Numeral, power: re.Match[str], policy: Policy) -> Candidate:
    """$3M is 삼백만 달러, $1.2 billion 십이억 달러."""
    places = _POWERS.get(power["power"]) or _POWERS[power["power"].lower()]
    whole, _, fraction = number.written.replace(",", "").partition(".")
    digits = whole + fraction + "0" * (places - len(fraction))
    currency = currencies()[match["symbol"]]
    word = {3: "케이", 6: "밀리언", 9: "빌리언", 12: "트릴리언"}[places]
    minus = "마이너스 " if match["sign"] else ""
    said = sino(digits if places >= len(fraction) else whole, full_man=policy.man == "full")
    others = (
        (f"{minus}{number.sino(policy)} {word} {currency.reading}", "money.power.english"),
        (
            f"{minus}{number.sino(policy)} {letters()[power['power'][0].upper()]} {currency.reading}",
            "money.power.letter",
        ),
    )
    return Candidate(
        match.start(), power.end(), f"{minus}{said} {currency.reading}", "money", "money.power", 0.9, others,
        STRUCTURE * 1.5, (f"currency:{match['symbol']}",),
    )  # fmt: skip


def _candidate(text: str, start: int, end: int, number: Numeral, symbol: str, minus: bool, policy: Policy) -> Candidate:
    currency = currencies()[symbol]
    per = _PER.match(text, end)
    amount = number.sino(policy)
    reading = f"{amount} {currency.reading}"
    alternatives = [(reading, "money.plain")]
    whole, _, fraction = number.written.replace(",", "").partition(".")
    if currency.minor and len(fraction) == 2 and fraction.isdigit():
        major = f"{sino(whole, full_man=policy.man == 'full')} {currency.reading}"
        cents = f"{sino(fraction)} {currency.minor}"
        reading = major if fraction == "00" else cents if whole.strip("0") == "" else f"{major} {cents}"
    alternatives += [(f"{variant} {currency.reading}", rule) for variant, rule in variants(amount)]
    for other in filter(None, re.split(r"\s*[,|/]\s*", currency.other)):
        alternatives.append((f"{amount} {other}", "money.other_name"))
    alternatives.append((f"{currency.reading} {amount}", "money.symbol_first"))
    if number.written.endswith("만") and number.written[:-1].isdigit():  # $20만: 이십만 달러, or only 이십 달러
        alternatives.append((f"{sino(number.written[:-1])} {currency.reading}만", "money.only"))
    if minus:
        reading = f"마이너스 {reading}"
    if per:
        unit = units()[per["unit"]].reading if per["unit"] in units() else per["unit"]
        end, reading = per.end(), f"{unit}당 {reading}"
        alternatives = [(f"{unit}당 {other}", rule) for other, rule in alternatives]
    return Candidate(
        start, end, reading, "money", "money.symbol", 0.95, tuple(alternatives), STRUCTURE, (f"currency:{symbol}",)
    )
