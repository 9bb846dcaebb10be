"""Keys for devices, and the only writer of their rows: making, finding, revoking."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.core import schedule
from classroom.models import Lesson, StreamKey
from classroom.permissions import Action, Standing, standing
from classroom.services.errors import ConflictError

WHIP = StreamKey.Kind.WHIP.value
WHEP = StreamKey.Kind.WHEP.value
KINDS = (WHIP, WHEP)
ACTIONS = {WHIP: Action.PUBLISH, WHEP: Action.WATCH}
"""What the holder of a key must be allowed to do."""

SECRET_BYTES = 32
MAX_KEYS = 10
"""So many valid keys a person may have for one lesson."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A key that was shown: whose it is, for what, and their standing in the lesson at this moment."""

    key_id: UUID
    kind: str
    lesson_id: UUID
    user_id: UUID
    standing: Standing

    @property
    def is_open(self) -> bool:
        """Whether the lesson's phase allows it now; costs no query."""
        return self.standing.allows(ACTIONS[self.kind])


def digest_of(secret: str) -> str:
    """The form in which a secret is kept."""
    return sha256(secret.encode("utf-8", "replace")).hexdigest()


def may_have(found: Standing | None, kind: str) -> bool:
    """Whether somebody of this standing may have such a key at all, whatever the lesson's phase."""
    return found is not None and (kind == WHEP or found.is_staff)


def issue(user_id: UUID, lesson_id: UUID, kind: str, purpose: str = "") -> tuple[StreamKey, str]:
    """Makes a key that lasts until the room closes for good; returns it with its secret, told only now.

    Raises ConflictError where the person may not have one, the lesson is over, or there are MAX_KEYS.
    """
    with transaction.atomic():
        lesson = Lesson.objects.select_for_update().get(pk=lesson_id)
        if kind not in KINDS or not may_have(standing(user_id, lesson_id), kind):
            raise ConflictError(_("You may not do that here."))
        expires_at = schedule.closes_at(lesson.ends_at)
        if lesson.state == Lesson.State.CANCELLED or expires_at <= timezone.now():
            raise ConflictError(_("This lesson is over."))
        if _valid(StreamKey.objects.filter(user=user_id, lesson=lesson)).count() >= MAX_KEYS:
            raise ConflictError(_("You have as many keys for this lesson as you may: revoke one first."))
        secret = secrets.token_urlsafe(SECRET_BYTES)
        key = StreamKey.objects.create(
            lesson=lesson,
            user_id=user_id,
            kind=kind,
            purpose=purpose,
            digest=digest_of(secret),
            expires_at=expires_at,
        )
        return key, secret


def grant(kind: str, lesson_id: UUID, digest: str) -> Grant | None:
    """What a key grants at this lesson's door of this kind; None, whatever the reason. Two queries at most.

    The digest of 256 random bits is looked up by an index: how long that takes tells nothing of the secret.
    """
    keys = _valid(StreamKey.objects.filter(digest=digest, kind=kind, lesson=lesson_id))
    row = keys.values_list("pk", "user_id").first()
    if row is None:
        return None
    key_id, user_id = row
    found = standing(user_id, lesson_id)
    if found is None or not may_have(found, kind):
        return None
    return Grant(key_id, kind, lesson_id, user_id, found)


def is_valid(key: StreamKey) -> bool:
    """Whether the key is neither revoked nor expired; costs no query."""
    return key.revoked_at is None and timezone.now() < key.expires_at


def own(user_id: UUID, lesson_id: UUID) -> QuerySet[StreamKey]:
    """The person's valid keys for a lesson, with what each has open."""
    return _valid(StreamKey.objects.filter(user=user_id, lesson=lesson_id)).select_related("session")


def note_use(key_id: UUID) -> None:
    """Notes that a session was opened with the key."""
    StreamKey.objects.filter(pk=key_id).update(last_used_at=timezone.now())


def revoke(key_id: UUID) -> bool:
    """Revokes a key for good; says whether it was valid."""
    return bool(_valid(StreamKey.objects.filter(pk=key_id)).update(revoked_at=timezone.now()))


def _valid(keys: QuerySet[StreamKey]) -> QuerySet[StreamKey]:
    return keys.filter(Q(revoked_at=None), expires_at__gt=timezone.now())
