"""The rows of the classroom; only `classroom.services` writes them."""

from classroom.models.audit import AuditEntry
from classroom.models.board import Board, Sheet, SheetEffects, SheetElement
from classroom.models.chat import ChatMessage, ChatReaction
from classroom.models.course import Course, Enrolment
from classroom.models.floor import Hand, Turn
from classroom.models.lesson import Lesson, Presence
from classroom.models.participation import Participation
from classroom.models.relay import Placement, Relay
from classroom.models.report import Report
from classroom.models.stream_key import StreamKey, StreamSession

__all__ = [
    "AuditEntry",
    "Board",
    "ChatMessage",
    "ChatReaction",
    "Course",
    "Enrolment",
    "Hand",
    "Lesson",
    "Participation",
    "Placement",
    "Presence",
    "Relay",
    "Sheet",
    "SheetEffects",
    "SheetElement",
    "Report",
    "StreamKey",
    "StreamSession",
    "Turn",
]
