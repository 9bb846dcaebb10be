"""Reading the chat: what of it whom is shown, and how pages see it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from classroom.models import ChatMessage, ChatReaction, Enrolment, Participation
from classroom.permissions import STAFF_ROLES

PAGE = 50
"""As many messages come with a snapshot, or at once from further back."""

NO_REACTIONS: dict[str, Any] = {"reactions": {}, "mine": []}
MARK_FIELDS = ("is_chat_muted", "chat_read_upto")

Kind = ChatMessage.Kind


def visible(lesson_id: UUID, user_id: UUID, *, is_staff: bool) -> QuerySet[ChatMessage]:
    """The messages of a lesson that a person may read; teachers don't read what students write each other."""
    own = Q(kind=Kind.PERSON, author=user_id) | Q(kind=Kind.PERSON, partner=user_id)
    staff = Q(kind=Kind.STAFF) if is_staff else Q(kind=Kind.STAFF, partner=user_id)
    return ChatMessage.objects.filter(Q(kind=Kind.ALL) | staff | own, lesson=lesson_id)


def history(
    lesson_id: UUID, user_id: UUID, *, is_staff: bool, before: int | None = None, limit: int = PAGE
) -> dict[str, Any]:
    """The newest messages that a person may read, or the newest before one; two queries.

    `{"messages": [message, …], "has_more": bool}`, the oldest first.
    """
    rows = visible(lesson_id, user_id, is_staff=is_staff)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(with_people(rows).order_by("-pk")[: limit + 1])
    shown = found[limit - 1 :: -1] if len(found) > limit else found[::-1]
    return {"messages": to_wire(shown, user_id), "has_more": len(found) > limit}


def section(lesson_id: UUID, user_id: UUID, *, is_staff: bool) -> dict[str, Any]:
    """The snapshot's part of the chat, three queries: as `history`, with marks.

    `read_upto` is the newest message that the person has seen; `is_muted` whether they may not write;
    staff also get `muted`, the ids of those who may not.
    """
    part = Q(user=user_id) | Q(is_chat_muted=True) if is_staff else Q(user=user_id)
    rows = Participation.objects.filter(part, lesson=lesson_id)
    marks = {key: (muted, upto) for key, muted, upto in rows.values_list("user_id", *MARK_FIELDS)}
    is_muted, read_upto = marks.get(user_id, (False, 0))
    muted = [str(key) for key, (is_one, _upto) in marks.items() if is_one]
    return {
        **history(lesson_id, user_id, is_staff=is_staff),
        "read_upto": read_upto,
        "is_muted": is_muted,
        **({"muted": muted} if is_staff else {}),
    }


def to_wire(rows: Collection[ChatMessage], viewer_id: UUID | None = None) -> list[dict[str, Any]]:
    """Messages as pages see them, with `mine`, the viewer's own reactions; rows are of `with_people`.

    One query, none for no rows. What was deleted comes without its words.
    """
    reactions = reactions_to([row.pk for row in rows], viewer_id)
    return [{**message_to_wire(row), **reactions.get(row.pk, NO_REACTIONS)} for row in rows]


def message_to_wire(row: Any) -> dict[str, Any]:
    """A message of `with_people` as pages see it, but for reactions."""
    partner = {"id": str(row.partner_id), "name": row.partner.name} if row.partner else None
    is_staff = row.author_role in STAFF_ROLES
    return {
        "id": row.pk,
        "nonce": row.nonce,
        "kind": row.kind,
        "author": {"id": str(row.author_id), "name": row.author.name, "is_staff": is_staff},
        "partner": partner,
        "text": "" if row.deleted_at else row.text,
        "picture": _picture(row),
        "at": row.written_at.isoformat(),
        "edited_at": row.edited_at.isoformat() if row.edited_at else None,
        "deleted": deleted_by(row),
    }


def _picture(row: ChatMessage) -> dict[str, Any] | None:
    if row.picture is None or row.deleted_at is not None:
        return None
    width, height = row.picture_size
    return {"id": str(row.picture), "width": width, "height": height}


def deleted_by(row: ChatMessage) -> str:
    """By whom: `author`, `staff`, or empty."""
    if row.deleted_at is None:
        return ""
    return "author" if row.deleted_by_id == row.author_id else "staff"


def with_people(rows: QuerySet[ChatMessage]) -> QuerySet[Any]:
    """The messages with author and partner, and as `author_role` the author's part in the course."""
    role = Enrolment.objects.filter(course=OuterRef("lesson__course"), user=OuterRef("author"))
    return rows.select_related("author", "partner").annotate(author_role=Subquery(role.values("role")[:1]))


def reactions_to(keys: Collection[int], viewer_id: UUID | None) -> dict[int, dict[str, Any]]:
    """The reactions to those of these messages that have any, and the viewer's own; one query at most."""
    found: dict[int, dict[str, Any]] = {}
    if not keys:
        return found
    rows = ChatReaction.objects.filter(message__in=keys).values_list("message", "emoji")
    own = Count("pk", filter=Q(user=viewer_id))
    for key, emoji, count, is_mine in rows.annotate(count=Count("pk"), own=own).order_by("message", "emoji"):
        entry = found.setdefault(key, {"reactions": {}, "mine": []})
        entry["reactions"][emoji] = count
        if is_mine:
            entry["mine"].append(emoji)
    return found
