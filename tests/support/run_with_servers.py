"""Runs a command with DATABASE_URL and REDIS_URL of a real PostgreSQL and a real Redis started for it.

python -m tests.support.run_with_servers pytest tests/classroom
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.servers import PostgresServer, RedisServer

USAGE_ERROR = 2


def run(command: list[str]) -> int:
    """Starts both servers, runs the command, ends the servers; returns the command's exit code."""
    with tempfile.TemporaryDirectory(prefix="lectern-redis-") as folder:
        redis = RedisServer(Path(folder))
        postgres = PostgresServer()
        try:
            urls = {"DATABASE_URL": postgres.new_database("lectern"), "REDIS_URL": redis.url}
            return subprocess.run(command, env=os.environ | urls, check=False).returncode
        finally:
            postgres.stop()
            redis.stop()


if __name__ == "__main__":
    if not sys.argv[1:]:
        print(__doc__, file=sys.stderr)
        raise SystemExit(USAGE_ERROR)
    raise SystemExit(run(sys.argv[1:]))
