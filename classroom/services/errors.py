"""What a service refuses; the message is a sentence for people."""

from __future__ import annotations


class ServiceError(Exception):
    """A service can't do what was asked; nothing has changed."""


class ConflictError(ServiceError):
    """The state of things doesn't allow it, or no longer."""


class RelayUnavailableError(ServiceError):
    """No relay carries the lesson now."""


class RequestError(Exception):
    """A request can't be served: a stable code and a sentence for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class RelayFullError(RelayUnavailableError):
    """Every relay carries so much that a new lesson would spoil the running ones."""


class TooFastError(RequestError):
    """Somebody asks for more than one person may in so short a time."""

    def __init__(self, message: str) -> None:
        super().__init__("too_fast", message)
