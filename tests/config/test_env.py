"""The typed readers of environment variables."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import Environment


def test_an_empty_value_counts_as_not_set() -> None:
    assert Environment({"HOST": "  "}).text("HOST", "127.0.0.1") == "127.0.0.1"


def test_a_value_may_stand_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("from a file\n")
    assert Environment({"SECRET_KEY_FILE": str(path)}).text("SECRET_KEY") == "from a file"


def test_a_value_and_a_file_at_once_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="either SECRET_KEY or SECRET_KEY_FILE"):
        Environment({"SECRET_KEY": "a", "SECRET_KEY_FILE": "b"}).text("SECRET_KEY")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"SECRET_KEY_FILE names .*nowhere.*can't be read"):
        Environment({"SECRET_KEY_FILE": str(tmp_path / "nowhere")}).text("SECRET_KEY")


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(ImproperlyConfigured, match=r"SECRET_KEY_FILE names .*empty"):
        Environment({"SECRET_KEY_FILE": str(tmp_path / "empty")}).text("SECRET_KEY")


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), ("On", True), ("yes", True), ("0", False), ("off", False)]
)
def test_a_switch_is_read_in_words(text: str, value: bool) -> None:
    assert Environment({"DEBUG": text}).flag("DEBUG") is value


def test_a_switch_that_is_neither_on_nor_off_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="DEBUG must be on or off, not “perhaps”"):
        Environment({"DEBUG": "perhaps"}).flag("DEBUG")


@pytest.mark.parametrize("text", ["0", "65536", "-1", "eighty", "80.0", "²"])
def test_a_port_out_of_bounds_is_refused(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="PORT must be a whole number from 1 to 65535"):
        Environment({"PORT": text}).port("PORT", 8000)


def test_a_list_is_read_with_commas() -> None:
    assert Environment({"ALLOWED_HOSTS": "a.example, b.example,"}).names("ALLOWED_HOSTS") == (
        "a.example",
        "b.example",
    )


def test_an_unknown_choice_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="LECTERN_MODE must be embedded or production"):
        Environment({"LECTERN_MODE": "staging"}).choice("LECTERN_MODE", ("embedded", "production"))


@pytest.mark.parametrize(
    "text", ["mysql://u:hunter2@host/db", "not an address hunter2", "postgres://h:hunter2"]
)
def test_a_wrong_address_is_refused_without_repeating_its_password(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL must be an address") as refusal:
        Environment({"DATABASE_URL": text}).url("DATABASE_URL", ("postgres",))
    assert "hunter2" not in str(refusal.value)
