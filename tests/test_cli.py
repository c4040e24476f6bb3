"""The `reservoir` command: what it prints and writes, and what it says of wrong input."""

import io
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from reservoir import (
    ESNRegressor,
    ReservoirForecaster,
    __version__,
    _cli_forecast,
    _cli_options,
    _cli_trial,
    cli,
)
from reservoir._cli_series import Data
from reservoir.cli import main
from reservoir.datasets import load_elnino
from reservoir.forecasting import backtest, score
from reservoir.model_selection import _classic, _compare
from reservoir.persistence import save

DATA = Path(__file__).parents[1] / "datasets" / "data"


@pytest.fixture
def monthly(tmp_path):
    """Five years of a rising season in a CSV file."""
    t = np.arange(60)
    dates = pd.date_range("2019-01-01", periods=60, freq="MS").strftime("%Y-%m-%d")
    values = (0.3 * t + 5 * np.sin(2 * np.pi * t / 12) + 20).round(3)
    frame = pd.DataFrame({"date": dates, "sales": values, "shop": "north"})
    return Table(tmp_path / "sales.csv", frame)


class Table:
    """A CSV file that a test can change."""

    def __init__(self, path, frame):
        self.path, self.frame = path, frame
        self.write(frame)

    def write(self, frame):
        frame.to_csv(self.path, index=False)

    def indexed(self, frame=None):
        frame = self.frame if frame is None else frame
        return frame.set_index(pd.DatetimeIndex(frame["date"], name="date"))

    def series(self, frame=None):
        return self.indexed(frame)["sales"]

    def change(self, row, column, value):
        frame = self.frame.astype(object)
        frame.loc[row, column] = value
        self.write(frame)

    def forecast(self, *options, column="sales", horizon="3"):
        file = str(self.path)
        return main(["forecast", file, "--column", column, "--horizon", horizon, *options])


def dated(table, *options):
    return table.forecast("--date", "date", *options)


def test_forecast_is_printed_with_its_backtest(monthly, capsys):
    assert dated(monthly) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0].split() == ["date", "sales"]
    assert [line.split()[0] for line in lines[1:4]] == ["2024-01-01", "2024-02-01", "2024-03-01"]
    assert lines[5].startswith("Backtest over the last 5 × 3 steps")
    assert [line.split()[0] for line in lines[7:10]] == ["reservoir", "naive", "seasonal"]
    assert "below naive and" in lines[10]
    assert err == ""


def test_forecast_is_that_of_the_forecaster(tmp_path, capsys):
    output = tmp_path / "out.csv"
    file = str(DATA / "elnino.csv")
    options = ["--column", "temperature", "--date", "month", "--horizon", "4", "--windows", "0"]
    assert main(["forecast", file, *options, "--seed", "3", "--output", str(output)]) == 0
    expected = ReservoirForecaster(random_state=3).fit(load_elnino()).predict(4)
    written = pd.read_csv(output, index_col="month")["temperature"]
    assert list(written.index) == ["2011-01", "2011-02", "2011-03", "2011-04"]
    np.testing.assert_allclose(written, expected, rtol=1e-9)
    assert "Backtest" not in capsys.readouterr().out


def test_options_reach_the_forecaster(monthly, monkeypatch):
    seen = {}

    class Spy(ReservoirForecaster):
        def fit(self, y, X=None):
            seen.update(self.get_params())
            return super().fit(y, X)

    monkeypatch.setattr(_cli_options, "ReservoirForecaster", Spy)
    options = (
        "--season 6 --difference 1 --seasonal-difference 0 --missing interpolate --seed 7 "
        "--transform none --fourier 2 --calendar month,quarter --method bootstrap"
    )
    assert dated(monthly, *options.split(), "--windows", "0") == 0
    expected = {
        "season": 6, "difference": 1, "seasonal_difference": 0, "random_state": 7, "fourier": 2,
        "missing": "interpolate", "transform": None, "calendar": ["month", "quarter"],
        "intervals": "bootstrap", "past_columns": [],
    }  # fmt: skip
    assert seen == {**Spy().get_params(), **expected}


def test_options_that_are_not_given_leave_the_defaults(monthly, monkeypatch):
    seen = {}

    class Spy(ReservoirForecaster):
        def fit(self, y, X=None):
            seen.update(self.get_params())
            return super().fit(y, X)

    monkeypatch.setattr(_cli_options, "ReservoirForecaster", Spy)
    assert dated(monthly, "--windows", "0") == 0
    assert seen == {**Spy().get_params(), "past_columns": []}


