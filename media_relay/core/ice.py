"""ICE-lite: connectivity checks are answered and never sent.

RFC 8445 (sections 2.5, 7.3), RFC 8489 for STUN, RFC 8839 for the candidate line. A lite agent is always the
controlled one.
"""

from __future__ import annotations

import base64
import hmac
import ipaddress
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from aioice import stun

BINDING_REQUEST = 0x0001
BINDING_RESPONSE = 0x0101
BINDING_ERROR = 0x0111

USERNAME = 0x0006
MESSAGE_INTEGRITY = 0x0008
ERROR_CODE = 0x0009
UNKNOWN_ATTRIBUTES = 0x000A
XOR_MAPPED_ADDRESS = 0x0020
PRIORITY = 0x0024
USE_CANDIDATE = 0x0025
FINGERPRINT = 0x8028
ICE_CONTROLLED = 0x8029

COMPREHENSION_OPTIONAL = 0x8000
_UNDERSTOOD = frozenset((USERNAME, MESSAGE_INTEGRITY, PRIORITY, USE_CANDIDATE))

# A check of a browser has 100 to 200 bytes.
MAX_MESSAGE_BYTES = 1280
MAX_ATTRIBUTES = 32
MAX_USERNAME_BYTES = 513

UFRAG_RANDOM_BYTES = 6
PASSWORD_RANDOM_BYTES = 18
CREDENTIAL_RANDOM_BYTES = UFRAG_RANDOM_BYTES + PASSWORD_RANDOM_BYTES

HOST_TYPE_PREFERENCE = 126
UDP_COMPONENT = 1

_HEADER = struct.Struct("!HHI12s")
_ATTRIBUTE = struct.Struct("!HH")

Address = tuple[str, int] | tuple[str, int, int, int]


@dataclass(frozen=True, slots=True)
class Check:
    """An authenticated connectivity check and what to send back to where it came from.

    Only an accepted check proves anything (`reply` is an error otherwise); a nominated one is accepted too.
    """

    reply: bytes
    accepted: bool
    nominated: bool
    remote_ufrag: str


def make_credentials(random: bytes) -> tuple[str, str]:
    """Returns a username fragment and a password made of `CREDENTIAL_RANDOM_BYTES` random bytes."""
    if len(random) < CREDENTIAL_RANDOM_BYTES:
        raise ValueError("ICE credentials need more random bytes")
    text = base64.b64encode(random[:CREDENTIAL_RANDOM_BYTES]).decode()
    ufrag_length = UFRAG_RANDOM_BYTES * 4 // 3
    return text[:ufrag_length], text[ufrag_length:]


def host_candidate(ip: str, port: int, index: int) -> str:
    """Returns a host candidate (RFC 8839 section 5.1) without `a=`; the lowest index is preferred."""
    address = ipaddress.ip_address(ip)
    priority = HOST_TYPE_PREFERENCE << 24 | (0xFFFF - index) << 8 | (256 - UDP_COMPONENT)
    return f"candidate:{index + 1} {UDP_COMPONENT} udp {priority} {address} {port} typ host"


def local_ufrag(data: bytes) -> str:
    """Returns for whom a binding request is, by its USERNAME; checks nothing else, raises ValueError."""
    for kind, offset, length in _attributes(data):
        if kind == USERNAME:
            return _username(data, offset, length)[0]
    raise ValueError("STUN message has no username")


