"""Runs all benchmarks, one after the other, and leaves their figures in `var/bench/`.

`python -m bench`
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "var" / "bench"
BENCHMARKS = (
    ("relay_fanout", "--subscribers", "300", "--seconds", "10"),
    ("join",),
)


def main() -> int:
    """Returns how many benchmarks could not be run; a missed goal is not a failure."""
    failures = 0
    for name, *options in BENCHMARKS:
        print(f"\n{name} {' '.join(options)}", flush=True)
        command = [sys.executable, "-m", f"bench.{name}", *options, "--json", str(FOLDER / f"{name}.json")]
        failures += subprocess.run(command, check=False).returncode != 0
    return failures


if __name__ == "__main__":
    sys.exit(main())
