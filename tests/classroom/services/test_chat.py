"""The chat: who reads what, who may write, and what becomes of a message."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from classroom.core.seats import Reader, Seat
from classroom.models import AuditEntry, ChatMessage, ChatReaction, Course, Enrolment, Lesson, Participation
from classroom.services import chat, chat_reading, lessons, presence
from classroom.services.chat import To
from classroom.services.errors import ConflictError, TooFastError
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db
ALL, STAFF = To("all"), To("staff")


@pytest.fixture(autouse=True)
def live(cast: Cast) -> None:
    """The lesson is live, and its people are in the room."""
    for user in (cast.teacher, cast.colleague, *cast.students):
        presence.enter(Seat(cast.lesson.pk, user.pk, "page-0001"), "a channel")
    lessons.go_live(Seat(cast.lesson.pk, cast.teacher.pk, "page-0001"))


class Talk:
    """Writes as somebody, with a new nonce each time."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.count = 0

    def __call__(self, user: User, to: To, text: str = "Hello") -> dict[str, Any]:
        self.count += 1
        return chat.send(self.cast.lesson.pk, user.pk, to, text, f"nonce-{self.count:04}")

    def read(self, user: User) -> list[str]:
        """The texts that somebody may read."""
        is_staff = user in (self.cast.teacher, self.cast.colleague, self.cast.assistant)
        found = chat_reading.history(self.cast.lesson.pk, user.pk, is_staff=is_staff)
        return [message["text"] for message in found["messages"]]


@pytest.fixture
def talk(cast: Cast) -> Talk:
    """Writes in the cast's lesson."""
    return Talk(cast)


def person(user: User) -> To:
    """Addresses one person."""
    return To("person", user.pk)


def allow_student_chat(cast: Cast) -> None:
    """Lets the course's students write to each other."""
    Course.objects.filter(pk=cast.course.pk).update(student_chat=True)


def mode(cast: Cast, word: str) -> None:
    """Turns the chat on, slow or off."""
    chat.set_mode(cast.lesson.pk, cast.teacher.pk, word)


# Who reads what


def test_what_is_for_all_is_read_by_all(cast: Cast, talk: Talk) -> None:
    talk(cast.teacher, ALL, "Good morning")
    talk(cast.student, ALL, "Morning")
    for user in (cast.teacher, cast.colleague, *cast.students):
        assert talk.read(user) == ["Good morning", "Morning"]


def test_what_is_for_the_teachers_is_read_by_them_and_its_author_alone(cast: Cast, talk: Talk) -> None:
    talk(cast.student, STAFF, "I feel ill")
    talk(cast.teacher, person(cast.student), "Then go home")
    talk(cast.colleague, STAFF, "Poor them")
    assert talk.read(cast.student) == ["I feel ill", "Then go home"]
    assert talk.read(cast.colleague) == ["I feel ill", "Then go home", "Poor them"]
    assert talk.read(cast.students[1]) == []


def test_students_write_to_each_other_only_where_the_course_allows_it(cast: Cast, talk: Talk) -> None:
    with pytest.raises(ConflictError, match="can't write to each other"):
        talk(cast.student, person(cast.students[1]))
    allow_student_chat(cast)
    talk(cast.student, person(cast.students[1]), "Psst")
    assert talk.read(cast.student) == talk.read(cast.students[1]) == ["Psst"]
    assert talk.read(cast.students[2]) == talk.read(cast.teacher) == []


@pytest.mark.parametrize("name", ["teacher", "outsider", "stranger", "student"])
def test_a_person_who_is_no_other_student_of_the_lesson_cannot_be_written_to(
    cast: Cast, talk: Talk, name: str
) -> None:
    allow_student_chat(cast)
    with pytest.raises(ConflictError, match="can't write to this person"):
        talk(cast.student, person(getattr(cast, name)))


