"""At the door and while inside: session and standing, for one socket or all of a process at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.http import parse_cookie
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from classroom.core.seats import Seat
from classroom.live import protocol
from classroom.permissions import Action, Standing, standings

SESSION_KEY_FORM = re.compile(r"[a-z0-9]{8,40}")
"""A database may refuse anything else, and with it all who are asked about by the same query."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What a socket was let in with."""

    session_key: str
    seat: Seat
    role: str
    is_admitted: bool = True
    """Whether they are in the room itself rather than in its lobby."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who stands at a room's door: the session that their cookie names, unchecked, and the page's own id."""

    session_key: str
    client: str


def header(scope: Mapping[str, Any], name: bytes) -> str:
    """The one header of that name; empty when there is none, or more than one."""
    values = [value for key, value in scope["headers"] if key.lower() == name]
    return values[0].decode("latin-1") if len(values) == 1 else ""


def session_key(scope: Mapping[str, Any]) -> str:
    """The session that the cookie names, unchecked; empty when there is none or it can be none."""
    key = parse_cookie(header(scope, b"cookie")).get(settings.SESSION_COOKIE_NAME, "")
    return key if SESSION_KEY_FORM.fullmatch(key) else ""


def admit(lesson_id: UUID, callers: Sequence[Caller]) -> list[Pass | None]:
    """Lets each of these into the lesson, or not: by session and standing; three queries for any number."""
    people = signed_in({caller.session_key for caller in callers})
    found = standings(set(people.values()), [lesson_id])
    return [_pass(lesson_id, caller, people, found) for caller in callers]


def _pass(
    lesson_id: UUID,
    caller: Caller,
    people: Mapping[str, UUID],
    found: Mapping[tuple[UUID, UUID], Standing],
) -> Pass | None:
    user_id = people.get(caller.session_key)
    standing = found.get((user_id, lesson_id)) if user_id else None
    if user_id is None or standing is None or not standing.allows(Action.ENTER):
        return None
    seat = Seat(lesson_id, user_id, caller.client)
    return Pass(caller.session_key, seat, standing.role, standing.is_admitted)


def verdicts(passes: Iterable[Pass]) -> dict[Pass, int]:
    """Those that may stay no longer, with the code to close them; three queries for any number."""
    passes = list(passes)
    people = signed_in({entry.session_key for entry in passes})
    found = standings({entry.seat.user_id for entry in passes}, {entry.seat.lesson_id for entry in passes})
    codes = (
        (entry, _verdict(entry, people, found.get((entry.seat.user_id, entry.seat.lesson_id))))
        for entry in passes
    )
    return {entry: code for entry, code in codes if code}


def _verdict(entry: Pass, people: Mapping[str, UUID], standing: Standing | None) -> int:
    if people.get(entry.session_key) != entry.seat.user_id:
        return protocol.CLOSE_SIGNED_OUT
    if standing is None or not standing.allows(Action.STAY):
        return protocol.CLOSE_FORBIDDEN
    if standing.role != entry.role:
        return protocol.CLOSE_ROLE_CHANGED
    return 0 if standing.is_admitted == entry.is_admitted else protocol.CLOSE_ADMITTED


def signed_in(keys: Collection[str]) -> dict[str, UUID]:
    """Who is signed in by each of these sessions, active or not; two queries.

    The database is asked whatever stands before it: it is where a session's end is written.
    """
    sessions = import_module(settings.SESSION_ENGINE).SessionStore.get_model_class()
    rows = sessions.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    contents = {row.session_key: row.get_decoded() for row in rows}
    owners = {key: owner for key, content in contents.items() if (owner := _owner(content))}
    users = get_user_model().objects.in_bulk(set(owners.values()))
    return {
        key: owner
        for key, owner in owners.items()
        if owner in users and _has_current_password(contents[key], users[owner])
    }


def _owner(content: Mapping[str, Any]) -> UUID | None:
    if content.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    try:
        return UUID(content[SESSION_KEY])
    except (KeyError, ValueError):
        return None


def _has_current_password(content: Mapping[str, Any], user: Any) -> bool:
    presented = content.get(HASH_SESSION_KEY, "")
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(presented, current) for current in hashes)
