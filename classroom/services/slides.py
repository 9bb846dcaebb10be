"""Slides: which page of which material the whole class is shown, with a sheet over it to draw on."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from classroom.core.board_operations import WIDTH
from classroom.models import Lesson, Material, MaterialPage, Sheet, Slides
from classroom.services import board, events, rooms
from classroom.services.errors import ConflictError

VIEW = "slides"


def state(lesson_id: UUID) -> dict[str, Any] | None:
    """What is shown now, as pages see it; None for nothing. Two queries.

    `sheets` are those to draw on, by the page that they lie over: of all pages that have been shown.
    """
    return state_of(Lesson.objects.select_related("slides__material").get(pk=lesson_id))


def state_of(lesson: Lesson) -> dict[str, Any] | None:
    """The same of a lesson that was loaded with its slides and their material; one query at most."""
    row: Slides | None = getattr(lesson, "slides", None)
    if row is None or not row.is_shown:
        return None
    sheets = Sheet.objects.filter(lesson=lesson, material=row.material_id).values_list("page", "pk")
    return {
        "material": str(row.material_id),
        "name": row.material.name,
        "pages": row.material.pages,
        "page": row.page,
        "sheets": {str(page): str(sheet) for page, sheet in sheets.order_by("page")},
    }


def pages_shown(lesson_id: UUID) -> list[dict[str, Any]]:
    """Every page that was shown in a lesson, by material and number; three queries."""
    sheets = Sheet.objects.filter(lesson=lesson_id, kind=Sheet.Kind.SLIDE)
    found = {(row.material, row.page): row for row in sheets}
    materials = Material.objects.filter(pk__in={material for material, _page in found if material})
    pages = MaterialPage.objects.filter(material__in=materials).select_related("material")
    return [
        {
            "material": page.material_id,
            "name": page.material.name,
            "number": page.number,
            "text": page.text,
            "width": page.width,
            "height": page.height,
            "sheet": sheet.pk,
            "is_drawn_on": sheet.count > 0,
        }
        for page in pages.order_by("material__created_at", "material", "number")
        if (sheet := found.get((page.material_id, page.number)))
    ]


def show(lesson_id: UUID, actor_id: UUID, material_id: UUID, page: int) -> None:
    """Shows a page of a material large to all; ConflictError where there is none."""
    with transaction.atomic():
        lesson = Lesson.objects.get(pk=lesson_id)
        ready = Material.objects.filter(course=lesson.course_id, state=Material.State.READY)
        _require_page(ready.filter(pk=material_id).first(), page)
        values = {"material_id": material_id, "page": page, "is_shown": True}
        Slides.objects.update_or_create(lesson=lesson, defaults=values)
        _lay_sheet(lesson_id, material_id, page)
        _publish(lesson_id)
        rooms.show(lesson_id, actor_id, VIEW)


def turn(lesson_id: UUID, page: int) -> None:
    """Turns to another page for all; ConflictError where nothing is shown, or there is no such page."""
    with transaction.atomic():
        rows = Slides.objects.filter(lesson=lesson_id, is_shown=True)
        row = rows.select_related("material").first()
        _require_page(row.material if row else None, page)
        rows.update(page=page)
        if row is not None:
            _lay_sheet(lesson_id, row.material_id, page)
        _publish(lesson_id)


def close(lesson_id: UUID, actor_id: UUID) -> None:
    """Takes the slides away; harmless where there are none."""
    with transaction.atomic():
        if not Slides.objects.filter(lesson=lesson_id, is_shown=True).update(is_shown=False):
            return
        _publish(lesson_id)
        rooms.show_no_longer(lesson_id, actor_id, VIEW)


def take_off(material_id: UUID, actor_id: UUID) -> None:
    """Closes the slides wherever this material is shown and forgets its ink: it is about to be deleted."""
    for lesson_id in list(Slides.objects.filter(material=material_id).values_list("lesson_id", flat=True)):
        close(lesson_id, actor_id)
    Sheet.objects.filter(material=material_id).delete()


def _require_page(material: Material | None, page: int) -> None:
    if material is None or not 1 <= page <= material.pages:
        raise ConflictError(_("There is no such page."))


def _lay_sheet(lesson_id: UUID, material_id: UUID, page: int) -> None:
    """Makes the sheet over a page, as high as the page is."""
    shape = MaterialPage.objects.filter(material=material_id, number=page).first()
    height = round(WIDTH * shape.height / shape.width) if shape else WIDTH
    board.sheet_for(lesson_id, material_id, page, height=height)


def _publish(lesson_id: UUID) -> None:
    events.publish(lesson_id, "slides.changed", lambda: {"slides": state(lesson_id)})
