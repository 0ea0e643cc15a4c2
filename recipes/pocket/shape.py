"""The shape of `pocket`: its config.json in the official form, and initial weights that learn from the first step.

Knows the sizes and the ids; nothing of data or training.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from moksori.model.config import ModelConfig
from moksori.model.predictor import Predictor
from moksori.model.speaker import SpeakerEncoder
from moksori.model.talker import Talker

from .vocabulary import CODAS, NUCLEI, ONSETS, Vocabulary

CODES, GROUPS, HIDDEN, TEXT_HIDDEN = 512, 8, 256, 96
LANGUAGES = (
    "korean", "english", "chinese", "japanese", "german", "french", "russian", "portuguese", "spanish", "italian",
)  # fmt: skip
# Ids in the last 1024 of the codec's vocabulary, in the order of the released files.
PAD, BOS, EOS, THINK, NOTHINK, THINK_BOS, THINK_EOS = (CODES + offset for offset in (100, 101, 102, 106, 107, 108, 109))
LANGUAGE_IDS = {name: CODES + 2 + index for index, name in enumerate(LANGUAGES)}
FIRST_SPEAKER = CODES + 900


def config(vocabulary: Vocabulary, kind: str, speakers: tuple[str, ...] = ()) -> dict[str, Any]:
    """`kind` base or custom_voice. `tts_model_size` is one that upstream takes for "follows no instruction"."""
    shared: dict[str, Any] = {
        "attention_bias": False, "attention_dropout": 0, "head_dim": 64, "hidden_act": "silu",
        "initializer_range": 0.02, "num_code_groups": GROUPS, "rms_norm_eps": 1e-6, "rope_theta": 1000000,
        "use_cache": True, "use_sliding_window": False, "sliding_window": None,
    }  # fmt: skip
    predictor = shared | {
        "model_type": "qwen3_tts_talker_code_predictor", "hidden_size": 192, "intermediate_size": 384,
        "num_hidden_layers": 2, "num_attention_heads": 3, "num_key_value_heads": 3, "vocab_size": CODES,
        "layer_types": ["full_attention"] * 2, "max_position_embeddings": 65536, "max_window_layers": 28,
        "rope_scaling": None, "tie_word_embeddings": False,
    }  # fmt: skip
    ids = {name: FIRST_SPEAKER + index for index, name in enumerate(speakers)}
    talker = shared | {
        "model_type": "qwen3_tts_talker", "hidden_size": HIDDEN, "intermediate_size": 512, "num_hidden_layers": 6,
        "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": CODES + 1024,
        "text_vocab_size": len(vocabulary), "text_hidden_size": TEXT_HIDDEN, "max_position_embeddings": 32768,
        "position_id_per_seconds": 13, "code_predictor_config": predictor,
        "rope_scaling": {"interleaved": True, "mrope_section": [12, 10, 10], "rope_type": "default",
                         "type": "default"},
        "codec_pad_id": PAD, "codec_bos_id": BOS, "codec_eos_token_id": EOS, "codec_think_id": THINK,
        "codec_nothink_id": NOTHINK, "codec_think_bos_id": THINK_BOS, "codec_think_eos_id": THINK_EOS,
        "codec_language_id": LANGUAGE_IDS, "spk_id": ids, "spk_is_dialect": dict.fromkeys(ids, False),
        "pad_token_id": PAD,
    }  # fmt: skip
    special = vocabulary.specials
    whole: dict[str, Any] = {
        "architectures": ["Qwen3TTSForConditionalGeneration"], "model_type": "qwen3_tts",
        "tokenizer_type": "qwen3_tts_tokenizer_12hz", "tts_model_size": "0b6", "tts_model_type": kind,
        "assistant_token_id": vocabulary.tokens.index("assistant"),
        "im_start_token_id": special["<|im_start|>"], "im_end_token_id": special["<|im_end|>"],
        "tts_pad_token_id": special["<tts_pad>"], "tts_bos_token_id": special["<tts_text_bos>"],
        "tts_eos_token_id": special["<tts_text_eod>"], "talker_config": talker, "transformers_version": "4.57.3",
    }  # fmt: skip
    if kind == "base":
        whole["speaker_encoder_config"] = {
            "enc_dim": HIDDEN, "sample_rate": 24000, "enc_channels": [96, 96, 96, 96, 288],
            "enc_attention_channels": 48, "enc_se_channels": 48, "enc_res2net_scale": 4,
        }  # fmt: skip
    return whole


class ComposedEmbedding(nn.Module):
    """The text embedding while it is learnt: a Hangul syllable is the sum of its onset, nucleus and coda, so that
    one that was never heard is read too; every other token has a row of its own."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        super().__init__()
        factors = torch.tensor(vocabulary.factors())
        starts = torch.tensor([0, ONSETS, ONSETS + NUCLEI])
        self.register_buffer("syllable", factors[:, 0] >= 0)
        self.register_buffer("parts", factors.clamp(min=0) + starts)
        self.jamo = nn.Embedding(ONSETS + NUCLEI + CODAS, TEXT_HIDDEN)
        self.own = nn.Embedding(len(factors), TEXT_HIDDEN)
        nn.init.normal_(self.jamo.weight, std=0.7)
        nn.init.normal_(self.own.weight, std=1.0)

    def forward(self, ids: Tensor) -> Tensor:
        composed = self.jamo(self.parts[ids]).sum(-2)
        return torch.where(self.syllable[ids][..., None], composed, self.own(ids))

    def table(self) -> Tensor:
        """What an ordinary embedding would hold: (vocabulary, text hidden)."""
        return self(torch.arange(len(self.syllable), device=self.own.weight.device))


