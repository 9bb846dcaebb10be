"""Reports to the school."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from classroom.core.seats import Seat
from classroom.models import AuditEntry, ChatMessage, Course, Report
from classroom.services import chat, lessons, presence, reports
from classroom.services.chat import To
from classroom.services.errors import ConflictError, TooFastError
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def live(cast: Cast) -> None:
    """The lesson is live, and its people are in the room."""
    Course.objects.filter(pk=cast.course.pk).update(student_chat=True)
    for user in (cast.teacher, *cast.students[:3]):
        presence.enter(Seat(cast.lesson.pk, user.pk, "page-0001"), "a channel")
    lessons.go_live(Seat(cast.lesson.pk, cast.teacher.pk, "page-0001"))


def write(cast: Cast, author: int, to: To, text: str) -> int:
    """Has one of the students write something; returns the message's key."""
    user = cast.students[author]
    key: int = chat.send(cast.lesson.pk, user.pk, to, text, f"nonce {text}"[:36])["id"]
    return key


def texts(report: Report) -> list[str]:
    """The words of the copied messages."""
    return [message["text"] for message in report.copy["messages"]]


def test_a_report_keeps_what_the_reporter_could_read_and_who_was_there(cast: Cast) -> None:
    write(cast, 0, To("all"), "public")
    write(cast, 1, To("person", cast.student.pk), "mean, to the reporter")
    write(cast, 1, To("person", cast.students[2].pk), "between two others")
    write(cast, 1, To("staff"), "to the teachers")
    chat.mute(cast.lesson.pk, cast.teacher.pk, cast.students[1].pk, is_muted=True)
    reports.send(cast.lesson.pk, cast.student.pk, None, "They are mean")
    report = Report.objects.get()
    assert texts(report) == ["public", "mean, to the reporter"]
    assert (report.school, report.reporter, report.words) == (cast.school, cast.student, "They are mean")
    assert [event["action"] for event in report.copy["events"]] == ["chat.mute"]
    names = {person["name"] for person in report.copy["present"]}
    assert names == {"Ada Teacher", "Student 1", "Student 2", "Student 3"}
    json.dumps(report.copy)


def test_what_was_changed_and_deleted_is_in_the_copy(cast: Cast) -> None:
    key = write(cast, 1, To("all"), "first words")
    chat.edit(cast.lesson.pk, cast.students[1].pk, key, "second words")
    chat.delete(cast.lesson.pk, cast.students[1].pk, key)
    reports.send(cast.lesson.pk, cast.student.pk, None, "It was there a moment ago")
    [message] = Report.objects.get().copy["messages"]
    assert message["text"] == "second words"
    assert [entry["text"] for entry in message["earlier"]] == ["first words"]
    assert message["deleted_at"]


def test_only_the_last_minutes_are_copied_and_the_message_that_it_is_about(cast: Cast) -> None:
    keys = [write(cast, 1, To("all"), text) for text in ("long ago", "mean and long ago", "now")]
    ChatMessage.objects.filter(pk__in=keys[:2]).update(written_at=timezone.now() - reports.COPIED)
    AuditEntry.objects.update(at=timezone.now() - reports.COPIED)
    reports.send(cast.lesson.pk, cast.student.pk, keys[1], "")
    report = Report.objects.get()
    assert texts(report) == ["mean and long ago", "now"]
    assert report.message_key == keys[1]
    assert report.copy["events"] == []


def test_nobody_reports_what_they_cannot_read(cast: Cast) -> None:
    key = write(cast, 1, To("person", cast.students[2].pk), "between two others")
    for user in (cast.student, cast.teacher):
        with pytest.raises(ConflictError, match="any more"):
            reports.send(cast.lesson.pk, user.pk, key, "")
    assert not Report.objects.exists()


def test_one_person_sends_so_many_reports_and_no_more(cast: Cast) -> None:
    for _ in range(reports.MAX_REPORTS):
        reports.send(cast.lesson.pk, cast.student.pk, None, "Again")
    with pytest.raises(TooFastError):
        reports.send(cast.lesson.pk, cast.student.pk, None, "Again")
    reports.send(cast.lesson.pk, cast.students[1].pk, None, "Another's")
    Report.objects.update(at=timezone.now() - reports.REPORTS_WITHIN - timedelta(seconds=1))
    reports.send(cast.lesson.pk, cast.student.pk, None, "Again")


def test_a_report_copies_a_bounded_number_of_messages(cast: Cast) -> None:
    ChatMessage.objects.bulk_create(
        ChatMessage(lesson=cast.lesson, author=cast.teacher, kind="all", nonce=f"many-{n:06}", text=f"{n}")
        for n in range(reports.MAX_COPIED + 10)
    )
    reports.send(cast.lesson.pk, cast.student.pk, None, "Flood")
    assert texts(Report.objects.get()) == [f"{n}" for n in range(10, reports.MAX_COPIED + 10)]


def test_a_report_is_noted_without_its_words(cast: Cast) -> None:
    reports.send(cast.lesson.pk, cast.student.pk, None, "They are mean")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.details) == ("report.send", cast.student, {})
