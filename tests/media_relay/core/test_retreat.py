from __future__ import annotations

import pytest

from media_relay.core.retreat import MOVE_SECONDS, REPLY_SECONDS, Retreat

NOW = 100.0


def over(retreat: Retreat, after: float = 0.0, *, reachable: bool = True, connections: int = 30) -> bool:
    return retreat.is_over(NOW + after, reachable=reachable, connections=connections)


@pytest.fixture
def retreat() -> Retreat:
    begun = Retreat()
    begun.begin(NOW)
    return begun


def test_a_relay_that_nobody_stops_goes_on_without_web_tier_and_connections() -> None:
    retreat = Retreat()
    retreat.receive_moved(0, NOW)
    assert not retreat.is_under_way
    assert not over(retreat, 1e9, reachable=False, connections=0)


def test_a_relay_waits_for_word_of_its_lessons_even_while_nobody_is_connected(retreat: Retreat) -> None:
    assert retreat.is_under_way
    assert not over(retreat, REPLY_SECONDS - 0.1, connections=0)
    assert over(retreat, REPLY_SECONDS)


def test_a_relay_goes_at_once_when_no_lesson_moves(retreat: Retreat) -> None:
    retreat.receive_moved(0, NOW)
    assert over(retreat)


def test_a_relay_goes_at_once_when_the_web_tier_is_away(retreat: Retreat) -> None:
    assert over(retreat, reachable=False)
    retreat.receive_moved(2, NOW)
    assert over(retreat, 1.0, reachable=False)


def test_a_relay_serves_those_who_have_not_moved_for_so_long_and_no_longer(retreat: Retreat) -> None:
    retreat.receive_moved(2, NOW + 1)
    assert not over(retreat, 1.0, connections=1)
    assert not over(retreat, MOVE_SECONDS, connections=1)
    assert over(retreat, 1.0, connections=0)
    assert over(retreat, 1 + MOVE_SECONDS, connections=1)


def test_a_second_word_of_moves_does_not_make_it_longer(retreat: Retreat) -> None:
    retreat.receive_moved(2, NOW)
    retreat.receive_moved(1, NOW + 9)
    assert over(retreat, MOVE_SECONDS)


def test_to_be_told_twice_is_to_go_at_once(retreat: Retreat) -> None:
    retreat.receive_moved(2, NOW)
    retreat.begin(NOW + 1)
    assert over(retreat, 1.0)