class Pocket(nn.Module):
    """Talker, predictor and speaker encoder, to be trained together; `voices` is the head of the encoder's own task."""

    def __init__(self, vocabulary: Vocabulary, num_voices: int) -> None:
        super().__init__()
        sizes = ModelConfig.from_json(config(vocabulary, "base"))
        assert sizes.speaker is not None
        self.config = sizes
        self.talker = Talker(sizes.talker)
        self.predictor = Predictor(sizes.predictor, HIDDEN)
        self.speaker_encoder = SpeakerEncoder(sizes.speaker)
        self.voices = nn.Linear(HIDDEN, num_voices, bias=False)
        _initialise(self.talker)
        _initialise(self.predictor)
        self.talker.text_embedding = ComposedEmbedding(vocabulary)  # type: ignore[assignment]
        nn.init.normal_(self.talker.codec_embedding.weight, std=0.3)
        for table in self.predictor.codec_embedding:
            nn.init.normal_(table.weight, std=0.15)


def _initialise(stack: Talker | Predictor) -> None:
    depth = 2 * stack.shape.num_layers
    for name, module in stack.named_modules():
        if isinstance(module, nn.Linear):
            gain = depth**-0.5 if name.endswith(("o_proj", "down_proj")) else 0.5 if "fc2" in name else 1.0
            nn.init.normal_(module.weight, std=gain * module.in_features**-0.5)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


@torch.no_grad()
def wake(encoder: SpeakerEncoder, mels: Tensor) -> None:
    """Scale the encoder's convolutions, in the order they run, so that each one's output on `mels` (B, T, 128) has
    mean zero and deviation one in every channel. The architecture has no normalisation: with usual initial weights
    the mean level of a log-mel is all that reaches the end, and nothing is learnt for thousands of steps."""
    convolutions: list[nn.Conv1d] = []
    hooks = [
        module.register_forward_hook(lambda module, _in, _out: convolutions.append(module))
        for module in encoder.modules()
        if isinstance(module, nn.Conv1d)
    ]
    encoder(mels)
    for hook in hooks:
        hook.remove()
    for convolution in convolutions:
        seen: list[Tensor] = []
        hook = convolution.register_forward_hook(lambda _module, _in, out, seen=seen: seen.append(out))
        encoder(mels)
        hook.remove()
        mean, deviation = seen[0].mean((0, 2)), seen[0].std((0, 2))
        scale = (0.3 if convolution is encoder.fc else 1.0) / deviation.clamp(min=1e-3)
        convolution.weight.mul_(scale[:, None, None])
        assert convolution.bias is not None
        convolution.bias.copy_((convolution.bias - mean) * scale)
