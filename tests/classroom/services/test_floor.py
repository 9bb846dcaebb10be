"""The floor: hands, turns, muting, and what ends by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from classroom.core.seats import Seat
from classroom.models import Hand, Lesson, Participation, Turn
from classroom.permissions import Action, may
from classroom.services import floor, floor_keeping, lessons, presence, rooms
from classroom.services.errors import ConflictError
from tests.classroom.services.floors import audited, flows, give, permitted, sit, speak, turn
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db


# Hands


def test_hands_are_in_the_order_of_time_and_keep_their_place_when_the_word_changes(
    cast: Cast, seats: list[Seat]
) -> None:
    for student in cast.students[:3]:
        floor.raise_hand(cast.lesson.pk, student.pk, "")
    floor.raise_hand(cast.lesson.pk, cast.student.pk, "question")
    floor.lower_hand(cast.lesson.pk, cast.students[1].pk)
    found = floor.state(cast.lesson.pk)["hands"]
    assert [(hand["name"], hand["word"]) for hand in found] == [("Student 1", "question"), ("Student 3", "")]
    floor.lower_hand(cast.lesson.pk, cast.students[2].pk, cast.teacher.pk)
    floor.lower_all(cast.lesson.pk, cast.teacher.pk)
    assert floor.state(cast.lesson.pk)["hands"] == []
    assert audited() == ["floor.lower", "floor.lower_all"]


def test_who_has_spoken_in_the_course_since_monday_is_told_from_who_has_not(
    cast: Cast, seats: list[Seat]
) -> None:
    speak(cast, seats[0])
    floor.decline(seats[0], "floor")
    long_ago = timezone.now() - timedelta(days=8)
    Participation.objects.filter(user=cast.students[1]).update(last_spoke_at=long_ago)
    for student in cast.students[:3]:
        floor.raise_hand(cast.lesson.pk, student.pk, "")
    quiet = floor.not_spoken(cast.lesson.pk)["people"]
    assert set(quiet) == {str(student.pk) for student in cast.students[1:3]}
    assert "not_spoken" not in floor.state(cast.lesson.pk)


def test_a_hand_sinks_when_nobody_is_there_any_more(cast: Cast, seats: list[Seat]) -> None:
    floor.raise_hand(cast.lesson.pk, cast.student.pk, "")
    floor_keeping.sweep()
    assert Hand.objects.count() == 1
    presence.leave(seats[0])
    floor_keeping.sweep()
    assert Hand.objects.count() == 0


# Turns


def test_a_student_sends_only_once_they_have_accepted(cast: Cast, seats: list[Seat]) -> None:
    floor.raise_hand(cast.lesson.pk, cast.student.pk, "question")
    give(cast, cast.student)
    assert flows(cast, cast.student) is None
    assert floor.state(cast.lesson.pk)["hands"] == []
    with pytest.raises(ConflictError):
        floor.require_turn(seats[0])
    floor.accept(seats[0], "floor", ["microphone"])
    floor.require_turn(seats[0])
    assert flows(cast, cast.student) == ("microphone",)
    floor.set_sources(seats[0], "floor", ["microphone", "camera"])
    assert flows(cast, cast.student) == ("microphone", "camera")
    assert may(cast.student, Action.SEND, cast.lesson)


def test_what_was_not_offered_cannot_be_accepted(cast: Cast, seats: list[Seat]) -> None:
    give(cast, cast.student)
    for seat, kind in ((seats[1], "floor"), (seats[0], "screen"), (seats[0], "gallery")):
        with pytest.raises(ConflictError):
            floor.accept(seat, kind, ["camera"])
    with pytest.raises(ConflictError):
        floor.set_sources(seats[0], "floor", ["microphone"])
    assert permitted(cast).publishers.keys() == {str(cast.teacher.pk)}


def test_a_microphones_turn_lets_no_screen_through(cast: Cast, seats: list[Seat]) -> None:
    speak(cast, seats[0], "microphone", "screen")
    assert flows(cast, cast.student) == ("microphone",)


def test_only_the_page_that_has_accepted_sends(cast: Cast, seats: list[Seat]) -> None:
    speak(cast, seats[0])
    other = sit(cast, cast.student, "page-0002")
    with pytest.raises(ConflictError):
        floor.require_turn(other)
    with pytest.raises(ConflictError):
        floor.set_sources(other, "floor", ["camera"])
    floor.accept(other, "floor", ["microphone"])
    floor.require_turn(other)
    with pytest.raises(ConflictError):
        floor.require_turn(seats[0])


def test_no_more_have_the_floor_than_there_are_places(cast: Cast, seats: list[Seat]) -> None:
    people = [*cast.students, cast.assistant]
    sit(cast, cast.assistant)
    for person in people[:4]:
        give(cast, person)
    assert sorted(Turn.objects.values_list("place", flat=True)) == [1, 2, 3, 4]
    with pytest.raises(ConflictError, match="Every place is taken"):
        give(cast, people[4])
    floor.take_back(cast.lesson.pk, cast.teacher.pk, people[1].pk, "floor")
    give(cast, people[4])
    assert turn(people[4]).place == 2


def test_the_floor_is_given_to_nobody_who_cannot_have_it(cast: Cast, seats: list[Seat]) -> None:
    presence.leave(seats[3])
    for person in (cast.teacher, cast.students[3], cast.outsider, cast.stranger):
        with pytest.raises(ConflictError):
            give(cast, person)
    lessons.end_lesson(cast.lesson.pk)
    with pytest.raises(ConflictError):
        give(cast, cast.student)
    assert not Turn.objects.exists()


def test_taking_back_ends_it_at_once_and_is_noted(cast: Cast, seats: list[Seat]) -> None:
    speak(cast, seats[0])
    floor.take_back(cast.lesson.pk, cast.teacher.pk, cast.student.pk, "floor")
    assert flows(cast, cast.student) is None
    assert audited() == ["floor.give", "floor.take_back"]
    with pytest.raises(ConflictError):
        floor.take_back(cast.lesson.pk, cast.teacher.pk, cast.student.pk, "floor")


def test_a_turn_ends_with_its_time_which_runs_from_its_acceptance(cast: Cast, seats: list[Seat]) -> None:
    give(cast, cast.student, seconds=60)
    assert turn(cast.student).ends_at is None
    floor.accept(seats[0], "floor", ["microphone"])
    ends_at = turn(cast.student).ends_at
    floor.accept(seats[0], "floor", ["microphone"])
    assert turn(cast.student).ends_at == ends_at
    floor_keeping.end_due()
    assert flows(cast, cast.student) == ("microphone",)
    Turn.objects.update(ends_at=timezone.now())
    floor_keeping.end_due()
    assert flows(cast, cast.student) is None
    assert audited()[-1] == "floor.time_over"


def test_giving_once_more_sets_another_time(cast: Cast, seats: list[Seat]) -> None:
    speak(cast, seats[0], seconds=10)
    give(cast, cast.student, seconds=600)
    assert Turn.objects.filter(ends_at__gt=timezone.now() + timedelta(seconds=590)).exists()
    give(cast, cast.student)
    assert turn(cast.student).ends_at is None


def test_looking_for_turns_whose_time_is_over_takes_one_query(
    cast: Cast, seats: list[Seat], django_assert_num_queries: Any
) -> None:
    speak(cast, seats[0], seconds=60)
    with django_assert_num_queries(1):
        floor_keeping.end_due()
    with django_assert_num_queries(3):
        floor_keeping.sweep()


@pytest.mark.parametrize("how", ["page gone", "lesson over", "on stage"])
def test_a_turn_ends_by_itself(cast: Cast, seats: list[Seat], how: str) -> None:
    colleague = sit(cast, cast.colleague)
    speak(cast, colleague)
    floor_keeping.sweep()
    assert flows(cast, cast.colleague) == ("microphone",)
    if how == "page gone":
        sit(cast, cast.colleague, "page-0002")
        presence.leave(colleague)
    elif how == "lesson over":
        lessons.end_lesson(cast.lesson.pk)
    else:
        lessons.go_live(colleague)
    floor_keeping.sweep()
    assert not Turn.objects.filter(ended_at=None).exists()


def test_without_a_teacher_students_go_silent_and_come_back(cast: Cast, seats: list[Seat]) -> None:
    speak(cast, seats[0])
    Lesson.objects.filter(pk=cast.lesson.pk).update(is_supervised=False)
    assert flows(cast, cast.student) == ()
    assert permitted(cast).publishers[str(cast.teacher.pk)]
    Lesson.objects.filter(pk=cast.lesson.pk).update(is_supervised=True)
    assert flows(cast, cast.student) == ("microphone",)


def test_who_was_removed_sends_nothing(cast: Cast, seats: list[Seat]) -> None:
    speak(cast, seats[0])
    Participation.objects.filter(user=cast.student).update(removed_at=timezone.now())
    assert flows(cast, cast.student) is None
    assert str(cast.student.pk) not in permitted(cast).viewers


# Muting


def test_who_is_muted_is_not_heard_until_they_turn_the_microphone_on_again(
    cast: Cast, seats: list[Seat]
) -> None:
    speak(cast, seats[0], "microphone", "camera")
    floor.mute(cast.lesson.pk, cast.teacher.pk, cast.student.pk)
    assert flows(cast, cast.student) == ("camera",)
    floor.set_sources(seats[0], "floor", ["microphone", "camera"])
    assert flows(cast, cast.student) == ("camera",)
    floor.unmute(seats[0])
    assert flows(cast, cast.student) == ("camera",)
    floor.set_sources(seats[0], "floor", ["microphone", "camera"])
    assert flows(cast, cast.student) == ("microphone", "camera")


def test_who_was_muted_stays_so_where_teachers_alone_unmute(cast: Cast, seats: list[Seat]) -> None:
    speak(cast, seats[0])
    rooms.change(cast.lesson.pk, cast.teacher.pk, may_unmute=False)
    floor.mute(cast.lesson.pk, cast.teacher.pk, cast.student.pk)
    with pytest.raises(ConflictError):
        floor.unmute(seats[0])
    floor.set_sources(seats[0], "floor", ["microphone"])
    floor.allow_unmute(cast.lesson.pk, cast.teacher.pk, cast.student.pk)
    assert flows(cast, cast.student) == ()
    floor.set_sources(seats[0], "floor", ["microphone"])
    assert flows(cast, cast.student) == ("microphone",)
    assert audited() == ["floor.give", "room.change", "floor.mute", "floor.allow_unmute"]


def test_muting_all_leaves_the_staff_be(cast: Cast, seats: list[Seat]) -> None:
    speak(cast, seats[0])
    speak(cast, sit(cast, cast.assistant))
    floor.mute_all(cast.lesson.pk, cast.teacher.pk)
    assert flows(cast, cast.student) == ()
    assert flows(cast, cast.assistant) == ("microphone",)
