"""Managing people, courses, lessons and relays in the admin."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import roles
from accounts.models import User
from classroom.admin import INLINE_LIMIT
from classroom.models import Course, Enrolment, Lesson, Relay
from tests.support.cast import Cast, make_person

PASSWORD = "a new pass-phrase"
NEW_PERSON = {
    "email": "New@Demo.School",
    "name": "Nele New",
    "role": roles.MEMBER,
    "usable_password": "true",
    "password1": PASSWORD,
    "password2": PASSWORD,
}
ADD_PERSON = reverse("admin:accounts_user_add")
ADD_COURSE = reverse("admin:classroom_course_add")
ADD_ENROLMENT = reverse("admin:classroom_enrolment_add")
ADD_LESSON = reverse("admin:classroom_lesson_add")
LESSONS = reverse("admin:classroom_lesson_changelist")
COURSE = {
    "format": "lecture",
    "admission": "automatic",
    "late_after": 5,
    "early_before": 5,
    "supervision_grace": 10,
}
NO_ENROLMENTS = {"enrolments-TOTAL_FORMS": "0", "enrolments-INITIAL_FORMS": "0"}


def change(name: str, row: Any) -> str:
    return reverse(f"admin:{name}_change", args=[row.pk])


def lesson_form(course: Course, title: str = "New") -> dict[str, Any]:
    return {
        "course": course.pk,
        "title": title,
        "starts_at_0": "2026-11-24",
        "starts_at_1": "09:00",
        "ends_at_0": "2026-11-24",
        "ends_at_1": "10:00",
    }


def test_a_school_s_administrator_makes_a_person_of_the_school(cast: Cast, school_admin: Client) -> None:
    school_admin.post(ADD_PERSON, NEW_PERSON)
    person = User.objects.get(email="new@demo.school")
    assert person.school == cast.school
    assert person.check_password(PASSWORD)


def test_nobody_is_made_a_member_of_another_school(cast: Cast, school_admin: Client) -> None:
    school_admin.post(ADD_PERSON, NEW_PERSON | {"school": cast.other_school.pk})
    assert User.objects.get(email="new@demo.school").school == cast.school
    form = {"email": cast.student.email, "name": "Renamed", "role": roles.MEMBER, "is_active": "on"}
    school_admin.post(change("accounts_user", cast.student), form | {"school": cast.other_school.pk})
    assert User.objects.values_list("name", "school").get(pk=cast.student.pk) == ("Renamed", cast.school.pk)


def test_a_school_s_administrator_makes_no_platform_staff(cast: Cast, school_admin: Client) -> None:
    school_admin.post(ADD_PERSON, NEW_PERSON | {"is_superuser": "on"})
    assert not User.objects.get(email="new@demo.school").is_superuser
    form = {"email": cast.student.email, "name": "S", "role": roles.MEMBER, "is_active": "on"}
    school_admin.post(change("accounts_user", cast.student), form | {"is_superuser": "on", "is_staff": "on"})
    assert not User.objects.get(pk=cast.student.pk).is_superuser


def test_a_school_s_administrator_sets_a_password(cast: Cast, school_admin: Client) -> None:
    page = reverse("admin:auth_user_password_change", args=[cast.student.pk])
    form = {"usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    assert school_admin.post(page, form).status_code == 302
    assert User.objects.get(pk=cast.student.pk).check_password(PASSWORD)


def test_platform_staff_make_people_of_any_school(cast: Cast, staff: Client) -> None:
    staff.post(ADD_PERSON, NEW_PERSON | {"school": cast.other_school.pk})
    assert User.objects.get(email="new@demo.school").school == cast.other_school


def test_everybody_but_platform_staff_needs_a_school(staff: Client) -> None:
    assert "school" in staff.post(ADD_PERSON, NEW_PERSON).context["adminform"].form.errors
    staff.post(ADD_PERSON, NEW_PERSON | {"is_superuser": "on"})
    assert User.objects.get(email="new@demo.school").is_superuser


def test_a_course_is_made_in_the_own_school_with_its_people(cast: Cast, school_admin: Client) -> None:
    rows = {
        "enrolments-TOTAL_FORMS": "2",
        "enrolments-INITIAL_FORMS": "0",
        "enrolments-0-user": cast.teacher.pk,
        "enrolments-0-role": "teacher",
        "enrolments-1-user": cast.outsider.pk,
        "enrolments-1-role": "student",
    }
    school_admin.post(ADD_COURSE, {"title": "Latin", "school": cast.other_school.pk} | COURSE | rows)
    course = Course.objects.get(title="Latin")
    assert course.school == cast.school
    assert set(course.enrolments.values_list("user__name", "role")) == {
        (cast.teacher.name, "teacher"),
        (cast.outsider.name, "student"),
    }


def test_nobody_of_another_school_is_enrolled(cast: Cast, school_admin: Client) -> None:
    count = Enrolment.objects.count()
    for course, user in ((cast.course, cast.stranger), (cast.other_course, cast.student)):
        form = {"course": course.pk, "user": user.pk, "role": "student"}
        assert school_admin.post(ADD_ENROLMENT, form).status_code == 200
    assert Enrolment.objects.count() == count


def test_not_even_platform_staff_enrol_across_schools(cast: Cast, staff: Client) -> None:
    form = {"course": cast.course.pk, "user": cast.stranger.pk, "role": "student"}
    errors = staff.post(ADD_ENROLMENT, form).context["adminform"].form.errors
    assert errors["user"] == ["This person belongs to another school."]


def test_an_enrolment_is_ended_in_the_course_s_form(cast: Cast, school_admin: Client) -> None:
    there = list(cast.course.enrolments.order_by("role", "user__name"))
    rows: dict[str, Any] = {"enrolments-TOTAL_FORMS": len(there), "enrolments-INITIAL_FORMS": len(there)}
    for number, enrolment in enumerate(there):
        rows |= {f"enrolments-{number}-id": enrolment.pk, f"enrolments-{number}-role": enrolment.role}
        if enrolment.user == cast.student:
            rows[f"enrolments-{number}-DELETE"] = "on"
    form = {"title": "Physics"} | COURSE | rows
    response = school_admin.post(change("classroom_course", cast.course), form)
    assert response.status_code == 302
    assert not cast.course.enrolments.filter(user=cast.student).exists()
    assert cast.course.enrolments.count() == len(there) - 1


def test_a_course_says_how_its_lessons_are_held(cast: Cast, school_admin: Client) -> None:
    chosen = {"format": "seminar", "admission": "by_hand", "student_chat": "on", "supervision_grace": 30}
    form = {"title": "Latin"} | COURSE | chosen | NO_ENROLMENTS
    school_admin.post(change("classroom_course", cast.second_course), form)
    row = Course.objects.get(pk=cast.second_course.pk)
    assert (row.format, row.admission, row.student_chat) == ("seminar", "by_hand", True)
    assert (row.supervision_grace, row.student_cameras) == (30, False)


def test_a_course_stays_in_its_school(cast: Cast, staff: Client) -> None:
    form = {"title": "Moved", "school": cast.other_school.pk, **COURSE, **NO_ENROLMENTS}
    staff.post(change("classroom_course", cast.second_course), form)
    assert Course.objects.get(pk=cast.second_course.pk).school == cast.school


def test_a_course_of_too_many_people_is_managed_in_the_list(cast: Cast, school_admin: Client) -> None:
    people = User.objects.bulk_create(
        User(school=cast.school, email=f"p{number}@demo.school", name="P") for number in range(INLINE_LIMIT)
    )
    Enrolment.objects.bulk_create(Enrolment(course=cast.course, user=person) for person in people)
    page = school_admin.get(change("classroom_course", cast.course)).content.decode()
    assert "enrolments-TOTAL_FORMS" not in page
    address = f"{reverse('admin:classroom_enrolment_changelist')}?course__id__exact={cast.course.pk}"
    assert address in page
    assert school_admin.get(address).context["cl"].result_count == cast.course.enrolments.count()


def test_a_lesson_is_planned_in_the_school_s_time(cast: Cast, school_admin: Client) -> None:
    school_admin.post(ADD_LESSON, lesson_form(cast.course))
    lesson = Lesson.objects.get(title="New")
    assert lesson.starts_at.astimezone(cast.school.zone).strftime("%H:%M") == "09:00"
    assert lesson.starts_at.strftime("%H:%M") == "08:00"


def test_no_lesson_is_planned_in_another_school(cast: Cast, school_admin: Client) -> None:
    assert school_admin.post(ADD_LESSON, lesson_form(cast.other_course)).status_code == 200
    assert not Lesson.objects.filter(title="New").exists()


def test_the_form_of_a_lesson_does_not_change_its_state(cast: Cast, school_admin: Client) -> None:
    form = lesson_form(cast.other_course, "Renamed") | {"state": "cancelled"}
    school_admin.post(change("classroom_lesson", cast.lesson), form)
    lesson = Lesson.objects.get(pk=cast.lesson.pk)
    assert (lesson.title, lesson.state, lesson.course) == ("Renamed", Lesson.State.SCHEDULED, cast.course)


def test_saving_a_form_keeps_what_the_room_writes_meanwhile(cast: Cast, school_admin: Client) -> None:
    from django.contrib import admin

    from accounts.scoping import SchoolScoped

    model_admin = admin.site.get_model_admin(Lesson)
    assert isinstance(model_admin, SchoolScoped)
    stale = Lesson.objects.get(pk=cast.lesson.pk)
    Lesson.objects.filter(pk=cast.lesson.pk).update(event_seq=42, state=Lesson.State.LIVE)
    stale.title = "Renamed"

    class Form:
        changed_data = ["title"]

    model_admin.save_model(None, stale, Form(), True)  # type: ignore[arg-type]  # a form of one attribute
    lesson = Lesson.objects.get(pk=cast.lesson.pk)
    assert (lesson.title, lesson.event_seq, lesson.state) == ("Renamed", 42, Lesson.State.LIVE)


def test_lessons_are_cancelled_by_an_action(cast: Cast, school_admin: Client) -> None:
    selected = [str(lesson.pk) for lesson in (cast.later_lesson, cast.ended_lesson, cast.other_lesson)]
    response = school_admin.post(
        LESSONS, {"action": "cancel_lessons", "_selected_action": selected}, follow=True
    )
    states = dict(Lesson.objects.values_list("title", "state"))
    assert states["Waves"] == Lesson.State.CANCELLED
    assert states["Mechanics"] == Lesson.State.ENDED
    assert states["Acids"] == Lesson.State.SCHEDULED
    assert "This lesson is over." in response.content.decode()


def test_a_live_lesson_is_ended_by_an_action(cast: Cast, school_admin: Client) -> None:
    Lesson.objects.filter(pk=cast.lesson.pk).update(state=Lesson.State.LIVE)
    school_admin.post(LESSONS, {"action": "end_lessons", "_selected_action": [str(cast.lesson.pk)]})
    assert Lesson.objects.get(pk=cast.lesson.pk).state == Lesson.State.ENDED


def test_a_school_s_administrator_sets_its_time_zone_and_not_its_short_name(
    cast: Cast, school_admin: Client
) -> None:
    form = {"name": "Demo School", "time_zone": "Europe/Paris", "slug": "taken-over"}
    school_admin.post(change("accounts_school", cast.school), form)
    cast.school.refresh_from_db()
    assert (cast.school.time_zone, cast.school.slug) == ("Europe/Paris", "demo")
    assert school_admin.get(reverse("admin:accounts_school_add")).status_code == 403


def test_relays_are_shown_with_state_and_load(cast: Cast, staff: Client) -> None:
    load = {"subscribers": 12, "out_mbps": 9.54, "cpu_percent": 31.2}
    Relay.objects.create(name="north", connected=True, heartbeat_at=timezone.now(), capacity=300, load=load)
    gone = timezone.now() - timedelta(minutes=3)
    Relay.objects.create(name="south", connected=True, heartbeat_at=gone, capacity=300)
    page = staff.get(reverse("admin:classroom_relay_changelist")).content.decode()
    for text in ("available", "silent", "12 / 300", "9.5 Mbit/s", "31 %", "0 / 300"):
        assert text in page


def test_relays_can_only_be_looked_at(cast: Cast, staff: Client) -> None:
    relay = Relay.objects.create(name="north")
    assert staff.get(reverse("admin:classroom_relay_add")).status_code == 403
    assert staff.get(change("classroom_relay", relay)).status_code == 200
    assert staff.post(change("classroom_relay", relay), {"name": "x"}).status_code == 403
    assert (
        staff.post(reverse("admin:classroom_relay_delete", args=[relay.pk]), {"post": "yes"}).status_code
        == 403
    )


def test_what_was_done_is_in_the_history(cast: Cast, school_admin: Client) -> None:
    school_admin.post(ADD_LESSON, lesson_form(cast.course))
    assert LogEntry.objects.get().user == cast.admin


def test_a_person_s_password_hash_is_not_to_be_guessed_by_filters(cast: Cast, school_admin: Client) -> None:
    people, rows = reverse("admin:accounts_user_changelist"), reverse("admin:classroom_enrolment_changelist")
    for page, name in ((people, "password__startswith"), (rows, "user__password__startswith")):
        assert school_admin.get(page, {name: "argon2"}).status_code == 400


def test_a_hash_is_never_shown_whole(cast: Cast, school_admin: Client) -> None:
    person = make_person(cast.school, "p@demo.school", "P", cast.student.password)
    page = school_admin.get(change("accounts_user", person)).content.decode()
    assert person.password.rsplit("$", 1)[1] not in page
