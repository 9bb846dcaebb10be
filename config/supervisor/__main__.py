"""`python -m config.supervisor`: a machine's relays, each started again when it ends, without a web tier."""

from __future__ import annotations

import asyncio
import os
import sys

from django.core.exceptions import ImproperlyConfigured

from config.supervisor import relays
from config.supervisor.part import Part
from config.supervisor.run import supervise

DRAIN_SECONDS = 14.0
"""A relay whose lessons move to another machine takes so long at most."""


def main() -> int:
    """Runs the relays until told to stop; returns the exit code."""
    try:
        environments = relays.environments(os.environ)
    except ImproperlyConfigured as problem:
        print(f"Lectern's relays can't start: {problem}", file=sys.stderr)
        return 1
    command = [sys.executable, "-m", "media_relay"]
    parts = [
        Part(name, command, environment, None, _say, DRAIN_SECONDS)
        for name, environment in environments.items()
    ]
    asyncio.run(supervise(parts, _say))
    return 0


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
