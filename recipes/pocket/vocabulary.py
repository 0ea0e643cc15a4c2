"""The vocabulary of `pocket`: nearly one token a character, in the official files (vocab.json, merges.txt).

Byte-level BPE whose merges join exactly the bytes of one character, for every Hangul syllable and every other
character that is asked for; any other character is spoken as its bytes. Two exceptions keep the official layout:
`assistant` and `user` are single tokens. `factors` says how a token is composed, so that its embedding can be a sum
over its onset, nucleus and coda, and a syllable that was never heard is still read. Knows nothing of training.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tts_pad>", "<tts_text_bos>", "<tts_text_eod>")
WHOLE_WORDS = {
    # Joined through pairs that are rare elsewhere, so that ordinary words stay in letters.
    "assistant": ("ss", "ssi", "assi", "assis", "assist", "assista", "assistan", "assistant"),
    "user": ("us", "use", "user"),
}
HANGUL = range(0xAC00, 0xD7A4)
ONSETS, NUCLEI, CODAS = 19, 21, 28
ACCENTED = "àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿßœÀÁÂÃÄÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜŒ¿¡"
CYRILLIC = "".join(chr(c) for c in range(0x410, 0x450)) + "ёЁ"
KANA = "".join(chr(c) for c in (*range(0x3041, 0x3097), *range(0x30A1, 0x30FB), 0x30FC))
PUNCTUATION = "。、！？，…·“”‘’「」～—–"


def byte_letters() -> list[str]:
    """The printable stand-in of each byte in the official files: itself where printable, else 256 + n."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    rest = [b for b in range(256) if b not in printable]
    return [chr(b) if b in printable else chr(256 + rest.index(b)) for b in range(256)]


class Vocabulary:
    """tokens (in id order, specials last) and merges; `extra` are further characters to have as one token."""

    def __init__(self, extra: Iterable[str] = ()) -> None:
        self._letters = byte_letters()
        self.tokens: list[str] = list(self._letters)
        self.merges: list[tuple[str, str]] = []
        self._known = set(self.tokens)
        self.characters: dict[str, str] = {}
        more = sorted({c for c in extra if ord(c) > 0x7F} - {chr(c) for c in HANGUL})
        for character in (*(chr(c) for c in HANGUL), *KANA, *ACCENTED, *CYRILLIC, *PUNCTUATION, *more):
            self._join_bytes(character)
        for word, steps in WHOLE_WORDS.items():
            self._join_word(word, steps)
        self.size = len(self.tokens)
        self.specials = {name: self.size + n for n, name in enumerate(SPECIALS)}

    def __len__(self) -> int:
        return self.size + len(SPECIALS)

    def _merge(self, left: str, right: str) -> str:
        if left + right not in self._known:
            self.tokens.append(left + right)
            self._known.add(left + right)
            self.merges.append((left, right))
        return left + right

    def _join_bytes(self, character: str) -> None:
        letters = [self._letters[b] for b in character.encode()]
        token = letters[0]
        for letter in letters[1:]:
            token = self._merge(token, letter)
        self.characters[token] = character

    def _join_word(self, word: str, steps: tuple[str, ...]) -> None:
        token = ""
        for step in steps:
            if step.endswith(token) and token:
                token = self._merge(step[: -len(token)], token)
            else:
                token = self._merge(token or step[0], step[len(token) or 1 :])
        assert token == word

    def factors(self) -> list[tuple[int, int, int]]:
        """(onset, nucleus, coda) of each token that is a Hangul syllable, (-1, -1, -1) of all others, in id order."""
        found = []
        for token in self.tokens:
            code = ord(self.characters.get(token, "\0")) - HANGUL.start
            syllable = 0 <= code < len(HANGUL)
            found.append((code // 588, code // 28 % 21, code % 28) if syllable else (-1, -1, -1))
        return found + [(-1, -1, -1)] * len(SPECIALS)

    def write(self, folder: Path) -> None:
        vocab = {token: number for number, token in enumerate(self.tokens)}
        lines = ["#version: 0.2", *(f"{left} {right}" for left, right in self.merges)]
        added = {
            str(number): {
                "content": name, "lstrip": False, "normalized": False, "rstrip": False,
                "single_word": False, "special": True,
            }
            for name, number in self.specials.items()
        }  # fmt: skip
        config = {
            "add_bos_token": False,
            "add_prefix_space": False,
            "added_tokens_decoder": added,
            "additional_special_tokens": list(SPECIALS[1:]),
            "bos_token": None,
            "clean_up_tokenization_spaces": False,
            "eos_token": "<|im_end|>",
            "errors": "replace",
            "model_max_length": 131072,
            "pad_token": "<|endoftext|>",
            "split_special_tokens": False,
            "tokenizer_class": "Qwen2Tokenizer",
            "unk_token": None,
        }
        _write(folder / "vocab.json", json.dumps(vocab, ensure_ascii=False, separators=(",", ":")))
        _write(folder / "merges.txt", "\n".join(lines) + "\n")
        _write(folder / "tokenizer_config.json", json.dumps(config, ensure_ascii=False, indent=2) + "\n")


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
