"""The rate is a function of progress that begins low, peaks at one and ends at nothing."""

import pytest

from stylespace.training.schedule import averaging_weight, learning_rate


def test_the_rate_rises_once_and_falls_to_zero():
    rates = [learning_rate(step / 1000) for step in range(1001)]
    peak = rates.index(max(rates))
    assert max(rates) == pytest.approx(1)
    assert rates[0] < 0.2
    assert rates[-1] == pytest.approx(0, abs=1e-9)
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)


def test_the_rate_rises_for_as_long_as_it_is_told():
    assert learning_rate(0.1, warm_up=0.2) == pytest.approx(0.5)
    assert learning_rate(0.2, warm_up=0.2) == pytest.approx(1)
    assert learning_rate(1.0, floor=0.5, warm_up=0.2) == pytest.approx(0.5)


def test_the_average_forgets_the_start_of_any_run():
    for steps in (500, 50_000):
        left = 1.0  # the first weights' share of the average
        for step in range(0, steps, 4):
            left *= 1 - averaging_weight(step, 4)
        assert left < 1e-3


def test_to_a_floor_the_rate_falls_in_a_line():
    assert learning_rate(0.525, floor=0.5) == pytest.approx(0.75)


def test_the_average_reaches_back_over_a_fiftieth_of_the_steps():
    assert averaging_weight(0, 8) == 1
    assert averaging_weight(10_000, 8) == pytest.approx(8 / 201)
