"""Relays: register, placement, permits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from classroom.core.seats import Seat
from classroom.models import Enrolment, Lesson, Placement, Presence, Relay
from classroom.models.relay import HEARTBEAT_LIMIT, RelaySample
from classroom.services import lessons, presence, relay_choice, relay_history, relays
from classroom.services.errors import ConflictError, RelayFullError, RelayUnavailableError
from media_relay import protocol
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db
PAGE = "page-0001"
HELLO = protocol.Register("relay-1", "1.0", "epoch-1", ("192.0.2.1", "2001:db8::1"), 7400, 100)
LOAD = protocol.Load(0, 0, 0, 0, 0, 0, 0, 0, 0)


def register(name: str = "relay-1", usage: float = 0.0, **fields: Any) -> Relay:
    """Registers a relay that uses so much of its budget."""
    channel = f"channel-of-{name}"
    found = relays.register(replace(HELLO, name=name, **fields), channel)
    relays.heartbeat(found.relay_id, channel, replace(LOAD, usage=usage))
    return Relay.objects.get(pk=found.relay_id)


def fall_silent(relay: Relay, ago: timedelta = HEARTBEAT_LIMIT) -> None:
    """Lets the relay's last heartbeat be so long ago."""
    Relay.objects.filter(pk=relay.pk).update(heartbeat_at=timezone.now() - ago)


def be_in(lesson: Lesson, user: User) -> None:
    """Brings a page of the person into the room."""
    presence.enter(Seat(lesson.pk, user.pk, PAGE), "channel")


def permits(lesson: Lesson) -> protocol.Permits:
    """The lesson's permits now."""
    found = relays.permits_for(lesson.pk)
    assert found is not None
    return found


# The register


def test_a_relay_that_registers_is_noted_with_its_addresses() -> None:
    relay = register()
    assert (relay.address, relay.port, relay.epoch) == ("192.0.2.1, 2001:db8::1", 7400, "epoch-1")
    assert relay.is_available


def test_registering_again_tells_which_connection_is_replaced() -> None:
    assert relays.register(HELLO, "channel-1").replaced_channel == ""
    again = relays.register(replace(HELLO, epoch="epoch-2"), "channel-2")
    assert again.replaced_channel == "channel-1"
    relays.disconnect(again.relay_id, "channel-1")
    assert not relays.heartbeat(again.relay_id, "channel-1", LOAD)
    assert Relay.objects.get().is_available
    relays.disconnect(again.relay_id, "channel-2")
    assert not Relay.objects.get().is_available


def test_a_silent_relay_is_given_up() -> None:
    relay = register()
    relays.sweep()
    assert Relay.objects.get().connected
    fall_silent(relay)
    relays.sweep()
    assert not Relay.objects.get().connected
    assert not relays.heartbeat(relay.pk, relay.channel, LOAD)


# Placement


def test_a_lesson_is_placed_on_the_least_used_relay(cast: Cast) -> None:
    register("busy", usage=0.5)
    free = register("free", usage=0.1)
    register("full", usage=0.8)
    register("useless", capacity=0)
    assert relays.place(cast.lesson.pk).relay_id == free.pk


def test_lessons_that_begin_at_once_are_spread_before_any_relay_has_told_its_load(cast: Cast) -> None:
    for name in ("a", "b", "c"):
        register(name, usage=0.02)
    lessons_now = (cast.lesson, cast.second_lesson, cast.other_lesson)
    assert len({relays.place(lesson.pk).relay_id for lesson in lessons_now}) == 3


def test_a_lesson_stays_where_it_is_while_its_relay_is_available(cast: Cast) -> None:
    first = register("first")
    assert relays.place(cast.lesson.pk).relay_id == first.pk
    register("second")
    register("first", usage=0.99)
    assert relays.place(cast.lesson.pk).relay_id == first.pk


