"""The floor: raised hands, and turns in which somebody beside the stage's holder sends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.core import floor, formats
from classroom.core.seats import Seat
from classroom.models import Enrolment, Hand, Lesson, Participation, Presence, Turn
from classroom.permissions import STAFF_ROLES
from classroom.services import audit, events, lessons, relays
from classroom.services.errors import ConflictError

KINDS = floor.KINDS
SPOKEN = floor.SPOKEN
GIVEN_KINDS = (floor.FLOOR, floor.SHARED_SCREEN, floor.STAFF_SCREEN)
"""What a teacher gives; seats and the gallery are taken."""
WORDS = tuple(Hand.Word.values)
MIN_SECONDS, MAX_SECONDS = 10, 3600
"""How long a turn with an end may last."""


# What pages see


def state(lesson_id: UUID) -> dict[str, Any]:
    """Hands, the first first, and turns, with the time at which that was so; two queries."""
    return _state(lesson_id, Hand.objects.filter(lesson=lesson_id).select_related("user"))


def state_for_staff(lesson_id: UUID) -> tuple[dict[str, Any], list[str]]:
    """The same, and whose of the hands are of people `not_spoken`; two queries."""
    hands = list(_with_last_turn(Hand.objects.filter(lesson=lesson_id).select_related("user")))
    return _state(lesson_id, hands), _quiet((hand.user_id, hand.last, hand.zone) for hand in hands)


def _state(lesson_id: UUID, hands: Iterable[Hand]) -> dict[str, Any]:
    turns = open_turns(lesson_id).select_related("user")
    return {
        "now": timezone.now().isoformat(),
        "hands": [
            {
                "id": str(hand.user_id),
                "name": hand.user.name,
                "word": hand.word,
                "since": hand.raised_at.isoformat(),
            }
            for hand in hands
        ],
        "turns": [_turn(turn) for turn in turns],
    }


def _turn(turn: Turn) -> dict[str, Any]:
    return {
        "person": str(turn.user_id),
        "name": turn.user.name,
        "kind": turn.kind,
        "place": turn.place,
        "sources": turn.sources,
        "is_accepted": turn.accepted_at is not None,
        "is_muted": turn.is_muted,
        "seconds": turn.seconds,
        "until": turn.ends_at.isoformat() if turn.ends_at else None,
        "client": turn.client,
    }


def not_spoken(lesson_id: UUID) -> dict[str, Any]:
    """Which of those who have a hand up have not had the floor in this course since Monday; one query."""
    hands = _with_last_turn(Hand.objects.filter(lesson=lesson_id))
    return {"people": _quiet(hands.values_list("user_id", "last", "zone"))}


def _with_last_turn(hands: QuerySet[Hand]) -> QuerySet[Any]:
    """Hands with `last`, when their owner spoke last in the course, and `zone`, the school's time zone."""
    spoke = Participation.objects.filter(lesson__course=OuterRef("lesson__course"), user=OuterRef("user"))
    last = spoke.order_by(F("last_spoke_at").desc(nulls_last=True)).values("last_spoke_at")[:1]
    return hands.annotate(last=Subquery(last), zone=F("lesson__course__school__time_zone"))


def _quiet(rows: Iterable[tuple[UUID, datetime | None, str]]) -> list[str]:
    now = timezone.now()
    return [str(user_id) for user_id, last, zone in rows if not _is_of_week(last, now, zone)]


def _is_of_week(time: datetime | None, now: datetime, zone: str) -> bool:
    return time is not None and time >= floor.week_start(now.astimezone(ZoneInfo(zone)))


def open_turns(lesson_id: UUID, **conditions: Any) -> QuerySet[Turn]:
    """The turns that have not ended."""
    return Turn.objects.filter(lesson=lesson_id, ended_at=None, **conditions)


def changed(lesson_id: UUID) -> None:
    """Tells everyone how the floor stands, and the relay what it may let through."""
    publish(lesson_id)
    relays.refresh_permits([lesson_id])


