from __future__ import annotations

import pytest

from bench.timeline import Sample, between, rates, recovery, summary

STEP = 0.25


def course(*phases: tuple[float, float, float]) -> list[Sample]:
    """The samples of phases, each of so many seconds with so many pictures a second of so many lines."""
    samples, time, frames = [], 100.0, 0.0
    for seconds, fps, height in phases:
        for _ in range(round(seconds / STEP)):
            samples.append(Sample(time, frames, height, 0, 0, 0, 0))
            time, frames = time + STEP, frames + fps * STEP
    return samples


def test_a_while_is_summed_up_by_its_ends() -> None:
    samples = [
        Sample(10, 100, 540, frozen=1.0, freezes=1, heard=48_000, concealed=480),
        Sample(12, 130, 540, frozen=1.0, freezes=1, heard=90_000, concealed=480),
        Sample(14, 220, 270, frozen=1.2, freezes=2, heard=240_000, concealed=2_400),
    ]
    told = summary(samples)
    assert (told.fps, told.frozen_percent, told.concealed_percent, told.height) == (30, 5, 1, 270)


def test_one_sample_is_no_while() -> None:
    with pytest.raises(ValueError, match="two samples"):
        summary(course((STEP, 30, 540)))


def test_a_while_has_its_ends() -> None:
    assert [sample.time for sample in between(course((2, 30, 540)), 100.5, 101)] == [100.5, 100.75, 101]


def test_rates_are_over_the_last_second() -> None:
    found = dict(rates(course((2, 30, 540), (2, 10, 540))))
    assert found[101.0] == 30
    assert found[103.5] == 10


@pytest.mark.parametrize(
    ("phases", "expected"),
    [
        ([(4, 30, 540)], 0),
        ([(3, 0, 540), (3, 30, 540)], 3),
        ([(2, 30, 135), (3, 30, 540)], 2),
        ([(2, 0, 540), (0.5, 30, 540), (1, 0, 540), (3, 30, 540)], 3.5),
        ([(5, 20, 540)], None),
        ([(5, 30, 270)], None),
        ([], None),
    ],
)
def test_all_is_well_again_once_it_stays_so(
    phases: list[tuple[float, float, float]], expected: float | None
) -> None:
    assert recovery(course(*phases), 100.0, 540, 25) == expected
