"""Device checks: a room of one's own for a while, and the newest result of each browser."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from classroom.models import CheckRun, DeviceCheck, Relay
from classroom.services import checks, events
from classroom.services.checks import Result
from classroom.services.errors import RelayUnavailableError
from media_relay import protocol
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db
GOOD = Result("ok", "ok", "ok", "ok", 20, 0.0)
BAD = Result("blocked", "ok", "", "blocked", None, None)


@pytest.fixture
def relay(db: None) -> Relay:
    """A relay that has registered."""
    now = timezone.now()
    fields = {
        "address": "192.0.2.1",
        "port": 7400,
        "capacity": 100,
        "channel": "a relay",
        "heartbeat_at": now,
    }
    return Relay.objects.create(name="relay-1", connected=True, epoch="epoch", **fields)


@pytest.fixture
def orders(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What relays are told, in its order."""
    told: list[Any] = []
    monkeypatch.setattr(events, "_after_commit", lambda _send, _channel, message: told.append(message))
    return told


def permits(message: Any) -> protocol.Permits:
    """The permits of an order."""
    found = protocol.decode(message["text"])
    assert isinstance(found, protocol.Permits)
    return found


def test_a_check_has_a_room_for_its_person_alone_and_ends(
    cast: Cast, relay: Relay, orders: list[Any]
) -> None:
    run = checks.begin(cast.student.pk)
    opened = permits(orders[0])
    assert opened.room == str(run.sender.lesson_id)
    assert opened.publishers == {str(cast.student.pk): ("microphone",)}
    assert opened.viewers == (str(run.receiver.user_id),)
    assert [entry.participant for entry in opened.stage] == [str(cast.student.pk)]
    checks.end(cast.student.pk)
    checks.end(cast.student.pk)
    closed = permits(orders[1])
    assert (closed.room, closed.viewers, closed.publishers) == (opened.room, (), {})
    assert closed.generation > opened.generation
    assert len(orders) == 2
    assert not CheckRun.objects.exists()


def test_a_second_check_ends_the_first(cast: Cast, relay: Relay, orders: list[Any]) -> None:
    first = checks.begin(cast.student.pk)
    second = checks.begin(cast.student.pk)
    assert [permits(order).room for order in orders] == [
        str(room) for room in (first.sender.lesson_id, first.sender.lesson_id, second.sender.lesson_id)
    ]
    assert CheckRun.objects.count() == 1


def test_a_check_that_nobody_ends_runs_out(cast: Cast, relay: Relay, orders: list[Any]) -> None:
    checks.begin(cast.student.pk)
    checks.sweep()
    assert len(orders) == 1
    CheckRun.objects.update(started_at=timezone.now() - checks.RUN_LASTS)
    checks.sweep()
    assert permits(orders[1]).viewers == ()


def test_without_a_relay_nothing_is_left_behind(cast: Cast) -> None:
    with pytest.raises(RelayUnavailableError):
        checks.begin(cast.student.pk)
    assert not CheckRun.objects.exists()


def test_only_the_newest_check_of_a_browser_and_the_newest_browsers_are_kept(cast: Cast) -> None:
    checks.keep(cast.student.pk, "Firefox · Linux", BAD)
    checks.keep(cast.student.pk, "Firefox · Linux", GOOD)
    assert list(DeviceCheck.objects.values_list("network", flat=True)) == ["ok"]
    for number in range(checks.MAX_BROWSERS):
        checks.keep(cast.student.pk, f"Browser {number}", GOOD)
    names = {row.browser for row in checks.own(cast.student.pk)}
    assert names == {f"Browser {number}" for number in range(checks.MAX_BROWSERS)}


def test_staff_learn_who_will_have_trouble_by_the_newest_check(cast: Cast) -> None:
    first, second, third, _fourth = cast.students
    checks.keep(first.pk, "Firefox · Linux", BAD)
    checks.keep(second.pk, "Firefox · Linux", BAD)
    DeviceCheck.objects.update(checked_at=timezone.now() - timedelta(hours=1))
    checks.keep(second.pk, "Chrome · Linux", GOOD)
    checks.keep(third.pk, "Chrome · Linux", GOOD)
    checks.keep(cast.stranger.pk, "Chrome · Linux", BAD)
    checks.keep(cast.teacher.pk, "Chrome · Linux", BAD)
    assert checks.troubles(cast.course.pk) == {str(first.pk): ["camera", "network"]}


@pytest.mark.parametrize(
    "values",
    [
        ("perfect", "ok", "ok", "ok", 1, 0.0),
        ("ok", "ok", "ok", "busy", 1, 0.0),
        ("ok", "ok", "ok", "ok", -1, 0.0),
        ("ok", "ok", "ok", "ok", True, 0.0),
        ("ok", "ok", "ok", "ok", 60_001, 0.0),
        ("ok", "ok", "ok", "ok", 1, 1.1),
        ("ok", "ok", "ok", "ok", 1, float("nan")),
        ("ok", "ok", "ok", "ok", 1, "0"),
    ],
)
def test_what_cannot_be_is_not_kept(values: Any) -> None:
    with pytest.raises(ValueError, match="expected"):
        Result(*values)
