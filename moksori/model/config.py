"""What a checkpoint's `config.json` says, as frozen values; nothing is guessed and nothing is skipped unseen.

Every key is either read, known to change nothing, or an error that names it. The names of the file are kept where
they say what they mean. Knows nothing of tensors, files of weights, or the speech codec's own config.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import InvalidInput
from .config_section import Section, frozen

KINDS = ("base", "custom_voice", "voice_design")


@dataclass(frozen=True)
class StackConfig:
    """The shape of one stack of decoder layers: the talker has one, the predictor another."""

    hidden_size: int
    intermediate_size: int
    num_layers: int
    num_heads: int
    num_kv_heads: int
    head_dim: int
    rms_norm_eps: float
    rope_theta: float
    max_positions: int
    attention_bias: bool


@dataclass(frozen=True)
class TalkerConfig:
    """The large stack, its two vocabularies and its control ids."""

    stack: StackConfig
    vocab_size: int
    text_vocab_size: int
    text_hidden_size: int
    num_code_groups: int
    pad_id: int
    bos_id: int
    eos_id: int
    think_id: int
    nothink_id: int
    think_bos_id: int
    think_eos_id: int
    languages: Mapping[str, int]
    speakers: Mapping[str, int]
    dialects: Mapping[str, str]

    @property
    def num_first_codes(self) -> int:
        """Ids from here on are control ids; of these only `eos_id` may ever be drawn."""
        return self.vocab_size - 1024


@dataclass(frozen=True)
class PredictorConfig:
    """The small stack that fills in the codebooks after the first."""

    stack: StackConfig
    vocab_size: int
    num_code_groups: int


@dataclass(frozen=True)
class SpeakerConfig:
    """ECAPA-TDNN; one entry of the three lists per layer, the last one being the aggregation."""

    mel_dim: int
    dim: int
    channels: tuple[int, ...]
    kernel_sizes: tuple[int, ...]
    dilations: tuple[int, ...]
    attention_channels: int
    res2net_scale: int
    se_channels: int
    sample_rate: int


@dataclass(frozen=True)
class ModelConfig:
    """One released checkpoint. `kind` is one of KINDS, `size` what the file says ("0b6", "1b7")."""

    kind: str
    size: str
    im_start_id: int
    im_end_id: int
    tts_pad_id: int
    tts_bos_id: int
    tts_eos_id: int
    transformers_version: str
    talker: TalkerConfig
    predictor: PredictorConfig
    speaker: SpeakerConfig | None

    @property
    def takes_instruct(self) -> bool:
        """Whether the checkpoint was trained to follow an instruction."""
        return self.kind == "voice_design" or (self.kind == "custom_voice" and self.size not in "0b6")

    @classmethod
    def from_json(cls, data: Any) -> ModelConfig:
        """Reads a parsed `config.json`. Raises InvalidInput for another model's, and for any key not understood."""
        model_type = data.get("model_type") if isinstance(data, dict) else None
        if model_type != "qwen3_tts":
            raise InvalidInput(
                f"config.json is of another model: model_type is {model_type!r}, not 'qwen3_tts'.",
                hint="Give the folder or hub name of a Qwen3-TTS checkpoint.",
                field="model_type",
            )
        root = Section(data, "config.json", ROOT_IRRELEVANT)
        root.only("tokenizer_type", "qwen3_tts_tokenizer_12hz")
        kind = root.text("tts_model_type", choices=KINDS)
        talker_section = root.section("talker_config", TALKER_IRRELEVANT)
        predictor_section = talker_section.section("code_predictor_config", TRANSFORMERS_IRRELEVANT)
        speaker_section = root.section("speaker_encoder_config", frozenset(), default={})
        talker = _talker(talker_section)
        predictor = _predictor(predictor_section)
        speaker = _speaker(speaker_section)
        config = cls(
            kind=kind,
            size=root.text("tts_model_size"),
            im_start_id=root.integer("im_start_token_id", 151644),
            im_end_id=root.integer("im_end_token_id", 151645),
            tts_pad_id=root.integer("tts_pad_token_id", 151671),
            tts_bos_id=root.integer("tts_bos_token_id", 151672),
            tts_eos_id=root.integer("tts_eos_token_id", 151673),
            transformers_version=root.text("transformers_version", default=""),
            talker=talker,
            predictor=predictor,
            speaker=speaker if kind == "base" else None,
        )
        for section in (root, talker_section, predictor_section, speaker_section):
            section.close()
        _check(config)
        return config


