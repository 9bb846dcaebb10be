"""How the numbers of one subscriber differ from those of the packets it shares with others."""

from __future__ import annotations

from typing import NamedTuple


class Shift(NamedTuple):
    """What one subscriber's numbers differ by from those of the packets it shares with others.

    Each is added modulo the size of its field: 16, 32, 15 and 8 bits.
    """

    sequence: int = 0
    timestamp: int = 0
    picture_id: int = 0
    tl0: int = 0


NO_SHIFT = Shift()


class Places(NamedTuple):
    """Where in a packet the 15-bit picture id and TL0PICIDX of VP8 begin; -1 for what it has not."""

    picture_id: int = -1
    tl0: int = -1


NO_PLACES = Places()


def shifted(packet: bytes, places: Places, shift: Shift) -> bytes:
    """Returns the packet as the subscriber with that shift gets it."""
    if shift == NO_SHIFT:
        return packet
    changed = bytearray(packet)
    changed[2:4] = (int.from_bytes(packet[2:4], "big") + shift.sequence & 0xFFFF).to_bytes(2, "big")
    changed[4:8] = (int.from_bytes(packet[4:8], "big") + shift.timestamp & 0xFFFFFFFF).to_bytes(4, "big")
    at = places.picture_id
    if at >= 0:
        number = int.from_bytes(packet[at : at + 2], "big") + shift.picture_id & 0x7FFF
        changed[at : at + 2] = (0x8000 | number).to_bytes(2, "big")
    if places.tl0 >= 0:
        changed[places.tl0] = packet[places.tl0] + shift.tl0 & 0xFF
    return bytes(changed)
