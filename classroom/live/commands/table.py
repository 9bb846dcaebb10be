"""The table of commands: what a request's type leads to, and what one must be allowed to do for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from classroom.permissions import Action

if TYPE_CHECKING:
    from classroom.live.room_consumer import RoomConsumer


class Payload(Protocol):
    """The body of a request, checked."""

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Any:
        """Takes exactly the known fields; raises ValueError otherwise."""


Handler = Callable[["RoomConsumer", Any], Awaitable[Mapping[str, Any]]]
H = TypeVar("H", bound=Handler)


@dataclass(frozen=True, slots=True)
class Command:
    """One type of request."""

    handler: Handler
    action: Action
    payload: type[Payload]
    asks_relay: bool
    """Whether it waits for a relay: then it runs beside the socket's other requests, and only so often."""
    is_gathered: bool
    """Whether it waits for others of its kind, and looks at the rights of all of them at once by itself."""


COMMANDS: dict[str, Command] = {}


def command(
    name: str,
    action: Action,
    payload: type[Payload],
    *,
    asks_relay: bool = False,
    is_gathered: bool = False,
) -> Callable[[H], H]:
    """Puts a handler into the table."""

    def add(handler: H) -> H:
        if name in COMMANDS:
            raise ValueError(f"{name} is in the table already")
        COMMANDS[name] = Command(handler, action, payload, asks_relay, is_gathered)
        return handler

    return add
