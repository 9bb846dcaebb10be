"""A lecture without sockets or a clock."""

from __future__ import annotations

import pytest

from tests.media_relay.core.classroom import Classroom


@pytest.fixture
def room() -> Classroom:
    """A room with its permits, and nobody in it."""
    classroom = Classroom()
    classroom.permit()
    return classroom
