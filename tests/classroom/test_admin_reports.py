"""Reports in the admin."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from classroom.core.seats import Seat
from classroom.models import AuditEntry, Report
from classroom.services import chat, lessons, presence, reports
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db
LIST = reverse("admin:classroom_report_changelist")
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def report(cast: Cast) -> Report:
    """The student's report of a message that was changed and deleted."""
    for user in (cast.teacher, cast.student):
        presence.enter(Seat(cast.lesson.pk, user.pk, "page-0001"), "a channel")
    lessons.go_live(Seat(cast.lesson.pk, cast.teacher.pk, "page-0001"))
    lesson, mean = cast.lesson.pk, cast.students[1].pk
    key = chat.send(lesson, mean, chat.To("all"), HOSTILE, "nonce-0001")["id"]
    chat.edit(lesson, mean, key, "I take it back")
    chat.delete(lesson, cast.teacher.pk, key)
    chat.mute(lesson, cast.teacher.pk, mean, is_muted=True)
    reports.send(lesson, cast.student.pk, None, "They were mean")
    return Report.objects.get()


def page(report: Report) -> str:
    """The report's own page."""
    return reverse("admin:classroom_report_change", args=[report.pk])


def test_a_schools_administrator_reads_what_was_written_and_done(
    cast: Cast, client: Client, report: Report
) -> None:
    client.force_login(cast.admin)
    assert "They were mean" in client.get(LIST).content.decode()
    text = client.get(page(report)).content.decode()
    for words in ("They were mean", "I take it back", "Student 2", "Ada Teacher", "chat.mute"):
        assert words in text
    assert HOSTILE not in text
    assert "&lt;img src=x onerror=alert(1)&gt;" in text


def test_reading_a_report_is_noted(cast: Cast, client: Client, report: Report) -> None:
    client.force_login(cast.admin)
    client.get(page(report))
    entry = AuditEntry.objects.get(action="report.read")
    assert (entry.actor, entry.details) == (cast.admin, {"report": report.pk})


def test_a_report_is_neither_made_nor_changed_nor_deleted_here(
    cast: Cast, client: Client, report: Report
) -> None:
    add = reverse("admin:classroom_report_add")
    delete = reverse("admin:classroom_report_delete", args=[report.pk])
    for person in (cast.admin, cast.staff):
        client.force_login(person)
        for path in (add, delete, page(report)):
            assert client.post(path, {"words": "Nothing", "post": "yes"}).status_code == 403
    assert Report.objects.get().words == "They were mean"


def test_nobody_of_another_school_and_no_teacher_reads_it(cast: Cast, client: Client, report: Report) -> None:
    for person in (cast.other_admin, cast.teacher, cast.student):
        client.force_login(person)
        for path in (LIST, page(report)):
            answer = client.get(path, follow=True)
            assert "They were mean" not in answer.content.decode()
    assert not AuditEntry.objects.filter(action="report.read").exists()
