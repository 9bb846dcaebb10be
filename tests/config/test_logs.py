"""What the web tier writes down."""

import json
import logging

from config.logs import JsonFormatter, SecretFilter, logging_settings


def record(message: str, *args: object) -> logging.LogRecord:
    return logging.LogRecord("django.request", logging.ERROR, __file__, 1, message, args, None)


def test_the_link_of_a_password_reset_is_not_written_down() -> None:
    entry = record("Internal Server Error: %s", "/accounts/password/reset/key/3a-hunter2-token/")
    assert SecretFilter().filter(entry)
    assert entry.getMessage() == "Internal Server Error: /accounts/password/reset/key/…/"


def test_other_messages_stay_as_they_are() -> None:
    entry = record("relay %s is gone", "north")
    SecretFilter().filter(entry)
    assert entry.getMessage() == "relay north is gone"


def test_a_line_for_machines_is_one_json_object() -> None:
    line = JsonFormatter().format(record("two\nlines"))
    assert "\n" not in line
    assert json.loads(line)["message"] == "two\nlines"
    assert json.loads(line)["level"] == "error"


def test_production_logs_json() -> None:
    assert logging_settings(as_json=True)["formatters"]["line"] == {"()": "config.logs.JsonFormatter"}
