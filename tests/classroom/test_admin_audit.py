"""The audit trail in the admin: read by the school's administrators, changed by nobody."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from classroom.models import AuditEntry
from classroom.services import audit
from tests.support.cast import Cast

LIST = reverse("admin:classroom_auditentry_changelist")
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def entry(cast: Cast) -> AuditEntry:
    student = cast.students[0]
    type(student).objects.filter(pk=student.pk).update(name=HOSTILE)
    audit.note("room.remove", cast.lesson.pk, cast.teacher.pk, student.pk, why="noise")
    return AuditEntry.objects.get()


def form(entry: AuditEntry) -> str:
    return reverse("admin:classroom_auditentry_change", args=[entry.pk])


def test_an_administrator_reads_who_did_what_to_whom(cast: Cast, client: Client, entry: AuditEntry) -> None:
    client.force_login(cast.admin)
    for address in (LIST, form(entry)):
        page = client.get(address).content.decode()
        assert "room.remove" in page
        assert "Ada Teacher" in page
        assert HOSTILE not in page
    assert "noise" in client.get(form(entry)).content.decode()


@pytest.mark.parametrize("who", ["admin", "staff"])
def test_nobody_changes_the_trail(cast: Cast, client: Client, entry: AuditEntry, who: str) -> None:
    client.force_login(getattr(cast, who))
    answers = [
        client.get(reverse("admin:classroom_auditentry_add")),
        client.post(form(entry), {"action": "nothing"}),
        client.post(reverse("admin:classroom_auditentry_delete", args=[entry.pk]), {"post": "yes"}),
    ]
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    client.post(LIST, {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"})
    assert AuditEntry.objects.get().action == "room.remove"


def test_other_people_read_nothing(cast: Cast, client: Client, entry: AuditEntry) -> None:
    for person in (cast.teacher, cast.student):
        client.force_login(person)
        assert client.get(form(entry)).status_code in (302, 403)


def test_another_schools_trail_is_not_there(cast: Cast, client: Client, entry: AuditEntry) -> None:
    client.force_login(cast.other_admin)
    assert "room.remove" not in client.get(LIST).content.decode()
    assert client.get(form(entry)).status_code in (302, 404)
