"""Pictures: what is drawn, and that no window and no backend is chosen for it."""

import io
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgba
from matplotlib.dates import date2num, num2date
from matplotlib.figure import Figure
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse, stats
from sklearn.base import BaseEstimator

from reservoir import ESNRegressor, ESNTransformer, plotting
from reservoir.plotting import (
    plot_backtest,
    plot_bifurcation,
    plot_eigenvalues,
    plot_forecast,
    plot_loss,
    plot_lyapunov,
    plot_memory_curve,
    plot_residuals,
    plot_states,
    plot_timer,
)

PAST = pd.Series(np.arange(100.0), pd.period_range("2000-01", periods=100, freq="M"), name="flow")
AHEAD = pd.Series([7.0, 8.0, 9.0], pd.period_range("2008-05", periods=3, freq="M"), name="flow")


def fan(forecast, widths):
    """Intervals as predict_interval returns them: ± a width for each coverage."""
    frame = pd.DataFrame(forecast)
    return pd.DataFrame(
        {
            (0 if name is None else name, share, bound): frame[name] + sign * width
            for name in frame
            for share, width in widths.items()
            for bound, sign in (("lower", -1), ("upper", 1))
        }
    ).rename_axis(columns=["variable", "coverage", "bound"])


WINDOWS = pd.DataFrame(
    {
        "window": [0, 0, 1, 1],
        "cutoff": PAST.index[[95, 95, 97, 97]],
        "time": PAST.index[[96, 97, 98, 99]],
        "step": [1, 2, 1, 2],
        "y": [96.0, 97.0, 98.0, np.nan],
        "forecast": [90.0, 91.0, 92.0, 93.0],
        "lower_80": [89.0, 89.0, 90.0, 90.0],
        "upper_80": [91.0, 93.0, 94.0, 96.0],
    }
)
NOISE = np.random.default_rng(0).normal(size=50)
PICTURES = {
    "backtest": lambda ax: plot_backtest(PAST, WINDOWS, ax=ax),
    "bifurcation": lambda ax: plot_bifurcation(
        pd.DataFrame({"value": [1.0, 2.0], "observed": [3.0, 4.0]}), ax=ax
    ),
    "eigenvalues": lambda ax: plot_eigenvalues(np.eye(2), ax=ax),
    "forecast": lambda ax: plot_forecast(PAST, AHEAD, intervals=fan(AHEAD, {0.8: 1}), ax=ax),
    "loss": lambda ax: plot_loss(
        SimpleNamespace(loss_curve_=[2, 1], validation_scores_=[0, 1]), ax=ax
    ),
    "lyapunov": lambda ax: plot_lyapunov([1, 2], [[0.5], [0.6]], ax=ax),
    "memory_curve": lambda ax: plot_memory_curve([1, 0.5, 0], ax=ax),
    "states": lambda ax: plot_states(NOISE.reshape(10, 5), ax=ax),
}


