"""Pictures: what is drawn, and that no window and no backend is chosen for it."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib.dates import num2date
from matplotlib.figure import Figure
from numpy.testing import assert_array_equal

from reservoir.plotting import plot_forecast, plot_timer

PAST = pd.Series(np.arange(100.0), pd.period_range("2000-01", periods=100, freq="M"), name="flow")
AHEAD = pd.Series([7.0, 8.0, 9.0], pd.period_range("2008-05", periods=3, freq="M"), name="flow")


def test_forecast_goes_on_from_the_last_value():
    ax = plot_forecast(PAST, AHEAD)
    history, forecast = ax.lines[:2]
    assert_array_equal(history.get_ydata(), PAST[-50:])
    assert_array_equal(forecast.get_ydata(), [99, 7, 8, 9])
    assert num2date(forecast.get_xdata(orig=False)[-1]).strftime("%Y-%m") == "2008-07"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["flow", "forecast"]


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
    assert ax.get_legend().get_texts()[0].get_text() == "series"


def test_history_must_be_positive():
    with pytest.raises(ValueError, match="n_history must be a positive integer or None, got 0"):
        plot_forecast(PAST, AHEAD, n_history=0)


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


def test_columns_of_a_forecast_are_found_by_name():
    past, ahead = (pd.DataFrame({"a": part, "b": -part}) for part in (PAST, AHEAD))
    assert_array_equal(plot_forecast(past, ahead[["b", "a"]]).lines[1].get_ydata(), [99, 7, 8, 9])
    with pytest.raises(ValueError, match="must have the columns of history"):
        plot_forecast(past, ahead.rename(columns={"a": "c"}))
    with pytest.raises(ValueError, match=r"positive integer or None, got 2\.5"):
        plot_forecast(PAST, AHEAD, n_history=2.5)
