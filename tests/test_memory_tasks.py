"""The memory tasks against rules written down once more, in another way."""

import re
from functools import cache, partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reservoir import ESNClassifier, ESNRegressor
from reservoir.datasets import (
    make_adding,
    make_continual_reber,
    make_copy,
    make_counting,
    make_embedded_reber,
    make_multiplication,
    make_temporal_order,
    make_temporal_xor,
)
from reservoir.metrics import next_symbols_right, share_within, steps_before_error

few = settings(max_examples=30, deadline=None)
seeds = st.integers(0, 100_000)

OF_SEQUENCES = {
    "adding": make_adding,
    "multiplication": make_multiplication,
    "temporal_order, 2": make_temporal_order,
    "temporal_order, 3": partial(make_temporal_order, n_marks=3),
    "copy": make_copy,
    "embedded_reber": make_embedded_reber,
}
OF_STEPS = {"continual_reber": make_continual_reber, "temporal_xor": make_temporal_xor}
MAKERS = {**OF_SEQUENCES, **OF_STEPS}
every_maker = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())


def assert_same(left, right):
    for a, b in zip(left, right, strict=True):
        for one, other in zip(a, b, strict=True):
            np.testing.assert_array_equal(one, other)


def differ(left, right):
    return any(
        np.shape(one) != np.shape(other) or np.any(one != other)
        for a, b in zip(left, right, strict=True)
        for one, other in zip(a, b, strict=True)
    )


# what every maker holds


@every_maker
def test_same_seed_same_numbers(make):
    assert_same(make(40, random_state=3), make(40, random_state=3))
    assert differ(make(40, random_state=3), make(40, random_state=4))
    assert differ(make(40), make(40))


@every_maker
def test_a_generator_goes_on_and_a_random_state_serves(make):
    for source in (np.random.default_rng, np.random.RandomState):
        rng = source(5)
        first, second = make(40, random_state=rng), make(40, random_state=rng)
        assert differ(first, second)
        assert_same(first, make(40, random_state=source(5)))


@every_maker
def test_more_begin_with_fewer(make):
    few_of_them, many = make(7, random_state=0), make(20, random_state=0)
    assert_same(few_of_them, [part[:7] for part in many])


@pytest.mark.parametrize("bad", [0, -1, 2.5, True, "10", None])
def test_a_number_that_is_no_number_is_refused(bad):
    for makers, name in ((OF_SEQUENCES, "n_sequences"), (OF_STEPS, "n_steps")):
        for make in makers.values():
            with pytest.raises(ValueError, match=f"{name} must be an integer of at least 1, got"):
                make(bad)


@every_maker
def test_a_seed_that_is_no_seed_is_refused(make):
    with pytest.raises(ValueError, match="random_state must be a non-negative integer"):
        make(5, random_state=-1)


# adding and multiplication


def marked_values(rows, neutral):
    """The values marked by 1, and the neutral one if the first step was drawn to be marked."""
    values = [value for value, mark in rows if mark == 1]
    if len(values) == 1:
        assert rows[0][0] == neutral
        values.append(neutral)
    assert len(values) == 2
    return values