def entries(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def ends(band):
    """Lower and upper end of a band at each of its times."""
    (path,) = band.get_paths()
    heights = pd.DataFrame(path.vertices, columns=["x", "y"]).groupby("x")["y"]
    return heights.min().to_list(), heights.max().to_list()


def test_all_is_what_the_module_offers():
    assert sorted(plotting.__all__) == plotting.__all__
    assert all(callable(getattr(plotting, name)) for name in plotting.__all__)


@pytest.mark.parametrize("name", PICTURES)
def test_picture_can_be_written_from_own_axes_and_from_new_ones(name):
    ax = Figure(layout="constrained").subplots()
    assert PICTURES[name](ax) is ax
    for each in (ax, PICTURES[name](None)):
        written = io.BytesIO()
        each.figure.savefig(written, format="png")
        assert written.getvalue().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", PICTURES)
def test_missing_matplotlib_is_named(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"install it with pip install .*\[plot\]"):
        PICTURES[name](None)


# forecasts


def test_forecast_goes_on_from_the_last_value():
    ax = plot_forecast(PAST, AHEAD)
    history, forecast = ax.lines[:2]
    assert_array_equal(history.get_ydata(), PAST[-50:])
    assert_array_equal(forecast.get_ydata(), [99, 7, 8, 9])
    assert num2date(forecast.get_xdata(orig=False)[-1]).strftime("%Y-%m") == "2008-07"
    assert entries(ax) == ["flow", "forecast"]


@pytest.mark.parametrize(("n_history", "n_drawn"), [(None, 50), (7, 7), (1000, 100)])
def test_length_of_history(n_history, n_drawn):
    assert len(plot_forecast(PAST, AHEAD, n_history=n_history).lines[0].get_xdata()) == n_drawn


def test_frames_have_a_colour_for_each_series():
    past, ahead = (pd.DataFrame({"a": part, "b": -part}) for part in (PAST, AHEAD))
    ax = plot_forecast(past, ahead)
    colours = [line.get_color() for line in ax.lines[:4]]
    assert colours == ["C0", "C0", "C1", "C1"]
    assert_array_equal(ax.lines[3].get_ydata(), [-99, -7, -8, -9])


def test_own_axes_and_numbered_rows():
    ax = Figure().subplots()
    past, ahead = PAST.reset_index(drop=True), AHEAD.set_axis(pd.RangeIndex(100, 103))
    assert plot_forecast(past.rename(None), ahead, ax=ax) is ax
    assert_array_equal(ax.lines[1].get_xdata(), [99, 100, 101, 102])
    assert entries(ax)[0] == "series"


def test_history_must_be_positive():
    with pytest.raises(ValueError, match="n_history must be a positive integer or None, got 0"):
        plot_forecast(PAST, AHEAD, n_history=0)


def test_columns_of_a_forecast_are_found_by_name():
    past, ahead = (pd.DataFrame({"a": part, "b": -part}) for part in (PAST, AHEAD))
    assert_array_equal(plot_forecast(past, ahead[["b", "a"]]).lines[1].get_ydata(), [99, 7, 8, 9])
    with pytest.raises(ValueError, match="must have the columns of history"):
        plot_forecast(past, ahead.rename(columns={"a": "c"}))
    with pytest.raises(ValueError, match=r"positive integer or None, got 2\.5"):
        plot_forecast(PAST, AHEAD, n_history=2.5)


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_fan_opens_from_the_last_value_the_widest_first(zone):
    past, ahead = (part.to_timestamp().rename(None).tz_localize(zone) for part in (PAST, AHEAD))
    ax = plot_forecast(past, ahead, intervals=fan(ahead, {0.5: 1, 0.95: 3, 0.8: 2}))
    for band, width in zip(ax.collections[:3], [3, 2, 1], strict=True):
        lower, upper = ends(band)
        assert_allclose(lower, [99, *(ahead - width)])
        assert_allclose(upper, [99, *(ahead + width)])
        assert_array_equal(band.get_facecolor()[0][:3], to_rgba(ax.lines[1].get_color())[:3])
    assert entries(ax) == ["series", "forecast", "95 %", "80 %", "50 %"]
    shades = [handle.get_alpha() for handle in ax.get_legend_handles_labels()[0][2:]]
    assert shades == sorted(shades)


def test_fans_of_several_series_have_their_colours():
    past, ahead = (pd.DataFrame({"a": part, "b": -part}) for part in (PAST, AHEAD))
    ax = plot_forecast(past, ahead[["b", "a"]], intervals=fan(ahead[["b", "a"]], {0.8: 2}))
    for band, colour, column in zip(ax.collections[:2], ["C0", "C1"], ["a", "b"], strict=True):
        assert_array_equal(band.get_facecolor()[0][:3], to_rgba(colour)[:3])
        assert_allclose(ends(band)[1][1:], ahead[column] + 2)
    assert entries(ax)[-1] == "80 %"


def test_intervals_must_be_those_of_the_forecast():
    right = fan(AHEAD, {0.8: 1})
    with pytest.raises(ValueError, match=r"columns \(variable, coverage, bound\).* got DataFrame"):
        plot_forecast(PAST, AHEAD, intervals=right.droplevel(0, axis=1))
    with pytest.raises(ValueError, match=r"columns \(variable, coverage, bound\).* got Series"):
        plot_forecast(PAST, AHEAD, intervals=AHEAD)
    with pytest.raises(ValueError, match="must have the 3 times of forecast"):
        plot_forecast(PAST, AHEAD, intervals=right.iloc[:2])
    past, ahead = (pd.DataFrame({"a": part, "b": -part}) for part in (PAST, AHEAD))
    with pytest.raises(ValueError, match=r"must have the variables \['a', 'b'\], got \['a'\]"):
        plot_forecast(past, ahead, intervals=fan(ahead[["a"]], {0.8: 1}))


# backtests


def test_windows_go_on_from_what_was_known_at_their_cutoffs():
    ax = plot_backtest(PAST, WINDOWS, n_history=10)
    known, first, second, *cutoffs = ax.lines
    assert_array_equal(known.get_ydata(), PAST[86:])
    assert_array_equal(first.get_ydata(), [95, 90, 91])
    assert_array_equal(second.get_ydata(), [97, 92, 93])
    months = [num2date(x).strftime("%Y-%m") for x in second.get_xdata(orig=False)]
    assert months == ["2008-02", "2008-03", "2008-04"]
    at = [date2num(line.get_xdata()[0]) for line in cutoffs]
    assert at == [line.get_xdata(orig=False)[0] for line in (first, second)]
    assert ends(ax.collections[1]) == ([97, 90, 90], [97, 94, 96])
    assert entries(ax) == ["flow", "forecast", "80 %"]


@pytest.mark.parametrize(("n_history", "n_drawn"), [(None, 54), (1, 5), (1000, 100)])
def test_length_of_what_was_known_before_the_first_cutoff(n_history, n_drawn):
    ax = plot_backtest(PAST, WINDOWS, n_history=n_history)
    assert len(ax.lines[0].get_ydata()) == n_drawn


def test_each_model_has_a_colour_and_one_entry():
    models = pd.concat([WINDOWS.assign(model="one"), WINDOWS.assign(model="two", forecast=0.0)])
    ax = plot_backtest(PAST, models)
    assert [line.get_color() for line in ax.lines[1:5]] == ["C0", "C0", "C1", "C1"]
    assert_array_equal(ax.lines[3].get_ydata(), [95, 0, 0])
    assert entries(ax) == ["flow", "one", "two", "80 %"]


def test_one_series_and_variable_of_a_panel_is_drawn():
    frame = pd.DataFrame({"u": PAST, "v": -PAST})
    panel = pd.concat({"north": frame, "south": 10 * frame}, names=["place", "month"])
    windows = pd.concat(
        [
            WINDOWS.assign(series=place, variable=column, forecast=value)
            for place, column, value in [("north", "u", 1), ("north", "v", 2), ("south", "v", 3)]
        ]
    )
    first = plot_backtest(panel, windows)
    assert entries(first)[0] == "north, u"
    assert_array_equal(first.lines[1].get_ydata(), [95, 1, 1])
    other = plot_backtest(panel, windows, series="south", variable="v", n_history=3)
    assert_array_equal(other.lines[0].get_ydata(), -10 * PAST[93:])
    assert_array_equal(other.lines[1].get_ydata(), [-950, 3, 3])
    with pytest.raises(ValueError, match=r"series must be one of .*'north', 'south'.* got 'west'"):
        plot_backtest(panel, windows, series="west")
    with pytest.raises(ValueError, match=r"variable must be one of .* windows, \[\], got 'u'"):
        plot_backtest(PAST, WINDOWS, variable="u")


def test_series_of_several_levels_is_found():
    panel = pd.concat({("x", 1): PAST, ("x", 2): -PAST})
    windows = WINDOWS.assign(series=[("x", 2)] * 4)
    assert_array_equal(plot_backtest(panel, windows).lines[1].get_ydata(), [-95, 90, 91])


def test_panel_as_a_long_table():
    long = pd.concat(
        [
            pd.DataFrame({"unique_id": name, "ds": PAST.index, "y": factor * PAST.to_numpy()})
            for name, factor in [("a", 1), ("b", -1)]
        ]
    )
    ax = plot_backtest(long, WINDOWS.assign(series="b"))
    assert_array_equal(ax.lines[0].get_ydata(), -PAST[46:])
    assert_array_equal(ax.lines[1].get_ydata(), [-95, 90, 91])


def test_windows_that_cannot_be_drawn():
    with pytest.raises(ValueError, match="windows must have a row for each step"):
        plot_backtest(PAST, WINDOWS[:0])
    with pytest.raises(ValueError, match=r"y must have one column where windows has no .* got 2"):
        plot_backtest(pd.DataFrame({"a": PAST, "b": PAST}), WINDOWS)
    with pytest.raises(ValueError, match="y must be one series where windows has no column"):
        plot_backtest(pd.concat({"a": PAST, "b": PAST}), WINDOWS)
    with pytest.raises(ValueError, match="n_history must be a positive integer or None, got 0"):
        plot_backtest(PAST, WINDOWS, n_history=0)


# residuals


def autocorrelation_by_definition(values, lag):
    known = [value for value in values if not np.isnan(value)]
    mean = sum(known) / len(known)
    pairs = zip(values, values[lag:], strict=False)
    products = [(a - mean) * (b - mean) for a, b in pairs if not np.isnan(a + b)]
    return sum(products) / sum((value - mean) ** 2 for value in known)


@given(
    st.lists(st.sampled_from([np.nan, -2.0, -0.5, 0.0, 1.0, 3.0]), min_size=2, max_size=30).map(
        lambda values: [*values, 0.5, 1.5]
    )
)
@settings(max_examples=25, deadline=None)
def test_autocorrelation_by_its_definition(values):
    ax = plot_residuals(values)[2]
    lags, found = ax.lines[1].get_data()
    expected = [autocorrelation_by_definition(values, lag) for lag in lags]
    assert_allclose(found, expected, atol=1e-12)


def test_residuals_over_time_and_as_a_histogram():
    noise = pd.Series(NOISE, pd.period_range("2000-01", periods=50, freq="M", name="month"))
    over_time, histogram, _ = plot_residuals(noise)
    assert_array_equal(over_time.lines[1].get_ydata(), NOISE)
    assert over_time.get_xlabel() == "month"
    areas = [bar.get_width() * bar.get_height() for bar in histogram.patches]
    assert sum(areas) == pytest.approx(1)
    x, density = histogram.lines[0].get_data()
    assert_allclose(density, stats.norm(NOISE.mean(), NOISE.std()).pdf(x))
    written = io.BytesIO()
    over_time.figure.savefig(written)


def test_band_of_the_autocorrelation_counts_what_is_known():
    ax = plot_residuals(np.concatenate([NOISE, [np.nan] * 9]))[2]
    (band,) = ax.patches
    assert band.get_extents().ymax == pytest.approx(
        ax.transData.transform((0, 1.96 / np.sqrt(50)))[1]
    )


def test_two_seasons_are_marked():
    ax = plot_residuals(NOISE, season=20)[2]
    assert_array_equal(ax.get_xticks(), [0, 20, 40])
    assert ax.lines[-1].get_xdata()[-1] == 40


def test_residuals_go_into_own_axes():
    own = Figure().subplots(3)
    assert_array_equal(plot_residuals(NOISE, axes=own), own)
    with pytest.raises(ValueError, match="axes must be three, got 2"):
        plot_residuals(NOISE, axes=own[:2])


def test_residuals_are_checked():
    for bad in (np.eye(2), ["a", "b"]):
        with pytest.raises(ValueError, match="residuals must be one column of real numbers, got"):
            plot_residuals(bad)
    for bad in ([], [1, 1, np.nan], [0, 1, np.inf]):
        with pytest.raises(ValueError, match="residuals must be finite or NaN, and two of them"):
            plot_residuals(bad)
    for bad in (1, 2.5):
        with pytest.raises(ValueError, match="season must be an integer above 1 or None, got"):
            plot_residuals(NOISE, season=bad)


# networks


def drawn_states(ax):
    return np.asarray(ax.collections[0].get_array())


def test_states_have_a_row_for_each_unit():
    X = pd.DataFrame({"u": NOISE}, pd.date_range("2000-01-01", periods=50, name="day"))
    esn = ESNTransformer(n_units=4, random_state=0).set_output(transform="pandas").fit(X)
    states = esn.transform(X)
    ax = plot_states(states, n_units=4)
    assert_array_equal(drawn_states(ax), states.to_numpy()[:, :4].T)
    assert ax.get_xlabel() == "day"
    low, high = ax.collections[0].get_clim()
    assert low == -high == -np.abs(states.to_numpy()[:, :4]).max()
    assert num2date(ax.get_xlim()[0] + 0.5).strftime("%Y-%m-%d") == "2000-01-01"
    named = states.set_axis(pd.MultiIndex.from_product([["a"], X.index]))
    assert_array_equal(drawn_states(plot_states(named)), states.to_numpy().T)


def test_states_of_one_sign_begin_at_zero():
    ax = plot_states(np.abs(NOISE).reshape(10, 5), index=np.arange(10) ** 2)
    assert ax.collections[0].get_clim() == (0, np.abs(NOISE).max())
    assert ax.get_xlim()[1] == 81 + (81 - 64) / 2


def test_states_are_checked():
    states = np.zeros((4, 3))
    for several in ([states, states], pd.DataFrame(states, [list("aabb"), [0, 1, 0, 1]])):
        with pytest.raises(ValueError, match="those of one sequence, got several"):
            plot_states(several)
    for bad in (np.zeros((2, 4, 3)), np.zeros(3), np.full((2, 2), np.nan), np.zeros((0, 2))):
        with pytest.raises(ValueError, match="states must be finite and of shape"):
            plot_states(bad)
    with pytest.raises(ValueError, match="index must have a time for each of 4 rows, got 3"):
        plot_states(states, index=[1, 2, 3])
    for bad in (0, 4):
        with pytest.raises(ValueError, match=f"from 1 to the 3 columns of states, got {bad}"):
            plot_states(states, n_units=bad)


def points(line):
    return np.sort_complex(line.get_xdata() + 1j * line.get_ydata())


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array, pd.DataFrame])
def test_eigenvalues_are_those_of_the_matrix(kind):
    W = np.random.default_rng(0).normal(size=(6, 6))
    circle, dots = plot_eigenvalues(kind(W)).lines[2:]
    assert_allclose(np.hypot(*circle.get_data()), 1)
    assert_allclose(points(dots), np.sort_complex(np.linalg.eigvals(W)))
    assert dots.get_label() == f"spectral radius {np.abs(np.linalg.eigvals(W)).max():.3g}"


