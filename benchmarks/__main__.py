"""`make bench`: the measurements that need only this machine, one after the other; `python -m benchmarks NAME` picks.

Each is a module of its own with options of its own (`python -m benchmarks.NAME --help`).
"""

from __future__ import annotations

import subprocess
import sys

ALWAYS = ("reading", "runtime")


def main() -> int:
    statuses = [subprocess.call([sys.executable, "-m", f"benchmarks.{name}"]) for name in sys.argv[1:] or ALWAYS]
    return max(statuses)


if __name__ == "__main__":
    sys.exit(main())
