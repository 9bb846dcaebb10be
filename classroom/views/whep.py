"""The door for players and wall screens: WHEP, draft-ietf-wish-whep."""

from __future__ import annotations

from classroom.core.offers import RECEIVING, Outline
from classroom.core.seats import Seat
from classroom.services import relays
from classroom.services.relays import Question
from classroom.services.stream_keys import WHEP
from classroom.views import doors

SLOTS = ("teacher-microphone", "teacher-camera", "teacher-screen", "teacher-screen-audio")
"""In the order in which a player's lines of a kind get them."""


def check(offer: Outline) -> None:
    """Raises ValueError unless the offer has lines, and something can be received on each.

    draft-ietf-wish-whep section "Media Direction Attributes".
    """
    if not offer.lines:
        raise ValueError("the offer has neither sound nor a picture")
    if not offer.directions <= RECEIVING:
        raise ValueError("the offer has a line on which nothing is received")


def question(seat: Seat, sdp: str) -> Question:
    """Asks the relay to take the offer; it is never answered with one of our own (406)."""
    return relays.watch_question(seat, sdp, SLOTS)


DOOR = doors.Door(WHEP, check, question)
endpoint, session = doors.views(DOOR)