def test_somebody_who_was_removed_cannot_be_written_to(cast: Cast, talk: Talk) -> None:
    Participation.objects.filter(user=cast.student).update(removed_at=timezone.now())
    with pytest.raises(ConflictError, match="can't write to this person"):
        talk(cast.teacher, person(cast.student))


# Who may write


def test_a_student_writes_only_in_a_live_and_supervised_lesson(cast: Cast, talk: Talk) -> None:
    Lesson.objects.filter(pk=cast.lesson.pk).update(is_supervised=False)
    with pytest.raises(ConflictError, match="reconnecting"):
        talk(cast.student, ALL)
    talk(cast.teacher, ALL)
    Lesson.objects.filter(pk=cast.lesson.pk).update(is_supervised=True, state=Lesson.State.SCHEDULED)
    with pytest.raises(ConflictError, match="while the lesson is live"):
        talk(cast.student, STAFF)


def test_a_chat_that_is_off_is_off_for_students_who_still_reach_the_teachers(cast: Cast, talk: Talk) -> None:
    allow_student_chat(cast)
    mode(cast, "off")
    for to in (ALL, person(cast.students[1])):
        with pytest.raises(ConflictError, match="chat is off"):
            talk(cast.student, to)
    talk(cast.student, STAFF, "May I go out?")
    talk(cast.teacher, ALL, "Quiet, please")
    assert talk.read(cast.student) == ["May I go out?", "Quiet, please"]


def test_a_slow_chat_takes_one_message_to_all_in_half_a_minute_from_each_student(
    cast: Cast, talk: Talk
) -> None:
    mode(cast, "slow")
    talk(cast.student, ALL, "one")
    with pytest.raises(TooFastError, match="write again in"):
        talk(cast.student, ALL, "two")
    talk(cast.students[1], ALL, "another's")
    talk(cast.student, STAFF, "to the teachers")
    for _ in range(2):
        talk(cast.teacher, ALL)
    ChatMessage.objects.update(written_at=timezone.now() - timedelta(seconds=30))
    talk(cast.student, ALL, "two")


def test_deleting_a_message_does_not_shorten_the_wait_in_a_slow_chat(cast: Cast, talk: Talk) -> None:
    mode(cast, "slow")
    chat.delete(cast.lesson.pk, cast.student.pk, talk(cast.student, ALL)["id"])
    with pytest.raises(TooFastError):
        talk(cast.student, ALL)


def test_who_is_muted_writes_changes_and_reacts_to_nothing(cast: Cast, talk: Talk) -> None:
    message = talk(cast.student, ALL)["id"]
    lesson, student = cast.lesson.pk, cast.student.pk
    chat.mute(lesson, cast.teacher.pk, student, is_muted=True)
    for act in (
        lambda: talk(cast.student, ALL),
        lambda: talk(cast.student, STAFF),
        lambda: chat.edit(lesson, student, message, "Worse"),
        lambda: chat.react(lesson, student, message, "🎉", is_on=True),
    ):
        with pytest.raises(ConflictError, match="muted"):
            act()
    chat.mute(lesson, cast.teacher.pk, student, is_muted=False)
    talk(cast.student, ALL)
    noted = AuditEntry.objects.order_by("pk").values_list("action", "actor", "subject")
    assert list(noted) == [
        ("chat.mute", cast.teacher.pk, student),
        ("chat.unmute", cast.teacher.pk, student),
    ]


@pytest.mark.parametrize("name", ["colleague", "outsider", "stranger"])
def test_only_a_student_of_the_course_can_be_muted(cast: Cast, name: str) -> None:
    with pytest.raises(ConflictError):
        chat.mute(cast.lesson.pk, cast.teacher.pk, getattr(cast, name).pk, is_muted=True)
    assert not Participation.objects.filter(is_chat_muted=True).exists()


def test_the_chats_mode_is_noted(cast: Cast) -> None:
    mode(cast, "off")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.details) == ("room.change", {"chat_mode": "off"})


# What becomes of a message


