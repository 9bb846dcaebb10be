"""The audit trail: who did what to whom, kept in a row and written to a log."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from classroom.models import AuditEntry, Lesson

log = logging.getLogger("lectern.audit")


def note(
    action: str, lesson_id: UUID, actor_id: UUID | None, subject_id: UUID | None = None, **details: Any
) -> None:
    """Notes an act of moderation; details are JSON, never what somebody wrote. Two queries."""
    school_id = Lesson.objects.values_list("course__school_id", flat=True).get(pk=lesson_id)
    AuditEntry.objects.create(
        school_id=school_id,
        lesson_id=lesson_id,
        actor_id=actor_id,
        subject_id=subject_id,
        action=action,
        details=details,
    )
    log.info("%s by %s in lesson %s, concerning %s", action, actor_id, lesson_id, subject_id)
