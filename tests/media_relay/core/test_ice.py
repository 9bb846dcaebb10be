"""Connectivity checks as a lite agent answers them."""

from __future__ import annotations

import struct

import pytest
from aioice import stun
from hypothesis import given
from hypothesis import strategies as st

from media_relay.core import ice

ADDRESS = ("192.0.2.1", 32853)
UFRAG, PWD = "lecternU", "passwordpasswordpassword"
TRANSACTION = b"transaction."

# RFC 5769 section 2.1: a request, signed with this password; the sender takes itself for the controlled one.
RFC_PASSWORD = "VOkJxbRl1RmTxUk/WvJxBt"
RFC_REQUEST = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae"
    "802200105354554e207465737420636c69656e74"
    "002400046e0001ff"
    "80290008932ff9b151263b36"
    "00060009" "6576746a3a68367659202020"
    "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
    "80280004e57a3bcf"
)  # fmt: skip
# Sections 2.2 and 2.3: the XOR-MAPPED-ADDRESS of the responses.
RFC_TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")
RFC_MAPPED = {
    ("192.0.2.1", 32853): "002000080001a147e112a643",
    ("2001:db8:1234:5678:11:2233:4455:6677", 32853): "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9",
}


def request(
    username: str = f"{UFRAG}:peer",
    pwd: str = PWD,
    attributes: dict[str, object] | None = None,
    raw: bytes = b"",
    kind: int = ice.BINDING_REQUEST,
) -> bytes:
    """A check as a browser sends it; `raw` attributes stand before the signature."""
    message = stun.Message(
        stun.Method.BINDING,
        stun.Class.REQUEST,
        TRANSACTION,
        {
            "USERNAME": username,
            "PRIORITY": 1,
            **({"ICE-CONTROLLING": 5} if attributes is None else attributes),
        },
    )
    return signed(struct.pack("!H", kind) + bytes(message)[2:] + raw, pwd)


def signed(data: bytes, pwd: str = PWD) -> bytes:
    """The message with MESSAGE-INTEGRITY and FINGERPRINT."""
    data += struct.pack("!HH", 0x0008, 20) + stun.message_integrity(data, pwd.encode())
    return with_fingerprint(data)


def with_fingerprint(data: bytes) -> bytes:
    """The message with FINGERPRINT and the right length."""
    data += struct.pack("!HHI", 0x8028, 4, stun.message_fingerprint(data))
    return stun.set_body_length(data, len(data) - 20)


def agent() -> ice.LiteAgent:
    return ice.LiteAgent(UFRAG, PWD)


def test_the_request_of_rfc_5769_is_authentic_and_its_role_is_refused() -> None:
    assert ice.local_ufrag(RFC_REQUEST) == "evtj"
    check = ice.LiteAgent("evtj", RFC_PASSWORD).receive(RFC_REQUEST, ADDRESS)
    reply = stun.parse_message(check.reply)
    assert (check.accepted, check.nominated, check.remote_ufrag) == (False, False, "h6vY")
    assert (reply.message_class, reply.error_code) == (stun.Class.ERROR, 487)
    assert reply.transaction_id == RFC_TRANSACTION
    assert reply.check_message_integrity(RFC_PASSWORD.encode())


@pytest.mark.parametrize("address", RFC_MAPPED)
def test_the_mapped_address_is_that_of_rfc_5769(address: tuple[str, int]) -> None:
    data = bytearray(RFC_REQUEST)
    data[48:50] = struct.pack("!H", 0x802A)
    controlling = signed(bytes(data[:-32]), RFC_PASSWORD)
    check = ice.LiteAgent("evtj", RFC_PASSWORD).receive(controlling, address)
    assert check.accepted
    assert bytes.fromhex(RFC_MAPPED[address]) in check.reply


def test_a_check_is_answered_with_the_address_it_came_from() -> None:
    check = agent().receive(request(), ADDRESS)
    reply = stun.parse_message(check.reply)
    assert (check.accepted, check.nominated, check.remote_ufrag) == (True, False, "peer")
    assert (reply.message_class, reply.transaction_id) == (stun.Class.RESPONSE, TRANSACTION)
    assert reply.attributes["XOR-MAPPED-ADDRESS"] == ADDRESS
    assert reply.check_message_integrity(PWD.encode())


def test_a_check_may_nominate() -> None:
    check = agent().receive(request(attributes={"ICE-CONTROLLING": 5, "USE-CANDIDATE": None}), ADDRESS)
    assert check.accepted
    assert check.nominated


@pytest.mark.parametrize(
    ("address", "mapped"),
    [
        (("::ffff:192.0.2.1", 5, 0, 0), ("192.0.2.1", 5)),
        (("fe80::1%eth0", 5, 0, 2), ("fe80::1", 5)),
        (("2001:db8::1", 5, 0, 0), ("2001:db8::1", 5)),
    ],
)
def test_the_address_is_told_as_the_peer_knows_it(
    address: tuple[str, int, int, int], mapped: tuple[str, int]
) -> None:
    reply = stun.parse_message(agent().receive(request(), address).reply)
    assert reply.attributes["XOR-MAPPED-ADDRESS"] == mapped


def test_attributes_that_must_be_understood_and_are_not_are_named() -> None:
    unknown = struct.pack("!HHI", 0x0003, 4, 0) + struct.pack("!HH", 0x7FFF, 0)
    check = agent().receive(request(raw=unknown, attributes={"USE-CANDIDATE": None}), ADDRESS)
    assert (check.accepted, check.nominated) == (False, False)
    assert stun.parse_message(check.reply).error_code == 420
    assert struct.pack("!HHHH", 0x000A, 4, 0x0003, 0x7FFF) in check.reply