@pytest.mark.parametrize(
    ("first", "format_", "ahead"),
    [
        ("%Y", None, "2024"),
        ("%Y-%m", None, "2024-01"),
        ("%d.%m.%Y", "%d.%m.%Y", "2024-01-01"),
        ("%b %d, %Y", None, "2024-01-01"),
    ],
)
def test_dates_come_back_as_they_were(monthly, tmp_path, first, format_, ahead):
    dates = pd.date_range("1964", "2023", freq="YS") if first == "%Y" else None
    dates = pd.to_datetime(monthly.frame["date"]) if dates is None else dates.to_series()
    monthly.write(monthly.frame.assign(date=dates.dt.strftime(first).to_numpy()))
    output = tmp_path / "out.csv"
    options = ["--windows", "0", "--output", str(output)]
    options += ["--date-format", format_] if format_ else []
    assert dated(monthly, *options) == 0
    assert output.read_text().splitlines()[1].startswith(ahead + ",")


def test_quarters_rows_and_order_of_dates(monthly, tmp_path):
    output = tmp_path / "out.csv"
    options = ["--windows", "0", "--output", str(output)]
    quarters = pd.period_range("2009Q1", periods=60, freq="Q").astype(str)
    monthly.write(monthly.frame.assign(date=quarters))
    assert dated(monthly, *options) == 0
    forecast = output.read_text()
    assert forecast.splitlines()[1].startswith("2024Q1,")
    monthly.write(monthly.frame.assign(date=quarters)[::-1])
    assert dated(monthly, *options) == 0
    assert output.read_text() == forecast
    assert monthly.forecast(*options) == 0
    assert [line.split(",")[0] for line in output.read_text().split()] == ["row", "61", "62", "63"]


def test_standard_input_and_separator(monthly, monkeypatch, capsys):
    text = monthly.frame.to_csv(index=False, sep=";").encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    options = ["--column", "sales", "--horizon", "2", "--separator", ";", "--windows", "0"]
    assert main(["forecast", "-", *options]) == 0
    assert capsys.readouterr().out.split()[:3] == ["row", "sales", "61"]


def test_picture_is_written(monthly, tmp_path):
    picture = tmp_path / "out.png"
    assert dated(monthly, "--windows", "0", "--plot", str(picture)) == 0
    assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_gaps_are_refused_or_filled(monthly, capsys):
    monthly.write(monthly.frame.drop(index=[7, 8]).astype({"sales": object}))
    assert dated(monthly) == 2
    assert "none for 2019-08-01 (and 1 more); --missing interpolate" in capsys.readouterr().err
    assert dated(monthly, "--missing", "interpolate") == 0
    assert capsys.readouterr().out.startswith("2 missing values were filled linearly.\n")


def test_long_forecasts_are_shortened(monthly, capsys):
    assert monthly.forecast("--windows", "1", horizon="40") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[20].split() == ["...", "18", "more"]
    assert [lines[i].split()[0] for i in (1, 19, 21, 23)] == ["61", "79", "98", "100"]
    assert "No backtest: it needs at least twice as many rows" in lines[-1]


def wrong_cell(value, column="sales", row=16):
    return lambda table: table.change(row, column, value)


