"""The floor: hands, turns, who may send from where, and what ends by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from classroom.core.floor import STAGE_SLOTS, Permitted
from classroom.core.seats import Seat
from classroom.models import AuditEntry, Course, Enrolment, Hand, Lesson, Participation, Turn
from classroom.models.course import Format
from classroom.permissions import Action, may
from classroom.services import floor, floor_keeping, lessons, permits, presence, rooms
from classroom.services.errors import ConflictError
from tests.support.cast import Cast, make_person

pytestmark = pytest.mark.django_db


def sit(cast: Cast, user: User, client: str = "page-0001") -> Seat:
    """Somebody's page in the room."""
    seat = Seat(cast.lesson.pk, user.pk, client)
    presence.enter(seat, "channel")
    return seat


@pytest.fixture
def seats(cast: Cast) -> list[Seat]:
    """The lesson is live on the teacher's page; the students sit in it."""
    lessons.go_live(sit(cast, cast.teacher))
    return [sit(cast, student) for student in cast.students]


def set_format(cast: Cast, format: str, **fields: Any) -> None:
    """Makes the course's lessons of this format."""
    Course.objects.filter(pk=cast.course.pk).update(format=format, **fields)


def give(cast: Cast, user: User, kind: str = "floor", seconds: int | None = None) -> None:
    """The teacher gives somebody a place."""
    floor.give(cast.lesson.pk, cast.teacher.pk, user.pk, kind, seconds)


def speak(cast: Cast, seat: Seat, *sources: str, seconds: int | None = None) -> None:
    """Somebody is given the floor and takes it."""
    floor.give(cast.lesson.pk, cast.teacher.pk, seat.user_id, "floor", seconds)
    floor.accept(seat, "floor", sources or ("microphone",))


def permitted(cast: Cast) -> Permitted:
    """What the relay is told."""
    return permits.of(Lesson.objects.select_related("course").get(pk=cast.lesson.pk))


def flows(cast: Cast, user: User) -> tuple[str, ...] | None:
    """What may flow from a person; None where they may not even connect."""
    return permitted(cast).publishers.get(str(user.pk))


def turn(user: User, kind: str = "floor") -> Turn:
    """The person's open turn."""
    return Turn.objects.get(user=user, kind=kind, ended_at=None)


def audited() -> list[str]:
    """What the trail says."""
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


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
    assert "not_spoken" not in floor.section(cast.lesson.pk, is_staff=False)


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


# Staff beside the stage's holder


@pytest.mark.parametrize(
    ("format", "place"),
    [(Format.LECTURE, "floor-1"), (Format.OFFICE_HOURS, "floor-1"), (Format.SEMINAR, "seat-5")],
)
def test_a_second_teacher_speaks_and_is_seen_without_taking_the_stage(
    cast: Cast, seats: list[Seat], format: str, place: str
) -> None:
    set_format(cast, format)
    floor_keeping.sweep()
    floor.speak(sit(cast, cast.assistant), ["microphone", "camera"])
    stage = set(permitted(cast).stage)
    person = str(cast.assistant.pk)
    assert {entry for entry in stage if entry[1] == person} == {
        (f"{place}-microphone", person, "microphone"),
        (f"{place}-camera", person, "camera"),
    }
    assert ("teacher-camera", str(cast.teacher.pk), "camera") in stage
    floor_keeping.sweep()
    assert flows(cast, cast.assistant) == ("microphone", "camera")


def test_a_second_teacher_is_heard_while_the_students_are_not(cast: Cast, seats: list[Seat]) -> None:
    speak(cast, seats[0])
    floor.speak(sit(cast, cast.assistant), ["microphone"])
    Lesson.objects.filter(pk=cast.lesson.pk).update(is_supervised=False)
    assert (flows(cast, cast.student), flows(cast, cast.assistant)) == ((), ("microphone",))


def test_speaking_from_another_page_goes_on_in_the_same_place(cast: Cast, seats: list[Seat]) -> None:
    floor.speak(sit(cast, cast.assistant), ["microphone", "camera"])
    before = turn(cast.assistant)
    second = sit(cast, cast.assistant, "page-0002")
    floor.speak(second, ["microphone"])
    now = turn(cast.assistant)
    assert (now.pk, now.client, now.sources) == (before.pk, second.client, ["microphone"])


def test_a_second_teacher_takes_nobodys_place(cast: Cast, seats: list[Seat]) -> None:
    seat = sit(cast, cast.assistant)
    set_format(cast, Format.OFFICE_HOURS)
    speak(cast, seats[0])
    with pytest.raises(ConflictError, match="Every place is taken"):
        floor.speak(seat, ["microphone"])
    assert flows(cast, cast.student) == ("microphone",)
    set_format(cast, Format.LECTURE)
    for student in seats[1:]:
        speak(cast, student)
    with pytest.raises(ConflictError, match="Every place is taken"):
        floor.speak(seat, ["microphone"])
    assert flows(cast, cast.assistant) is None


def test_whoever_has_the_stage_speaks_from_it_alone(cast: Cast, seats: list[Seat]) -> None:
    with pytest.raises(ConflictError, match="on the stage already"):
        floor.speak(sit(cast, cast.teacher), ["microphone"])
    colleague = sit(cast, cast.colleague)
    floor.speak(colleague, ["microphone"])
    lessons.go_live(colleague)
    person = str(cast.colleague.pk)
    assert {slot for slot, who, _ in permitted(cast).stage if who == person} == set(STAGE_SLOTS.values())
    floor_keeping.sweep()
    assert not Turn.objects.filter(user=cast.colleague, ended_at=None).exists()
    lessons.end_lesson(cast.lesson.pk)
    with pytest.raises(ConflictError, match="isn't live"):
        floor.speak(sit(cast, cast.assistant), ["microphone"])


