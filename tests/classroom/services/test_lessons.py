"""Lessons go live, end and are cancelled; the stage changes hands."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from classroom.core.seats import Seat
from classroom.models import Enrolment, Lesson, Presence
from classroom.services import lessons, presence
from classroom.services.errors import ConflictError
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db
PAGE, OTHER_PAGE = "page-0001", "page-0002"


def seat_of(cast: Cast, user: User, client: str = PAGE) -> Seat:
    """The person's seat in the lesson that is on now."""
    return Seat(cast.lesson.pk, user.pk, client)


def stage_of(lesson: Lesson) -> tuple[object, str, list[str]]:
    """Who holds the stage, from which page, with which sources."""
    lesson.refresh_from_db()
    return lesson.stage_holder_id, lesson.stage_client, lesson.stage_sources


def test_going_live_takes_the_stage(cast: Cast) -> None:
    lessons.go_live(seat_of(cast, cast.teacher))
    assert stage_of(cast.lesson) == (cast.teacher.pk, PAGE, [])
    assert cast.lesson.state == Lesson.State.LIVE
    assert cast.lesson.went_live_at is not None


def test_going_live_twice_from_the_same_page_changes_nothing(cast: Cast) -> None:
    seat = seat_of(cast, cast.teacher)
    lessons.go_live(seat)
    lessons.set_sources(seat, ["camera"])
    number = Lesson.objects.get(pk=cast.lesson.pk).event_seq
    lessons.go_live(seat)
    assert stage_of(cast.lesson) == (cast.teacher.pk, PAGE, ["camera"])
    assert cast.lesson.event_seq == number


def test_the_stage_moves_to_who_went_live_last_with_its_sources_off(cast: Cast) -> None:
    lessons.go_live(seat_of(cast, cast.teacher))
    lessons.set_sources(seat_of(cast, cast.teacher), ["camera"])
    first = Lesson.objects.get(pk=cast.lesson.pk).went_live_at
    lessons.go_live(seat_of(cast, cast.colleague, OTHER_PAGE))
    assert stage_of(cast.lesson) == (cast.colleague.pk, OTHER_PAGE, [])
    assert cast.lesson.went_live_at == first


def test_a_cancelled_lesson_cannot_go_live(cast: Cast) -> None:
    with pytest.raises(ConflictError, match="cancelled"):
        lessons.go_live(Seat(cast.cancelled_lesson.pk, cast.teacher.pk, PAGE))


def test_ending_clears_the_stage_and_going_live_opens_the_lesson_again(cast: Cast) -> None:
    lessons.go_live(seat_of(cast, cast.teacher))
    lessons.end_lesson(cast.lesson.pk)
    assert stage_of(cast.lesson) == (None, "", [])
    assert cast.lesson.ended_at is not None
    lessons.go_live(seat_of(cast, cast.teacher))
    cast.lesson.refresh_from_db()
    assert (cast.lesson.state, cast.lesson.ended_at) == (Lesson.State.LIVE, None)


def test_only_a_live_lesson_can_be_ended(cast: Cast) -> None:
    with pytest.raises(ConflictError):
        lessons.end_lesson(cast.lesson.pk)


def test_a_lesson_that_is_over_cannot_be_cancelled(cast: Cast) -> None:
    with pytest.raises(ConflictError):
        lessons.cancel_lesson(cast.ended_lesson.pk)


def test_only_the_stages_page_sets_its_sources(cast: Cast) -> None:
    lessons.go_live(seat_of(cast, cast.teacher))
    for user, client in ((cast.teacher, OTHER_PAGE), (cast.colleague, PAGE)):
        with pytest.raises(ConflictError):
            lessons.set_sources(seat_of(cast, user, client), ["camera"])
        with pytest.raises(ConflictError):
            lessons.require_stage(seat_of(cast, user, client))


def test_the_stage_is_kept_while_its_page_may_come_back_and_then_vacated(cast: Cast) -> None:
    seat = seat_of(cast, cast.teacher)
    key, _is_new = presence.enter(seat, "channel")
    lessons.go_live(seat)
    lessons.vacate_stages()
    assert stage_of(cast.lesson)[1] == PAGE
    presence.leave(seat)
    lessons.vacate_stages()
    assert stage_of(cast.lesson)[1] == PAGE
    Presence.objects.filter(pk=key).update(left_at=timezone.now() - presence.GRACE - timedelta(seconds=1))
    lessons.vacate_stages()
    assert stage_of(cast.lesson) == (None, "", [])
    cast.lesson.refresh_from_db()
    assert cast.lesson.state == Lesson.State.LIVE


def test_who_may_publish_no_longer_loses_the_stage(cast: Cast) -> None:
    seat = seat_of(cast, cast.teacher)
    presence.enter(seat, "channel")
    lessons.go_live(seat)
    Enrolment.objects.filter(user=cast.teacher).update(role=Enrolment.Role.STUDENT)
    lessons.vacate_stages()
    assert stage_of(cast.lesson) == (None, "", [])


def test_a_form_that_was_open_meanwhile_does_not_put_the_stage_back(cast: Cast) -> None:
    form = Lesson.objects.get(pk=cast.lesson.pk)
    lessons.go_live(seat_of(cast, cast.teacher))
    number = Lesson.objects.get(pk=cast.lesson.pk).event_seq
    form.title = "Optics, again"
    form.state = Lesson.State.LIVE
    form.save()
    assert stage_of(cast.lesson)[:2] == (cast.teacher.pk, PAGE)
    assert (cast.lesson.title, cast.lesson.event_seq) == ("Optics, again", number)


def test_a_lesson_ended_in_a_form_loses_its_stage(cast: Cast) -> None:
    lessons.go_live(seat_of(cast, cast.teacher))
    Lesson.objects.filter(pk=cast.lesson.pk).update(state=Lesson.State.ENDED)
    lessons.announce(cast.lesson.pk)
    assert stage_of(cast.lesson) == (None, "", [])


def test_only_lessons_whose_phase_time_has_changed_are_announced(cast: Cast) -> None:
    everything = [cast.lesson.pk, cast.later_lesson.pk, cast.cancelled_lesson.pk]
    assert lessons.announce_flips(everything, timezone.now() - timedelta(seconds=5)) == []
    assert lessons.announce_flips(everything, timezone.now() - timedelta(hours=1)) == [cast.lesson.pk]
