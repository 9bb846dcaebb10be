"""What an installation is told by its environment, as one value.

Pure, so that every rule is tested without starting anything.
"""

from __future__ import annotations

import ipaddress
import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from config.env import Environment

EMBEDDED = "embedded"
PRODUCTION = "production"
MODES = (EMBEDDED, PRODUCTION)

SECRET_LENGTH = 32
"""The shortest secret that production accepts, in characters."""
SECRET_VARIETY = 8
"""So many different characters a secret must have: a row of one letter is none."""
PLACEHOLDERS = (
    "changeme",
    "change-me",
    "change_me",
    "placeholder",
    "insecure",
    "example",
    "development",
    "secret",
)
DEFAULT_PORTS = {"http": 80, "https": 443}
POSTGRES_SCHEMES = ("postgres", "postgresql")
REDIS_SCHEMES = ("redis", "rediss", "unix")
MAIL_SCHEMES = ("smtp", "smtps", "smtp+tls", "file", "console")
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True)
class Configuration:
    """All that the environment decides for the web tier."""

    mode: str
    demo: bool
    debug: bool
    host: str
    port: int
    var: Path
    secret_key: str
    """Empty where the embedded mode is to make one and keep it."""
    relay_secret: str
    """Empty where the embedded mode is to make one and keep it."""
    database: SplitResult | None
    redis_url: str
    allowed_hosts: tuple[str, ...]
    allowed_origins: tuple[str, ...]
    mail: SplitResult | None
    mail_from: str
    trusted_proxies: int
    metrics_token: str
    """Empty where nobody may read /metrics."""

    @property
    def is_production(self) -> bool:
        """Whether the installation faces the network."""
        return self.mode == PRODUCTION


def read(environ: Mapping[str, str], default_var: Path) -> Configuration:
    """Returns the configuration; raises ImproperlyConfigured with one sentence when it can't be right."""
    env = Environment(environ)
    mode = env.choice("LECTERN_MODE", MODES)
    host, port = env.text("HOST", "127.0.0.1"), env.port("PORT", 8000)
    redis = env.url("REDIS_URL", REDIS_SCHEMES)
    configuration = Configuration(
        mode=mode,
        demo=env.flag("LECTERN_DEMO"),
        debug=env.flag("DEBUG"),
        host=host,
        port=port,
        var=Path(env.text("LECTERN_VAR", str(default_var))).absolute(),
        secret_key=env.text("SECRET_KEY"),
        relay_secret=env.text("RELAY_SECRET"),
        database=env.url("DATABASE_URL", POSTGRES_SCHEMES),
        redis_url=redis.geturl() if redis else "",
        allowed_hosts=env.names("ALLOWED_HOSTS", LOOPBACK_HOSTS if mode == EMBEDDED else ()),
        allowed_origins=env.names("ALLOWED_ORIGINS", _loopback_origins(port) if mode == EMBEDDED else ()),
        mail=env.url("EMAIL_URL", MAIL_SCHEMES),
        mail_from=env.text("EMAIL_FROM", "Lectern <lectern@localhost>"),
        trusted_proxies=env.number("TRUSTED_PROXY_COUNT", 1 if mode == PRODUCTION else 0, 0, 8),
        metrics_token=env.text("METRICS_TOKEN"),
    )
    _check(configuration)
    return configuration


def _loopback_origins(port: int) -> tuple[str, ...]:
    return tuple(f"http://{host}" if port == 80 else f"http://{host}:{port}" for host in LOOPBACK_HOSTS)


def _check(configuration: Configuration) -> None:
    for origin in configuration.allowed_origins:
        _check_origin(origin)
    for host in configuration.allowed_hosts:
        _check_host(host)
    if configuration.demo and not is_loopback(configuration.host):
        raise ImproperlyConfigured(
            "LECTERN_DEMO is refused unless HOST is a loopback address such as 127.0.0.1."
        )
    if configuration.is_production:
        _check_production(configuration)
    elif not is_loopback(configuration.host):
        raise ImproperlyConfigured(
            "HOST must be a loopback address such as 127.0.0.1 in the embedded mode: "
            "set LECTERN_MODE to production to serve other machines."
        )


