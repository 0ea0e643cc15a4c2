"""Written numbers as they stand in text: 1,234.5 and 3만 5천 and 1억 2,300만, and how each is said.

Rules: 한글 맞춤법 44항 (만 단위); explicit 1만 is 만 or 일만 by policy, 1천 is 천. Fractions digit by digit. Finds
numbers and says them; what they count is the business of other files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..number import decimal, spell
from ..policy import Policy

PLAIN = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?"
_MAGNITUDE = "십백천만억조경"
_MARK = rf"[{_MAGNITUDE}](?:[{_MAGNITUDE}]{{1,2}}(?![가-힣]))?|(?:십|백|천)?[만억조경]|[십백천]"
NUMBER = re.compile(rf"(?<![0-9])({PLAIN})")
_LARGE_TAIL = re.compile(
    r"(?P<mags>(?:[십백천]?[만억조]|[십백천]|경(?=\s?[0-9원]))"
    r"(?:\s?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,4})(?:\.[0-9]+)?(?:[십백천]?[만억조]|[십백천])){0,8})"
    r"(?P<rest>\s?(?:[0-9]{1,3}(?:,[0-9]{3})(?![0-9,])|[0-9]{1,4}(?![0-9,.]))(?=\s?(?:원|달러|유로|엔"
    r"|위안|명|개|건|대|주|표|가구|세대|톤|㎡|평|호|년|주|부|장|권|병|마리|점|곳|그루|킬로|미터|포인트"
    r"|인|회|석|여|대|t|km|m|kg|$|[^0-9가-힣])))?"
)
_NOT_MAGNITUDE = re.compile(
    r"(?:천사|천국|천재|천막|천장|천연|천체|만료|만기|만족|만화|만남|만약|만점|만루|만찬|만석|만취"
    r"|만년필|조각|조항|조건|조사|조직|조금|조명|조회|백신|백팩|백화|백업|백스|십자|조로|조별|조끼"
    r"|조선|조합|경기|만에|만이|만은|만을(?! )|만큼|만 더|만세|만 있)"
)
_CHUNK = re.compile(rf"({PLAIN})([십백천만억조경]*)(\s?)")


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number in the text. written  as it stands; value  None unless a plain whole number."""

    start: int
    end: int
    written: str
    value: int | None

    @property
    def plain(self) -> bool:
        """Digits only: no comma, fraction or 만."""
        return self.written.isdigit()

    @property
    def is_decimal(self) -> bool:
        return "." in self.written

    def sino(self, policy: Policy) -> str:
        """The Sino-Korean reading, with spaces at 만."""
        return say(self.written, policy)

    def digits(self, zero: str = "공") -> str:
        return spell(re.sub("[^0-9]", "", self.written), zero=zero)


def say(written: str, policy: Policy) -> str:
    """Any written number of this file's grammar in Sino-Korean."""
    full = policy.man == "full"
    if not re.search(f"[{_MAGNITUDE}]", written):
        return decimal(written, full_man=full)
    words = []
    for index, match in enumerate(_CHUNK.finditer(written)):
        digits, marks = match[1], match[2]
        bare = digits == "1" and bool(marks)
        silent = bare and (marks[0] in "십백천" or (marks[0] == "만" and index == 0 and not full))
        words.append(
            ("" if silent else decimal(digits, full_man=full))
            + marks
            + (" " if "만" in marks or "억" in marks or "조" in marks or "경" in marks else "")
        )
    return "".join(words).strip()


def at(text: str, match: re.Match[str]) -> Numeral:
    """The numeral that begins with this match of NUMBER, with its 만 and 억."""
    written, start, end = match[1], match.start(1), match.end(1)
    if end < len(text) and text[end] in _MAGNITUDE and not _NOT_MAGNITUDE.match(text, end):
        tail = _LARGE_TAIL.match(text, end)
        if tail:
            return Numeral(start, tail.end(), text[start : tail.end()], None)
    digits = written.replace(",", "")
    value = int(digits) if digits.isdigit() and len(digits) <= 18 else None
    return Numeral(start, end, written, value)
