"""Passwords: how they are kept, changed and reset."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.hashers import make_password
from django.core import mail
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.support.cast import PASSWORD, Cast

NEW_PASSWORD = "quite another pass-phrase"
RESET_LIMIT = 5
PEOPLE_AT_ONCE = 48
MANY_AT_ONCE = f"""
import resource
from concurrent.futures import ThreadPoolExecutor
from accounts.hashers import Argon2Hasher

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

hasher = Argon2Hasher()
before = peak()
with ThreadPoolExecutor({PEOPLE_AT_ONCE}) as threads:
    list(threads.map(lambda number: hasher.encode("secret", f"salt-and-{{number}}"), range({PEOPLE_AT_ONCE})))
print(peak() - before)
"""
"""Prints by how many mebibytes a process grows that hashes so many passwords at the same time."""


@pytest.fixture(autouse=True)
def _no_earlier_tries(db: None) -> None:
    cache.clear()


def is_signed_in(client: Client) -> bool:
    return get_user(client).is_authenticated  # type: ignore[arg-type]  # a client has a session as a request has


def ask_for_reset(email: str, **headers: str) -> Sequence[EmailMessage]:
    mail.outbox.clear()
    Client(headers=headers).post(reverse("account_reset_password"), {"email": email})
    return mail.outbox


def link_in(message: EmailMessage) -> str:
    found = re.search(r"https?://\S+/password/reset/key/\S+", str(message.body))
    assert found, message.body
    return found[0]


def test_a_password_takes_19_mebibytes_to_check() -> None:
    assert make_password(PASSWORD).startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_class_that_signs_in_at_once_does_not_take_the_memory() -> None:
    command = [sys.executable, "-c", MANY_AT_ONCE]
    grown = int(subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout)
    assert grown < PEOPLE_AT_ONCE * 19 / 6


def test_changing_the_password_ends_other_sessions_alone(cast: Cast, client: Client) -> None:
    other = Client()
    for one in (client, other):
        one.force_login(cast.student)
    form = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    response = client.post(reverse("account_change_password"), form)
    assert (response.status_code, response["Location"]) == (302, "/")
    assert is_signed_in(client)
    assert not is_signed_in(other)


@pytest.mark.parametrize("password", ["short", "1234567890123", "password123456"[:11], "Student 1 demo"])
def test_a_weak_password_is_refused(cast: Cast, client: Client, password: str) -> None:
    client.force_login(cast.student)
    form = {"oldpassword": PASSWORD, "password1": password, "password2": password}
    assert client.post(reverse("account_change_password"), form).status_code == 200
    assert User.objects.get(pk=cast.student.pk).check_password(PASSWORD)


def test_the_old_password_can_be_tried_five_times(cast: Cast, client: Client) -> None:
    client.force_login(cast.student)
    wrong = {"oldpassword": "wrong", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    codes = [client.post(reverse("account_change_password"), wrong).status_code for _ in range(6)]
    assert codes == [200] * 5 + [429]


def test_a_forgotten_password_is_reset_by_mail(cast: Cast, client: Client) -> None:
    (message,) = ask_for_reset(cast.student.email)
    assert message.to == [cast.student.email]
    page = client.get(link_in(message), follow=True)
    form = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    client.post(page.redirect_chain[-1][0], form)
    assert User.objects.get(pk=cast.student.pk).check_password(NEW_PASSWORD)


def test_a_link_works_once(cast: Cast, client: Client) -> None:
    (message,) = ask_for_reset(cast.student.email)
    cast.student.set_password(NEW_PASSWORD)
    cast.student.save()
    assert client.get(link_in(message), follow=True).context["token_fail"]


def test_an_unknown_address_gets_the_same_answer_and_no_mail(cast: Cast, client: Client) -> None:
    known = client.post(reverse("account_reset_password"), {"email": cast.student.email})
    mail.outbox.clear()
    unknown = client.post(reverse("account_reset_password"), {"email": "nobody@demo.school"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert not mail.outbox


@pytest.mark.parametrize("host", ["localhost:6666", "127.0.0.1:1", "localhost"])
def test_the_host_header_does_not_choose_where_a_link_leads(cast: Cast, host: str) -> None:
    (message,) = ask_for_reset(cast.student.email, host=host)
    origin = settings.ALLOWED_ORIGINS[0]
    assert link_in(message).startswith(f"{origin}/accounts/password/reset/key/")
    assert host not in f"{message.subject} {message.body}".replace(origin, "")


def test_a_host_that_is_not_ours_gets_no_mail_sent(cast: Cast) -> None:
    assert not ask_for_reset(cast.student.email, host="evil.example")


def test_a_forwarded_host_is_not_believed(cast: Cast) -> None:
    (message,) = ask_for_reset(cast.student.email, x_forwarded_host="evil.example")
    assert "evil.example" not in str(message.body)


def test_resets_of_one_account_are_limited_wherever_they_come_from(cast: Cast) -> None:
    for number in range(RESET_LIMIT):
        assert ask_for_reset(cast.student.email, x_forwarded_for=f"203.0.113.{number}")
    assert not ask_for_reset(cast.student.email.upper(), x_forwarded_for="203.0.113.99")
    assert ask_for_reset(cast.students[1].email)


def test_an_inactive_person_gets_no_link(cast: Cast) -> None:
    User.objects.filter(pk=cast.student.pk).update(is_active=False)
    assert not [message for message in ask_for_reset(cast.student.email) if "/key/" in str(message.body)]


def test_an_address_that_one_has_no_longer_opens_nothing(cast: Cast, client: Client) -> None:
    old = cast.student.email
    EmailAddress.objects.create(user=cast.student, email=old, primary=True, verified=True)
    cast.student.email = "renamed@demo.school"
    cast.student.save()
    assert not ask_for_reset(old)
    client.post(reverse("account_login"), {"login": old, "password": PASSWORD})
    assert not is_signed_in(client)
    client.post(reverse("account_login"), {"login": "renamed@demo.school", "password": PASSWORD})
    assert is_signed_in(client)