@given(st.integers(11, 150), seeds)
@few
def test_adding_and_multiplication_follow_their_rules(length, seed):
    for make, lowest, neutral in ((make_adding, -1.0, 0.0), (make_multiplication, 0.0, 1.0)):
        X, y = make(5, length, random_state=seed)
        assert y.shape == (5,)
        for rows, target in zip(X, y, strict=True):
            assert length <= len(rows) <= length + length // 10
            assert rows.shape[1] == 2
            assert ((rows[:, 0] >= lowest) & (rows[:, 0] <= 1)).all()
            assert set(rows[1:-1, 1]) <= {0.0, 1.0}
            assert rows[0, 1] == rows[-1, 1] == -1
            places = np.flatnonzero(rows[:, 1] == 1)
            assert len(places) == 1 or places.min() < 10
            assert places.max() < max(10, length // 2)
            a, b = marked_values(rows, neutral)
            expected = 0.5 + (a + b) / 4 if make is make_adding else a * b
            assert target == pytest.approx(expected, abs=1e-15)


def test_adding_draws_every_length_and_place():
    X, _ = make_adding(8000, 40, random_state=0)
    assert {len(rows) for rows in X} == set(range(40, 45))
    counts = np.zeros(45, int)
    for rows in X:
        counts[np.flatnonzero(rows[:, 1] == 1)] += 1
    # in steps 1 to 9: first with chance 1/10, or second, with 1/19 unless it is first already
    np.testing.assert_allclose(counts[1:10] / 8000, 1 / 10 + 9 / 10 / 19, atol=0.02)
    np.testing.assert_allclose(counts[10:20] / 8000, 1 / 19, atol=0.01)
    assert counts[0] == counts[20:].sum() == 0
    one_mark = np.mean([(rows[:, 1] == 1).sum() == 1 for rows in X])
    assert one_mark == pytest.approx(1 / 10 + 9 / 10 / 19, abs=0.02)


@pytest.mark.parametrize("make", [make_adding, make_multiplication])
def test_a_length_within_the_first_ten_steps_is_refused(make):
    with pytest.raises(ValueError, match="length must be an integer of at least 11, got 10"):
        make(3, 10)


# temporal order


@pytest.mark.parametrize(
    ("n_marks", "length", "windows"),
    [
        (2, (100, 110), [(10, 20), (50, 60)]),
        (3, (100, 110), [(10, 20), (33, 43), (66, 76)]),
        (2, (50, 50), [(5, 10), (25, 30)]),
        (3, (200, 230), [(20, 40), (66, 86), (132, 152)]),
        (3, (10, 11), [(1, 2), (3, 4), (6, 7)]),
    ],
)
def test_temporal_order_by_reading_each_sequence(n_marks, length, windows):
    X, y = make_temporal_order(2000, n_marks, length, random_state=0)
    places, lengths = [], set()
    for rows, label in zip(X, y, strict=True):
        assert rows.shape[1] == 8
        assert ((rows == 0) | (rows == 1)).all()
        assert (rows.sum(axis=1) == 1).all()
        text = "".join("EBabcdXY"[k] for k in rows.argmax(axis=1))
        assert re.fullmatch("E[abcdXY]+B", text)
        assert "".join(re.findall("[XY]", text)) == label
        assert set("abcd") >= set(text[1:-1]) - set("XY")
        places.append([found.start() for found in re.finditer("[XY]", text)])
        lengths.add(len(text))
    assert (min(lengths), max(lengths)) == length
    assert len(set(y)) == 2**n_marks
    np.testing.assert_array_equal(np.min(places, axis=0), [low for low, _ in windows])
    np.testing.assert_array_equal(np.max(places, axis=0), [high for _, high in windows])


@given(st.integers(10, 400), st.sampled_from([2, 3]), seeds)
@few
def test_temporal_order_keeps_its_marks_apart_at_any_length(length, n_marks, seed):
    X, y = make_temporal_order(3, n_marks, (length, length + 3), random_state=seed)
    for rows, label in zip(X, y, strict=True):
        assert len(label) == n_marks
        assert rows[:, 6:].sum() == n_marks
        assert rows[0, 0] == rows[-1, 1] == rows[:, :2].sum() / 2 == 1


def test_temporal_order_draws_all_symbols_alike():
    X, y = make_temporal_order(1000, 3, random_state=0)
    shares = np.concatenate(X).sum(axis=0)[2:6]
    np.testing.assert_allclose(shares / shares.sum(), 0.25, atol=0.01)
    _, counts = np.unique(y, return_counts=True)
    np.testing.assert_allclose(counts / 1000, 1 / 8, atol=0.04)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_marks": 4}, "n_marks must be 2 or 3, got 4"),
        ({"n_marks": True}, "n_marks must be 2 or 3, got True"),
        ({"length": 100}, r"length must be two integers \(shortest, longest\), got 100"),
        ({"length": (9, 20)}, "the shortest length must be an integer of at least 10, got 9"),
        ({"length": (20, 12)}, r"length must be \(shortest, longest\) in this order, got"),
    ],
)
def test_temporal_order_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_temporal_order(3, **arguments)


# copy


@given(st.integers(1, 5), st.integers(1, 9), st.integers(1, 6), st.integers(1, 20), seeds)
@few
def test_copy_step_by_step(n_sequences, n_symbols, length, lag, seed):
    X, y = make_copy(n_sequences, n_symbols, length, lag, random_state=seed)
    n_steps = lag + 2 * length
    assert X.shape == (n_sequences, n_steps, n_symbols + 2)
    assert y.shape == (n_sequences, n_steps, 1)
    assert (X.sum(axis=2) == 1).all()
    for rows, labels in zip(X, y[:, :, 0].tolist(), strict=True):
        shown = [list(row).index(1.0) for row in rows]
        symbols = shown[:length]
        assert all(symbol < n_symbols for symbol in symbols)
        blank, delimiter = n_symbols, n_symbols + 1
        assert shown[length:] == [blank] * (lag - 1) + [delimiter] + [blank] * length
        assert labels == [blank] * (lag + length) + symbols


