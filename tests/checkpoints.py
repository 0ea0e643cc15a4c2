"""Checkpoints in the released format with random weights: tiny ones for tests, full-size ones for measuring.

Every parameter is random, norms and scales included, and drawn by its name and shape alone, so that a seed gives the
same checkpoint anywhere. Tensor names are written out here as released, not taken from `moksori`.

    from tests import checkpoints
    checkpoints.tiny("0.6b-custom-voice", folder, seed=0)
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from tests.parity import codec_random

Shapes = dict[str, tuple[int, ...]]

# The five releases: (tts_model_size, tts_model_type).
KINDS = {
    "0.6b-base": ("0b6", "base"),
    "0.6b-custom-voice": ("0b6", "custom_voice"),
    "1.7b-base": ("1b7", "base"),
    "1.7b-custom-voice": ("1b7", "custom_voice"),
    "1.7b-voice-design": ("1b7", "voice_design"),
}
# Codes a frame: unlike the releases' 16 these differ, so that nothing can be fixed to a number.
GROUPS = {"0b6": 4, "1b7": 6}
CODES = 128

LASTING = 0.3

_LANGUAGES = ["korean", "english", "chinese", "japanese", "sichuan_dialect"]
_SPEAKERS = ["sohee", "ryan", "eric"]


def tiny(kind: str, path: Path | str, seed: int = 0, *, eager_end: float = 1.0) -> Path:
    """Writes a checkpoint of about a megabyte: the released files, the released names, small sizes.

    0.6b kinds have a predictor as wide as the talker, 1.7b kinds a narrower one behind its projection. `eager_end`
    scales the end's score: at 1 speech ends by itself now and then, at 1.5 soon, with LASTING hardly ever.
    """
    size, model_type = KINDS[kind]
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    config = tiny_config(size, model_type)
    _write_texts(folder, config)
    shapes = talker_shapes(config["talker_config"])
    if model_type == "base":
        shapes |= speaker_shapes(config["speaker_encoder_config"])
    tensors = {name: draw(name, shape, seed) for name, shape in shapes.items()}
    tensors["talker.codec_head.weight"][config["talker_config"]["codec_eos_token_id"]] *= eager_end
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    groups = GROUPS[size]
    sizes = {"books": groups, "encoder": {"num_quantizers": groups + 2}}
    write_codec(folder / "speech_tokenizer", sizes, seed)
    return folder


def full(size: str, path: Path | str, model_type: str = "custom_voice") -> Path:
    """A checkpoint of the released size ("0.6b": 2.5 GB, "1.7b": 4.5 GB) in bfloat16, random, for measuring."""
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    config = full_config({"0.6b": "0b6", "1.7b": "1b7"}[size], model_type)
    _write_texts(folder, config, fill_to=config["im_start_token_id"])
    shapes = talker_shapes(config["talker_config"])
    if model_type == "base":
        shapes |= speaker_shapes(config["speaker_encoder_config"])
    generator = torch.Generator().manual_seed(0)
    tensors = {}
    for name, shape in shapes.items():
        noise = torch.empty(shape, dtype=torch.bfloat16).normal_(0.0, 0.02, generator=generator)
        tensors[name] = noise + 1 if "norm" in name else noise
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    del tensors
    codec_random.write_checkpoint(folder / "speech_tokenizer", FULL_CODEC, 0)
    return folder


def full_config(size: str, model_type: str) -> dict[str, Any]:
    """The published sizes laid over `tiny_config`, control ids included."""
    config = tiny_config(size, model_type)
    hidden = {"0b6": 1024, "1b7": 2048}[size]
    shared = {"num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 128, "num_code_groups": 16}
    talker = config["talker_config"]
    talker["code_predictor_config"] |= shared | {
        "hidden_size": 1024, "intermediate_size": 3072, "num_hidden_layers": 5, "vocab_size": 2048,
        "layer_types": ["full_attention"] * 5,
    }  # fmt: skip
    talker |= shared | {
        "hidden_size": hidden, "intermediate_size": 3 * hidden, "num_hidden_layers": 28, "vocab_size": 3072,
        "text_hidden_size": 2048, "text_vocab_size": 151936, "codec_pad_id": 2148, "codec_bos_id": 2149,
        "codec_eos_token_id": 2150, "codec_think_id": 2154, "codec_nothink_id": 2155, "codec_think_bos_id": 2156,
        "codec_think_eos_id": 2157, "pad_token_id": 2148,
        "codec_language_id": dict(zip(_LANGUAGES, (2064, 2050, 2055, 2058, 2062), strict=True)),
        "rope_scaling": {"interleaved": True, "mrope_section": [24, 20, 20], "rope_type": "default", "type": "default"},
    }  # fmt: skip
    if model_type == "custom_voice":
        talker["spk_id"] = {"sohee": 2864, "ryan": 3061, "eric": 2875}
    if model_type == "base":
        config["speaker_encoder_config"] = {"enc_dim": hidden, "sample_rate": 24000}
    ids = {"im_start": 151644, "im_end": 151645, "tts_pad": 151671, "tts_bos": 151672, "tts_eos": 151673}
    return config | {f"{name}_token_id": identity for name, identity in ids.items()}


# The released codec's sizes, laid over `codec_random.official_config`.
FULL_CODEC: dict[str, Any] = {
    "books": 16,
    "encoder": {
        "codebook_dim": 256, "codebook_size": 2048, "head_dim": 64, "hidden_size": 512, "intermediate_size": 2048,
        "num_attention_heads": 8, "num_key_value_heads": 8, "num_filters": 64, "num_hidden_layers": 8,
        "num_quantizers": 32, "upsample_groups": 512, "vector_quantization_hidden_dimension": 256,
    },
    "decoder": {
        "latent_dim": 1024, "codebook_dim": 512, "codebook_size": 2048, "decoder_dim": 1536, "hidden_size": 512,
        "intermediate_size": 1024, "head_dim": 64, "num_attention_heads": 16, "num_hidden_layers": 8,
        "num_key_value_heads": 16, "num_quantizers": 16, "vector_quantization_hidden_dimension": 512,
    },
}  # fmt: skip


def write_codec(folder: Path, sizes: dict[str, Any], seed: int) -> None:
    """The files of `codec_random`, with weights of our own that golden files can rely on."""
    codec_random.write_checkpoint(folder, sizes, seed)
    path = folder / "model.safetensors"
    tensors = {name: draw_codec(name, tuple(tensor.shape), seed) for name, tensor in load_file(path).items()}
    save_file(tensors, path, metadata={"format": "pt"})


def draw_codec(name: str, shape: tuple[int, ...], seed: int) -> Tensor:
    """Random, at a scale that keeps sound neither silent nor clipped: what clips cannot be compared, nor judged."""
    noise, special = codec_random.draw(name, shape, seed, books=2)
    if special is not None:
        return special
    quieter = 1.0
    if re.fullmatch(r"decoder\.decoder\..*\.conv2\.conv\.(weight|bias)", name):
        quieter = 0.4
    if re.fullmatch(r"decoder\.decoder\..*\.block\.1\.conv\.(weight|bias)", name):
        quieter = 0.3
    if len(shape) == 1:
        return 0.1 * noise * quieter
    gain = 0.7 if ".conv2." in name else 1.0
    gain = 2.8 if name.endswith("decoder.6.conv.weight") else gain  # the sound, beside the constant its bias adds
    gain = 1.4 if name.startswith("encoder.encoder.layers") else gain
    fan_in = float(torch.Size(shape[1:]).numel())
    if len(shape) == 3 and ("upsample" in name or ".block.1.conv" in name) and name.startswith("decoder."):
        fan_in = shape[0] * (1.0 if "upsample" in name and "dwconv" not in name else 2.0)  # a transposed convolution
    return noise * gain / fan_in**0.5 * quieter


def tiny_config(size: str, model_type: str) -> dict[str, Any]:
    """A `config.json` with every key of the released ones."""
    hidden = {"0b6": 64, "1b7": 96}[size]
    attention = {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "attention_bias": False}
    shared = {"attention_dropout": 0, "hidden_act": "silu", "initializer_range": 0.02, "rms_norm_eps": 1e-06,
              "rope_theta": 1000000, "use_cache": True, "use_sliding_window": False, "sliding_window": None,
              "num_code_groups": GROUPS[size]} | attention  # fmt: skip
    predictor = shared | {
        "model_type": "qwen3_tts_talker_code_predictor", "hidden_size": 64, "intermediate_size": 80,
        "num_hidden_layers": 2, "vocab_size": CODES, "max_position_embeddings": 65536, "max_window_layers": 28,
        "layer_types": ["full_attention"] * 2, "rope_scaling": None, "tie_word_embeddings": False,
        "repetition_penalty": 1.0, "do_sample": False, "top_k": 50, "no_repeat_ngram_size": 0,
    }  # fmt: skip
    first = CODES + 20  # control ids live above the codes
    control = ["pad", "bos", "eos_token", "think", "nothink", "think_bos", "think_eos"]
    talker = shared | {f"codec_{name}_id": first + k for k, name in enumerate(control)} | {
        "model_type": "qwen3_tts_talker", "hidden_size": hidden, "intermediate_size": hidden + 32,
        "num_hidden_layers": 3, "vocab_size": CODES + 1024, "text_hidden_size": 48, "text_vocab_size": 400,
        "max_position_embeddings": 32768, "position_id_per_seconds": 13, "code_predictor_config": predictor,
        "rope_scaling": {"interleaved": True, "mrope_section": [4, 2, 2], "rope_type": "default", "type": "default"},
        "codec_language_id": {name: first + 40 + k for k, name in enumerate(_LANGUAGES)},
        "spk_id": {}, "spk_is_dialect": {}, "pad_token_id": first,
    }  # fmt: skip
    if model_type == "custom_voice":
        talker["spk_id"] = {name: first + 80 + k for k, name in enumerate(_SPEAKERS)}
        talker["spk_is_dialect"] = {"sohee": False, "ryan": False, "eric": "sichuan_dialect"}
    config = {
        "architectures": ["Qwen3TTSForConditionalGeneration"], "model_type": "qwen3_tts",
        "tokenizer_type": "qwen3_tts_tokenizer_12hz", "tts_model_size": size, "tts_model_type": model_type,
        "talker_config": talker, "transformers_version": "4.57.3", "assistant_token_id": _vocabulary()["assistant"],
    } | {f"{name}_token_id": identity for name, identity in _special_ids().items()}  # fmt: skip
    if model_type == "base":
        config["speaker_encoder_config"] = {
            "enc_dim": hidden, "sample_rate": 24000, "enc_channels": [32, 32, 32, 32, 96],
            "enc_attention_channels": 12, "enc_se_channels": 10, "enc_res2net_scale": 4,
        }  # fmt: skip
    return config


def talker_shapes(config: dict[str, Any]) -> Shapes:
    """Released names of talker and predictor with their shapes."""
    predictor, hidden = config["code_predictor_config"], config["hidden_size"]
    text = config["text_hidden_size"]
    shapes: Shapes = {
        "talker.model.text_embedding.weight": (config["text_vocab_size"], text),
        "talker.model.codec_embedding.weight": (config["vocab_size"], hidden),
        "talker.text_projection.linear_fc1.weight": (text, text),
        "talker.text_projection.linear_fc1.bias": (text,),
        "talker.text_projection.linear_fc2.weight": (hidden, text),
        "talker.text_projection.linear_fc2.bias": (hidden,),
        "talker.codec_head.weight": (config["vocab_size"], hidden),
    }
    shapes |= dict(_stack_shapes("talker.model", config))
    stem, width, vocab = "talker.code_predictor", predictor["hidden_size"], predictor["vocab_size"]
    shapes |= dict(_stack_shapes(f"{stem}.model", predictor))
    for k in range(config["num_code_groups"] - 1):
        shapes[f"{stem}.model.codec_embedding.{k}.weight"] = (vocab, hidden)
        shapes[f"{stem}.lm_head.{k}.weight"] = (vocab, width)
    if width != hidden:
        shapes[f"{stem}.small_to_mtp_projection.weight"] = (width, hidden)
        shapes[f"{stem}.small_to_mtp_projection.bias"] = (width,)
    return shapes


def _stack_shapes(stem: str, config: dict[str, Any]) -> Iterator[tuple[str, tuple[int, ...]]]:
    hidden, ffn, head = config["hidden_size"], config["intermediate_size"], config["head_dim"]
    queries, keys = config["num_attention_heads"] * head, config["num_key_value_heads"] * head
    for layer in range(config["num_hidden_layers"]):
        at = f"{stem}.layers.{layer}"
        for name, rows in (("q", queries), ("k", keys), ("v", keys)):
            yield f"{at}.self_attn.{name}_proj.weight", (rows, hidden)
        yield f"{at}.self_attn.o_proj.weight", (hidden, queries)
        yield f"{at}.self_attn.q_norm.weight", (head,)
        yield f"{at}.self_attn.k_norm.weight", (head,)
        yield f"{at}.mlp.gate_proj.weight", (ffn, hidden)
        yield f"{at}.mlp.up_proj.weight", (ffn, hidden)
        yield f"{at}.mlp.down_proj.weight", (hidden, ffn)
        yield f"{at}.input_layernorm.weight", (hidden,)
        yield f"{at}.post_attention_layernorm.weight", (hidden,)
    yield f"{stem}.norm.weight", (hidden,)


def speaker_shapes(config: dict[str, Any]) -> Shapes:
    """Released names of the speaker encoder with their shapes."""
    channels = config.get("enc_channels", [512, 512, 512, 512, 1536])
    kernels = config.get("enc_kernel_sizes", [5, 3, 3, 3, 1])
    scale, squeezed = config.get("enc_res2net_scale", 8), config.get("enc_se_channels", 128)
    attention, last = config.get("enc_attention_channels", 128), channels[-1]
    weights: Shapes = {"blocks.0.conv": (channels[0], config.get("mel_dim", 128), kernels[0])}
    for k in range(1, len(channels) - 1):
        width, part = channels[k], channels[k] // scale
        weights[f"blocks.{k}.tdnn1.conv"] = (width, channels[k - 1], 1)
        weights[f"blocks.{k}.tdnn2.conv"] = (width, width, 1)
        weights[f"blocks.{k}.se_block.conv1"] = (squeezed, width, 1)
        weights[f"blocks.{k}.se_block.conv2"] = (width, squeezed, 1)
        for j in range(scale - 1):
            weights[f"blocks.{k}.res2net_block.blocks.{j}.conv"] = (part, part, kernels[k])
    weights["mfa.conv"] = (last, last, kernels[-1])
    weights["asp.tdnn.conv"] = (attention, last * 3, 1)
    weights["asp.conv"] = (last, attention, 1)
    weights["fc"] = (config["enc_dim"], last * 2, 1)
    shapes = {f"speaker_encoder.{name}.weight": shape for name, shape in weights.items()}
    return shapes | {f"speaker_encoder.{name}.bias": shape[:1] for name, shape in weights.items()}


def draw(name: str, shape: tuple[int, ...], seed: int) -> Tensor:
    """Random, at a scale that keeps signals alive and decisions clear."""
    generator = torch.Generator().manual_seed(seed * 1_000_003 + zlib.crc32(name.encode()))
    noise = torch.randn(shape, generator=generator)
    if "norm" in name:
        return 1 + 0.3 * noise
    if "embedding" in name:
        return noise
    if name.endswith("bias"):
        return 0.2 * noise
    fan_in = torch.Size(shape[1:]).numel()
    gain = 2.0 if "head" in name else 1.2
    return gain * noise / fan_in**0.5


def _special_ids() -> dict[str, int]:
    names = ["im_start", "im_end", "tts_pad", "tts_bos", "tts_eos"]
    return {name: len(_vocabulary()) + k for k, name in enumerate(names)}


_BYTES = {byte: chr(byte) for byte in [*range(33, 127), *range(161, 173), *range(174, 256)]}
_BYTES |= {byte: chr(256 + k) for k, byte in enumerate(b for b in range(256) if b not in _BYTES)}
_WORDS = ["assistant", "user", "안녕하세요", " 오늘은", " 날씨가", " 좋습니다", "입니다", " the", " voice", "ing", "AI"]


def _merges() -> list[tuple[str, str]]:
    """Each word grows byte by byte; `assistant` comes first, because it must be one id."""
    pairs: dict[tuple[str, str], None] = {}
    for word in _WORDS:
        letters = [_BYTES[byte] for byte in word.encode()]
        for k in range(1, len(letters)):
            pairs["".join(letters[:k]), letters[k]] = None
    return list(pairs)


def _vocabulary(fill_to: int = 0) -> dict[str, int]:
    """`fill_to`: as many tokens; those beyond the merges only take up their ids."""
    tokens = [*_BYTES.values(), *("".join(pair) for pair in _merges())]
    tokens += [f"<|{k}|>" for k in range(fill_to)]
    return {token: k for k, token in enumerate([*dict.fromkeys(tokens)][: fill_to or len(tokens)])}


def _write_texts(folder: Path, config: dict[str, Any], fill_to: int = 0) -> None:
    def write(name: str, content: Any) -> None:
        (folder / name).write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")

    write("config.json", config)
    write("vocab.json", _vocabulary(fill_to))
    merges = "\n".join(" ".join(pair) for pair in _merges())
    (folder / "merges.txt").write_text(f"#version: 0.2\n{merges}\n", encoding="utf-8")
    flags = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True}
    # The official fast tokenizer numbers added tokens on from the vocabulary, whatever is written here.
    names = ["<|im_start|>", "<|im_end|>", "<tts_pad>", "<tts_text_bos>", "<tts_text_eod>", "<|endoftext|>"]
    tokens = {name: (fill_to or len(_vocabulary())) + k for k, name in enumerate(names)}
    write("tokenizer_config.json", {
        "added_tokens_decoder": {str(k): {"content": token, **flags} for token, k in tokens.items()},
        "add_prefix_space": False, "bos_token": None, "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>",
        "tokenizer_class": "Qwen2Tokenizer", "unk_token": None, "errors": "replace", "split_special_tokens": False,
    })  # fmt: skip
    write("generation_config.json", {
        "do_sample": True, "repetition_penalty": 1.05, "temperature": 0.9, "top_p": 1.0, "top_k": 50,
        "subtalker_dosample": True, "subtalker_temperature": 0.9, "subtalker_top_p": 1.0, "subtalker_top_k": 50,
        "max_new_tokens": 8192,
    })  # fmt: skip
