"""What tests of services begin with."""

from __future__ import annotations

import pytest

from classroom.core.seats import Seat
from classroom.services import lessons
from tests.classroom.services.floors import sit
from tests.support.cast import Cast


@pytest.fixture
def seats(cast: Cast) -> list[Seat]:
    """The lesson is live on the teacher's page; the students sit in it."""
    lessons.go_live(sit(cast, cast.teacher))
    return [sit(cast, student) for student in cast.students]
