"""The `reservoir` command: what it prints and writes, and what it says of wrong input."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reservoir import ReservoirForecaster, __version__, _cli_forecast, cli
from reservoir.cli import main
from reservoir.datasets import load_elnino

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

    monkeypatch.setattr(_cli_forecast, "ReservoirForecaster", Spy)
    options = "--season 6 --difference 1 --seasonal-difference 0 --missing interpolate --seed 7"
    assert dated(monthly, *options.split(), "--windows", "0") == 0
    expected = {"season": 6, "difference": 1, "seasonal_difference": 0, "random_state": 7}
    assert seen == {**Spy().get_params(), **expected, "missing": "interpolate"}


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


def test_summary_is_of_the_mean():
    columns = pd.MultiIndex.from_product([["reservoir", "naive"], ["RMSE", "MASE"]])
    scores = pd.DataFrame([[2.0, 1.0, 1.0, 1.0], [4.0, 3.0, 3.0, 1.0]], columns=columns)
    text = _cli_forecast.summary(scores, 3)
    assert text.splitlines()[2].split() == ["reservoir", "3", "2.00"]
    assert text.endswith("The reservoir's error is 50% above naive.")


def test_negative_windows(capsys):
    assert main(["forecast", "a", "--column", "a", "--horizon", "2", "--windows", "-1"]) == 2
    assert "must be 0 or more" in capsys.readouterr().err


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
