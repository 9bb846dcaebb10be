"""Runs the whole suite in two lanes side by side: lessons in browsers wait a lot, all other tests hardly do.

`python -m tests.support.lanes`
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time

PYTEST = (sys.executable, "-m", "pytest")
ON_SERVERS = (sys.executable, "-m", "tests.support.run_with_servers")
LANES = (
    ((*PYTEST, "tests/browser"), (*ON_SERVERS, *PYTEST, "tests/classroom", "tests/accounts")),
    ((*PYTEST, "--ignore=tests/browser"),),
)
"""The commands of each lane, one after the other: those of the classroom run on both kinds of database."""


class Runner:
    """Runs commands and prints what each has said once it is over."""

    def __init__(self) -> None:
        self.failures = 0
        self._printing = threading.Lock()

    def run(self, commands: tuple[tuple[str, ...], ...]) -> None:
        """Runs one lane."""
        for command in commands:
            began = time.monotonic()
            done = subprocess.run(
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                check=False,
            )
            with self._printing:
                self.failures += done.returncode != 0
                print(f"\n$ {' '.join(command[1:])}\n{done.stdout}", end="")
                print(f"({time.monotonic() - began:.0f} s)", flush=True)


def main() -> int:
    """Returns how many commands have failed."""
    runner = Runner()
    threads = [threading.Thread(target=runner.run, args=(lane,)) for lane in LANES]
    print("The tests run in two lanes; what each has to say comes when it is through.", flush=True)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return runner.failures


if __name__ == "__main__":
    sys.exit(main())
