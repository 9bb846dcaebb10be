"""What each of a machine's relays is told: a name and a port of its own, and its share of the uplink."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping

from django.core.exceptions import ImproperlyConfigured

from config.env import MAX_PORT, Environment

MEDIA_PORT = 7400
MAX_PROCESSES = 64
MAX_MBPS = 900
MAX_NAME_LENGTH = 60
"""A number is put behind it, and the relay takes 64 characters."""


def cores() -> int:
    """How many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def media_ports(environ: Mapping[str, str]) -> range:
    """Returns the UDP ports of the relays; raises ImproperlyConfigured."""
    environment = Environment(environ)
    processes = environment.number("RELAY_PROCESSES", min(cores(), MAX_PROCESSES), 1, MAX_PROCESSES)
    first = environment.port("MEDIA_PORT", MEDIA_PORT)
    if first + processes - 1 > MAX_PORT:
        raise ImproperlyConfigured(
            f"MEDIA_PORT must leave room below {MAX_PORT + 1} for the {processes} ports of RELAY_PROCESSES."
        )
    return range(first, first + processes)


def environments(environ: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Returns the environment of each relay by the name of its process; raises ImproperlyConfigured."""
    environment = Environment(environ)
    ports = media_ports(environ)
    name = environment.text("RELAY_NAME", platform.node())[:MAX_NAME_LENGTH]
    uplink = environment.number("RELAY_MAX_MBPS", MAX_MBPS, 1)
    metrics = environment.text("RELAY_METRICS")
    return {
        f"relay-{number}": _without_files(environ)
        | {
            "MEDIA_PORT": str(port),
            "RELAY_NAME": f"{name}-{number}",
            "RELAY_MAX_MBPS": str(max(1, uplink // len(ports))),
            "RELAY_METRICS": _moved(metrics, number - 1),
        }
        for number, port in enumerate(ports, 1)
    }


def _without_files(environ: Mapping[str, str]) -> dict[str, str]:
    own = ("MEDIA_PORT", "RELAY_NAME", "RELAY_MAX_MBPS", "RELAY_METRICS")
    return {name: value for name, value in environ.items() if name.removesuffix("_FILE") not in own}


def _moved(endpoint: str, by: int) -> str:
    """Returns an address such as 127.0.0.1:9400 with a port so much higher."""
    host, _, port = endpoint.rpartition(":")
    return f"{host}:{int(port) + by}" if port.isascii() and port.isdigit() else endpoint
