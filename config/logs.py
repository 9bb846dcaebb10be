"""How the web tier logs: one line an event on standard error, quiet, and without secrets."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

SECRET_IN_PATH = re.compile(r"(/password/reset/key/)[^/\s]+")
"""The link of a password reset is as good as the password for a while."""


class SecretFilter(logging.Filter):
    """Takes what would open an account out of messages."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrites the message where needed; drops nothing."""
        message = record.getMessage()
        cleaned = SECRET_IN_PATH.sub(r"\1…", message)
        if cleaned != message:
            record.msg, record.args = cleaned, None
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line, for machines."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns time, level, logger, message and, where there is one, the traceback."""
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def logging_settings(as_json: bool) -> dict[str, Any]:
    """Returns Django's LOGGING: our own loggers from INFO, requests from ERROR, the rest from WARNING."""
    formatter: dict[str, Any] = {"format": "%(levelname)s %(name)s: %(message)s"}
    if as_json:
        formatter = {"()": "config.logs.JsonFormatter"}
    ours = {name: {"level": "INFO"} for name in ("accounts", "classroom", "config", "lectern")}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"secrets": {"()": "config.logs.SecretFilter"}},
        "formatters": {"line": formatter},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["secrets"]},
        },
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        "loggers": {
            **ours,
            "django": {"level": "WARNING", "handlers": [], "propagate": True},
            # A page that isn't there or is refused is the visitor's affair, not the operator's.
            "django.request": {"level": "ERROR"},
            "django.security.DisallowedHost": {"level": "CRITICAL"},
        },
    }
