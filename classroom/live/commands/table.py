"""The table of commands: what a request's type leads to, and what one must be allowed to do for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from classroom.core.seats import Seat
from classroom.live.access import Pass
from classroom.permissions import Action
from classroom.services.questions import Questions


class Socket(Protocol):
    """A page's socket, as far as requests have to do with it."""

    questions: Questions
    """What the page asks the relay."""

    @property
    def entry(self) -> Pass:
        """What the page was let in with."""

    @property
    def seat(self) -> Seat:
        """Which page of whom this is, in which room."""

    @property
    def role(self) -> str:
        """The person's part in the lesson."""

    async def look_around(self) -> Mapping[str, Any]:
        """The whole room as this page sees it from now on."""

    async def end_presence(self) -> None:
        """Ends the page's presence and media now."""


class Payload(Protocol):
    """The body of a request, checked."""

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Any:
        """Takes exactly the known fields; raises ValueError otherwise."""


Handler = Callable[[Socket, Any], Awaitable[Mapping[str, Any]]]
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