@pytest.mark.parametrize(
    ("n_layers", "bidirectional", "names"),
    [
        (1, False, ["spectral radius 0.7"]),
        (2, False, ["layer 1: ", "layer 2: "]),
        (1, True, ["forward: ", "backward: "]),
        (2, True, ["layer 1: ", "layer 2: ", "layer 1, backward: ", "layer 2, backward: "]),
    ],
)
def test_every_layer_has_its_eigenvalues(n_layers, bidirectional, names):
    esn = ESNTransformer(
        n_units=20,
        n_layers=n_layers,
        bidirectional=bidirectional,
        spectral_radius=0.7,
        random_state=0,
    ).fit(NOISE[:, np.newaxis])
    weights = esn.recurrent_weights_ if len(names) > 1 else [esn.recurrent_weights_]
    lines = plot_eigenvalues(esn).lines[3:]
    assert len(lines) == len(names)
    for line, W, name in zip(lines, weights, names, strict=True):
        assert_allclose(points(line), np.sort_complex(np.linalg.eigvals(W.toarray())), atol=1e-9)
        assert line.get_label().startswith(name)


def test_matrices_without_eigenvalues_are_refused():
    for bad in (np.zeros((2, 3)), np.zeros(4), sparse.csr_array((2001, 2001))):
        with pytest.raises(ValueError, match=r"square matrix, of 2000 units at most .* got shape"):
            plot_eigenvalues(bad)
    with pytest.raises(ValueError, match="must be finite, got NaN or infinity"):
        plot_eigenvalues([[np.nan]])
    with pytest.raises(ValueError, match="got ESNRegressor without; fit it first"):
        plot_eigenvalues(ESNRegressor())


