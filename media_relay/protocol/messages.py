"""What the web tier and a relay say to each other: one frozen dataclass for each message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
