"""Requests of the board, and of all sheets that are drawn on."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from classroom.core import board as core
from classroom.core import board_operations
from classroom.core.board_operations import Operation
from classroom.core.buckets import TokenBuckets
from classroom.live import protocol
from classroom.live.boards import boards
from classroom.live.commands.table import Socket, command
from classroom.live.database import in_database
from classroom.live.protocol import Body, RequestError, checked
from classroom.live.registry import registry
from classroom.models import Sheet
from classroom.models.lesson import BoardMode
from classroom.permissions import Action
from classroom.services import board, events
from classroom.services.errors import TooFastError
from classroom.services.sheets import FORBIDDEN, MISSING, Drawing, Pointer

OPERATIONS_A_SECOND, OPERATIONS_AT_ONCE = 40, 400
"""Of one person from all their pages, by `board_operations.cost`: a second of drawing takes about 20."""
POINTS_A_SECOND, POINTS_AT_ONCE = 15, 30
"""Places of one person's pointer; what is more is forgotten, since the next place is near."""
LOOKS_A_SECOND, LOOKS_AT_ONCE = 12, 24
"""Where one person looks; what is more is forgotten, since the next look is near."""
MAX_SEEN = 10 * board_operations.MAX_COORDINATE
"""Much more than a sheet: a narrow place shows it with room around."""
MODES = frozenset(BoardMode.values)
BACKGROUNDS = frozenset(Sheet.Background.values)

_operations = TokenBuckets(OPERATIONS_A_SECOND, OPERATIONS_AT_ONCE)
_points = TokenBuckets(POINTS_A_SECOND, POINTS_AT_ONCE)
_looks = TokenBuckets(LOOKS_A_SECOND, LOOKS_AT_ONCE)
_audit = logging.getLogger("lectern.audit")


@dataclass(frozen=True, slots=True)
class Draw(Body):
    """Operations on a sheet; `n` is the page's own number of the message."""

    sheet: UUID = checked(protocol.identifier)
    n: int = checked(protocol.whole_number, 1, protocol.MAX_ID)
    ops: tuple[Operation, ...] = checked(board_operations.parse)


def _coordinate(value: Any) -> int:
    return protocol.whole_number(value, -board_operations.MAX_COORDINATE, board_operations.MAX_COORDINATE)


@dataclass(frozen=True, slots=True)
class Point(Body):
    """A place on a sheet."""

    sheet: UUID = checked(protocol.identifier)
    x: int = checked(_coordinate)
    y: int = checked(_coordinate)


def _part(value: Any) -> dict[str, int] | None:
    """A part of a sheet by its middle and its size, in the sheet's units; null for the whole."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise ValueError("expected a part of a sheet")
    x, y, width, height = protocol.fields(value, "x", "y", "width", "height")
    sizes = {"width": width, "height": height}
    bounded = {name: protocol.whole_number(size, 1, MAX_SEEN) for name, size in sizes.items()}
    return {"x": _coordinate(x), "y": _coordinate(y), **bounded}


@dataclass(frozen=True, slots=True)
class Look(Body):
    """What of a sheet is seen."""

    sheet: UUID = checked(protocol.identifier)
    part: dict[str, int] | None = checked(_part)


@dataclass(frozen=True, slots=True)
class OneSheet(Body):
    """A sheet to act on."""

    sheet: UUID = checked(protocol.identifier)


@dataclass(frozen=True, slots=True)
class Cleared(Body):
    """The version at which a sheet was cleared."""

    sheet: UUID = checked(protocol.identifier)
    version: int = checked(protocol.whole_number, 1, protocol.MAX_ID)


@dataclass(frozen=True, slots=True)
class Paper(Body):
    """What a new sheet looks like."""

    background: str = checked(protocol.word, BACKGROUNDS)


@dataclass(frozen=True, slots=True)
class OtherPaper(Body):
    """What a sheet is to look like."""

    sheet: UUID = checked(protocol.identifier)
    background: str = checked(protocol.word, BACKGROUNDS)


@dataclass(frozen=True, slots=True)
class Mode(Body):
    """Which students draw."""

    mode: str = checked(protocol.word, MODES)


@dataclass(frozen=True, slots=True)
class Opening(Body):
    """Whether the board is shown."""

    is_open: bool = checked(protocol.boolean)


@command("board.draw", Action.DRAW, Draw, is_gathered=True)
async def draw(socket: Socket, body: Draw) -> dict[str, Any]:
    """Draws; says the sheet's version that has all of it."""
    seat = socket.seat
    cost = sum(board_operations.cost(each) for each in body.ops)
    if not _operations.take((seat.user_id, seat.lesson_id), registry.clock(), cost):
        raise TooFastError(_("You draw faster than the board can follow; wait a moment."))
    drawing = Drawing(body.sheet, seat.user_id, seat.client, body.n, body.ops)
    outcome = await boards.draw(seat.lesson_id, drawing)
    if isinstance(outcome, int):
        return {"version": outcome}
    raise _refusal(socket, outcome)


