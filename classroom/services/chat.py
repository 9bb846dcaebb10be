"""The chat of a lesson: to all, to the teachers, and from student to student where the course allows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.core import chat
from classroom.models import (
    ChatMessage,
    ChatReaction,
    Enrolment,
    Lesson,
    Material,
    MaterialPage,
    Participation,
)
from classroom.models.lesson import ChatMode
from classroom.permissions import STAFF_ROLES, Action, Standing, standing
from classroom.services import audit, events, participation, rooms
from classroom.services.chat_reading import (
    deleted_by,
    message_to_wire,
    reactions_to,
    to_wire,
    visible,
    with_people,
)
from classroom.services.errors import ConflictError, TooFastError

MAX_EDITS = 20

Kind = ChatMessage.Kind


@dataclass(frozen=True, slots=True)
class To:
    """Whom somebody writes to: all, the teachers, or one person."""

    kind: str
    person: UUID | None = None


# Writing


def send(
    lesson_id: UUID, author_id: UUID, to: To, text: str, nonce: str, picture: UUID | None = None
) -> dict[str, Any]:
    """Writes a message, once for each nonce, and returns it; the text is as `core.chat.clean` leaves it.

    `picture` is a material that the author has uploaded for this chat. Raises ConflictError when this may not
    be written now, TooFastError in a slow chat.
    """
    with transaction.atomic():
        lesson = _hold(lesson_id)
        own = ChatMessage.objects.filter(lesson=lesson_id, author=author_id)
        sent_before = with_people(own.filter(nonce=nonce)).first()
        if sent_before is not None:
            return to_wire([sent_before], author_id)[0]
        found = _standing(lesson_id, author_id)
        kind, partner_id = _address(lesson, found, author_id, to)
        _require_may_write(lesson, found, kind)
        if kind == Kind.ALL and lesson.chat_mode == ChatMode.SLOW and not found.is_staff:
            _require_pace(own)
        row = ChatMessage.objects.create(
            lesson=lesson,
            author_id=author_id,
            kind=kind,
            partner_id=partner_id,
            nonce=nonce,
            text=text,
            picture=picture,
            picture_size=_size_of(lesson_id, author_id, picture) if picture else [],
        )
        message = {**message_to_wire(with_people(own).get(pk=row.pk)), "reactions": {}, "mine": []}
        events.publish(lesson_id, "chat.message", lambda: message, _audience(row))
        return message


def edit(lesson_id: UUID, author_id: UUID, message: int, text: str) -> None:
    """Changes one's own message; the texts before are kept, but shown to nobody."""
    with transaction.atomic():
        lesson = _hold(lesson_id)
        found = _standing(lesson_id, author_id)
        row = _find(lesson_id, author_id, found, message)
        _require_may_write(lesson, found, row.kind)
        if row.author_id != author_id:
            raise ConflictError(_("You can only change what you have written yourself."))
        if len(row.earlier) >= MAX_EDITS:
            raise ConflictError(_("This message has been changed too often."))
        if row.text == text:
            return
        now = timezone.now()
        row.earlier.append({"text": row.text, "until": now.isoformat()})
        row.text, row.edited_at = text, now
        row.save(update_fields=("text", "edited_at", "earlier"))
        _publish_change(row, text=text, edited_at=now.isoformat())


def delete(lesson_id: UUID, actor_id: UUID, message: int) -> None:
    """Takes a message from every page: one's own, or as a teacher anybody's that teachers read."""
    with transaction.atomic():
        _hold(lesson_id)
        found = _standing(lesson_id, actor_id)
        row = _find(lesson_id, actor_id, found, message)
        if row.author_id != actor_id and not found.is_staff:
            raise ConflictError(_("You can only delete what you have written yourself."))
        row.deleted_at, row.deleted_by_id = timezone.now(), actor_id
        row.save(update_fields=("deleted_at", "deleted_by"))
        if row.author_id != actor_id:
            audit.note("chat.delete", lesson_id, actor_id, row.author_id, message=row.pk)
        _publish_change(row, text="", picture=None, deleted=deleted_by(row), reactions={})


def react(lesson_id: UUID, user_id: UUID, message: int, emoji: str, *, is_on: bool) -> None:
    """Puts an emoji at a message, or takes it back; harmless where it is so already."""
    with transaction.atomic():
        lesson = _hold(lesson_id)
        found = _standing(lesson_id, user_id)
        row = _find(lesson_id, user_id, found, message)
        _require_may_write(lesson, found, row.kind)
        own = ChatReaction.objects.filter(message=row, user=user_id, emoji=emoji)
        if own.exists() == is_on:
            return
        if is_on:
            ChatReaction.objects.create(message=row, user_id=user_id, emoji=emoji)
        else:
            own.delete()
        reactions = reactions_to([row.pk], []).counts.get(row.pk, {})
        by = {"person": str(user_id), "emoji": emoji, "is_on": is_on}
        _publish_change(row, reactions=reactions, by=by)


def read(lesson_id: UUID, user_id: UUID, upto: int) -> None:
    """Notes how far a person has read, and tells their other pages."""
    with transaction.atomic():
        part = Participation.objects.filter(lesson=lesson_id, user=user_id)
        if part.filter(chat_read_upto__lt=upto).update(chat_read_upto=upto):
            audience = events.Audience(people=frozenset({user_id}))
            events.broadcast(lesson_id, "chat.read", {"upto": upto}, audience)


