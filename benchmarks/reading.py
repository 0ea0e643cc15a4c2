"""How fast written Korean is read: import, first use, 10,000 and 100,000 characters of mixed announcement text.

`python -m benchmarks.reading [--json]`. Processor time on one core; the limits are the project's promises, and the exit
status says whether they are kept. Also reports how the development set is read.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

LIMITS = {"import_ms": 150.0, "ten_thousand_ms": 250.0}
SETS = Path(__file__).parent.parent / "tests" / "text"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    found = measure()
    kept = all(found[name] <= limit for name, limit in LIMITS.items())
    if chosen.json:
        print(json.dumps({**found, "limits": LIMITS, "kept": kept}))
    else:
        for name, value in found.items():
            limit = f"  (limit {LIMITS[name]:g})" if name in LIMITS else ""
            print(f"{name:24} {value:10.1f}{limit}")
    return 0 if kept else 1


def measure() -> dict[str, float]:
    from moksori.text import read

    begin = time.process_time()
    read("3개")
    first = time.process_time() - begin
    lines = written()
    text = " ".join(lines)
    while len(text) < 100_000:
        text += " " + text
    ten, hundred = text[:10_000], text[:100_000]
    read(ten)
    return {
        "import_ms": imported(),
        "first_reading_ms": 1e3 * first,
        "ten_thousand_ms": 1e3 * best(lambda: read(ten), 5),
        "hundred_thousand_ms": 1e3 * best(lambda: read(hundred), 2),
        "one_line_ms": 1e3 * best(lambda: [read(line) for line in lines], 3) / len(lines),
    }


def imported() -> float:
    """Processor milliseconds of `import moksori.text` in a new interpreter; the best of five."""
    code = "import time; t = time.process_time(); import moksori.text; print(time.process_time() - t)"
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(5)]
    return 1e3 * min(float(run.stdout) for run in runs)


def best(work: Callable[[], object], times: int) -> float:
    spent = []
    for _ in range(times):
        begin = time.process_time()
        work()
        spent.append(time.process_time() - begin)
    return min(spent)


def written() -> list[str]:
    """The development set's sentences, an even mixture of its categories."""
    found = []
    for path in sorted(SETS.glob("dev_*.tsv")):
        rows = path.read_text(encoding="utf-8").splitlines()
        found.append([row.split("\t")[1] for row in rows if row and not row.startswith("# ")])
    longest = max(map(len, found))
    return [column[index] for index in range(longest) for column in found if index < len(column)]


if __name__ == "__main__":
    sys.exit(main())
