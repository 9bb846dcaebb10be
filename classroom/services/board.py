"""The board: its sheets and which of them is shown; slides that are drawn on have sheets like its own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Max
from django.utils.translation import gettext as _

from classroom.core import board_operations
from classroom.models import Board, Lesson, Sheet, SheetEffects, SheetElement
from classroom.models.lesson import BoardMode
from classroom.services import audit, events, rooms
from classroom.services.errors import ConflictError
from classroom.services.sheets import keep_effects

MAX_SHEETS = 50
"""Of a lesson's board."""
MAX_SLIDES = 2_000
"""Of a lesson's materials, that have a sheet."""


def section(lesson_id: UUID) -> dict[str, Any]:
    """What pages know of the board: `{"open", "sheet", "sheets": [{"id", "background"}]}`; two queries."""
    return section_of(Lesson.objects.select_related("board").get(pk=lesson_id))


def section_of(lesson: Lesson) -> dict[str, Any]:
    """The same of a lesson that was loaded with its board; one query."""
    board = getattr(lesson, "board", None)
    rows = Sheet.objects.filter(lesson=lesson, kind=Sheet.Kind.BOARD)
    return {
        "open": board is not None and board.is_open,
        "sheet": str(board.sheet_id) if board is not None and board.sheet_id else None,
        "sheets": [
            {"id": str(key), "background": background}
            for key, background in rows.values_list("pk", "background")
        ],
    }


def sheet_for(
    lesson_id: UUID, material_id: UUID, page: int, *, height: int = board_operations.HEIGHT
) -> Sheet:
    """The sheet over a page of a material, made where there is none; a page is `height` of WIDTH units high.

    Raises ConflictError when the lesson has MAX_SLIDES of them.
    """
    found = Sheet.objects.filter(lesson=lesson_id, material=material_id, page=page).first()
    if found is not None:
        return found
    if Sheet.objects.filter(lesson=lesson_id, kind=Sheet.Kind.SLIDE).count() >= MAX_SLIDES:
        raise ConflictError(_("This lesson has as many slides to draw on as it can have."))
    height = min(height, board_operations.MAX_COORDINATE)
    values = {"kind": Sheet.Kind.SLIDE, "height": height}
    return Sheet.objects.get_or_create(lesson_id=lesson_id, material=material_id, page=page, defaults=values)[
        0
    ]


def set_mode(lesson_id: UUID, actor_id: UUID, mode: str) -> None:
    """Sets which students draw: one of BoardMode."""
    rooms.change(lesson_id, actor_id, board_mode=BoardMode(mode))


def set_open(lesson_id: UUID, actor_id: UUID, *, is_open: bool) -> None:
    """Shows the board to all, with a first sheet if it has none, or puts it away."""
    with transaction.atomic():
        board = _lock(lesson_id)
        if is_open and board.sheet_id is None:
            board.sheet = _add(lesson_id, Sheet.Background.PLAIN)
        board.is_open = is_open
        board.save()
        _publish(lesson_id)


def add_sheet(lesson_id: UUID, actor_id: UUID, background: str) -> Sheet:
    """Adds a sheet at the end and shows it; ConflictError when the board has MAX_SHEETS."""
    with transaction.atomic():
        board = _lock(lesson_id)
        board.sheet = _add(lesson_id, background)
        board.save()
        _publish(lesson_id)
        return board.sheet


def show_sheet(lesson_id: UUID, actor_id: UUID, sheet_id: UUID) -> None:
    """Turns to a sheet for all who follow; ConflictError if the board has no such."""
    with transaction.atomic():
        board = _lock(lesson_id)
        board.sheet = _board_sheet(lesson_id, sheet_id)
        board.save()
        _publish(lesson_id)


def set_background(lesson_id: UUID, actor_id: UUID, sheet_id: UUID, background: str) -> None:
    """Gives one of the board's sheets another paper: one of Sheet.Background."""
    with transaction.atomic():
        _board_sheet(lesson_id, sheet_id)
        Sheet.objects.filter(pk=sheet_id).update(background=background)
        _publish(lesson_id)


def clear(lesson_id: UUID, actor_id: UUID, sheet_id: UUID) -> int:
    """Removes all from a sheet, which `undo_clear` can bring back; returns the sheet's version with it."""
    with transaction.atomic():
        sheet = _lock_sheet(lesson_id, sheet_id)
        version = sheet.version + 1
        shown = SheetElement.objects.filter(sheet=sheet, removed_at=None)
        removed = shown.update(removed_at=version, removed_by=actor_id)
        Sheet.objects.filter(pk=sheet_id).update(version=version, count=0)
        audit.note("board.clear", lesson_id, actor_id, sheet=str(sheet_id), removed=removed)
        keep_effects(sheet, [_batch(actor_id, {"do": "clear"})])
    return version


