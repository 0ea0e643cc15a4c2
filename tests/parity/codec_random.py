"""Tiny codec checkpoints in the official format in which every tensor is random, and clips to put through them.

Weights are drawn by name and shape alone, so the same checkpoint comes out wherever it is written: nothing large has
to be stored beside the results of the official package. Knows nothing of that package.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from moksori.model.codec import Codec, CodecConfig

SEED = 17
GOLDEN_CLIP, GOLDEN_SAMPLES = 5, 7 * 1920 + 961
CASES: dict[str, dict[str, Any]] = {
    "tiny": {},
    # Everything that may differ does: grouped keys, other strides, more books than frames have codes.
    "other": {
        "encoder": {"num_filters": 6, "upsampling_ratios": [5, 4, 6, 8], "hidden_size": 40, "upsample_groups": 40,
                    "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 10, "num_residual_layers": 2,
                    "num_quantizers": 9, "intermediate_size": 72, "vector_quantization_hidden_dimension": 24,
                    "codebook_dim": 24, "kernel_size": 5},
        "decoder": {"upsample_rates": [4, 8, 5, 3], "latent_dim": 56, "codebook_dim": 48, "hidden_size": 36,
                    "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 12, "num_quantizers": 6,
                    "sliding_window": 11},
        "books": 6,
    },
}  # fmt: skip

# The sizes of the released codec, as they differ from the tiny one's.
RELEASED: dict[str, Any] = {
    "encoder": {"codebook_dim": 256, "codebook_size": 2048, "head_dim": 64, "hidden_size": 512,
                "intermediate_size": 2048, "num_attention_heads": 8, "num_filters": 64, "num_hidden_layers": 8,
                "num_key_value_heads": 8, "num_quantizers": 32, "upsample_groups": 512,
                "vector_quantization_hidden_dimension": 256},
    "decoder": {"codebook_dim": 512, "codebook_size": 2048, "decoder_dim": 1536, "head_dim": 64, "hidden_size": 512,
                "intermediate_size": 1024, "latent_dim": 1024, "num_attention_heads": 16, "num_hidden_layers": 8,
                "num_key_value_heads": 16, "vector_quantization_hidden_dimension": 512},
    "books": 16,
}  # fmt: skip


def official_config(sizes: dict[str, Any]) -> dict[str, Any]:
    """A complete official config.json, tiny, with `sizes` laid over it."""
    books = sizes.get("books", 4)
    encoder = {
        "_frame_rate": 12.5, "attention_bias": False, "attention_dropout": 0.0, "audio_channels": 1,
        "codebook_dim": 16, "codebook_size": 128, "compress": 2, "dilation_growth_rate": 2, "dtype": "float32",
        "head_dim": 8, "hidden_act": "gelu", "hidden_size": 32, "initializer_range": 0.02, "intermediate_size": 64,
        "kernel_size": 7, "last_kernel_size": 3, "layer_scale_initial_scale": 0.01,
        "max_position_embeddings": 8000, "norm_eps": 1e-5, "normalize": False, "num_attention_heads": 4,
        "num_filters": 4, "num_hidden_layers": 2, "num_key_value_heads": 4, "num_quantizers": 6,
        "num_residual_layers": 1, "num_semantic_quantizers": 1, "pad_mode": "constant",
        "residual_kernel_size": 3, "rope_theta": 10000.0, "sampling_rate": 24000, "sliding_window": 250,
        "transformers_version": "4.57.0.dev0", "trim_right_ratio": 1.0, "upsample_groups": 32,
        "upsampling_ratios": [8, 6, 5, 4], "use_cache": False, "use_causal_conv": True,
        "use_conv_shortcut": False, "use_streaming": False, "vector_quantization_hidden_dimension": 16,
    }  # fmt: skip
    decoder = {
        "attention_bias": False, "attention_dropout": 0.0, "latent_dim": 32, "codebook_dim": 32,
        "codebook_size": 128, "decoder_dim": 48, "hidden_act": "silu", "hidden_size": 24, "intermediate_size": 48,
        "layer_scale_initial_scale": 0.01, "max_position_embeddings": 8000, "head_dim": 8,
        "num_attention_heads": 4, "num_hidden_layers": 2, "num_key_value_heads": 4, "num_quantizers": books,
        "num_semantic_quantizers": 1, "rms_norm_eps": 1e-5, "rope_theta": 10000, "semantic_codebook_size": 4096,
        "sliding_window": 72, "upsample_rates": [8, 5, 4, 3], "upsampling_ratios": [2, 2],
        "vector_quantization_hidden_dimension": 32,
    }  # fmt: skip
    return {
        "architectures": ["Qwen3TTSTokenizerV2Model"],
        "model_type": "qwen3_tts_tokenizer_12hz",
        "encoder_valid_num_quantizers": books,
        "input_sample_rate": 24000,
        "output_sample_rate": 24000,
        "decode_upsample_rate": 1920,
        "encode_downsample_rate": 1920,
        "decoder_config": decoder | sizes.get("decoder", {}),
        "encoder_config": encoder | sizes.get("encoder", {}),
        "transformers_version": "4.57.3",
    }


def random_tensors(config: dict[str, Any], seed: int) -> dict[str, Tensor]:
    """All tensors of the official file, those that nothing uses included."""
    with torch.device("meta"):
        shapes = {name: tuple(t.shape) for name, t in Codec(CodecConfig.from_dict(config)).state_dict().items()}
    shapes |= _unused(config)
    return {name: _draw(name, shape, seed) for name, shape in sorted(shapes.items())}


def _unused(config: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    encoder, decoder = config["encoder_config"], config["decoder_config"]
    size, width, hidden = encoder["codebook_size"], encoder["codebook_dim"], encoder["hidden_size"]
    shapes: dict[str, tuple[int, ...]] = {}
    for part, count in (("semantic", 1), ("acoustic", encoder["num_quantizers"] - 1)):
        stem = f"encoder.quantizer.{part}_residual_vector_quantizer"
        shapes[f"{stem}.output_proj.weight"] = (hidden, width, 1)
        for k in range(count):
            shapes[f"{stem}.layers.{k}.codebook.initialized"] = (1,)
            shapes[f"{stem}.layers.{k}.codebook.cluster_usage"] = (size,)
            shapes[f"{stem}.layers.{k}.codebook.embed_sum"] = (size, width)
    for part in ("first", "rest"):
        shapes[f"decoder.quantizer.rvq_{part}.input_proj.weight"] = (
            decoder["codebook_dim"] // 2,
            decoder["codebook_dim"],
            1,
        )
    return shapes


def draw(name: str, shape: tuple[int, ...], seed: int, books: float) -> tuple[Tensor, Tensor | None]:
    """Noise that depends on name, shape and seed; and the tensor made of it if it is no weight or bias of a layer.

    books  the scale of the codebooks' sums.
    """
    generator = torch.Generator().manual_seed(seed * 1_000_003 + zlib.crc32(name.encode()))
    noise = torch.randn(shape, generator=generator)
    if name.endswith("initialized"):
        return noise, torch.ones(shape)
    if name.endswith("cluster_usage"):
        return noise, 0.5 + 4 * torch.rand(shape, generator=generator)
    if name.endswith(("embed_sum", "embedding_sum")):
        return noise, noise * books
    if name.endswith((".alpha", ".beta")):
        return noise, 0.3 * noise
    if "norm" in name and name.endswith("weight"):
        return noise, 1 + 0.3 * noise
    if name.endswith((".scale", ".gamma")):
        return noise, 0.4 + 0.2 * noise
    return noise, None


def _draw(name: str, shape: tuple[int, ...], seed: int) -> Tensor:
    """Random, at a scale that keeps a signal alive through the whole stack."""
    noise, special = draw(name, shape, seed, books=1.2)
    if special is not None:
        return special
    if len(shape) == 1:
        return 0.05 * noise
    return noise * _gain(name) / _fan_in(name, shape) ** 0.5


def _fan_in(name: str, shape: tuple[int, ...]) -> float:
    if len(shape) == 3 and ("upsample" in name or ".block.1.conv" in name) and name.startswith("decoder."):
        return shape[0] * (1 if "upsample" in name and "dwconv" not in name else 2)  # a transposed convolution
    return float(torch.Size(shape[1:]).numel())


def _gain(name: str) -> float:
    if name.startswith("encoder.encoder.layers"):
        return 1.2
    if name.endswith("decoder.6.conv.weight"):
        return 0.15  # the last convolution: what comes out must be sound, neither silence nor clipping
    if name.startswith("decoder.") and ".block.1.conv." in name:
        return 0.5  # with more, rounding grows in these layers until two processors differ by 1e-5
    return 0.4 if ".conv2." in name else 1.0


def write_checkpoint(folder: Path, sizes: dict[str, Any], seed: int) -> None:
    """`config.json`, `model.safetensors` and `preprocessor_config.json`."""
    config = official_config(sizes)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR, indent=2))
    save_file(random_tensors(config, seed), folder / "model.safetensors", metadata={"format": "pt"})


PREPROCESSOR = {
    "chunk_length_s": None,
    "feature_extractor_type": "EncodecFeatureExtractor",
    "feature_size": 1,
    "overlap": None,
    "padding_side": "right",
    "padding_value": 0.0,
    "return_attention_mask": True,
    "sampling_rate": 24000,
}


def clip(seed: int, length: int, rate: int) -> np.ndarray:
    """(length,) float32: tones that come and go over noise of changing level, so that codes vary."""
    generator = np.random.default_rng(seed)
    time = np.arange(length) / rate
    sound = np.zeros(length)
    for _ in range(6):
        pitch, tremor, phase = generator.uniform(80, 4000), generator.uniform(0.3, 6), generator.uniform(0, 6.3)
        sound += np.sin(2 * np.pi * pitch * time + phase) * np.maximum(0, np.sin(2 * np.pi * tremor * time + phase))
    noise = generator.standard_normal(length) * np.abs(np.sin(2 * np.pi * 1.7 * time))
    return (0.12 * sound + 0.15 * noise).astype(np.float32)
