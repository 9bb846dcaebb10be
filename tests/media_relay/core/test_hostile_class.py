"""Whatever a class does, the router keeps its promises: `hostile_class.py` tells which."""

from __future__ import annotations

from media_relay.core import rtcp
from tests.media_relay.core.classroom import CAMERA, SCREEN, SLOTS, TEACHER, Classroom, offered
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


def test_slots_that_come_and_go_are_chosen_for_by_who_subscribes_anew() -> None:
    lesson = Classroom()
    lesson.permit(slots=SLOTS[:2])
    lesson.subscriber()
    lesson.permit(slots=SLOTS)
    student = lesson.subscriber()
    lesson.rtcp(student, rtcp.Remb(1, 1_000_000, (1,)))
    lesson.publisher(TEACHER, offered(CAMERA), offered(SCREEN))
    lesson.wait(3.0)
    assert lesson.entered("teacher-screen")
    lesson.permit(slots=SLOTS[1:])
    lesson.wait(3.0)
    assert [link for link, _ in lesson.closed()][-1] is student
