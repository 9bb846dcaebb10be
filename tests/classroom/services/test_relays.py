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
from classroom.models.relay import HEARTBEAT_LIMIT
from classroom.services import lessons, presence, relays
from classroom.services.errors import RelayUnavailableError
from media_relay import protocol
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db
PAGE = "page-0001"
HELLO = protocol.Register("relay-1", "1.0", "epoch-1", ("192.0.2.1", "2001:db8::1"), 7400, 100)
LOAD = protocol.Load(0, 0, 0, 0, 0, 0, 0, 0, 0)


def register(name: str = "relay-1", subscribers: int = 0, **fields: Any) -> Relay:
    """Registers a relay that carries so many."""
    channel = f"channel-of-{name}"
    found = relays.register(replace(HELLO, name=name, **fields), channel)
    relays.heartbeat(found.relay_id, channel, replace(LOAD, subscribers=subscribers))
    return Relay.objects.get(pk=found.relay_id)


def fall_silent(relay: Relay) -> None:
    """Lets the relay's last heartbeat be too long ago."""
    Relay.objects.filter(pk=relay.pk).update(heartbeat_at=timezone.now() - HEARTBEAT_LIMIT)


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


def test_a_lesson_is_placed_where_there_is_most_room(cast: Cast) -> None:
    register("busy", subscribers=50)
    free = register("free", subscribers=10)
    register("full", subscribers=100)
    register("small", subscribers=5, capacity=10)
    assert relays.place(cast.lesson.pk).relay_id == free.pk


def test_a_lesson_stays_where_it_is_while_its_relay_is_available(cast: Cast) -> None:
    first = register("first", subscribers=0)
    assert relays.place(cast.lesson.pk).relay_id == first.pk
    register("second")
    register("first", subscribers=99)
    assert relays.place(cast.lesson.pk).relay_id == first.pk


def test_without_any_relay_with_room_there_is_no_placement(cast: Cast) -> None:
    with pytest.raises(RelayUnavailableError):
        relays.place(cast.lesson.pk)
    register("full", subscribers=100)
    register("useless", capacity=0)
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


def test_a_lesson_is_placed_anew_when_its_relay_is_gone_for_good(cast: Cast) -> None:
    first = register("first")
    relays.place(cast.lesson.pk)
    generation = Placement.objects.get().generation
    second = register("second")
    relays.disconnect(first.pk, first.channel)
    fall_silent(first)
    assert relays.place(cast.lesson.pk).relay_id == second.pk
    assert Placement.objects.get().generation > generation


def test_a_lesson_is_placed_anew_when_its_relays_row_is_deleted(cast: Cast) -> None:
    first = register("first")
    relays.place(cast.lesson.pk)
    second = register("second")
    first.delete()
    assert relays.place(cast.lesson.pk).relay_id == second.pk


def test_the_sweep_moves_only_lessons_with_somebody_in_them(cast: Cast) -> None:
    first = register("first")
    for lesson in (cast.lesson, cast.second_lesson):
        relays.place(lesson.pk)
    presence.enter(Seat(cast.lesson.pk, cast.student.pk, PAGE), "channel")
    second = register("second")
    fall_silent(first)
    relays.sweep()
    assert Placement.objects.get(lesson=cast.lesson).relay == second
    assert Placement.objects.get(lesson=cast.second_lesson).relay == first
    assert Presence.objects.filter(left_at=None).count() == 1


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
    assert {slot.name: slot.kind for slot in found.slots} == {
        "teacher-microphone": "audio",
        "teacher-camera": "video",
        "teacher-screen": "video",
        "teacher-screen-audio": "audio",
    }


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
