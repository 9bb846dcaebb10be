"""The operations of which drawing on a sheet is made, as pages send them; pure.

An element is `{"id", "type", "color", "size", …}`. Coordinates are whole numbers; a board is WIDTH by HEIGHT
of them, a slide as high as its page is. An `ink` or a `marker` has `points`: a list of parts
`[x, y, p, dx, dy, p, …]`, each beginning with a place and going on with steps, p being the pressure in
hundredths. A `line` has the `box` `[x1, y1, x2, y2]`, everything else `[x, y, width, height]`; `text` and
`note` have a `text`. How an ink was moved and stretched is its `fit`: `[dx, dy, kx, ky]`, the factors in
thousandths.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

WIDTH, HEIGHT = 16_000, 9_000
MAX_COORDINATE = 32_000
MAX_MOVE = 2 * MAX_COORDINATE
MAX_FACTOR = 100_000
MAX_PRESSURE = 100
COLORS = 8
MAX_SIZE = 2_000
MAX_TEXT_LENGTH = 2_000
MAX_POINTS_IN_PART = 500
MAX_POINTS_IN_STROKE = 5_000
MAX_PARTS = 2_000
MAX_IDS = 500
MAX_OPERATIONS = 50
"""In one message."""
ITEMS_OF_ONE_COST = 50
ID = re.compile(r"[A-Za-z0-9_-]{4,24}")

INK = frozenset({"ink", "marker"})
WRITTEN = frozenset({"text", "note"})
TYPES = INK | WRITTEN | {"line", "rect", "ellipse"}

Operation = dict[str, Any]


def parse(value: Any) -> tuple[Operation, ...]:
    """The operations of one message; raises ValueError for anything else."""
    if not isinstance(value, list) or not 0 < len(value) <= MAX_OPERATIONS:
        raise ValueError("expected a list of operations of bounded length")
    return tuple(_operation(entry) for entry in value)


def cost(operation: Operation) -> float:
    """How much of a person's allowance an operation takes: 1, and more with many points or elements."""
    points = len(operation.get("points", ())) // 3 + count_points(operation.get("element", {}))
    return 1 + (points + len(touched(operation))) / ITEMS_OF_ONE_COST


