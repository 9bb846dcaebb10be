"""Queries asked so often that Django writes them once: writing takes it longer than a database to answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet, UUIDField

Place = tuple[int, int]
"""Of an id: in which of the lists, and where in it."""

_ID = UUIDField()


@dataclass(frozen=True, slots=True)
class Text:
    """A query as Django has written it for so many ids."""

    sql: str
    parameters: tuple[Any, ...]
    """A Place where an id is to be put."""
    columns: tuple[Any, ...]
    """Expressions that know how to read the database's values."""


class Prepared:
    """A query for lists of ids; a list may be None, which usually means that all are wanted."""

    def __init__(self, write: Callable[..., QuerySet[Any, Any]]) -> None:
        """`write` makes a queryset of `values_list` out of the lists."""
        self._write = write
        self._texts: dict[tuple[int, ...], Text] = {}

    def rows(self, *lists: Collection[UUID] | None) -> Iterator[list[Any]]:
        """The rows for these ids, as the queryset would give them; one query, none where a list is empty."""
        filled = [None if ids is None else _fill_up(list(ids)) for ids in lists]
        if [] in filled:
            return
        shape = tuple(-1 if ids is None else len(ids) for ids in filled)
        text = self._texts.get(shape)
        if text is None:
            text = self._texts[shape] = self._compile(filled)
        values = {
            (index, place): _as_parameter(id)
            for index, ids in enumerate(filled)
            for place, id in enumerate(ids or ())
        }
        with connection.cursor() as cursor:
            cursor.execute(text.sql, [values.get(one, one) for one in text.parameters])
            yield from _converted(cursor.fetchall(), text.columns)

    def _compile(self, lists: Iterable[list[UUID] | None]) -> Text:
        """Has the query written for lists as long as these, with ids of which each stands for its place."""
        places: dict[Any, Place] = {}
        marked: list[list[UUID] | None] = []
        for index, ids in enumerate(lists):
            marks = [UUID(int=len(places) + place + 1) for place in range(len(ids or ()))]
            places |= {_as_parameter(mark): (index, place) for place, mark in enumerate(marks)}
            marked.append(None if ids is None else marks)
        compiler = self._write(*marked).query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        columns = tuple(column for column, *_names in compiler.select)
        return Text(sql, tuple(places.get(one, one) for one in parameters), columns)


def _fill_up(ids: list[UUID]) -> list[UUID]:
    """Repeats an id until there are 1, 2, 4, 8…: so there are few texts, and repetition changes no answer."""
    length = 1 << (len(ids) - 1).bit_length() if ids else 0
    return ids + ids[:1] * (length - len(ids))


def _as_parameter(id: UUID) -> Any:
    return _ID.get_db_prep_value(id, connection)


def _converted(rows: Iterable[tuple[Any, ...]], columns: Collection[Any]) -> Iterator[list[Any]]:
    """The rows with Python's values, as Django reads them."""
    converters = [
        (index, column, convert)
        for index, column in enumerate(columns)
        for convert in connection.ops.get_db_converters(column) + column.get_db_converters(connection)
    ]
    for row in map(list, rows):
        for index, column, convert in converters:
            row[index] = convert(row[index], column, connection)
        yield row