WRONG = {
    "no such column": (
        ["--column", "price"],
        None,
        "There is no column 'price'; the columns are: date, sales, shop.",
    ),
    "no such date column": (["--date", "day"], None, "There is no column 'day'; the columns are"),
    "word": ([], wrong_cell("n/k"), "'sales' must hold numbers, got 'n/k' in row 17."),
    "thousands": ([], wrong_cell("1,200"), "must hold numbers, got '1,200' in row 17."),
    "column of words": (
        ["--column", "shop"],
        None,
        "'shop' must hold numbers, got 'north' in row 1 (and 59 more).",
    ),
    "infinite": ([], wrong_cell("inf"), "Column 'sales' must be finite, got an infinite value at"),
    "empty cell": ([], wrong_cell(np.nan), "got none for 2020-05-01; --missing interpolate"),
    "date": (
        [],
        wrong_cell("2020-13-01", "date"),
        "'date' must hold dates, got '2020-13-01' in row 17; --date-format",
    ),
    "no date": ([], wrong_cell(np.nan, "date"), "must hold dates, got none in row 17."),
    "date twice": ([], wrong_cell("2020-04-01", "date"), "got 2020-04-01 twice."),
    "uneven dates": (
        [],
        lambda table: table.write(
            table.frame.assign(date=pd.date_range("2020", periods=60).astype(str))
            .iloc[np.cumsum(np.arange(10))]
        ),
        "Dates must be equally spaced",
    ),
    "too few rows": (
        [],
        lambda table: table.write(table.frame[:8]),
        "Column 'sales' must have at least 11 rows",
    ),
    "no rows": ([], lambda table: table.write(table.frame[:0]), "must have rows below its header"),
    "empty file": ([], lambda table: table.path.write_text(""), "but it is empty"),
    "not text": (
        [],
        lambda table: table.path.write_bytes(b"\xff\xfe\x00\x81"),
        "must be a CSV file in UTF-8, but: ",
    ),
    "season of one": (["--season", "1"], None, "'season' parameter of ReservoirForecaster must"),
    "no season": (
        ["--date", "shop", "--seasonal-difference", "1"],
        lambda table: table.write(table.frame.assign(shop=range(1960, 2020))),
        "season must be given",
    ),
    "unknown kind of picture": (
        ["--plot", "out.xyz"],
        None,
        "The picture must end in one of",
    ),
    "day or month first": (
        [],
        lambda table: table.write(table.frame.assign(
            date=pd.to_datetime(table.frame["date"]).dt.strftime("%d/%m/%Y"))),
        "read in one way only, such as 2024-12-31, got '01/01/2019'; say how",
    ),
    "year of two digits": (
        [],
        lambda table: table.write(table.frame.assign(
            date=pd.to_datetime(table.frame["date"]).dt.strftime("%m/%y"))),
        "--date-format",
    ),
    "too many fields": (
        [],
        lambda table: table.path.write_text("date,sales\n2024-01-01,1,2\n2024-01-02,3,4\n"),
        "as many fields in each row as in its header",
    ),
    "column twice": (
        [],
        lambda table: table.path.write_text("date,sales,sales\n2024-01-01,1,2\n"),
        "There are 2 columns 'sales'",
    ),
    "long separator": (["--separator", "||"], None, "--separator must be one character"),
    "other separator": (
        [],
        lambda table: table.frame.to_csv(table.path, sep=";", index=False),
        "--separator ';' may be",
    ),
    "long decimal": (["--decimal", "ab"], None, "--decimal must be one character"),
    "decimal comma": ([], wrong_cell("131,5"), "got '131,5' in row 17; --decimal , reads"),
    "point with decimal comma": (["--decimal", ","], None, "it must have no point"),
    "one date": ([], lambda table: table.write(table.frame[:1]), "at least 3 dates are needed"),
    "two dates": ([], lambda table: table.write(table.frame[:2]), "too few rows"),
    "output nowhere": (["--output", "/no/where.csv"], None, "/no"),
    "report nowhere": (["--report", "/no/where.html"], None, "--report cannot be written"),
    "model nowhere": (["--save", "/no/where"], None, "--save cannot be written"),
    "no model": (["--load", "none.res"], None, "none.res"),
    "no helper": (["--exogenous", "price,wind"], None, "There is no column 'price'"),
    "two roles": (["--past", "sales"], None, "once, got 'sales' in --column and --past"),
    "shared by one": (["--shared"], None, "--shared must come with --series"),
    "no name of a series": (
        ["--series", "shop"],
        wrong_cell(np.nan, "shop"),
        "must name the series of each row, got none in row 17.",
    ),
    "empty series": (
        ["--series", "shop"],
        lambda table: table.write(pd.concat(
            [table.frame, table.frame.assign(shop="south", sales=np.nan)])),
        "Column 'sales' of series 'south' must hold numbers, but it is empty.",
    ),
    "gap in a series": (
        ["--series", "shop"],
        wrong_cell(np.nan),
        "Column 'sales' of series 'north' must have a value at each step, got none for 2020-05-01",
    ),
    "short series": (
        ["--series", "shop"],
        lambda table: table.write(pd.concat([table.frame, table.frame[:8].assign(shop="south")])),
        "Series 'south': column 'sales' must have at least 11 rows",
    ),
    "many series as one": (
        [],
        lambda table: table.write(pd.concat([table.frame, table.frame.assign(shop="south")])),
        "got 2019-01-01 twice (and 59 more); --series names the column",
    ),
    "logarithms of what has none": (
        ["--transform", "log"],
        wrong_cell(-1),
        "'sales' must be above 0 with --transform log, got -1 at 2020-05-01; add a number to it, "
        "or use --transform none.",
    ),
    "too few rows for intervals": (
        ["--interval", "80"],
        lambda table: table.write(table.frame[:13]),
        "; use --method bootstrap.",
    ),
    "comparison of nothing": (["--compare", "--windows", "0"], None, "--windows must be 1 or more"),
    "unknown part of the date": (["--calendar", "moon"], None, "among ['hour', 'weekday', "),
    "settings of what was fitted": (
        ["--load", "any.res", "--season", "6"],
        None,
        "--season must not come with --load",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_said_in_a_sentence(case, monthly, capsys, monkeypatch, tmp_path):
    options, change, message = WRONG[case]
    monkeypatch.chdir(tmp_path)
    if change is not None:
        change(monthly)
    assert dated(monthly, *options) == 2
    err = capsys.readouterr().err
    assert err.startswith("reservoir forecast: ")
    assert message in err
    assert err.count("\n") == 1


def test_missing_file(tmp_path, capsys):
    file = str(tmp_path / "none.csv")
    assert main(["forecast", file, "--column", "a", "--horizon", "3"]) == 2
    assert capsys.readouterr().err == f"reservoir forecast: {file}: No such file or directory\n"


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["predict"],
        ["forecast"],
        ["forecast", "a.csv", "--column", "a"],
        ["forecast", "a.csv", "--column", "a", "--horizon", "0"],
        ["forecast", "a.csv", "--column", "a", "--horizon", "two"],
        ["forecast", "a.csv", "--column", "a", "--horizon", "2", "--windows", "-1"],
        ["forecast", "a.csv", "--column", "a", "--horizon", "2", "--difference", "x"],
        ["forecast", "a.csv", "--column", "a", "--horizon", "2", "--interval", "100"],
        ["forecast", "a.csv", "--column", "a", "--horizon", "2", "--interval", "80,x"],
        ["forecast", "a.csv", "--column", "a", "--horizon", "2", "--interval", "0.8"],
        ["forecast", "a.csv", "--column", "a", "--horizon", "2", "--transform", "sqrt"],
        ["backtest", "a.csv", "--column", "a"],
        ["backtest", "a.csv", "--column", "a", "--horizon", "2", "--windows", "0"],
        ["backtest", "a.csv", "--column", "a", "--horizon", "2", "--refit", "maybe"],
    ],
    ids=" ".join,
)
def test_wrong_usage(argv, capsys):
    assert main(argv) == 2
    assert "usage: reservoir" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "words"), [(["--help"], "timer"), (["forecast", "--help"], "--column")]
)
def test_help(argv, words, capsys):
    assert main(argv) == 0
    assert words in capsys.readouterr().out


