"""The control messages between the web tier and a relay; the one module that both sides import.

A message is a frozen dataclass; on the wire it is one JSON object with a `type`. `encode` and `decode` are
inverse. `docs/relay-protocol.md` tells the story, this file is the law.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

VERSION = 3
MAX_MESSAGE_BYTES = 1 << 20
MAX_SDP_BYTES = 64 << 10
MAX_ID_LENGTH = 64
MAX_TEXT_LENGTH = 500
MAX_SLOTS = 48
"""Browsers answer each slot of pictures with 1.2 kB, and all together must fit `MAX_SDP_BYTES`."""
MAX_VIEWERS = 20_000
MAX_LINKS = 500
MAX_LAYERS = 3
MAX_SPEAKERS = 4
NO_LAYER = -1
"""Stands for "no picture" wherever a layer is named; the lowest layer is 0."""

AUDIO = "audio"
VIDEO = "video"
KINDS = (AUDIO, VIDEO)

MICROPHONE = "microphone"
CAMERA = "camera"
SCREEN = "screen"
SCREEN_AUDIO = "screen_audio"
SOURCE_KINDS: Mapping[str, str] = {MICROPHONE: AUDIO, CAMERA: VIDEO, SCREEN: VIDEO, SCREEN_AUDIO: AUDIO}

SUBSCRIBE = "subscribe"
PUBLISH = "publish"
DIRECTIONS = (SUBSCRIBE, PUBLISH)

EVERYONE = ""
STAFF = "staff"
AUDIENCES = (EVERYONE, STAFF)
"""Who is offered a slot: all viewers, or those of them alone that are staff."""

# What of a relay's budget is nearest to its end.
BUDGETS = ("connections", "bandwidth", "packets", "cpu")

# The counters of a load that count packets which should have gone out and did not.
DROPS = ("kernel_drops", "packets_expired", "packets_failed")

# Why someone gets less than the best layer.
BY_LINK = "link"
BY_CHOICE = "choice"
LIMITS = ("", BY_LINK, BY_CHOICE)

NEVER_CONNECTED = "the browser did not connect in time"
"""The reason of a connection's end that the web tier acts upon."""

# The stable codes of a refusal.
REFUSED = "refused"
"""There is no permit for what was asked."""
BAD_SDP = "bad_sdp"
"""The session description cannot be used; the message says why."""
FULL = "full"
"""The relay carries as much as it may."""
UNKNOWN = "unknown"
"""There is no such room or connection."""
FAILED = "failed"
"""The relay could not do it, through no fault of the asker."""
REFUSAL_CODES = (REFUSED, BAD_SDP, FULL, UNKNOWN, FAILED)


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in the connection of each subscriber of its audience that one source at a time can fill."""

    name: str
    kind: str
    audience: str = EVERYONE


@dataclass(frozen=True, slots=True)
class StageEntry:
    """What fills a slot now: one source of one participant."""

    slot: str
    participant: str
    source: str


@dataclass(frozen=True, slots=True)
class Register:
    """relay → web, first: who this is. `epoch` is new for every start of the process."""

    name: str
    version: str
    epoch: str
    addresses: tuple[str, ...]
    port: int
    capacity: int
    protocol: int = VERSION


@dataclass(frozen=True, slots=True)
class Registered:
    """web → relay: welcome; every room's permits follow."""

    load_interval: float = 1.0


@dataclass(frozen=True, slots=True)
class Load:
    """relay → web, every second: what it carries. Rates are per second, times milliseconds.

    `usage` is how much of the `budget` that is nearest to its end is used: 0 to 1, or above.
    """

    rooms: int
    publishers: int
    subscribers: int
    cpu_percent: float
    rss_mb: float
    in_pps: float
    out_pps: float
    out_mbps: float
    loop_lag_ms: float
    counters: Mapping[str, int] = field(default_factory=dict)
    in_mbps: float = 0.0
    usage: float = 0.0
    budget: str = BUDGETS[0]
    draining: bool = False


