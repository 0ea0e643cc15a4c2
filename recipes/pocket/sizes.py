"""The sizes of pocket's codec, in the official format: 8 codebooks of 512, 12.5 frames of 80 ms a second.

Chosen for training on two CPU cores: few channels at the high sample rates, where time is spent, and more at the low
ones. The decoder's window is short because training sees pieces of about a second.
"""

from __future__ import annotations

from typing import Any

BOOKS = 8
ENTRIES = 512
FRAME = 1920
RATE = 24000
_HIDDEN = 128
_CODE_WIDTH = 32

CODEC: dict[str, Any] = {
    "architectures": ["Qwen3TTSTokenizerV2Model"],
    "model_type": "qwen3_tts_tokenizer_12hz",
    "encoder_valid_num_quantizers": BOOKS,
    "input_sample_rate": RATE,
    "output_sample_rate": RATE,
    "decode_upsample_rate": FRAME,
    "encode_downsample_rate": FRAME,
    "decoder_config": {
        "attention_bias": False, "attention_dropout": 0.0, "codebook_dim": 2 * _CODE_WIDTH, "codebook_size": ENTRIES,
        "decoder_dim": 256, "head_dim": 32, "hidden_act": "silu", "hidden_size": 128, "intermediate_size": 256,
        "latent_dim": 128, "layer_scale_initial_scale": 0.1, "max_position_embeddings": 8000,
        "num_attention_heads": 4, "num_hidden_layers": 2, "num_key_value_heads": 4, "num_quantizers": BOOKS,
        "num_semantic_quantizers": 1, "rms_norm_eps": 1e-5, "rope_theta": 10000, "semantic_codebook_size": ENTRIES,
        "sliding_window": 12, "upsample_rates": [5, 4, 3, 2, 4], "upsampling_ratios": [2, 2],
        "vector_quantization_hidden_dimension": 2 * _CODE_WIDTH,
    },
    "encoder_config": {
        "_frame_rate": 12.5, "attention_bias": False, "attention_dropout": 0.0, "audio_channels": 1,
        "codebook_dim": _CODE_WIDTH, "codebook_size": ENTRIES, "compress": 2, "dilation_growth_rate": 2,
        "dtype": "float32", "head_dim": 32, "hidden_act": "gelu", "hidden_size": _HIDDEN, "initializer_range": 0.02,
        "intermediate_size": 256, "kernel_size": 7, "last_kernel_size": 3, "layer_scale_initial_scale": 0.1,
        "max_position_embeddings": 8000, "norm_eps": 1e-5, "normalize": False, "num_attention_heads": 4,
        "num_filters": 16, "num_hidden_layers": 2, "num_key_value_heads": 4, "num_quantizers": BOOKS,
        "num_residual_layers": 1, "num_semantic_quantizers": 1, "pad_mode": "constant", "residual_kernel_size": 3,
        "rope_theta": 10000.0, "sampling_rate": RATE, "sliding_window": 250, "trim_right_ratio": 1.0,
        "upsample_groups": _HIDDEN, "upsampling_ratios": [8, 6, 5, 4], "use_cache": False, "use_causal_conv": True,
        "use_conv_shortcut": False, "use_streaming": False, "vector_quantization_hidden_dimension": _CODE_WIDTH,
    },
    "transformers_version": "4.57.3",
}  # fmt: skip

PREPROCESSOR: dict[str, Any] = {
    "chunk_length_s": None,
    "feature_extractor_type": "EncodecFeatureExtractor",
    "feature_size": 1,
    "overlap": None,
    "padding_side": "right",
    "padding_value": 0.0,
    "return_attention_mask": True,
    "sampling_rate": RATE,
}
