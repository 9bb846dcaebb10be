"""Reports to the school: what was written and done in the last minutes, kept for its administrators."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.models import AuditEntry, ChatMessage, Lesson, Presence, Report
from classroom.permissions import standing
from classroom.services import audit, chat_reading
from classroom.services.errors import ConflictError, TooFastError

COPIED = timedelta(minutes=10)
"""How much of the past a report keeps."""
MAX_COPIED = 500
"""Messages, events and presences that it keeps at most, of each the newest."""
MAX_REPORTS = 5
REPORTS_WITHIN = timedelta(hours=1)
"""So many reports one person may send in that time."""


def send(lesson_id: UUID, reporter_id: UUID, message: int | None, words: str) -> None:
    """Keeps a report; `message` is one that the reporter may read, or None.

    Raises ConflictError where there is no such message, TooFastError after too many reports.
    """
    with transaction.atomic():
        # Held, so that two at once are counted one after the other.
        get_user_model().objects.select_for_update().get(pk=reporter_id)
        lesson = Lesson.objects.select_related("course").get(pk=lesson_id)
        now = timezone.now()
        lately = Report.objects.filter(reporter=reporter_id, at__gt=now - REPORTS_WITHIN)
        if lately.count() >= MAX_REPORTS:
            raise TooFastError(_("You have sent several reports already. The school has them."))
        Report.objects.create(
            school_id=lesson.course.school_id,
            lesson=lesson,
            reporter_id=reporter_id,
            message_key=message,
            words=words,
            copy=_copy(lesson_id, reporter_id, message, now - COPIED),
            at=now,
        )
        audit.note("report.send", lesson_id, reporter_id)


def note_read(report: Report, reader_id: UUID) -> None:
    """Notes that an administrator has opened a report."""
    if report.lesson_id:
        audit.note("report.read", report.lesson_id, reader_id, report=report.pk)


def _copy(lesson_id: UUID, reporter_id: UUID, message: int | None, since: datetime) -> dict[str, Any]:
    found = standing(reporter_id, lesson_id)
    readable = chat_reading.visible(lesson_id, reporter_id, is_staff=found is not None and found.is_staff)
    rows = readable.select_related("author", "partner").order_by("-pk")
    lately = {row.pk: row for row in rows.filter(written_at__gte=since)[:MAX_COPIED]}
    if message is not None and message not in lately:
        try:
            lately[message] = rows.get(pk=message)
        except ChatMessage.DoesNotExist:
            raise ConflictError(_("This message isn't there any more.")) from None
    return {
        "messages": [_message(lately[key]) for key in sorted(lately)],
        "events": list(_events(lesson_id, since)),
        "present": list(_present(lesson_id, since)),
    }


def _message(row: ChatMessage) -> dict[str, Any]:
    """A message with the words that were changed or deleted."""
    return {
        "id": row.pk,
        "kind": row.kind,
        "author": {"id": str(row.author_id), "name": row.author.name},
        "partner": {"id": str(row.partner_id), "name": row.partner.name} if row.partner else None,
        "text": row.text,
        "picture": str(row.picture) if row.picture else None,
        "earlier": row.earlier,
        "at": row.written_at.isoformat(),
        "deleted_at": row.deleted_at.isoformat() if row.deleted_at else None,
    }


def _events(lesson_id: UUID, since: datetime) -> Iterable[dict[str, Any]]:
    rows = AuditEntry.objects.filter(lesson=lesson_id, at__gte=since).select_related("actor", "subject")
    for row in reversed(rows[:MAX_COPIED]):
        yield {
            "at": row.at.isoformat(),
            "action": row.action,
            "actor": row.actor.name if row.actor else "",
            "subject": row.subject.name if row.subject else "",
            "details": row.details,
        }


def _present(lesson_id: UUID, since: datetime) -> Iterable[dict[str, Any]]:
    there = Presence.objects.filter(Q(left_at=None) | Q(left_at__gte=since), lesson=lesson_id)
    for row in reversed(there.select_related("user").order_by("-entered_at")[:MAX_COPIED]):
        yield {
            "id": str(row.user_id),
            "name": row.user.name,
            "entered_at": row.entered_at.isoformat(),
            "left_at": row.left_at.isoformat() if row.left_at else None,
        }
