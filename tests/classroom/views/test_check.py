"""The device check's page, and what it takes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from classroom.models import CheckRun, DeviceCheck
from classroom.views import check
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)
GOOD = {"camera": "ok", "microphone": "ok", "speaker": "ok", "network": "ok", "rtt_ms": 12, "loss": 0.0}


@pytest.fixture(autouse=True)
def _new_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets no test feel another's haste."""
    for name in ("runs", "results"):
        old = getattr(check, name)
        monkeypatch.setattr(check, name, type(old)(old._rate, old._burst, old._limit))


def post(user: User | None, name: str, body: Any) -> Any:
    """What the person gets who sends this."""
    client = Client(headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Firefox/132.0"})
    if user is not None:
        client.force_login(user)
    data = body if isinstance(body, str) else json.dumps(body)
    return client.post(reverse(f"classroom:{name}"), data, content_type="application/json")


def test_the_anonymous_are_led_to_sign_in_and_may_ask_nothing(cast: Cast) -> None:
    assert Client().get(reverse("classroom:check")).status_code == 302
    for name in ("check-connect", "check-result"):
        assert post(None, name, GOOD).status_code == 404
    assert not CheckRun.objects.exists()
    assert not DeviceCheck.objects.exists()


def test_a_result_is_kept_with_the_browser_s_name_and_seen_on_the_page(cast: Cast) -> None:
    assert post(cast.student, "check-result", GOOD).status_code == 200
    row = DeviceCheck.objects.get()
    assert (row.user, row.browser, row.network, row.rtt_ms) == (cast.student, "Firefox · Linux", "ok", 12)
    client = Client()
    client.force_login(cast.student)
    assert "Firefox · Linux" in client.get(reverse("classroom:check")).content.decode()
    client.force_login(cast.outsider)
    assert "Firefox · Linux" not in client.get(reverse("classroom:check")).content.decode()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "[" * 100_000,
        {**GOOD, "camera": 1},
        {**GOOD, "loss": 2},
        {**GOOD, "network": "<script>"},
    ],
)
def test_what_is_no_result_is_refused(cast: Cast, body: Any) -> None:
    assert post(cast.student, "check-result", body).status_code == 400
    assert not DeviceCheck.objects.exists()


@pytest.mark.parametrize(
    "body",
    ["", "{", {}, {"send": "v=0"}, {"send": 1, "receive": 2}, {"send": "x" * 65_537, "receive": "v=0"}],
)
def test_what_are_no_offers_is_refused(cast: Cast, body: Any) -> None:
    assert post(cast.student, "check-connect", body).status_code == 400
    assert not CheckRun.objects.exists()


def test_without_a_relay_the_page_is_told_so(cast: Cast) -> None:
    response = post(cast.student, "check-connect", {"send": "v=0", "receive": "v=0"})
    assert response.status_code == 503
    assert "no media relay" in response.json()["message"]


def test_nobody_checks_again_and_again(cast: Cast) -> None:
    codes = [post(cast.student, "check-connect", {}).status_code for _ in range(check.RUNS_AT_ONCE + 1)]
    assert codes == [400] * check.RUNS_AT_ONCE + [429]
    assert post(cast.outsider, "check-connect", {}).status_code == 400
