"""What follows when somebody's rights change, wherever that is done: admin, services, cascades, a shell.

Changes are gathered and told after the commit: sockets look whether they may stay, relays get new permits.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import transaction
from django.db.models import Model
from django.db.models.signals import post_delete, post_save, pre_delete

from classroom.core import groups
from classroom.models import Course, Enrolment, Lesson
from classroom.services import events, lessons, relays

SIGNING_IN = frozenset({"last_login"})


@dataclass
class _Changes(threading.local):
    """What has changed in this thread's transaction."""

    group_names: set[str] = field(default_factory=set)
    course_ids: set[UUID] = field(default_factory=set)
    lesson_ids: set[UUID] = field(default_factory=set)


_changes = _Changes()


def connect() -> None:
    """Listens to every row that rights follow from."""
    for signal in (post_save, post_delete):
        signal.connect(_enrolment_changed, sender=Enrolment)
        signal.connect(_course_changed, sender=Course)
    post_save.connect(_user_saved, sender=get_user_model())
    post_delete.connect(_user_deleted, sender=get_user_model())
    post_save.connect(_lesson_saved, sender=Lesson)
    pre_delete.connect(_lesson_deleted, sender=Lesson)
    post_delete.connect(_session_deleted)


def _enrolment_changed(instance: Enrolment, **kwargs: Any) -> None:
    _note(groups.user(instance.user_id), course_id=instance.course_id)


def _course_changed(instance: Course, created: bool = False, **kwargs: Any) -> None:
    if created:
        return
    rooms = (groups.room(lesson_id) for lesson_id in relays.lessons_of_courses([instance.pk]))
    _note(*rooms, course_id=instance.pk)


def _user_saved(instance: Any, created: bool, update_fields: frozenset[str] | None, **kwargs: Any) -> None:
    if created or (update_fields is not None and update_fields <= SIGNING_IN):
        return
    _note(groups.user(instance.pk))
    _changes.course_ids.update(instance.enrolments.values_list("course_id", flat=True))


def _user_deleted(instance: Any, **kwargs: Any) -> None:
    _note(groups.user(instance.pk))


def _lesson_saved(instance: Lesson, created: bool, **kwargs: Any) -> None:
    if not created:
        _changes.lesson_ids.add(instance.pk)
        _note(groups.room(instance.pk))


def _lesson_deleted(instance: Lesson, **kwargs: Any) -> None:
    relays.end_room(instance.pk)
    _note(groups.room(instance.pk))


def _session_deleted(sender: type[Model], instance: Model, **kwargs: Any) -> None:
    """Signing out, a new password and "sign out everywhere" all end in a session's row being deleted."""
    if isinstance(instance, AbstractBaseSession):
        _note(groups.session(instance.session_key))


def _note(*group_names: str, course_id: UUID | None = None) -> None:
    _changes.group_names.update(group_names)
    if course_id is not None:
        _changes.course_ids.add(course_id)
    # Once for each change: a rollback drops the callbacks, and what stays gathered is told later, in vain.
    transaction.on_commit(_tell, robust=True)


def _tell() -> None:
    group_names, _changes.group_names = _changes.group_names, set()
    course_ids, _changes.course_ids = _changes.course_ids, set()
    lesson_ids, _changes.lesson_ids = _changes.lesson_ids, set()
    if group_names:
        events.recheck(group_names)
    for lesson_id in lesson_ids:
        lessons.announce(lesson_id)
    if course_ids:
        relays.refresh_permits(set(relays.lessons_of_courses(course_ids)) - lesson_ids)
