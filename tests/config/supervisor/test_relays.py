from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.supervisor.relays import MAX_PROCESSES, cores, environments, media_ports


def test_there_is_a_relay_for_each_core_unless_told_otherwise() -> None:
    assert len(media_ports({})) == min(cores(), MAX_PROCESSES)
    assert media_ports({"RELAY_PROCESSES": "3", "MEDIA_PORT": "5000"}) == range(5000, 5003)


def test_each_relay_has_a_name_and_ports_of_its_own_and_a_share_of_the_uplink() -> None:
    told = {"RELAY_PROCESSES": "2", "RELAY_NAME": "school", "RELAY_MAX_MBPS": "2500", "OTHER": "x"}
    told |= {"MEDIA_PORT": "7000", "RELAY_METRICS": "127.0.0.1:9400"}
    first, second = environments(told).values()
    assert first == told | {"RELAY_NAME": "school-1", "RELAY_MAX_MBPS": "1250"}
    assert second == told | {
        "RELAY_NAME": "school-2",
        "RELAY_MAX_MBPS": "1250",
        "MEDIA_PORT": "7001",
        "RELAY_METRICS": "127.0.0.1:9401",
    }


def test_what_stands_in_a_file_is_handed_on_as_a_value(tmp_path: Path) -> None:
    (tmp_path / "name").write_text("school\n")
    (own,) = environments({"RELAY_PROCESSES": "1", "RELAY_NAME_FILE": str(tmp_path / "name")}).values()
    assert own["RELAY_NAME"] == "school-1"
    assert "RELAY_NAME_FILE" not in own
    assert own["RELAY_METRICS"] == ""


def test_a_long_name_keeps_its_number() -> None:
    (own,) = environments({"RELAY_PROCESSES": "1", "RELAY_NAME": "x" * 100}).values()
    assert own["RELAY_NAME"] == "x" * 60 + "-1"


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"RELAY_PROCESSES": "0"}, "RELAY_PROCESSES must be a whole number from 1 to 64"),
        ({"RELAY_PROCESSES": "65"}, "RELAY_PROCESSES must be a whole number from 1 to 64"),
        ({"RELAY_PROCESSES": "all"}, "RELAY_PROCESSES must be a whole number"),
        ({"RELAY_PROCESSES": "2", "MEDIA_PORT": "65535"}, "MEDIA_PORT must leave room below 65536"),
        ({"RELAY_MAX_MBPS": "0"}, "RELAY_MAX_MBPS must be a whole number from 1"),
    ],
)
def test_what_cannot_be_right_is_one_sentence(told: dict[str, str], sentence: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"^{sentence}"):
        environments(told)


def test_as_many_ports_as_there_are_are_enough() -> None:
    assert media_ports({"RELAY_PROCESSES": "1", "MEDIA_PORT": "65535"}) == range(65535, 65536)
