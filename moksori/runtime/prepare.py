"""The kernels compiled once after installation, by a process that ends: what a compiler takes (130 MB) does not stay.

Where compiled code cannot be kept, or this fails, whoever needs a kernel compiles it. Knows nothing of what that is.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys

from .compiled import cache_directory

DONE, WITHIN = "complete", "MOKSORI_PREPARING"
MOST_S = 600.0

logger = logging.getLogger(__name__)


def prepare() -> None:
    """Returns when the compiled code of exactly these sources lies on disk, or cannot."""
    folder = cache_directory()
    if folder is None or os.environ.get(WITHIN) or (folder / DONE).exists():
        return
    logger.info("Compiling for this processor, once: about half a minute.")
    command, environment = [sys.executable, "-m", __name__], {**os.environ, WITHIN: "1"}
    try:
        subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=MOST_S)
    except (OSError, subprocess.SubprocessError) as error:
        logger.warning("Compiling ahead failed, so it is done here: %s", getattr(error, "stderr", "") or error)


def _compile() -> None:
    """Loads the smallest checkpoint: as each runtime does, it speaks a frame for nobody."""
    from .runtime import Runtime

    Runtime("pocket-base", "int8", most=1).close()
    folder = cache_directory()
    assert folder is not None, "its parent has seen it"
    (folder / DONE).touch()


if __name__ == "__main__":
    _compile()
