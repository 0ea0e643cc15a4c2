"""Numbers of the other languages in words, where the user asks for it (`Policy.numbers = 'words'`), by num2words.

Only plain numbers are read: 1,234, 3.14, -5, 20%. Dates, times, telephone numbers and codes are left as they are,
because a voice model reads its own language better than a rule that half knows it; Korean has rules of its own and
never comes here. num2words is an optional extra (`moksori[numbers]`) and knows every language of Qwen3-TTS but
Chinese.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from moksori.errors import Unavailable
from moksori.language import CODES

from .candidate import GENERIC, Candidate
from .view import View

_CODES = {name: code for name, code in CODES.items() if name not in ("korean", "chinese")}
_DECIMAL_COMMA = ("de", "fr", "ru", "pt", "es", "it")
# A number that stands by itself: no letter, digit, dash, colon or slash touches it.
_NUMBER = re.compile(
    r"(?<![\w.,:/$€£¥#@+-])(?P<sign>[-−]?)(?P<n>[0-9]{1,3}(?:(?P<comma>[,.])[0-9]{3}(?:(?P=comma)[0-9]{3})*)(?![0-9])|[0-9]{1,15})"
    r"(?:(?P<point>[.,])(?P<fraction>[0-9]{1,9}))?(?![\w:/-]|[.,][0-9])"
)


# minus and the decimal sign in words: num2words drops the sign of -0.5 and the fraction of Italian numbers.
_MINUS = {"en": "minus", "ja": "マイナス", "de": "minus", "fr": "moins", "ru": "минус", "pt": "menos", "es": "menos",
          "it": "meno"}  # fmt: skip
_POINT = {"en": "point", "ja": "点", "de": "Komma", "fr": "virgule", "ru": "запятая", "pt": "vírgula", "es": "coma",
          "it": "virgola"}  # fmt: skip


def find(view: View, language: str) -> Iterator[Candidate]:
    """Candidates for the numbers of `view`; `Unavailable` without num2words or for a language it does not know."""
    code = _CODES.get(language.lower(), language.lower().replace("_", "-").split("-")[0])
    if code not in _CODES.values():
        raise Unavailable(f"Numbers cannot be put into words for {language!r}.", hint=f"Known: {', '.join(_CODES)}.")
    try:
        from num2words import num2words
    except ImportError as error:
        raise Unavailable("num2words is not installed.", hint="pip install 'moksori[numbers]'") from error
    for match in _NUMBER.finditer(view.text):
        words = _words(match, code, num2words)
        if words is not None:
            yield Candidate(*match.span(), words, "number", "foreign.words", 0.7, tier=GENERIC)


def _words(match: re.Match[str], code: str, convert: Callable[..., str]) -> str | None:
    """The number by the language's own signs for thousands and decimals; None where it could be either."""
    thousands, point = (".", ",") if code in _DECIMAL_COMMA else (",", ".")
    if (match["comma"] and match["comma"] != thousands) or (match["point"] and match["point"] != point):
        return None
    whole = re.sub("[.,]", "", match["n"])
    if len(whole) > 1 and whole[0] == "0":
        return None
    said = [_MINUS[code]] if match["sign"] else []
    said.append(str(convert(int(whole), lang=code)))
    if match["fraction"]:
        said += [_POINT[code], *(str(convert(int(digit), lang=code)) for digit in match["fraction"])]
    return ("" if code == "ja" else " ").join(said)
