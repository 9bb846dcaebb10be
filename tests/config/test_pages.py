"""What every page carries, whoever asks and whatever it says."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.support.cast import Cast

NOBODYS_LESSON = "00000000-0000-4000-8000-000000000000"
VALUES = {"lesson_id": NOBODYS_LESSON, "object_id": "1", "uidb36": "1", "key": "1-1", "id": "1", "url": "x"}
VALUES |= {"app_label": "accounts", "content_type_id": "1", "final": ""}


def addresses(resolver: URLResolver, prefix: str = "") -> list[str]:
    """Every address of the site, with values filled in."""
    found = []
    for part in resolver.url_patterns:
        route = prefix + str(part.pattern)
        if isinstance(part, URLResolver):
            found += addresses(part, route)
        elif isinstance(part, URLPattern):
            found.append("/" + _filled(route))
    return found


def _filled(route: str) -> str:
    route = re.sub(r"<(?:\w+:)?(\w+)>", lambda match: VALUES.get(match[1], "1"), route)
    route = re.sub(r"\(\?P1?<?(\w+)>?[^)]*\)", "1", route)
    return re.sub(r"[\^$\\]|\?P\w*", "", route)


ADDRESSES = sorted(set(addresses(get_resolver())))


def test_the_site_has_addresses() -> None:
    assert {"/accounts/login/", "/admin/", f"/lessons/{NOBODYS_LESSON}/room/"} <= set(ADDRESSES)


def test_every_page_is_guarded(cast: Cast, client: Client) -> None:
    for person in (None, cast.student, cast.admin, cast.staff):
        for address in ADDRESSES:
            client.logout()
            if person:
                client.force_login(person)
            assert_guarded(client, address)


def assert_guarded(client: Client, address: str) -> None:
    response = client.get(address)
    assert response.status_code < 500, address
    policy = dict(part.strip().split(" ", 1) for part in response["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["object-src"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert "unsafe" not in response["Content-Security-Policy"]
    assert "camera=(self)" in response["Permissions-Policy"]
    assert "geolocation=()" in response["Permissions-Policy"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"


def test_a_page_that_is_not_there_is_guarded_too(client: Client, db: None) -> None:
    assert_guarded(client, "/nothing/here/")


@pytest.mark.parametrize("name", ["account_login", "account_reset_password"])
def test_every_script_and_style_of_a_page_is_a_file_or_has_the_nonce(
    client: Client, db: None, name: str
) -> None:
    response = client.get(reverse(name))
    page = response.content.decode()
    nonces = set(re.findall(r"'nonce-([^']+)'", response["Content-Security-Policy"]))
    for tag in re.findall(r"<(?:script|style)\b[^>]*>", page):
        inline = " src=" not in tag
        assert not inline or any(f'nonce="{nonce}"' in tag for nonce in nonces), tag
    assert not re.search(r"""\s(?:style|on\w+)=["']""", page)


def test_a_host_that_is_not_ours_is_refused(client: Client, db: None) -> None:
    assert client.get("/accounts/login/", headers={"host": "evil.example"}).status_code == 400


def test_pages_are_in_german_for_whom_asks_for_it(client: Client, db: None) -> None:
    response = client.get("/accounts/login/", headers={"accept-language": "de"})
    assert response["Content-Language"] == "de"