class RemembersThree(BaseEstimator):
    """Outputs the inputs of one to three steps ago, and nothing for longer delays."""

    def fit(self, X, y):
        self.n_outputs_ = y.shape[1]
        assert_array_equal(y[4:, 3], X[:-4, 0])
        return self

    def predict(self, X):
        outputs = np.zeros((len(X), self.n_outputs_))
        for k in range(1, 4):
            outputs[k:, k - 1] = X[:-k, 0]
        return outputs


def test_memory_curve_of_an_estimator_is_that_of_its_clone():
    estimator = RemembersThree()
    ax = plot_memory_curve(estimator, n_delays=5, n_steps=50, label="three")
    delays, curve = ax.lines[0].get_data()
    assert_array_equal(delays, [1, 2, 3, 4, 5])
    assert_allclose(curve, [1, 1, 1, 0, 0], atol=1e-12)
    assert entries(ax) == ["three: capacity 3"]
    assert not hasattr(estimator, "n_outputs_")
    plot_memory_curve(pd.Series([0.5, 0.25], [10, 20]), ax=ax)
    assert_array_equal(ax.lines[1].get_data(), [[10, 20], [0.5, 0.25]])
    assert entries(ax) == ["three: capacity 3", "capacity 0.75"]


def test_linear_network_remembers_no_more_than_its_units():
    esn = ESNRegressor(n_units=10, activation="identity", random_state=0)
    curve = plot_memory_curve(esn, n_delays=30, n_steps=2000).lines[0].get_ydata()
    assert 5 < curve.sum() < 10 + 30 / 1000


