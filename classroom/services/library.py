"""Materials of a course and its lessons: uploading in parts, checking, listing, deleting."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.core.library import clean_name, count_parts, part_size
from classroom.core.sniffing import PICTURES
from classroom.models import ChatMessage, Course, Lesson, Material, MaterialPage, Presence
from classroom.models.library import MAX_PAGE_TEXT
from classroom.services import audit, chat_reading, events, library_files, library_sandbox, slides, video
from classroom.services.errors import ConflictError

log = logging.getLogger(__name__)

Kind, State = Material.Kind, Material.State

LESSON, COURSE, HAND_IN, SNAPSHOT, CHAT = "lesson", "course", "hand_in", "snapshot", "chat"
PURPOSES = (LESSON, COURSE, HAND_IN, SNAPSHOT, CHAT)
"""What a file can be uploaded for."""
KIND_OF_PURPOSE = {HAND_IN: Kind.HANDED_IN, SNAPSHOT: Kind.SNAPSHOT, CHAT: Kind.CHAT}
"""The others show by their bytes what they are."""
MEGABYTE = 1_000_000
MAX_BYTES = {
    Kind.DOCUMENT: 100 * MEGABYTE,
    Kind.IMAGE: 30 * MEGABYTE,
    Kind.VIDEO: 1000 * MEGABYTE,
    Kind.FILE: 100 * MEGABYTE,
    Kind.HANDED_IN: 50 * MEGABYTE,
    Kind.SNAPSHOT: 10 * MEGABYTE,
    Kind.CHAT: 10 * MEGABYTE,
}
PICTURES_ALONE = frozenset({Kind.SNAPSHOT, Kind.CHAT})
"""What must be a picture, whatever it is called."""
MAX_COURSE_BYTES = 10_000 * MEGABYTE
MAX_COURSE_FILES = 2000
MAX_UPLOADS = 5
"""Of one person at a time in one course."""
MAX_HANDED_IN = 20
"""Of one student in one lesson."""
MAX_IN_CHAT = 50
"""Pictures of one person in one lesson."""
ABANDONED_AFTER = timedelta(hours=2)
CHECK_LIMIT = timedelta(seconds=2 * library_sandbox.CHECK_SECONDS)
"""A check that has taken longer died with its web process, and is made again."""
ORPHAN_SECONDS = 3600.0


# Seeing


def visible(lesson: Lesson, user_id: UUID, *, is_staff: bool) -> QuerySet[Material]:
    """The materials of the lesson and its course that a member may see; one's own before they are ready."""
    shared = ~Q(kind__in=(Kind.HANDED_IN, Kind.CHAT)) & (Q(state=State.READY) | Q(owner=user_id))
    handed_in = Q(kind=Kind.HANDED_IN, lesson=lesson)
    handed_in &= (Q(owner=user_id) | Q(state=State.READY)) if is_staff else Q(owner=user_id)
    here = Q(lesson=lesson) | Q(lesson=None)
    return Material.objects.filter(shared | handed_in, here, course=lesson.course_id)


def listing(lesson: Lesson, user_id: UUID, *, is_staff: bool) -> list[dict[str, Any]]:
    """What a member sees of the materials, the oldest first; one query."""
    rows = visible(lesson, user_id, is_staff=is_staff).select_related("owner")
    return [describe(row) for row in rows]


def readable(lesson: Lesson, material_id: UUID, user_id: UUID, *, is_staff: bool) -> Material | None:
    """The material, if it is ready and this member of the lesson's course may have its bytes; one query.

    Of another lesson of the course, too: what was shown there may be shown again here.
    """
    rows = Material.objects.filter(pk=material_id, course=lesson.course_id, state=State.READY)
    messages = chat_reading.visible(lesson.pk, user_id, is_staff=is_staff).filter(deleted_at=None)
    in_chat = Q(owner=user_id) | Exists(messages.filter(picture=OuterRef("pk")))
    rows = rows.filter(~Q(kind=Kind.CHAT) | in_chat)
    if not is_staff:
        rows = rows.filter(~Q(kind=Kind.HANDED_IN) | Q(owner=user_id))
    return rows.first()


def describe(material: Material) -> dict[str, Any]:
    """A material as pages see it; load `owner` before, or it costs a query."""
    owner = material.owner
    return {
        "id": str(material.pk),
        "name": material.name,
        "kind": material.kind,
        "state": material.state,
        "reason": material.reason,
        "size": material.size,
        "pages": material.pages,
        "seconds": material.seconds,
        "of_course": material.lesson_id is None,
        "owner": {"id": str(owner.pk), "name": owner.name} if owner else None,
        "at": material.created_at.isoformat(),
    }


def page_texts(material_id: UUID) -> list[dict[str, Any]]:
    """The pages of a material: their sizes and words; one query."""
    rows = MaterialPage.objects.filter(material=material_id)
    return [dict(row) for row in rows.values("number", "width", "height", "text")]


# Uploading