def _refusal(socket: Socket, reason: str | None) -> RequestError:
    if reason is None:
        return TooFastError(_("Too many draw at once; wait a moment."))
    if reason == FORBIDDEN:
        _audit.warning("refused board.draw to %s in lesson %s", socket.seat.user_id, socket.seat.lesson_id)
        return RequestError(protocol.FORBIDDEN, _("You may not draw here now."))
    if reason == core.NOT_YOURS:
        return RequestError(protocol.FORBIDDEN, _("Only who drew this, or a teacher, can change it."))
    sentences = {
        core.FULL: _("This page is full: take another one."),
        MISSING: _("The board has no such page."),
    }
    return RequestError(protocol.CONFLICT, sentences.get(reason, _("That didn't work; try again.")))


@command("board.point", Action.DRAW, Point)
async def point(socket: Socket, body: Point) -> dict[str, Any]:
    """Shows all where somebody points, for a moment."""
    seat = socket.seat
    if _points.take((seat.user_id, seat.lesson_id), registry.clock()):
        pointer = Pointer(body.sheet, seat.user_id, body.x, body.y)
        boards.point(seat.lesson_id, pointer)
    return {}


@command("board.look", Action.CONDUCT, Look)
async def look(socket: Socket, body: Look) -> dict[str, Any]:
    """Shows all where on a sheet somebody of the staff looks; nothing of it is kept."""
    seat = socket.seat
    if _looks.take((seat.user_id, seat.lesson_id), registry.clock()):
        told = {"by": str(seat.user_id), "sheet": str(body.sheet), "part": body.part}
        await events.broadcast_now(seat.lesson_id, "board.look", told)
    return {}


@command("board.clear", Action.MODERATE, OneSheet)
async def clear(socket: Socket, body: OneSheet) -> dict[str, Any]:
    """Removes all from a sheet; says the version with which `board.undo_clear` brings it back."""
    seat = socket.seat
    return {"version": await in_database(board.clear, seat.lesson_id, seat.user_id, body.sheet)}


@command("board.undo_clear", Action.MODERATE, Cleared)
async def undo_clear(socket: Socket, body: Cleared) -> dict[str, Any]:
    """Brings back what was cleared."""
    seat = socket.seat
    await in_database(board.undo_clear, seat.lesson_id, seat.user_id, body.sheet, body.version)
    return {}


@command("board.set_mode", Action.CONDUCT, Mode)
async def set_mode(socket: Socket, body: Mode) -> dict[str, Any]:
    """Sets which students draw."""
    await in_database(board.set_mode, socket.seat.lesson_id, socket.seat.user_id, body.mode)
    return {}


@command("board.open", Action.CONDUCT, Opening)
async def set_open(socket: Socket, body: Opening) -> dict[str, Any]:
    """Shows the board, or puts it away."""
    seat = socket.seat
    await in_database(board.set_open, seat.lesson_id, seat.user_id, is_open=body.is_open)
    return {}


@command("board.add_sheet", Action.CONDUCT, Paper)
async def add_sheet(socket: Socket, body: Paper) -> dict[str, Any]:
    """Adds a sheet and turns to it."""
    seat = socket.seat
    sheet = await in_database(board.add_sheet, seat.lesson_id, seat.user_id, body.background)
    return {"sheet": str(sheet.pk)}


@command("board.show_sheet", Action.CONDUCT, OneSheet)
async def show_sheet(socket: Socket, body: OneSheet) -> dict[str, Any]:
    """Turns to a sheet for all who follow."""
    await in_database(board.show_sheet, socket.seat.lesson_id, socket.seat.user_id, body.sheet)
    return {}


@command("board.set_background", Action.CONDUCT, OtherPaper)
async def set_background(socket: Socket, body: OtherPaper) -> dict[str, Any]:
    """Gives a sheet another paper."""
    seat = socket.seat
    await in_database(board.set_background, seat.lesson_id, seat.user_id, body.sheet, body.background)
    return {}
