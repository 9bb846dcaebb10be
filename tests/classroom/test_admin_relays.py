"""Looking at relays in the admin, and draining one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from classroom.core.seats import Seat
from classroom.models import Placement, Relay
from classroom.services import presence, relay_history
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db
LIST = reverse("admin:classroom_relay_changelist")
FIGURES = reverse("admin:classroom_relay_figures")


def make_relay(name: str = "relay-1", usage: float = 0.0) -> Relay:
    """A relay that was heard of just now."""
    return Relay.objects.create(
        name=name, connected=True, heartbeat_at=timezone.now(), capacity=100, load={"usage": usage}
    )


def drain_page(relay: Relay) -> str:
    return reverse("admin:classroom_relay_drain", args=[relay.pk])


def test_nobody_but_platform_staff_sees_or_drains_relays(cast: Cast, client: Client) -> None:
    relay = make_relay()
    people: tuple[User, ...] = (cast.student, cast.teacher, cast.admin, cast.other_admin)
    for person in people:
        client.force_login(person)
        for address in (LIST, FIGURES, drain_page(relay)):
            assert client.get(address).status_code in (302, 403), (person, address)
        assert client.post(drain_page(relay)).status_code in (302, 403)
    client.logout()
    assert client.get(FIGURES).status_code == 302


def test_the_figures_are_those_since_a_moment(staff: Client) -> None:
    relay, quiet = make_relay(), make_relay("relay-2")
    for packets in (100, 200):
        figures = dict.fromkeys(relay_history.FIGURES, 0) | {"out_pps": packets}
        relay_history.record(relay.pk, **figures)
    told = staff.get(FIGURES).json()
    column = told["figures"].index("out_pps") + 1
    shown = {entry["name"]: entry["samples"] for entry in told["relays"]}
    assert [row[column] for row in shown[relay.name]] == [100, 200]
    assert shown[quiet.name] == []
    first = shown[relay.name][0][0]
    fresh = staff.get(FIGURES, {"since": repr(first)}).json()["relays"]
    assert [row[column] for entry in fresh for row in entry["samples"]] == [200]


@pytest.mark.parametrize("since", ["", "soon", "nan", "inf", "-1e99", "1e300"])
def test_a_moment_that_is_none_means_all(staff: Client, since: str) -> None:
    relay_history.record(make_relay().pk, **dict.fromkeys(relay_history.FIGURES, 1))
    (entry,) = staff.get(FIGURES, {"since": since}).json()["relays"]
    assert len(entry["samples"]) == 1


def test_the_page_says_that_new_lessons_are_refused(staff: Client) -> None:
    relay = make_relay(usage=0.85)
    page = staff.get(LIST).content.decode()
    assert 'role="alert">Every relay uses four fifths' in page
    assert staff.get(FIGURES).json()["full"]
    Relay.objects.filter(pk=relay.pk).update(load={"usage": 0.5})
    assert 'role="alert" hidden>' in staff.get(LIST).content.decode()


def test_draining_is_asked_about_first(cast: Cast, staff: Client) -> None:
    relay = make_relay()
    assert drain_page(relay) in staff.get(LIST).content.decode()
    assert "hands those under way to other relays" in staff.get(drain_page(relay)).content.decode()
    done = staff.post(drain_page(relay), follow=True).content.decode()
    assert "Relay-1 moves its lessons to other relays and stops." in done


def test_a_relay_whose_lessons_have_nowhere_to_go_is_not_drained(cast: Cast, staff: Client) -> None:
    relay = make_relay()
    Placement.objects.create(lesson=cast.lesson, relay=relay)
    presence.enter(Seat(cast.lesson.pk, cast.student.pk, "page-0001"), "channel")
    done = staff.post(drain_page(relay), follow=True).content.decode()
    assert "There is no other relay that could take its lessons." in done


def test_a_relay_that_is_away_or_drains_already_has_no_such_link(staff: Client) -> None:
    relay = make_relay()
    Relay.objects.update(draining=True)
    page = staff.get(LIST).content.decode()
    assert drain_page(relay) not in page
    assert "draining" in page
    Relay.objects.update(draining=False, heartbeat_at=timezone.now() - timedelta(minutes=1))
    assert drain_page(relay) not in staff.get(LIST).content.decode()
