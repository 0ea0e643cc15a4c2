"""Official config files are read; what cannot be computed is refused."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from moksori.errors import InvalidInput
from moksori.model.codec import CodecConfig
from tests.parity.codec_random import official_config


def test_sizes_come_from_the_file() -> None:
    config = CodecConfig.from_dict(official_config({"books": 5}))
    assert config.valid_quantizers == 5
    assert config.samples_per_frame == 1920
    assert config.decoder.upsample_rates == (8, 5, 4, 3)
    assert config.encoder.head_dim == 8


@pytest.mark.parametrize(
    ("where", "key", "value"),
    [
        (None, "model_type", "qwen3_tts_tokenizer_25hz"),
        (None, "surprise", 1),
        (None, "encode_downsample_rate", 960),
        (None, "encoder_valid_num_quantizers", 7),
        ("encoder_config", "pad_mode", "reflect"),
        ("encoder_config", "use_causal_conv", False),
        ("encoder_config", "use_conv_shortcut", True),
        ("encoder_config", "codebook_size", 256),
        ("encoder_config", "codebook_dim", 24),
        ("encoder_config", "upsampling_ratios", [8, 6, 5, 5]),
        ("encoder_config", "another", 1),
        ("decoder_config", "hidden_act", "gelu"),
        ("decoder_config", "attention_bias", True),
        ("decoder_config", "upsample_rates", [8, 5, 4, 4]),
        ("decoder_config", "rope_scaling", {"rope_type": "yarn"}),
    ],
)
def test_what_would_be_computed_otherwise_is_refused(where: str | None, key: str, value: Any) -> None:
    official = copy.deepcopy(official_config({}))
    (official if where is None else official[where])[key] = value
    with pytest.raises(InvalidInput):
        CodecConfig.from_dict(official)


@pytest.mark.parametrize(("where", "key"), [("decoder_config", "latent_dim"), ("encoder_config", "num_filters")])
def test_a_missing_size_is_named(where: str, key: str) -> None:
    official = copy.deepcopy(official_config({}))
    del official[where][key]
    with pytest.raises(InvalidInput, match=key):
        CodecConfig.from_dict(official)