def _stack(section: Section, head_dim: int | None) -> StackConfig:
    """`head_dim` None: hidden size over heads, where the file is silent."""
    section.only("hidden_act", "silu", default="silu")
    section.only("use_sliding_window", False, default=False)
    section.only("tie_word_embeddings", False, default=False)
    section.only_zero("attention_dropout")
    section.plain_rope("rope_scaling")
    hidden_size, num_heads = section.integer("hidden_size"), section.integer("num_attention_heads")
    return StackConfig(
        hidden_size=hidden_size,
        intermediate_size=section.integer("intermediate_size"),
        num_layers=section.integer("num_hidden_layers"),
        num_heads=num_heads,
        num_kv_heads=section.integer("num_key_value_heads"),
        head_dim=section.integer("head_dim", head_dim or hidden_size // num_heads),
        rms_norm_eps=section.number("rms_norm_eps", 1e-6),
        rope_theta=section.number("rope_theta", 10000.0),
        max_positions=section.integer("max_position_embeddings", 32768),
        attention_bias=section.flag("attention_bias", False),
    )


def _talker(section: Section) -> TalkerConfig:
    section.only("model_type", "qwen3_tts_talker", default="qwen3_tts_talker")
    dialects = section.mapping("spk_is_dialect")
    return TalkerConfig(
        stack=_stack(section, None),
        vocab_size=section.integer("vocab_size"),
        text_vocab_size=section.integer("text_vocab_size"),
        text_hidden_size=section.integer("text_hidden_size"),
        num_code_groups=section.integer("num_code_groups"),
        pad_id=section.integer("codec_pad_id"),
        bos_id=section.integer("codec_bos_id"),
        eos_id=section.integer("codec_eos_token_id"),
        think_id=section.integer("codec_think_id"),
        nothink_id=section.integer("codec_nothink_id"),
        think_bos_id=section.integer("codec_think_bos_id"),
        think_eos_id=section.integer("codec_think_eos_id"),
        languages=section.ids("codec_language_id"),
        speakers=section.ids("spk_id"),
        dialects=frozen({name: dialect for name, dialect in dialects.items() if dialect is not False}),
    )


def _predictor(section: Section) -> PredictorConfig:
    section.only("model_type", "qwen3_tts_talker_code_predictor", default="qwen3_tts_talker_code_predictor")
    section.neutral(GENERATION_NEUTRAL)
    stack = _stack(section, 128)
    section.only("layer_types", ["full_attention"] * stack.num_layers, default=None)
    return PredictorConfig(
        stack=stack,
        vocab_size=section.integer("vocab_size"),
        num_code_groups=section.integer("num_code_groups"),
    )


def _speaker(section: Section) -> SpeakerConfig:
    section.only("sample_rate", 24000, default=24000)
    section.only("mel_dim", 128, default=128)
    config = SpeakerConfig(
        mel_dim=128,
        dim=section.integer("enc_dim", 1024),
        channels=section.integers("enc_channels", (512, 512, 512, 512, 1536)),
        kernel_sizes=section.integers("enc_kernel_sizes", (5, 3, 3, 3, 1)),
        dilations=section.integers("enc_dilations", (1, 2, 3, 4, 1)),
        attention_channels=section.integer("enc_attention_channels", 128),
        res2net_scale=section.integer("enc_res2net_scale", 8),
        se_channels=section.integer("enc_se_channels", 128),
        sample_rate=24000,
    )
    if not len(config.channels) == len(config.kernel_sizes) == len(config.dilations):
        raise InvalidInput(
            "speaker_encoder_config: enc_channels, enc_kernel_sizes and enc_dilations differ in length.",
            field="enc_channels",
        )
    return config


def _check(config: ModelConfig) -> None:
    """What must agree between parts, so that a config pieced together from two models is refused here."""
    talker, predictor = config.talker, config.predictor
    problems = []
    if talker.num_code_groups != predictor.num_code_groups:
        problems.append(
            f"num_code_groups is {talker.num_code_groups} in the talker, {predictor.num_code_groups} in the predictor"
        )
    if config.speaker is not None and config.speaker.dim != talker.stack.hidden_size:
        problems.append(f"enc_dim {config.speaker.dim} is not the talker's hidden_size {talker.stack.hidden_size}")
    if talker.vocab_size <= 1024:
        problems.append(f"the talker's vocab_size {talker.vocab_size} leaves no codes below the 1024 control ids")
    for stack in (talker.stack, predictor.stack):
        if stack.num_heads % stack.num_kv_heads:
            problems.append(f"{stack.num_heads} heads cannot share {stack.num_kv_heads} key-value heads")
    for name, identity in {**talker.languages, **talker.speakers, "eos": talker.eos_id, "bos": talker.bos_id}.items():
        if identity >= talker.vocab_size:
            problems.append(f"id {identity} of {name!r} is outside vocab_size {talker.vocab_size}")
    for speaker, dialect in talker.dialects.items():
        if dialect not in talker.languages:
            problems.append(f"speaker {speaker!r} speaks {dialect!r}, which has no id in codec_language_id")
    if problems:
        raise InvalidInput("config.json contradicts itself: " + "; ".join(problems) + ".")


# What `transformers` writes into every config and what never reaches a number that is computed here.
TRANSFORMERS_IRRELEVANT = frozenset(
    [
        "_name_or_path",
        "architectures",
        "add_cross_attention",
        "chunk_size_feed_forward",
        "cross_attention_hidden_size",
        "decoder_start_token_id",
        "dtype",
        "torch_dtype",
        "finetuning_task",
        "id2label",
        "label2id",
        "initializer_range",
        "is_decoder",
        "is_encoder_decoder",
        "max_length",
        "max_window_layers",
        "output_attentions",
        "output_hidden_states",
        "pad_token_id",
        "bos_token_id",
        "prefix",
        "problem_type",
        "pruned_heads",
        "return_dict",
        "return_dict_in_generate",
        "output_scores",
        "sep_token_id",
        "sliding_window",
        "task_specific_params",
        "tf_legacy_loss",
        "tie_encoder_decoder",
        "tokenizer_class",
        "torchscript",
        "transformers_version",
        "use_bfloat16",
        "use_cache",
        "do_sample",
        "temperature",
        "top_k",
        "top_p",
    ]
)
TALKER_IRRELEVANT = TRANSFORMERS_IRRELEVANT | {"position_id_per_seconds", "eos_token_id"}
ROOT_IRRELEVANT = frozenset(
    {"architectures", "assistant_token_id", "dtype", "torch_dtype", "model_type", "_name_or_path"}
)

# Upstream would pass these on to the predictor's own sampling; anything but "off" would change its codes.
GENERATION_NEUTRAL: Mapping[str, tuple[Any, ...]] = frozen(
    {
        "bad_words_ids": (None,),
        "begin_suppress_tokens": (None,),
        "diversity_penalty": (0.0,),
        "early_stopping": (False,),
        "encoder_no_repeat_ngram_size": (0,),
        "eos_token_id": (None,),
        "exponential_decay_length_penalty": (None,),
        "forced_bos_token_id": (None,),
        "forced_eos_token_id": (None,),
        "length_penalty": (1.0,),
        "min_length": (0,),
        "no_repeat_ngram_size": (0,),
        "num_beam_groups": (1,),
        "num_beams": (1,),
        "num_return_sequences": (1,),
        "remove_invalid_values": (False,),
        "repetition_penalty": (1.0,),
        "suppress_tokens": (None,),
        "typical_p": (1.0,),
    }
)
