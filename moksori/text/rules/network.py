"""E-mail addresses, web addresses and file names.

Convention (announcers): @ 골뱅이, the last dot with com is 닷컴, other dots 점; words are said as words where the
lexicon knows them or what they are glued from, names beside a Korean surname as Korean, short unknown clusters and
country codes by letters; the scheme is not said; in the name of a file _ is 언더바 and the dot before its kind 점.
Source: 국립국어원 '@' as 골뱅이 (표준국어대사전), 외래어 표기법 for unknown words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..candidate import SHAPE, Candidate
from ..number import sino, spell
from ..policy import Policy
from ..tables import lexicon, pronounceable, romanised
from ..view import View
from .english import letter_names
from .romanised import hangul as hangul_of
from .romanised import is_surname
from .romanised import name as full_name
from .transliterate import hangul
from .transliterate import variants as sounds

_MAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@[A-Za-z0-9][A-Za-z0-9-]{0,62}(?:\.[A-Za-z0-9-]{2,63}){1,4}"
)
_HANDLE = re.compile(r"(?<![A-Za-z0-9가-힣@._])@(?P<name>[A-Za-z0-9][A-Za-z0-9._]{1,29}(?<!\.))")
_TLD = "com|net|org|kr|go|co|io|ai|app|dev|me|jp|us|uk|cn|tv|edu|gov|info|biz|shop|xyz|be|gg|ly|eu|de|fr"
_URL = re.compile(
    rf"(?<![A-Za-z0-9@._-])(?:(?:https?|ftp)://[A-Za-z0-9][A-Za-z0-9.-]{{0,100}}"
    rf"|(?:www\.)?[A-Za-z0-9](?:[A-Za-z0-9-]{{0,62}}\.){{1,4}}(?:{_TLD})(?![A-Za-z0-9]))(?::[0-9]{{1,5}}(?![0-9]))?(?:/[A-Za-z0-9._~%/?#=&+-]{{0,200}})?"
)
_SUFFIX = {
    "kr": "케이알",
    "go": "지오",
    "co": "씨오",
    "or": "오알",
    "ac": "에이씨",
    "re": "알이",
    "jp": "제이피",
    "us": "유에스",
    "net": "넷",
    "org": "오알지",
    "io": "아이오",
    "com": "컴",
    "ai": "에이아이",
    "www": "더블유더블유더블유",
    "tv": "티브이",
}
_MARKS = {
    "@": "골뱅이",
    ".": "점",
    "/": "슬래시",
    "-": "하이픈",
    "_": "언더바",
    "+": "플러스",
    "?": "물음표",
    "=": "이퀄",
    "&": "앤드",
    "#": "샵",
    "%": "퍼센트",
    "~": "물결",
    ":": "콜론",
}
_OTHER_MARKS = {
    "@": ("앳",),
    ".": ("닷", "쩜"),
    "_": ("밑줄", "언더스코어", ""),
    "-": ("대시", "다시", ""),
    "/": ("슬래쉬", "빗금"),
}
_FILE = re.compile(
    r"(?<![A-Za-z0-9가-힣@._/-])(?P<stem>[A-Za-z0-9가-힣][A-Za-z0-9가-힣_().-]{0,80})\.(?P<kind>jpe?g|png|gif|webp|hwpx?|pdf"
    r"|docx?|xlsx?|pptx?|txt|csv|zip|7z|exe|apk|mp[34]|wav|flac|avi|mov|mkv|html?|json|ya?ml|xml|py|js|ts|ini|log|md)(?![A-Za-z0-9_./-])"
)
_PIECE = re.compile(r"[A-Za-z]+|[0-9]+|[^A-Za-z0-9]")
_ADDRESS_PIECE = re.compile(r"^[a-z]+://|\.com(?![A-Za-z0-9-])|" + _PIECE.pattern)
_FILE_PIECE = re.compile(r"[A-Za-z]+|[0-9]+|[가-힣]+|[^A-Za-z0-9가-힣]")


def find(view: View, policy: Policy) -> Iterator[Candidate]:
    text = view.text
    if "@" in text:
        for match in _MAIL.finditer(text):
            yield _address(match.start(), match[0], "email", 0.75)
        for match in _HANDLE.finditer(text):
            yield _address(match.start(), match[0], "handle", 0.7)
    if "." in text or "://" in text:
        for match in _FILE.finditer(text):
            yield _file(match)
        for match in _URL.finditer(text):
            host = re.sub(r"^[a-z]+://", "", match[0]).rstrip("/.").partition("/")[0]
            if "." in host or "://" in match[0]:
                yield _address(match.start(), match[0].rstrip(".?&"), "url", 0.75)


@dataclass(frozen=True, slots=True)
class _Address:
    """Where the parts of an address lie. name  what stands before @, or a handle. host  up to the path."""

    written: str
    name: range
    host: range

    @classmethod
    def of(cls, written: str, kind: str) -> _Address:
        end = len(written)
        if kind == "email":
            at = written.index("@")
            return cls(written, range(at), range(at + 1, end))
        if kind == "handle":
            return cls(written, range(1, end), range(0))
        start = written.find("://") + 3 if "://" in written else 0
        path = written.find("/", start)
        return cls(written, range(0), range(start, end if path < 0 else path))

    @property
    def korean(self) -> bool:
        """Whether the name holds a Korean surname: then all of it is Korean."""
        name = self.written[self.name.start : self.name.stop]
        return any(is_surname(piece) for piece in re.findall("[A-Za-z]+", name))


def _address(start: int, written: str, kind: str, confidence: float) -> Candidate:
    """One candidate that comes apart into its words and marks, so that each can be changed by itself."""
    address = _Address.of(written, kind)
    parts: list[Candidate] = []
    end = len(written.rstrip("/"))  # what closes an address is not said
    for match in _ADDRESS_PIECE.finditer(written):
        ways = _said(match, address)
        if match.start() >= end:
            ways = ["", *ways]
        if match.end() >= end:
            ways = [way.rstrip() for way in ways]
        reading, *others = ways if parts else [way.lstrip() for way in ways]
        rule = "network.word" if match[0][0].isalnum() else "network.mark"
        parts.append(
            Candidate(
                start + match.start(), start + match.end(), reading, kind, rule, confidence,
                tuple((other, rule) for other in others), SHAPE, repair=match.end() == len(written),
            )
        )  # fmt: skip
    whole = "".join(part.reading for part in parts)
    tier = SHAPE * 1.2
    return Candidate(
        start, start + len(written), whole, kind, f"network.{kind}", confidence, tier=tier, parts=tuple(parts)
    )


def _said(match: re.Match[str], address: _Address) -> list[str]:
    """One piece of an address and how else it could be said."""
    piece, at = match[0], match.start()
    if piece.endswith("://"):
        return ["", f"{letter_names(piece[:-3])} 콜론 슬래시 슬래시 "]
    if piece == ".com" and at in address.host:
        return [" 닷컴", " 점 컴", " 닷 컴", " 점컴"]
    if piece.isdigit():
        return _number(match)
    if not (piece.isascii() and piece.isalpha()):
        return [f" {name} " if name else " " for name in (_MARKS.get(piece, ""), *_OTHER_MARKS.get(piece, ()))]
    first = at in (0, address.host.start) or address.written[at - 1] == "/"
    if at in address.host and piece.lower() in _SUFFIX and (not first or piece == "www"):
        sound = [_word(piece)] if len(piece) > 2 else []
        return [_SUFFIX[piece.lower()], letter_names(piece, otherwise=True), *sound]
    return _name(piece, address.korean and at in address.name)


def _number(match: re.Match[str]) -> list[str]:
    """Short ones by value, others digit by digit; a space where a letter touches."""
    by_value, by_digit = sino(match[0]), spell(match[0], zero="공")
    short = len(match[0]) < 3 and match[0][0] != "0"
    ways = [*([by_value, by_digit] if short else [by_digit, by_value]), spell(match[0])]
    before, after = match.string[: match.start()][-1:], match.string[match.end() :][:1]
    return [f"{' ' * before.isalpha()}{way}{' ' * after.isalpha()}" for way in ways]


def _name(piece: str, korean: bool) -> list[str]:
    """A word of an address: a Korean name, the words it is glued from, or itself by lexicon, sound or letters."""
    guesses = hangul_of(piece)
    own = [full_name(piece)]
    if korean and is_surname(piece):
        own.append(romanised()[piece.lower()][0])
    elif korean or (not _known(piece) and _KOREAN.search(piece.lower())):
        own += guesses[:1]
    compound = " ".join(_word(part) for part in _compound(piece))
    return list(dict.fromkeys(filter(None, [*own, compound, _word(piece), *guesses, *sounds(piece)])))


def _compound(word: str) -> list[str]:
    """The words of the lexicon that `word` is glued from, mylife -> my, life; nothing where it is one or has others."""
    known, size = lexicon().folded, len(word)
    if size < 5 or word.lower() in known or size > 30:
        return []
    best: dict[int, list[str]] = {size: []}
    for at in range(size - 1, -1, -1):
        for end in range(size, at + 1, -1):
            part = word[at:end].lower()
            fits = end in best and part in known and (len(part) > 2 or part in _SHORT_WORDS)
            if fits and (at not in best or len(best[end]) + 1 < len(best[at])):
                best[at] = [word[at:end], *best[end]]
    return best.get(0, [])


_KOREAN = re.compile("[bcdghjkmnprst]h?(?:e[ou]|ae)|yeo")
_SHORT_WORDS = frozenset(("my", "go", "we", "it", "is", "up", "on", "no", "to", "me", "tv"))


def _file(match: re.Match[str]) -> Candidate:
    """IMG_2041.jpg, 회의록_최종.hwp: the stem's marks by name, then 점 and the kind of file."""
    kind = _words(match["kind"])
    pieces = _FILE_PIECE.findall(match["stem"])
    words = [piece if "가" <= piece[0] <= "힣" else _words(piece) for piece in pieces]
    values = [sino(piece) if piece.isdigit() else word for piece, word in zip(pieces, words, strict=True)]
    stem, by_value = (" ".join(filter(None, said)) for said in (words, values))
    others = [
        (f"{by_value} 점 {kind}", "network.file.value"),
        (f"{stem} 닷 {kind}", "network.dot"),
        (f"{stem.replace('언더바', '밑줄')} 점 {kind}", "network.file"),
        (f"{stem.replace(' 언더바', '').replace(' 하이픈', '')} 점 {kind}", "network.file.silent"),
        (f"{stem} {kind}", "network.file.silent"),
    ]
    return Candidate(*match.span(), f"{stem} 점 {kind}", "file", "network.file", 0.8, tuple(others), SHAPE * 1.3)


def _words(text: str) -> str:
    """An address part in words: known words, then short clusters by letters, marks by name, digits one by one."""
    out = []
    for piece in _PIECE.findall(text):
        if piece[0].isdigit():
            out.append(sino(piece) if len(piece) < 3 and piece[0] != "0" else spell(piece, zero="공"))
        elif not piece[0].isascii() or not piece[0].isalpha():
            out.append(_MARKS.get(piece, ""))
        else:
            out.append(_word(piece))
    return " ".join(word for word in out if word)


def _known(piece: str) -> str | None:
    known = lexicon()
    return known.exact.get(piece) or known.folded.get(piece.lower()) or pronounceable().get(piece.upper())


def _word(piece: str) -> str:
    """A known word, else by sound where it is long enough and has vowels, else by letters."""
    vowels = re.search("[aeiou]", piece.lower())
    return _known(piece) or (hangul(piece) if vowels and len(piece) > 3 else letter_names(piece))
