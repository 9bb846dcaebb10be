"""What is remembered of connections: sums, changes, ages and bounds."""

from __future__ import annotations

from uuid import UUID

import pytest

from classroom.core import links
from classroom.core.links import FREEZES_LAST_SECONDS, FreezeMemory, FreezeReports, LayerMemory
from classroom.core.seats import Seat

LESSON, OTHER_LESSON, PERSON = UUID(int=1), UUID(int=2), UUID(int=3)
PAGE = (str(LESSON), str(PERSON), "page-0001")


def link(client: str = "page-0001", direction: str = "subscribe") -> dict[str, str]:
    """A connection of the person's."""
    return {"id": str(PERSON), "client": client, "direction": direction}


def test_reports_of_a_page_add_up_until_they_are_taken() -> None:
    reports = FreezeReports()
    seat = Seat(LESSON, PERSON, "page-0001")
    reports.note_freezes(seat, 1, 300)
    reports.note_freezes(seat, 2, 700)
    reports.note_freezes(Seat(OTHER_LESSON, PERSON, "page-0002"), 1, 200)
    assert reports.take() == {
        LESSON: [(str(PERSON), "page-0001", 3, 1000)],
        OTHER_LESSON: [(str(PERSON), "page-0002", 1, 200)],
    }
    assert reports.take() == {}


def test_a_report_without_freezes_is_none() -> None:
    reports = FreezeReports()
    reports.note_freezes(Seat(LESSON, PERSON, "page-0001"), 0, 0)
    assert reports.take() == {}


def test_of_too_many_pages_the_oldest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "MAX_PAGES", 2)
    reports, memory, layers = FreezeReports(), FreezeMemory(), LayerMemory()
    for client in ("page-0001", "page-0002", "page-0003"):
        reports.note_freezes(Seat(LESSON, PERSON, client), 1, 100)
        memory.note([(str(PERSON), client, 1, 100)], now=0.0)
        assert layers.has_changed((str(LESSON), str(PERSON), client), {}, "")
    assert [entry[1] for entry in reports.take()[LESSON]] == ["page-0002", "page-0003"]
    joined = memory.join([link("page-0001"), link("page-0002"), link("page-0003")], now=0.0)
    assert [entry["freezes"] for entry in joined] == [0, 1, 1]
    assert layers.has_changed(PAGE, {}, "")


def test_freezes_join_the_link_that_brings_pictures_for_a_while() -> None:
    memory = FreezeMemory()
    memory.note([(str(PERSON), "page-0001", 2, 900)], now=10.0)
    joined = memory.join([link(), link("page-0002"), link(direction="publish")], now=10.0)
    assert [(entry["freezes"], entry["frozen_ms"]) for entry in joined] == [(2, 900), (0, 0), (0, 0)]
    later = 10.0 + FREEZES_LAST_SECONDS
    assert memory.join([link()], now=later)[0]["freezes"] == 2
    assert memory.join([link()], now=later + 0.1)[0]["freezes"] == 0


def test_a_page_is_told_when_its_layers_or_their_reason_change() -> None:
    memory = LayerMemory()
    assert memory.has_changed(PAGE, {"teacher-camera": 2, "teacher-screen": 1}, "")
    assert not memory.has_changed(PAGE, {"teacher-screen": 1, "teacher-camera": 2}, "")
    assert memory.has_changed(PAGE, {"teacher-screen": 1, "teacher-camera": 0}, "link")
    assert memory.has_changed(PAGE, {"teacher-screen": 1, "teacher-camera": 0}, "choice")


def test_a_page_with_a_new_connection_is_told_anew() -> None:
    memory = LayerMemory()
    memory.has_changed(PAGE, {"teacher-camera": 2}, "")
    memory.forget(PAGE)
    memory.forget(PAGE)
    assert memory.has_changed(PAGE, {"teacher-camera": 2}, "")