def test_unknown_attributes_that_need_not_be_understood_are_passed_over() -> None:
    assert agent().receive(request(raw=struct.pack("!HHI", 0xC057, 4, 1)), ADDRESS).accepted


def test_what_follows_the_signature_counts_for_nothing() -> None:
    plain = request()[:-8]
    data = with_fingerprint(plain + struct.pack("!HH", ice.USE_CANDIDATE, 0))
    check = agent().receive(data, ADDRESS)
    assert check.accepted
    assert not check.nominated


def test_of_a_repeated_attribute_the_first_counts() -> None:
    again = struct.pack("!HH", ice.USERNAME, 4) + b"o:me"
    assert agent().receive(request(raw=again), ADDRESS).remote_ufrag == "peer"


def test_a_reply_is_at_most_three_times_its_request() -> None:
    smallest = signed(struct.pack("!HHI12sHH4s", 1, 0, stun.COOKIE, TRANSACTION, ice.USERNAME, 3, b"a:b\0"))
    unknown = struct.pack("!HH", 0x0003, 0) * 16
    largest_error = signed(smallest[:28] + unknown)
    for data in (smallest, largest_error):
        check = ice.LiteAgent("a", PWD).receive(data, ("2001:db8::1", 1))
        assert len(check.reply) <= 3 * len(data)


def changed(position: int) -> bytes:
    data = bytearray(request())
    data[position] ^= 1
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "STUN message is shorter than its header"),
        (request()[:19], "STUN message is shorter than its header"),
        (request() + bytes(ice.MAX_MESSAGE_BYTES), "STUN message is too large"),
        (changed(4), "STUN magic cookie is missing"),
        (request(kind=0x0101), "STUN message is not a binding request"),
        (request(kind=0x0011), "STUN message is not a binding request"),
        (request(kind=0x0003), "STUN message is not a binding request"),
        (request()[:-4], "STUN message length is invalid"),
        (request() + bytes(4), "STUN message length is invalid"),
        (request(raw=struct.pack("!HH", 0x8022, 400)), "STUN attribute is truncated"),
        (request(raw=struct.pack("!HH", 0x8022, 0) * 40), "STUN message has too many attributes"),
        (request(pwd="another password"), "STUN message integrity is wrong"),
        (request(username="other:peer"), "STUN username is not ours"),
        (request(username=f"{UFRAG}X:peer"), "STUN username is not ours"),
        (request(username=UFRAG), "STUN username is invalid"),
        (request(username=f"{UFRAG}:"), "STUN username is invalid"),
        (request(username=f"{UFRAG}:é"), "STUN username is invalid"),
        (request(username=f"{UFRAG}:{'a' * 513}"), "STUN username is invalid"),
        (request()[:40], "STUN message length is invalid"),
        (changed(-1), "STUN fingerprint is wrong"),
        (changed(25), "STUN fingerprint is wrong"),
        (signed(struct.pack("!HHI12s", 1, 0, stun.COOKIE, TRANSACTION)), "STUN message has no username"),
    ],
)
def test_what_is_no_check_for_us_is_refused(data: bytes, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        agent().receive(data, ADDRESS)


def test_a_check_without_signature_or_fingerprint_is_refused() -> None:
    unsigned = request()[:-32]
    with pytest.raises(ValueError, match=r"^STUN message has no message integrity$"):
        agent().receive(with_fingerprint(unsigned), ADDRESS)
    with pytest.raises(ValueError, match=r"^STUN message has no fingerprint$"):
        agent().receive(stun.set_body_length(unsigned, len(unsigned) - 20), ADDRESS)


def test_nothing_may_follow_the_fingerprint() -> None:
    data = request() + struct.pack("!HH", 0x8022, 0)
    with pytest.raises(ValueError, match=r"^STUN fingerprint is not the last attribute$"):
        agent().receive(stun.set_body_length(data, len(data) - 20), ADDRESS)


@given(st.integers(0, len(request()) - 1), st.integers(1, 255))
def test_a_check_with_any_byte_changed_is_refused(position: int, mask: int) -> None:
    data = bytearray(request())
    data[position] ^= mask
    with pytest.raises(ValueError, match=r"^STUN "):
        agent().receive(bytes(data), ADDRESS)


def test_a_check_is_routed_by_its_first_fragment() -> None:
    assert ice.local_ufrag(request()) == UFRAG
    with pytest.raises(ValueError, match=r"^STUN message has no username$"):
        ice.local_ufrag(signed(struct.pack("!HHI12s", 1, 0, stun.COOKIE, TRANSACTION)))


@given(st.binary(min_size=24, max_size=40))
def test_credentials_are_long_enough_and_all_of_the_randomness(random: bytes) -> None:
    ufrag, pwd = ice.make_credentials(random)
    assert len(ufrag) >= 4
    assert len(pwd) >= 22
    assert set(ufrag + pwd) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    assert (ufrag, pwd) == ice.make_credentials(random[:24])
    assert (ufrag, pwd) != ice.make_credentials(bytes([random[0] ^ 1]) + random[1:])


def test_credentials_of_too_little_randomness_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^ICE credentials need more random bytes$"):
        ice.make_credentials(bytes(23))


def test_candidates_are_written_in_order_of_preference() -> None:
    assert ice.host_candidate("192.0.2.7", 7400, 0) == "candidate:1 1 udp 2130706431 192.0.2.7 7400 typ host"
    assert (
        ice.host_candidate("2001:DB8::7", 7400, 1) == "candidate:2 1 udp 2130706175 2001:db8::7 7400 typ host"
    )
    with pytest.raises(ValueError, match="does not appear to be an IPv4 or IPv6 address"):
        ice.host_candidate("relay.example", 7400, 0)