def test_memory_curve_is_checked():
    with pytest.raises(ValueError, match=r"r² for each delay, got shape \(2, 2\)"):
        plot_memory_curve(np.eye(2))
    with pytest.raises(ValueError, match="must be positive integers, got 0 and 4000"):
        plot_memory_curve(RemembersThree(), n_delays=0)


def test_loss_and_validation_scores_have_an_axis_each():
    trained = SimpleNamespace(loss_curve_=[4.0, 2.0, 1.0], validation_scores_=[0.1, 0.9, 0.5])
    ax = plot_loss(trained)
    assert_array_equal(ax.lines[0].get_data(), [[1, 2, 3], [4, 2, 1]])
    assert ax.get_yscale() == "log"
    right = ax.figure.axes[-1]
    assert_array_equal(right.lines[0].get_ydata(), [0.1, 0.9, 0.5])
    assert_array_equal(right.lines[1].get_data(), [[2], [0.9]])
    assert right.get_yscale() == "linear"


def test_loss_of_zero_is_drawn_on_a_linear_axis():
    ax = plot_loss(SimpleNamespace(loss_curve_=[1.0, 0.0], validation_scores_=None))
    assert ax.get_yscale() == "linear"
    assert len(ax.figure.axes) == 1


def test_network_without_losses_is_refused():
    for bad in (ESNRegressor(), SimpleNamespace(loss_curve_=[])):
        with pytest.raises(ValueError, match=f"got {type(bad).__name__} without; fit it first"):
            plot_loss(bad)