def test_picture_without_matplotlib(monthly, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert dated(monthly, "--plot", "out.png") == 2
    assert 'pip install "reservoir-toolkit[plot]"' in capsys.readouterr().err


def test_interruption(monkeypatch, capsys):
    def interrupted(options):
        raise KeyboardInterrupt

    monkeypatch.setattr(_cli_forecast, "run", interrupted)
    assert main(["forecast", "a.csv", "--column", "a", "--horizon", "2"]) == 130
    assert capsys.readouterr().err == "reservoir forecast: interrupted\n"


def test_decimal_comma_and_tab(monthly, capsys):
    monthly.forecast("--windows", "0")
    expected = capsys.readouterr().out
    monthly.frame.to_csv(monthly.path, sep="\t", decimal=",", index=False)
    assert monthly.forecast("--windows", "0", "--separator", "\\t", "--decimal", ",") == 0
    assert capsys.readouterr().out == expected


def test_offsets_from_utc_may_change(monthly, capsys):
    hours = pd.date_range("2024-03-30", periods=60, freq="h", tz="Europe/Berlin")
    monthly.write(monthly.frame.assign(date=[hour.isoformat() for hour in hours]))
    assert dated(monthly, "--windows", "0") == 0
    assert "2024-04-01 11:00:00+00:00" in capsys.readouterr().out


def test_forecast_without_a_backtest_is_a_success(monthly, capsys):
    monthly.write(monthly.frame[:13])
    assert monthly.forecast(horizon="4") == 0
    assert "\n\nNo backtest: " in capsys.readouterr().out


def test_constant_column(monthly, capsys):
    monthly.write(monthly.frame.assign(sales=3.0))
    assert dated(monthly) == 0
    out = capsys.readouterr().out
    assert "nan" not in out
    assert "The column is constant" in out


@pytest.mark.parametrize(
    ("error", "words"), [(3.0, "50% above naive"), (1.0, "50% below naive"), (2.0, "0% below")]
)
def test_verdict(error, words):
    windows = pd.DataFrame({
        "model": ["reservoir", "reservoir", "naive", "naive"], "window": [0, 1, 0, 1],
        "y": 0.0, "forecast": [error, -error, 2.0, -2.0], "scale_mae": 1.0, "scale_rmse": 1.0,
    })  # fmt: skip
    test = _cli_trial.Tested(windows, windows, [])
    for data in (SimpleNamespace(is_panel=False), SimpleNamespace(is_panel=True)):
        assert test.verdict(data).startswith(f"The reservoir's error is {words}")


def test_negative_windows(capsys):
    assert main(["forecast", "a", "--column", "a", "--horizon", "2", "--windows", "-1"]) == 2
    assert "must be 0 or more" in capsys.readouterr().err


class TestIntervals:
    @pytest.mark.parametrize("method", ["conformal", "bootstrap", "ensemble"])
    def test_are_those_of_the_forecaster(self, monthly, tmp_path, capsys, method):
        output = tmp_path / "out.csv"
        options = ["--interval", "80,95", "--method", method, "--windows", "0"]
        assert dated(monthly, *options, "--output", str(output)) == 0
        written = pd.read_csv(output, index_col="date", parse_dates=True)
        forecaster = ReservoirForecaster(intervals=method).fit(monthly.series())
        expected = forecaster.predict_interval(3, coverage=[0.8, 0.95])
        names = ["lower_80", "upper_80", "lower_95", "upper_95"]
        assert list(written) == ["sales", *names]
        np.testing.assert_allclose(written["sales"], forecaster.predict(3), rtol=1e-9)
        np.testing.assert_allclose(written[names], expected, rtol=1e-9)
        assert capsys.readouterr().out.splitlines()[0].split() == ["date", "sales", *names]

    def test_may_be_named_one_by_one_and_are_tested(self, monthly, capsys):
        options = ["--interval", "80", "--interval", "97.5", "--interval", "80", "--windows", "2"]
        assert dated(monthly, *options) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].split()[2:] == ["lower_80", "upper_80", "lower_97.5", "upper_97.5"]
        assert {"coverage_80", "winkler_97.5"} <= set(lines[6].split())
        assert "nan" not in "".join(lines)

    def test_are_drawn(self, monthly, tmp_path):
        plain, fan = tmp_path / "plain.png", tmp_path / "fan.png"
        assert dated(monthly, "--windows", "0", "--plot", str(plain)) == 0
        assert dated(monthly, "--windows", "0", "--interval", "80", "--plot", str(fan)) == 0
        # the band is a pale red, of which the line alone has next to nothing
        n_pale = [int(_is_pale_red(imread(path)).sum()) for path in (plain, fan)]
        assert n_pale[0] < 100 < 300 < n_pale[1]