def _attributes(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yields type, offset of the value and its length for each attribute of a binding request."""
    _check_header(data)
    size, position, count = len(data), stun.HEADER_LENGTH, 0
    while position < size:
        count += 1
        if count > MAX_ATTRIBUTES:
            raise ValueError("STUN message has too many attributes")
        if position + 4 > size:
            raise ValueError("STUN attribute is truncated")
        kind, length = _ATTRIBUTE.unpack_from(data, position)
        position += 4
        if position + length > size:
            raise ValueError("STUN attribute is truncated")
        yield kind, position, length
        position += (length + 3) & ~3


def _check_header(data: bytes) -> None:
    if len(data) > MAX_MESSAGE_BYTES:
        raise ValueError("STUN message is too large")
    if len(data) < stun.HEADER_LENGTH:
        raise ValueError("STUN message is shorter than its header")
    kind, length, cookie, _ = _HEADER.unpack_from(data)
    if cookie != stun.COOKIE:
        raise ValueError("STUN magic cookie is missing")
    if kind != BINDING_REQUEST:
        raise ValueError("STUN message is not a binding request")
    if length != len(data) - stun.HEADER_LENGTH or length % 4:
        raise ValueError("STUN message length is invalid")


def _username(data: bytes, offset: int, length: int) -> tuple[str, str]:
    if length > MAX_USERNAME_BYTES:
        raise ValueError("STUN username is invalid")
    try:
        text = bytes(data[offset : offset + length]).decode("ascii")
    except UnicodeDecodeError:
        raise ValueError("STUN username is invalid") from None
    local, colon, remote = text.partition(":")
    if not (local and colon and remote):
        raise ValueError("STUN username is invalid")
    return local, remote


class LiteAgent:
    """Answers the connectivity checks of one peer."""

    def __init__(self, ufrag: str, pwd: str) -> None:
        self.ufrag = ufrag
        self._key = pwd.encode("ascii")

    def receive(self, data: bytes, address: Address) -> Check:
        """Reads a check that came from `address`.

        Raises ValueError, and nothing is to be sent, unless it was signed with our password.
        """
        found, unknown = self._authenticate(data)
        _, remote_ufrag = _username(data, *found[USERNAME])
        transaction = bytes(data[8:20])
        if unknown:
            attributes = _error(420, "Unknown Attribute") + _unknown_attributes(unknown)
        elif ICE_CONTROLLED in found:
            # RFC 8445 section 7.3.1.1: a lite agent can't take the controlling role, so the peer must.
            attributes = _error(487, "Role Conflict")
        else:
            mapped = _attribute(XOR_MAPPED_ADDRESS, _xored(_packed(address), transaction))
            reply = self._reply(BINDING_RESPONSE, transaction, mapped)
            return Check(reply, True, USE_CANDIDATE in found, remote_ufrag)
        return Check(self._reply(BINDING_ERROR, transaction, attributes), False, False, remote_ufrag)

    def _authenticate(self, data: bytes) -> tuple[dict[int, tuple[int, int]], list[int]]:
        """Returns where the attributes that count are, and the unknown ones that must be understood."""
        found: dict[int, tuple[int, int]] = {}
        unknown: list[int] = []
        for kind, offset, length in _attributes(data):
            if FINGERPRINT in found:
                raise ValueError("STUN fingerprint is not the last attribute")
            # RFC 8489 section 14.5: what follows MESSAGE-INTEGRITY is not authenticated, and ignored.
            if MESSAGE_INTEGRITY in found and kind != FINGERPRINT:
                continue
            found.setdefault(kind, (offset, length))
            if kind < COMPREHENSION_OPTIONAL and kind not in _UNDERSTOOD:
                unknown.append(kind)
        self._check_fingerprint(data, found)
        self._check_username(data, found)
        self._check_integrity(data, found)
        return found, unknown

    def _check_fingerprint(self, data: bytes, found: dict[int, tuple[int, int]]) -> None:
        if FINGERPRINT not in found:
            raise ValueError("STUN message has no fingerprint")
        offset, length = found[FINGERPRINT]
        expected = stun.message_fingerprint(data[: offset - 4])
        if length != 4 or int.from_bytes(data[offset : offset + 4], "big") != expected:
            raise ValueError("STUN fingerprint is wrong")

    def _check_username(self, data: bytes, found: dict[int, tuple[int, int]]) -> None:
        if USERNAME not in found:
            raise ValueError("STUN message has no username")
        if _username(data, *found[USERNAME])[0] != self.ufrag:
            raise ValueError("STUN username is not ours")

    def _check_integrity(self, data: bytes, found: dict[int, tuple[int, int]]) -> None:
        if MESSAGE_INTEGRITY not in found:
            raise ValueError("STUN message has no message integrity")
        offset, length = found[MESSAGE_INTEGRITY]
        expected = stun.message_integrity(data[: offset - 4], self._key)
        if not hmac.compare_digest(data[offset : offset + length], expected):
            raise ValueError("STUN message integrity is wrong")

    def _reply(self, kind: int, transaction: bytes, attributes: bytes) -> bytes:
        # Each of the two sums is over a header with the length as it will be then.
        message = _HEADER.pack(kind, len(attributes), stun.COOKIE, transaction) + attributes
        message += _attribute(MESSAGE_INTEGRITY, stun.message_integrity(message, self._key))
        message += _attribute(FINGERPRINT, struct.pack("!I", stun.message_fingerprint(message)))
        return stun.set_body_length(message, len(message) - stun.HEADER_LENGTH)


def _attribute(kind: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(kind, len(value)) + value + bytes(-len(value) % 4)


def _error(code: int, reason: str) -> bytes:
    return _attribute(ERROR_CODE, stun.pack_error_code((code, reason)))


def _unknown_attributes(kinds: list[int]) -> bytes:
    return _attribute(UNKNOWN_ATTRIBUTES, struct.pack(f"!{len(kinds)}H", *kinds))


@lru_cache(maxsize=4096)
def _packed(address: Address) -> bytes:
    """Returns family, port and host as an attribute has them; everyone asks every few seconds."""
    return stun.pack_address(_plain(address))


def _xored(packed: bytes, transaction: bytes) -> bytes:
    """Hides port and host from routers that would change them (RFC 8489 section 14.2)."""
    cookie = stun.COOKIE.to_bytes(4, "big")
    size = len(packed) - 2
    pad = int.from_bytes((cookie[:2] + cookie + transaction)[:size], "big")
    return packed[:2] + (int.from_bytes(packed[2:], "big") ^ pad).to_bytes(size, "big")


def _plain(address: Address) -> tuple[str, int]:
    """Returns host and port as the peer knows them: no zone, and IPv4 as such also on an IPv6 socket."""
    host = ipaddress.ip_address(address[0].partition("%")[0])
    if isinstance(host, ipaddress.IPv6Address) and host.ipv4_mapped:
        host = host.ipv4_mapped
    return str(host), address[1]
