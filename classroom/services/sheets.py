"""Drawing on sheets: what many people send within a moment becomes one transaction and one event."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from classroom import permissions
from classroom.core import board as core
from classroom.core.board import Ledger, RefusedError
from classroom.core.board_operations import Operation, count_points, touched
from classroom.models import Sheet, SheetEffects, SheetElement
from classroom.permissions import Action
from classroom.services import events

FORBIDDEN = "forbidden"
MISSING = "missing"
"""Why a message did nothing, beside the reasons of `core.board`."""
EFFECTS_KEPT = 2_000
"""A page that has missed more loads the sheet whole."""
REMOVED_KEPT = 5_000
"""What was removed so many versions ago can no longer be brought back."""
TIDY_EVERY = 500
KEYS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Drawing:
    """One message of a page: operations on a sheet; `n` is the page's own number of the message."""

    sheet: UUID
    user: UUID
    client: str
    n: int
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where somebody points; nothing of it is kept."""

    sheet: UUID
    user: UUID
    x: int
    y: int


Outcome = int | str
"""The sheet's version with what was drawn, or why it was refused."""


def draw(lesson_id: UUID, drawings: Sequence[Drawing]) -> list[Outcome]:
    """Draws all of it in its order, as far as each may, and says what came of each.

    One query for the rights and seven for each sheet that is drawn on, whatever has been drawn before.
    """
    found = permissions.standings({each.user for each in drawings}, [lesson_id])
    allowed = {user: one for (user, _lesson), one in found.items() if one.allows(Action.DRAW)}
    staff = {user for user, standing in allowed.items() if standing.is_staff}
    outcomes: list[Outcome] = [FORBIDDEN] * len(drawings)
    by_sheet: dict[UUID, list[int]] = {}
    for index, each in enumerate(drawings):
        if each.user in allowed:
            by_sheet.setdefault(each.sheet, []).append(index)
    for sheet_id, part in by_sheet.items():
        results = _draw_on(lesson_id, sheet_id, [drawings[index] for index in part], staff)
        for index, outcome in zip(part, results, strict=True):
            outcomes[index] = outcome
    return outcomes


def point(lesson_id: UUID, pointers: Collection[Pointer]) -> None:
    """Tells the room where people point, who may."""
    places = [{"by": str(at.user), "sheet": str(at.sheet), "x": at.x, "y": at.y} for at in pointers]
    events.broadcast(lesson_id, "board.points", {"points": places})


def _draw_on(
    lesson_id: UUID, sheet_id: UUID, drawings: Sequence[Drawing], staff: Collection[UUID]
) -> list[Outcome]:
    with transaction.atomic():
        sheet = Sheet.objects.select_for_update().filter(pk=sheet_id, lesson=lesson_id).first()
        if sheet is None:
            return [MISSING] * len(drawings)
        ledger = _load(sheet, {key for each in drawings for one in each.operations for key in touched(one)})
        elements, removed = dict(ledger.elements), dict(ledger.removed)
        outcomes: list[Outcome] = []
        batches = []
        for each in drawings:
            try:
                effects = ledger.take(each.operations, str(each.user), is_staff=each.user in staff)
            except RefusedError as refusal:
                outcomes.append(refusal.reason)
                continue
            outcomes.append(ledger.version)
            if effects:
                batches.append({"by": str(each.user), "client": each.client, "n": each.n, "ops": effects})
        if batches:
            _store(sheet, ledger, elements, removed)
            keep_effects(sheet, batches)
        return outcomes


def _load(sheet: Sheet, keys: Collection[str]) -> Ledger:
    ledger = Ledger(sheet.version, sheet.count, sheet.points)
    wanted = sorted(keys)
    for start in range(0, len(wanted), KEYS_AT_ONCE):
        rows = SheetElement.objects.filter(sheet=sheet, key__in=wanted[start : start + KEYS_AT_ONCE])
        for key, data, removed_at, removed_by in rows.values_list("key", "data", "removed_at", "removed_by"):
            if removed_at is None:
                ledger.elements[key] = json.loads(data)
            else:
                ledger.removed[key] = (json.loads(data), str(removed_by))
    return ledger


def _store(sheet: Sheet, ledger: Ledger, elements: Mapping[str, Any], removed: Mapping[str, Any]) -> None:
    """Writes what differs from the elements as they were."""
    rows = [
        _row(sheet, element) for key, element in ledger.elements.items() if element is not elements.get(key)
    ]
    for key, entry in ledger.removed.items():
        if entry is not removed.get(key):
            row = _row(sheet, entry[0])
            row.removed_at, row.removed_by = ledger.version, UUID(entry[1])
            rows.append(row)
    SheetElement.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["sheet", "key"],
        update_fields=["data", "points", "removed_at", "removed_by"],
    )
    Sheet.objects.filter(pk=sheet.pk).update(version=ledger.version, count=ledger.count, points=ledger.points)
    if sheet.version // TIDY_EVERY != ledger.version // TIDY_EVERY:
        _tidy(sheet, ledger.version)


def _row(sheet: Sheet, element: core.Element) -> SheetElement:
    data = json.dumps(element, separators=(",", ":"))
    return SheetElement(sheet=sheet, key=element["id"], data=data, points=count_points(element))


def _tidy(sheet: Sheet, version: int) -> None:
    """Forgets old effects, and what can no longer be brought back."""
    SheetEffects.objects.filter(sheet=sheet, first__lt=version - EFFECTS_KEPT).delete()
    SheetElement.objects.filter(sheet=sheet, removed_at__lt=version - REMOVED_KEPT).delete()
    points = SheetElement.objects.filter(sheet=sheet).aggregate(all=Sum("points"))["all"] or 0
    Sheet.objects.filter(pk=sheet.pk).update(points=points)


def keep_effects(sheet: Sheet, batches: list[dict[str, Any]]) -> None:
    """Keeps effects for pages that miss them, and tells everyone; call it with the sheet's row held.

    `sheet.version` is the version before them.
    """
    text = json.dumps(batches, separators=(",", ":"))
    SheetEffects.objects.create(sheet=sheet, first=sheet.version, batches=text)
    body = {"sheet": str(sheet.pk), "from": sheet.version, "batches": batches}
    events.publish(sheet.lesson_id, "board.ops", lambda: body)
