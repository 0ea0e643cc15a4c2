"""A process of its own that decodes one upload: whatever a hostile file does to a decoder, it does it here.

Reads the file from standard input; writes float32 mono at 24 kHz to standard output, or one JSON line with what is
wrong to standard error. Memory and processor time are limited. Run by `intake`, never by hand.
"""

from __future__ import annotations

import json
import resource
import sys

from moksori import audio
from moksori.errors import MoksoriError
from moksori.voice import REFERENCE_RATE

MEMORY_BYTES, CPU_S = 3 << 30, 60
REFUSED = 3


def main(max_seconds: float) -> int:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    try:
        clip = audio.read(sys.stdin.buffer.read(), sample_rate=REFERENCE_RATE, max_seconds=max_seconds)
    except MoksoriError as error:
        json.dump({"message": error.message, "hint": error.hint}, sys.stderr)
        return REFUSED
    sys.stdout.buffer.write(clip.pcm.astype("<f4").tobytes())
    return 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))
