"""Runs all benchmarks, one after the other, and writes `var/bench/` and `docs/performance.md`.

`python -m bench`, or `python -m bench --quick --results DIR --docs DIR` to see in two minutes that it works
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from bench.performance import DOCS, RESULTS

# What each is run with, and what is enough to see it work.
BENCHMARKS = {
    "cost_deaf": (
        "cost deaf",
        "--steps 50,150,300,500,1000,1500,2000 --seconds 5",
        "--steps 3,6 --seconds 1",
    ),
    "cost_counting": (
        "cost counting",
        "--steps 50,150,300,500,1000,2000 --seconds 5",
        "--steps 3,6 --seconds 1",
    ),
    "rivals": ("rivals", "--steps 50,150,300 --rounds 2 --seconds 3", "--steps 2,4 --rounds 1 --seconds 1"),
    "delay": ("delay", "--subscribers 1000 --seconds 6", "--subscribers 10 --probes 2 --seconds 1"),
    "storm": ("storm", "--inside 300 --joining 500 --span 10", "--inside 3 --joining 5 --span 1"),
    "quality": ("quality", "", "--pace 0.3"),
    "join": ("join", "", "--joins 3"),
    "room": ("room", "--people 500", "--people 50 --pace 0.2"),
    "room_on_servers": ("room", "--people 500 --servers", "--people 50 --pace 0.2 --servers"),
}


def main() -> int:
    """Returns how many benchmarks could not be run; a missed goal is not a failure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small and short: to see that all of it works")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder for the JSON files")
    parser.add_argument("--docs", type=Path, default=DOCS, help="the folder for the page")
    options = parser.parse_args()
    failures, began = 0, time.monotonic()
    for name, (module, full, quick) in BENCHMARKS.items():
        failures += not _run(
            name, [*module.split(), *(quick if options.quick else full).split()], options.results
        )
    places = ["--results", str(options.results), "--docs", str(options.docs)]
    subprocess.run([sys.executable, "-m", "bench.performance", *places], check=True)
    print(f"\nall in {time.monotonic() - began:.0f} s; {failures} not measured", flush=True)
    return failures


def _run(name: str, words: list[str], results: Path) -> bool:
    print(f"\n{' '.join(words)}", flush=True)
    began, path = time.monotonic(), results / f"{name}.json"
    # What an earlier run has found is not this one's.
    path.unlink(missing_ok=True)
    module, *options = words
    command = [sys.executable, "-m", f"bench.{module}", *options, "--json", str(path)]
    is_done = subprocess.run(command, check=False).returncode == 0
    print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
    return is_done


if __name__ == "__main__":
    sys.exit(main())
