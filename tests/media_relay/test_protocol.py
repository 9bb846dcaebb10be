"""The control messages: what goes in comes out, and nothing else gets in."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media_relay import protocol

LESSON = "0c9f0f1e-6f0a-4d6e-8a53-3c2b7e3f9a11"
SEAT = {"room": LESSON, "participant": "teacher", "client": "page-1"}
MESSAGES: list[protocol.Message] = [
    protocol.Register("relay-1", "0.1.0", "epoch-1", ("192.0.2.7", "2001:db8::7"), 7400, 2000),
    protocol.Registered(1.5),
    protocol.Load(
        1,
        2,
        3,
        12.5,
        64.0,
        170.0,
        51_000.0,
        300.0,
        0.5,
        {"empty_datagrams": 4},
        1.4,
        0.62,
        "cpu",
        draining=True,
    ),
    protocol.Permits(
        room=LESSON,
        generation=7,
        slots=(
            protocol.Slot("teacher-camera", "video"),
            protocol.Slot("gallery-1-camera", "video", protocol.STAFF),
        ),
        viewers=("student", "teacher"),
        publishers={"teacher": ("camera", "microphone", "screen", "screen_audio")},
        stage=(protocol.StageEntry("teacher-camera", "teacher", "camera"),),
        staff=("teacher",),
    ),
    protocol.Permits(room=LESSON, generation=8),
    protocol.Subscribe(id="1", **SEAT),
    protocol.Answer(id="2", **SEAT, sdp="v=0\r\n"),
    protocol.Publish(id="3", **SEAT, sdp="v=0\r\n", sources={"0": "microphone", "1": "camera"}),
    protocol.Watch(id="4", **SEAT, sdp="v=0\r\n", slots=("teacher-camera", "teacher-microphone")),
    protocol.Prefer(**SEAT, limits={"teacher-camera": -1, "teacher-screen": 1}),
    protocol.Drain(),
    protocol.Moved(3),
    protocol.Links(
        LESSON,
        (
            protocol.LinkState(
                "student", "page-2", "subscribe", 48.5, 0.02, 510.0, {"teacher-camera": 1}, "link"
            ),
        ),
    ),
    protocol.LayersWanted(**SEAT, source="camera", rids=("l", "h")),
    protocol.Speakers(LESSON, ("teacher", "student")),
    protocol.Close(LESSON, "teacher"),
    protocol.Close(LESSON, "teacher", "page-1", "publish"),
    protocol.Offer("1", "v=0\r\n", {"0": "teacher-microphone"}),
    protocol.Accepted("3", "v=0\r\n"),
    protocol.Done("2"),
    protocol.Refused("3", "refused", "Nobody gave a permit for this."),
    protocol.ConnectionChanged(LESSON, "student", "page-2", "subscribe", "closed", "Der Schüler ging 👋"),
]
SAMPLES = {type(message): message for message in MESSAGES}


def wire(message: protocol.Message, /, **changes: Any) -> dict[str, Any]:
    """The message as JSON, with other values in some fields."""
    raw: dict[str, Any] = json.loads(protocol.encode(message))
    return raw | changes


def assert_refused(raw: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        protocol.decode(raw if isinstance(raw, str | bytes) else json.dumps(raw))


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_a_message_is_read_back(message: protocol.Message) -> None:
    text = protocol.encode(message)
    assert protocol.decode(text) == protocol.decode(text.encode()) == message


def test_there_is_a_sample_of_every_message() -> None:
    assert set(SAMPLES) == {*get_args(protocol.FromRelay), *get_args(protocol.FromWeb)}


OF_NO_FIELD: list[Any] = [{"deep": [{}]}, None, [[1]], True, "\ud800"]


@pytest.mark.parametrize("message", SAMPLES.values(), ids=lambda message: type(message).__name__)
def test_every_field_is_checked_and_no_other_is_taken(message: protocol.Message) -> None:
    name = type(message).__name__
    for spec in fields(message):
        for value in OF_NO_FIELD:
            if value is True and spec.type == "bool":
                continue
            assert_refused(wire(message, **{spec.name: value}), rf"{name}\.{spec.name}: .+")
    assert_refused(wire(message, surprise=1), f"{name} has an unknown field")
    assert_refused(wire(message, __class__="x"), f"{name} has an unknown field")


@pytest.mark.parametrize("message", SAMPLES.values(), ids=lambda message: type(message).__name__)
def test_a_message_without_what_it_needs_is_refused(message: protocol.Message) -> None:
    raw = wire(message)
    for spec in fields(message):
        less = {name: value for name, value in raw.items() if name != spec.name}
        if spec.default is MISSING and spec.default_factory is MISSING:
            assert_refused(less, f"{type(message).__name__} lacks a field")
        else:
            assert type(protocol.decode(json.dumps(less))) is type(message)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[1",
        b"\xff",
        '{"type": "done", "id": "1"}'.encode("utf-16"),
        '{"type": "done", "id": "\ud800"}',
        '{"type": NaN}',
        '{"type": "done", "id": Infinity}',
        "[" * 100_000,
        "1" * 5000,
        "\ufeff{}",
    ],
)
def test_what_is_not_json_is_refused(text: str | bytes) -> None:
    assert_refused(text, "the message is not JSON")


@pytest.mark.parametrize(
    "raw", [[], 1, "done", None, {}, {"type": 1}, {"type": "Done"}, {"type": ["done"]}, {"type": "slot"}]
)
def test_what_has_no_known_type_is_refused(raw: Any) -> None:
    assert_refused(json.dumps(raw), "the message has no known type")


def test_a_message_is_bounded_in_bytes() -> None:
    done = protocol.encode(protocol.Done("1"))
    assert protocol.decode(done.ljust(protocol.MAX_MESSAGE_BYTES)) == protocol.Done("1")
    wide = done.replace("1", "é" * (protocol.MAX_MESSAGE_BYTES // 2))
    assert len(wide) <= protocol.MAX_MESSAGE_BYTES
    for text in (done.ljust(protocol.MAX_MESSAGE_BYTES + 1), wide, wide.encode()):
        assert_refused(text, "the message is too large")


TOO_MUCH: list[tuple[type[protocol.Message], str, Any]] = [
    (protocol.Done, "id", ""),
    (protocol.Done, "id", "a" * (protocol.MAX_ID_LENGTH + 1)),
    (protocol.Accepted, "sdp", "a" * (protocol.MAX_SDP_BYTES + 1)),
    (protocol.Accepted, "sdp", "é" * (protocol.MAX_SDP_BYTES // 2 + 1)),
    (protocol.Refused, "message", "a" * (protocol.MAX_TEXT_LENGTH + 1)),
    (protocol.Refused, "code", "other"),
    (protocol.ConnectionChanged, "state", ""),
    (protocol.ConnectionChanged, "direction", ""),
    (protocol.Register, "port", 0),
    (protocol.Register, "port", 65536),
    (protocol.Register, "port", 7400.0),
    (protocol.Register, "addresses", ["192.0.2.7"] * 9),
    (protocol.Register, "addresses", "192.0.2.7"),
    (protocol.Register, "capacity", -1),
    (protocol.Registered, "load_interval", -0.1),
    (protocol.Registered, "load_interval", 10**15),
    (protocol.Load, "counters", {str(n): 1 for n in range(101)}),
    (protocol.Load, "counters", {"": 1}),
    (protocol.Load, "counters", {"\ud800": 1}),
    (protocol.Permits, "generation", 1 << 54),
    (protocol.Permits, "slots", [{"name": "a", "kind": "audio"}] * (protocol.MAX_SLOTS + 1)),
    (protocol.Permits, "slots", [{"name": "a", "kind": "data"}]),
    (protocol.Permits, "slots", [{"name": "a"}]),
    (protocol.Permits, "slots", [{"name": "a", "kind": "audio", "more": 1}]),
    (protocol.Permits, "slots", [{"name": "a", "kind": "audio", "audience": "students"}]),
    (protocol.Permits, "staff", ["a"] * (protocol.MAX_VIEWERS + 1)),
    (protocol.Permits, "viewers", ["a"] * (protocol.MAX_VIEWERS + 1)),
    (protocol.Permits, "publishers", {"teacher": ["drone"]}),
    (protocol.Permits, "publishers", {"teacher": ["camera"] * 5}),
    (protocol.Permits, "stage", [{"slot": "a", "participant": "b", "source": "drone"}]),
    (protocol.Speakers, "participants", ["a"] * (protocol.MAX_SPEAKERS + 1)),
    (protocol.Publish, "sources", {"0": "drone"}),
    (protocol.Publish, "sources", {str(n): "camera" for n in range(protocol.MAX_SLOTS + 1)}),
]


@pytest.mark.parametrize(("kind", "name", "value"), TOO_MUCH, ids=range(len(TOO_MUCH)))
def test_what_exceeds_its_bounds_is_refused(kind: type[protocol.Message], name: str, value: Any) -> None:
    assert_refused(wire(SAMPLES[kind], **{name: value}), rf"{kind.__name__}\.{name}: .+")


def test_the_largest_room_fits_a_message() -> None:
    viewers = tuple(f"{number:036}" for number in range(protocol.MAX_VIEWERS))
    permits = protocol.Permits(room=LESSON, generation=1, viewers=viewers)
    assert protocol.decode(protocol.encode(permits)) == permits


def test_a_number_may_be_written_whole() -> None:
    assert protocol.decode('{"type": "registered", "load_interval": 2}') == protocol.Registered(2.0)


json_values: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        0,
        1,
        -1,
        2.5,
        10**400,
        float("nan"),
        float("inf"),
        "",
        "camera",
        "\ud800",
        [],
        ["a"],
        [[]],
        {},
        {"a": "b"},
    ]
)
"""What JSON can spell, and Python's reader takes for JSON."""


@given(st.sampled_from([message for message in SAMPLES.values() if fields(message)]), st.data())
@settings(max_examples=200)
def test_any_values_are_read_or_refused(message: protocol.Message, data: st.DataObject) -> None:
    names = [spec.name for spec in fields(message)]
    changed = data.draw(st.dictionaries(st.sampled_from(names), json_values, min_size=1, max_size=3))
    text = json.dumps(wire(message, **changed))
    try:
        found = protocol.decode(text)
    except ValueError as error:
        found = None
        sentence = str(error)
    if found is None:
        assert sentence.startswith((type(message).__name__, "the message is not JSON"))
    else:
        assert protocol.decode(protocol.encode(found).encode()) == found


@given(st.text(st.characters(), max_size=200) | st.binary(max_size=200))
def test_any_text_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"^the message "):
        protocol.decode(text)
