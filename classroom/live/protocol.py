"""The room protocol's requests, replies and codes, as in docs/room-protocol.md; pure."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Concatenate, NoReturn, ParamSpec, Self, TypeVar
from uuid import UUID

from classroom.services.errors import RequestError as RequestError

MAX_MESSAGE_BYTES = 64 << 10
MAX_TYPE_LENGTH = 64
MAX_ID = (1 << 53) - 1
"""The largest whole number that JavaScript keeps exact."""
MAX_MID_LENGTH = 64
ID_LENGTH = 36
"""Of a UUID with its hyphens."""
CLIENT = re.compile(r"[A-Za-z0-9_-]{8,64}")

BAD_REQUEST = "bad_request"
UNKNOWN_TYPE = "unknown_type"
FORBIDDEN = "forbidden"
CONFLICT = "conflict"
RELAY_UNAVAILABLE = "relay_unavailable"
RELAY_FULL = "relay_full"
BAD_SDP = "bad_sdp"
TOO_FAST = "too_fast"
FAILED = "failed"

CLOSE_FAILED = 1011
CLOSE_NOT_PROTOCOL = 4400
CLOSE_SIGNED_OUT = 4401
CLOSE_FORBIDDEN = 4403
CLOSE_SLOW = 4408
CLOSE_REPLACED = 4409
CLOSE_ROLE_CHANGED = 4410
CLOSE_ADMITTED = 4411
CLOSE_TOO_FAST = 4429


P = ParamSpec("P")
T = TypeVar("T")


class NotProtocolError(ValueError):
    """What came isn't JSON at all, or too large: there is nobody to talk to."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `body` is not checked yet."""

    id: int
    type: str
    body: Mapping[str, Any]


def parse_request(text: str) -> Request:
    """Reads a request; raises NotProtocolError for what isn't JSON, ValueError for what isn't a request."""
    raw = _parse_json(text)
    if not isinstance(raw, dict) or raw.keys() - {"id", "type", "body"}:
        raise ValueError("expected an object with id, type and body")
    id, kind, body = raw.get("id"), raw.get("type"), raw.get("body", {})
    if type(id) is not int or not 0 <= id <= MAX_ID:
        raise ValueError("id must be a whole number")
    if not isinstance(kind, str) or not 0 < len(kind) <= MAX_TYPE_LENGTH:
        raise ValueError("type must be a word")
    if not isinstance(body, dict):
        raise ValueError("body must be an object")
    return Request(id, kind, body)


def _parse_json(text: str) -> Any:
    # A character takes at least a byte, so that the cheap test comes first.
    if len(text) > MAX_MESSAGE_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_MESSAGE_BYTES:
        raise NotProtocolError("the message is too large")
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise NotProtocolError("the message is not JSON") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def encode(message: Mapping[str, Any]) -> str:
    """Returns a message as JSON text."""
    return json.dumps(message, separators=(",", ":"))


def reply(id: int, body: Mapping[str, Any]) -> str:
    """The reply to a request that was served."""
    return encode({"id": id, "ok": True, "body": body})


def error_reply(id: int | None, code: str, message: str) -> str:
    """The reply to a request that was not served; without an id where it had none that could be read."""
    return encode({"id": id, "ok": False, "error": {"code": code, "message": message}})


def notice(kind: str, body: Mapping[str, Any]) -> str:
    """A message to one page, without a number."""
    return encode({"type": kind, "body": body})


def unheard(sequence: int) -> str:
    """Stands for an event that is for others, so that a page sees no gap."""
    return encode({"type": "room.unheard", "seq": sequence, "body": {}})


# Bodies: each command has a dataclass that takes exactly its fields.


def checked(check: Callable[Concatenate[Any, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """A field of a Body: `check` gets the value and these arguments, raises ValueError if it is not right."""
    found: T = dataclasses.field(metadata={"check": lambda value: check(value, *args, **kwargs)})
    return found


def fields(body: Mapping[str, Any], *names: str) -> list[Any]:
    """The values of exactly these fields; raises ValueError when one is missing or unknown."""
    if body.keys() != set(names):
        raise ValueError(f"expected exactly: {', '.join(names)}" if names else "expected no fields")
    return [body[name] for name in names]


def text(value: Any, limit: int) -> str:
    """A text that is neither empty nor longer than the limit, in characters."""
    if not isinstance(value, str) or not 0 < len(value) <= limit:
        raise ValueError("expected a text of bounded length")
    try:
        value.encode()
    except UnicodeEncodeError:
        # JSON can spell half of a surrogate pair; neither a relay nor a row can be told of it.
        raise ValueError("expected a text without lone surrogates") from None
    return value


def text_if_any(value: Any, limit: int) -> str:
    """A text no longer than the limit, which may be empty."""
    return "" if value == "" else text(value, limit)


def word(value: Any, choices: Collection[str]) -> str:
    """One of the known words."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError("expected one of the known words")
    return value


def words(value: Any, choices: Collection[str]) -> tuple[str, ...]:
    """A list of different known words."""
    if not isinstance(value, list) or len(value) > len(choices):
        raise ValueError("expected a list of known words")
    found = tuple(word(entry, choices) for entry in value)
    if len(set(found)) != len(found):
        raise ValueError("expected each word once")
    return found


def words_by_mid(value: Any, choices: Collection[str]) -> dict[str, str]:
    """An object from mids to different known words."""
    if not isinstance(value, dict) or not 0 < len(value) <= len(choices):
        raise ValueError("expected known words by mid")
    found = {text(mid, MAX_MID_LENGTH): word(entry, choices) for mid, entry in value.items()}
    if len(set(found.values())) != len(found):
        raise ValueError("expected each word once")
    return found


def whole_number(value: Any, low: int, high: int) -> int:
    """A whole number within its bounds, both included."""
    if type(value) is not int or not low <= value <= high:
        raise ValueError("expected a whole number within its bounds")
    return value


def numbers_by_word(value: Any, choices: Collection[str], low: int, high: int) -> dict[str, int]:
    """An object from known words to whole numbers within their bounds."""
    if not isinstance(value, dict) or len(value) > len(choices):
        raise ValueError("expected whole numbers by known words")
    return {word(name, choices): whole_number(entry, low, high) for name, entry in value.items()}


def boolean(value: Any) -> bool:
    """True or false."""
    if type(value) is not bool:
        raise ValueError("expected true or false")
    return value


def identifier(value: Any) -> UUID:
    """An id as the web tier writes it."""
    if not isinstance(value, str) or len(value) != ID_LENGTH:
        raise ValueError("expected an id")
    try:
        return UUID(value)
    except ValueError:
        raise ValueError("expected an id") from None


def identifiers(value: Any, limit: int) -> tuple[UUID, ...]:
    """A list of at most so many ids."""
    if not isinstance(value, list) or len(value) > limit:
        raise ValueError("expected a list of ids")
    return tuple(identifier(entry) for entry in value)


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a request; the fields of those derived from it are made by `checked`."""

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Takes exactly the fields; raises ValueError where one is missing, unknown or not right."""
        known = dataclasses.fields(cls)
        values = fields(body, *(field.name for field in known))
        return cls(*(field.metadata["check"](value) for field, value in zip(known, values, strict=True)))


@dataclass(frozen=True, slots=True)
class Nothing(Body):
    """The body of a request that needs none."""
