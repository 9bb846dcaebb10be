"""What operations do to a sheet: the server puts them into one order, every page applies them in it; pure.

A page gets the elements that are there at a version, and the effects since. Applying them in their order
makes every page's elements the same; effects that a page has already may come once more without harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from classroom.core import board_operations
from classroom.core.board_operations import Operation

MAX_ELEMENTS = 20_000
"""That can be seen on a sheet."""
MAX_POINTS = 2_000_000
"""Of all strokes of a sheet, those removed among them until they are forgotten."""

NOT_YOURS = "not_yours"
FULL = "full"
BROKEN = "broken"

Element = dict[str, Any]
"""An element with `by`, the person who drew it, and `z`, the version of the sheet at which it came."""


class RefusedError(ValueError):
    """A message that does nothing: `reason` is one of NOT_YOURS, FULL, BROKEN."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def apply(elements: dict[str, Element], effect: Operation, by: str, z: int) -> None:
    """Does to the elements what an effect says; `z` is the sheet's version with it."""
    do = effect["do"]
    if do == "add":
        element = effect["element"]
        elements.setdefault(element["id"], {**element, "by": by, "z": z})
    elif do == "append":
        element = elements.get(effect["id"], {})
        if len(element.get("points", ())) == effect["at"]:
            points = [*element["points"], effect["points"]]
            elements[effect["id"]] = {**element, "points": points}
    elif do == "set":
        for id in effect["changes"].keys() & elements.keys():
            elements[id] = {**elements[id], **effect["changes"][id]}
    elif do == "remove":
        for id in effect["ids"]:
            elements.pop(id, None)
    elif do == "restore":
        for element in effect["elements"]:
            elements.setdefault(element["id"], element)
    elif do == "clear":
        elements.clear()


@dataclass
class Ledger:
    """The server's side of a sheet: of its elements only those need be here that the operations touch."""

    version: int = 0
    """How many effects the sheet has had."""
    count: int = 0
    """How many elements can be seen."""
    points: int = 0
    elements: dict[str, Element] = field(default_factory=dict)
    removed: dict[str, tuple[Element, str]] = field(default_factory=dict)
    """What was removed, and by whom."""

    def take(self, operations: Sequence[Operation], by: str, *, is_staff: bool) -> list[Operation]:
        """Applies a message's operations and returns their effects, which may be none.

        All or nothing: raises RefusedError, and has changed nothing then. Students change and bring back only
        what is their own, and bring back only what they have removed themselves.
        """
        before = (self.version, self.count, self.points, dict(self.elements), dict(self.removed))
        effects = []
        try:
            for operation in operations:
                effect = getattr(self, f"_{operation['do']}")(operation, by, is_staff)
                if effect is not None:
                    self._apply(effect, by)
                    effects.append(effect)
        except RefusedError:
            self.version, self.count, self.points, self.elements, self.removed = before
            raise
        return effects

    def _apply(self, effect: Operation, by: str) -> None:
        self.version += 1
        if effect["do"] == "remove":
            self.removed |= {id: (self.elements[id], by) for id in effect["ids"]}
        if effect["do"] == "restore":
            for element in effect["elements"]:
                del self.removed[element["id"]]
        before = len(self.elements)
        apply(self.elements, effect, by, self.version)
        self.count += len(self.elements) - before

    def _add(self, operation: Operation, by: str, is_staff: bool) -> Operation | None:
        element = operation["element"]
        known = self._known(element["id"])
        if known is not None:
            # A page that has lost its line sends once more what may have come.
            if known["by"] != by:
                raise RefusedError(NOT_YOURS)
            return None
        self._draw(board_operations.count_points(element))
        if self.count >= MAX_ELEMENTS:
            raise RefusedError(FULL)
        return operation

    def _append(self, operation: Operation, by: str, is_staff: bool) -> Operation | None:
        element = self.elements.get(operation["id"])
        if element is None:
            return None
        if element["by"] != by:
            raise RefusedError(NOT_YOURS)
        there = len(element.get("points", ()))
        if operation["at"] < there:
            return None
        added = len(operation["points"]) // 3
        total = board_operations.count_points(element) + added
        if operation["at"] != there or not there or total > board_operations.MAX_POINTS_IN_STROKE:
            raise RefusedError(BROKEN)
        self._draw(added)
        return operation

    def _set(self, operation: Operation, by: str, is_staff: bool) -> Operation | None:
        changes = {id: entry for id, entry in operation["changes"].items() if id in self.elements}
        self._require_own(changes, by, is_staff)
        for id, entry in changes.items():
            try:
                board_operations.check_changes(self.elements[id]["type"], entry)
            except ValueError:
                raise RefusedError(BROKEN) from None
        return {"do": "set", "changes": changes} if changes else None

    def _remove(self, operation: Operation, by: str, is_staff: bool) -> Operation | None:
        ids = [id for id in operation["ids"] if id in self.elements]
        self._require_own(ids, by, is_staff)
        return {"do": "remove", "ids": ids} if ids else None

    def _restore(self, operation: Operation, by: str, is_staff: bool) -> Operation | None:
        found = [self.removed[id] for id in operation["ids"] if id in self.removed]
        if not is_staff and any(element["by"] != by or remover != by for element, remover in found):
            raise RefusedError(NOT_YOURS)
        if self.count + len(found) > MAX_ELEMENTS:
            raise RefusedError(FULL)
        return {"do": "restore", "elements": [element for element, _remover in found]} if found else None

    def _known(self, id: str) -> Element | None:
        return self.elements.get(id) or (self.removed[id][0] if id in self.removed else None)

    def _draw(self, points: int) -> None:
        self.points += points
        if self.points > MAX_POINTS:
            raise RefusedError(FULL)

    def _require_own(self, ids: Any, by: str, is_staff: bool) -> None:
        if not is_staff and any(self.elements[id]["by"] != by for id in ids):
            raise RefusedError(NOT_YOURS)
