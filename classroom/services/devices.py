"""What has come in by the standard doors: encoders and players, each present for as long as its session."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.core.offers import AUDIO, Outline
from classroom.core.seats import Seat
from classroom.models import Lesson, Relay, StreamKey, StreamSession
from classroom.permissions import Standing, standings
from classroom.services import lessons, presence, relays, stream_keys
from classroom.services.errors import ConflictError
from classroom.services.stream_keys import ACTIONS, WHIP, Grant

ANSWER_WITHIN = timedelta(seconds=10)
"""A session whose offer no relay has taken by then was given up by whoever asked."""
RELAY_AWAY = timedelta(seconds=60)
"""Media goes on while its relay's control link is down; a relay unheard of for so long is gone."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that waits for the relay's answer."""

    id: UUID
    seat: Seat


@dataclass(frozen=True, slots=True)
class Found:
    """A session of a key's own."""

    id: UUID
    ice_ufrag: str

    @property
    def entity_tag(self) -> str:
        """The strong entity tag of its ICE session, which is never restarted (RFC 9725 section 4.3.1)."""
        return f'"{self.id.hex}"'


def open_session(grant: Grant, ufrag: str, epoch: str) -> Opened:
    """Takes a seat for a device, in place of what the key had open; an encoder takes the stage with it.

    Raises ConflictError where the stage can't be taken. Follow with `confirm`, or `end`.
    """
    with transaction.atomic():
        key = StreamKey.objects.select_for_update().select_related("lesson").get(pk=grant.key_id)
        older = StreamSession.objects.filter(key=key).first()
        if key.kind == WHIP:
            _require_turn(key, older)
        if older is not None:
            older.delete()
        seat = Seat(key.lesson_id, key.user_id, f"{key.kind}-{secrets.token_hex(8)}")
        session = StreamSession.objects.create(key=key, client=seat.client, ice_ufrag=ufrag, epoch=epoch)
        presence.enter(seat, "")
        if key.kind == WHIP:
            lessons.go_live(seat)
        if older is not None:
            # After the stage has passed on: so it is never seen empty.
            presence.leave(Seat(key.lesson_id, key.user_id, older.client))
        presence.publish_roster(key.lesson_id, [key.user_id])
        return Opened(session.pk, seat)


def _require_turn(key: StreamKey, older: StreamSession | None) -> None:
    """A new key goes live as a person does; with one used before an encoder may only be dialling in again.

    It does so by itself, and must not undo what somebody has done since.
    """
    if key.last_used_at is None:
        return
    if key.lesson.state == Lesson.State.ENDED:
        raise ConflictError(_("This lesson has ended: go live in its room, or use a new key."))
    if key.lesson.stage_client and (older is None or older.client != key.lesson.stage_client):
        raise ConflictError(_("Somebody else is on the stage now: use a new key to take it."))


def confirm(opened: Opened, outline: Outline) -> Found | None:
    """Notes that the relay has taken the offer; returns None if the session was ended in the meantime."""
    with transaction.atomic():
        rows = StreamSession.objects.filter(pk=opened.id)
        if not rows.update(answered_at=timezone.now()):
            relays.close_media(opened.seat)
            return None
        session = rows.select_related("key").get()
        stream_keys.note_use(session.key_id)
        if session.key.kind == WHIP:
            lessons.set_sources(opened.seat, sources_of(outline))
        return Found(session.pk, session.ice_ufrag)


def sources_of(outline: Outline) -> list[str]:
    """Which of the stage's sources an encoder's offer fills."""
    names = ("microphone" if kind == AUDIO else "camera" for kind in outline.kinds)
    return list(dict.fromkeys(names))


def find(grant: Grant, session_id: UUID) -> Found | None:
    """The session of that id if the key has it open; one query."""
    row = StreamSession.objects.filter(pk=session_id, key=grant.key_id).first()
    return Found(row.pk, row.ice_ufrag) if row else None


def end(session_id: UUID) -> bool:
    """Ends a session with its presence and media, and empties the stage if it holds it; says whether it was.

    Doing so twice is harmless.
    """
    with transaction.atomic():
        session = (
            StreamSession.objects.select_for_update().select_related("key").filter(pk=session_id).first()
        )
        if session is None:
            return False
        session.delete()
        seat = _seat(session)
        lessons.vacate_stage(seat)
        presence.leave(seat)
        presence.publish_roster(seat.lesson_id, [seat.user_id])
        return True


def media_closed(seat: Seat) -> None:
    """Ends the session of a device whose connection the relay has closed; one query if there is none."""
    row = StreamSession.objects.filter(
        client=seat.client, key__lesson=seat.lesson_id, key__user=seat.user_id
    ).first()
    if row is not None:
        end(row.pk)


def revoke_key(key_id: UUID) -> bool:
    """Revokes a key and ends what it has open; says whether it was valid."""
    with transaction.atomic():
        revoked = stream_keys.revoke(key_id)
        for session_id in StreamSession.objects.filter(key=key_id).values_list("pk", flat=True):
            end(session_id)
        return revoked


def sweep() -> None:
    """Ends the sessions that may not go on or have no media any more; one query while there is none."""
    rows = list(StreamSession.objects.select_related("key__lesson__placement__relay"))
    if not rows:
        return
    found = standings({row.key.user_id for row in rows}, {row.key.lesson_id for row in rows})
    for row in rows:
        if _is_over(row, found.get((row.key.user_id, row.key.lesson_id))):
            end(row.pk)


def _is_over(session: StreamSession, standing: Standing | None) -> bool:
    key, now = session.key, timezone.now()
    if not stream_keys.is_valid(key) or standing is None or not standing.allows(ACTIONS[key.kind], now):
        return True
    if key.kind == WHIP and _seat(session) != _stage(key.lesson):
        return True
    if session.answered_at is None:
        return now - session.started_at > ANSWER_WITHIN
    return not _is_carried(session, now)


def _is_carried(session: StreamSession, now: datetime) -> bool:
    """Whether the relay that took the offer may still be carrying it."""
    placement = getattr(session.key.lesson, "placement", None)
    relay: Relay | None = placement.relay if placement else None
    if relay is None or relay.epoch != session.epoch or relay.heartbeat_at is None:
        return False
    return now - relay.heartbeat_at <= RELAY_AWAY


def _seat(session: StreamSession) -> Seat:
    return Seat(session.key.lesson_id, session.key.user_id, session.client)


def _stage(lesson: Lesson) -> Seat | None:
    if lesson.stage_holder_id is None:
        return None
    return Seat(lesson.pk, lesson.stage_holder_id, lesson.stage_client)
