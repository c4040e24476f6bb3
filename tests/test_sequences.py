import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reservoir.sequences import match_targets, match_weights, stack

LENGTHS = st.lists(st.integers(1, 6), min_size=1, max_size=5)


def rows_of(lengths, n_features=2):
    n = sum(lengths)
    return np.arange(n * n_features, dtype=float).reshape(n, n_features)


def split(rows, lengths):
    return np.split(rows, np.cumsum(lengths)[:-1])


def panel(lengths, times=None):
    index = pd.MultiIndex.from_tuples([(i, t) for i, n in enumerate(lengths) for t in range(n)])
    return pd.DataFrame(rows_of(lengths), columns=["a", "b"], index=index)


@settings(max_examples=30, deadline=None)
@given(LENGTHS)
def test_every_form_gives_the_same_stacked_rows(lengths):
    rows = rows_of(lengths)
    groups = np.repeat(np.arange(len(lengths)), lengths)
    forms = [(split(rows, lengths), None), (rows, groups), (panel(lengths), None)]
    forms.append((pd.DataFrame(rows), groups))
    if len(set(lengths)) == 1:
        forms.append((rows.reshape(len(lengths), lengths[0], 2), None))
    for X, names in forms:
        passed, layout = stack(X, names)
        np.testing.assert_array_equal(layout.gather(np.asarray(passed)), rows)
        np.testing.assert_array_equal(layout.lengths, lengths)
        np.testing.assert_array_equal(layout.positions, np.concatenate([range(n) for n in lengths]))


@settings(max_examples=30, deadline=None)
@given(LENGTHS, st.randoms(use_true_random=False))
def test_interleaved_groups_come_back_in_the_callers_order(lengths, random):
    groups = [i for i, n in enumerate(lengths) for _ in range(n)]
    random.shuffle(groups)
    rows = rows_of(lengths)
    passed, layout = stack(rows, groups)
    stacked = layout.gather(np.asarray(passed))
    for part, key in zip(layout, layout.keys, strict=True):
        np.testing.assert_array_equal(stacked[part], rows[np.array(groups) == key])
    np.testing.assert_array_equal(layout.restore(stacked), rows)


def test_results_take_the_form_of_the_input():
    rows = rows_of([3, 3])
    assert isinstance(stack(split(rows, [3, 3]))[1].restore(rows), list)
    assert stack(rows.reshape(2, 3, 2))[1].restore(rows[:, 0]).shape == (2, 3)
    assert stack(rows)[1].restore(rows).shape == (6, 2)


def test_groups_take_precedence_over_a_multiindex():
    _, layout = stack(panel([2, 2]), groups=["x", "y", "z", "x"])
    assert layout.n_sequences == 3


def test_an_object_array_of_sequences_is_a_list():
    parts = np.empty(2, object)
    parts[:] = split(rows_of([2, 3]), [2, 3])
    assert stack(parts)[1].form == "list"


def test_a_list_of_rows_is_one_sequence():
    assert stack([[1.0, 2.0], [3.0, 4.0]])[1].n_sequences == 1


def test_datetime_index_in_order_is_accepted():
    X = pd.DataFrame({"a": [1.0, 2.0]}, index=pd.date_range("2020", periods=2))
    assert stack(X)[1].is_single


class TestTargets:
    def test_rows(self):
        _, layout = stack(rows_of([4]))
        assert not match_targets([1, 2, 3, 4], layout)[1]

    def test_one_for_each_sequence(self):
        _, layout = stack(rows_of([2, 3]), groups=[0, 0, 1, 1, 1])
        assert match_targets(["x", "y"], layout)[1]

    def test_list_of_arrays(self):
        X = split(rows_of([2, 3]), [2, 3])
        values, per_sequence = match_targets([np.zeros((2, 1)), np.ones((3, 1))], stack(X)[1])
        assert not per_sequence
        assert values.shape == (5, 1)

    def test_three_dimensional(self):
        values, per_sequence = match_targets(np.zeros((2, 3, 4)), stack(np.zeros((2, 3, 1)))[1])
        assert values.shape == (6, 4)
        assert not per_sequence

    def test_a_series_named_by_sequence_is_put_in_order(self):
        _, layout = stack(np.zeros((3, 1)), groups=["b", "a", "b"])
        values, _ = match_targets(pd.Series({"a": 1.0, "b": 2.0}), layout)
        np.testing.assert_array_equal(values, [1.0, 2.0])
        values, _ = match_targets(pd.Series({"b": 2.0, "a": 1.0}), layout)
        np.testing.assert_array_equal(values, [1.0, 2.0])

    @pytest.mark.parametrize(
        ("X", "y", "message"),
        [
            (np.zeros((4, 1)), [1, 2, 3], "y has 3, X has 4 rows"),
            (np.zeros((2, 3, 1)), [1, 2, 3], "y has 3, X has 2 sequences; .* a 3-D array"),
            ([np.zeros((2, 1))] * 3, np.zeros((3, 2)), "pass y"),
            ([np.zeros((2, 1)), np.zeros((3, 1))], np.zeros(5), "5, X has 2 seq.* list of arrays"),
            (np.zeros((4, 1)), 3.0, "one target for each row or sequence, got 3.0"),
            (np.zeros((2, 3, 1)), np.zeros((2, 3)), "pass y"),
            (np.zeros((2, 3, 1)), np.zeros((2, 2, 1)), "n_timesteps, n_outputs"),
            ([np.zeros((2, 1)), np.zeros((3, 1))], [[1, 2], [1, 2]], "got lengths 2, 2"),
        ],
    )
    def test_mismatch(self, X, y, message):
        with pytest.raises(ValueError, match=message):
            match_targets(y, stack(X)[1])


