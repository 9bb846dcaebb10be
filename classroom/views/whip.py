"""The door for encoders: WHIP, RFC 9725."""

from __future__ import annotations

from classroom.core.offers import AUDIO, SENDING, VIDEO, Outline
from classroom.core.seats import Seat
from classroom.services import relays
from classroom.services.relays import Question
from classroom.services.stream_keys import WHIP
from classroom.views import doors


def check(offer: Outline) -> None:
    """Raises ValueError unless there is sound, a picture or both, each once, and all of it is sent.

    RFC 9725 sections 4.2 (directions), 4.4.2 (single MediaStream) and 4.4.3 (nothing is taken in part).
    """
    if not offer.lines:
        raise ValueError("the offer has neither sound nor a picture")
    if any(offer.kinds.count(kind) > 1 for kind in (AUDIO, VIDEO)):
        raise ValueError("the offer has more than one line of a kind")
    if not offer.directions <= SENDING:
        raise ValueError("the offer has a line on which nothing is sent")


def question(seat: Seat, sdp: str) -> Question:
    """Asks the relay to take the offer: its sound is the microphone, its picture the camera."""
    return relays.publish_question(seat, sdp, {})


DOOR = doors.Door(WHIP, check, question)
endpoint, session = doors.views(DOOR)
