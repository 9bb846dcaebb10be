"""How passwords are kept."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id with 19 MiB, two passes, one lane: OWASP's advice.

    Django's own choice takes 100 MiB on eight lanes for each sign-in: a class that signs in at nine o'clock
    would take gigabytes.
    """

    memory_cost = 19 * 1024
    time_cost = 2
    parallelism = 1