class TestWeights:
    def test_per_sequence_weights_hold_for_its_rows(self):
        _, layout = stack(np.zeros((4, 1)), groups=[1, 2, 1, 2])
        np.testing.assert_array_equal(match_weights([3, 5], layout, False), [3, 5, 3, 5])

    def test_list_and_array_forms(self):
        _, layout = stack([np.zeros((1, 1)), np.zeros((2, 1))])
        np.testing.assert_array_equal(match_weights([[1], [2, 3]], layout, False), [1, 2, 3])
        _, layout = stack(np.zeros((2, 2, 1)))
        np.testing.assert_array_equal(match_weights(np.eye(2), layout, False), [1, 0, 0, 1])

    @pytest.mark.parametrize(
        ("X", "weight", "message"),
        [
            (np.zeros((2, 3, 1)), np.ones((3, 2)), r"= \(2, 3\), got \(3, 2\)"),
            ([np.zeros((2, 1)), np.zeros((3, 1))], [[1, 1, 1], [1, 1]], "got lengths 3, 2"),
            (np.zeros((4, 1)), 2.0, "got a number"),
        ],
    )
    def test_wrong_shape(self, X, weight, message):
        with pytest.raises(ValueError, match=message):
            match_weights(weight, stack(X)[1], False)

    def test_wrong_length(self):
        with pytest.raises(ValueError, match=r"expected \(4,\)"):
            match_weights([1, 2, 3], stack(np.zeros((4, 1)))[1], False)


def shuffled_times():
    times = pd.to_datetime(["2020-01-02", "2020-01-01"])
    return pd.DataFrame({"a": [1.0, 2.0]}, index=times)


def twice_the_same_time():
    times = pd.to_datetime(["2020-01-01", "2020-01-01"])
    return pd.DataFrame({"a": [1.0, 2.0]}, index=times)


@pytest.mark.parametrize(
    ("X", "groups", "message"),
    [
        (np.zeros((3, 1)), [0, 1], r"groups must name the sequence of each row, shape \(3,\)"),
        (np.zeros((2, 1)), [0, None], "groups must not hold missing values"),
        (np.zeros((2, 2, 1)), [0, 1], "cannot be combined with a 3-D array"),
        ([np.zeros((2, 1))], [0, 0], "cannot be combined with a list"),
        ([np.zeros((2, 1)), np.zeros((2, 2))], None, "same number of features"),
        ([np.zeros((2, 1)), np.zeros(2)], None, "1-D at position 1"),
        ([np.zeros((2, 1)), np.zeros((0, 1))], None, "none at position 1"),
        (np.zeros((0, 2, 1)), None, "0 sample"),
        ([pd.DataFrame({"a": [1], "b": [2]}), pd.DataFrame({"b": [1], "a": [2]})], None, "order"),
        ([pd.DataFrame({"a": [1.0]}), np.zeros((2, 1))], None, "none of them may be a DataFrame"),
        (
            pd.DataFrame({"a": [1, 2]}, index=pd.MultiIndex.from_arrays([["x", None], [1, 2]])),
            None,
            "must not hold missing",
        ),
        (shuffled_times(), None, "not sorted"),
        (twice_the_same_time(), None, "occurs more than once"),
        ([twice_the_same_time()], None, "occurs more than once"),
        (panel([2, 2]).iloc[[1, 0, 2, 3]], None, "not sorted"),
        (pd.DataFrame({"name": ["x", "y"], "a": [1, 2]}), None, r"column\(s\) name"),
        (pd.DataFrame({"day": pd.date_range("2020", periods=2)}), None, r"column\(s\) day"),
        (pd.DataFrame({"name": ["x", 2]}, dtype=object), None, r"column\(s\) name"),
    ],
)
def test_refusals(X, groups, message):
    with pytest.raises(ValueError, match=message):
        stack(X, groups)
