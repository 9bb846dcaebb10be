"""How passwords are kept."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

from django.contrib.auth.hashers import Argon2PasswordHasher

AT_ONCE = min(4, os.cpu_count() or 1)
"""So many passwords are hashed at a time: more at once are no faster, and each takes its memory."""
# Threads of their own: the C library keeps such a block for each thread that has ever needed one.
_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="password")


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id with 19 MiB, two passes, one lane: OWASP's advice.

    Django's own choice takes 100 MiB on eight lanes for each sign-in: a class that signs in at nine o'clock
    would take gigabytes.
    """

    memory_cost = 19 * 1024
    time_cost = 2
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        """Returns what is kept of a password."""
        return _threads.submit(super().encode, password, salt).result()

    def verify(self, password: str, encoded: str) -> bool:
        """Whether it is the password."""
        return _threads.submit(super().verify, password, encoded).result()
