"""Sheets to draw on: the board's own pages, and one over each slide that somebody has drawn on."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from classroom.core import board_operations
from classroom.models.lesson import Lesson


class Sheet(models.Model):
    """Something to draw on, with a version of its own that each operation raises."""

    class Kind(models.TextChoices):
        """Where it is shown."""

        BOARD = "board", _("Board")
        SLIDE = "slide", _("Slide")

    class Background(models.TextChoices):
        """What the paper looks like."""

        PLAIN = "plain", _("Plain")
        GRID = "grid", _("Grid")
        LINES = "lines", _("Lines")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE, related_name="sheets")
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.BOARD)
    material = models.UUIDField(null=True)
    """The material that a slide's sheet lies over."""
    page = models.PositiveIntegerField(null=True)
    """Which page of it, from 1."""
    order = models.PositiveIntegerField(default=0)
    """A board's pages come in this order."""
    background = models.CharField(max_length=8, choices=Background.choices, default=Background.PLAIN)
    height = models.PositiveIntegerField(default=board_operations.HEIGHT)
    """In the units of its coordinates; every sheet is `board_operations.WIDTH` wide."""
    version = models.PositiveBigIntegerField(default=0)
    """How many effects it has had."""
    count = models.PositiveIntegerField(default=0)
    """How many elements can be seen."""
    points = models.PositiveIntegerField(default=0)
    """Of all its strokes, those removed among them until they are forgotten."""

    class Meta:
        ordering = ("order", "pk")
        constraints = [
            models.UniqueConstraint(fields=("lesson", "material", "page"), name="one_sheet_over_a_page")
        ]
        indexes = [models.Index(fields=("lesson", "kind", "order"))]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class SheetElement(models.Model):
    """Something drawn, as it is now."""

    sheet = models.ForeignKey(Sheet, on_delete=models.CASCADE, related_name="elements")
    key = models.CharField(max_length=24)
    """Its id on the sheet, chosen by the page that drew it."""
    data = models.TextField()
    """The element as JSON, as in `core/board_operations.py`, with `by` and `z` as in `core/board.py`."""
    points = models.PositiveIntegerField(default=0)
    removed_at = models.PositiveBigIntegerField(null=True)
    """The sheet's version at which it was removed; null while it can be seen."""
    removed_by = models.UUIDField(null=True)
    """Whoever removed it."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=("sheet", "key"), name="one_element_of_an_id")]
        indexes = [models.Index(fields=("sheet", "removed_at"))]

    def __str__(self) -> str:
        return f"{self.key} on {self.sheet_id}"


class SheetEffects(models.Model):
    """What a sheet has had lately, so that a page that missed some need not load it whole."""

    sheet = models.ForeignKey(Sheet, on_delete=models.CASCADE, related_name="effects")
    first = models.PositiveBigIntegerField()
    """The version before the first of them."""
    batches = models.TextField()
    """As in the event `board.ops`."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=("sheet", "first"), name="effects_in_one_order")]

    def __str__(self) -> str:
        return f"{self.sheet_id} from {self.first}"


class Board(models.Model):
    """A lesson's board: whether it is shown, and which of its sheets."""

    lesson = models.OneToOneField(Lesson, primary_key=True, on_delete=models.CASCADE, related_name="board")
    is_open = models.BooleanField(default=False)
    sheet = models.ForeignKey(Sheet, null=True, on_delete=models.SET_NULL, related_name="+")

    def __str__(self) -> str:
        return f"board of {self.lesson_id}"
