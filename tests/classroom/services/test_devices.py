"""Devices in a room: the stage, presence and media live and end with their session."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from classroom.core.offers import Outline
from classroom.core.seats import Seat, is_device
from classroom.models import Enrolment, Lesson, Placement, Presence, Relay, StreamKey, StreamSession
from classroom.services import devices, lessons, presence, stream_keys
from classroom.services.devices import Opened
from classroom.services.errors import ConflictError
from classroom.services.stream_keys import WHEP, WHIP, Grant, digest_of
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db
EPOCH = "epoch-1"
OFFER = Outline((("audio", "sendonly"), ("video", "sendonly")), "EsAw")


@pytest.fixture
def relay(cast: Cast) -> Relay:
    """The relay that carries the lesson; nobody listens at its channel."""
    row = Relay.objects.create(
        name="relay", epoch=EPOCH, connected=True, capacity=100, heartbeat_at=timezone.now()
    )
    Placement.objects.create(lesson=cast.lesson, relay=row)
    return row


def grant_to(user: User, lesson: Lesson, kind: str = WHIP) -> Grant:
    """What a new key of the person grants."""
    _key, secret = stream_keys.issue(user.pk, lesson.pk, kind)
    found = stream_keys.grant(kind, lesson.pk, digest_of(secret))
    assert found is not None
    return found


def open_with(grant: Grant) -> Opened:
    """Opens a session that the relay takes."""
    opened = devices.open_session(grant, OFFER.ufrag, EPOCH)
    assert devices.confirm(opened, OFFER) is not None
    return opened


def stage_of(lesson: Lesson) -> tuple[str, str, list[str]]:
    """The lesson's state, and what is on its stage."""
    lesson.refresh_from_db()
    return lesson.state, lesson.stage_client, lesson.stage_sources


def present(lesson: Lesson) -> list[str]:
    """The clients that count as present."""
    return list(Presence.objects.filter(lesson=lesson, left_at=None).values_list("client", flat=True))


def test_an_encoder_takes_the_stage_and_shows_what_it_sends(cast: Cast, relay: Relay) -> None:
    opened = open_with(grant_to(cast.teacher, cast.lesson))
    assert is_device(opened.seat.client)
    assert stage_of(cast.lesson) == ("live", opened.seat.client, ["microphone", "camera"])
    assert [person["name"] for person in presence.people(cast.lesson.pk)] == ["Ada Teacher"]
    assert StreamKey.objects.get().last_used_at is not None


def test_nothing_is_shown_before_the_relay_has_taken_the_offer(cast: Cast, relay: Relay) -> None:
    opened = devices.open_session(grant_to(cast.teacher, cast.lesson), OFFER.ufrag, EPOCH)
    assert stage_of(cast.lesson) == ("live", opened.seat.client, [])
    assert StreamKey.objects.get().last_used_at is None


def test_a_player_watches_without_the_stage(cast: Cast, relay: Relay) -> None:
    opened = open_with(grant_to(cast.student, cast.lesson, WHEP))
    assert stage_of(cast.lesson) == ("scheduled", "", [])
    assert present(cast.lesson) == [opened.seat.client]


def test_a_second_session_of_a_key_replaces_the_first(cast: Cast, relay: Relay) -> None:
    grant = grant_to(cast.teacher, cast.lesson)
    first = open_with(grant)
    second = open_with(grant)
    assert devices.find(grant, first.id) is None
    assert devices.find(grant, second.id) is not None
    assert stage_of(cast.lesson) == ("live", second.seat.client, ["microphone", "camera"])
    assert present(cast.lesson) == [second.seat.client]
    assert not devices.end(first.id)
    assert stage_of(cast.lesson)[1] == second.seat.client


def test_a_session_that_was_replaced_while_it_waited_is_not_confirmed(cast: Cast, relay: Relay) -> None:
    grant = grant_to(cast.teacher, cast.lesson)
    first = devices.open_session(grant, OFFER.ufrag, EPOCH)
    second = open_with(grant)
    assert devices.confirm(first, OFFER) is None
    assert stage_of(cast.lesson)[1] == second.seat.client


def test_ending_empties_the_stage_and_leaves_the_lesson_live(cast: Cast, relay: Relay) -> None:
    opened = open_with(grant_to(cast.teacher, cast.lesson))
    assert devices.end(opened.id)
    assert stage_of(cast.lesson) == ("live", "", [])
    assert present(cast.lesson) == []
    assert not devices.end(opened.id)


def test_media_that_the_relay_has_closed_ends_the_session(cast: Cast, relay: Relay) -> None:
    opened = open_with(grant_to(cast.teacher, cast.lesson))
    devices.media_closed(Seat(cast.lesson.pk, cast.colleague.pk, opened.seat.client))
    assert StreamSession.objects.exists()
    devices.media_closed(opened.seat)
    assert not StreamSession.objects.exists()
    assert stage_of(cast.lesson) == ("live", "", [])


def test_a_new_key_takes_the_stage_from_a_page(cast: Cast, relay: Relay) -> None:
    lessons.go_live(Seat(cast.lesson.pk, cast.colleague.pk, "page-0001"))
    opened = open_with(grant_to(cast.teacher, cast.lesson))
    assert stage_of(cast.lesson)[1] == opened.seat.client


def test_an_encoder_that_dials_in_again_takes_the_stage_from_nobody(cast: Cast, relay: Relay) -> None:
    grant = grant_to(cast.teacher, cast.lesson)
    open_with(grant)
    page = Seat(cast.lesson.pk, cast.colleague.pk, "page-0001")
    lessons.go_live(page)
    with pytest.raises(ConflictError, match="Somebody else"):
        devices.open_session(grant, OFFER.ufrag, EPOCH)
    assert stage_of(cast.lesson)[1] == page.client
    lessons.vacate_stage(page)
    opened = open_with(grant)
    assert stage_of(cast.lesson)[1] == opened.seat.client


