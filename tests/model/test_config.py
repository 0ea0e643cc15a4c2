"""A config is read completely or refused by name."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from moksori.errors import InvalidInput
from moksori.model.config import ModelConfig
from tests import checkpoints

Change = Callable[[dict[str, Any]], Any]


def official(kind: str = "1.7b-base") -> dict[str, Any]:
    return copy.deepcopy(checkpoints.tiny_config(*checkpoints.KINDS[kind]))


def talker(change: dict[str, Any]) -> Change:
    return lambda config: config["talker_config"].update(change)


def predictor(change: dict[str, Any]) -> Change:
    return lambda config: config["talker_config"]["code_predictor_config"].update(change)


def speaker(change: dict[str, Any]) -> Change:
    return lambda config: config["speaker_encoder_config"].update(change)


def root(change: dict[str, Any]) -> Change:
    return lambda config: config.update(change)


def test_sizes_come_from_the_file() -> None:
    config = ModelConfig.from_json(official("1.7b-custom-voice"))
    assert (config.talker.stack.hidden_size, config.predictor.stack.hidden_size) == (96, 64)
    assert config.talker.num_code_groups == 6
    assert config.talker.dialects == {"eric": "sichuan_dialect"}
    assert config.talker.num_first_codes == 128


def test_the_published_config_is_understood_down_to_its_last_key() -> None:
    published = official("0.6b-custom-voice")
    published["talker_config"]["code_predictor_config"] |= json.loads(PUBLISHED_PREDICTOR_EXTRAS)
    config = ModelConfig.from_json(published)
    assert config.predictor.num_code_groups == 4


def test_only_released_combinations_follow_an_instruction() -> None:
    follows = {kind: ModelConfig.from_json(official(kind)).takes_instruct for kind in checkpoints.KINDS}
    assert [kind for kind, yes in follows.items() if yes] == ["1.7b-custom-voice", "1.7b-voice-design"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (root({"model_type": "qwen3"}), "model_type"),
        (root({"tokenizer_type": "qwen3_tts_tokenizer_25hz"}), "tokenizer_type"),
        (root({"tts_model_type": "singing"}), "tts_model_type"),
        (root({"pre_norm": True}), "pre_norm"),
        (talker({"attention_sinks": 4}), "attention_sinks"),
        (talker({"hidden_act": "gelu"}), "hidden_act"),
        (talker({"use_sliding_window": True}), "use_sliding_window"),
        (talker({"attention_dropout": 0.1}), "attention_dropout"),
        (talker({"rope_scaling": {"rope_type": "yarn", "factor": 4.0}}), "rope_scaling"),
        (talker({"hidden_size": "96"}), "hidden_size"),
        (talker({"num_hidden_layers": -1}), "num_hidden_layers"),
        (talker({"tie_word_embeddings": True}), "tie_word_embeddings"),
        (predictor({"layer_types": ["sliding_attention"] * 2}), "layer_types"),
        (predictor({"repetition_penalty": 1.1}), "repetition_penalty"),
        (predictor({"num_beams": 4}), "num_beams"),
        (predictor({"mlp_bias": True}), "mlp_bias"),
        (speaker({"sample_rate": 16000}), "sample_rate"),
        (speaker({"enc_channels": [32, 32]}), "enc_channels"),
        (speaker({"enc_pooling": "mean"}), "enc_pooling"),
    ],
)
def test_what_would_change_the_numbers_is_refused_by_name(change: Change, named: str) -> None:
    config = official()
    change(config)
    with pytest.raises(InvalidInput, match=named):
        ModelConfig.from_json(config)


@pytest.mark.parametrize("key", ["hidden_size", "num_code_groups", "codec_eos_token_id", "text_vocab_size"])
def test_a_missing_size_or_id_is_refused_by_name(key: str) -> None:
    config = official()
    del config["talker_config"][key]
    with pytest.raises(InvalidInput, match=key):
        ModelConfig.from_json(config)


@pytest.mark.parametrize(
    "change",
    [
        predictor({"num_code_groups": 5}),
        speaker({"enc_dim": 64}),
        talker({"vocab_size": 1024}),
        talker({"num_key_value_heads": 3}),
        talker({"spk_is_dialect": {"eric": "martian"}}),
        talker({"codec_eos_token_id": 9999}),
    ],
)
def test_a_config_that_contradicts_itself_is_refused(change: Change) -> None:
    config = official()
    change(config)
    with pytest.raises(InvalidInput, match="contradicts itself"):
        ModelConfig.from_json(config)


@pytest.mark.parametrize("data", [None, [], "text", {}])
def test_what_is_no_config_at_all_is_refused(data: object) -> None:
    with pytest.raises(InvalidInput, match="another model"):
        ModelConfig.from_json(data)


# What the published predictor config carries beside sizes.
PUBLISHED_PREDICTOR_EXTRAS = """
{"_name_or_path": "", "add_cross_attention": false, "architectures": null, "bad_words_ids": null,
 "begin_suppress_tokens": null, "bos_token_id": null, "chunk_size_feed_forward": 0,
 "cross_attention_hidden_size": null, "decoder_start_token_id": null, "diversity_penalty": 0.0, "do_sample": false,
 "early_stopping": false, "encoder_no_repeat_ngram_size": 0, "eos_token_id": null,
 "exponential_decay_length_penalty": null, "finetuning_task": null, "forced_bos_token_id": null,
 "forced_eos_token_id": null, "id2label": {"0": "LABEL_0", "1": "LABEL_1"}, "is_decoder": false,
 "is_encoder_decoder": false, "label2id": {"LABEL_0": 0, "LABEL_1": 1}, "length_penalty": 1.0, "max_length": 20,
 "min_length": 0, "no_repeat_ngram_size": 0, "num_beam_groups": 1, "num_beams": 1, "num_return_sequences": 1,
 "output_attentions": false, "output_hidden_states": false, "output_scores": false, "pad_token_id": null,
 "prefix": null, "problem_type": null, "pruned_heads": {}, "remove_invalid_values": false,
 "repetition_penalty": 1.0, "return_dict": true, "return_dict_in_generate": false, "sep_token_id": null,
 "suppress_tokens": null, "task_specific_params": null, "temperature": 1.0, "tf_legacy_loss": false,
 "tie_encoder_decoder": false, "tie_word_embeddings": false, "tokenizer_class": null, "top_k": 50, "top_p": 1.0,
 "dtype": null, "torchscript": false, "typical_p": 1.0, "use_bfloat16": false, "use_cache": true}
"""
