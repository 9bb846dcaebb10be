"""What pages may ask for: one module for each feature; importing the package fills the table."""

from classroom.live.commands import (
    board,
    chat,
    continuing,
    floor,
    lesson,
    media,
    moods,
    polls,
    room,
    slides,
    stage,
    timer,
    video,
)
from classroom.live.commands.table import COMMANDS, Command

__all__ = [
    "COMMANDS",
    "Command",
    "board",
    "chat",
    "continuing",
    "floor",
    "lesson",
    "media",
    "moods",
    "polls",
    "room",
    "slides",
    "stage",
    "timer",
    "video",
]
