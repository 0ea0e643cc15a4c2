"""The official package over the same checkpoint; runs under its own Python, without `moksori`.

    PYTHON benchmarks/official.py CHECKPOINT FRAMES ROUNDS DTYPE THREADS

Prints one line of JSON: seconds and processor seconds of each round of FRAMES frames, and the decoder's share of the
former.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import torch
from qwen_tts import Qwen3TTSModel  # type: ignore[import-not-found]  # of its own environment

TEXT = "안녕하세요 오늘은 날씨가 좋습니다 the voice"


def main() -> None:
    folder, frames, rounds, dtype = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    torch.set_num_threads(int(sys.argv[5]))
    model = Qwen3TTSModel.from_pretrained(folder, dtype=getattr(torch, dtype), attn_implementation="sdpa")
    decode, spent = model.model.speech_tokenizer.decode, [0.0]

    def timed(encoded: Any) -> Any:
        start = time.perf_counter()
        result = decode(encoded)
        spent[0] = time.perf_counter() - start
        return result

    model.model.speech_tokenizer.decode = timed
    results = []
    for _ in range(rounds + 1):
        start, processor = time.perf_counter(), time.process_time()
        waves, rate = model.generate_custom_voice(
            TEXT, speaker="sohee", language="korean", non_streaming_mode=True, max_new_tokens=frames + 1
        )
        seconds, processor = time.perf_counter() - start, time.process_time() - processor
        results.append({"seconds": seconds, "processor_s": processor, "codec": spent[0], "audio": len(waves[0]) / rate})
    print(json.dumps({"rounds": results[1:]}))


if __name__ == "__main__":
    main()