def publish(lesson_id: UUID) -> None:
    """Tells everyone how the floor stands, and the staff who of the queue has not spoken yet this week."""
    events.publish(lesson_id, "floor.changed", partial(state, lesson_id))
    events.publish(lesson_id, "floor.not_spoken", partial(not_spoken, lesson_id), events.STAFF)


# Hands


def raise_hand(lesson_id: UUID, user_id: UUID, word: str) -> None:
    """Puts a person into the queue, or changes what their hand is about; they keep their place."""
    with transaction.atomic():
        Hand.objects.update_or_create(lesson_id=lesson_id, user_id=user_id, defaults={"word": word})
        publish(lesson_id)


def lower_hand(lesson_id: UUID, user_id: UUID, actor_id: UUID | None = None) -> None:
    """Takes a hand out of the queue; it is noted where somebody else does."""
    with transaction.atomic():
        lowered, _rows = Hand.objects.filter(lesson=lesson_id, user=user_id).delete()
        if lowered and actor_id is not None:
            audit.note("floor.lower", lesson_id, actor_id, user_id)
        if lowered:
            publish(lesson_id)


def lower_all(lesson_id: UUID, actor_id: UUID) -> None:
    """Empties the queue."""
    with transaction.atomic():
        lowered, _rows = Hand.objects.filter(lesson=lesson_id).delete()
        if lowered:
            audit.note("floor.lower_all", lesson_id, actor_id)
            publish(lesson_id)


# Giving and taking back


def give(lesson_id: UUID, actor_id: UUID, user_id: UUID, kind: str, seconds: int | None) -> None:
    """Gives somebody present a place for so long from their acceptance, or until it is taken back.

    Whoever has one already has it for so long from now. In office hours it is taken from whoever had it.
    Raises ConflictError where there is no place, or the person can't have one.
    """
    with transaction.atomic():
        lesson = _hold(lesson_id)
        _require_fit(lesson, user_id)
        mine = open_turns(lesson_id, user=user_id, kind=kind)
        if mine.exists():
            ends_at = timezone.now() + timedelta(seconds=seconds) if seconds else None
            mine.update(seconds=seconds)
            mine.filter(accepted_at__isnull=False).update(ends_at=ends_at)
        else:
            if kind == floor.FLOOR and lesson.effective_format == formats.OFFICE_HOURS:
                end(open_turns(lesson_id).exclude(user=user_id))
            given = {"kind": kind, "place": free_place(lesson, kind), "seconds": seconds}
            Turn.objects.create(lesson=lesson, user_id=user_id, given_by_id=actor_id, **given)
        Hand.objects.filter(lesson=lesson_id, user=user_id).delete()
        audit.note("floor.give", lesson_id, actor_id, user_id, kind=kind, seconds=seconds)
        changed(lesson_id)


def give_to_next(lesson_id: UUID, actor_id: UUID) -> None:
    """Gives the floor without limit to whoever has waited longest; ConflictError if nobody waits."""
    waiting = Hand.objects.filter(lesson=lesson_id).values_list("user_id", flat=True).first()
    if waiting is None:
        raise ConflictError(_("Nobody is waiting."))
    give(lesson_id, actor_id, waiting, floor.FLOOR, None)


def take_back(lesson_id: UUID, actor_id: UUID, user_id: UUID, kind: str) -> None:
    """Ends somebody's turn at once; who sits in a seminar keeps the seat, muted, until they take it again."""
    with transaction.atomic():
        mine = open_turns(lesson_id, user=user_id, kind=kind)
        if not (_stand_up(mine, is_muted=True) if kind == floor.SEAT else end(mine)):
            raise ConflictError(_("This person doesn't have the floor any more."))
        audit.note("floor.take_back", lesson_id, actor_id, user_id, kind=kind)
        changed(lesson_id)


def end(turns: QuerySet[Turn]) -> int:
    """Ends turns; returns how many there were. Follow with `changed`."""
    return turns.update(ended_at=timezone.now(), sources=[])