def test_a_new_lesson_is_refused_while_every_relay_has_enough_to_do(cast: Cast) -> None:
    register("full", usage=0.8)
    register("overfull", usage=1.4)
    assert relay_choice.are_full()
    with pytest.raises(RelayFullError, match="all that they can carry"):
        relays.place(cast.lesson.pk)
    with pytest.raises(RelayFullError):
        lessons.go_live(Seat(cast.lesson.pk, cast.teacher.pk, PAGE))
    assert Lesson.objects.get(pk=cast.lesson.pk).state == Lesson.State.SCHEDULED
    register("full", usage=0.79)
    assert not relay_choice.are_full()
    lessons.go_live(Seat(cast.lesson.pk, cast.teacher.pk, PAGE))
    register("full", usage=0.95)
    lessons.go_live(Seat(cast.lesson.pk, cast.colleague.pk, PAGE))


def test_a_lesson_goes_live_while_there_is_no_relay_for_one_may_come(cast: Cast) -> None:
    assert not relay_choice.are_full()
    lessons.go_live(Seat(cast.lesson.pk, cast.teacher.pk, PAGE))
    assert Lesson.objects.get(pk=cast.lesson.pk).state == Lesson.State.LIVE
    with pytest.raises(RelayUnavailableError):
        relays.place(cast.lesson.pk)
    assert relays.media(cast.lesson.pk) == {"state": "none", "epoch": ""}


def test_a_relay_that_is_away_for_a_moment_is_waited_for(cast: Cast) -> None:
    first = register("first")
    relays.place(cast.lesson.pk)
    register("second")
    relays.disconnect(first.pk, first.channel)
    with pytest.raises(RelayUnavailableError):
        relays.place(cast.lesson.pk)
    assert relays.media(cast.lesson.pk)["state"] == "lost"
    register("first", epoch="epoch-2")
    assert relays.place(cast.lesson.pk).epoch == "epoch-2"
    assert relays.media(cast.lesson.pk) == {"state": "ready", "epoch": "epoch-2"}


def test_a_line_that_breaks_moves_no_lesson_and_a_relay_that_stays_away_loses_its_own(cast: Cast) -> None:
    first = register("first")
    relays.place(cast.lesson.pk)
    be_in(cast.lesson, cast.student)
    generation = Placement.objects.get().generation
    second = register("second")
    fall_silent(first, relays.RETURN)
    relays.disconnect(first.pk, first.channel)
    relays.rescue()
    assert Placement.objects.get().relay == first
    fall_silent(first, relays.RETURN)
    relays.rescue()
    assert relays.place(cast.lesson.pk).relay_id == second.pk
    assert Placement.objects.get().generation > generation
    assert relays.media(cast.lesson.pk)["state"] == "ready"


def test_a_lesson_is_placed_anew_when_its_relays_row_is_deleted(cast: Cast) -> None:
    first = register("first")
    relays.place(cast.lesson.pk)
    second = register("second")
    first.delete()
    assert relays.place(cast.lesson.pk).relay_id == second.pk


def test_only_lessons_with_somebody_in_them_move(cast: Cast) -> None:
    first = register("first")
    for lesson in (cast.lesson, cast.second_lesson):
        relays.place(lesson.pk)
    be_in(cast.lesson, cast.student)
    second = register("second")
    fall_silent(first)
    relays.sweep()
    relays.rescue()
    assert Placement.objects.get(lesson=cast.lesson).relay == second
    assert Placement.objects.get(lesson=cast.second_lesson).relay == first
    assert Presence.objects.filter(left_at=None).count() == 1


def test_no_lesson_moves_to_a_relay_that_has_enough_to_do(cast: Cast) -> None:
    first = register("first")
    relays.place(cast.lesson.pk)
    be_in(cast.lesson, cast.student)
    register("second", usage=0.85)
    fall_silent(first)
    relays.sweep()
    relays.rescue()
    assert Placement.objects.get().relay == first


