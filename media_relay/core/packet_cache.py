"""The latest packets of a stream, for retransmission."""

from __future__ import annotations

from collections import OrderedDict


class PacketCache:
    """Keeps packets by sequence number up to a count and a size; the one put longest ago leaves first."""

    def __init__(self, capacity_packets: int, max_bytes: int) -> None:
        self._capacity = capacity_packets
        self._max_bytes = max_bytes
        self._size = 0
        self._packets: OrderedDict[int, tuple[bytes, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._packets)

    @property
    def size(self) -> int:
        """How many bytes of packets are held."""
        return self._size

    def put(self, sequence: int, packet: bytes, now: float) -> None:
        """Keeps a packet, in place of an older one of the same number."""
        packets = self._packets
        older = packets.pop(sequence, None)
        if older is not None:
            self._size -= len(older[0])
        packets[sequence] = packet, now
        self._size += len(packet)
        while self._size > self._max_bytes or len(packets) > self._capacity:
            self._size -= len(packets.popitem(last=False)[1][0])

    def get(self, sequence: int, now: float, max_age: float) -> bytes | None:
        """Returns a packet that was put at most `max_age` seconds ago."""
        found = self._packets.get(sequence)
        if found is None or now - found[1] > max_age:
            return None
        return found[0]

    def clear(self) -> None:
        """Forgets every packet."""
        self._packets.clear()
        self._size = 0
