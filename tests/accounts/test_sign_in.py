"""Signing in: who may, and how often one may try."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user
from django.core.cache import cache
from django.test import Client
from django.urls import NoReverseMatch, reverse

from accounts.models import User
from tests.support.cast import PASSWORD, Cast, make_person

LIMIT = 5
CLASS_SIZE = 60


@pytest.fixture(autouse=True)
def _no_earlier_tries(db: None) -> None:
    cache.clear()


def sign_in(email: str, password: str = PASSWORD, **headers: str) -> Client:
    client = Client(headers=headers) if headers else Client()
    client.post(reverse("account_login"), {"login": email, "password": password})
    return client


def is_signed_in(client: Client) -> bool:
    return get_user(client).is_authenticated  # type: ignore[arg-type]  # a client has a session as a request has


def fail(email: str, times: int, **headers: str) -> None:
    for _ in range(times):
        assert not is_signed_in(sign_in(email, "wrong", **headers))


def test_a_person_signs_in_and_lands_on_the_timetable(cast: Cast, client: Client) -> None:
    response = client.post(reverse("account_login"), {"login": cast.student.email, "password": PASSWORD})
    assert (response.status_code, response["Location"]) == (302, "/")


def test_the_case_of_an_address_does_not_matter(cast: Cast) -> None:
    assert is_signed_in(sign_in(f" {cast.student.email.upper()} "))


def test_the_labels_are_email_and_password(client: Client, db: None) -> None:
    form = client.get(reverse("account_login")).context["form"]
    assert [str(form.fields[name].label) for name in form.fields] == ["Email", "Password"]


def test_an_inactive_person_is_refused(cast: Cast) -> None:
    User.objects.filter(pk=cast.student.pk).update(is_active=False)
    assert not is_signed_in(sign_in(cast.student.email))


def test_deactivating_ends_a_session(cast: Cast, client: Client) -> None:
    client.force_login(cast.student)
    User.objects.filter(pk=cast.student.pk).update(is_active=False)
    assert not is_signed_in(client)


def test_the_sixth_try_is_refused_even_with_the_right_password(cast: Cast) -> None:
    fail(cast.student.email, LIMIT)
    assert not is_signed_in(sign_in(cast.student.email))


def test_a_forged_address_or_another_host_does_not_give_another_try(cast: Cast) -> None:
    fail(cast.student.email, LIMIT - 1, x_forwarded_for="203.0.113.1")
    fail(cast.student.email.upper(), 1, host="localhost")
    assert not is_signed_in(sign_in(cast.student.email, x_forwarded_for="203.0.113.2"))
    other = Client(REMOTE_ADDR="203.0.113.3")
    other.post(reverse("account_login"), {"login": cast.student.email, "password": PASSWORD})
    assert not is_signed_in(other)


def test_the_limit_is_one_account_s_alone(cast: Cast) -> None:
    fail(cast.student.email, LIMIT)
    assert is_signed_in(sign_in(cast.students[1].email))


def test_successes_do_not_count(cast: Cast) -> None:
    for _ in range(LIMIT + 1):
        assert is_signed_in(sign_in(cast.student.email))


def test_a_whole_class_signs_in_from_one_address(cast: Cast) -> None:
    hashed = cast.student.password
    for number in range(CLASS_SIZE + 5):
        make_person(cast.school, f"pupil{number}@demo.school", "Pupil", hashed)
    signed_in = sum(is_signed_in(sign_in(f"pupil{number}@demo.school")) for number in range(CLASS_SIZE + 5))
    assert signed_in == CLASS_SIZE + 5


def test_signing_up_is_closed(client: Client, db: None) -> None:
    form = {"email": "new@demo.school", "password1": "a long pass-phrase", "password2": "a long pass-phrase"}
    for response in (client.get(reverse("account_signup")), client.post(reverse("account_signup"), form)):
        assert response.templates[0].name == "account/signup_closed.html"
    assert not User.objects.filter(email="new@demo.school").exists()


def test_one_signs_out_by_post_alone(cast: Cast, client: Client) -> None:
    client.force_login(cast.student)
    client.get(reverse("account_logout"))
    assert is_signed_in(client)
    client.post(reverse("account_logout"))
    assert not is_signed_in(client)


@pytest.mark.parametrize("name", ["account_email", "account_set_password", "account_confirm_login_code"])
def test_what_a_closed_school_does_not_need_has_no_address(name: str) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(name)


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_signing_in_leads_nowhere_else(cast: Cast, client: Client, target: str) -> None:
    form = {"login": cast.student.email, "password": PASSWORD, "next": target}
    assert client.post(reverse("account_login"), form)["Location"] == "/"


def test_the_admin_is_entered_through_the_sign_in_page(cast: Cast, client: Client) -> None:
    response = client.get("/admin/login/?next=/admin/")
    assert response["Location"] == "/accounts/login/?next=%2Fadmin%2F"
    form = {"username": cast.admin.email, "password": PASSWORD}
    assert client.post("/admin/login/", form).status_code == 302
    assert not is_signed_in(client)


def test_who_manages_nothing_is_refused_by_the_admin(cast: Cast, client: Client) -> None:
    client.force_login(cast.teacher)
    assert client.get("/admin/", follow=True).status_code == 403


def test_the_admin_changes_passwords_on_our_own_page(cast: Cast, client: Client) -> None:
    client.force_login(cast.admin)
    assert client.get("/admin/password_change/")["Location"] == reverse("account_change_password")