def test_to_look_for_lessons_to_rescue_takes_one_query(cast: Cast, django_assert_num_queries: Any) -> None:
    register()
    relays.place(cast.lesson.pk)
    with django_assert_num_queries(1):
        relays.rescue()


# Drain


def drains(relay: Relay) -> None:
    """Lets the relay say that it is about to stop."""
    relays.heartbeat(relay.pk, relay.channel, replace(LOAD, draining=True))


def test_a_relay_that_drains_gets_no_lessons_and_its_own_move(cast: Cast) -> None:
    first = register("first")
    for lesson in (cast.lesson, cast.second_lesson):
        relays.place(lesson.pk)
    be_in(cast.lesson, cast.student)
    second = register("second", usage=0.5)
    drains(first)
    assert relays.retire(first.pk) == 1
    assert relays.media(cast.lesson.pk) == {"state": "ready", "epoch": second.epoch}
    for lesson in (cast.lesson, cast.second_lesson, cast.other_lesson):
        assert relays.place(lesson.pk).relay_id == second.pk


def test_a_relay_that_drains_alone_keeps_its_lessons_to_the_end(cast: Cast) -> None:
    only = register("only")
    relays.place(cast.lesson.pk)
    be_in(cast.lesson, cast.student)
    drains(only)
    assert relays.retire(only.pk) == 0
    assert Placement.objects.get().relay == only


def test_a_relay_that_starts_anew_drains_no_longer(cast: Cast) -> None:
    drains(register("first"))
    assert register("first", epoch="epoch-2").is_available
    assert not Relay.objects.get().draining
    assert relays.place(cast.lesson.pk)


def test_a_relay_is_asked_to_drain_only_where_its_lessons_have_somewhere_to_go(cast: Cast) -> None:
    first = register("first")
    relays.drain(first.pk)
    relays.place(cast.lesson.pk)
    be_in(cast.lesson, cast.student)
    with pytest.raises(ConflictError, match="no other relay"):
        relays.drain(first.pk)
    register("second")
    relays.drain(first.pk)
    relays.disconnect(first.pk, first.channel)
    with pytest.raises(ConflictError, match="isn't connected"):
        relays.drain(first.pk)


# History


def test_a_heartbeat_takes_two_queries_and_leaves_a_sample(django_assert_num_queries: Any) -> None:
    relay = register()
    RelaySample.objects.all().delete()
    counters = {"kernel_drops": 1, "packets_expired": 2, "packets_failed": 4, "nacked": 100}
    load = replace(LOAD, subscribers=30, out_pps=1500.0, loop_lag_ms=2.5, counters=counters)
    with django_assert_num_queries(4):  # Two, within a savepoint of the test's own transaction.
        relays.heartbeat(relay.pk, relay.channel, load)
    ((sample,),) = relay_history.since(None).values()
    figures = dict(zip(relay_history.FIGURES, sample[1:], strict=True))
    assert (figures["subscribers"], figures["out_pps"], figures["loop_lag_ms"]) == (30, 1500.0, 2.5)
    assert figures["drops"] == 7
    assert relay_history.since(timezone.now()) == {}


def test_samples_are_shown_for_half_an_hour_and_kept_for_one() -> None:
    register()
    for minutes in (29, 31, 59, 61):
        at = timezone.now() - timedelta(minutes=minutes)
        relay_history.record(Relay.objects.get().pk, **dict.fromkeys(relay_history.FIGURES, 0))
        RelaySample.objects.filter(pk=RelaySample.objects.latest("pk").pk).update(at=at)
    relay_history.prune()
    assert RelaySample.objects.count() == 4
    (shown,) = relay_history.since(timezone.now() - timedelta(days=1)).values()
    assert len(shown) == 2


# Permits