def free_place(lesson: Lesson, kind: str) -> int:
    """The first free place of a kind in a lesson that is held; ConflictError if there is none."""
    count = floor.places(lesson.effective_format, lesson.course.student_cameras).get(kind, 0)
    taken = open_turns(lesson.pk, kind=kind).values_list("place", flat=True)
    place = floor.free_place(count, set(taken))
    if place is None:
        sentence = (
            _("Every place is taken: take one back first.") if count else _("There is no such place here.")
        )
        raise ConflictError(sentence)
    return place


# What one does with one's turn


def accept(seat: Seat, kind: str, sources: Sequence[str]) -> None:
    """Takes what was offered, with this page, which sends these sources; no other page of theirs sends then.

    Doing so again, after a reload or from another page, goes on with the same turn. ConflictError if nothing
    is offered, or no longer.
    """
    with transaction.atomic():
        _hold(seat.lesson_id)
        turn = open_turns(seat.lesson_id, user=seat.user_id, kind=kind).first()
        if turn is None:
            raise ConflictError(_("You don't have the floor any more."))
        now = timezone.now()
        if turn.accepted_at is None:
            turn.accepted_at = now
            turn.ends_at = now + timedelta(seconds=turn.seconds) if turn.seconds else None
            _note_speaking(turn, now)
        turn.sources = _let_through(turn, sources)
        turn.save(update_fields=["accepted_at", "ends_at", "sources"])
        _move_to(seat)
        changed(seat.lesson_id)


def show_camera(seat: Seat) -> None:
    """Lets the teachers alone see this page's camera; ConflictError where the course doesn't ask for it."""
    with transaction.atomic():
        _take(_hold(seat.lesson_id), seat, floor.GALLERY, [floor.CAMERA])


def speak(seat: Seat, sources: Sequence[str]) -> None:
    """Lets this page of a teacher's or assistant's send these beside the stage's holder.

    Nobody loses a place for it. ConflictError where none is free, or the lesson isn't live.
    """
    with transaction.atomic():
        lesson = _hold(seat.lesson_id)
        _take(lesson, seat, floor.speaking_kind(lesson.effective_format), sources)


def _take(lesson: Lesson, seat: Seat, kind: str, sources: Sequence[str]) -> None:
    """Accepts a place that nobody need offer: the one that the person has, else a free one."""
    _require_fit(lesson, seat.user_id)
    if not open_turns(lesson.pk, user=seat.user_id, kind=kind).exists():
        place = free_place(lesson, kind)
        Turn.objects.create(lesson=lesson, user_id=seat.user_id, kind=kind, place=place)
    accept(seat, kind, sources)


def decline(seat: Seat, kind: str) -> None:
    """Gives one's own turn back, or refuses it; a seat is kept free for the person. Harmless without any."""
    with transaction.atomic():
        mine = open_turns(seat.lesson_id, user=seat.user_id, kind=kind)
        if _stand_up(mine) if kind == floor.SEAT else end(mine):
            changed(seat.lesson_id)


def set_sources(seat: Seat, kind: str, sources: Sequence[str]) -> None:
    """Notes what this page sends from its place; ConflictError unless it has accepted one."""
    with transaction.atomic():
        turn = _accepted(seat).select_for_update().filter(kind=kind).first()
        if turn is None:
            raise ConflictError(_("You don't have the floor any more."))
        turn.sources = _let_through(turn, sources)
        turn.save(update_fields=["sources"])
        changed(seat.lesson_id)


def require_turn(seat: Seat) -> None:
    """Raises ConflictError unless this very page holds the stage, or has accepted a turn that goes on."""
    if not _accepted(seat).exists():
        lessons.require_stage(seat)


# Muting


def mute(lesson_id: UUID, actor_id: UUID, user_id: UUID) -> None:
    """Lets no sound of a person through any more; ConflictError if they have no place to speak from."""
    with transaction.atomic():
        if not _mute(_speaking(lesson_id).filter(user=user_id)):
            raise ConflictError(_("This person doesn't have the floor any more."))
        audit.note("floor.mute", lesson_id, actor_id, user_id)
        changed(lesson_id)


