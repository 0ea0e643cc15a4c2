"""From a training state to two checkpoints in the official format: base, which clones, and custom_voice, which names.

Both read the same talker shard and the same codec: what is equal is one file, linked. Storage is bfloat16, as
released. Knows nothing of training.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from moksori.model.checkpoint import official_predictor_name, official_talker_name
from moksori.model.speaker import log_mels
from moksori.training.state import restore

from . import corpus, shape, speak
from .vocabulary import Vocabulary

TALKER, SPEAKER = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
CLIPS_PER_NAME = 12
GENERATION = {
    "do_sample": True, "repetition_penalty": 1.05, "temperature": 0.4, "top_p": 0.95, "top_k": 30,
    "subtalker_dosample": True, "subtalker_temperature": 0.8, "subtalker_top_p": 0.95, "subtalker_top_k": 30,
    "max_new_tokens": 1024,
}  # fmt: skip


def export(home: Path, spoken: corpus.Corpus, codec: Path, target: Path) -> None:
    """`home` holds the run's state and vocabulary, `codec` the official speech_tokenizer files."""
    state = restore(home / "state.pt")
    assert state is not None, f"no state in {home}"
    vocabulary = Vocabulary(extra="".join(clip.text for clip in spoken.clips))
    num_voices = len(state["model"]["voices.weight"])
    model = shape.Pocket(vocabulary, num_voices)
    model.load_state_dict(state["model"])
    model.eval().requires_grad_(False)
    names = tuple(speak.NAMED)
    for index, name in enumerate(names):
        model.talker.codec_embedding.weight[shape.FIRST_SPEAKER + index] = _voice(model, spoken, name)
    base, custom = target / "pocket-base", target / "pocket-custom-voice"
    base.mkdir(parents=True, exist_ok=True)
    shards = {TALKER: _talker(model), SPEAKER: _speaker(model)}
    for shard, tensors in shards.items():
        save_file(tensors, base / shard, metadata={"format": "pt"})
        (base / shard).chmod(0o644)
    _write_json(base / "config.json", shape.config(vocabulary, "base"))
    _write_index(base, shards)
    vocabulary.write(base)
    _write_json(base / "generation_config.json", GENERATION)
    shutil.copytree(codec, base / "speech_tokenizer", dirs_exist_ok=True)
    _halve(base / "speech_tokenizer" / "model.safetensors")
    custom.mkdir(exist_ok=True)
    _write_json(custom / "config.json", shape.config(vocabulary, "custom_voice", names))
    _write_index(custom, {TALKER: shards[TALKER]})
    for shared in (TALKER, "vocab.json", "merges.txt", "tokenizer_config.json", "generation_config.json"):
        _link(custom / shared, base / shared)
    (custom / "speech_tokenizer").mkdir(exist_ok=True)
    for file in sorted((base / "speech_tokenizer").iterdir()):
        _link(custom / "speech_tokenizer" / file.name, file)


def _voice(model: shape.Pocket, spoken: corpus.Corpus, name: str) -> Tensor:
    """The mean vector of some of the voice's clips."""
    wanted = speak.NAMED[name].name
    clips = [i for i in spoken.by_voice[wanted] if spoken.clips[i].samples > 36000][:CLIPS_PER_NAME]
    config = model.config.speaker
    assert config is not None
    mels = [log_mels(torch.from_numpy(spoken.pcm(i)), config) for i in clips]
    return torch.stack([model.speaker_encoder(mel[None])[0] for mel in mels]).mean(0)


def _talker(model: shape.Pocket) -> dict[str, Tensor]:
    named = {n: v for n, v in model.talker.state_dict().items() if not n.startswith("text_embedding.")}
    named["text_embedding.weight"] = model.talker.text_embedding.table()  # type: ignore[operator]
    tensors = {official_talker_name(name): value for name, value in named.items()}
    tensors |= {official_predictor_name(name): value for name, value in model.predictor.state_dict().items()}
    return {name: value.to(torch.bfloat16).contiguous() for name, value in sorted(tensors.items())}


def _speaker(model: shape.Pocket) -> dict[str, Tensor]:
    named = model.speaker_encoder.state_dict()
    return {f"speaker_encoder.{name}": value.to(torch.bfloat16).contiguous() for name, value in sorted(named.items())}


def _halve(path: Path) -> None:
    """A codec in float32 goes to bfloat16; its codebooks stay, since a code is a nearest neighbour."""
    tensors = load_file(path)
    if any(value.dtype == torch.float16 for value in tensors.values()):
        return  # its own recipe has done so
    keep = ("codebook", "embed", "cluster", "alpha", "beta")
    halved = {
        name: value.to(torch.bfloat16) if value.dtype == torch.float32 and not any(w in name for w in keep) else value
        for name, value in tensors.items()
    }
    save_file(halved, path, metadata={"format": "pt"})


def _write_index(folder: Path, shards: dict[str, dict[str, Tensor]]) -> None:
    where = {name: shard for shard, tensors in shards.items() for name in tensors}
    size = sum(t.numel() * t.element_size() for tensors in shards.values() for t in tensors.values())
    _write_json(folder / "model.safetensors.index.json", {"metadata": {"total_size": size}, "weight_map": where})


def _link(place: Path, original: Path) -> None:
    place.unlink(missing_ok=True)
    place.symlink_to(os.path.relpath(original, place.parent))


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m recipes.pocket.export", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="the recipe's folder")
    parser.add_argument("--run", type=Path, required=True, help="the talker's run")
    parser.add_argument("--codes", type=Path, required=True)
    parser.add_argument("--codec", type=Path, required=True, help="the speech_tokenizer folder")
    parser.add_argument("--target", type=Path, default=Path("moksori/checkpoints"))
    given = parser.parse_args()
    export(given.run, corpus.Corpus(given.folder, given.codes), given.codec, given.target)


if __name__ == "__main__":
    main()
