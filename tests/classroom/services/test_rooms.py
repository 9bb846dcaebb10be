"""What holds in a room for all: the lobby, removal, the lock, supervision, the countdown."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from classroom.core.seats import Seat
from classroom.models import AuditEntry, Course, Lesson, Participation, Presence
from classroom.models.course import Admission
from classroom.permissions import Action, standing
from classroom.services import lessons, participation, presence, rooms
from classroom.services.errors import ConflictError
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db


def sit(cast: Cast, user: User, channel: str = "a channel") -> Seat:
    """Somebody's page in the lesson."""
    seat = Seat(cast.lesson.pk, user.pk, f"page-of-{user.pk}"[:40])
    found = standing(seat.user_id, seat.lesson_id)
    assert found is not None
    presence.enter_all(cast.lesson.pk, [presence.Arrival(seat, channel, found.is_admitted)])
    return seat


def may(cast: Cast, action: Action) -> bool:
    """Whether the first student may do this in the lesson."""
    found = standing(cast.student.pk, cast.lesson.pk)
    return found is not None and found.allows(action)


def by_hand(cast: Cast) -> None:
    """Has the course's students wait in the lobby."""
    Course.objects.filter(pk=cast.course.pk).update(admission=Admission.BY_HAND)


def names(people: list[dict[str, str]]) -> list[str]:
    """Who is in a list."""
    return [person["name"] for person in people]


def test_a_student_waits_in_the_lobby_until_a_teacher_admits_them(cast: Cast) -> None:
    by_hand(cast)
    sit(cast, cast.student)
    assert may(cast, Action.ENTER)
    assert not may(cast, Action.WATCH)
    assert names(participation.lobby(cast.lesson.pk)["waiting"]) == ["Student 1"]
    assert presence.people(cast.lesson.pk) == []
    assert participation.admit(cast.lesson.pk, cast.teacher.pk) == 1
    assert may(cast, Action.WATCH)
    assert participation.lobby(cast.lesson.pk)["waiting"] == []
    assert names(presence.people(cast.lesson.pk)) == ["Student 1"]


def test_teachers_never_wait(cast: Cast) -> None:
    by_hand(cast)
    sit(cast, cast.assistant)
    assert participation.lobby(cast.lesson.pk)["waiting"] == []
    assert names(presence.people(cast.lesson.pk)) == ["Asta Assistant"]


def test_a_lock_has_newcomers_wait_and_leaves_those_inside(cast: Cast) -> None:
    sit(cast, cast.student)
    rooms.lock(cast.lesson.pk, cast.teacher.pk, is_locked=True)
    assert may(cast, Action.WATCH)
    newcomer = standing(cast.students[1].pk, cast.lesson.pk)
    assert newcomer is not None
    assert not newcomer.allows(Action.WATCH)
    rooms.lock(cast.lesson.pk, cast.teacher.pk, is_locked=False)
    newcomer = standing(cast.students[1].pk, cast.lesson.pk)
    assert newcomer is not None
    assert newcomer.allows(Action.WATCH)


def test_who_was_removed_is_out_for_the_lesson_until_let_back(cast: Cast) -> None:
    sit(cast, cast.student)
    participation.remove(cast.lesson.pk, cast.teacher.pk, cast.student.pk)
    assert standing(cast.student.pk, cast.lesson.pk) is None
    assert standing(cast.student.pk, cast.later_lesson.pk) is not None
    assert presence.people(cast.lesson.pk) == []
    assert names(participation.lobby(cast.lesson.pk)["removed"]) == ["Student 1"]
    participation.let_back(cast.lesson.pk, cast.teacher.pk, cast.student.pk)
    assert may(cast, Action.WATCH)
    noted = AuditEntry.objects.order_by("pk").values_list("action", "actor", "subject")
    assert list(noted) == [
        ("room.remove", cast.teacher.pk, cast.student.pk),
        ("room.let_back", cast.teacher.pk, cast.student.pk),
    ]


