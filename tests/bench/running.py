"""Runs a benchmark as `make bench` does, only smaller."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RUN_SECONDS = 120


def figures_of(folder: Path, name: str, *options: str) -> Any:
    """Returns the figures that `bench.<name>` has written into the folder."""
    path = folder / f"{name}.json"
    command = [sys.executable, "-m", f"bench.{name}", *options, "--json", str(path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=RUN_SECONDS, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    written = json.loads(path.read_text())
    assert written["about"]["command"].startswith(f"python -m bench.{name}")
    return written["figures"]
