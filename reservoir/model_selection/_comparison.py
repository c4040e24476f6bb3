"""What comes of comparing models: scores, ranks and whether these differ."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from warnings import warn

import pandas as pd
from sklearn.exceptions import FitFailedWarning

from reservoir.forecasting._scores import score
from reservoir.model_selection._ranks import CriticalDifference, draw_ranks, rank_models

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Comparison"]


class Outcome(NamedTuple):
    """What models forecast of one entry of y, and what stopped those that failed on all of it."""

    name: Any
    windows: pd.DataFrame | None
    errors: dict[str, Exception]


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """What `compare` found; printed, it is the table of scores and the verdict on ranks.

    Attributes
    ----------
    windows : DataFrame
        All forecasts, a row for each value, as `reservoir.forecasting.backtest` returns them,
        after the columns ``model`` and ``series``.
    scores : DataFrame of shape (n_models, n_measures)
        Mean ``rank``; mean ``MASE``, ``RMSSE`` and ``sMAPE`` over all series, and the coverage of
        intervals, as in `reservoir.forecasting.score`; ``seconds`` to fit and forecast a window
        (the median over those of a series, so that what is compiled first does not count; the
        mean over series); and on how many series the model ``failed``. The best rank is first.
    ranks : DataFrame of shape (n_series, n_models)
        Indexed by the name of the series, with that of the variable if there are several: 1 for
        the lowest MASE of each series and variable, of RMSE if its naive forecast is
        without error; ties share a rank, and so do models that failed, the last.
    critical_difference : CriticalDifference
        Whether these ranks differ by more than chance.
    """

    windows: pd.DataFrame
    scores: pd.DataFrame
    ranks: pd.DataFrame
    critical_difference: CriticalDifference

    @classmethod
    def of(cls, outcomes: Iterable[Outcome], models: list[str]) -> "Comparison":
        """Score and rank models, and warn of those that failed.

        Raises
        ------
        Exception
            The first error, if all models failed on all series.
        """
        outcomes = list(outcomes)
        parts = [each.windows for each in outcomes if each.windows is not None]
        if not parts:
            raise next(error for each in outcomes for error in each.errors.values())
        windows = pd.concat(parts, ignore_index=True)
        keys = ["series", "variable"] if "variable" in windows else ["series"]
        first = ["model", *keys]
        windows = windows[[*first, *windows.columns.drop(first)]]
        number = windows.groupby(keys, sort=False, dropna=False).ngroup()
        numbered = windows.assign(number=number)
        of_series = score(numbered, by=["model", "number"])
        mase, rmse = (
            of_series[each].unstack("model").reindex(columns=models) for each in ("MASE", "RMSE")
        )
        ranks = rank_models(mase.where(mase.notna().any(axis=1), rmse, axis=0))
        rows = windows[keys].drop_duplicates().itertuples(index=False, name=None)
        labels = [row if len(keys) > 1 else row[0] for row in rows]
        ranks.index = pd.Index(labels, name=", ".join(keys), tupleize_cols=False)
        scores = score(windows).drop(columns="RMSE").reindex(models)
        scores = scores.loc[:, ~scores.columns.str.startswith("winkler_")]  # in units of y
        scores.insert(0, "rank", ranks.mean())
        per_window = numbered.groupby(["model", "number", "window"])["seconds"].first()
        per_series = per_window.groupby(level=["model", "number"]).median()
        scores["seconds"] = per_series.groupby(level="model").mean()
        scores["failed"] = rmse.isna().sum()
        _warn_of_failures(outcomes, models, scores["failed"], len(ranks))
        scores = scores.sort_values("rank", kind="stable")
        return cls(windows, scores, ranks, CriticalDifference.of(ranks))

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the mean ranks; bars join models that are not told apart (Demšar 2006, figure 1).

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; None makes a figure, which is ``ax.figure`` of the result.

        Returns
        -------
        Axes

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        return draw_ranks(self.ranks.mean(), self.critical_difference, ax)

    def __repr__(self) -> str:
        return f"{self._table().to_string()}\n{self.critical_difference}"

    def _repr_html_(self) -> str:
        return f"{self._table().to_html()}<p>{self.critical_difference}</p>"

    def _table(self) -> pd.DataFrame:
        failed = self.scores["failed"]
        table = self.scores.drop(columns="failed").map("{:.3g}".format).rename_axis(None)
        return table.assign(failed=failed) if failed.any() else table


def _warn_of_failures(
    outcomes: list[Outcome], models: list[str], n_failed: pd.Series, n_series: int
) -> None:
    for each in outcomes:
        if each.windows is None:
            warn(
                f"All models failed on {each.name!r}, which is left out: "
                f"{next(iter(each.errors.values()))}",
                FitFailedWarning,
                stacklevel=4,
            )
    for model in models:
        if n_failed[model]:
            errors = [each.errors[model] for each in outcomes if model in each.errors]
            reason = errors[0] if errors else "it needs more rows"
            warn(
                f"{model} failed on {n_failed[model]} of {n_series} series, and is ranked last "
                f"there: {reason}",
                FitFailedWarning,
                stacklevel=4,
            )