def test_a_message_sent_again_is_still_one(cast: Cast) -> None:
    first, again = (
        chat.send(cast.lesson.pk, cast.student.pk, ALL, text, "nonce-0001") for text in ("Hello", "Hello!")
    )
    assert first == again
    other = chat.send(cast.lesson.pk, cast.students[1].pk, ALL, "Hi", "nonce-0001")
    assert other["id"] != first["id"]
    assert ChatMessage.objects.count() == 2


def test_a_message_sent_again_after_the_chat_went_off_is_still_there(cast: Cast) -> None:
    first = chat.send(cast.lesson.pk, cast.student.pk, ALL, "Hello", "nonce-0001")
    mode(cast, "off")
    assert chat.send(cast.lesson.pk, cast.student.pk, ALL, "Hello", "nonce-0001") == first


def test_an_edit_leaves_a_trace_and_keeps_what_was_there(cast: Cast, talk: Talk) -> None:
    message = talk(cast.student, ALL, "You are stupid")["id"]
    chat.edit(cast.lesson.pk, cast.student.pk, message, "You are nice")
    [seen] = chat_reading.history(cast.lesson.pk, cast.teacher.pk, is_staff=True)["messages"]
    assert seen["text"] == "You are nice"
    assert seen["edited_at"]
    assert [entry["text"] for entry in ChatMessage.objects.get().earlier] == ["You are stupid"]


def test_a_message_can_be_changed_so_many_times(cast: Cast, talk: Talk) -> None:
    message = talk(cast.student, ALL, "0")["id"]
    for number in range(chat.MAX_EDITS):
        chat.edit(cast.lesson.pk, cast.student.pk, message, f"again {number}")
    with pytest.raises(ConflictError, match="too often"):
        chat.edit(cast.lesson.pk, cast.student.pk, message, "once more")


def test_nobody_changes_or_deletes_what_another_wrote_but_teachers_delete(cast: Cast, talk: Talk) -> None:
    lesson = cast.lesson.pk
    message = talk(cast.student, ALL, "Rude")["id"]
    for user in (cast.students[1], cast.teacher):
        with pytest.raises(ConflictError, match="only change"):
            chat.edit(lesson, user.pk, message, "Polite")
    with pytest.raises(ConflictError, match="only delete"):
        chat.delete(lesson, cast.students[1].pk, message)
    chat.delete(lesson, cast.colleague.pk, message)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.subject_id, entry.details) == (
        "chat.delete",
        cast.student.pk,
        {"message": message},
    )


@pytest.mark.parametrize(("name", "word"), [("student", "author"), ("teacher", "staff")])
def test_what_is_deleted_leaves_a_trace_without_its_words(
    cast: Cast, talk: Talk, name: str, word: str
) -> None:
    message = talk(cast.student, ALL, "Secret")["id"]
    chat.react(cast.lesson.pk, cast.students[1].pk, message, "🎉", is_on=True)
    chat.delete(cast.lesson.pk, getattr(cast, name).pk, message)
    for user in (cast.student, cast.teacher):
        [seen] = chat_reading.history(cast.lesson.pk, user.pk, is_staff=user == cast.teacher)["messages"]
        assert (seen["text"], seen["deleted"]) == ("", word)
    assert ChatMessage.objects.get().text == "Secret"
    with pytest.raises(ConflictError, match="any more"):
        chat.edit(cast.lesson.pk, cast.student.pk, message, "Back")


def test_what_one_may_not_read_is_not_there_for_one(cast: Cast, talk: Talk) -> None:
    allow_student_chat(cast)
    lesson = cast.lesson.pk
    private = talk(cast.student, person(cast.students[1]), "Psst")["id"]
    asked = talk(cast.student, STAFF, "Help")["id"]
    for user, message in ((cast.teacher, private), (cast.students[2], private), (cast.students[2], asked)):
        for act in (
            lambda u=user, m=message: chat.delete(lesson, u.pk, m),
            lambda u=user, m=message: chat.edit(lesson, u.pk, m, "x"),
            lambda u=user, m=message: chat.react(lesson, u.pk, m, "🎉", is_on=True),
        ):
            with pytest.raises(ConflictError, match="any more"):
                act()


