"""Reading the chat: what of it whom is shown, and how pages see it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, F, OuterRef, Q, QuerySet, Subquery, UUIDField, When, Window
from django.db.models.functions import RowNumber

from classroom.core.seats import Reader
from classroom.models import ChatMessage, ChatReaction, Enrolment, Participation
from classroom.permissions import STAFF_ROLES

PAGE = 50
"""As many messages come with a snapshot, or at once from further back."""

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


def sections(lesson_id: UUID, readers: Sequence[Reader], limit: int = PAGE) -> list[dict[str, Any]]:
    """The snapshot's part of the chat for each of these: as `history`, with marks; three queries at most.

    `read_upto` is the newest message that the person has seen; `is_muted` whether they may not write;
    staff also get `muted`, the ids of those who may not.
    """
    marks = _marks(lesson_id, readers)
    muted = [str(user_id) for user_id, (is_muted, _upto) in marks.items() if is_muted]
    pile = _pile(lesson_id, readers, limit)
    told = {row.pk: message_to_wire(row) for row in pile.rows}
    reactions = reactions_to(list(told), {reader.user_id for reader in readers})
    found = []
    for reader in readers:
        keys, has_more = pile.newest(reader, limit)
        is_muted, read_upto = marks.get(reader.user_id, (False, 0))
        section = {
            "messages": [{**told[key], **reactions.of(key, reader.user_id)} for key in keys],
            "has_more": has_more,
            "read_upto": read_upto,
            "is_muted": is_muted,
        }
        found.append({**section, "muted": muted} if reader.is_staff else section)
    return found


def _marks(lesson_id: UUID, readers: Sequence[Reader]) -> dict[UUID, tuple[bool, int]]:
    """Who of these may not write and how far they have read; for staff also of all others who may not."""
    part = Q(user__in={reader.user_id for reader in readers})
    if any(reader.is_staff for reader in readers):
        part |= Q(is_chat_muted=True)
    rows = Participation.objects.filter(part, lesson=lesson_id).values_list("user_id", *MARK_FIELDS)
    return {user_id: (is_muted, upto) for user_id, is_muted, upto in rows}


@dataclass
class Pile:
    """Messages, the newest first, of which each of some readers may read a part."""

    rows: list[Any]
    to_all: list[int] = field(default_factory=list)
    to_staff: list[int] = field(default_factory=list)
    own: dict[UUID | None, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Those beside that a person may read by their own part in them."""

    def __post_init__(self) -> None:
        for row in self.rows:
            if row.kind == Kind.ALL:
                self.to_all.append(row.pk)
                continue
            self.own[row.partner_id].append(row.pk)
            if row.kind == Kind.STAFF:
                self.to_staff.append(row.pk)
            else:
                self.own[row.author_id].append(row.pk)

    def newest(self, reader: Reader, limit: int) -> tuple[list[int], bool]:
        """The newest that somebody may read, the oldest first, and whether there are more."""
        keys = {*self.to_all, *self.own.get(reader.user_id, ()), *(self.to_staff if reader.is_staff else ())}
        newest = sorted(keys)
        return newest[-limit:], len(newest) > limit


def _pile(lesson_id: UUID, readers: Sequence[Reader], limit: int) -> Pile:
    """So many of the newest that each of these may read, and one more of each kind; one query."""
    user_ids = {reader.user_id for reader in readers}
    rows = ChatMessage.objects.filter(lesson=lesson_id).order_by("-pk")
    private = rows.exclude(kind=Kind.ALL).filter(partner__in=user_ids)
    written = rows.filter(kind=Kind.PERSON, author__in=user_ids)
    parts = [
        rows.filter(kind=Kind.ALL)[: limit + 1],
        _newest_by("partner", private, limit + 1),
        _newest_by("author", written, limit + 1),
    ]
    if any(reader.is_staff for reader in readers):
        parts.append(rows.filter(kind=Kind.STAFF)[: limit + 1])
    wanted = reduce(or_, (Q(pk__in=part.values("pk")) for part in parts))
    return Pile(list(with_people(rows.filter(wanted))))


def _newest_by(person: str, rows: QuerySet[ChatMessage], count: int) -> QuerySet[Any]:
    """So many of the newest of each author, or of each partner."""
    rank = Window(RowNumber(), partition_by=[F(person)], order_by=F("pk").desc())
    return rows.annotate(rank=rank).filter(rank__lte=count).order_by()


def to_wire(rows: Collection[ChatMessage], viewer_id: UUID) -> list[dict[str, Any]]:
    """Messages as pages see them, with `mine`, the viewer's own reactions; rows are of `with_people`.

    One query, none for no rows. What was deleted comes without its words.
    """
    reactions = reactions_to([row.pk for row in rows], [viewer_id])
    return [{**message_to_wire(row), **reactions.of(row.pk, viewer_id)} for row in rows]


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


@dataclass
class Reactions:
    """Reactions to some messages."""

    counts: dict[int, dict[str, int]] = field(default_factory=dict)
    """By message and emoji."""
    own: dict[tuple[int, UUID], list[str]] = field(default_factory=dict)
    """The emoji by message and person, of those who were asked about."""

    def of(self, key: int, viewer_id: UUID) -> dict[str, Any]:
        """The reactions to a message as the viewer sees them."""
        return {"reactions": self.counts.get(key, {}), "mine": self.own.get((key, viewer_id), [])}


def reactions_to(keys: Collection[int], viewer_ids: Collection[UUID]) -> Reactions:
    """The reactions to these messages, and those of the viewers; one query at most."""
    found = Reactions()
    # All others are counted together: nobody is told who they are.
    viewer = Case(When(user__in=viewer_ids, then=F("user")), default=None, output_field=UUIDField())
    rows = ChatReaction.objects.filter(message__in=keys).annotate(viewer=viewer).order_by("message", "emoji")
    counted = rows.values_list("message", "emoji", "viewer").annotate(count=Count("pk"))
    for key, emoji, viewer_id, count in counted:
        counts = found.counts.setdefault(key, {})
        counts[emoji] = counts.get(emoji, 0) + count
        if viewer_id is not None:
            found.own.setdefault((key, viewer_id), []).append(emoji)
    return found
