"""Forecasts of the past: how good those of a file would have been, and a page's part on it."""

import warnings
from functools import partial
from typing import Any, NamedTuple

import pandas as pd
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning

from reservoir._cli_series import Data
from reservoir._report import MOST_SHOWN, Report, is_narrow, stacked
from reservoir.forecasting import backtest, score
from reservoir.forecasting._series import full_index, season_of
from reservoir.model_selection._classic import ClassicForecaster, statistical_models
from reservoir.model_selection._compare import compare
from reservoir.plotting import new_figure, plot_backtest, plot_residuals

MOST_RESIDUALS = 200
FORMATS = {"rank": ".3g", "MASE": ".2f", "RMSSE": ".2f", "sMAPE": ".1%", "coverage": ".0%",
           "seconds": ".2g"}  # fmt: skip


class Tested(NamedTuple):
    """What came of forecasting windows of the past.

    Attributes
    ----------
    windows : DataFrame
        As `backtest` returns it, with the column ``model``; without rows if there were too few.
    scores : DataFrame
        Of each model that has windows.
    notes : list of str
        What is to be said of models that were left out or failed.
    """

    windows: pd.DataFrame
    scores: pd.DataFrame
    notes: list[str]

    @property
    def own(self) -> pd.DataFrame:
        """The windows of the reservoir alone."""
        own = self.windows[self.windows["model"] == "reservoir"]
        return own.drop(columns="model").reset_index(drop=True)

    def text(self, data: Data) -> str:
        """Return the scores, what they say of the reservoir, and the notes."""
        return "\n".join([in_digits(self.scores).to_string(), self.verdict(data), *self.notes])

    def verdict(self, data: Data) -> str:
        """Say how much better or worse than naive forecasts the reservoir is."""
        # errors in units of y have no mean over series
        errors = score(self.windows)["MASE" if data.is_panel else "RMSE"]
        parts = [
            f"{abs(1 - errors['reservoir'] / errors[other]):.0%} "
            f"{'below' if errors['reservoir'] <= errors[other] else 'above'} {other}"
            for other in ("naive", "seasonal naive")
            if other in errors and errors[other] > 0
        ]
        if parts:
            return f"The reservoir's error is {' and '.join(parts)}."
        return "The column is constant, and so the naive forecast without error."


def tested(forecaster: Any, data: Data, **options: Any) -> Tested:
    """Test a forecaster and naive ones, by `backtest` with these options.

    The seasonal naive forecast is left out where it is no other than the naive one.
    """
    windows = backtest(forecaster, data.y, data.X, verbose=True, **options)
    if not len(windows):
        return Tested(windows, windows, [])
    found = {"reservoir": windows}
    for name in ("naive", "seasonal naive"):
        table = backtest(_classic(name, forecaster), data.y, **options)
        found[name] = table[table["window"].isin(windows["window"])]
    if found["seasonal naive"]["forecast"].equals(found["naive"]["forecast"]):
        del found["seasonal naive"]
    named = [table.assign(model=name) for name, table in found.items()]
    windows = pd.concat(named, ignore_index=True)
    return Tested(windows, score(windows), [])


def compared(forecaster: Any, data: Data, **options: Any) -> Tested:
    """Test a fitted forecaster and all classics that are installed, by `compare`."""
    windows = backtest(_classic("naive", forecaster), data.y, **options)
    if not len(windows):
        return Tested(windows, windows, [])
    models = {"reservoir": forecaster, "naive": "naive", "drift": "drift"}
    if forecaster.season_ is not None:
        models["seasonal naive"] = "seasonal naive"
    notes = []
    try:
        models |= {name: name for name in statistical_models()}
    except ImportError as error:
        notes.append(str(error))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = compare(models, data.y, data.X, season=forecaster.season, verbose=True, **options)
    notes += [" ".join(str(each.message).split()) for each in caught if _is_note(each)]
    if len(result.ranks) > 1:
        notes.append(str(result.critical_difference))
    windows = result.windows if data.is_panel else result.windows.drop(columns="series")
    there = result.scores.index.isin(windows["model"])
    if not there[result.scores.index == "reservoir"].all():
        return Tested(windows[:0], windows[:0], notes)
    return Tested(windows, result.scores[there].drop(columns="failed"), notes)


