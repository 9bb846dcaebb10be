"""Whatever a class does, the router keeps its promises: `hostile_class.py` tells which."""

from __future__ import annotations

from tests.media_relay.core.hostile_class import HostileClass

SEEDS = 8
STEPS = 2000


def test_the_router_keeps_its_promises_to_a_class_that_does_what_it_likes() -> None:
    forwarded = resent = moves = 0
    for seed in range(SEEDS):
        lesson = HostileClass(seed)
        lesson.run(STEPS)
        forwarded += lesson.forwarded
        resent += lesson.resent
        moves += lesson.moves
    # Otherwise little would have been shown.
    assert forwarded > 1000
    assert resent > 10
    assert moves > 100
