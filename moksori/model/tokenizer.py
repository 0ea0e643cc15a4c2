"""Text to ids, from `vocab.json` and `merges.txt`, in the frames that the talker was trained on.

A user's text is only ever text: the control ids are placed around it here and nothing in it can become one. Knows
nothing of embeddings, or of how a sentence is read aloud.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from packaging.version import InvalidVersion, Version
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from moksori.errors import InvalidInput

from .config import ModelConfig

# How text falls into pieces before bytes are merged. The first is the pattern the vocabulary was made with.
QWEN_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# And this is what qwen-tts 0.1.1 really splits by, for a folder whose config.json was written by transformers 4.57.3
# or later 4.x (all released ones): it asks for `fix_mistral_regex`, which that version applies to any model. It
# differs where capitals follow small letters or Hangul without a space, and at combining marks.
CASED_SPLIT = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


# Share of tokens that no merge makes; none in the released files, where specials stand apart.
MOST_UNMADE = 0.01


@dataclass(frozen=True)
class Framed:
    """A text between its control ids. `role` is the opening, `body` the text itself."""

    role: tuple[int, ...]
    body: tuple[int, ...]


class TextTokenizer:
    """Byte-level BPE after NFC; digits stay single."""

    def __init__(self, bpe: Tokenizer, im_start: int, im_end: int) -> None:
        self._bpe = bpe
        self._im_start = im_start
        self._im_end = im_end

    @classmethod
    def load(cls, folder: Path, config: ModelConfig) -> TextTokenizer:
        """Raises InvalidInput for a missing or broken file and for ids outside the text embedding."""
        vocab = _read_vocab(folder / "vocab.json")
        merges = _read_merges(folder / "merges.txt")
        _check_ids(folder, vocab, config)
        _check_merges(folder, vocab, merges)
        bpe = Tokenizer(models.BPE(vocab=vocab, merges=merges, fuse_unk=False, byte_fallback=False))
        bpe.normalizer = normalizers.NFC()
        split = pre_tokenizers.Split(Regex(split_pattern(config.transformers_version)), behavior="isolated")
        bpe.pre_tokenizer = pre_tokenizers.Sequence(
            [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
        )
        return cls(bpe, config.im_start_id, config.im_end_id)

    def plain(self, text: str) -> tuple[int, ...]:
        """Ids of `text` alone, never a control id."""
        return tuple(self._bpe.encode(text, add_special_tokens=False).ids)

    def spoken(self, text: str) -> Framed:
        """What the talker speaks. The role is three ids; a line break that opens the text joins the role's own."""
        return self._framed("assistant", text)

    def instruction(self, text: str) -> tuple[int, ...]:
        """The whole block that goes in front."""
        framed = self._framed("user", text)
        return (*framed.role, *framed.body, self._im_end, *self.plain("\n"))

    def _framed(self, role: str, text: str) -> Framed:
        # One run of bytes from the role to the end of the text, as upstream splits only at control tokens.
        ids = (self._im_start, *self.plain(f"{role}\n{text}"))
        return Framed(ids[:3], ids[3:])


def split_pattern(transformers_version: str) -> str:
    """The pattern upstream uses for a local folder whose config.json names this version ('' for none)."""
    if not transformers_version:
        return CASED_SPLIT
    try:
        version = Version(transformers_version)
    except InvalidVersion as error:
        raise InvalidInput(
            f"config.json: transformers_version {transformers_version!r} is not a version.",
            field="transformers_version",
        ) from error
    return CASED_SPLIT if Version("4.57.2") < version < Version("5.0.0") else QWEN_SPLIT


def _read_vocab(path: Path) -> dict[str, int]:
    try:
        vocab = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _missing(path) from None
    except ValueError as error:
        raise InvalidInput(f"{path} is not JSON: {error}.", field="vocab.json") from error
    if not isinstance(vocab, dict) or not all(type(identity) is int for identity in vocab.values()):
        raise InvalidInput(f"{path} should map tokens to whole numbers.", field="vocab.json")
    return vocab


def _read_merges(path: Path) -> list[tuple[str, str]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise _missing(path) from None
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path} is not UTF-8 text.", field="merges.txt") from error
    pairs = [line.split() for line in lines if line.strip() and not line.startswith("#version:")]
    for pair in pairs:
        if len(pair) != 2:
            raise InvalidInput(f"{path} has a line that is not a pair: {' '.join(pair)!r}.", field="merges.txt")
    return [(left, right) for left, right in pairs]


def _missing(path: Path) -> InvalidInput:
    return InvalidInput(
        f"{path.name} is missing from {path.parent}.",
        hint="The text tokenizer needs vocab.json and merges.txt; fetch the checkpoint again, complete.",
        field=path.name,
    )


def _check_ids(folder: Path, vocab: dict[str, int], config: ModelConfig) -> None:
    size = config.talker.text_vocab_size
    specials = {config.im_start_id, config.im_end_id, config.tts_pad_id, config.tts_bos_id, config.tts_eos_id}
    largest = max([*vocab.values(), *specials], default=0)
    if largest >= size:
        raise InvalidInput(
            f"The vocabulary in {folder} has id {largest}; the checkpoint embeds {size} text ids.",
            hint="vocab.json and config.json are of different models.",
            field="vocab.json",
        )
    added = _added_tokens(folder / "tokenizer_config.json")
    for token, identity in (("<|im_start|>", config.im_start_id), ("<|im_end|>", config.im_end_id)):
        if added.get(token, identity) != identity:
            raise InvalidInput(
                f"{token} is {identity} in config.json and {added[token]} in tokenizer_config.json.",
                hint="The files are of different models.",
                field="tokenizer_config.json",
            )


def _check_merges(folder: Path, vocab: dict[str, int], merges: list[tuple[str, str]]) -> None:
    """Every merge joins tokens into one, and nearly every longer token is made by one: a cut merges.txt would speak in
    syllables' bytes, quietly."""
    for left, right in merges:
        strange = [token for token in (left, right, left + right) if token not in vocab]
        if strange:
            raise InvalidInput(
                f"vocab.json and merges.txt in {folder} do not belong together: {strange[0]!r} is no token.",
                hint="Fetch the checkpoint again, complete.",
                field="merges.txt",
            )
    made = {left + right for left, right in merges}
    longer = [token for token in vocab if len(token) > 1 and not token.startswith("<|")]
    lost = [token for token in longer if token not in made]
    if len(lost) > MOST_UNMADE * len(longer):
        raise InvalidInput(
            f"merges.txt in {folder} makes {len(longer) - len(lost)} of the vocabulary's {len(longer)} longer tokens.",
            hint="It is cut short or of another model; fetch the checkpoint again, complete.",
            field="merges.txt",
        )


def _added_tokens(path: Path) -> dict[str, int]:
    if not path.is_file():
        return {}
    try:
        added = json.loads(path.read_text(encoding="utf-8")).get("added_tokens_decoder", {})
        return {entry["content"]: int(identity) for identity, entry in added.items()}
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise InvalidInput(f"{path} cannot be read: {error!r}.", field="tokenizer_config.json") from error