def mute_all(lesson_id: UUID, actor_id: UUID) -> None:
    """Lets no sound of any student through."""
    staff = Enrolment.objects.filter(
        course=OuterRef("lesson__course"), user=OuterRef("user"), role__in=STAFF_ROLES
    )
    with transaction.atomic():
        _mute(_speaking(lesson_id).filter(~Exists(staff)))
        audit.note("floor.mute_all", lesson_id, actor_id)
        changed(lesson_id)


def allow_unmute(lesson_id: UUID, actor_id: UUID, user_id: UUID) -> None:
    """Lets somebody who was muted turn the microphone on again; it stays off until they do."""
    with transaction.atomic():
        if _speaking(lesson_id).filter(user=user_id, is_muted=True).update(is_muted=False):
            audit.note("floor.allow_unmute", lesson_id, actor_id, user_id)
            changed(lesson_id)


def unmute(seat: Seat) -> None:
    """Ends one's own being muted; ConflictError where the teacher alone may do that."""
    with transaction.atomic():
        muted = _speaking(seat.lesson_id).filter(user=seat.user_id, is_muted=True)
        if not muted.exists():
            return
        if not Lesson.objects.filter(pk=seat.lesson_id, may_unmute=True).exists():
            raise ConflictError(_("You were muted by your teacher."))
        muted.update(is_muted=False)
        changed(seat.lesson_id)


def _mute(turns: QuerySet[Turn]) -> int:
    for turn in turns:
        turn.is_muted = True
        turn.sources = _let_through(turn, turn.sources)
        turn.save(update_fields=["is_muted", "sources"])
    return len(turns)


# What the above have in common


def _hold(lesson_id: UUID) -> Lesson:
    """The lesson, for which the floor changes in this transaction alone."""
    return Lesson.objects.select_related("course").select_for_update(of=("self",)).get(pk=lesson_id)


def _require_fit(lesson: Lesson, user_id: UUID) -> None:
    """Raises ConflictError unless the lesson is live and this is somebody in its room beside its stage."""
    if lesson.state != Lesson.State.LIVE:
        raise ConflictError(_("This lesson isn't live."))
    if user_id == lesson.stage_holder_id:
        raise ConflictError(_("This person is on the stage already."))
    part = Participation.objects.filter(
        lesson=lesson, user=OuterRef("user"), admitted_at__isnull=False, removed_at=None
    )
    if not Presence.objects.filter(Exists(part), lesson=lesson, user=user_id, left_at=None).exists():
        raise ConflictError(_("This person isn't here."))


def _stand_up(turns: QuerySet[Turn], **changes: Any) -> int:
    return turns.exclude(accepted_at=None).update(accepted_at=None, client="", sources=[], **changes)


def _accepted(seat: Seat) -> QuerySet[Turn]:
    """The turns that this very page has accepted."""
    return open_turns(seat.lesson_id, user=seat.user_id, client=seat.client, accepted_at__isnull=False)


def _speaking(lesson_id: UUID) -> QuerySet[Turn]:
    return open_turns(lesson_id, kind__in=floor.SPEAKING)


def _let_through(turn: Turn, sources: Sequence[str]) -> list[str]:
    """Those of the sources that may be sent from the turn's place: a microphone not while it is muted."""
    allowed = [source for source in KINDS[turn.kind] if source in sources]
    return [source for source in allowed if not (turn.is_muted and source == floor.MICROPHONE)]


def _move_to(seat: Seat) -> None:
    """Lets this page alone of the person's send."""
    accepted = open_turns(seat.lesson_id, user=seat.user_id, accepted_at__isnull=False)
    for client in set(accepted.values_list("client", flat=True)) - {"", seat.client}:
        relays.close_media(Seat(seat.lesson_id, seat.user_id, client), relays.PUBLISH)
    accepted.update(client=seat.client)


def _note_speaking(turn: Turn, now: datetime) -> None:
    if turn.kind == floor.FLOOR:
        mine = Participation.objects.filter(lesson=turn.lesson_id, user=turn.user_id)
        mine.update(last_spoke_at=now)
