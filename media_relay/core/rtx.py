"""Retransmission in a stream of its own (RFC 4588): the packet's number goes before its payload."""

from __future__ import annotations

from media_relay.core import rtp

_NUMBER_BYTES = 2


def unwrap_rtx(data: bytes, header: rtp.Header, payload_type: int, ssrc: int) -> bytes | None:
    """Returns the packet that is sent again, None for padding that carries none (RFC 4588 section 4)."""
    start, end = header.payload_offset, len(data) - header.padding
    if end - start < _NUMBER_BYTES:
        return None
    return b"".join(
        (
            bytes((data[0] & ~0x20, data[1] & 0x80 | payload_type)),
            data[start : start + _NUMBER_BYTES],
            data[4:8],
            ssrc.to_bytes(4, "big"),
            data[12:start],
            data[start + _NUMBER_BYTES : end],
        )
    )


def wrap_rtx(packet: bytes, payload_type: int, sequence: int, ssrc: int, extension: bytes = b"") -> bytes:
    """Returns a packet as one that is sent again; `extension` is a block of `build_extensions`."""
    header = rtp.parse_header(packet)
    head = rtp.build_header(payload_type, sequence, header.timestamp, ssrc, header.marker, extension)
    return head + packet[2:4] + rtp.payload(packet, header)
