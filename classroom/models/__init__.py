"""The rows of the classroom; only `classroom.services` writes them."""

from classroom.models.course import Course, Enrolment
from classroom.models.lesson import Lesson, Presence
from classroom.models.relay import Placement, Relay
from classroom.models.stream_key import StreamKey, StreamSession

__all__ = ["Course", "Enrolment", "Lesson", "Placement", "Presence", "Relay", "StreamKey", "StreamSession"]
