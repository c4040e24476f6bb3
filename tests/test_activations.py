"""Activations against a reference of forty digits, over the whole range of floats."""

from decimal import Context, Decimal

import numpy as np
import pytest

from reservoir.kernels._activations import ACTIVATIONS, activate

DIGITS = Context(prec=60, Emin=-10000, Emax=10000)


def exact_tanh(x):
    e = DIGITS.exp(DIGITS.multiply(Decimal(-2), abs(x)))
    if abs(x) < Decimal("1e-10"):  # tanh x = x - x³/3 + ...
        return DIGITS.subtract(x, DIGITS.divide(DIGITS.power(x, 3), Decimal(3)))
    value = DIGITS.divide(DIGITS.subtract(Decimal(1), e), DIGITS.add(Decimal(1), e))
    return value if x >= 0 else -value


def exact_sigmoid(x):
    return DIGITS.divide(Decimal(1), DIGITS.add(Decimal(1), DIGITS.exp(-x)))


def points(dtype):
    rng = np.random.default_rng(0)
    smallest = -300 if dtype == "float64" else -37
    longest = 745 if dtype == "float64" else 103
    return np.concatenate(
        [
            rng.uniform(-1, 1, 500) * 10.0 ** rng.uniform(smallest, 1.5, 500),
            rng.uniform(-3, 3, 1000),
            rng.uniform(-45, 45, 500),
            rng.uniform(-longest, longest, 500),
        ]
    ).astype(dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("name", "exact"), [("tanh", exact_tanh), ("sigmoid", exact_sigmoid)])
def test_within_four_units_in_the_last_place(name, exact, dtype):
    x = points(dtype)
    found = x.copy()
    activate(ACTIVATIONS[name], found)
    assert found.dtype == dtype
    for argument, value in zip(x, found, strict=True):
        truth = exact(Decimal(float(argument)))
        unit = Decimal(float(np.spacing(np.dtype(dtype).type(abs(float(truth))))))
        assert abs(Decimal(float(value)) - truth) <= 4 * unit, argument


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tanh", [0, 1, -1, np.nan]),
        ("sigmoid", [0.5, 1, 0, np.nan]),
        ("relu", [0, np.inf, 0, np.nan]),
        ("identity", [0, np.inf, -np.inf, np.nan]),
    ],
)
def test_exact_where_it_can_be(name, expected, dtype):
    x = np.array([0, np.inf, -np.inf, np.nan], dtype)
    activate(ACTIVATIONS[name], x)
    np.testing.assert_array_equal(x, expected)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_tanh_is_odd_and_monotone(dtype):
    x = np.sort(points(dtype))
    forth, back = x.copy(), -x
    activate(0, forth)
    activate(0, back)
    np.testing.assert_array_equal(back, -forth)
    assert (np.diff(forth) >= -2 * np.finfo(dtype).eps).all()