# timer


def test_timer_has_a_panel_for_each_model():
    y = np.repeat([0.0, 0.5, 0.0], 5)
    inputs = np.zeros((15, 2))
    inputs[5] = [1, 0.3]
    figure = plot_timer(y, {"one": y, "two": 1 - y}, inputs=inputs)
    first, second = figure.axes
    assert_array_equal(second.lines[0].get_ydata(), 1 - y)
    assert [text.get_text() for text in first.texts] == ["0.3"]
    own = Figure()
    assert plot_timer(y, {"one": y}, figure=own) is own


def test_timer_refuses_outputs_that_do_not_fit():
    with pytest.raises(ValueError, match="at least one model"):
        plot_timer(np.zeros(3), {})
    with pytest.raises(ValueError, match=r"shape of y, \(3,\), got \(4,\) for 'one'"):
        plot_timer(np.zeros(3), {"one": np.zeros(4)})


def test_no_pyplot_is_loaded():
    code = (
        "import io, sys, pandas as pd; from reservoir.plotting import plot_forecast; "
        "assert 'matplotlib' not in sys.modules; s = pd.Series([1.0, 2.0]); "
        "plot_forecast(s, s).figure.savefig(io.BytesIO()); "
        "print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_panel_is_not_drawn_as_one_series():
    panel = pd.Series(range(6), pd.MultiIndex.from_product([["a", "b"], range(3)]))
    with pytest.raises(ValueError, match="must be one series, got a panel"):
        plotting.plot_forecast(panel, panel)