def test_a_message_of_another_lesson_is_not_there(cast: Cast, talk: Talk) -> None:
    Enrolment.objects.create(course=cast.second_course, user=cast.teacher, role="teacher")
    message = talk(cast.student, ALL)["id"]
    with pytest.raises(ConflictError, match="any more"):
        chat.delete(cast.second_lesson.pk, cast.teacher.pk, message)


def test_a_reaction_counts_once_for_each_person_and_can_be_taken_back(cast: Cast, talk: Talk) -> None:
    lesson, message = cast.lesson.pk, talk(cast.teacher, ALL)["id"]
    for user in (cast.student, cast.student, cast.students[1]):
        chat.react(lesson, user.pk, message, "🎉", is_on=True)
    chat.react(lesson, cast.students[1].pk, message, "👍", is_on=True)
    [seen] = chat_reading.history(lesson, cast.student.pk, is_staff=False)["messages"]
    assert (seen["reactions"], seen["mine"]) == ({"🎉": 2, "👍": 1}, ["🎉"])
    chat.react(lesson, cast.student.pk, message, "🎉", is_on=False)
    [seen] = chat_reading.history(lesson, cast.student.pk, is_staff=False)["messages"]
    assert (seen["reactions"], seen["mine"]) == ({"🎉": 1, "👍": 1}, [])


# Coming late


def section_of(cast: Cast, user: User, *, is_staff: bool) -> dict[str, Any]:
    """The snapshot's part of the chat for somebody who comes in alone."""
    return chat_reading.sections(cast.lesson.pk, [Reader(user.pk, is_staff)])[0]


Written = tuple[str, int, int, bool, frozenset[int]]
"""The kind of a message, author and partner by number, whether it was deleted, and who put an emoji at it."""
numbers = st.integers(0, 4)
written = st.tuples(
    st.sampled_from(("all", "staff", "person")), numbers, numbers, st.booleans(), st.frozensets(numbers)
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(written, max_size=30))
def test_each_of_many_who_come_late_sees_exactly_what_they_may_read(cast: Cast, talk: list[Written]) -> None:
    # The teacher was a student once, and may still read what they wrote to another then.
    people = (cast.teacher, *cast.students)
    ChatMessage.objects.all().delete()
    rows = ChatMessage.objects.bulk_create(
        ChatMessage(
            lesson=cast.lesson,
            kind=kind,
            author=people[author],
            partner=people[partner] if kind == "person" or (kind == "staff" and partner) else None,
            nonce=f"nonce-{number:04}",
            text=f"{number}",
            deleted_at=timezone.now() if is_deleted else None,
        )
        for number, (kind, author, partner, is_deleted, _fans) in enumerate(talk)
    )
    ChatReaction.objects.bulk_create(
        ChatReaction(message=row, user=people[fan], emoji="👍🎉"[fan % 2])
        for row, (*_about, fans) in zip(rows, talk, strict=True)
        for fan in fans
    )
    readers = [Reader(user.pk, is_staff=user == cast.teacher) for user in people]
    for limit in (3, 50):
        together = chat_reading.sections(cast.lesson.pk, readers, limit)
        for reader, section in zip(readers, together, strict=True):
            alone = chat_reading.history(
                cast.lesson.pk, reader.user_id, is_staff=reader.is_staff, limit=limit
            )
            assert {name: section[name] for name in alone} == alone


