"""How well media comes and goes, by the browsers' own counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from playwright.sync_api import Page

from tests.support.room import CAMERA, MICROPHONE, Room

STATISTICS = """
async () => {
  const found = [];
  for (const peer of window.seenByTests.peers) {
    if (peer.signalingState === "closed") continue;
    for (const stat of (await peer.getStats()).values()) {
      if (stat.type === "inbound-rtp" || stat.type === "outbound-rtp") found.push(stat);
    }
  }
  const tracks = {};
  for (const element of document.querySelectorAll("[data-slot]")) {
    for (const track of element.srcObject?.getTracks() ?? []) tracks[track.id] = element.dataset.slot;
  }
  return found.map((stat) => ({ ...stat, slot: tracks[stat.trackIdentifier] ?? null }));
}
"""


def statistics(page: Page, kind: str) -> list[dict[str, Any]]:
    """The `inbound-rtp` or `outbound-rtp` statistics of open connections, with the `slot` that shows each."""
    found: list[dict[str, Any]] = page.evaluate(STATISTICS)
    return [entry for entry in found if entry["type"] == kind]


@dataclass(frozen=True)
class Picture:
    """What a student's browser has counted so far of a slot's picture."""

    framesDecoded: float = 0.0  # noqa: N815 (WebRTC's name)  # the names of the W3C's webrtc-stats
    freezeCount: float = 0.0  # noqa: N815 (WebRTC's name)
    totalFreezesDuration: float = 0.0  # noqa: N815 (WebRTC's name)
    packetsLost: float = 0.0  # noqa: N815 (WebRTC's name)
    packetsReceived: float = 0.0  # noqa: N815 (WebRTC's name)
    nackCount: float = 0.0  # noqa: N815 (WebRTC's name)
    pliCount: float = 0.0  # noqa: N815 (WebRTC's name)
    retransmittedPacketsReceived: float = 0.0  # noqa: N815 (WebRTC's name)
    bytesReceived: float = 0.0  # noqa: N815 (WebRTC's name)


@dataclass(frozen=True)
class Sound:
    """What a student's browser has counted so far of a slot's sound, in samples."""

    totalSamplesReceived: float = 0.0  # noqa: N815 (WebRTC's name)
    concealedSamples: float = 0.0  # noqa: N815 (WebRTC's name)


def picture(room: Room, slot: str = CAMERA) -> Picture:
    """Returns the counts of a slot's picture."""
    return Picture(**_counts(Picture, room, slot))


def _counts(kind: type[Any], room: Room, slot: str) -> dict[str, float]:
    entries = [entry for entry in statistics(room.page, "inbound-rtp") if entry["slot"] == slot]
    return {spec.name: entries[0].get(spec.name, 0.0) for spec in fields(kind)} if entries else {}


def height(room: Room, slot: str = CAMERA) -> float:
    """Returns how many lines a slot's latest picture has; 0 without any."""
    entries = [entry for entry in statistics(room.page, "inbound-rtp") if entry["slot"] == slot]
    return float(entries[0].get("frameHeight", 0)) if entries else 0.0


def difference(after: Any, before: Any) -> Any:
    """Returns what was counted between two moments."""
    pairs = {spec.name: getattr(after, spec.name) - getattr(before, spec.name) for spec in fields(after)}
    return type(after)(**pairs)


def pictures_for(seconds: float, rooms: Sequence[Room], slot: str = CAMERA) -> list[Picture]:
    """Watches all rooms at the same time; returns what each counted meanwhile."""
    before = [picture(room, slot) for room in rooms]
    rooms[0].page.wait_for_timeout(seconds * 1000)
    return [difference(picture(room, slot), then) for room, then in zip(rooms, before, strict=True)]


def concealed_part(room: Room, seconds: float, slot: str = MICROPHONE) -> float:
    """Returns which part of a slot's sound the browser makes up for so long, as nothing comes in time."""
    before = _counts(Sound, room, slot)
    room.page.wait_for_timeout(seconds * 1000)
    after = _counts(Sound, room, slot)
    heard, concealed = (after[name] - before[name] for name in ("totalSamplesReceived", "concealedSamples"))
    return concealed / heard if heard else 1.0


def sent_frames(teacher: Room) -> dict[str, float]:
    """Returns how many frames the teacher's page has sent so far of each layer, by rid, of all sources."""
    return _by_rid(teacher, "framesSent")


def sent_heights(teacher: Room) -> dict[str, float]:
    """Returns how many lines the pictures have that the teacher's page sends now of each layer, by rid."""
    return _by_rid(teacher, "frameHeight")


def _by_rid(teacher: Room, name: str) -> dict[str, float]:
    # Camera and screen call their layers alike; what is not shared counts nothing.
    values: dict[str, float] = {}
    for entry in statistics(teacher.page, "outbound-rtp"):
        if entry.get("rid"):
            values[entry["rid"]] = max(values.get(entry["rid"], 0), entry.get(name) or 0)
    return values
