"""How long to wait before a part that died is started again."""

FIRST_SECONDS = 0.2
LIMIT_SECONDS = 10.0
HEALTHY_SECONDS = 30.0


class Backoff:
    """Waits that double from FIRST_SECONDS to LIMIT_SECONDS, and start over after a healthy life."""

    def __init__(self) -> None:
        self._next = FIRST_SECONDS

    def after(self, lived: float) -> float:
        """Returns the seconds to wait after a life of `lived` seconds."""
        if lived >= HEALTHY_SECONDS:
            self._next = FIRST_SECONDS
        wait = self._next
        self._next = min(wait * 2, LIMIT_SECONDS)
        return wait
