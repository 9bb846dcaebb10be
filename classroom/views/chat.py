"""The chat after the lesson: what was said to all, and what a person wrote or got privately."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from classroom.models import Lesson
from classroom.services import chat_reading
from classroom.views.sections import Section, Viewer

SHOWN = 300
"""As many messages stand on the page at once."""


def section(lesson: Lesson, viewer: Viewer) -> Section | None:
    """The chat as the viewer may read it, the newest part first; None where nothing was written."""
    before = viewer.query.get("chat_before", "")
    found = chat_reading.history(
        lesson.pk,
        viewer.user_id,
        is_staff=viewer.is_staff,
        before=int(before) if before.isdecimal() and len(before) < 19 else None,
        limit=SHOWN,
    )
    messages = [_message(row) for row in found["messages"]]
    if not messages and not before:
        return None
    earlier = messages[0]["id"] if messages and found["has_more"] else None
    context = {"messages": messages, "earlier": earlier, "is_part": bool(before), "me": str(viewer.user_id)}
    return Section("chat", _("Chat"), "classroom/review/chat.html", context)


def _message(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "at": datetime.fromisoformat(row["at"])}
