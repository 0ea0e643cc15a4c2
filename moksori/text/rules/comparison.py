"""Comparisons: x < 5, 1 < x < 5, x ≥ 3일 때, a ≠ b이면, x <= 10.

Rule: said as a predicate, so it takes the ending that is written after it: 엑스가 오보다 작으면, 작을 때, 작은, 작고.
Two signs around a name say the name once: 엑스는 일보다 크고 오보다 작다. Grounds: how 수학 교과서 read inequalities
(보다 크다, 크거나 같다); 미만, 초과, 이상, 이하 are offered. Sums are `mathematics`'s.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..candidate import SHAPE, Candidate
from ..hangul import particle
from ..policy import Policy
from ..view import View
from . import numeral
from .english import letter_names

_TERM = (
    r"[-−]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,12}(?:\.[0-9]{1,9})?)?(?:[A-Zα-ω]{1,5}|[a-z]{1,2})?"
    r"|[-−]?[0-9]{1,12}(?:\.[0-9]{1,9})?%?"
)
_SIGN = r"<=|>=|!=|==|<|>|≤|≥|≠|≦|≧|≒|≈"
_CHAIN = re.compile(
    rf"(?<![0-9A-Za-z가-힣.,<>=/])(?P<a>{_TERM})\s?(?P<s1>{_SIGN})\s?(?P<b>{_TERM})(?:\s?(?P<s2><=|>=|<|>|≤|≥|≦|≧)\s?(?P<c>{_TERM}))?"
    r"(?P<end>이?라면|이?면|일 ?때|인|이?고|이?며|이?거나|이?어야|이?다)?(?![0-9A-Za-z<>=/])"
)
_KIND = {"<": "less", ">": "more", "≤": "most", "≥": "least", "<=": "most", ">=": "least", "≦": "most", "≧": "least",
         "≠": "not", "!=": "not", "==": "same", "≒": "near", "≈": "near"}  # fmt: skip
_TURNED = {"less": "more", "more": "less", "most": "least", "least": "most"}
# stem + (다, 면, ㄹ 때, ㄴ, 고, 며, 거나, 어야)
_FORMS = {
    "less": ("작다", "작으면", "작을 때", "작은", "작고", "작으며", "작거나", "작아야"),
    "more": ("크다", "크면", "클 때", "큰", "크고", "크며", "크거나", "커야"),
    "same": ("같다", "같으면", "같을 때", "같은", "같고", "같으며", "같거나", "같아야"),
    "not": (
        "같지 않다",
        "같지 않으면",
        "같지 않을 때",
        "같지 않은",
        "같지 않고",
        "같지 않으며",
        "같지 않거나",
        "같지 않아야",
    ),
}
_ENDINGS = ("다", "면", "때", "인", "고", "며", "거나", "어야")
_WORDS = {"less": "미만", "more": "초과", "most": "이하", "least": "이상"}


def find(view: View, policy: Policy) -> Iterator[Candidate]:
    if not re.search("[<>≤≥≠≦≧≒≈]|!=|==", view.text):
        return
    for match in _CHAIN.finditer(view.text):
        kinds = [_KIND[sign] for sign in (match["s1"], match["s2"]) if sign]
        terms = [term for term in (match["a"], match["b"], match["c"]) if term is not None]
        if all(re.search("[0-9A-Za-zα-ω]", term) for term in terms) and _meant(match):
            yield _candidate(match, kinds, policy)


def _meant(match: re.Match[str]) -> bool:
    """<b> and 3>2 inside brackets are not meant; a spaced sign, a sure one or an ending is."""
    plain = match["s1"] in "<>" and not match["c"]
    spaced = f" {match['s1']} " in match[0]
    both_words = match["a"].isalpha() and match["b"].isalpha() and max(len(match["a"]), len(match["b"])) > 1
    variable = match["a"].isalpha() and len(match["a"]) == 1 and match["b"][-1:].isdigit()
    return (not plain or spaced or bool(match["end"]) or variable) and not (both_words and plain)


def _candidate(match: re.Match[str], kinds: list[str], policy: Policy) -> Candidate:
    a, b = _term(match["a"], policy), _term(match["b"], policy)
    index = next((i for i, form in enumerate(_ENDINGS) if (match["end"] or "다").replace(" ", "").endswith(form)), 0)
    conditional = index in (1, 2, 3, 7)
    if match["c"]:
        c = _term(match["c"], policy)
        subject = b + (particle(b, "subject") if conditional else particle(b, "topic"))
        said = f"{subject} {_against(a, _TURNED.get(kinds[0], kinds[0]), 4)} {_against(c, kinds[1], index)}"
        first = f"{a}{particle(a, 'topic')} {_against(b, kinds[0], 4)}"
        in_order = f"{first} {b}{particle(b, 'topic')} {_against(c, kinds[1], index)}"
        short = f"{a} {_WORDS.get(_TURNED.get(kinds[0], ''), '')} {c} {_WORDS.get(kinds[1], '')}"
        others = [in_order, f"{b}{particle(b, 'topic')} {short}", said.replace(subject, b + particle(b, "topic"), 1)]
    else:
        subject = a + (particle(a, "subject") if conditional else particle(a, "topic"))
        said = f"{subject} {_against(b, kinds[0], index)}"
        others = [
            f"{a}{particle(a, 'topic')} {_against(b, kinds[0], index)}",
            f"{a}{particle(a, 'subject')} {_against(b, kinds[0], index)}",
        ]
        others += _ways(a, b, kinds[0], match["end"] or "")
    alternatives = tuple((other, "comparison.other") for other in others)
    return Candidate(*match.span(), said, "mathematics", "comparison.predicate", 0.8, alternatives, SHAPE * 1.5)


def _ways(a: str, b: str, kind: str, end: str) -> list[str]:
    """오 미만, 부등호, 은 … 가 아니다."""
    topic = a + particle(a, "topic")
    found = [f"{a} 부등호 {b}{end}"]
    if kind in _WORDS:
        found += [f"{a}{particle(a, form)} {b} {_WORDS[kind]}{end}" for form in ("topic", "subject")]
        found += [f"{topic} {_against(b, kind, 0)} {end}".rstrip()]
    if kind == "not":
        found += [
            f"{topic} {b}{particle(b, 'subject')} 아니다",
            f"{a}{particle(a, 'subject')} {b}{particle(b, 'subject')} 아니{end}",
        ]
    if kind == "same":
        found += [f"{topic} {b}{end}", f"{a} 이퀄 {b}{end}"]
    return found


def _against(other: str, kind: str, form: int) -> str:
    """'오', less -> 오보다 작다."""
    if kind in ("less", "more"):
        return f"{other}보다 {_FORMS[kind][form]}"
    if kind in ("most", "least"):
        return f"{other}보다 {_FORMS['less' if kind == 'most' else 'more'][6]} {_FORMS['same'][form]}"
    if kind == "near":
        return f"약 {other}" + ("" if form == 0 else "일 때" if form == 2 else "")
    return f"{other}{particle(other, 'with')} {_FORMS[kind][form]}"


def _term(written: str, policy: Policy) -> str:
    match = re.fullmatch(r"(?P<sign>[-−]?)(?P<n>[0-9][0-9,.]*)?(?P<letters>[A-Za-zα-ω]{0,5})(?P<percent>%?)", written)
    assert match is not None, written  # the pattern of _CHAIN
    words = ["마이너스" if match["sign"] else "", numeral.say(match["n"], policy) if match["n"] else ""]
    words += [letter_names(match["letters"]), "퍼센트" if match["percent"] else ""]
    return " ".join(filter(None, words))
