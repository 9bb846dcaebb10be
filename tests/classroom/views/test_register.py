"""The pages of the register, and the same as CSV."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from classroom.models import Attempt, Correction, DeviceCheck, Enrolment
from classroom.services import attendance
from tests.support.cast import Cast, hold

pytestmark = pytest.mark.django_db
PAGES = ("register", "register-csv", "course-register", "course-register-csv")


def address(cast: Cast, name: str) -> str:
    """Where a page of the lesson's or its course's register is."""
    return reverse(f"classroom:{name}", args=[cast.course.pk if "course" in name else cast.lesson.pk])


def signed_in(user: User | None) -> Client:
    """A browser in which the person, or nobody, is signed in."""
    client = Client()
    if user is not None:
        client.force_login(user)
    return client


def end(cast: Cast) -> None:
    """Lets the lesson have been held and have ended."""
    hold(cast.lesson, 60, ended_ago=timedelta(minutes=30))


def cells(content: bytes) -> list[list[str]]:
    """What a spreadsheet reads."""
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", ["teacher", "assistant", "admin"])
def test_staff_and_the_school_s_admins_see_the_register(cast: Cast, page: str, name: str) -> None:
    end(cast)
    response = signed_in(getattr(cast, name)).get(address(cast, page))
    assert response.status_code == 200
    assert "Student 1" in response.content.decode()


@pytest.mark.parametrize("page", PAGES)
def test_everyone_else_gets_one_and_the_same_page(cast: Cast, page: str) -> None:
    end(cast)
    people = (cast.student, cast.outsider, cast.stranger, cast.other_teacher, cast.other_admin, None)
    answers = [signed_in(user).get(address(cast, page)) for user in people]
    assert {answer.status_code for answer in answers} == {404}
    assert not any("Student 1" in answer.content.decode() for answer in answers)


def test_an_inactive_teacher_and_one_who_moved_school_see_nothing(cast: Cast) -> None:
    client = signed_in(cast.teacher)
    User.objects.filter(pk=cast.teacher.pk).update(school=cast.other_school)
    assert client.get(address(cast, "register")).status_code == 404


def test_a_correction_is_written_down_by_the_page_and_by_staff_alone(cast: Cast) -> None:
    end(cast)
    form = {"student": cast.student.pk, "status": "excused", "reason": "<b>Dentist</b>"}
    assert signed_in(cast.student).post(address(cast, "register"), form).status_code == 404
    assert not Correction.objects.exists()
    response = signed_in(cast.teacher).post(address(cast, "register"), form, follow=True)
    text = response.content.decode()
    assert "&lt;b&gt;Dentist&lt;/b&gt;" in text
    assert "Found by itself: Absent" in text
    assert "Ada Teacher" in text


@pytest.mark.parametrize("student", ["", "no id", "00000000-0000-4000-8000-000000000001"])
def test_a_correction_of_nobody_changes_nothing(cast: Cast, student: str) -> None:
    form = {"student": student, "status": "excused", "reason": "Dentist"}
    response = signed_in(cast.teacher).post(address(cast, "register"), form, follow=True)
    assert "isn&#x27;t in the register" in response.content.decode()
    assert not Correction.objects.exists()


def test_the_csv_says_what_the_page_says_and_runs_no_formula(cast: Cast) -> None:
    end(cast)
    User.objects.filter(pk=cast.student.pk).update(name='=HYPERLINK("http://evil")')
    attendance.correct(cast.lesson.pk, cast.teacher.pk, cast.students[1].pk, "present", "+1 said so")
    response = signed_in(cast.teacher).get(address(cast, "register-csv"))
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in response["Content-Disposition"]
    assert response.content.startswith(b"\xef\xbb\xbf")
    head, *rows = cells(response.content)
    assert head[:2] == ["Name", "Register"]
    by_name = {row[0]: row for row in rows}
    assert by_name['\'=HYPERLINK("http://evil")'][1] == "Absent"
    assert by_name["Student 2"][1] == "Present"
    assert by_name["Student 2"][6:] == ["Absent", "Ada Teacher", "'+1 said so"]


def test_the_csv_of_a_course_has_a_column_for_each_lesson(cast: Cast) -> None:
    end(cast)
    head, *rows = cells(signed_in(cast.admin).get(address(cast, "course-register-csv")).content)
    assert head[-1].endswith("Optics")
    assert len(rows) == Enrolment.objects.filter(course=cast.course, role="student").count()
    assert {row[-1] for row in rows} == {"Absent"}


def test_a_student_s_opening_of_the_room_is_noted_as_an_attempt(cast: Cast) -> None:
    for user in (cast.student, cast.teacher, cast.outsider):
        signed_in(user).get(reverse("classroom:room", args=[cast.lesson.pk]))
    assert list(Attempt.objects.values_list("user", "kind")) == [(cast.student.pk, "page")]


def test_staff_see_whose_device_check_has_found_trouble_until_the_lesson_is_over(cast: Cast) -> None:
    DeviceCheck.objects.create(user=cast.student, browser="Firefox", camera="blocked", network="blocked")
    text = signed_in(cast.teacher).get(address(cast, "register")).content.decode()
    assert '<span dir="auto">Student 1</span>: camera, network' in text
    end(cast)
    attendance.finalise_due()
    assert "found trouble" not in signed_in(cast.teacher).get(address(cast, "register")).content.decode()
