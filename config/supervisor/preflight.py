"""What must hold before anything is started; each failure is one sentence for the person at the terminal."""

import errno
import socket
import tempfile
from collections.abc import Iterable
from pathlib import Path


class CannotStartError(Exception):
    """Says in one sentence why Lectern cannot start and what to do."""


def check_folder(folder: Path) -> None:
    """Makes the folder; raises CannotStartError when it cannot be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise CannotStartError(
            f"the folder {folder} cannot be written to ({error.strerror}): choose another with LECTERN_VAR."
        ) from None


def check_ports(host: str, port: int, media_host: str, media_ports: Iterable[int]) -> None:
    """Raises CannotStartError when an address cannot be bound, naming the variable that chooses another."""
    _check(socket.SOCK_STREAM, host, port, "TCP", "HOST", "PORT")
    for media_port in media_ports:
        _check(socket.SOCK_DGRAM, media_host, media_port, "UDP", "MEDIA_HOST", "MEDIA_PORT")


def _check(
    kind: socket.SocketKind, host: str, port: int, protocol: str, host_name: str, port_name: str
) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if kind == socket.SOCK_STREAM:
            # As the server does it: connections of an earlier run that linger are no obstacle.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            raise CannotStartError(
                f"{protocol} port {port} is not for this account: choose one from 1024 up with {port_name}."
            ) from None
        except OSError as error:
            raise CannotStartError(_sentence(error, protocol, host, port, host_name, port_name)) from None


def _sentence(error: OSError, protocol: str, host: str, port: int, host_name: str, port_name: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"{protocol} port {port} on {host} is taken by another program: choose another with {port_name}."
        )
    return f"{host} is not an address of this machine: choose another with {host_name} ({error.strerror})."
