"""What the official package computes, written to a file; runs in the parity environment, without `moksori`.

    python tests/parity/official.py CHECKPOINT REQUEST.json OUT.safetensors

REQUEST holds cases as `tests/parity/cases.py` makes them, with the clips' files. For each row of each case the file
gets text ids, prompt embeddings, trailing text, greedy codes, how clear each decision was, and the waveform.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from qwen_tts import Qwen3TTSModel
from safetensors.torch import save_file

GREEDY = {"do_sample": False, "subtalker_dosample": False}


class Recorder:
    """Stands between the official wrapper and its talker and keeps what passes."""

    def __init__(self, model: Qwen3TTSModel) -> None:
        self.model = model.model
        self.talker, self.predictor = self.model.talker, self.model.talker.code_predictor
        self.seen: dict[str, Any] = {}
        self._talker_generate, self._predictor_generate = self.talker.generate, self.predictor.generate
        self._generate, self._decode = self.model.generate, self.model.speech_tokenizer.decode
        self.talker.generate, self.predictor.generate = self.talk, self.predict
        self.model.generate, self.model.speech_tokenizer.decode = self.generate, self.decode

    def generate(self, **arguments: Any) -> Any:
        self.seen = {"ids": arguments["input_ids"], "predicted": []}
        codes, hidden = self._generate(**arguments)
        self.seen["codes"] = codes
        return codes, hidden

    def talk(self, **arguments: Any) -> Any:
        mask = arguments["attention_mask"].bool()
        self.seen["embeddings"] = [row[m] for row, m in zip(arguments["inputs_embeds"], mask, strict=True)]
        self.seen["trailing"] = arguments["trailing_text_hidden"]
        self.seen["pad"] = arguments["tts_pad_embed"].flatten()
        result = self._talker_generate(**arguments, output_scores=True)
        self.seen["talked"] = [clearness(scores) for scores in result.scores]
        return result

    def predict(self, **arguments: Any) -> Any:
        result = self._predictor_generate(**arguments, output_scores=True)
        self.seen["predicted"].append(torch.stack([clearness(scores) for scores in result.scores], dim=1))
        return result

    def decode(self, encoded: Any) -> Any:
        self.seen["frames"] = [e["audio_codes"] for e in encoded]
        return self._decode(encoded)


def clearness(scores: torch.Tensor) -> torch.Tensor:
    """(B, vocab) -> by how much the likeliest leads the second, (B,)."""
    first, second = scores.float().topk(2, dim=-1).values.unbind(-1)
    return first - second


def speak(model: Qwen3TTSModel, case: dict[str, Any], clips: dict[str, str]) -> tuple[list[np.ndarray], list[Any]]:
    rows = case["rows"]
    texts = [row["text"] for row in rows]
    languages = [row["language"] or "Auto" for row in rows]
    shared = GREEDY | {"non_streaming_mode": case["layout"] == "whole", "max_new_tokens": case["frames"] + 1}
    if rows[0]["reference"]:
        prompts = [
            model.create_voice_clone_prompt(
                clips[row["reference"]], row["transcript"] or None, x_vector_only_mode=not row["transcript"]
            )[0]
            for row in rows
        ]
        waves, _ = model.generate_voice_clone(texts, languages, voice_clone_prompt=prompts, **shared)
        return waves, prompts
    instructs = [row["instruct"] for row in rows]
    if rows[0]["speaker"]:
        speakers = [row["speaker"] for row in rows]
        waves, _ = model.generate_custom_voice(texts, speakers, languages, instructs, **shared)
    else:
        waves, _ = model.generate_voice_design(texts, instructs, languages, **shared)
    return waves, []


def record(recorder: Recorder, waves: list[np.ndarray], prompts: list[Any]) -> list[dict[str, torch.Tensor]]:
    seen, found = recorder.seen, []
    for index, wave in enumerate(waves):
        codes = seen["codes"][index]
        first = torch.stack([step[index] for step in seen["talked"]])[: len(codes)]
        others = torch.stack([frame[index] for frame in seen["predicted"]])[: len(codes)]
        row = {
            "ids": seen["ids"][index][0],
            "embeddings": seen["embeddings"][index],
            "trailing": seen["trailing"][index],
            "pad": seen["pad"],
            "codes": codes,
            "clearness": torch.cat([first[:, None], others], dim=1),
            "wave": torch.from_numpy(wave),
            "frames": seen["frames"][index],
        }
        if prompts:
            row["vector"] = prompts[index].ref_spk_embedding
            if prompts[index].ref_code is not None:
                row["reference"] = prompts[index].ref_code
        found.append(row)
    return found


def main() -> None:
    checkpoint, request, out = sys.argv[1:]
    torch.set_num_threads(1)
    data = json.loads(Path(request).read_text(encoding="utf-8"))
    model = Qwen3TTSModel.from_pretrained(checkpoint, dtype=torch.float32)
    recorder = Recorder(model)
    tensors = {}
    for case in data["cases"]:
        rows = record(recorder, *speak(model, case, data["clips"]))
        for index, row in enumerate(rows):
            for name, tensor in row.items():
                tensors[f"{case['name']}/{index}/{name}"] = tensor.detach().clone().contiguous()
    names = sorted(name for part in (model.model.state_dict(),) for name in part)
    save_file(tensors, out, metadata={"tensors": json.dumps(names)})


if __name__ == "__main__":
    main()
