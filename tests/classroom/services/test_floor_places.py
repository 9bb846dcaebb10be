"""Places beside the stage: of staff, for screens and small cameras, in seminars and office hours."""

from __future__ import annotations

import pytest

from classroom.core.floor import STAGE_SLOTS
from classroom.core.seats import Seat
from classroom.models import Enrolment, Lesson, Turn
from classroom.models.course import Format
from classroom.services import floor, floor_keeping, lessons, presence, rooms
from classroom.services.errors import ConflictError
from tests.classroom.services.floors import flows, give, permitted, set_format, sit, speak, turn
from tests.support.cast import Cast, make_person

pytestmark = pytest.mark.django_db


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