def _check_production(configuration: Configuration) -> None:
    check_secret("SECRET_KEY", configuration.secret_key)
    check_secret("RELAY_SECRET", configuration.relay_secret)
    if configuration.metrics_token:
        check_secret("METRICS_TOKEN", configuration.metrics_token)
    if configuration.secret_key == configuration.relay_secret:
        raise ImproperlyConfigured("RELAY_SECRET must differ from SECRET_KEY.")
    if configuration.debug:
        raise ImproperlyConfigured("DEBUG must be off in production.")
    required = (
        ("DATABASE_URL", configuration.database, "the address of a PostgreSQL database"),
        ("ALLOWED_HOSTS", configuration.allowed_hosts, "the host names of the site"),
        (
            "ALLOWED_ORIGINS",
            configuration.allowed_origins,
            "the origins of the site, such as https://school.example",
        ),
        ("EMAIL_URL", configuration.mail, "a mail server, such as smtp+tls://user:password@host:587"),
    )
    for name, value, meaning in required:
        if not value:
            raise ImproperlyConfigured(f"{name} must be set in production: {meaning}.")
    for origin in configuration.allowed_origins:
        if not origin.startswith("https://"):
            raise ImproperlyConfigured(
                f"ALLOWED_ORIGINS must begin with https:// in production, unlike “{origin}”."
            )


def check_secret(name: str, value: str) -> None:
    """Raises ImproperlyConfigured unless the value is long and varied enough; the value is never repeated."""
    if any(word in value.lower() for word in PLACEHOLDERS):
        raise ImproperlyConfigured(f"{name} is still a placeholder: put in a long random text.")
    if len(value) < SECRET_LENGTH or len(set(value)) < SECRET_VARIETY:
        raise ImproperlyConfigured(f"{name} must be a random text of at least {SECRET_LENGTH} characters.")


def _check_host(host: str) -> None:
    if "*" in host or host.startswith("."):
        raise ImproperlyConfigured(f"ALLOWED_HOSTS must name each host in full, unlike “{host}”.")
    if "://" in host or "/" in host:
        raise ImproperlyConfigured(f"ALLOWED_HOSTS must hold host names alone, unlike “{host}”.")


def _check_origin(origin: str) -> None:
    """An origin is a scheme, a host and, where it isn't the scheme's own, a port."""
    if "*" in origin:
        raise ImproperlyConfigured("ALLOWED_ORIGINS must name each origin in full, without *.")
    if normal_origin(origin) != origin:
        raise ImproperlyConfigured(
            f"ALLOWED_ORIGINS must hold origins such as https://school.example, unlike “{origin}”."
        )


def normal_origin(text: str) -> str | None:
    """Returns the origin as browsers write it, or None if the text is not an origin of http or https."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if (
        parts.scheme not in DEFAULT_PORTS
        or not host
        or parts.path
        or parts.query
        or parts.fragment
        or "@" in text
    ):
        return None
    if not set(host) <= set(string.ascii_letters + string.digits + "-.:_"):
        return None
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + ("" if port in (None, DEFAULT_PORTS[parts.scheme]) else f":{port}")


def is_loopback(host: str) -> bool:
    """Whether a host reaches this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def postgres_settings(url: SplitResult) -> dict[str, Any]:
    """Django's settings for PostgreSQL; a query such as ?sslmode=require is handed to the driver."""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(url.path.lstrip("/")),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": unquote(url.hostname or ""),
        "PORT": str(url.port or ""),
        "OPTIONS": dict(parse_qsl(url.query)),
    }


def mail_settings(url: SplitResult | None, folder: Path) -> dict[str, Any]:
    """Django's settings for sending mail; without a server, mails are kept as files in the folder."""
    if url is None or url.scheme == "file":
        path = url.path if url else str(folder)
        return {"EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend", "EMAIL_FILE_PATH": path}
    if url.scheme == "console":
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": url.hostname or "localhost",
        "EMAIL_PORT": url.port or {"smtp": 25, "smtps": 465, "smtp+tls": 587}[url.scheme],
        "EMAIL_HOST_USER": unquote(url.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(url.password or ""),
        "EMAIL_USE_SSL": url.scheme == "smtps",
        "EMAIL_USE_TLS": url.scheme == "smtp+tls",
        "EMAIL_TIMEOUT": 10,
    }
