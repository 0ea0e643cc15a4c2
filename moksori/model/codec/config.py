"""Sizes of the 12 Hz codec, read from the official `speech_tokenizer/config.json`.

Knows which keys of that file change the mathematics and refuses values it does not compute; it knows nothing of
tensors, files or audio.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, prod
from typing import Any

from moksori.errors import InvalidInput

# Keys that describe the file, or the training, or a path that plain inference never takes.
_INERT = {
    "model_type", "architectures", "transformers_version", "dtype", "torch_dtype", "initializer_range",
    "layer_scale_initial_scale", "max_position_embeddings", "attention_dropout", "use_cache", "use_streaming",
    "normalize", "trim_right_ratio", "upsample_groups", "semantic_codebook_size", "_frame_rate", "frame_rate",
    "return_dict", "output_hidden_states", "output_attentions", "_name_or_path", "_attn_implementation_autoset",
    "vector_quantization_hidden_dimension", "sliding_window", "num_semantic_quantizers",
}  # fmt: skip
# What the published codec uses and this implementation therefore has no alternative to.
_FIXED_ENCODER = {
    "audio_channels": 1, "use_causal_conv": True, "pad_mode": "constant", "hidden_act": "gelu",
    "use_conv_shortcut": False, "attention_bias": False, "rope_scaling": None,
}  # fmt: skip
_FIXED_DECODER = {"hidden_act": "silu", "attention_bias": False, "rope_scaling": None}


@dataclass(frozen=True)
class EncoderConfig:
    """The Mimi-style encoder: strided convolutions, a transformer at twice the frame rate, a split quantizer."""

    hidden_size: int
    num_filters: int
    upsampling_ratios: tuple[int, ...]
    num_quantizers: int
    codebook_size: int
    codebook_dim: int
    vector_quantization_hidden_dimension: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    intermediate_size: int
    kernel_size: int = 7
    last_kernel_size: int = 3
    residual_kernel_size: int = 3
    num_residual_layers: int = 1
    dilation_growth_rate: int = 2
    compress: int = 2
    num_semantic_quantizers: int = 1
    norm_eps: float = 1e-5
    rope_theta: float = 10000.0
    sampling_rate: int = 24000


@dataclass(frozen=True)
class DecoderConfig:
    """Quantizer, windowed transformer at the frame rate, ConvNeXt upsampling, then the waveform network."""

    latent_dim: int
    codebook_dim: int
    codebook_size: int
    decoder_dim: int
    hidden_size: int
    intermediate_size: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    num_hidden_layers: int
    num_quantizers: int
    sliding_window: int
    upsample_rates: tuple[int, ...]
    upsampling_ratios: tuple[int, ...]
    rms_norm_eps: float = 1e-5
    rope_theta: float = 10000.0

    @property
    def samples_per_frame(self) -> int:
        return prod(self.upsample_rates) * prod(self.upsampling_ratios)


@dataclass(frozen=True)
class CodecConfig:
    """Both halves and the four numbers that join them."""

    encoder: EncoderConfig
    decoder: DecoderConfig
    valid_quantizers: int
    sample_rate: int
    samples_per_frame: int

    @classmethod
    def from_dict(cls, official: Mapping[str, Any]) -> CodecConfig:
        """Read the official `config.json` as parsed JSON; raises InvalidInput for what cannot be computed."""
        kind = official.get("model_type")
        if kind != "qwen3_tts_tokenizer_12hz":
            raise InvalidInput(
                f"This is not a 12 Hz speech tokenizer: model_type is {kind!r}.",
                hint="Give the folder whose config.json says qwen3_tts_tokenizer_12hz (`speech_tokenizer/`).",
                field="model_type",
            )
        halves = {"encoder_config", "decoder_config"}
        rates = {
            "encoder_valid_num_quantizers", "input_sample_rate", "output_sample_rate",
            "decode_upsample_rate", "encode_downsample_rate",
        }  # fmt: skip
        _refuse_unknown(official, halves | rates, "")
        for key in sorted(halves | rates):
            if key not in official:
                raise InvalidInput(f"The codec's config.json has no {key!r}.", field=key)
        codec = cls(
            encoder=_encoder(official["encoder_config"]),
            decoder=_decoder(official["decoder_config"]),
            valid_quantizers=int(official["encoder_valid_num_quantizers"]),
            sample_rate=int(official["output_sample_rate"]),
            samples_per_frame=int(official["decode_upsample_rate"]),
        )
        codec._check(official)
        return codec

    def _check(self, official: Mapping[str, Any]) -> None:
        def demand(holds: bool, field: str, message: str) -> None:
            if not holds:
                raise InvalidInput(f"The codec's config.json contradicts itself: {message}.", field=field)

        encoder, decoder, frame = self.encoder, self.decoder, self.samples_per_frame
        stride = 2 * prod(encoder.upsampling_ratios)
        coarse = ceil(encoder.sampling_rate / prod(encoder.upsampling_ratios))
        demand(official["input_sample_rate"] == self.sample_rate, "input_sample_rate", "two sample rates")
        demand(official["encode_downsample_rate"] == frame, "encode_downsample_rate", "two frame lengths")
        demand(decoder.samples_per_frame == frame, "upsample_rates", f"they multiply to {decoder.samples_per_frame}")
        demand(stride == frame, "upsampling_ratios", f"the encoder advances {stride} samples a frame, not {frame}")
        demand(coarse * stride == 2 * encoder.sampling_rate, "sampling_rate", "frames do not divide a second's half")
        demand(
            decoder.num_quantizers == self.valid_quantizers <= encoder.num_quantizers,
            "encoder_valid_num_quantizers",
            f"{self.valid_quantizers} codes a frame, {decoder.num_quantizers} decoded, {encoder.num_quantizers} known",
        )
        demand(encoder.num_semantic_quantizers == 1, "num_semantic_quantizers", "the decoder has one")
        demand(encoder.codebook_size == decoder.codebook_size, "codebook_size", "the two halves differ")


def _encoder(given: Mapping[str, Any]) -> EncoderConfig:
    _refuse_other(given, _FIXED_ENCODER, "encoder_config")
    values = _take(given, EncoderConfig, set(_FIXED_ENCODER), "encoder_config")
    config = EncoderConfig(**values)
    if config.codebook_dim != config.vector_quantization_hidden_dimension:
        raise InvalidInput(
            "codebook_dim and vector_quantization_hidden_dimension of the codec's encoder differ.", field="codebook_dim"
        )
    return config


def _decoder(given: Mapping[str, Any]) -> DecoderConfig:
    _refuse_other(given, _FIXED_DECODER, "decoder_config")
    return DecoderConfig(**_take(given, DecoderConfig, set(_FIXED_DECODER), "decoder_config"))


def _take(given: Mapping[str, Any], shape: type, handled: set[str], where: str) -> dict[str, Any]:
    fields = shape.__dataclass_fields__  # type: ignore[attr-defined]
    _refuse_unknown(given, set(fields) | handled, where)
    values = {name: given[name] for name in fields if name in given}
    if values.get("head_dim") is None and {"hidden_size", "num_attention_heads"} <= set(values):
        values["head_dim"] = values["hidden_size"] // values["num_attention_heads"]
    for name, field in fields.items():
        if name not in values and not _has_default(field):
            raise InvalidInput(f"The codec's {where} has no {name!r}.", field=name)
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def _has_default(field: Any) -> bool:
    from dataclasses import MISSING

    return field.default is not MISSING


def _refuse_unknown(given: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(given) - known - _INERT)
    if unknown:
        raise InvalidInput(
            f"The codec's config.json has keys this version does not know: {', '.join(unknown)} {where}.".replace(
                " .", "."
            ),
            hint="They may change what is computed, so the checkpoint is not loaded.",
            field=unknown[0],
        )


def _refuse_other(given: Mapping[str, Any], fixed: Mapping[str, Any], where: str) -> None:
    for key, value in fixed.items():
        if given.get(key, value) != value:
            raise InvalidInput(
                f"The codec's {where} asks for {key}={given[key]!r}; only {value!r} is implemented.", field=key
            )
