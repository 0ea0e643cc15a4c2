"""What learns: an adapter, everything, the text projection with a language row, or rows of the text embedding.

Each choice freezes the rest and says which parameters an optimiser gets; master weights are always float32. Knows
nothing of data, losses or steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from moksori.errors import InvalidInput
from moksori.model import Model
from moksori.model.adapter import Adapter, LoraLinear, Pair, trainable
from moksori.model.talker import Talker

from .rows import Rows
from .settings import Freeze, Language, Lora, Settings


@dataclass(frozen=True)
class Group:
    """Parameters with one weight decay."""

    parameters: tuple[nn.Parameter, ...]
    decays: bool


@dataclass(frozen=True)
class Learning:
    """`groups` for the optimiser; `pairs` the adapter's linears by path (empty unless an adapter learns);
    `predictor` whether its loss has anything to change; `tables` the talker's embeddings of which only rows learn."""

    groups: tuple[Group, ...]
    pairs: dict[str, LoraLinear]
    predictor: bool
    tables: tuple[str, ...] = ()

    @property
    def parameters(self) -> list[nn.Parameter]:
        return [parameter for group in self.groups for parameter in group.parameters]

    @property
    def num_values(self) -> int:
        return sum(parameter.numel() for parameter in self.parameters)

    def adapter(self) -> Adapter:
        found = self.pairs.items()
        return Adapter({path: Pair(one.down.detach(), one.up.detach(), one.scaling) for path, one in found})

    def settle(self, talker: Talker) -> None:
        """Plain embeddings again where rows of one were learnt; nothing learns after that."""
        for name in self.tables:
            rows = getattr(talker, name)
            if isinstance(rows, Rows):
                setattr(talker, name, rows.settled())


class Dropping(LoraLinear):
    """The adapter's linear while it learns: the narrow path sees its input through dropout."""

    def __init__(self, base: nn.Linear, pair: Pair, dropout: float) -> None:
        super().__init__(base, pair)
        self.dropout = dropout
        self.down.requires_grad_(True)
        self.up.requires_grad_(True)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.base(x)
        seen = functional.dropout(x.to(self.down.dtype), self.dropout, self.training)
        narrow = functional.linear(seen, self.down)
        return (y + functional.linear(narrow, self.up) * (self.scaling * self.scale)).to(y.dtype)


def choose(model: Model, settings: Settings, text_ids: Sequence[int]) -> Learning:
    """Freeze everything, then thaw what the settings say. `text_ids`: the rows of the text embedding that occur."""
    model.talker.requires_grad_(False)
    model.predictor.requires_grad_(False)
    if settings.learn == "lora":
        return _lora(model, settings.lora, settings.seed)
    if settings.learn == "full":
        return _full(model, settings.freeze)
    if settings.learn == "projection":
        return _projection(model, settings.language)
    return _text_rows(model, text_ids)


def _lora(model: Model, lora: Lora, seed: int) -> Learning:
    talker = model.talker
    ends = tuple(f".{target}" for target in lora.targets)
    paths = [n for n, m in talker.named_modules() if n.startswith("layers.") and n.endswith(ends) and _is_linear(m)]
    found = {path.rsplit(".", 1)[-1] for path in paths}
    for target in lora.targets:
        if target not in found:
            known = sorted({n.rsplit(".", 1)[-1] for n, m in talker.layers.named_modules() if _is_linear(m)})
            raise InvalidInput(
                f"lora.targets names {target!r}, which the talker's layers do not have.",
                hint=f"One of: {', '.join(known)}.",
                field="lora.targets",
            )
    scaling = lora.alpha / (lora.rank**0.5 if lora.rslora else lora.rank)
    fresh = trainable(talker, paths, lora.rank, scaling, seed)
    pairs: dict[str, LoraLinear] = {}
    for path in paths:
        parent, _, name = path.rpartition(".")
        linear = talker.get_submodule(path)
        assert isinstance(linear, nn.Linear)
        pairs[path] = Dropping(linear, fresh.pairs[path], lora.dropout)
        setattr(talker.get_submodule(parent), name, pairs[path])
    learnt = tuple(parameter for linear in pairs.values() for parameter in (linear.down, linear.up))
    return Learning((Group(learnt, decays=True),), pairs, predictor=False)