# Moderating


def set_mode(lesson_id: UUID, actor_id: UUID, mode: str) -> None:
    """Turns the chat on, slow or off for students; one of `ChatMode`."""
    rooms.change(lesson_id, actor_id, chat_mode=mode)


def mute(lesson_id: UUID, actor_id: UUID, user_id: UUID, *, is_muted: bool) -> None:
    """Keeps a student from writing in this lesson, or no longer; ConflictError for anybody else."""
    with transaction.atomic():
        participation.require_student(lesson_id, user_id)
        part = Participation.objects.filter(lesson=lesson_id, user=user_id)
        if part.filter(is_chat_muted=True).exists() == is_muted:
            return
        Participation.objects.update_or_create(
            lesson_id=lesson_id, user_id=user_id, defaults={"is_chat_muted": is_muted}
        )
        audit.note("chat.mute" if is_muted else "chat.unmute", lesson_id, actor_id, user_id)
        body = {"person": str(user_id), "is_muted": is_muted}
        audience = events.Audience(staff=True, people=frozenset({user_id}))
        events.publish(lesson_id, "chat.muted", lambda: body, audience)


# What is checked where the act happens


def _hold(lesson_id: UUID) -> Lesson:
    """The lesson, held: messages get their numbers in the order in which they are told."""
    return Lesson.objects.select_related("course").select_for_update(of=("self",)).get(pk=lesson_id)


def _standing(lesson_id: UUID, user_id: UUID) -> Standing:
    found = standing(user_id, lesson_id)
    if found is None:
        raise ConflictError(_("You may not do that here."))
    return found


def _find(lesson_id: UUID, user_id: UUID, found: Standing, message: int) -> ChatMessage:
    rows = visible(lesson_id, user_id, is_staff=found.is_staff)
    row = rows.filter(pk=message, deleted_at=None).first()
    if row is None:
        raise ConflictError(_("This message isn't there any more."))
    return row


def _address(lesson: Lesson, found: Standing, author_id: UUID, to: To) -> tuple[str, UUID | None]:
    """The kind and the partner of a message to somebody; ConflictError where one can't write to them."""
    if to.person is None:
        partner = None if found.is_staff or to.kind == Kind.ALL else author_id
        return to.kind, partner
    student = Enrolment.objects.filter(course=lesson.course_id, user=to.person, user__is_active=True)
    is_removed = Participation.objects.filter(lesson=lesson, user=OuterRef("user"), removed_at__isnull=False)
    if to.person == author_id or not student.filter(~Exists(is_removed)).exclude(role__in=STAFF_ROLES):
        raise ConflictError(_("You can't write to this person here."))
    if not found.is_staff and not lesson.course.student_chat:
        raise ConflictError(_("In this course students can't write to each other."))
    return (Kind.STAFF if found.is_staff else Kind.PERSON), to.person


def _require_may_write(lesson: Lesson, found: Standing, kind: str) -> None:
    """Raises ConflictError with the reason why a message of that kind may not be written now."""
    if found.allows(Action.ASK if kind == Kind.STAFF else Action.WRITE):
        return
    if not lesson.is_supervised:
        raise ConflictError(_("The teacher is reconnecting. You can write again once they are back."))
    if found.is_chat_muted:
        raise ConflictError(_("A teacher has muted you in the chat of this lesson."))
    if lesson.chat_mode == ChatMode.OFF and kind != Kind.STAFF:
        raise ConflictError(_("The chat is off. You can still write to the teachers."))
    raise ConflictError(_("You can write while the lesson is live."))


def _size_of(lesson_id: UUID, author_id: UUID, picture: UUID) -> list[int]:
    """Width and height of the author's picture; ConflictError where it is none that may be sent here."""
    own = Material.objects.filter(lesson=lesson_id, owner=author_id, kind=Material.Kind.CHAT)
    ready = own.filter(pk=picture, state=Material.State.READY)
    page = MaterialPage.objects.filter(material__in=ready).first()
    if page is None:
        raise ConflictError(_("This picture can't be sent here."))
    return [page.width, page.height]


def _require_pace(own: QuerySet[ChatMessage]) -> None:
    last = own.filter(kind=Kind.ALL).order_by("-pk").values_list("written_at", flat=True).first()
    seconds = chat.seconds_to_wait(last, timezone.now())
    if seconds:
        raise TooFastError(_("The chat is slow: write again in %(seconds)d s.") % {"seconds": seconds})


def _audience(row: ChatMessage) -> events.Audience:
    """Who may read a message."""
    if row.kind == Kind.ALL:
        return events.EVERYONE
    people = {row.partner_id} if row.kind == Kind.STAFF else {row.partner_id, row.author_id}
    named = frozenset(person for person in people if person is not None)
    return events.Audience(staff=row.kind == Kind.STAFF, people=named)


def _publish_change(row: ChatMessage, **changes: Any) -> None:
    events.publish(row.lesson_id, "chat.changed", lambda: {"id": row.pk, **changes}, _audience(row))
