"""Names of groups."""

from __future__ import annotations

import re
import uuid

from classroom.core import groups

LESSON, PERSON = uuid.uuid4(), uuid.uuid4()
NAMES = (
    groups.room(LESSON),
    groups.user(PERSON),
    groups.session("a-secret-session-key"),
    groups.page(LESSON, PERSON, "page-0001"),
)


def test_the_channel_layer_takes_every_name() -> None:
    assert all(re.fullmatch(r"[a-zA-Z0-9._-]{1,99}", name) for name in NAMES)


def test_no_two_groups_share_a_name() -> None:
    others = (groups.room(PERSON), groups.session("b"), groups.page(LESSON, PERSON, "page-0002"))
    assert len({*NAMES, *others}) == len(NAMES) + len(others)


def test_a_sessions_key_does_not_show_in_its_groups_name() -> None:
    assert "secret" not in groups.session("a-secret-session-key")
