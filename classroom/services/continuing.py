"""The continuing lesson: slides, board, ink and questions of the course's last one, where they stopped.

What was asked and written then stays with its own lesson, whose page everybody of the course may read.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from classroom.models import Board, Lesson, Sheet, SheetElement, Slides
from classroom.services import audit, board, polls, slides
from classroom.services.errors import ConflictError

COPIED_AT_ONCE = 500


def offer(lesson: Lesson) -> dict[str, str] | None:
    """The lesson that this one can go on from, as the staff's pages see it; one query.

    Nothing is offered once this lesson has slides or a board of its own.
    """
    last = _last(lesson)
    if last is None:
        return None
    return {"lesson": str(last.pk), "title": last.title, "starts_at": last.starts_at.isoformat()}


def go_on(lesson_id: UUID, actor_id: UUID) -> None:
    """Opens what was shown last in the last lesson, and brings the polls that were prepared and not asked.

    The ink is copied, so that there it stays as it was.
    """
    with transaction.atomic():
        lesson = Lesson.objects.select_for_update().get(pk=lesson_id)
        last = _last(lesson)
        if last is None:
            raise ConflictError(_("There is nothing of an earlier lesson to go on with."))
        audit.note("lesson.continue", lesson_id, actor_id, earlier=str(last.pk))
        copies = _copy_sheets(last.pk, lesson_id)
        _go_on_with_board(last.pk, lesson_id, actor_id, copies)
        shown = Slides.objects.filter(lesson=last).first()
        if shown is not None:
            slides.show(lesson_id, actor_id, shown.material_id, shown.page)
        polls.bring_drafts(last.pk, lesson_id)


def _last(lesson: Lesson) -> Lesson | None:
    """The newest earlier lesson of the course that has anything to go on with, while this one has nothing."""
    own = Q(Exists(Slides.objects.filter(lesson=OuterRef("pk"))))
    own |= Q(Exists(Sheet.objects.filter(lesson=OuterRef("pk"))))
    earlier = Lesson.objects.filter(own, course=lesson.course_id, starts_at__lt=lesson.starts_at)
    begun = Lesson.objects.filter(own, pk=lesson.pk)
    return earlier.filter(~Exists(begun)).exclude(pk=lesson.pk).order_by("-starts_at").first()


def _copy_sheets(source_id: UUID, lesson_id: UUID) -> dict[UUID, Sheet]:
    """Copies every sheet of a lesson with what can be seen on it; returns the copies by their originals."""
    copies = {}
    for sheet in Sheet.objects.filter(lesson=source_id):
        shown = SheetElement.objects.filter(sheet=sheet, removed_at=None)
        copy = Sheet.objects.create(
            lesson_id=lesson_id,
            kind=sheet.kind,
            material=sheet.material,
            page=sheet.page,
            order=sheet.order,
            background=sheet.background,
            height=sheet.height,
            # Whatever is drawn next lies above: that is told by the version.
            version=sheet.version,
            count=sheet.count,
            points=sum(shown.values_list("points", flat=True)),
        )
        SheetElement.objects.bulk_create(
            (
                SheetElement(sheet=copy, key=element.key, data=element.data, points=element.points)
                for element in shown.iterator(COPIED_AT_ONCE)
            ),
            batch_size=COPIED_AT_ONCE,
        )
        copies[sheet.pk] = copy
    return copies


def _go_on_with_board(source_id: UUID, lesson_id: UUID, actor_id: UUID, copies: dict[UUID, Sheet]) -> None:
    """Has the board stand at the copy of the sheet that was shown last, and shows it if it was."""
    before = Board.objects.filter(pk=source_id).first()
    if before is None or before.sheet_id not in copies:
        return
    Board.objects.update_or_create(lesson_id=lesson_id, defaults={"sheet": copies[before.sheet_id]})
    board.set_open(lesson_id, actor_id, is_open=before.is_open)
