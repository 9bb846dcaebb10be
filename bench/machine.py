"""On what, when and of which commit something was measured."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOAD_AT_START = os.getloadavg()[0]
"""Before this process has added its own."""


def about() -> dict[str, str]:
    """Returns what must stand beside every figure, the command of this process among it."""
    # `python -m bench.x` shows here as the path of its file.
    module = f"bench.{Path(sys.argv[0]).stem}"
    return {
        "command": " ".join(["python", "-m", module, *_portable(sys.argv[1:])]),
        "date": datetime.datetime.now(tz=datetime.UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "processor": f"{os.cpu_count()} cores of {_processor()}",
        "system": f"Linux {platform.release()}, Python {platform.python_version()}",
        "load_before": f"{LOAD_AT_START:.2f}",
    }


def commit() -> str:
    """Returns the short name of the commit, with a `+` if files differ from it, or `unknown`."""
    asked = _git("describe", "--always", "--abbrev=10", "--exclude=*", "--dirty=+")
    return asked or "unknown"


def _git(*arguments: str) -> str:
    try:
        asked = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return asked.stdout.strip()


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _portable(arguments: list[str]) -> list[str]:
    """The arguments without this checkout's place."""
    return [argument.replace(f"{ROOT}/", "") for argument in arguments]