def test_an_encoder_that_dials_in_again_does_not_reopen_a_lesson(cast: Cast, relay: Relay) -> None:
    grant = grant_to(cast.teacher, cast.lesson)
    open_with(grant)
    lessons.end_lesson(cast.lesson.pk)
    with pytest.raises(ConflictError, match="has ended"):
        devices.open_session(grant, OFFER.ufrag, EPOCH)
    assert stage_of(cast.lesson)[0] == "ended"
    open_with(grant_to(cast.teacher, cast.lesson))
    assert stage_of(cast.lesson)[0] == "live"


def test_revoking_a_key_ends_what_it_has_open(cast: Cast, relay: Relay) -> None:
    grant = grant_to(cast.teacher, cast.lesson)
    open_with(grant)
    assert devices.revoke_key(grant.key_id)
    assert not StreamSession.objects.exists()
    assert stage_of(cast.lesson) == ("live", "", [])


def test_a_device_is_present_without_a_socket_for_as_long_as_its_session(cast: Cast, relay: Relay) -> None:
    opened = open_with(grant_to(cast.student, cast.lesson, WHEP))
    Presence.objects.update(seen_at=timezone.now() - presence.GRACE * 2)
    assert presence.sweep() == []
    StreamSession.objects.all().delete()
    assert presence.sweep() == [opened.seat]


def test_a_stage_held_by_a_device_is_not_vacated(cast: Cast, relay: Relay) -> None:
    opened = open_with(grant_to(cast.teacher, cast.lesson))
    Presence.objects.update(seen_at=timezone.now() - presence.GRACE * 2)
    lessons.vacate_stages()
    devices.sweep()
    assert stage_of(cast.lesson)[1] == opened.seat.client


def expire(cast: Cast) -> None:
    """The key's time is over."""
    StreamKey.objects.update(expires_at=timezone.now())


def unenrol(cast: Cast) -> None:
    """The person leaves the course."""
    Enrolment.objects.filter(user=cast.teacher).delete()


def demote(cast: Cast) -> None:
    """The person only attends from now on."""
    Enrolment.objects.filter(user=cast.teacher).update(role=Enrolment.Role.STUDENT)


def deactivate(cast: Cast) -> None:
    """The person's account is closed."""
    User.objects.filter(pk=cast.teacher.pk).update(is_active=False)


def run_out(cast: Cast) -> None:
    """The lesson's time is over, and nobody is there to see it."""
    Lesson.objects.filter(pk=cast.lesson.pk).update(ends_at=timezone.now() - timedelta(hours=5))


def cancel(cast: Cast) -> None:
    """The lesson is cancelled."""
    lessons.cancel_lesson(cast.lesson.pk)


def take_over(cast: Cast) -> None:
    """Somebody else goes live, and word of the closed media is lost."""
    lessons.go_live(Seat(cast.lesson.pk, cast.colleague.pk, "page-0001"))


def restart_relay(cast: Cast) -> None:
    """The relay has started anew: its media is gone."""
    Relay.objects.update(epoch="epoch-2")


def move(cast: Cast) -> None:
    """Another relay carries the lesson now."""
    other = Relay.objects.create(name="other", epoch="other", heartbeat_at=timezone.now())
    Placement.objects.update(relay=other)


def lose_relay(cast: Cast) -> None:
    """Nothing was heard of the relay for long."""
    Relay.objects.update(heartbeat_at=timezone.now() - devices.RELAY_AWAY - timedelta(seconds=1))


ENDINGS = [expire, unenrol, demote, deactivate, run_out, cancel, take_over, restart_relay, move, lose_relay]


@pytest.mark.parametrize("happen", ENDINGS, ids=lambda step: step.__name__)
def test_a_session_ends_when_its_rights_or_its_relay_do(
    cast: Cast, relay: Relay, happen: Callable[[Cast], None]
) -> None:
    opened = open_with(grant_to(cast.teacher, cast.lesson))
    devices.sweep()
    assert StreamSession.objects.filter(pk=opened.id).exists()
    happen(cast)
    devices.sweep()
    assert not StreamSession.objects.exists()
    assert present(cast.lesson) == []
    assert stage_of(cast.lesson)[1] != opened.seat.client


def test_a_session_goes_on_while_its_relay_is_away_for_a_moment(cast: Cast, relay: Relay) -> None:
    open_with(grant_to(cast.teacher, cast.lesson))
    Relay.objects.update(connected=False, heartbeat_at=timezone.now() - timedelta(seconds=30))
    devices.sweep()
    assert StreamSession.objects.exists()


def test_a_session_that_was_given_up_before_its_answer_ends(cast: Cast, relay: Relay) -> None:
    devices.open_session(grant_to(cast.teacher, cast.lesson), OFFER.ufrag, EPOCH)
    devices.sweep()
    assert StreamSession.objects.exists()
    StreamSession.objects.update(started_at=timezone.now() - devices.ANSWER_WITHIN - timedelta(seconds=1))
    devices.sweep()
    assert not StreamSession.objects.exists()


def test_a_sweep_costs_one_query_without_sessions_and_two_with_any_number(
    cast: Cast, relay: Relay, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        devices.sweep()
    for student in cast.students:
        open_with(grant_to(student, cast.lesson, WHEP))
    with django_assert_num_queries(2):
        devices.sweep()