def _is_pale_red(picture):
    red, green, blue = picture[..., 0], picture[..., 1], picture[..., 2]
    return (red > 0.93) & (green > 0.7) & (green < 0.9) & (abs(green - blue) < 0.03)


class TestHelpers:
    """Sales that fall as the price rises; the price of the last six rows is known ahead."""

    @pytest.fixture
    def priced(self, monthly):
        price = 5 + np.random.default_rng(0).normal(size=60).round(2)
        frame = monthly.frame.assign(price=price, wind=price[::-1])
        frame["sales"] -= 2 * price
        frame.loc[54:, ["sales", "wind"]] = np.nan
        return Table(monthly.path, frame)

    def test_are_known_ahead(self, priced, tmp_path):
        output = tmp_path / "out.csv"
        options = ["--exogenous", "price", "--windows", "0", "--output", str(output)]
        assert priced.forecast("--date", "date", *options, horizon="6") == 0
        frame = priced.indexed()
        fitted = ReservoirForecaster().fit(frame["sales"][:54], frame[["price"]][:54])
        expected = fitted.predict(6, frame[["price"]])
        written = pd.read_csv(output, index_col="date", parse_dates=True)["sales"]
        assert written.index[0] == pd.Timestamp("2023-07-01")
        np.testing.assert_allclose(written, expected, rtol=1e-9)

    def test_of_the_past_need_no_future(self, priced, tmp_path):
        output = tmp_path / "out.csv"
        options = ["--past", "wind", "--exogenous", "price", "--windows", "0"]
        assert priced.forecast(*options, "--output", str(output), horizon="2") == 0
        frame = priced.indexed().set_axis(pd.RangeIndex(1, 61, name="row"))
        fitted = ReservoirForecaster(past_columns=["wind"])
        fitted.fit(frame["sales"][:54], frame[["price", "wind"]][:54])
        written = pd.read_csv(output, index_col="row")["sales"]
        np.testing.assert_allclose(written, fitted.predict(2, frame[["price"]]), rtol=1e-9)

    def test_say_how_many_rows_they_lack(self, priced, capsys):
        assert priced.forecast("--date", "date", "--exogenous", "price", horizon="8") == 2
        assert capsys.readouterr().err == (
            "reservoir forecast: The file must hold 'price' for each of the 8 step(s) to "
            "forecast, in rows in which 'sales' is empty; give 2 more, the first for 2024-01-01.\n"
        )
        priced.change(56, "price", np.nan)
        assert priced.forecast("--exogenous", "price", horizon="6") == 2
        assert "give 1 more, the first for row 57." in capsys.readouterr().err

    def test_must_be_known_where_the_column_is(self, priced, capsys):
        priced.change(10, "price", np.nan)
        assert priced.forecast("--exogenous", "price") == 2
        assert "Column 'price' must have a value at each step, got none for 11" in (
            capsys.readouterr().err
        )
        options = ["--exogenous", "price", "--missing", "interpolate", "--windows", "0"]
        assert priced.forecast(*options) == 0
        assert capsys.readouterr().out.startswith("1 missing values were filled linearly.")

    def test_may_have_commas_in_their_names(self, priced, capsys):
        priced.write(priced.frame.rename(columns={"price": "price, net"}))
        assert priced.forecast("--exogenous", "price, net", "--windows", "0") == 0

    def test_take_part_in_backtests(self, priced, tmp_path):
        output = tmp_path / "windows.csv"
        argv = ["backtest", str(priced.path), "--column", "sales", "--exogenous", "price"]
        options = ["--horizon", "3", "--windows", "2", "--output", str(output)]
        assert main([*argv, "--past", "wind", *options]) == 0
        frame = priced.indexed().set_axis(pd.RangeIndex(1, 61, name="row"))[:54]
        forecaster = ReservoirForecaster(past_columns=["wind"])
        expected = backtest(
            forecaster, frame["sales"], frame[["price", "wind"]], horizon=3, n_windows=2
        )
        np.testing.assert_allclose(pd.read_csv(output)["forecast"], expected["forecast"])