def undo_clear(lesson_id: UUID, actor_id: UUID, sheet_id: UUID, version: int) -> None:
    """Brings back what was cleared at that version; what cannot be seen anyway stays as it is."""
    with transaction.atomic():
        sheet = _lock_sheet(lesson_id, sheet_id)
        cleared = SheetElement.objects.filter(sheet=sheet, removed_at=version)
        restored = cleared.update(removed_at=None, removed_by=None)
        Sheet.objects.filter(pk=sheet_id).update(version=F("version") + 1, count=F("count") + restored)
        audit.note("board.undo_clear", lesson_id, actor_id, sheet=str(sheet_id), restored=restored)
        # As much as a sheet can hold is more than one event should: pages load it anew.
        keep_effects(sheet, [_batch(actor_id, {"do": "reload"})])


def content(lesson_id: UUID, sheet_id: UUID, since: int | None = None) -> tuple[int, str] | None:
    """A sheet's version and what a page needs to have it, as JSON; None if the lesson has no such sheet.

    With the version that the page has these are the effects since, where they are still known. The version is
    read first: what is newer than it comes once more as an event, which does no harm. Three queries at most.
    """
    sheet = Sheet.objects.filter(pk=sheet_id, lesson=lesson_id).first()
    if sheet is None:
        return None
    batches = None if since is None else _since(sheet, since)
    head = f'{{"sheet":"{sheet.pk}","kind":"{sheet.kind}","height":{sheet.height},"version":{sheet.version}'
    if batches is not None:
        return sheet.version, f'{head},"from":{since},"batches":[{",".join(batches)}]}}'
    shown = SheetElement.objects.filter(sheet=sheet, removed_at=None).order_by()
    elements = ",".join(shown.values_list("data", flat=True))
    return sheet.version, f'{head},"elements":[{elements}]}}'


def drawn_pages(lesson_id: UUID) -> list[tuple[int, UUID, str]]:
    """The number, id and background of those of the board's sheets that are not empty; one query."""
    rows = Sheet.objects.filter(lesson=lesson_id, kind=Sheet.Kind.BOARD)
    numbered = enumerate(rows.values_list("pk", "background", "count"), 1)
    return [(number, key, background) for number, (key, background, count) in numbered if count]


def _since(sheet: Sheet, since: int) -> list[str] | None:
    """The batches after a version as JSON; None when they are no longer all there, or never were."""
    if since == sheet.version:
        return []
    rows = SheetEffects.objects.filter(sheet=sheet, first__gte=since, first__lt=sheet.version)
    found = list(rows.order_by("first").values_list("first", "batches"))
    if not found or found[0][0] != since:
        return None
    return [batches[1:-1] for _first, batches in found]


def _batch(actor_id: UUID, operation: dict[str, Any]) -> dict[str, Any]:
    return {"by": str(actor_id), "client": "", "n": 0, "ops": [operation]}


def _lock(lesson_id: UUID) -> Board:
    Board.objects.get_or_create(lesson_id=lesson_id)
    return Board.objects.select_for_update().get(pk=lesson_id)


def _add(lesson_id: UUID, background: str) -> Sheet:
    rows = Sheet.objects.filter(lesson=lesson_id, kind=Sheet.Kind.BOARD)
    if rows.count() >= MAX_SHEETS:
        raise ConflictError(_("The board has as many pages as it can have."))
    last = rows.aggregate(last=Max("order"))["last"]
    return Sheet.objects.create(lesson_id=lesson_id, background=background, order=(last or 0) + 1)


def _board_sheet(lesson_id: UUID, sheet_id: UUID) -> Sheet:
    found = Sheet.objects.filter(pk=sheet_id, lesson=lesson_id, kind=Sheet.Kind.BOARD).first()
    if found is None:
        raise ConflictError(_("The board has no such page."))
    return found


def _lock_sheet(lesson_id: UUID, sheet_id: UUID) -> Sheet:
    found = Sheet.objects.select_for_update().filter(pk=sheet_id, lesson=lesson_id).first()
    if found is None:
        raise ConflictError(_("The board has no such page."))
    return found


def _publish(lesson_id: UUID) -> None:
    events.publish(lesson_id, "board.changed", lambda: section(lesson_id))
