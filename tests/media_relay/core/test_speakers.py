"""Who speaks: no cough, no flicker, one dominant voice."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from media_relay.core.outputs import TellSpeakers
from media_relay.core.speakers import MAX_SPEAKERS, REPEAT_INTERVAL, TELL_INTERVAL, Speakers
from tests.media_relay.core.classroom import (
    ASSISTANT,
    CAMERA,
    MICROPHONE,
    TEACHER,
    Classroom,
)

PACKET = 0.02
SPEECH, LOUD_SPEECH, HUM = 35, 20, 80


class Talk:
    """Microphones, and what is told of them."""

    def __init__(self) -> None:
        self.speakers = Speakers()
        self.now = 100.0
        self.told: list[tuple[float, tuple[str, ...]]] = []

    def go(self, seconds: float, **levels: int) -> list[tuple[str, ...]]:
        """Everyone who is named sends packets of that level; returns how what is told changes."""
        since = len(self.told)
        for _ in range(round(seconds / PACKET)):
            self.now += PACKET
            for who, level in levels.items():
                self.speakers.hear(who, level, self.now)
            news = self.speakers.news(self.now)
            if news is not None:
                self.told.append((self.now, news))
        words = [(), *(who for _, who in self.told)]
        return [after for before, after in pairwise(words[since:]) if before != after]


def test_whoever_speaks_is_told_within_a_second_and_for_a_while_after() -> None:
    talk = Talk()
    assert talk.go(1.0, ada=SPEECH, ben=HUM) == [("ada",)]
    assert talk.go(1.0, ada=HUM, ben=HUM) == []
    assert talk.go(2.0, ada=HUM, ben=HUM) == [()]


def test_a_cough_is_nobodys_turn() -> None:
    talk = Talk()
    talk.go(3.0, ada=SPEECH, ben=HUM)
    for _ in range(5):
        assert talk.go(0.3, ada=SPEECH, ben=LOUD_SPEECH) == []
        assert talk.go(3.0, ada=SPEECH, ben=HUM) == []


def test_pauses_for_breath_end_no_turn() -> None:
    talk = Talk()
    assert talk.go(2.0, ada=SPEECH) == [("ada",)]
    for _ in range(10):
        assert talk.go(0.5, ada=HUM) == []
        assert talk.go(1.0, ada=SPEECH) == []


def test_the_dominant_one_stays_until_another_is_clearly_louder_for_a_while() -> None:
    talk = Talk()
    talk.go(2.0, ada=SPEECH)
    assert talk.go(4.0, ada=SPEECH, ben=SPEECH - 4) == [("ada", "ben")]
    assert talk.go(4.0, ada=SPEECH, ben=LOUD_SPEECH) == [("ben", "ada")]
    assert talk.go(4.0, ada=SPEECH, ben=LOUD_SPEECH) == []


def test_a_microphone_that_sends_nothing_of_silence_falls_silent() -> None:
    talk = Talk()
    talk.go(2.0, ada=SPEECH)
    assert talk.go(3.0) == [()]


def test_at_most_so_many_are_told_of() -> None:
    talk = Talk()
    told = talk.go(3.0, **{f"person{number}": SPEECH for number in range(9)})
    assert max(map(len, told)) == MAX_SPEAKERS


def test_who_is_taken_off_the_stage_is_told_of_no_more() -> None:
    talk = Talk()
    talk.go(2.0, ada=SPEECH, ben=SPEECH)
    talk.speakers.keep({"ben"})
    assert talk.go(1.0, ben=SPEECH) == [("ben",)]


def test_what_may_not_have_been_heard_is_told_again() -> None:
    talk = Talk()
    talk.go(2.0, ada=SPEECH)
    told = len(talk.told)
    talk.speakers.repeat()
    talk.go(1.0, ada=SPEECH)
    assert [who for _, who in talk.told[told:]] == [("ada",)]


def test_whoever_comes_later_hears_who_goes_on_speaking() -> None:
    talk = Talk()
    talk.go(2.0, ada=SPEECH)
    told = len(talk.told)
    talk.go(4 * REPEAT_INTERVAL, ada=SPEECH)
    assert [who for _, who in talk.told[told:]] == 4 * [("ada",)]
    talk.go(3.0)
    told = len(talk.told)
    talk.go(4 * REPEAT_INTERVAL)
    assert len(talk.told) == told, "silence is told once"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0.02, 2.0), st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 127))),
        max_size=20,
    )
)
def test_whatever_is_heard_word_comes_of_changes_or_as_a_reminder_and_seldom(
    scenes: list[tuple[float, dict[str, int]]],
) -> None:
    talk = Talk()
    for seconds, levels in scenes:
        talk.go(seconds, **levels)
    for (earlier, before), (later, after) in pairwise(talk.told):
        assert before != after or (after and later - earlier >= REPEAT_INTERVAL - 1e-9)
        assert later - earlier >= TELL_INTERVAL - 1e-9
    assert all(len(set(who)) == len(who) <= MAX_SPEAKERS for _, who in talk.told)


def speak(room: Classroom, who: str, seconds: float, level: int = SPEECH) -> list[tuple[str, ...]]:
    """Somebody's microphone sends for a while; returns what the room hears of speakers."""
    link = next(
        link for link in room.router.rooms["room"].publishers.values() if link.connection.participant == who
    )
    since = len(room.outputs)
    for _ in range(round(seconds / PACKET)):
        room.wait(PACKET)
        room.sound(link, int(room.now * 50), level=bytes((0x80 | level,)))
    told = [output for output in room.outputs[since:] if isinstance(output, TellSpeakers)]
    return [output.participants for output in told]


def test_a_room_hears_of_microphones_that_are_on_stage_and_let_in() -> None:
    room = Classroom()
    room.permit()
    room.publisher(), room.publisher(ASSISTANT)
    assert speak(room, TEACHER, 1.0) == [(TEACHER,)]
    assert speak(room, ASSISTANT, 1.0) == []
    room.permit(publishers={TEACHER: (CAMERA,), ASSISTANT: (MICROPHONE, CAMERA)})
    assert speak(room, TEACHER, 1.0) == [()]
    assert speak(room, ASSISTANT, 1.0) == []
    room.permit(publishers={TEACHER: (MICROPHONE, CAMERA)})
    assert speak(room, TEACHER, 1.0) == [(TEACHER,)]