def test_copy_has_the_defaults_of_the_paper():
    X, y = make_copy(500, random_state=0)
    assert X.shape == (500, 120, 10)
    _, counts = np.unique(y, return_counts=True)
    np.testing.assert_allclose(counts[:8] / 5000, 1 / 8, atol=0.02)


@pytest.mark.parametrize("name", ["n_symbols", "length", "lag"])
def test_copy_refuses(name):
    with pytest.raises(ValueError, match=f"{name} must be an integer of at least 1, got 0"):
        make_copy(3, **{name: 0})


# temporal XOR


@given(st.integers(1, 100), seeds)
@few
def test_temporal_xor_in_every_triple(n_steps, seed):
    X, y = make_temporal_xor(n_steps, random_state=seed)
    assert X.shape == (n_steps, 1)
    assert y.shape == (n_steps,)
    bits = [int(bit) for bit in [*X[:, 0], y[-1]]]
    np.testing.assert_array_equal(y, bits[1:])
    assert set(bits) <= {0, 1}
    for third in range(2, n_steps + 1, 3):
        assert bits[third] == bits[third - 1] ^ bits[third - 2]


def test_temporal_xor_is_random_but_for_every_third_bit():
    bits = make_temporal_xor(30_000, random_state=0)[0].reshape(-1, 3)
    patterns, counts = np.unique(bits, axis=0, return_counts=True)
    assert len(patterns) == 4
    np.testing.assert_allclose(counts / 10_000, 0.25, atol=0.02)


# Reber strings: by a regular expression, and by all strings that a set of rewriting rules makes

RULES = {
    "r": ["Bq"],  # in small letters: what may still come
    "q": ["Ts", "Pt"],
    "s": ["Ss", "Xx"],
    "t": ["Tt", "Vv"],
    "x": ["Xt", "SE"],
    "v": ["Px", "VE"],
}
TAIL = "(?:T*VPX)*T*V(?:V|PS)"
REBER = f"B(?:TS*X(?:S|X{TAIL})|P{TAIL})E"
EMBEDDED = re.compile(rf"B([TP]){REBER}\1E")


@cache
def embedded_strings(longest):
    """All embedded strings of at most that length."""
    open_ones, closed = ["r"], set()
    while open_ones:
        text = open_ones.pop()
        if text[-1].islower():
            open_ones += [text[:-1] + end for end in RULES[text[-1]] if len(text) <= longest]
        else:
            closed |= {f"B{outer}{text}{outer}E" for outer in "TP"}
    return frozenset(text for text in closed if len(text) <= longest)


@cache
def successors(prefix, language):
    return {text[len(prefix)] for text in language if text.startswith(prefix) and text != prefix}


def texts(X, alphabet):
    assert all(((rows == 0) | (rows == 1)).all() and (rows.sum(axis=1) == 1).all() for rows in X)
    return ["".join(alphabet[k] for k in rows.argmax(axis=1)) for rows in X]


def allowed(y, alphabet):
    assert ((y == 0) | (y == 1)).all()
    return [{symbol for symbol, on in zip(alphabet, row, strict=True) if on} for row in y]


def test_the_two_descriptions_of_reber_strings_agree():
    strings = embedded_strings(16)
    assert min(map(len, strings)) == 9
    assert all(EMBEDDED.fullmatch(text) for text in strings)
    wrong = {text.translate(str.maketrans("TP", "PT")) for text in strings} - strings
    assert not any(EMBEDDED.fullmatch(text) for text in wrong)


@given(seeds)
@few
def test_embedded_reber_strings_and_successors(seed):
    X, y = make_embedded_reber(20, random_state=seed)
    for text, rows in zip(texts(X, "BTPSXVE"), y, strict=True):
        assert EMBEDDED.fullmatch(text + "E")
        assert rows.shape == (len(text), 7)
        if len(text) <= 12:
            expected = [successors(text[: k + 1], embedded_strings(18)) for k in range(len(text))]
            assert allowed(rows, "BTPSXVE") == expected


def first_symbols_left(text):
    """What may follow each symbol of an embedded string, rewriting as it goes, at any length."""
    left, outer, following = "r", text[1], []
    for symbol in text[2:-2]:
        (rewritten,) = (end for end in RULES.get(left, [left]) if end[0] == symbol)
        left = rewritten[1:]
        following.append({end[0] for end in RULES.get(left, [left or outer])})
    return [set("TP"), {"B"}, *following, {"E"}]


