"""Times beside rows: where they come from and what is refused."""

import numpy as np
import pandas as pd
import pytest

from reservoir._times import REGULAR, check_kind, make_clock, times_of
from reservoir.sequences import stack

T = np.array([0.0, 1.0, 1.5, 4.0])
X = np.zeros((4, 1))
DATES = pd.Timestamp("2024-03-01") + pd.to_timedelta(T, unit="h")


def found(X, times=None, groups=None, time_unit=None):
    _, layout = stack(X, groups)
    index, kind = times_of(X, times, layout)
    clock = make_clock(index, kind, layout, time_unit)
    return None if index is None else clock.moments(index), kind, clock


def test_rows_without_times_are_one_apart():
    for rows in (X, pd.DataFrame(X), pd.DataFrame(X, index=list("abcd")), [X, X]):
        moments, kind, clock = found(rows)
        assert moments is None
        assert (kind, clock) == ("none", REGULAR)


@pytest.mark.parametrize(
    ("rows", "times", "kind"),
    [
        (pd.DataFrame(X, index=T), None, "index"),
        (X, T, "number"),
        (X, list(T), "number"),
        (pd.DataFrame(X), pd.Series(T), "number"),
        (X[None], T, "number"),
        (X[None], T[None], "number"),
        ([X], [T], "number"),
    ],
)
def test_numbers_count_as_they_are(rows, times, kind):
    moments, what, clock = found(rows, times)
    np.testing.assert_array_equal(moments, T)
    assert what == kind
    assert (clock.interval, clock.short) == (1.0, 0.75)


@pytest.mark.parametrize(
    "times",
    [DATES, DATES.to_numpy(), list(DATES), DATES.tz_localize("Europe/Vienna"), DATES - DATES[0]],
)
def test_dates_count_in_the_median_interval_or_a_unit(times):
    np.testing.assert_allclose(found(X, times)[0], T)  # the median is an hour
    np.testing.assert_allclose(found(X, times, time_unit="30min")[0], 2 * T)
    np.testing.assert_allclose(found(X, times, time_unit=pd.Timedelta("2h"))[0], T / 2)
    frame = pd.DataFrame(X, index=pd.Index(times))
    np.testing.assert_allclose(found(frame, time_unit="h")[0], T)


def test_periods_begin_when_they_begin():
    frame = pd.DataFrame(X[:3], index=pd.period_range("2024-01-01", periods=3, freq="D"))
    np.testing.assert_allclose(found(frame)[0], [0, 1, 2])


def test_sequences_have_times_of_their_own():
    index = pd.MultiIndex.from_product([["b", "a"], T])
    frame = pd.DataFrame(np.zeros((8, 1)), index=index)
    np.testing.assert_array_equal(found(frame)[0], [*T, *T])
    order = [4, 0, 5, 1, 6, 2, 7, 3]
    moments, _, clock = found(
        np.zeros((8, 1)), np.r_[T, 10 + T][order], groups=np.r_[[0] * 4, [1] * 4][order]
    )
    np.testing.assert_array_equal(moments, [*T, *(10 + T)])
    assert clock.interval == 1.0  # not the jump from one sequence to the next
    frames = [pd.DataFrame(X, index=DATES), pd.DataFrame(X, index=DATES + pd.Timedelta("10h"))]
    np.testing.assert_allclose(found(frames)[0], [*T, *(10 + T)])


@pytest.mark.parametrize(
    ("rows", "times", "unit", "words"),
    [
        (X, T[:3], None, "one value for each of the 4 row"),
        (X, T[::-1], None, "times must increase .* but 1.5 follows 4.0"),
        (X, [0, 1, 1, 2], None, "times must increase"),
        (pd.DataFrame(X, index=T[::-1]), None, None, "the index of X must increase .*reset_index"),
        (X, [0, 1, np.nan, 2], None, "finite and not missing"),
        (X, [0, 1, 2, np.inf], None, "finite and not missing"),
        (X, list("abcd"), None, "dates, timedeltas or numbers"),
        (X, T, "1h", "time_unit must be None"),
        (X, DATES, "a while", "time_unit must be a positive timedelta"),
        ([X[:1]], [DATES[:1]], None, "time_unit must be given"),
        ([X, X], [T, T[:2]], None, "one number for each row of each sequence"),
    ],
)
def test_what_is_refused(rows, times, unit, words):
    with pytest.raises(ValueError, match=words):
        found(rows, times, time_unit=unit)


def test_times_stay_what_they_were():
    dates, numbers = found(X, DATES)[2], found(X, T)[2]
    for kind, clock in (("none", dates), ("number", dates), ("date", numbers), ("none", numbers)):
        with pytest.raises(ValueError, match=r"times must be .* as in fit"):
            check_kind(kind, clock)
    for kind in ("none", "index", "number"):
        check_kind(kind, REGULAR)


def test_durations():
    dates = found(X, DATES)[2]
    assert dates.duration("30min", "ahead") == 0.5
    assert dates.duration(2.0, "ahead") == 2.0
    np.testing.assert_array_equal(
        dates.duration(pd.to_timedelta([1, 2], unit="h"), "ahead"), [1, 2]
    )
    for wrong in (-1.0, np.nan, "soon", [1.0, -1.0]):
        with pytest.raises(ValueError, match="ahead must be"):
            dates.duration(wrong, "ahead")
    with pytest.raises(ValueError, match="ahead must be numbers, in units of time, got"):
        REGULAR.duration("1h", "ahead")