def count_points(element: Mapping[str, Any]) -> int:
    """How many points a stroke has; 0 for anything else."""
    return sum(len(part) // 3 for part in element.get("points", ()))


def touched(operation: Operation) -> list[str]:
    """The ids of the elements that an operation is about."""
    if operation["do"] == "add":
        return [operation["element"]["id"]]
    if operation["do"] == "set":
        return list(operation["changes"])
    return [operation["id"]] if "id" in operation else list(operation["ids"])


def check_changes(kind: str, changes: Mapping[str, Any]) -> None:
    """Raises ValueError where an element of this type has no such field, or it can't have that value."""
    for name, value in changes.items():
        if name not in CHANGEABLE[kind]:
            raise ValueError(f"expected no {name} of this element")
        FIELDS[name](value)
    if kind != "line" and "box" in changes:
        _area(changes["box"])


def _operation(value: Any) -> Operation:
    do = value.get("do") if isinstance(value, dict) else None
    if do == "add":
        _exactly(value, {"do", "element"})
        _element(value["element"])
    elif do == "append":
        _exactly(value, {"do", "id", "at", "points"})
        _id(value["id"])
        _whole(value["at"], 1, MAX_PARTS)
        _part(value["points"])
    elif do == "set":
        _exactly(value, {"do", "changes"})
        _changes(value["changes"])
    elif do in ("remove", "restore"):
        _exactly(value, {"do", "ids"})
        _ids(value["ids"])
    else:
        raise ValueError("expected a known operation")
    return dict(value)


def _exactly(value: Any, names: set[str] | frozenset[str]) -> None:
    if not isinstance(value, dict) or value.keys() != names:
        raise ValueError(f"expected exactly: {', '.join(sorted(names))}")


def _element(value: Any) -> None:
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in TYPES:
        raise ValueError("expected an element of a known type")
    _exactly(value, {"id", "type"} | REQUIRED[kind])
    _id(value["id"])
    for name in REQUIRED[kind]:
        FIELDS[name](value[name])
    if kind in WRITTEN | {"rect", "ellipse"}:
        _area(value["box"])


def _changes(value: Any) -> None:
    if not isinstance(value, dict) or not 0 < len(value) <= MAX_IDS:
        raise ValueError("expected changes by id")
    for id, changes in value.items():
        _id(id)
        if not isinstance(changes, dict) or not changes or changes.keys() - FIELDS.keys():
            raise ValueError("expected changes of known fields")
        for name, entry in changes.items():
            FIELDS[name](entry)


def _id(value: Any) -> None:
    if not isinstance(value, str) or not ID.fullmatch(value):
        raise ValueError("expected an element's id")


def _ids(value: Any) -> None:
    if not isinstance(value, list) or not 0 < len(value) <= MAX_IDS:
        raise ValueError("expected a list of ids")
    for id in value:
        _id(id)
    if len(set(value)) != len(value):
        raise ValueError("expected each id once")


def _whole(value: Any, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:
        raise ValueError("expected a whole number within its bounds")
    return value


def _part(value: Any) -> None:
    """One part of a stroke: a place, and steps from it that stay within the bounds."""
    if not isinstance(value, list) or not value or len(value) % 3 or len(value) // 3 > MAX_POINTS_IN_PART:
        raise ValueError("expected points as x, y and pressure")
    x = y = 0
    for index in range(0, len(value), 3):
        x += _whole(value[index], -MAX_MOVE, MAX_MOVE)
        y += _whole(value[index + 1], -MAX_MOVE, MAX_MOVE)
        _whole(x, -MAX_COORDINATE, MAX_COORDINATE)
        _whole(y, -MAX_COORDINATE, MAX_COORDINATE)
        _whole(value[index + 2], 0, MAX_PRESSURE)


def _parts(value: Any) -> None:
    if not isinstance(value, list) or len(value) != 1:
        raise ValueError("expected a stroke's first part")
    _part(value[0])


def _box(value: Any) -> None:
    if not isinstance(value, list) or len(value) != 4:
        raise ValueError("expected four coordinates")
    for entry in value:
        _whole(entry, -MAX_COORDINATE, MAX_COORDINATE)


def _area(value: Any) -> None:
    if value[2] < 0 or value[3] < 0:
        raise ValueError("expected a width and a height")


def _fit(value: Any) -> None:
    if not isinstance(value, list) or len(value) != 4:
        raise ValueError("expected a move and two factors")
    for move in value[:2]:
        _whole(move, -MAX_MOVE, MAX_MOVE)
    for factor in value[2:]:
        _whole(factor, 1, MAX_FACTOR)


def _text(value: Any) -> None:
    if not isinstance(value, str) or len(value) > MAX_TEXT_LENGTH:
        raise ValueError("expected a text of bounded length")
    if any((char < " " and char not in "\n\t") or "\ud800" <= char <= "\udfff" for char in value):
        raise ValueError("expected a text without control characters")


def _flag(value: Any) -> None:
    if type(value) is not bool:
        raise ValueError("expected true or false")


FIELDS: dict[str, Callable[[Any], object]] = {
    "color": lambda value: _whole(value, 0, COLORS - 1),
    "size": lambda value: _whole(value, 1, MAX_SIZE),
    "pen": _flag,
    "points": _parts,
    "box": _box,
    "fit": _fit,
    "text": _text,
}
"""What an element may have, and what checks it."""
_LOOK = frozenset({"color", "size"})
REQUIRED: dict[str, frozenset[str]] = {
    **dict.fromkeys(INK, _LOOK | {"pen", "points"}),
    **dict.fromkeys(WRITTEN, _LOOK | {"box", "text"}),
    **dict.fromkeys(("line", "rect", "ellipse"), _LOOK | {"box"}),
}
"""What an element of a type comes with, beside its id and type; `pen` says that the pressure was measured."""
CHANGEABLE: dict[str, frozenset[str]] = {
    **dict.fromkeys(INK, _LOOK | {"fit"}),
    **dict.fromkeys(WRITTEN, _LOOK | {"box", "text"}),
    **dict.fromkeys(("line", "rect", "ellipse"), _LOOK | {"box"}),
}
