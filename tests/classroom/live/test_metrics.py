"""What is counted of rooms, and of whom nothing is."""

from __future__ import annotations

import pytest

from classroom.services import metrics
from tests.classroom.live.wire import open_page, open_relay
from tests.config.test_metrics import GOOD, get, samples
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)


async def test_pages_requests_and_events_are_counted_by_kind_and_nobody_is_named(cast: Cast) -> None:
    before = await samples()
    await open_relay()
    teacher = await open_page(cast.teacher, cast.lesson)
    student = await open_page(cast.student, cast.lesson)
    await teacher.request("lesson.go_live")
    await student.request("lesson.go_live")
    await student.request("no.such.request")
    found = await samples()
    assert (found["lectern_sockets",], found["lectern_rooms",]) == (2, 1)
    assert found["lectern_relay_sockets",] == 1

    def grew(*name: str) -> float:
        return found[name] - before.get(name, 0)

    assert grew("lectern_requests_total", metrics.OK, "lesson.go_live") == 1
    assert grew("lectern_requests_total", "forbidden", "lesson.go_live") == 1
    assert grew("lectern_requests_total", "unknown_type", metrics.NO_TYPE) == 1
    assert grew("lectern_events_published_total", "stage.changed") == 1
    _status, body = await get(GOOD)
    people = (cast.teacher, cast.student)
    assert not any(word in body for person in people for word in (str(person.pk), person.name, person.email))
    assert str(cast.lesson.pk) not in body
