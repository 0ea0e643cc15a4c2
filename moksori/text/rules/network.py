"""E-mail addresses, web addresses and file names.

Convention (announcers): @ 골뱅이, the last dot with com is 닷컴, other dots 점; words are said as words where the
lexicon knows them, short unknown clusters and country codes by letters; the scheme is not said; in the name of a file _
is 언더바 and the dot before its kind 점. Source: 국립국어원 '@' as 골뱅이 (표준국어대사전), 외래어 표기법 for
unknown words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..candidate import SHAPE, Candidate
from ..number import sino, spell
from ..policy import Policy
from ..tables import lexicon, pronounceable
from ..view import View
from .english import letter_names
from .transliterate import hangul

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
_FILE = re.compile(
    r"(?<![A-Za-z0-9가-힣@._/-])(?P<stem>[A-Za-z0-9가-힣][A-Za-z0-9가-힣_().-]{0,80})\.(?P<kind>jpe?g|png|gif|webp|hwpx?|pdf"
    r"|docx?|xlsx?|pptx?|txt|csv|zip|7z|exe|apk|mp[34]|wav|flac|avi|mov|mkv|html?|json|ya?ml|xml|py|js|ts|ini|log|md)(?![A-Za-z0-9_./-])"
)
_PIECE = re.compile(r"[A-Za-z]+|[0-9]+|[^A-Za-z0-9]")
_FILE_PIECE = re.compile(r"[A-Za-z]+|[0-9]+|[가-힣]+|[^A-Za-z0-9가-힣]")


def find(view: View, policy: Policy) -> Iterator[Candidate]:
    text = view.text
    if "@" in text:
        for match in _MAIL.finditer(text):
            name, _, host = match[0].partition("@")
            yield from _candidates(match, f"{_words(name)} 골뱅이 ", f"{letter_names(name)} 골뱅이 ", host, "", "email")
        for match in _HANDLE.finditer(text):
            name = _words(match["name"])
            others = [(f"앳 {name}", "network.at"), (f"골뱅이 {letter_names(match['name'])}", "network.letters")]
            others.append((f"골뱅이 {name.replace(' 언더바', '')}", "network.handle"))
            yield Candidate(*match.span(), f"골뱅이 {name}", "handle", "network.handle", 0.7, tuple(others), SHAPE)
    if "." in text:
        for match in _FILE.finditer(text):
            yield _file(match)
        for match in _URL.finditer(text):
            written = re.sub(r"^[a-z]+://", "", match[0]).rstrip("/.")
            host, slash, path = written.partition("/")
            if "." not in host and "://" not in match[0]:
                continue
            end = match.end() - (len(match[0]) - len(match[0].rstrip(".?&")))
            yield from _candidates(match, "", "", host, _words(slash + path) if path else "", "url", end)


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


def _candidates(
    match: re.Match[str], head: str, letters: str, host: str, tail: str, kind: str, end: int | None = None
) -> Iterator[Candidate]:
    port = ""
    if ":" in host:
        host, _, number = host.partition(":")
        port = f" 콜론 {spell(number, zero='공')}"
    dotted, dot, point = _host(host, "점", True), _host(host, "닷", True), _host(host, "점", False)
    rest = port + (f" {tail}" if tail else "")
    others = [(f"{head}{point}{rest}", "network.point"), (f"{head}{dot}{rest}", "network.dot")]
    if letters:
        others.append((f"{letters}{dotted}{rest}", "network.letters"))
        others.append((f"{head.replace('골뱅이', '앳')}{dotted}{rest}", "network.at"))
    yield Candidate(
        match.start(),
        match.end() if end is None else end,
        f"{head}{dotted}{rest}",
        kind,
        f"network.{kind}",
        0.75,
        tuple(others),
        SHAPE * 1.2,
    )


def _host(host: str, dot: str, dotcom: bool) -> str:
    labels = host.split(".")
    words = [_label(label, index, len(labels)) for index, label in enumerate(labels)]
    if dotcom and labels[-1] == "com":
        return f" {dot} ".join(words[:-1]) + " 닷컴"
    return f" {dot} ".join(words)


def _label(label: str, index: int, count: int) -> str:
    if (index and label.lower() in _SUFFIX) or label == "www":
        return _SUFFIX[label.lower()]
    return _words(label)


def _words(text: str) -> str:
    """An address part in words: known words, then short clusters by letters, marks by name, digits one by one."""
    out = []
    for piece in _PIECE.findall(text):
        if piece[0].isdigit():
            out.append(sino(piece) if len(piece) < 3 and piece[0] != "0" else spell(piece, zero="공"))
        elif not piece[0].isascii() or not piece[0].isalpha():
            out.append("점" if piece == "." else _MARKS.get(piece, ""))
        else:
            known = lexicon()
            found = known.exact.get(piece) or known.folded.get(piece.lower()) or pronounceable().get(piece.upper())
            vowels = re.search("[aeiou]", piece.lower())
            out.append(found or (hangul(piece) if vowels and len(piece) > 3 else letter_names(piece)))
    return " ".join(word for word in out if word)
