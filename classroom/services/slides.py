"""Slides: which page of which material the whole class is shown."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from classroom.models import Lesson, Material, Slides
from classroom.services import events, library, rooms
from classroom.services.errors import ConflictError

VIEW = "slides"


def state(lesson_id: UUID) -> dict[str, Any] | None:
    """What is shown now, as pages see it; None for nothing. One query."""
    row = Slides.objects.select_related("material").filter(lesson=lesson_id).first()
    if row is None:
        return None
    material = row.material
    return {"material": str(material.pk), "name": material.name, "pages": material.pages, "page": row.page}


def show(lesson_id: UUID, actor_id: UUID, material_id: UUID, page: int) -> None:
    """Shows a page of a material large to all; ConflictError where there is none."""
    with transaction.atomic():
        lesson = Lesson.objects.get(pk=lesson_id)
        material = library.readable(lesson, material_id, actor_id, is_staff=True)
        _require_page(material, page)
        Slides.objects.update_or_create(lesson=lesson, defaults={"material_id": material_id, "page": page})
        _publish(lesson_id)
        if lesson.main_view != VIEW:
            rooms.show(lesson_id, actor_id, VIEW)


def turn(lesson_id: UUID, page: int) -> None:
    """Turns to another page for all; ConflictError where nothing is shown, or there is no such page."""
    with transaction.atomic():
        row = Slides.objects.select_related("material").filter(lesson=lesson_id).first()
        _require_page(row.material if row else None, page)
        Slides.objects.filter(lesson=lesson_id).update(page=page)
        _publish(lesson_id)


def close(lesson_id: UUID, actor_id: UUID) -> None:
    """Takes the slides away; harmless where there are none."""
    with transaction.atomic():
        deleted, _rows = Slides.objects.filter(lesson=lesson_id).delete()
        if not deleted:
            return
        _publish(lesson_id)
        if Lesson.objects.filter(pk=lesson_id, main_view=VIEW).exists():
            rooms.show(lesson_id, actor_id, "")


def _require_page(material: Material | None, page: int) -> None:
    if material is None or not 1 <= page <= material.pages:
        raise ConflictError(_("There is no such page."))


def _publish(lesson_id: UUID) -> None:
    events.publish(lesson_id, "slides.changed", lambda: {"slides": state(lesson_id)})
