"""Messages as JSON texts: encoded, and decoded with everything checked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from media_relay.protocol.messages import (
    AUDIENCES,
    BUDGETS,
    DIRECTIONS,
    KINDS,
    LIMITS,
    MAX_ID_LENGTH,
    MAX_LAYERS,
    MAX_LINKS,
    MAX_MESSAGE_BYTES,
    MAX_SDP_BYTES,
    MAX_SLOTS,
    MAX_SPEAKERS,
    MAX_TEXT_LENGTH,
    MAX_VIEWERS,
    NO_LAYER,
    REFUSAL_CODES,
    SOURCE_KINDS,
    Accepted,
    Answer,
    Close,
    ConnectionChanged,
    Done,
    Drain,
    LayersWanted,
    Links,
    LinkState,
    Load,
    Message,
    Moved,
    Offer,
    Permits,
    Prefer,
    Publish,
    Refused,
    Register,
    Registered,
    Slot,
    Speakers,
    StageEntry,
    Subscribe,
    Watch,
)

# One checker per field type. A checker returns the value in its final shape or raises ValueError.


def _text(limit: int, *, empty: bool = False) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if not isinstance(value, str) or len(value) > limit or not (value or empty):
            raise ValueError("expected a text of bounded length")
        _utf8_size(value)
        return value

    return check


def _utf8_size(text: str) -> int:
    if text.isascii():
        return len(text)
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        # JSON can spell half of a surrogate pair; nothing that the text is passed on to can.
        raise ValueError("expected a text without lone surrogates") from None


def _sdp(value: Any) -> str:
    text = _text(MAX_SDP_BYTES)(value)
    if _utf8_size(text) > MAX_SDP_BYTES:
        raise ValueError("expected a text of bounded length")
    return text


def _integer(low: int, high: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if type(value) is not int or not low <= value <= high:
            raise ValueError("expected a whole number within its bounds")
        return value

    return check


def _number(value: Any) -> float:
    if type(value) not in (int, float) or not 0 <= value < 1e15:
        raise ValueError("expected a number that is not negative")
    return float(value)


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("expected true or false")
    return value


def _one_of(*choices: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            raise ValueError("expected one of the known words")
        return value

    return check


def _list(item: Callable[[Any], Any], limit: int) -> Callable[[Any], tuple[Any, ...]]:
    def check(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple) or len(value) > limit:
            raise ValueError("expected a list of bounded length")
        return tuple(item(entry) for entry in value)

    return check


def _mapping(item: Callable[[Any], Any], limit: int) -> Callable[[Any], dict[str, Any]]:
    def check(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict) or len(value) > limit:
            raise ValueError("expected an object of bounded size")
        return {_ID(key): item(entry) for key, entry in value.items()}

    return check


def _record(kind: type[Any], checkers: Mapping[str, Callable[[Any], Any]]) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError("expected an object")
        return _build(kind, checkers, value)

    return check


_ID = _text(MAX_ID_LENGTH)
_OPTIONAL_ID = _text(MAX_ID_LENGTH, empty=True)
_SOURCE = _one_of(*SOURCE_KINDS)
_COUNT = _integer(0, 1 << 53)
_LAYER = _integer(NO_LAYER, MAX_LAYERS - 1)
_SEAT: dict[str, Callable[[Any], Any]] = {"room": _ID, "participant": _ID, "client": _ID}
_SLOT = _record(Slot, {"name": _ID, "kind": _one_of(*KINDS), "audience": _one_of(*AUDIENCES)})
_STAGE_ENTRY = _record(StageEntry, {"slot": _ID, "participant": _ID, "source": _SOURCE})

_LINK_STATE = _record(
    LinkState,
    {
        "participant": _ID,
        "client": _ID,
        "direction": _one_of(*DIRECTIONS),
        "rtt_ms": _number,
        "loss": _number,
        "kbps": _number,
        "layers": _mapping(_LAYER, MAX_SLOTS),
        "limited": _one_of(*LIMITS),
    },
)

_CHECKERS: Mapping[type[Any], Mapping[str, Callable[[Any], Any]]] = {
    Register: {
        "name": _ID,
        "version": _ID,
        "epoch": _ID,
        "addresses": _list(_ID, 8),
        "port": _integer(1, 65535),
        "capacity": _COUNT,
        "protocol": _COUNT,
    },
    Registered: {"load_interval": _number},
    Load: {
        "rooms": _COUNT,
        "publishers": _COUNT,
        "subscribers": _COUNT,
        "cpu_percent": _number,
        "rss_mb": _number,
        "in_pps": _number,
        "out_pps": _number,
        "out_mbps": _number,
        "loop_lag_ms": _number,
        "counters": _mapping(_COUNT, 100),
        "in_mbps": _number,
        "usage": _number,
        "budget": _one_of(*BUDGETS),
        "draining": _boolean,
    },
    Permits: {
        "room": _ID,
        "generation": _COUNT,
        "slots": _list(_SLOT, MAX_SLOTS),
        "viewers": _list(_ID, MAX_VIEWERS),
        "publishers": _mapping(_list(_SOURCE, len(SOURCE_KINDS)), MAX_VIEWERS),
        "stage": _list(_STAGE_ENTRY, MAX_SLOTS),
        "staff": _list(_ID, MAX_VIEWERS),
    },
    Subscribe: {"id": _ID, **_SEAT},
    Answer: {"id": _ID, **_SEAT, "sdp": _sdp},
    Publish: {"id": _ID, **_SEAT, "sdp": _sdp, "sources": _mapping(_SOURCE, MAX_SLOTS)},
    Watch: {"id": _ID, **_SEAT, "sdp": _sdp, "slots": _list(_ID, MAX_SLOTS)},
    Prefer: {**_SEAT, "limits": _mapping(_LAYER, MAX_SLOTS)},
    Drain: {},
    Moved: {"lessons": _COUNT},
    Links: {"room": _ID, "links": _list(_LINK_STATE, MAX_LINKS)},
    Speakers: {"room": _ID, "participants": _list(_ID, MAX_SPEAKERS)},
    LayersWanted: {**_SEAT, "source": _SOURCE, "rids": _list(_ID, MAX_LAYERS)},
    Close: {**_SEAT, "client": _OPTIONAL_ID, "direction": _one_of("", *DIRECTIONS)},
    Offer: {"id": _ID, "sdp": _sdp, "slots": _mapping(_ID, MAX_SLOTS)},
    Accepted: {"id": _ID, "sdp": _sdp},
    Done: {"id": _ID},
    Refused: {"id": _ID, "code": _one_of(*REFUSAL_CODES), "message": _text(MAX_TEXT_LENGTH, empty=True)},
    ConnectionChanged: {
        **_SEAT,
        "direction": _one_of(*DIRECTIONS),
        "state": _one_of("connected", "closed"),
        "reason": _text(MAX_TEXT_LENGTH, empty=True),
    },
}

_NAMES: Mapping[type[Any], str] = {
    kind: "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in kind.__name__)[1:]
    for kind in _CHECKERS
}
_KINDS: Mapping[str, type[Any]] = {name: kind for kind, name in _NAMES.items()}


def _build(kind: type[Any], checkers: Mapping[str, Callable[[Any], Any]], raw: Mapping[str, Any]) -> Any:
    known = {spec.name for spec in fields(kind)}
    if raw.keys() - known:
        raise ValueError(f"{kind.__name__} has an unknown field")
    values = {}
    for name, value in raw.items():
        try:
            values[name] = checkers[name](value)
        except ValueError as error:
            raise ValueError(f"{kind.__name__}.{name}: {error}") from None
    try:
        return kind(**values)
    except TypeError:
        raise ValueError(f"{kind.__name__} lacks a field") from None


def encode(message: Message) -> str:
    """Returns the message as one JSON text."""
    raw = {"type": _NAMES[type(message)], **_values(message)}
    return json.dumps(raw, separators=(",", ":"), default=_values)


def _values(record: Any) -> dict[str, Any]:
    """Returns a record's values as they are: `dataclasses.asdict` copies them, for thousands of links."""
    return {name: getattr(record, name) for name in record.__dataclass_fields__}


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _bounded(text: str | bytes) -> str:
    if len(text) > MAX_MESSAGE_BYTES:
        raise ValueError("the message is too large")
    try:
        # Bytes are decoded here, since json would also take UTF-16 and UTF-32.
        decoded = text if isinstance(text, str) else text.decode()
        size = _utf8_size(decoded)
    except ValueError:
        raise ValueError("the message is not JSON") from None
    if size > MAX_MESSAGE_BYTES:
        raise ValueError("the message is too large")
    return decoded


def decode(text: str | bytes) -> Message:
    """Reads one message; raises ValueError with a stable sentence for anything that is not exactly one."""
    bounded = _bounded(text)
    try:
        raw = json.loads(bounded, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ValueError("the message is not JSON") from None
    kind = (
        _KINDS.get(raw.pop("type", None))
        if isinstance(raw, dict) and isinstance(raw.get("type"), str)
        else None
    )
    if kind is None:
        raise ValueError("the message has no known type")
    message: Message = _build(kind, _CHECKERS[kind], raw)
    return message
