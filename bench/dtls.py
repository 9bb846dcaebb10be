"""A DTLS-SRTP client over memory: datagrams in, datagrams out, no socket and no clock of its own."""

from __future__ import annotations

import binascii
import datetime
import os
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL
from pylibsrtp import Policy, Session

KEYING_LABEL = b"EXTRACTOR-dtls_srtp"
MAX_RECORD_BYTES = 1500
PATH_MTU = 1200


@dataclass(frozen=True, slots=True)
class Profile:
    """An SRTP protection profile: its numbers in libsrtp and the lengths of its keys (RFC 5764, 7714)."""

    number: int
    key: int
    salt: int


PROFILES = {
    b"SRTP_AEAD_AES_128_GCM": Profile(Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 16, 12),
    b"SRTP_AES128_CM_SHA1_80": Profile(Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 16, 14),
}


class Identity:
    """A key and a self-signed certificate, shared by all load clients of a process to save the making."""

    def __init__(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bench")])
        now = datetime.datetime.now(tz=datetime.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=30))
            .sign(key, hashes.SHA256())
        )
        self.fingerprint = binascii.hexlify(certificate.fingerprint(hashes.SHA256()), ":").decode().upper()
        self.context = SSL.Context(SSL.DTLS_METHOD)
        self.context.set_options(SSL.OP_NO_TICKET)
        self.context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
        self.context.use_certificate(certificate)
        self.context.use_privatekey(key)
        self.context.set_tlsext_use_srtp(b":".join(PROFILES))


@dataclass(frozen=True, slots=True)
class Sessions:
    """The two SRTP sessions of a finished handshake."""

    inbound: Session
    outbound: Session


class Handshake:
    """The client's side of one DTLS handshake.

    After `start`, `receive` and `handle_timeout` send what `datagrams` returns.
    When it is done, `sessions` is set.
    """

    def __init__(self, identity: Identity, remote_fingerprint: str) -> None:
        self._remote_fingerprint = remote_fingerprint.upper()
        self._connection = SSL.Connection(identity.context, None)
        self._connection.set_connect_state()
        self._connection.set_ciphertext_mtu(PATH_MTU)
        self.sessions: Sessions | None = None

    def start(self) -> None:
        """Makes the first flight."""
        self._advance()

    def receive(self, record: bytes) -> None:
        """Takes a datagram of the other side; raises SSL.Error or ValueError if the handshake has failed."""
        self._connection.bio_write(record)
        if self.sessions is None:
            self._advance()

    def handle_timeout(self) -> None:
        """Makes the last flight again if OpenSSL's own timer says so; call it about every 100 ms."""
        if self.sessions is None:
            self._connection.DTLSv1_handle_timeout()

    def datagrams(self) -> list[bytes]:
        """Returns what has to be sent now."""
        found = []
        try:
            while True:
                found.append(self._connection.bio_read(MAX_RECORD_BYTES))
        except SSL.WantReadError:
            return found

    def _advance(self) -> None:
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            return
        self._check_certificate()
        self.sessions = self._derive_sessions()

    def _check_certificate(self) -> None:
        certificate = self._connection.get_peer_certificate()
        if certificate is None or certificate.digest("sha256").decode().upper() != self._remote_fingerprint:
            raise ValueError("the certificate is not the one of the session description")

    def _derive_sessions(self) -> Sessions:
        profile = PROFILES[self._connection.get_selected_srtp_profile()]
        length = 2 * (profile.key + profile.salt)
        material = self._connection.export_keying_material(KEYING_LABEL, length)
        return Sessions(
            inbound=Session(_policy(profile, material, 1, Policy.SSRC_ANY_INBOUND)),
            outbound=Session(_policy(profile, material, 0, Policy.SSRC_ANY_OUTBOUND)),
        )


def _policy(profile: Profile, material: bytes, side: int, direction: int) -> Policy:
    key = material[side * profile.key :][: profile.key]
    salt = material[2 * profile.key + side * profile.salt :][: profile.salt]
    policy = Policy(key=key + salt, ssrc_type=direction, srtp_profile=profile.number)
    policy.allow_repeat_tx = True
    return policy


def random_text(length: int) -> str:
    """Returns a random text of ICE characters."""
    return binascii.hexlify(os.urandom(length)).decode()[:length]