class TestPanel:
    @pytest.fixture
    def shops(self, monthly):
        south = monthly.frame.assign(shop="south", sales=lambda frame: 3 * frame["sales"][::-1])
        return Table(
            monthly.path, pd.concat([south[10:], monthly.frame]).sample(frac=1, random_state=0)
        )

    def test_each_series_is_forecast_as_if_it_were_alone(self, shops, tmp_path, capsys):
        panel, alone = tmp_path / "panel.csv", tmp_path / "alone.csv"
        options = ["--windows", "0", "--interval", "80", "--output"]
        assert dated(shops, "--series", "shop", *options, str(panel)) == 0
        out = capsys.readouterr().out
        written = pd.read_csv(panel)
        assert list(written) == ["shop", "date", "sales", "lower_80", "upper_80"]
        assert list(written["shop"]) == ["north"] * 3 + ["south"] * 3
        for shop, rows in written.groupby("shop"):
            shops.write(shops.frame[shops.frame["shop"] == shop])
            assert dated(shops, *options, str(alone)) == 0
            pd.testing.assert_frame_equal(
                rows.drop(columns="shop").reset_index(drop=True), pd.read_csv(alone)
            )
            assert f"{shop}\n{capsys.readouterr().out}".strip() in out

    def test_rows_of_each_are_counted(self, shops, tmp_path):
        output = tmp_path / "out.csv"
        shops.write(shops.frame.sort_values(["date", "shop"]))
        options = ["--series", "shop", "--windows", "0", "--output", str(output)]
        assert shops.forecast(*options) == 0
        assert pd.read_csv(output)["row"].tolist() == [61, 62, 63, 51, 52, 53]

    def test_may_share_a_model(self, shops, tmp_path):
        output = tmp_path / "out.csv"
        options = ["--series", "shop", "--shared", "--windows", "0", "--output", str(output)]
        assert dated(shops, *options) == 0
        y = shops.series(shops.frame).to_frame().assign(shop=shops.frame["shop"].to_numpy())
        y = y.set_index("shop", append=True).swaplevel()["sales"].sort_index()
        expected = ReservoirForecaster(shared=True).fit(y).predict(3)
        np.testing.assert_allclose(pd.read_csv(output)["sales"], expected, rtol=1e-9)

    def test_is_compared_and_drawn(self, shops, tmp_path, capsys):
        picture = tmp_path / "out.png"
        options = ["--series", "shop", "--windows", "2", "--compare", "--plot", str(picture)]
        assert dated(shops, *options) == 0
        out = capsys.readouterr().out
        assert "Backtest over the last 2 × 3 steps of each series" in out
        assert "Friedman test over 2 series" in out
        height, width, _ = imread(picture).shape
        assert (width, height) == (800, 800)  # one above the other

    def test_of_many_shows_the_first(self, capsys):
        index = pd.MultiIndex.from_product([range(15), range(2)], names=["shop", "row"])
        data = Data("sales", pd.Series(1.0, index), None, [], [], {})
        text = _cli_forecast._as_text(data, pd.DataFrame({"sales": 1.0}, index))
        assert text.count("row") == 12
        assert text.endswith("... 3 more series, which --output writes")


def test_gaps_are_run_over(monthly, capsys):
    monthly.write(monthly.frame.drop(index=[30, 31]))
    assert dated(monthly, "--missing", "run_on", "--windows", "0") == 0
    out = capsys.readouterr().out
    assert out.startswith("2 missing values were filled by forecasts of them.\n")
    expected = ReservoirForecaster(missing="run_on").fit(monthly.series().drop(
        monthly.series().index[[30, 31]])).predict(3)  # fmt: skip
    assert f"{expected.iloc[2]:.4f}" in out


def test_rows_that_are_empty_at_the_end_are_forecast(monthly, capsys):
    monthly.write(monthly.frame.astype({"sales": object}).assign(
        sales=[*monthly.frame["sales"][:57], *[np.nan] * 3]))  # fmt: skip
    assert dated(monthly, "--windows", "0") == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]] == [
        "2023-10-01", "2023-11-01", "2023-12-01",
    ]  # fmt: skip


def test_verbose_says_what_was_chosen(monthly, capsys):
    assert dated(monthly, "--windows", "0", "--verbose") == 0
    summary = ReservoirForecaster().fit(monthly.series()).summary()
    assert capsys.readouterr().out.startswith(f"{summary}\n\n")