def _full(model: Model, freeze: Freeze) -> Learning:
    talker, predictor = model.talker, model.predictor
    talker.requires_grad_(True)
    predictor.requires_grad_(not freeze.predictor)
    talker.text_embedding.requires_grad_(not freeze.text_embedding)
    for table in (talker.codec_embedding, *predictor.codec_embedding):
        table.requires_grad_(not freeze.codec_tables)
    learnt = [p for p in (*talker.parameters(), *predictor.parameters()) if p.requires_grad]
    matrices = tuple(p for p in learnt if p.dim() > 1)
    vectors = tuple(p for p in learnt if p.dim() <= 1)
    return Learning((Group(matrices, decays=True), Group(vectors, decays=False)), {}, predictor=not freeze.predictor)


def _projection(model: Model, language: Language) -> Learning:
    model.talker.text_projection.requires_grad_(True)
    groups = [Group(tuple(model.talker.text_projection.parameters()), decays=False)]
    if not language.name:
        return Learning(tuple(groups), {}, predictor=False)
    groups.append(_rows(model.talker, "codec_embedding", [add_language(model, language)]))
    return Learning(tuple(groups), {}, predictor=False, tables=("codec_embedding",))


def _text_rows(model: Model, text_ids: Sequence[int]) -> Learning:
    group = _rows(model.talker, "text_embedding", sorted(set(text_ids)))
    return Learning((group,), {}, predictor=False, tables=("text_embedding",))


def _rows(talker: Talker, name: str, ids: Sequence[int]) -> Group:
    rows = Rows(getattr(talker, name), ids)
    setattr(talker, name, rows)
    return Group((rows.learnt,), decays=False)


def add_language(model: Model, language: Language) -> int:
    """Give a new language a free codec row, starting as the mean of its relatives', and register it in the config; the
    row of one that is there already is left as it is. Clips are read after this, so that training, listening and the
    saved checkpoint know the language by one id."""
    talker = model.config.talker
    name = language.name.lower()
    if name in talker.languages:
        return talker.languages[name]
    unknown = [other for other in language.related if other.lower() not in talker.languages]
    if unknown or not language.related:
        raise InvalidInput(
            f"language.related names {unknown[0]!r}, which the checkpoint does not have."
            if unknown
            else f"The checkpoint does not have {name!r}; language.related must say what it resembles.",
            hint=f"It has: {', '.join(sorted(talker.languages))}.",
            field="language.related",
        )
    row = free_row(model, after=max(talker.languages.values()))
    relatives = [talker.languages[other.lower()] for other in language.related]
    with torch.no_grad():
        table = model.talker.codec_embedding.weight
        table[row] = table[relatives].float().mean(0).to(table.dtype)
    model.config = replace(model.config, talker=replace(talker, languages={**talker.languages, name: row}))
    return row


def free_row(model: Model, after: int) -> int:
    """The first row of the control region that means nothing yet, looking from `after` on and then from the start."""
    talker = model.config.talker
    control = {talker.pad_id, talker.bos_id, talker.eos_id, talker.think_id, talker.nothink_id}
    control |= {talker.think_bos_id, talker.think_eos_id}
    taken = control | set(talker.languages.values()) | set(talker.speakers.values())
    region = range(talker.num_first_codes, talker.vocab_size)
    # Between the control ids lie rows that the released models reserve; one past the highest of them is safe.
    order = [row for row in region if row > max(after, *control)] + [row for row in region if row > after]
    for row in order:
        if row not in taken:
            return row
    raise InvalidInput("The checkpoint's codec table has no free row left.", field="model")


def _is_linear(module: nn.Module) -> bool:
    return isinstance(module, nn.Linear)


def lost_share(before: Sequence[Tensor], after: Sequence[Tensor]) -> float:
    """Of the values that a step changed, the share that bfloat16 weights would not have shown: how much a run
    without float32 masters would have lost to rounding."""
    changed = lost = 0
    for old, new in zip(before, after, strict=True):
        moved = old != new
        changed += int(moved.sum())
        lost += int((moved & (old.to(torch.bfloat16) == new.to(torch.bfloat16))).sum())
    return lost / changed if changed else 0.0
