"""Ten minutes of sound through the encoder at its released size, within 1 GiB above the loaded encoder."""

from __future__ import annotations

import subprocess
import sys

import pytest

LIMIT = 1 << 30
# Run on its own, so that the process's peak is the encoder's.
PROGRAM = """
import resource, sys
import torch
from moksori.model.codec import Codec, CodecConfig
from tests.parity.codec_random import RELEASED, clip, official_config

torch.set_num_threads(2)
torch.manual_seed(0)
config = CodecConfig.from_dict(official_config(RELEASED))
with torch.device("meta"):
    shapes = Codec(config, ("encoder",)).state_dict()
tensors = {name: torch.randn(t.shape) * t[0].numel() ** -0.5 if t.dim() > 1 else torch.ones(t.shape)
           for name, t in shapes.items()}
codec = Codec.load(config, tensors, parts=("encoder",))
pcm = torch.from_numpy(clip(1, int(float(sys.argv[1]) * 24000), 24000))
del tensors, shapes
before = int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()
codes = codec.encode(pcm)
print(len(codes), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before)
"""


def above_the_loaded_encoder(seconds: float) -> int:
    command = [sys.executable, "-c", PROGRAM, str(seconds)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert int(answer[0]) == -(-int(seconds * 24000) // 1920)
    return int(answer[1])


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_ten_minutes_are_encoded_within_a_gibibyte() -> None:
    assert above_the_loaded_encoder(600) < LIMIT