def start(lesson: Lesson, user_id: UUID, purpose: str, name: str, size: int) -> Material:
    """Begins an upload; raises ConflictError where it is too large or there is no room."""
    kind = KIND_OF_PURPOSE.get(purpose, Kind.FILE)
    # What it is will be seen by its bytes; until then it may be the largest thing there is.
    limit = MAX_BYTES[Kind.VIDEO if kind is Kind.FILE else kind]
    if not 0 < size <= limit:
        raise ConflictError(
            _("Files here may have up to {megabytes} MB.").format(megabytes=limit // MEGABYTE)
        )
    with transaction.atomic():
        # The course's row is held, so that two uploads can't both take the last room.
        Course.objects.select_for_update().get(pk=lesson.course_id)
        _require_room(lesson, user_id, kind, size)
        material = Material.objects.create(
            course_id=lesson.course_id,
            lesson=None if purpose == COURSE else lesson,
            owner_id=user_id,
            kind=kind,
            name=clean_name(name),
            size=size,
        )
        library_files.make(material.pk)
    return material


def _require_room(lesson: Lesson, user_id: UUID, kind: str, size: int) -> None:
    rows = Material.objects.filter(course=lesson.course_id)
    mine = Q(owner=user_id)
    found = rows.aggregate(
        bytes=Sum("size", default=0),
        files=Count("pk"),
        uploads=Count("pk", filter=mine & Q(state=State.UPLOADING)),
        handed_in=Count("pk", filter=mine & Q(lesson=lesson, kind=Kind.HANDED_IN)),
        in_chat=Count("pk", filter=mine & Q(lesson=lesson, kind=Kind.CHAT)),
    )
    if found["bytes"] + size > MAX_COURSE_BYTES or found["files"] >= MAX_COURSE_FILES:
        raise ConflictError(_("The course has no more room for files: delete some first."))
    if found["uploads"] >= MAX_UPLOADS:
        raise ConflictError(_("Wait until your other uploads are done."))
    if kind == Kind.HANDED_IN and found["handed_in"] >= MAX_HANDED_IN:
        raise ConflictError(_("You have handed in as many files as you can: delete one first."))
    if kind == Kind.CHAT and found["in_chat"] >= MAX_IN_CHAT:
        raise ConflictError(_("You have put as many pictures into this chat as you can."))


def upload_of(lesson_id: UUID, material_id: UUID, user_id: UUID) -> Material | None:
    """The upload that this person has begun in this lesson; one query."""
    rows = Material.objects.filter(pk=material_id, owner=user_id, course__lessons=lesson_id)
    return rows.filter(Q(lesson=lesson_id) | Q(lesson=None)).first()


def put_part(material: Material, number: int, data: bytes) -> None:
    """Takes one part; ValueError unless it has the right size, ConflictError when nothing is awaited."""
    if len(data) != part_size(material.size, number):
        raise ValueError("a part must have exactly its size")
    rows = Material.objects.filter(pk=material.pk, state=State.UPLOADING)
    if not rows.update(touched_at=timezone.now()):
        raise ConflictError(_("This upload is over."))
    library_files.write_part(material.pk, number, data)


def finish(material: Material) -> None:
    """Hands a whole upload over to be checked, once; ConflictError while parts are missing."""
    if material.state != State.UPLOADING:
        return
    if len(library_files.parts(material.pk, material.size)) != count_parts(material.size):
        raise ConflictError(_("Some of the file has not arrived yet."))
    with transaction.atomic():
        rows = Material.objects.filter(pk=material.pk, state=State.UPLOADING)
        # Due at once: a check begins with what nobody has touched since.
        if not rows.update(state=State.CHECKING, touched_at=timezone.now() - CHECK_LIMIT):
            return
        library_files.complete(material.pk)
        _tell(material.pk)


# Checking


def check_next() -> bool:
    """Looks at one upload that waits for it, for up to CHECK_SECONDS; says whether there was one."""
    now = timezone.now()
    due = Material.objects.filter(state=State.CHECKING, touched_at__lte=now - CHECK_LIMIT)
    material = due.first()
    # Another web process may have been quicker.
    if material is None or not due.filter(pk=material.pk).update(touched_at=now):
        return False
    try:
        changes, pages = _look(material)
    except RefusedError as refusal:
        changes, pages = {"state": State.REFUSED, "reason": str(refusal), "size": 0}, []
    _settle(material, changes, pages)
    return True


class RefusedError(Exception):
    """A file is not taken; the message is the key of a sentence."""


def _look(material: Material) -> tuple[dict[str, Any], list[MaterialPage]]:
    """What the worker found in a file, as rows; whatever goes wrong there is the file's fault."""
    purpose = "keep" if material.kind == Kind.HANDED_IN else "show"
    options = ["convert"] if library_sandbox.is_complete() else []
    try:
        found = json.loads(library_sandbox.run(library_files.folder(material.pk), purpose, *options))
        if refused := found.get("refused"):
            raise RefusedError(str(refused))
        changes = _changes(material, found)
        pages = [_page(material, page) for page in found.get("pages", ())]
    except (library_sandbox.CheckFailedError, OSError, ValueError, KeyError, TypeError, AttributeError):
        log.warning("the check of material %s has failed", material.pk, exc_info=True)
        raise RefusedError("unreadable") from None
    if changes["size"] > MAX_BYTES[changes["kind"]]:
        raise RefusedError("too_large")
    if material.kind in PICTURES_ALONE and changes["media_type"] not in PICTURES:
        raise RefusedError("no_picture")
    return changes, pages


def _changes(material: Material, found: Mapping[str, Any]) -> dict[str, Any]:
    is_set = material.kind in KIND_OF_PURPOSE.values()
    return {
        "state": State.READY,
        "kind": Kind(material.kind if is_set else found["kind"]),
        "reason": str(found.get("reason", "")),
        "media_type": str(found["media_type"]),
        "size": int(found["size"]),
        "sha256": str(found["sha256"]),
        "seconds": float(found.get("seconds", 0)),
        "pages": len(found.get("pages", ())),
    }


def _page(material: Material, found: Mapping[str, Any]) -> MaterialPage:
    return MaterialPage(
        material=material,
        number=int(found["number"]),
        width=int(found["width"]),
        height=int(found["height"]),
        text=str(found["text"])[:MAX_PAGE_TEXT].replace("\0", ""),
    )


def _settle(material: Material, changes: Mapping[str, Any], pages: list[MaterialPage]) -> None:
    """Writes down what was found, and tells whom it concerns; nothing is kept of what was refused."""
    with transaction.atomic():
        is_wanted = Material.objects.filter(pk=material.pk, state=State.CHECKING).update(**changes)
        if is_wanted:
            MaterialPage.objects.bulk_create(pages)
            _tell(material.pk)
    if not is_wanted or changes["state"] == State.REFUSED:
        library_files.remove(material.pk)


# Deleting


def delete(lesson: Lesson, material_id: UUID, user_id: UUID, *, is_staff: bool) -> bool:
    """Deletes one's own material, or as staff any of the course; says whether there was one."""
    rows = Material.objects.filter(pk=material_id, course=lesson.course_id)
    if not is_staff:
        rows = rows.filter(owner=user_id)
    with transaction.atomic():
        material = rows.first()
        if material is None:
            return False
        rooms, audience = _rooms(material), _audience(material)
        if material.owner_id != user_id:
            audit.note("files.delete", lesson.pk, user_id, material.owner_id, material=str(material.pk))
        slides.take_off(material_id, user_id)
        video.take_off(material_id, user_id)
        material.delete()
        transaction.on_commit(lambda: library_files.remove(material_id))
        for lesson_id in rooms:
            events.publish(lesson_id, "files.gone", lambda: {"id": str(material_id)}, audience)
    return True


def prune() -> None:
    """Deletes uploads that nobody went on with, and folders that no row speaks of."""
    before = timezone.now() - ABANDONED_AFTER
    abandoned = Q(state=State.UPLOADING) | Q(state=State.REFUSED)
    for material_id in list(
        Material.objects.filter(abandoned, touched_at__lt=before).values_list("pk", flat=True)
    ):
        Material.objects.filter(abandoned, pk=material_id).delete()
        library_files.remove(material_id)
    _prune_unsent(timezone.now() - ABANDONED_AFTER)
    there = set(library_files.all_ids(time.time() - ORPHAN_SECONDS))
    for material_id in there - set(Material.objects.values_list("pk", flat=True)):
        library_files.remove(material_id)


def _prune_unsent(before: datetime) -> None:
    """Deletes pictures that were taken for the chat and are in no message."""
    sent = ChatMessage.objects.filter(lesson=OuterRef("lesson"), picture=OuterRef("pk"))
    rows = Material.objects.filter(~Exists(sent), kind=Kind.CHAT, touched_at__lt=before)
    for material_id in list(rows.values_list("pk", flat=True)):
        rows.filter(pk=material_id).delete()
        library_files.remove(material_id)


# Telling


def _tell(material_id: UUID) -> None:
    """Tells those who may see a material how it stands."""
    material = Material.objects.select_related("owner").get(pk=material_id)
    for lesson_id in _rooms(material):
        events.publish(lesson_id, "files.changed", lambda: describe(material), _audience(material))


def _rooms(material: Material) -> list[UUID]:
    """Where it belongs to: its lesson, or every lesson of the course in whose room anybody is.

    Nowhere with a picture of the chat: it comes with a message.
    """
    if material.kind == Kind.CHAT:
        return []
    if material.lesson_id is not None:
        return [material.lesson_id]
    present = Presence.objects.filter(lesson__course=material.course_id, left_at=None)
    return list(present.values_list("lesson_id", flat=True).distinct())


def _audience(material: Material) -> events.Audience:
    """Whom a material concerns: its owner alone until it is ready; what is handed in, the staff besides."""
    owner = frozenset((material.owner_id,) if material.owner_id else ())
    is_ready = material.state == State.READY
    if material.kind == Kind.HANDED_IN or not is_ready:
        return events.Audience(staff=is_ready or not owner, people=owner)
    return events.EVERYONE
