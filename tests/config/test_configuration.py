"""What an installation may be told, and what it refuses to start with."""

import secrets
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.configuration import (
    Configuration,
    is_loopback,
    mail_settings,
    normal_origin,
    postgres_settings,
    read,
)

VAR = Path("/nonexistent/var")
PRODUCTION = {
    "LECTERN_MODE": "production",
    "HOST": "0.0.0.0",
    "SECRET_KEY": secrets.token_urlsafe(48),
    "RELAY_SECRET": secrets.token_urlsafe(48),
    "DATABASE_URL": "postgres://lectern:word@database:5432/lectern",
    "REDIS_URL": "redis://redis:6379/0",
    "ALLOWED_HOSTS": "school.example",
    "ALLOWED_ORIGINS": "https://school.example",
    "EMAIL_URL": "smtp+tls://user:word@mail.example:587",
}


def production(**changes: str) -> Configuration:
    return read(PRODUCTION | changes, VAR)


def test_nothing_set_is_the_embedded_mode_on_loopback() -> None:
    configuration = read({}, VAR)
    assert (configuration.mode, configuration.host, configuration.port) == ("embedded", "127.0.0.1", 8000)
    assert not configuration.demo
    assert not configuration.debug
    assert configuration.var == VAR
    assert configuration.trusted_proxies == 0


def test_embedded_origins_follow_the_port() -> None:
    assert read({"PORT": "8123"}, VAR).allowed_origins == (
        "http://127.0.0.1:8123",
        "http://localhost:8123",
        "http://[::1]:8123",
    )


def test_embedded_origins_leave_out_the_port_that_browsers_leave_out() -> None:
    assert "http://localhost" in read({"PORT": "80"}, VAR).allowed_origins


def test_a_whole_production_environment_is_accepted() -> None:
    configuration = production()
    assert configuration.is_production
    assert configuration.allowed_hosts == ("school.example",)
    assert configuration.trusted_proxies == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY must be a random text"),
        ({"SECRET_KEY": "x7Kq"}, "SECRET_KEY must be a random text of at least 32 characters"),
        ({"SECRET_KEY": "a" * 64}, "SECRET_KEY must be a random text"),
        ({"SECRET_KEY": "change-me-" + "x7Kq2LmP" * 6}, "SECRET_KEY is still a placeholder"),
        ({"SECRET_KEY": "django-insecure-" + "x7Kq2LmP" * 6}, "SECRET_KEY is still a placeholder"),
        ({"RELAY_SECRET": ""}, "RELAY_SECRET must be a random text"),
        ({"RELAY_SECRET": "development"}, "RELAY_SECRET is still a placeholder"),
        ({"RELAY_SECRET": PRODUCTION["SECRET_KEY"]}, "RELAY_SECRET must differ from SECRET_KEY"),
        ({"DEBUG": "1"}, "DEBUG must be off"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS must name each host in full"),
        ({"ALLOWED_HOSTS": ".school.example"}, "ALLOWED_HOSTS must name each host in full"),
        ({"ALLOWED_HOSTS": "https://school.example"}, "ALLOWED_HOSTS must hold host names alone"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS must be set"),
        ({"ALLOWED_ORIGINS": "*"}, "ALLOWED_ORIGINS must name each origin in full"),
        ({"ALLOWED_ORIGINS": "https://*.school.example"}, "ALLOWED_ORIGINS must name each origin in full"),
        ({"ALLOWED_ORIGINS": "school.example"}, "ALLOWED_ORIGINS must hold origins"),
        ({"ALLOWED_ORIGINS": "https://school.example/"}, "ALLOWED_ORIGINS must hold origins"),
        ({"ALLOWED_ORIGINS": "https://school.example:443"}, "ALLOWED_ORIGINS must hold origins"),
        ({"ALLOWED_ORIGINS": "http://school.example"}, "ALLOWED_ORIGINS must begin with https://"),
        ({"ALLOWED_ORIGINS": ""}, "ALLOWED_ORIGINS must be set"),
        ({"DATABASE_URL": ""}, "DATABASE_URL must be set"),
        ({"EMAIL_URL": ""}, "EMAIL_URL must be set"),
        ({"LECTERN_DEMO": "1"}, "LECTERN_DEMO is refused unless HOST is a loopback address"),
    ],
)
def test_production_refuses(changes: dict[str, str], sentence: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=sentence) as refusal:
        production(**changes)
    assert str(refusal.value).count(". ") == 0, "one sentence"


def test_a_refusal_does_not_repeat_a_secret() -> None:
    with pytest.raises(ImproperlyConfigured) as refusal:
        production(SECRET_KEY="hunter2")
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "school.example"])
def test_the_embedded_mode_serves_loopback_alone(host: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="HOST must be a loopback address"):
        read({"HOST": host}, VAR)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "school.example"])
def test_demo_people_are_refused_beyond_loopback(host: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="LECTERN_DEMO is refused"):
        read({"HOST": host, "LECTERN_DEMO": "1"}, VAR)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.3.2.1", "::1", "[::1]", "localhost"])
def test_loopback_is_known_in_every_form(host: str) -> None:
    assert is_loopback(host)
    assert read({"HOST": host, "LECTERN_DEMO": "1"}, VAR).demo


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://School.example", "https://school.example"),
        ("https://school.example:443", "https://school.example"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("null", None),
        ("", None),
        ("file://", None),
        ("https://school.example/path", None),
        ("https://user@school.example", None),
        ("https://school.example:port", None),
    ],
)
def test_an_origin_is_written_as_browsers_do(text: str, origin: str | None) -> None:
    assert normal_origin(text) == origin


def test_a_database_address_is_taken_apart() -> None:
    configuration = production(DATABASE_URL="postgresql://us%40er:p%2Fw@db.example:6543/name?sslmode=require")
    assert configuration.database
    assert postgres_settings(configuration.database) == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "name",
        "USER": "us@er",
        "PASSWORD": "p/w",
        "HOST": "db.example",
        "PORT": "6543",
        "OPTIONS": {"sslmode": "require"},
    }


def test_mails_are_kept_as_files_without_a_server() -> None:
    assert mail_settings(None, VAR / "mail") == {
        "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
        "EMAIL_FILE_PATH": "/nonexistent/var/mail",
    }


def test_a_mail_server_is_taken_apart() -> None:
    settings = mail_settings(production().mail, VAR)
    assert (settings["EMAIL_HOST"], settings["EMAIL_PORT"], settings["EMAIL_USE_TLS"]) == (
        "mail.example",
        587,
        True,
    )
