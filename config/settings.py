"""Django's settings; what differs between installations comes from `config.configuration`."""

import os
from pathlib import Path
from typing import Any

from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff

from config import configuration, logs, secrets

BASE_DIR = Path(__file__).resolve().parent.parent
CONFIGURATION = configuration.read(os.environ, default_var=BASE_DIR / "var")
PRODUCTION = CONFIGURATION.is_production
LECTERN_DEMO = CONFIGURATION.demo
DEBUG = CONFIGURATION.debug

VAR = CONFIGURATION.var
"""Everything that an installation writes: database, secrets, logs, mails."""
try:
    VAR.mkdir(mode=0o700, parents=True, exist_ok=True)
except OSError as error:
    raise ImproperlyConfigured(f"LECTERN_VAR: “{VAR}” can't be made ({error.strerror}).") from error

SECRET_KEY = CONFIGURATION.secret_key or secrets.kept_secret(VAR / "secret_key")
METRICS_TOKEN = CONFIGURATION.metrics_token
RELAY_SECRET = CONFIGURATION.relay_secret or secrets.kept_secret(VAR / "relay_secret")

# Who may talk to us, and over what

ALLOWED_HOSTS = list(CONFIGURATION.allowed_hosts)
ALLOWED_ORIGINS = list(CONFIGURATION.allowed_origins)
"""The origins (scheme, host, port) from which pages may open our WebSockets; the first is the site's own."""
ALLAUTH_TRUSTED_PROXY_COUNT = CONFIGURATION.trusted_proxies
CSRF_TRUSTED_ORIGINS = ALLOWED_ORIGINS if PRODUCTION else []
DATA_UPLOAD_MAX_MEMORY_SIZE = 1 << 20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
FILE_UPLOAD_MAX_MEMORY_SIZE = 1 << 20

SESSION_COOKIE_NAME = "__Host-sessionid" if PRODUCTION else "sessionid"
SESSION_COOKIE_AGE = 12 * 60 * 60  # A school day: the computer may be a shared one.
CSRF_COOKIE_NAME = "__Host-csrftoken" if PRODUCTION else "csrftoken"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = PRODUCTION
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if PRODUCTION else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PRODUCTION else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Firefox before 126 does not count ws: among what 'self' allows; a policy can't name IPv6 addresses.
SOCKET_ORIGINS = [origin.replace("http", "ws", 1) for origin in ALLOWED_ORIGINS if "[" not in origin]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:"],
        "media-src": [SELF, "blob:"],
        "worker-src": [SELF, "blob:"],
        "connect-src": [SELF, *SOCKET_ORIGINS],
        "object-src": [NONE],
        "frame-src": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
        "base-uri": [NONE],
    }
}

# What runs

INSTALLED_APPS = [
    "daphne",
    "accounts.admin_app.LecternAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "allauth",
    "allauth.account",
    "accounts",
    "classroom",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.permissions_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.admin_in_school_time",
]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ]
        },
    }
]

# Where things are kept

SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=10000; "
    "PRAGMA cache_size=-20000; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=134217728; "
    "PRAGMA journal_size_limit=67108864;"
)
# A request runs in a thread of its own under ASGI, so that a connection kept by its thread would never be
# used again: PostgreSQL's are pooled, and SQLite's cost next to nothing.
if CONFIGURATION.database:
    DATABASES: dict[str, dict[str, Any]] = {
        "default": configuration.postgres_settings(CONFIGURATION.database)
    }
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 20, "timeout": 10}
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": VAR / "lectern.sqlite3",
            "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 10, "init_command": SQLITE_PRAGMAS},
        }
    }

CACHE_TABLE = "lectern_cache"
"""Made by a migration of `accounts`; sign-in limits count there, so it must be shared and not forget."""
LAYER_CAPACITY = 10_000
if CONFIGURATION.redis_url:
    CACHES: dict[str, dict[str, Any]] = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": CONFIGURATION.redis_url,
        }
    }
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {
                # A Redis that is restarted is back within a second or two: so long a message waits.
                "hosts": [
                    {"address": CONFIGURATION.redis_url, "retry": Retry(ExponentialBackoff(0.25, 0.05), 12)}
                ],
                "prefix": "lectern",
            },
        }
    }
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": CACHE_TABLE,
            "OPTIONS": {"MAX_ENTRIES": 50_000},
        }
    }
    CHANNEL_LAYERS = {
        "default": {"BACKEND": "config.layers.EmbeddedLayer", "CONFIG": {"capacity": LAYER_CAPACITY}}
    }

# People and signing in; limits are per account, since a whole school may share one address

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["accounts.hashers.Argon2Hasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Lectern] "
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL
ACCOUNT_RATE_LIMITS = {
    "login": None,
    "login_failed": "5/5m/key",
    "reset_password": "5/h/key",
    "reset_password_from_key": None,
    "change_password": "5/m/user",
    "reauthenticate": "5/m/user",
}
DEFAULT_FROM_EMAIL = SERVER_EMAIL = CONFIGURATION.mail_from
globals().update(configuration.mail_settings(CONFIGURATION.mail, VAR / "mail"))

# Words and times

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# Files that browsers fetch

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "static-built"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.static_files.StaticStorage"},
}

LOGGING = logs.logging_settings(as_json=PRODUCTION)
