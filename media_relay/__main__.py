"""`python -m media_relay`: a media relay, set up by the environment (see docs/operating.md)."""

from __future__ import annotations

import asyncio
import errno
import logging
import sys

from media_relay import config, worker

EXIT_FAILED = 1
EXIT_BAD_SETTINGS = 2


def main() -> int:
    """Runs a relay and returns the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        return _run(config.from_environment())
    except config.ConfigError as error:
        print(error, file=sys.stderr)
        return EXIT_BAD_SETTINGS


def _run(settings: config.Config) -> int:
    try:
        asyncio.run(worker.serve(settings))
    except OSError as error:
        print(_explain(error, settings.port), file=sys.stderr)
        return EXIT_FAILED
    return 0


def _explain(error: OSError, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"UDP port {port} is taken by another program: stop it, or set MEDIA_PORT to a free one."
    return f"The relay cannot use UDP port {port}: {error.strerror or error}."


if __name__ == "__main__":
    sys.exit(main())
