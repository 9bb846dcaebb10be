"""How soon a part that died is started again."""

from __future__ import annotations

from config.supervisor.backoff import FIRST_SECONDS, HEALTHY_SECONDS, LIMIT_SECONDS, Backoff


def test_the_wait_doubles_up_to_a_limit() -> None:
    backoff = Backoff()
    assert [backoff.after(lived=0.1) for _ in range(8)] == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, LIMIT_SECONDS]


def test_a_healthy_life_starts_the_waits_over() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.after(lived=1)
    assert backoff.after(lived=HEALTHY_SECONDS) == FIRST_SECONDS


def test_a_short_life_does_not() -> None:
    backoff = Backoff()
    backoff.after(lived=1)
    assert backoff.after(lived=HEALTHY_SECONDS - 0.1) > FIRST_SECONDS