def test_staff_who_were_muted_unmute_themselves_and_may_show_a_screen(cast: Cast, seats: list[Seat]) -> None:
    lesson_id, assistant = cast.lesson.pk, sit(cast, cast.assistant)
    floor.speak(assistant, ["microphone"])
    rooms.change(lesson_id, cast.teacher.pk, may_unmute=False)
    floor.mute(lesson_id, cast.teacher.pk, assistant.user_id)
    assert flows(cast, cast.assistant) == ()
    floor.allow_unmute(lesson_id, assistant.user_id, assistant.user_id)
    floor.set_sources(assistant, "floor", ["microphone"])
    floor.give(lesson_id, assistant.user_id, assistant.user_id, "screen", None)
    floor.accept(assistant, "screen", ["screen"])
    assert flows(cast, cast.assistant) == ("microphone", "screen")


# Other places


def test_a_screen_is_shown_to_all_or_to_the_teachers_alone(cast: Cast, seats: list[Seat]) -> None:
    give(cast, cast.student, "staff_screen")
    floor.accept(seats[0], "staff_screen", ["screen"])
    found = permitted(cast)
    (shown,) = [entry for entry in found.stage if entry[1] == str(cast.student.pk)]
    (slot,) = [slot for slot in found.slots if slot.name == shown[0]]
    assert slot.is_for_staff
    give(cast, cast.students[1], "screen")
    floor.accept(seats[1], "screen", ["screen", "screen_audio"])
    assert ("floor-screen", str(cast.students[1].pk), "screen") in permitted(cast).stage


def test_a_camera_is_shown_to_the_teachers_only_where_the_course_asks(cast: Cast, seats: list[Seat]) -> None:
    with pytest.raises(ConflictError):
        floor.show_camera(seats[0])
    set_format(cast, Format.LECTURE, student_cameras=True)
    floor.show_camera(seats[0])
    floor.show_camera(seats[0])
    assert flows(cast, cast.student) == ("camera",)
    found = permitted(cast)
    slots = {slot for slot, person, _ in found.stage if person == str(cast.student.pk)}
    assert slots == {"gallery-1-camera"}
    assert all(slot.is_for_staff for slot in found.slots if slot.name in slots)
    set_format(cast, Format.LECTURE, student_cameras=False)
    floor_keeping.sweep()
    assert flows(cast, cast.student) is None


def test_who_comes_into_a_seminar_gets_a_seat_and_gives_it_back(cast: Cast, seats: list[Seat]) -> None:
    set_format(cast, Format.SEMINAR)
    floor_keeping.sweep()
    assert [turn(student, "seat").place for student in cast.students] == [1, 2, 3, 4]
    assert not Turn.objects.filter(user=cast.teacher).exists()
    assert flows(cast, cast.student) is None
    floor.accept(seats[0], "seat", ["microphone", "camera"])
    assert flows(cast, cast.student) == ("microphone", "camera")
    presence.leave(seats[1])
    floor_keeping.sweep()
    sit(cast, cast.students[1])
    floor_keeping.sweep()
    assert turn(cast.students[1], "seat").place == 2


def test_a_seat_that_was_taken_back_is_kept_silent(cast: Cast, seats: list[Seat]) -> None:
    set_format(cast, Format.SEMINAR)
    floor_keeping.sweep()
    floor.accept(seats[0], "seat", ["microphone", "camera"])
    floor.take_back(cast.lesson.pk, cast.teacher.pk, cast.student.pk, "seat")
    assert flows(cast, cast.student) is None
    floor.accept(seats[0], "seat", ["microphone", "camera"])
    assert flows(cast, cast.student) == ("camera",)


def test_a_seminar_has_no_more_seats_than_fifteen(cast: Cast, seats: list[Seat]) -> None:
    set_format(cast, Format.SEMINAR)
    for number in range(12):
        student = make_person(cast.school, f"more{number}@demo.school", f"More {number}", "!")
        Enrolment.objects.create(course=cast.course, user=student)
        sit(cast, student)
    floor_keeping.sweep()
    floor_keeping.sweep()
    assert sorted(Turn.objects.values_list("place", flat=True)) == list(range(1, 16))


def test_in_office_hours_one_student_at_a_time_is_inside(cast: Cast, seats: list[Seat]) -> None:
    set_format(cast, Format.OFFICE_HOURS)
    with pytest.raises(ConflictError, match="Nobody is waiting"):
        floor.give_to_next(cast.lesson.pk, cast.teacher.pk)
    for student in cast.students[:2]:
        floor.raise_hand(cast.lesson.pk, student.pk, "")
    staff = {str(user.pk) for user in (cast.teacher, cast.colleague, cast.assistant)}
    assert set(permitted(cast).viewers) == staff
    for student, seat in zip(cast.students[:2], seats, strict=False):
        floor.give_to_next(cast.lesson.pk, cast.teacher.pk)
        assert set(permitted(cast).viewers) == staff | {str(student.pk)}
        floor.accept(seat, "floor", ["microphone"])
        assert ("floor-1-microphone", str(student.pk), "microphone") in permitted(cast).stage
    assert flows(cast, cast.student) is None
