from __future__ import annotations

from pathlib import Path

import pytest

from media_relay.config import ConfigError, read

GOOD = {"RELAY_SECRET": "s3cret"}


def test_without_anything_else_the_relay_stays_on_this_machine() -> None:
    config = read(GOOD)
    assert config.bind == config.announce == ("127.0.0.1", "::1")
    assert (config.port, config.web_url) == (7400, "ws://127.0.0.1:8000/ws/relays/")


def test_an_address_of_the_network_is_announced_and_every_one_served() -> None:
    config = read({**GOOD, "MEDIA_HOST": "192.0.2.7"})
    assert (config.bind, config.announce) == (("0.0.0.0", "::"), ("192.0.2.7",))


def test_the_public_addresses_are_announced_instead() -> None:
    config = read({**GOOD, "MEDIA_HOST": "0.0.0.0", "PUBLIC_IP": "198.51.100.1, 2001:db8::1"})
    assert config.announce == ("198.51.100.1", "2001:db8::1")


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("of a file\n")
    assert read({"RELAY_SECRET_FILE": str(file)}).secret == "of a file"


def test_metrics_are_read_nowhere_unless_an_address_is_named() -> None:
    assert read(GOOD).metrics is None
    assert read({**GOOD, "RELAY_METRICS": "127.0.0.1:9400"}).metrics == ("127.0.0.1", 9400)
    assert read({**GOOD, "RELAY_METRICS": "[::1]:9400"}).metrics == ("::1", 9400)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({}, "RELAY_SECRET must be set"),
        ({"RELAY_SECRET": "naïve"}, "RELAY_SECRET must be printable ASCII"),
        ({**GOOD, "RELAY_SECRET_FILE": "/nowhere"}, "Set either RELAY_SECRET or RELAY_SECRET_FILE, not both"),
        ({"RELAY_SECRET_FILE": "/nowhere"}, "RELAY_SECRET_FILE names /nowhere, which cannot be read"),
        ({**GOOD, "MEDIA_PORT": "65536"}, "MEDIA_PORT must be a number from 0 to 65535, not '65536'"),
        ({**GOOD, "MEDIA_PORT": "-1"}, "MEDIA_PORT must be a number"),
        ({**GOOD, "RELAY_CAPACITY": "0"}, "RELAY_CAPACITY must be a number from 1"),
        ({**GOOD, "RELAY_MAX_MBPS": "0"}, "RELAY_MAX_MBPS must be a number from 1"),
        ({**GOOD, "RELAY_MAX_PPS": "many"}, "RELAY_MAX_PPS must be a number from 1"),
        ({**GOOD, "RELAY_LEASE": "0"}, "RELAY_LEASE must be a number from 1 to 86400, not '0'"),
        ({**GOOD, "RELAY_METRICS": "9400"}, "RELAY_METRICS must be an address and a port such as"),
        ({**GOOD, "RELAY_METRICS": "127.0.0.1:99999"}, "RELAY_METRICS must be an address and a port such as"),
        ({**GOOD, "RELAY_METRICS": "localhost.:9400"}, "RELAY_METRICS must be an IP address"),
        ({**GOOD, "MEDIA_HOST": "example.org"}, "MEDIA_HOST must be an IP address, not 'example.org'"),
        ({**GOOD, "MEDIA_HOST": "0.0.0.0"}, "PUBLIC_IP must name the address"),
        ({**GOOD, "PUBLIC_IP": "1.2.3.4,"}, "PUBLIC_IP must be an IP address, not ''"),
        ({**GOOD, "RELAY_WEB_URL": "http://x/"}, "RELAY_WEB_URL must begin with ws:// or wss://"),
    ],
)
def test_a_bad_setting_is_one_clear_sentence(settings: dict[str, str], complaint: str) -> None:
    with pytest.raises(ConfigError, match="^" + complaint.replace("'", ".")) as error:
        read(settings)
    assert "s3cret" not in str(error.value)