class TestComparison:
    def test_ranks_all_that_is_there(self, monthly, monkeypatch, capsys):
        monkeypatch.setitem(sys.modules, "statsforecast", None)
        assert dated(monthly, "--windows", "2", "--compare", "--interval", "80") == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[6].split() == ["rank", "MASE", "RMSSE", "sMAPE", "coverage_80", "seconds"]
        rows = {line[:16].strip(): line[16:].split() for line in lines[7:11]}
        assert set(rows) == {"reservoir", "naive", "seasonal naive", "drift"}
        ranks = [int(row[0]) for row in rows.values()]
        errors = [float(row[1]) for row in rows.values()]
        assert ranks == [1, 2, 3, 4]
        assert errors == sorted(errors)
        assert lines[11].startswith("The reservoir's error is")
        assert 'pip install "reservoir-toolkit[classic]"' in lines[12]
        assert len(lines) == 13

    def test_says_what_failed(self, monthly, monkeypatch, capsys):
        monkeypatch.setattr(_cli_trial, "statistical_models", lambda: {"theta": None})
        monkeypatch.setattr(_compare, "statistical_models", lambda: {"theta": None})
        monkeypatch.setattr(_classic, "statistical_models", lambda: {"theta": _Broken})
        assert dated(monthly, "--windows", "1", "--compare") == 0
        out = capsys.readouterr().out
        assert "theta failed on 1 of 1 series" in out
        assert "it is out of order" in out

    def test_needs_rows(self, monthly, capsys):
        monthly.write(monthly.frame[:13])
        assert monthly.forecast("--compare", horizon="8") == 0
        assert "\n\nNo backtest: " in capsys.readouterr().out
        assert monthly.forecast("--compare", horizon="4") == 0
        out = capsys.readouterr().out
        assert "No backtest: " in out
        assert "reservoir failed on 1 of 1" in out


class _Broken:
    def __init__(self, **options):
        raise ValueError("it is out of order")


class TestSaved:
    def test_model_forecasts_as_it_did(self, monthly, tmp_path, capsys):
        model = str(tmp_path / "sales.res")
        assert dated(monthly, "--windows", "0", "--save", model) == 0
        expected = capsys.readouterr().out
        assert dated(monthly, "--load", model) == 0
        assert capsys.readouterr().out == expected
        assert dated(monthly, "--load", model, "--windows", "1") == 0
        out = capsys.readouterr().out
        assert out.startswith(f"{expected}\nBacktest over the last 1 × 3 steps")

    def test_model_takes_in_newer_rows_without_learning(self, monthly, tmp_path, capsys):
        model = str(tmp_path / "sales.res")
        frame, whole = monthly.frame, monthly.series()
        monthly.write(frame[:50])
        assert dated(monthly, "--windows", "0", "--save", model) == 0
        monthly.write(frame[40:])  # old rows need not all be there
        capsys.readouterr()
        assert dated(monthly, "--load", model) == 0
        expected = ReservoirForecaster().fit(whole[:50]).update(whole[50:]).predict(3)
        lines = capsys.readouterr().out.splitlines()[1:]
        np.testing.assert_allclose([float(line.split()[1]) for line in lines], expected, atol=1e-4)
        assert lines[0].split()[0] == "2024-01-01"

    def test_model_of_something_else_is_refused(self, monthly, tmp_path, capsys):
        model = tmp_path / "sales.res"
        assert dated(monthly, "--windows", "0", "--save", str(model)) == 0
        assert monthly.forecast("--load", str(model)) == 2
        assert "must have been fitted to the series that are read" in capsys.readouterr().err
        assert dated(monthly, "--load", str(model), "--series", "shop") == 2
        assert "must have been fitted to the series that are read" in capsys.readouterr().err
        save(ESNRegressor(), model)
        assert dated(monthly, "--load", str(model)) == 2
        assert "must hold a ReservoirForecaster, got ESNRegressor." in capsys.readouterr().err
        model.write_text("date,sales")
        assert dated(monthly, "--load", str(model)) == 2
        assert str(model) in capsys.readouterr().err