def test_any_number_come_late_by_three_queries(
    cast: Cast, talk: Talk, django_assert_num_queries: Any
) -> None:
    allow_student_chat(cast)
    for student in cast.students:
        talk(student, STAFF, f"From {student.name}")
        talk(student, person(cast.students[0] if student != cast.students[0] else cast.students[1]))
    chat.mute(cast.lesson.pk, cast.teacher.pk, cast.students[2].pk, is_muted=True)
    readers = [
        Reader(cast.teacher.pk, is_staff=True),
        *(Reader(one.pk, is_staff=False) for one in cast.students),
    ]
    with django_assert_num_queries(3):
        together = chat_reading.sections(cast.lesson.pk, readers)
    assert together == [chat_reading.sections(cast.lesson.pk, [reader])[0] for reader in readers]
    assert [len(section["messages"]) for section in together] == [4, 5, 3, 2, 2]
    assert [section["is_muted"] for section in together] == [False, False, False, True, False]
    assert [section.get("muted") for section in together] == [
        [str(cast.students[2].pk)],
        None,
        None,
        None,
        None,
    ]


def test_who_has_written_much_to_the_teachers_is_not_read_whole(cast: Cast) -> None:
    ChatMessage.objects.bulk_create(
        ChatMessage(
            lesson=cast.lesson, author=student, partner=student, kind="staff", nonce=f"n{number}", text="?"
        )
        for student in cast.students
        for number in range(2 * chat_reading.PAGE)
    )
    readers = [Reader(student.pk, is_staff=False) for student in cast.students]
    with CaptureQueriesContext(connection) as queries:
        found = chat_reading.sections(cast.lesson.pk, readers)
    assert [(len(section["messages"]), section["has_more"]) for section in found] == [(50, True)] * len(
        readers
    )
    asked_for = queries[-1]["sql"]
    assert asked_for.count(",") < 1.2 * len(readers) * chat_reading.PAGE, (
        "reactions were asked of all that was written"
    )


def write_many(cast: Cast, count: int) -> None:
    """A long talk, without the way through the service."""
    ChatMessage.objects.bulk_create(
        ChatMessage(lesson=cast.lesson, author=cast.teacher, kind="all", nonce=f"many-{n:06}", text=f"{n}")
        for n in range(count)
    )


def test_whoever_comes_late_gets_the_newest_and_can_ask_for_the_rest(cast: Cast) -> None:
    write_many(cast, 120)
    seen: list[str] = []
    section = section_of(cast, cast.student, is_staff=False)
    while True:
        seen = [message["text"] for message in section["messages"]] + seen
        if not section["has_more"]:
            break
        first = section["messages"][0]["id"]
        section = chat_reading.history(cast.lesson.pk, cast.student.pk, is_staff=False, before=first)
    assert seen == [f"{n}" for n in range(120)]


@pytest.mark.parametrize("count", [0, 1, 2_000])
def test_the_snapshots_part_takes_three_queries_whatever_the_history(
    cast: Cast, count: int, django_assert_max_num_queries: Any
) -> None:
    write_many(cast, count)
    for user, is_staff in ((cast.teacher, True), (cast.student, False)):
        with django_assert_max_num_queries(3):
            section = section_of(cast, user, is_staff=is_staff)
        assert len(section["messages"]) == min(count, chat_reading.PAGE)


def test_how_far_one_has_read_is_kept_and_never_goes_back(cast: Cast, talk: Talk) -> None:
    message = talk(cast.teacher, ALL)["id"]
    for upto in (message, message - 1):
        chat.read(cast.lesson.pk, cast.student.pk, upto)
    section = section_of(cast, cast.student, is_staff=False)
    assert (section["read_upto"], section["is_muted"]) == (message, False)
    assert section_of(cast, cast.students[1], is_staff=False)["read_upto"] == 0


def test_teachers_see_who_is_muted_and_students_only_whether_they_are(cast: Cast) -> None:
    chat.mute(cast.lesson.pk, cast.teacher.pk, cast.student.pk, is_muted=True)
    assert section_of(cast, cast.teacher, is_staff=True)["muted"] == [str(cast.student.pk)]
    own, other = (section_of(cast, user, is_staff=False) for user in (cast.student, cast.students[1]))
    assert (own["is_muted"], other["is_muted"]) == (True, False)
    assert "muted" not in own