@dataclass(frozen=True, slots=True)
class Permits:
    """web → relay: all that holds in a room.

    An older or equal generation changes nothing; no viewer and no publisher ends the room. `slots` are in the
    order of their importance; `staff` are the viewers that get the slots for staff, too. `publishers` says
    what of whom may flow now: who is named may connect and offer any source, even if nothing may flow.
    """

    room: str
    generation: int
    slots: tuple[Slot, ...] = ()
    viewers: tuple[str, ...] = ()
    publishers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stage: tuple[StageEntry, ...] = ()
    staff: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Subscribe:
    """web → relay: a client wants to watch; replied to with `Offer`, after which `Answer` is due."""

    id: str
    room: str
    participant: str
    client: str


@dataclass(frozen=True, slots=True)
class Answer:
    """web → relay: the browser's answer to an `Offer`; replied to with `Done`."""

    id: str
    room: str
    participant: str
    client: str
    sdp: str


@dataclass(frozen=True, slots=True)
class Publish:
    """web → relay: an offer to publish, `sources` by mid; replied to with `Accepted`.

    Without sources the first m-line of sound is the microphone and the first of pictures the camera.
    """

    id: str
    room: str
    participant: str
    client: str
    sdp: str
    sources: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Watch:
    """web → relay: a client's own offer to watch (WHEP); replied to with `Accepted`.

    Its m-lines get the `slots` of their kind in this order.
    """

    id: str
    room: str
    participant: str
    client: str
    sdp: str
    slots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prefer:
    """web → relay: the highest layer that a page wants of each slot, `NO_LAYER` for no picture; no reply.

    A slot that is not named has no such limit. Replaces what was preferred before.
    """

    room: str
    participant: str
    client: str
    limits: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Drain:
    """web → relay: take no new rooms and stop once the present ones have moved; no reply."""


@dataclass(frozen=True, slots=True)
class Moved:
    """web → relay, once it has said that it drains: so many of its lessons have another relay from now on."""

    lessons: int


@dataclass(frozen=True, slots=True)
class Close:
    """web → relay: end a client's connections; no reply.

    An empty direction means both, an empty client all clients of the participant.
    """

    room: str
    participant: str
    client: str = ""
    direction: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """relay → web, reply to `Subscribe`: the relay's offer and which slot each mid carries."""

    id: str
    sdp: str
    slots: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Accepted:
    """relay → web, reply to `Publish`: the relay's answer."""

    id: str
    sdp: str


@dataclass(frozen=True, slots=True)
class Done:
    """relay → web: what was asked is done."""

    id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """relay → web: what was asked is not done; the code is one of `REFUSAL_CODES`, the message human."""

    id: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ConnectionChanged:
    """relay → web: a media connection came up (`connected`) or is gone (`closed`, with the reason)."""

    room: str
    participant: str
    client: str
    direction: str
    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LinkState:
    """How one connection fares: a subscriber's as the relay sends, a publisher's as it arrives.

    `loss` is 0 to 1, `rtt_ms` 0 while unknown; `layers` are those sent now by slot (`NO_LAYER` where the
    picture pauses), `limited` one of `LIMITS`.
    """

    participant: str
    client: str
    direction: str
    rtt_ms: float
    loss: float
    kbps: float
    layers: Mapping[str, int] = field(default_factory=dict)
    limited: str = ""


@dataclass(frozen=True, slots=True)
class Links:
    """relay → web: how the connections of a room fare; of all every few seconds, of some when they change."""

    room: str
    links: tuple[LinkState, ...]


@dataclass(frozen=True, slots=True)
class LayersWanted:
    """relay → web, for a publishing page: which of a source's layers (by rid) anybody watches now."""

    room: str
    participant: str
    client: str
    source: str
    rids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Speakers:
    """relay → web, when it changes: who speaks on the stage now, the dominant one first."""

    room: str
    participants: tuple[str, ...]


FromRelay = (
    Register | Load | Offer | Accepted | Done | Refused | ConnectionChanged | Links | LayersWanted | Speakers
)
FromWeb = Registered | Permits | Subscribe | Answer | Publish | Watch | Prefer | Drain | Moved | Close
Message = FromRelay | FromWeb

# Decoding: one checker per field type. A checker returns the value in its final shape or raises ValueError.


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
