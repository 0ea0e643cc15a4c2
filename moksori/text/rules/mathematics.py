"""Expressions: 3 + 5 = 8, 12 ÷ 4, x = 5, √16, 10², 1920×1080.

Rule: 더하기 빼기 곱하기 나누기, = is 은/는 after the sound before it (표준국어대사전 더하기, 빼기; 초등 수학 교과서:
3 더하기 5는 8); read so only when a sign that has no other use (= × ÷ √ ≥) stands in it, so that 3-2 and 1+1 keep
their everyday readings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import Any, NamedTuple

from ..candidate import SHAPE, Candidate
from ..hangul import particle
from ..policy import Policy
from ..view import View
from . import measure, numeral
from .english import letter_names
from .fraction import said

_OPERAND = (
    r"\(?(?:√\s?)?(?:[0-9]{1,4}/[0-9]{1,4}|(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,15}(?:\.[0-9]{1,10})?)?"
    r"(?:[A-Za-z]{1,2}|π)?)[⁰¹²³⁴-⁹]{0,3}\)?"
)
_OPERATOR = r"\s?(?:[+×*÷=≠≤≥<>−–-]|[xX](?=\s?[0-9]))\s?"
_EXPRESSION = re.compile(
    rf"(?<![0-9A-Za-z.,~∼/-])-?(?=[0-9A-Za-z√π(])({_OPERAND})(?:{_OPERATOR}-?(?=[0-9A-Za-z√π(])(?:{_OPERAND})){{1,12}}(?![0-9A-Za-z/])"
)
_SIZES = re.compile(rf"(?<![0-9A-Za-z.,]){numeral.PLAIN}(?:\s?[×xX*]\s?{numeral.PLAIN}){{1,3}}")
_MEASURED = re.compile(r"[0-9](?:[cmk]?m|k?g|m?[lL]|in|ft)(?![A-Za-z])")
_SPACED_SIGN = re.compile(r"[0-9a-z] [+−–-] [0-9a-z]")
_ASKED = re.compile(r"(?:의|를|을|은|는|이란)?\s?(?:답|값|계산|결과|얼마|몇(?:이|일))")
_VALUE = re.compile(r"(?:의|를|을)?\s?(?:값|계산|답(?![가-힣]{2}))")  # 7-2의 값
_SIMPLE = re.compile(r"(?P<a>[0-9]{1,6})\s?(?P<sign>[+−-])\s?(?P<b>[0-9]{1,6})")
_RESULT = re.compile(r"(?:은|는|이|가)\s?(?P<result>[0-9]{1,7})(?![0-9.,])")
_TERM = re.compile(r"(?<![A-Za-z0-9])[0-9]{1,3}[xyznabk](?![A-Za-z])|√")
_SURE = re.compile(r"[=≠≤≥×÷√⁰¹²³⁴-⁹]|(?<=[0-9])\s?[xX*]\s?(?=[0-9])|(?<=\s)[+<>](?=\s)")
_TOKEN = re.compile(r"√|[0-9]+/[0-9]+|[0-9][0-9,]*(?:\.[0-9]+)?|[A-Za-z]|π|[⁰¹²³⁴-⁹]+|[+×*÷=≠≤≥<>−–-]")
_ROOT = re.compile(r"√\s?(?P<n>[0-9]{1,12}|[A-Za-z])(?![0-9A-Za-z])")
_POWER = re.compile(
    r"(?<![0-9.,A-Za-z])(?P<base>[0-9]{1,12}(?:\.[0-9]+)?|[A-Za-z])(?P<power>[⁰¹²³⁴-⁹]{1,3}|\^[0-9]{1,3})(?![0-9])"
)
_WORDS = {
    "+": "더하기",
    "-": "빼기",
    "−": "빼기",
    "–": "빼기",
    "×": "곱하기",
    "x": "곱하기",
    "X": "곱하기",
    "*": "곱하기",
    "÷": "나누기",
}
_COMPARED = {"<": "보다 작다", ">": "보다 크다", "≤": "보다 작거나 같다", "≥": "보다 크거나 같다"}
_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


def find(view: View, policy: Policy) -> Iterator[Candidate]:
    text = view.text
    for match in _EXPRESSION.finditer(text):
        whole = _SPACED_SIGN.search(match[0]) and (_is_all(view, match) or _is_sum(view, match))
        asked = _VALUE.match(text, match.end()) or _is_true(match[0], text[match.end() :])
        measured = "=" not in match[0] and _MEASURED.search(match[0])
        if (_SURE.search(match[0]) or whole or asked) and not _is_name(match[0]) and not measured:
            yield _expression(match, policy)
    for match in _SIZES.finditer(text):
        yield from _dimensions(view, match, policy)
    for match in _ROOT.finditer(text):
        word = _operand(match["n"], policy)
        yield Candidate(
            *match.span(),
            f"루트 {word}",
            "mathematics",
            "mathematics.root",
            0.9,
            ((f"제곱근 {word}", "mathematics.root"),),
            SHAPE,
        )
    for match in _POWER.finditer(text):
        base, power = _operand(match["base"], policy), match["power"].lstrip("^").translate(_SUPERSCRIPT)
        yield Candidate(
            *match.span(), _powered(base, power, policy), "mathematics", "mathematics.power", 0.85,
            ((f"{base} {_power_name(power, policy)}", "mathematics.power"),),
        )  # fmt: skip


def _is_all(view: View, match: re.Match[str]) -> bool:
    """Whether the sentence is nothing but the expression."""
    return not view.before(match.start()).strip() and not view.after(match.end()).strip(" .?!")


def _is_sum(view: View, match: re.Match[str]) -> bool:
    """Whether a lone a - b is arithmetic: its answer is asked for, or a term such as 2x stands in it."""
    return bool(_ASKED.match(view.text, match.end()) or _TERM.search(match[0]))


def _is_true(written: str, after: str) -> bool:
    """20-6은 14: what is said of it is its result."""
    sides, said_of = _SIMPLE.fullmatch(written), _RESULT.match(after)
    if not sides or not said_of:
        return False
    a, b = int(sides["a"]), int(sides["b"])
    return int(said_of["result"]) == (a + b if sides["sign"] == "+" else a - b)


def _is_name(written: str) -> bool:
    """A letter, a dash and a letter is a name (T-X), not a sum."""
    if re.fullmatch(r"[A-Za-z] [<>≤≥≠] [A-Za-z]|[A-Za-z]\s?[≤≥≠]\s?[A-Za-z]", written):
        return False
    return not re.search(r"[0-9]", written) and "=" not in written


def _operand(written: str, policy: Policy) -> str:
    if "/" in written:
        return said(*written.split("/"))
    return numeral.say(written, policy) if written[0].isdigit() else letter_names(written)


def _power_name(power: str, policy: Policy) -> str:
    return {"2": "제곱", "3": "세제곱"}.get(power) or f"{numeral.say(power, policy)} 제곱"


def _powered(base: str, power: str, policy: Policy) -> str:
    return f"{base}의 {_power_name(power, policy)}"


class _Way(NamedTuple):
    """How the signs of an expression are said: plus to equals by these words (equals '': 은, 는), power by its name or,
    `raised`, as 삼승, with 의 where `of` says so (None: after a figure)."""

    plus: str = "더하기"
    minus: str = "빼기"
    times: str = "곱하기"
    equals: str = ""
    raised: bool = False
    of: bool | None = None


@cache
def _ways(signs: str) -> list[_Way]:
    """Every way that can make a difference for these signs, those that differ least from the usual one first."""
    choices: tuple[tuple[Any, ...], ...] = (
        ("더하기", "플러스")[: 1 + ("+" in signs)], ("빼기", "마이너스")[: 1 + ("-" in signs)],
        ("곱하기", "바이", "엑스")[: 3 if "x" in signs else 1], ("", "이퀄")[: 1 + ("=" in signs)],
        (False, True)[: 1 + ("^" in signs)], (None, True, False)[: 3 if "^" in signs else 1],
    )  # fmt: skip
    numbers = sorted(product(*(range(len(ways)) for ways in choices)), key=lambda way: sum(map(bool, way)))
    return [_Way(*(ways[index] for ways, index in zip(choices, way, strict=True))) for way in numbers]


_SIGNS = str.maketrans("−–×X*⁰¹²³⁴⁵⁶⁷⁸⁹", "--xxx^^^^^^^^^^")


def _expression(match: re.Match[str], policy: Policy) -> Candidate:
    reading, *others = (_worded(match[0], way, policy) for way in _ways(match[0].translate(_SIGNS)))
    alternatives = tuple((other, "mathematics.otherwise") for other in others)
    return Candidate(*match.span(), reading, "mathematics", "mathematics.expression", 0.85, alternatives, SHAPE)


def _worded(written: str, way: _Way, policy: Policy) -> str:
    words: list[str] = []
    compared = ""
    tokens = _TOKEN.findall(written)
    named = {"더하기": way.plus, "빼기": way.minus, "곱하기": way.times}
    for index, token in enumerate(tokens):
        before = tokens[index - 1] if index else ""
        between = before[:1].isdigit() and index + 1 < len(tokens) and tokens[index + 1][0].isdigit()
        if token == "=" and way.equals:
            words.append(way.equals)
        elif token == "=" or token in _COMPARED or token == "≠":
            words[-1:] = [words[-1] + (particle(words[-1], "topic"))] if words else []
            compared = {"≠": " 아니다"}.get(token, _COMPARED.get(token, compared))
        elif token == "√":
            words.append("루트")
        elif token in "-−–" and (not before or before in "+×*÷=<>≤≥−–-"):
            words.append("마이너스")
        elif token in _WORDS and (token not in "xX" or between):
            words.append(named.get(_WORDS[token], _WORDS[token]))
        elif token[0] in "⁰¹²³⁴⁵⁶⁷⁸⁹":
            power = token.translate(_SUPERSCRIPT)
            name = f"{numeral.say(power, policy)}승" if way.raised else _power_name(power, policy)
            of = before[:1].isdigit() if way.of is None else way.of
            words[-1:] = [f"{words[-1]}{'의' if of else ''} {name}"] if words else [name]
        else:
            words.append(_operand(token, policy))
    if compared == " 아니다":
        words[-1] += particle(words[-1], "subject")
    return " ".join(words) + compared


def _dimensions(view: View, match: re.Match[str], policy: Policy) -> Iterator[Candidate]:
    """10×20cm: the unit belongs to both."""
    unit = measure.longest(view.text, match.start(), match.end())
    if unit is None or "=" in match[0]:
        return
    sizes = re.split(r"\s?[×xX*]\s?", match[0])
    if len(sizes) < 2 or not all(re.fullmatch(numeral.PLAIN, size) for size in sizes):
        return
    said = [numeral.say(size, policy) for size in sizes]
    reading = measure.fill(unit.reading, " 곱하기 ".join(said))
    others = (
        (measure.fill(unit.reading, " 바이 ".join(said)), "mathematics.by"),
        (" 곱하기 ".join(measure.fill(unit.reading, word) for word in said), "mathematics.each"),
    )
    yield Candidate(
        match.start(),
        match.end() + len(unit.symbol),
        reading,
        "measure",
        "mathematics.dimensions",
        0.8,
        others,
        SHAPE,
    )
