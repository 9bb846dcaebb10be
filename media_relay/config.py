"""The relay's settings, from the environment; each may be given as NAME_FILE instead."""

from __future__ import annotations

import ipaddress
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 7400
DEFAULT_CAPACITY = 2500
"""A lecture of 2,000 uses the four fifths of it after which new lessons are refused."""
MAX_CAPACITY = 100_000
DEFAULT_MBPS = 900
"""What a gigabit uplink carries beside headers and other traffic."""
MAX_MBPS = 1_000_000
DEFAULT_PPS = 300_000
"""What one core forwards, all included, without falling behind."""
MAX_PPS = 100_000_000
DEFAULT_LEASE = 300
MAX_LEASE = 24 * 60 * 60
MAX_NAME_LENGTH = 64


class ConfigError(Exception):
    """Raised with one sentence that says what to set to what."""


@dataclass(frozen=True, slots=True)
class Config:
    """What a relay needs to know; `bind` are local addresses, `announce` what browsers are told."""

    bind: tuple[str, ...]
    announce: tuple[str, ...]
    port: int
    web_url: str
    secret: str
    name: str
    capacity: int
    max_mbps: int
    max_pps: int
    lease: int
    """Seconds that permits are good for without the web tier."""
    metrics: tuple[str, int] | None
    """Address and TCP port at which metrics are read, None for nowhere."""


def read(environment: Mapping[str, str]) -> Config:
    """Reads the settings; raises ConfigError."""
    host = _address("MEDIA_HOST", _text(environment, "MEDIA_HOST", DEFAULT_HOST))
    return Config(
        _bind(host),
        _announce(host, _text(environment, "PUBLIC_IP")),
        _number(environment, "MEDIA_PORT", DEFAULT_PORT, 0, 65535),
        _web_url(_text(environment, "RELAY_WEB_URL", "ws://127.0.0.1:8000/ws/relays/")),
        _secret(_text(environment, "RELAY_SECRET")),
        _text(environment, "RELAY_NAME", platform.node())[:MAX_NAME_LENGTH],
        _number(environment, "RELAY_CAPACITY", DEFAULT_CAPACITY, 1, MAX_CAPACITY),
        _number(environment, "RELAY_MAX_MBPS", DEFAULT_MBPS, 1, MAX_MBPS),
        _number(environment, "RELAY_MAX_PPS", DEFAULT_PPS, 1, MAX_PPS),
        _number(environment, "RELAY_LEASE", DEFAULT_LEASE, 1, MAX_LEASE),
        _endpoint("RELAY_METRICS", _text(environment, "RELAY_METRICS")),
    )


def _text(environment: Mapping[str, str], name: str, default: str = "") -> str:
    path = environment.get(f"{name}_FILE")
    if not path:
        return environment.get(name, "").strip() or default
    if environment.get(name):
        raise ConfigError(f"Set either {name} or {name}_FILE, not both.")
    try:
        return Path(path).read_text().strip() or default
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"{name}_FILE names {path}, which cannot be read.") from None


def _number(environment: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = _text(environment, name, str(default))
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise ConfigError(f"{name} must be a number from {low} to {high}, not {text!r}.")
    return int(text)


def _address(name: str, text: str) -> str:
    try:
        return str(ipaddress.ip_address("127.0.0.1" if text == "localhost" else text))
    except ValueError:
        raise ConfigError(f"{name} must be an IP address, not {text!r}.") from None


def _endpoint(name: str, text: str) -> tuple[str, int] | None:
    if not text:
        return None
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 <= int(port) <= 65535:
        raise ConfigError(f"{name} must be an address and a port such as 127.0.0.1:9400, not {text!r}.")
    return _address(name, host.strip("[]")), int(port)


def _bind(host: str) -> tuple[str, ...]:
    if not ipaddress.ip_address(host).is_loopback:
        return ("0.0.0.0", "::")  # noqa: S104  # students are elsewhere; the firewall opens this one port
    return (host,) if ":" in host else (host, "::1")


def _announce(host: str, public: str) -> tuple[str, ...]:
    if public:
        return tuple(_address("PUBLIC_IP", text.strip()) for text in public.split(","))
    if ipaddress.ip_address(host).is_unspecified:
        raise ConfigError("PUBLIC_IP must name the address under which browsers reach this machine.")
    return _bind(host) if ipaddress.ip_address(host).is_loopback else (host,)


def _web_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise ConfigError(f"RELAY_WEB_URL must begin with ws:// or wss://, not {url!r}.")
    return url


def _secret(secret: str) -> str:
    if not secret:
        raise ConfigError("RELAY_SECRET must be set to the secret that the web tier has.")
    if not secret.isascii() or not secret.isprintable():
        raise ConfigError("RELAY_SECRET must be printable ASCII.")
    return secret


def from_environment() -> Config:
    """Reads the settings of this process; raises ConfigError."""
    return read(os.environ)
