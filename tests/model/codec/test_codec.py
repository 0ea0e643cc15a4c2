"""Loading by official names, strictly, one direction alone where that is enough."""

from __future__ import annotations

import pytest
import torch

from moksori.errors import InvalidInput
from moksori.model.codec import Codec, leftovers
from tests.model.codec import tiny


def test_a_missing_tensor_is_an_error_that_names_it() -> None:
    tensors = dict(tiny.tensors())
    name = "decoder.pre_conv.conv.bias"
    del tensors[name]
    with pytest.raises(InvalidInput, match=name):
        Codec.load(tiny.config(), tensors)


def test_a_tensor_of_another_shape_is_an_error_that_names_it() -> None:
    name = "encoder.downsample.conv.weight"
    with pytest.raises(InvalidInput, match=name):
        Codec.load(tiny.config(), tiny.tensors() | {name: torch.zeros(3, 3, 4)})


def test_whole_numbers_are_no_weights() -> None:
    name = "decoder.pre_conv.conv.bias"
    wrong = tiny.tensors()[name].to(torch.int64)
    with pytest.raises(InvalidInput, match=name):
        Codec.load(tiny.config(), tiny.tensors() | {name: wrong})


def test_leftovers_are_named_and_known_unused_tensors_are_not() -> None:
    assert leftovers(tiny.config(), list(tiny.tensors())) == []
    assert leftovers(tiny.config(), [*tiny.tensors(), "encoder.extra.weight"]) == ["encoder.extra.weight"]


def test_one_direction_loads_without_the_tensors_of_the_other() -> None:
    for part in ("encoder", "decoder"):
        some = {name: tensor for name, tensor in tiny.tensors().items() if name.startswith(part)}
        codec = Codec.load(tiny.config(), some, parts=(part,))
        assert (codec.encoder is None) == (part == "decoder")
        assert (codec.decoder is None) == (part == "encoder")


def test_there_and_back_keeps_the_length_in_frames() -> None:
    pcm = tiny.sound(5000)
    assert tiny.codec().decode(tiny.codec().encode(pcm)).shape == (3 * 1920,)


def test_a_codec_can_be_cast_and_still_decodes() -> None:
    double = Codec.load(tiny.config(), tiny.tensors(), dtype=torch.float64)
    codes = tiny.golden("tiny")[1]
    assert float((double.decode(codes) - tiny.codec().decode(codes)).abs().max()) < 1e-4
