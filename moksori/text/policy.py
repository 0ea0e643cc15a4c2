"""What a reader may choose: English, native numbers, 만, the 24-hour clock, emoji, lengths.

Frozen and strict: an unknown key or value is an error that names what is allowed. Every default is written here
and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Literal, get_args, get_origin, get_type_hints

from moksori.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Policy:
    """How written text is read where Korean speakers differ.

    english        words and acronyms to Hangul, or left in Latin letters.
    english_run    this many Latin words in a row are an English sentence: kept and marked.
    native_limit   the highest number read natively before a noun that does not say otherwise (서른아홉 명, 사십 명).
    man            'short': 10,000 is 만; 'full': 일만, as banks say it.
    clock          'written': 18:00 is 십팔 시; 'twelve': 오후 여섯 시.
    emoji          'drop', 'name' (a Korean name where the table has one) or 'keep'.
    laughter       'keep' or 'drop' ㅋㅋ, ㅠㅠ.
    phone_hyphen   'silent', '에' (공일공에) or '다시'.
    approximate    2~3명 as 두세 명 instead of 두 명에서 세 명.
    repeats        join literally repeated sentences into one unit with a count.
    max_syllables  longer sentences are cut at commas, connective endings, spaces.
    numbers        other languages than Korean: numbers as 'written', or in 'words' by num2words (moksori[numbers]).
    sentences      where they end by our 'rules', or by 'kiwi' (moksori[sentences]) for text without punctuation.
    paragraph_pause  seconds after a blank line, or None for the synthesizer's own pause.
    """

    english: Literal["hangul", "keep"] = "hangul"
    english_run: int = 4
    native_limit: int = 39
    man: Literal["short", "full"] = "short"
    clock: Literal["written", "twelve"] = "written"
    emoji: Literal["drop", "name", "keep"] = "drop"
    laughter: Literal["keep", "drop"] = "keep"
    phone_hyphen: Literal["silent", "에", "다시"] = "silent"
    approximate: bool = False
    repeats: bool = True
    max_syllables: int = 100
    numbers: Literal["written", "words"] = "written"
    sentences: Literal["rules", "kiwi"] = "rules"
    paragraph_pause: float | None = None

    def __post_init__(self) -> None:
        hints = get_type_hints(type(self))
        for field in fields(self):
            _check(field.name, getattr(self, field.name), hints[field.name])
        _within("english_run", self.english_run, 1, 1000)
        _within("native_limit", self.native_limit, 0, 99)
        _within("max_syllables", self.max_syllables, 10, 10_000)
        if self.paragraph_pause is not None:
            _within("paragraph_pause", self.paragraph_pause, 0, 60)

    @classmethod
    def from_mapping(cls, values: Mapping[str, object]) -> Policy:
        """Strict: unknown keys and wrong types are `InvalidInput`. Strings are not converted."""
        known = [field.name for field in fields(cls)]
        for key in values:
            if key not in known:
                raise InvalidInput(
                    f"Unknown reading policy {key!r}.", hint=f"Known: {', '.join(known)}.", field=str(key)
                )
        return cls(**values)  # type: ignore[arg-type]  # every value is checked in __post_init__

    @classmethod
    def from_words(cls, words: list[str]) -> Policy:
        """From command-line words `key=value`; numbers and true/false are recognised."""
        values: dict[str, object] = {}
        for word in words:
            key, equals, value = word.partition("=")
            if not equals:
                raise InvalidInput(f"{word!r} is not key=value.", hint="For example english=keep.", field=key)
            values[key] = _parsed(value)
        return cls.from_mapping(values)

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def _parsed(value: str) -> object:
    if value in ("true", "false"):
        return value == "true"
    if value in ("none", "null"):
        return None
    try:
        return int(value)
    except ValueError:
        pass
    try:
        return float(value)
    except ValueError:
        return value


def _check(name: str, value: object, hint: object) -> None:
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            raise InvalidInput(
                f"{name}={value!r} is not possible.", hint=f"One of: {', '.join(get_args(hint))}.", field=name
            )
        return
    allowed: tuple[type, ...] = (int, float, type(None)) if hint == float | None else (hint,)  # type: ignore[assignment]
    if not isinstance(value, allowed) or (isinstance(value, bool) and hint is not bool):
        wanted = " or ".join(kind.__name__ for kind in allowed)
        raise InvalidInput(f"{name}={value!r} must be {wanted}.", field=name)


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise InvalidInput(f"{name}={value!r} is out of range.", hint=f"Between {low} and {high}.", field=name)
