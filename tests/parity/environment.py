"""A separate environment with the official package, built once beside the repository's own.

Its exact pins would rule ours out, so the two never share one. Knows nothing of what is compared.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[2] / ".parity"
PACKAGES = (
    "torch==2.13.0", "transformers==4.57.3", "accelerate==1.12.0", "librosa==0.11.0", "einops", "soundfile", "soxr",
    "onnxruntime", "numpy",
)  # fmt: skip
# Imported by the official package for its 25 Hz tokenizer alone, which nothing here touches.
STAND_INS = ("torchaudio/__init__.py", "torchaudio/compliance/__init__.py", "torchaudio/compliance/kaldi.py", "sox.py")


def python() -> Path:
    """The environment's interpreter; builds the environment if it is not complete."""
    interpreter = FOLDER / "bin" / "python"
    complete = FOLDER / "complete"
    if complete.is_file() and complete.read_text() == "\n".join(PACKAGES):
        return interpreter
    print(f"Building {FOLDER.name}/ with qwen-tts 0.1.1 (once; some minutes) ...", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(FOLDER)], check=True)
    pip = [str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    index = os.environ.get("TORCH_INDEX")
    subprocess.run([*pip, *(["--extra-index-url", index] if index else []), *PACKAGES], check=True)
    subprocess.run([*pip, "--no-deps", "qwen-tts==0.1.1"], check=True)
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(subprocess.run([interpreter, "-c", ask], check=True, capture_output=True, text=True).stdout.strip())
    for name in STAND_INS:
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text('"""Empty on purpose: only the unused 25 Hz tokenizer imports it."""\n')
    complete.write_text("\n".join(PACKAGES))
    return interpreter
