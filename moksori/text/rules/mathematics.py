"""Expressions: 3 + 5 = 8, 12 ÷ 4, x = 5, √16, 10², 1920×1080.

Rule: 더하기 빼기 곱하기 나누기, = is 은/는 after the sound before it (표준국어대사전 더하기, 빼기; 초등 수학 교과서:
3 더하기 5는 8); read so only when a sign that has no other use (= × ÷ √ ≥) stands in it, so that 3-2 and 1+1 keep
their everyday readings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

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
_VALUE = re.compile(r"(?:의|를|을)?\s?(?:값|계산)")  # 7-2의 값
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
        asked = _VALUE.match(text, match.end())
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


def _expression(match: re.Match[str], policy: Policy) -> Candidate:
    words: list[str] = []
    compared = ""
    tokens = _TOKEN.findall(match[0])
    for index, token in enumerate(tokens):
        times = (
            token in "xX"
            and index
            and tokens[index - 1][0].isdigit()
            and index + 1 < len(tokens)
            and tokens[index + 1][0].isdigit()
        )
        if token == "=" or token in _COMPARED or token == "≠":
            words[-1:] = [words[-1] + (particle(words[-1], "topic"))] if words else []
            compared = {"≠": " 아니다"}.get(token, _COMPARED.get(token, compared))
        elif token == "√":
            words.append("루트")
        elif token in "-−–" and (index == 0 or tokens[index - 1] in "+×*÷=<>≤≥−–-"):
            words.append("마이너스")
        elif token in _WORDS and (token not in "xX" or times):
            words.append(_WORDS[token])
        elif token[0] in "⁰¹²³⁴⁵⁶⁷⁸⁹":
            words[-1:] = [f"{words[-1]} {_power_name(token.translate(_SUPERSCRIPT), policy)}"]
        else:
            words.append(_operand(token, policy))
    if compared == " 아니다":
        words[-1] += particle(words[-1], "subject")
    reading = " ".join(words) + compared
    by = reading.replace("곱하기", "바이")
    plus = reading.replace("더하기", "플러스").replace("빼기", "마이너스")
    return Candidate(
        *match.span(), reading, "mathematics", "mathematics.expression", 0.85,
        ((by, "mathematics.by"), (plus, "mathematics.english_signs")), SHAPE,
    )  # fmt: skip


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