def test_everyone_active_in_the_course_may_watch_and_nobody_publishes_before_it_is_live(cast: Cast) -> None:
    register()
    relays.place(cast.lesson.pk)
    User.objects.filter(pk=cast.students[3].pk).update(is_active=False)
    Enrolment.objects.bulk_create([Enrolment(course=cast.course, user=cast.stranger, role="teacher")])
    people = (cast.teacher, cast.colleague, cast.assistant, *cast.students[:3])
    found = permits(cast.lesson)
    assert found.viewers == tuple(sorted(str(user.pk) for user in people))
    assert (found.publishers, found.stage) == ({}, ())
    assert [(slot.name, slot.kind) for slot in found.slots[:4]] == [
        ("teacher-microphone", "audio"),
        ("teacher-camera", "video"),
        ("teacher-screen", "video"),
        ("teacher-screen-audio", "audio"),
    ]
    assert [slot.name for slot in found.slots if slot.audience == "staff"] == ["staff-screen"]
    assert found.staff == tuple(sorted(str(user.pk) for user in people[:3]))


def test_the_stages_holder_alone_publishes_into_the_teachers_slots(cast: Cast) -> None:
    register()
    relays.place(cast.lesson.pk)
    lessons.go_live(Seat(cast.lesson.pk, cast.teacher.pk, PAGE))
    found = permits(cast.lesson)
    assert found.publishers == {str(cast.teacher.pk): ("microphone", "camera", "screen", "screen_audio")}
    assert {(entry.slot, entry.participant, entry.source) for entry in found.stage} == {
        ("teacher-microphone", str(cast.teacher.pk), "microphone"),
        ("teacher-camera", str(cast.teacher.pk), "camera"),
        ("teacher-screen", str(cast.teacher.pk), "screen"),
        ("teacher-screen-audio", str(cast.teacher.pk), "screen_audio"),
    }


@pytest.mark.parametrize("how", ["removed", "made a student", "deactivated"])
def test_a_stages_holder_without_the_right_publishes_nothing(cast: Cast, how: str) -> None:
    register()
    relays.place(cast.lesson.pk)
    lessons.go_live(Seat(cast.lesson.pk, cast.teacher.pk, PAGE))
    enrolment = Enrolment.objects.filter(user=cast.teacher, course=cast.course)
    if how == "removed":
        enrolment.delete()
    elif how == "made a student":
        enrolment.update(role=Enrolment.Role.STUDENT)
    else:
        User.objects.filter(pk=cast.teacher.pk).update(is_active=False)
    found = permits(cast.lesson)
    assert (found.publishers, found.stage) == ({}, ())


@pytest.mark.parametrize("state", [Lesson.State.ENDED, Lesson.State.CANCELLED])
def test_a_lesson_that_is_over_permits_nothing(cast: Cast, state: str) -> None:
    register()
    relays.place(cast.lesson.pk)
    Lesson.objects.filter(pk=cast.lesson.pk).update(state=state, stage_holder=cast.teacher)
    found = permits(cast.lesson)
    assert (found.viewers, found.publishers, found.stage) == ((), {}, ())


def test_a_lesson_left_live_permits_nothing_when_its_time_is_over(cast: Cast) -> None:
    register()
    relays.place(cast.lesson.pk)
    lessons.go_live(Seat(cast.lesson.pk, cast.teacher.pk, PAGE))
    Lesson.objects.filter(pk=cast.lesson.pk).update(ends_at=timezone.now() - timedelta(hours=4))
    assert permits(cast.lesson).viewers == ()


def test_every_set_of_permits_has_a_newer_generation(cast: Cast) -> None:
    register()
    relays.place(cast.lesson.pk)
    generations = [permits(cast.lesson).generation for _ in range(3)]
    assert generations == sorted(set(generations))


def test_a_lesson_without_a_placement_has_no_permits(cast: Cast) -> None:
    assert relays.permits_for(cast.lesson.pk) is None


def test_permits_survive_the_wire(cast: Cast) -> None:
    register()
    relays.place(cast.lesson.pk)
    lessons.go_live(Seat(cast.lesson.pk, cast.teacher.pk, PAGE))
    found = permits(cast.lesson)
    assert protocol.decode(protocol.encode(found)) == found
