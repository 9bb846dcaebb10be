"""The rows of the classroom; only `classroom.services` writes them."""

from classroom.models.attendance import Attempt, Correction, Register, RegisterEntry
from classroom.models.audit import AuditEntry
from classroom.models.board import Board, Sheet, SheetEffects, SheetElement
from classroom.models.chat import ChatMessage, ChatReaction
from classroom.models.checks import CheckRun, DeviceCheck
from classroom.models.course import Course, Enrolment
from classroom.models.floor import Hand, Turn
from classroom.models.lesson import Lesson, Presence
from classroom.models.library import Material, MaterialPage, Playback, Slides
from classroom.models.moods import MoodMinute, MoodPress
from classroom.models.participation import Participation
from classroom.models.polls import Poll, PollAnswer
from classroom.models.relay import Placement, Relay
from classroom.models.report import Report
from classroom.models.stream_key import StreamKey, StreamSession
from classroom.models.timer import Timer

__all__ = [
    "Attempt",
    "AuditEntry",
    "Board",
    "ChatMessage",
    "ChatReaction",
    "CheckRun",
    "Correction",
    "Course",
    "DeviceCheck",
    "Enrolment",
    "Hand",
    "Lesson",
    "Material",
    "MaterialPage",
    "MoodMinute",
    "MoodPress",
    "Participation",
    "Placement",
    "Playback",
    "Poll",
    "PollAnswer",
    "Presence",
    "Register",
    "RegisterEntry",
    "Relay",
    "Report",
    "Sheet",
    "SheetEffects",
    "SheetElement",
    "Slides",
    "StreamKey",
    "StreamSession",
    "Timer",
    "Turn",
]