class TestBacktest:
    def backtest(self, table, *options, horizon="3"):
        argv = ["backtest", str(table.path), "--column", "sales", "--date", "date"]
        return main([*argv, "--horizon", horizon, *options])

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ("--interval 80", {"coverage": 0.8}),
            ("--stride 2 --gap 4 --train-size 30", {"stride": 2, "gap": 4, "train_size": 30}),
            ("--refit no", {"refit": False}),
            ("--refit update", {"refit": "update"}),
        ],
    )
    def test_is_that_of_the_forecaster(self, monthly, tmp_path, capsys, options, expected):
        output = tmp_path / "windows.csv"
        written = ["--windows", "2", "--output", str(output)]
        assert self.backtest(monthly, *written, *options.split()) == 0
        windows = backtest(
            ReservoirForecaster(), monthly.series(), horizon=3, n_windows=2, **expected
        )
        found = pd.read_csv(output, parse_dates=["cutoff", "time"])
        pd.testing.assert_frame_equal(
            found.drop(columns="seconds"), windows.drop(columns="seconds"),
            check_dtype=False, rtol=1e-9,
        )  # fmt: skip
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].startswith("Backtest over 2 × 3 steps, from ")
        row = dict(zip(lines[1].split(), lines[2].split()[1:], strict=True))
        scores = score(windows).iloc[0]
        assert row["MASE"] == f"{scores['MASE']:.2f}"
        assert row["RMSE"] == f"{scores['RMSE']:.4g}"
        assert [line.split()[0] for line in lines[2:5]] == ["reservoir", "naive", "seasonal"]

    def test_of_a_panel_is_drawn(self, monthly, tmp_path, capsys):
        frame = monthly.frame
        monthly.write(pd.concat([frame, frame.assign(shop="south", sales=frame["sales"] ** 2)]))
        picture, output = tmp_path / "out.png", tmp_path / "out.csv"
        options = ["--series", "shop", "--plot", str(picture), "--output", str(output)]
        assert self.backtest(monthly, "--windows", "1", *options) == 0
        assert pd.read_csv(output)["series"].tolist() == ["north"] * 3 + ["south"] * 3
        assert imread(picture).shape[:2] == (800, 800)

    def test_needs_rows(self, monthly, capsys):
        assert self.backtest(monthly, horizon="40") == 2
        assert capsys.readouterr().err == (
            "reservoir backtest: Column 'sales' must have rows for a window of 40 step(s) and, "
            "before it, as many and enough for a forecast, got 60; shorten --horizon or --gap, or "
            "let --train-size be.\n"
        )


class TestTimer:
    SMALL = ("timer", "--hold", "20", "--train", "4000", "--test", "1500", "--folds", "2")

    def test_table_and_picture(self, tmp_path, capsys):
        picture = tmp_path / "timer.png"
        assert main([*self.SMALL, "--plot", str(picture)]) == 0
        lines = capsys.readouterr().out.splitlines()
        rows = {line[:18].strip(): line[18:].split() for line in lines if line.count(".") >= 3}
        assert set(rows) == {
            "ESN -> trees", "ESN, own readout", "CTRNN -> trees", "LSTM", "CTRNN, trained",
            "lags -> ridge", "lags -> trees",
        }  # fmt: skip
        assert float(rows["ESN -> trees"][1]) < 0.2 < float(rows["lags -> ridge"][1])
        assert float(rows["CTRNN -> trees"][1]) < 0.2
        assert rows["LSTM"][0] == rows["CTRNN, trained"][0] == "-"
        assert float(rows["LSTM"][1]) < 0.5
        assert picture.read_bytes().startswith(b"\x89PNG")

    @pytest.mark.parametrize(
        ("argument", "message"),
        [
            (("--hold", "2"), "--hold must be at least 5, got 2"),
            (("--folds", "1"), "--folds must be at least 2, got 1"),
            (("--train", "100"), "--train must be at least 8 times --hold, 160 steps, got 100"),
            (("--test", "0"), "--test must be at least 8 times"),
            (("--folds", "60"), "--folds must be at most 49, so that the first fold has 4 times"),
            (("--plot", "nowhere/t.png"), "there is no folder 'nowhere'"),
        ],
    )
    def test_refusals(self, argument, message, capsys):
        assert main([*self.SMALL, *argument]) == 2
        assert message in capsys.readouterr().err

    def test_no_picture_without_matplotlib(self, monkeypatch, capsys):
        monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
        assert main([*self.SMALL, "--plot", "out.png"]) == 2
        assert 'pip install "reservoir-toolkit[plot]"' in capsys.readouterr().err


def test_version(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"reservoir {__version__}\n"


def test_every_command_has_a_module():
    for name in cli.COMMANDS:
        assert main([name, "--help"]) == 0


def test_as_a_process(monthly):
    command = [sys.executable, "-m", "reservoir", "forecast", str(monthly.path), "--horizon", "3"]
    done = subprocess.run([*command, "--column", "sales"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Backtest over the last" in done.stdout
    done = subprocess.run([*command, "--column", "price"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("reservoir forecast: There is no column 'price'")
    assert done.stdout == ""


def test_a_reader_may_leave_early(monthly):
    command = [sys.executable, "-m", "reservoir", "forecast", str(monthly.path), "--horizon", "3"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([*command, "--column", "sales", "--windows", "0"], **pipes) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_control_c_ends_a_process():
    code = """
import os, signal, sys, time
from reservoir import _cli_forecast, cli

def wait(arguments):
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)

signal.signal(signal.SIGINT, signal.default_int_handler)
_cli_forecast.run = wait
sys.exit(cli.main(["forecast", "-", "--column", "a", "--horizon", "3"]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert done.stderr == "reservoir forecast: interrupted\n"
