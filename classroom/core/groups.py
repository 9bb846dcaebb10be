"""The names of the channel layer's groups, in one place; pure."""

from __future__ import annotations

from hashlib import sha256
from uuid import UUID

_DIGEST_LENGTH = 40


def room(lesson_id: UUID) -> str:
    """Everyone in a lesson's room."""
    return f"room.{lesson_id.hex}"


def staff(lesson_id: UUID) -> str:
    """The teachers and assistants in a lesson's room."""
    return f"staff.{lesson_id.hex}"


def user(user_id: UUID) -> str:
    """Every socket of a person."""
    return f"user.{user_id.hex}"


def session(session_key: str) -> str:
    """Every socket of a session; the key itself is a secret and stays out of the channel layer."""
    return f"session.{_digest(session_key)}"


def page(lesson_id: UUID, user_id: UUID, client: str) -> str:
    """The sockets of one page of a person in a room: one, or two while a newer replaces an older."""
    return f"page.{_digest(f'{lesson_id.hex} {user_id.hex} {client}')}"


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:_DIGEST_LENGTH]