@pytest.mark.parametrize("name", ["colleague", "assistant", "outsider", "stranger"])
def test_only_a_student_of_the_course_can_be_removed(cast: Cast, name: str) -> None:
    with pytest.raises(ConflictError):
        participation.remove(cast.lesson.pk, cast.teacher.pk, getattr(cast, name).pk)
    assert not Participation.objects.exists()


def test_students_are_stopped_once_no_teacher_was_connected_for_the_grace_time(cast: Cast) -> None:
    teacher = sit(cast, cast.teacher)
    sit(cast, cast.student)
    lessons.go_live(teacher)
    rooms.supervise()
    assert may(cast, Action.WRITE)
    Presence.objects.filter(user=cast.teacher).update(channel="")
    rooms.supervise()
    assert may(cast, Action.WRITE)
    Lesson.objects.update(unattended_since=timezone.now() - timedelta(seconds=11))
    rooms.supervise()
    assert not may(cast, Action.WRITE)
    assert may(cast, Action.WATCH)
    sit(cast, cast.assistant)
    rooms.supervise()
    assert may(cast, Action.WRITE)
    actions = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["room.unsupervised", "room.supervised"]


@pytest.mark.parametrize(("client", "sources"), [("page-of-a-teacher", []), ("whip-of-a-camera", ["camera"])])
def test_the_stage_of_a_page_is_dark_once_nobody_is_connected_and_a_devices_is_not(
    cast: Cast, client: str, sources: list[str]
) -> None:
    lessons.go_live(sit(cast, cast.teacher))
    Lesson.objects.update(stage_client=client, stage_sources=["camera"])
    Presence.objects.update(channel="")
    rooms.supervise()
    assert Lesson.objects.get(pk=cast.lesson.pk).stage_sources == ["camera"]
    Lesson.objects.update(unattended_since=timezone.now() - timedelta(seconds=11))
    rooms.supervise()
    row = Lesson.objects.get(pk=cast.lesson.pk)
    assert (row.stage_sources, row.stage_client) == (sources, client)


def test_a_teacher_back_within_the_grace_time_changes_nothing(cast: Cast) -> None:
    teacher = sit(cast, cast.teacher)
    lessons.go_live(teacher)
    Presence.objects.filter(user=cast.teacher).update(channel="")
    rooms.supervise()
    Lesson.objects.update(unattended_since=timezone.now() - timedelta(seconds=9))
    rooms.supervise()
    sit(cast, cast.teacher)
    rooms.supervise()
    assert Lesson.objects.get(pk=cast.lesson.pk).unattended_since is None
    assert not AuditEntry.objects.exists()


def test_a_countdown_ends_the_lesson_unless_it_is_stopped(cast: Cast) -> None:
    lessons.go_live(sit(cast, cast.teacher))
    rooms.start_countdown(cast.lesson.pk, cast.teacher.pk, 60)
    rooms.end_due()
    assert Lesson.objects.get(pk=cast.lesson.pk).state == Lesson.State.LIVE
    rooms.stop_countdown(cast.lesson.pk, cast.teacher.pk)
    Lesson.objects.filter(ends_for_all_at__isnull=False).update(ends_for_all_at=timezone.now())
    rooms.end_due()
    assert Lesson.objects.get(pk=cast.lesson.pk).state == Lesson.State.LIVE
    rooms.start_countdown(cast.lesson.pk, cast.teacher.pk, 60)
    Lesson.objects.filter(pk=cast.lesson.pk).update(ends_for_all_at=timezone.now())
    rooms.end_due()
    assert Lesson.objects.get(pk=cast.lesson.pk).state == Lesson.State.ENDED


def test_only_what_exists_can_be_shown_to_all(cast: Cast) -> None:
    rooms.show(cast.lesson.pk, cast.teacher.pk, "board")
    with pytest.raises(ConflictError):
        rooms.show(cast.lesson.pk, cast.teacher.pk, "javascript:")
    assert Lesson.objects.get(pk=cast.lesson.pk).main_view == "board"
