"""A loaded model's talker and predictor in the kernels' form: addresses, norms, rotary tables.

Knows nothing of sequences or of what is done with them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from moksori.model import Model
from moksori.model import layers as model_layers

from .depth import Tables
from .kernels import Stack
from .packing import Packer, Precision
from .products import Matrix

NAMES = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
LANES = 16


def supports(model: Model) -> bool:
    """Whether the kernels can hold this model: whole lanes everywhere, and no attention bias."""
    sizes = []
    for shape in (model.config.talker.stack, model.config.predictor.stack):
        if shape.attention_bias:
            return False
        sizes += [shape.hidden_size, shape.intermediate_size, shape.head_dim, shape.num_heads * shape.head_dim]
    return all(size % LANES == 0 for size in sizes)


@dataclass(eq=False)
class Weights:
    """Everything the compiled step reads. Addresses stay valid as long as this object lives."""

    precision: Precision
    packer: Packer
    talker: Stack
    talker_head: Matrix
    predictor: Stack
    tables: Tables

    @classmethod
    def of(cls, model: Model, precision: Precision, positions: int) -> Weights:
        """`positions`: the longest sequence that will be asked for."""
        talker, predictor = model.talker, model.predictor
        parts = [*talker.layers.parameters(), talker.codec_head.weight, *predictor.parameters()]
        packer = Packer.for_tensors(precision, [p.detach() for p in [*parts, talker.codec_embedding.weight]])
        groups = model.config.talker.num_code_groups
        return cls(
            precision=precision,
            packer=packer,
            talker=_stack(talker, packer, positions),
            talker_head=packer.matrix(talker.codec_head.weight),
            predictor=_stack(predictor, packer, groups + 1),
            tables=_tables(model, packer),
        )


def _stack(stack: model_layers.Stack, packer: Packer, positions: int) -> Stack:
    weights = np.zeros((len(stack.layers), len(NAMES)), np.int64)
    scales = np.zeros_like(weights)
    for index, layer in enumerate(stack.layers):
        for place, name in enumerate(NAMES):
            matrix = packer.matrix(_projection(layer, name).weight)
            weights[index, place], scales[index, place] = matrix.address, matrix.scale
    shape = stack.shape
    cos, sin = model_layers.rotary(torch.arange(positions), shape.head_dim, shape.rope_theta, torch.float32)
    half = shape.head_dim // 2
    keep = packer.keep
    return Stack(
        kind=packer.kind,
        layers=shape.num_layers,
        hidden=shape.hidden_size,
        inner=shape.intermediate_size,
        heads=shape.num_heads,
        kv_heads=shape.num_kv_heads,
        head_dim=shape.head_dim,
        eps=shape.rms_norm_eps,
        weights=keep(weights),
        scales=keep(scales),
        input_norm=keep(_norms(stack, "input_layernorm")),
        post_norm=keep(_norms(stack, "post_attention_layernorm")),
        q_norm=keep(_norms(stack, "self_attn.q_norm")),
        k_norm=keep(_norms(stack, "self_attn.k_norm")),
        final_norm=keep(_floats(stack.norm.weight)),
        cos=keep(cos[:, :half].numpy()),
        sin=keep(sin[:, :half].numpy()),
    )


def _projection(layer: nn.Module, name: str) -> nn.Linear:
    found = layer.get_submodule(("self_attn." if name in NAMES[:4] else "mlp.") + name)
    assert isinstance(found, nn.Linear)
    return found


def _norms(stack: model_layers.Stack, name: str) -> npt.NDArray[np.float32]:
    """(layers, size) of one norm in every layer."""
    return np.stack([_floats(layer.get_submodule(name).get_parameter("weight")) for layer in stack.layers])


def _floats(tensor: Tensor) -> npt.NDArray[np.float32]:
    return tensor.detach().float().contiguous().numpy().copy()


def _tables(model: Model, packer: Packer) -> Tables:
    predictor = model.predictor
    first: list[nn.Module] = [model.talker.codec_embedding]
    tables = [t.get_parameter("weight") for t in [*first, *predictor.codec_embedding]]
    heads = [packer.matrix(head.get_parameter("weight")) for head in predictor.lm_head]
    projection, bias = Matrix(packer.kind, 0, 0, 0), np.zeros(1, np.float32)
    if isinstance(predictor.small_to_mtp_projection, nn.Linear):
        projection = packer.matrix(predictor.small_to_mtp_projection.weight)
        bias = _floats(predictor.small_to_mtp_projection.bias)
    return Tables(
        kind=packer.exact_kind,
        embeddings=packer.keep(np.array([packer.table(table) for table in tables], np.int64)),
        head_kind=packer.kind,
        heads=packer.keep(np.array([head.address for head in heads], np.int64)),
        head_scales=packer.keep(np.array([head.scale for head in heads], np.int64)),
        projection=projection,
        bias=packer.keep(bias),
        wide=model.config.talker.stack.hidden_size,
        vocab=model.config.predictor.vocab_size,
    )
