"""Texts to speak: Korean of many kinds, and the nine other languages in small measure, from our own word lists.

What comes out is the spoken form (numbers written as they are read), because the talker is given spoken units. Every
text is a function of the seed. Knows nothing of voices or sound.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from . import words


@dataclass(frozen=True)
class Text:
    language: str
    text: str
    kind: str


def draw(seed: int, count: int, korean: float = 0.72, english: float = 0.10) -> list[Text]:
    """`count` texts; the shares left over go to the other eight languages evenly. Longer Korean ones never repeat."""
    source = random.Random(seed)
    seen: set[str] = set()
    texts: list[Text] = []
    while len(texts) < count:
        chance = source.random()
        if chance < korean:
            made = _korean(source)
        elif chance < korean + english:
            made = Text("en", words.fill(source, source.choice(words.SENTENCES["en"]), "en"), "sentence")
        else:
            language = source.choice(words.OTHERS)
            made = Text(language, words.fill(source, source.choice(words.SENTENCES[language]), language), "sentence")
        # Short and foreign ones may come again: a greeting is spoken by many voices.
        if made.text not in seen or made.language != "ko" or len(made.text) < 12:
            seen.add(made.text)
            texts.append(made)
    return texts


def _korean(source: random.Random) -> Text:
    kinds: list[tuple[str, float, Callable[[random.Random], str]]] = [
        ("syllables", 0.22, syllables),
        ("announcement", 0.30, announcement),
        ("sentence", 0.22, sentence),
        ("number", 0.16, number),
        ("short", 0.10, short),
    ]
    kind, _, make = source.choices(kinds, weights=[weight for _, weight, _ in kinds])[0]
    return Text("ko", make(source), kind)


def inventory() -> list[str]:
    """The 2,350 syllables of KS X 1001: what Korean text is practically made of."""
    syllables = (chr(code) for code in range(0xAC00, 0xD7A4))
    return [one for one in syllables if len(one.encode("euc_kr", errors="ignore")) == 2]


_INVENTORY = inventory()


def syllables(source: random.Random) -> str:
    """Meaningless words from the whole inventory, so that every syllable is heard beside many others."""
    made = ["".join(source.choices(_INVENTORY, k=source.randint(1, 4))) for _ in range(source.randint(1, 5))]
    return " ".join(made) + source.choice((".", ".", ".", "?", ""))


def announcement(source: random.Random) -> str:
    return words.fill(source, source.choice(words.ANNOUNCEMENTS), "ko")


def sentence(source: random.Random) -> str:
    return words.fill(source, source.choice(words.SENTENCES["ko"]), "ko")


def short(source: random.Random) -> str:
    return source.choice(words.SHORT)


def number(source: random.Random) -> str:
    return words.fill(source, source.choice(words.NUMBERS), "ko")
