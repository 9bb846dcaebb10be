"""The sections of a lesson's page after the lesson: each feature makes its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.http import QueryDict

from classroom.models import Lesson


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who may look at what was taught."""

    user_id: UUID
    is_staff: bool
    query: QueryDict = field(default_factory=QueryDict)
    """What the page's address asks for, such as a part of a long section."""


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the page; `name` is its anchor, and its template finds the context as `part`."""

    name: str
    title: str
    template: str
    context: Mapping[str, Any]


MakeSection = Callable[[Lesson, Viewer], Section | None]
"""Returns what the viewer may see of a feature, or None where there is nothing."""
