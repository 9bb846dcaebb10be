"""Device checks: a room of one's own on a relay for half a minute, and what was found."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.core.seats import Seat
from classroom.models import CheckRun, DeviceCheck, Enrolment, Relay
from classroom.services import relays
from classroom.services.relays import Question

RUN_LASTS = timedelta(seconds=45)
"""Connecting may take ten seconds, measuring takes five."""
CLIENT = "device-check"
SOURCES = {"0": "microphone"}
"""The one m-line of the page's offer to send."""
MAX_BROWSERS = 5
"""So many browsers of a person are remembered: those that were checked last."""
MAX_RTT_MS = 60_000
DEVICES = frozenset(DeviceCheck.Device.values)
NETWORKS = frozenset(DeviceCheck.Network.values)
GOOD = ("", "ok")
PARTS = ("camera", "microphone", "speaker", "network")


@dataclass(frozen=True, slots=True)
class Run:
    """A check under way: its room's two seats, and how to reach the relay."""

    channel: str
    sender: Seat
    receiver: Seat

    def send_question(self, sdp: str) -> Question:
        """Gives the relay the page's offer to send."""
        return relays.publish_question(self.sender, sdp, SOURCES)

    def receive_question(self, sdp: str) -> Question:
        """Gives the relay the page's offer to receive."""
        return relays.watch_question(self.receiver, sdp, (relays.CHECK_SLOT.name,))


@dataclass(frozen=True, slots=True)
class Result:
    """What a page has found; raises ValueError for what can't be."""

    camera: str
    microphone: str
    speaker: str
    network: str
    rtt_ms: int | None
    loss: float | None

    def __post_init__(self) -> None:
        if not {self.camera, self.microphone, self.speaker} <= DEVICES or self.network not in NETWORKS:
            raise ValueError("expected one of the known words")
        if self.rtt_ms is not None and not (type(self.rtt_ms) is int and 0 <= self.rtt_ms <= MAX_RTT_MS):
            raise ValueError("expected a time in milliseconds")
        if self.loss is not None and not (type(self.loss) in (int, float) and 0 <= self.loss <= 1):
            raise ValueError("expected a loss of 0 to 1")


def begin(user_id: UUID) -> Run:
    """Opens a room for the person alone, instead of an older one; raises RelayUnavailableError."""
    placed = relays.choose_for_check()
    end(user_id)
    row = CheckRun.objects.create(user_id=user_id, relay_id=placed.relay_id)
    # The relay sends nobody back what comes of themselves: who hears is somebody else.
    sender = Seat(row.pk, user_id, CLIENT)
    run = Run(placed.channel, sender, Seat(row.pk, uuid.uuid5(row.pk, CLIENT), CLIENT))
    relays.permit_check(run.channel, run.sender, run.receiver)
    return run


def end(user_id: UUID) -> None:
    """Closes the person's room; harmless where there is none."""
    _end(CheckRun.objects.filter(user=user_id).values_list("pk", "relay__channel"))


def sweep() -> None:
    """Closes the rooms of checks that have run out; one query while there are none."""
    old = CheckRun.objects.filter(started_at__lte=timezone.now() - RUN_LASTS)
    _end(old.values_list("pk", "relay__channel"))


def _end(runs: Any) -> None:
    for room, channel in runs:
        if CheckRun.objects.filter(pk=room).delete()[0] and channel:
            relays.end_check(channel, room)


def keep(user_id: UUID, browser: str, result: Result) -> None:
    """Keeps what was found, instead of what was found before with this browser."""
    with transaction.atomic():
        fields = {**asdict(result), "checked_at": timezone.now()}
        DeviceCheck.objects.update_or_create(user_id=user_id, browser=browser, defaults=fields)
        own = DeviceCheck.objects.filter(user=user_id).order_by("-checked_at", "-pk")
        older = own.values_list("pk", flat=True)[MAX_BROWSERS:]
        DeviceCheck.objects.filter(pk__in=list(older)).delete()


def own(user_id: UUID) -> list[DeviceCheck]:
    """The person's checks, the newest first; one query."""
    return list(DeviceCheck.objects.filter(user=user_id))


def troubles(course_id: UUID) -> dict[str, list[str]]:
    """What the newest check of each student has found to be wrong, of PARTS; one query."""
    students = Q(user__enrolments__course=course_id, user__enrolments__role=Enrolment.Role.STUDENT)
    newest: dict[UUID, DeviceCheck] = {}
    for row in DeviceCheck.objects.filter(students).order_by("checked_at"):
        newest[row.user_id] = row
    found = {str(user_id): problems(row) for user_id, row in newest.items()}
    return {user_id: words for user_id, words in found.items() if words}


def problems(row: DeviceCheck) -> list[str]:
    """What of a check was found to be wrong."""
    return [name for name in PARTS if getattr(row, name) not in GOOD]


def part_words() -> dict[str, str]:
    """The parts of a check in words."""
    return {
        "camera": _("camera"),
        "microphone": _("microphone"),
        "speaker": _("speaker"),
        "network": _("network"),
    }


def doors() -> Collection[tuple[str, int]]:
    """Address and UDP port of every relay: what a school's network must let through; one query."""
    rows = Relay.objects.filter(connected=True).order_by(F("name"))
    return [(row.address, row.port) for row in rows]
