"""A sheet by HTTP: whole or since a version, for those in the room alone."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from classroom.core.board_operations import parse
from classroom.models import Course, Lesson, Participation, Sheet, SheetElement
from classroom.models.course import Admission
from classroom.services import board, sheets
from classroom.services.sheets import Drawing
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def sheet(cast: Cast) -> Sheet:
    """A sheet with a rectangle of the teacher's."""
    Lesson.objects.filter(pk=cast.lesson.pk).update(state=Lesson.State.LIVE)
    board.set_open(cast.lesson.pk, cast.teacher.pk, is_open=True)
    found = Sheet.objects.get(lesson=cast.lesson)
    element = {"id": "rect", "type": "rect", "color": 0, "size": 60, "box": [0, 0, 9, 9]}
    operations = parse([{"do": "add", "element": element}])
    sheets.draw(cast.lesson.pk, [Drawing(found.pk, cast.teacher.pk, "page-0001", 1, operations)])
    return found


def get(user: User | None, sheet: Sheet, query: str = "", **headers: str) -> Any:
    """What somebody's browser gets."""
    return ask(sign_in(user), sheet, query, **headers)


def sign_in(user: User | None) -> Client:
    """Somebody's browser."""
    client = Client()
    if user is not None:
        client.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    return client


def ask(client: Client, sheet: Sheet, query: str = "", **headers: str) -> Any:
    """The answer to a browser."""
    return client.get(f"/lessons/{sheet.lesson_id}/sheets/{sheet.pk}/{query}", headers=headers)


def test_a_page_gets_the_elements_and_their_version(cast: Cast, sheet: Sheet) -> None:
    answer = get(cast.student, sheet)
    assert answer.status_code == 200
    body = json.loads(answer.content)
    assert body["version"] == 1
    assert [element["id"] for element in body["elements"]] == ["rect"]
    assert json.loads(get(cast.student, sheet, "?since=0").content)["batches"][0]["n"] == 1


@pytest.mark.parametrize("since", ["", "-1", "1.5", "x", "9" * 30, "\u0663"])
def test_a_version_that_is_none_gets_all(cast: Cast, sheet: Sheet, since: str) -> None:
    assert "elements" in json.loads(get(cast.student, sheet, f"?since={since}").content)


def test_what_has_not_changed_is_not_sent_again(cast: Cast, sheet: Sheet) -> None:
    tag = get(cast.student, sheet)["ETag"]
    answer = get(cast.student, sheet, if_none_match=tag)
    assert (answer.status_code, answer.content) == (304, b"")
    board.clear(cast.lesson.pk, cast.teacher.pk, sheet.pk)
    assert get(cast.student, sheet, if_none_match=tag).status_code == 200


def test_it_is_compressed_for_whom_can_read_that(cast: Cast, sheet: Sheet) -> None:
    answer = get(cast.student, sheet, accept_encoding="gzip, br")
    assert answer["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(answer.content)) == json.loads(get(cast.student, sheet).content)


def test_nobody_outside_the_room_gets_it(cast: Cast, sheet: Sheet) -> None:
    Participation.objects.create(lesson=cast.lesson, user=cast.students[1], removed_at=cast.lesson.starts_at)
    answers = [
        get(user, sheet)
        for user in (None, cast.outsider, cast.stranger, cast.other_teacher, cast.students[1])
    ]
    Course.objects.filter(pk=cast.course.pk).update(admission=Admission.BY_HAND)
    answers.append(get(cast.student, sheet))
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


def test_another_lessons_sheet_is_not_found(cast: Cast, sheet: Sheet) -> None:
    client = sign_in(cast.colleague)
    assert client.get(f"/lessons/{cast.second_lesson.pk}/sheets/{sheet.pk}/").status_code == 404


def test_ten_thousand_strokes_take_as_few_queries_as_one(
    cast: Cast, sheet: Sheet, django_assert_max_num_queries: Any
) -> None:
    points = ",".join(["5,5,50"] * 30)
    SheetElement.objects.bulk_create(
        SheetElement(sheet=sheet, key=f"id-{n}", data=f'{{"id":"id-{n}","points":[[{points}]]}}')
        for n in range(10_000)
    )
    client = sign_in(cast.student)
    with django_assert_max_num_queries(5):
        answer = ask(client, sheet, accept_encoding="gzip")
    assert len(json.loads(gzip.decompress(answer.content))["elements"]) == 10_001


def test_the_lessons_page_after_it_shows_what_was_drawn(cast: Cast, sheet: Sheet) -> None:
    board.add_sheet(cast.lesson.pk, cast.teacher.pk, "grid")
    Lesson.objects.filter(pk=cast.lesson.pk).update(
        state=Lesson.State.ENDED, ends_at=cast.lesson.ends_at - timedelta(days=3)
    )
    page = sign_in(cast.student).get(f"/lessons/{cast.lesson.pk}/")
    assert page.status_code == 200
    assert page.content.count(b'data-sheet="/lessons/') == 1
    assert f"/sheets/{sheet.pk}/".encode() in page.content
    assert get(cast.student, sheet).status_code == 200
    assert get(cast.outsider, sheet).status_code == 404