def in_digits(scores: pd.DataFrame) -> pd.DataFrame:
    """Return scores as text, with as many digits as matter; - where there is none."""

    def as_text(name: str, value: float) -> str:
        if pd.isna(value):
            return "-"
        # errors in units of y
        in_units = ".0f" if 1e4 <= value < 1e12 else ".4g"
        return f"{value:{FORMATS.get(name.split('_')[0], in_units)}}"

    columns = {name: scores[name].map(partial(as_text, name)) for name in scores}
    return pd.DataFrame(columns).rename_axis(None)


def picture_of_windows(data: Data, windows: pd.DataFrame, width: float = 8.0) -> Any:
    """Draw the windows of each series, of many the first ones."""
    return stacked(
        lambda ax, key: plot_backtest(data.y, windows, series=key, ax=ax),
        list(windows["series"].unique()) if data.is_panel else [None],
        width,
    )


def add_test(report: Report, forecaster: Any, data: Data, test: Tested) -> None:
    """Show the windows, their scores and the residuals of forecasts one step ahead."""
    report.heading("How good it would have been")
    own = test.own
    report.picture(
        lambda width: picture_of_windows(data, own, width),
        f"{own['window'].nunique()} windows of {data.column}, forecast, over what came.",
        "Each line begins with the last row that its forecast was made from.",
    )
    report.text(test.verdict(data))
    report.table(in_digits(test.scores))
    report.text(
        "MASE is the mean absolute error, 1 being that of the (seasonal) naive forecast within "
        "the rows before; RMSSE the same with squares."
    )
    found = residuals(forecaster, data)
    if found:
        report.heading("What is left over")
        report.text(
            "Errors of forecasts one step ahead, by a model that was fitted to the rows before "
            "them. Those of a good model are noise: no trend, and autocorrelations within the "
            "band but for one in twenty."
        )
    for key, errors in list(found.items())[:MOST_SHOWN]:
        name = data.column if key is None else f"{data.column}, {key}"
        report.picture(
            partial(_picture_of_residuals, errors, forecaster.season or season_of(errors.index)),
            f"Residuals of {name} over time, their histogram and their autocorrelation.",
            "" if key is None else str(key),
        )


def residuals(forecaster: Any, data: Data) -> dict[Any, pd.Series]:
    """Return errors of forecasts one step ahead over the last third of each series.

    Those without two that differ are left out.
    """
    indexes = {key: full_index(y.index, "the file") for key, y in data.parts(data.y).items()}
    n_windows = min(MOST_RESIDUALS, min(map(len, indexes.values())) // 3)
    if n_windows < 2:
        return {}
    rows = data.y.to_frame() if data.X is None else data.X[data.past].join(data.y)
    if forecaster.transform == "auto" and (rows <= 0).any(axis=None):
        # a fit of the first rows might take logarithms that the later ones do not have
        forecaster = clone(forecaster).set_params(transform=None)
    windows = backtest(
        forecaster, data.y, data.X, horizon=1, n_windows=n_windows, refit=False, verbose=True
    )
    found = {}
    for key, index in indexes.items():
        own = windows[windows["series"] == key] if data.is_panel else windows
        errors = pd.Series((own["y"] - own["forecast"]).to_numpy(), pd.Index(own["time"]))
        found[key] = errors.reindex(index[-n_windows:])
    return {key: errors for key, errors in found.items() if errors.nunique() > 1}


def _picture_of_residuals(errors: pd.Series, season: int | None, width: float) -> Any:
    layout: Any = [["time", "time"], ["histogram", "lags"]]
    size = (width, 4.5)
    if is_narrow(width):
        layout, size = [["time"], ["histogram"], ["lags"]], (width, 7.5)
    figure = new_figure(size)
    axes = list(figure.subplot_mosaic(layout).values())
    shown = season if season is not None and season < len(errors) else None
    plot_residuals(errors, axes=axes, season=shown)
    return figure


def _classic(name: str, forecaster: Any) -> ClassicForecaster:
    missing = "raise" if forecaster.missing == "raise" else "interpolate"
    return ClassicForecaster(name, season=forecaster.season, missing=missing)


def _is_note(warning: warnings.WarningMessage) -> bool:
    return issubclass(warning.category, FitFailedWarning | UserWarning)