def test_embedded_reber_successors_in_long_strings():
    X, y = make_embedded_reber(2000, random_state=0)
    for text, rows in zip(texts(X, "BTPSXVE"), y, strict=True):
        assert allowed(rows, "BTPSXVE") == first_symbols_left(text + "E")
    assert max(map(len, X)) > 25


def test_embedded_reber_choices_have_even_chances():
    X, y = make_embedded_reber(4000, random_state=0)
    rows, following = np.concatenate([part[1:] for part in X]), np.concatenate([p[:-1] for p in y])
    for pair in ([1, 2], [3, 4], [1, 5], [2, 5]):
        choices = rows[(following.sum(axis=1) == 2) & following[:, pair].all(axis=1)]
        assert len(choices) > 2000
        np.testing.assert_allclose(choices[:, pair].mean(axis=0), 0.5, atol=0.03)
    # the mean length of a string and its E is 11.5, as the paper of 2000 has it
    assert np.mean([len(part) + 1 for part in X]) == pytest.approx(11.5, abs=0.5)


@given(st.integers(1, 400), seeds)
@few
def test_continual_reber_is_one_string_after_the_other(n_steps, seed):
    X, y = make_continual_reber(n_steps, random_state=seed)
    assert X.shape == y.shape == (n_steps, 7)
    (stream,), following, at = texts([X], "BTPSXVE"), allowed(y, "BTPSXVE"), 0
    for k, symbol in enumerate(stream[1:]):
        assert symbol in following[k]
    while found := EMBEDDED.match(stream, at):
        text = found.group()
        assert following[found.end() - 1] == {"B"}
        if len(text) <= 13:
            expected = [
                successors(text[: k + 1], embedded_strings(18)) for k in range(len(text) - 1)
            ]
            assert following[at : found.end() - 1] == expected
        at = found.end()
    rest = stream[at:]
    assert len(rest) > 12 or any(text.startswith(rest) for text in embedded_strings(18))


# strings that count


@given(st.lists(st.integers(1, 12), min_size=1, max_size=4), st.booleans())
@few
def test_counting_by_all_strings_of_the_language(counts, with_c):
    letters = "abc" if with_c else "ab"
    language = frozenset(f"S{''.join(s * n for s in letters)}T" for n in range(1, 15))
    X, y = make_counting(counts, with_c=with_c)
    alphabet = f"S{letters}T"
    for text, rows, n in zip(texts(X, alphabet), y, counts, strict=True):
        assert text == "S" + "".join(letter * n for letter in letters)
        expected = [successors(text[: k + 1], language) for k in range(len(text))]
        assert allowed(rows, alphabet) == expected


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([], "counts must hold at least one integer, got none"),
        (3, "counts must be integers, one for each string, got 3"),
        ([1, 0], "each of the counts must be an integer of at least 1, got 0"),
        (["2"], "each of the counts must be an integer of at least 1, got '2'"),
    ],
)
def test_counting_refuses(counts, message):
    with pytest.raises(ValueError, match=message):
        make_counting(counts)


# with estimators and criteria


def test_tasks_go_into_estimators_as_they_are():
    X, y = make_copy(20, n_symbols=2, length=2, lag=2, random_state=0)
    model = ESNClassifier(n_units=60, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.9
    X, y = make_temporal_order(40, length=(10, 12), random_state=0)
    assert ESNClassifier(n_units=60, random_state=0).fit(X, y).predict(X).shape == (40,)
    X, y = make_adding(40, 20, random_state=0)
    assert 0 <= share_within(y, ESNRegressor(n_units=60, random_state=0).fit(X, y).predict(X)) <= 1
    X, y = make_embedded_reber(40, random_state=0)
    outputs = ESNRegressor(n_units=100, random_state=0).fit(X, y).predict(X)
    assert next_symbols_right(y, outputs).shape == (40,)


def test_a_mistake_in_one_step_makes_a_string_wrong_and_ends_a_stream():
    for _, y in (make_embedded_reber(10, random_state=0), make_counting(range(1, 11))):
        for threshold in (None, 0.5):
            assert next_symbols_right(y, y, threshold=threshold).all()
            outputs = [rows.copy() for rows in y]
            outputs[3][-1] = 1 - outputs[3][-1]
            right = next_symbols_right(y, outputs, threshold=threshold)
            assert np.flatnonzero(~right).tolist() == [3]
    _, y = make_continual_reber(500, random_state=0)
    assert steps_before_error(y, y) == 500
    outputs = y.copy()
    outputs[[123, 400]] = 0.5
    assert steps_before_error(y, outputs) == 123
