"""Mean ranks of models over series: whether they differ, and a picture of it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import chi2, rankdata, studentized_range

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class CriticalDifference:
    """Whether models differ in their ranks over many series: the tests of Demšar (2006) [1]_.

    Attributes
    ----------
    p_value : float
        Of the Friedman test, that there is no difference between any of the models (section
        3.2.2). It needs many series: above 10, with more than 5 models, for a fair chance.
    difference : float
        By how much the mean ranks of two models must differ for the Nemenyi test to tell them
        apart; smaller differences are no more than chance may make.
    significance : float
        The level of that test, 0.05.
    n_series : int

    References
    ----------
    .. [1] Demšar, J. (2006). Statistical comparisons of classifiers over multiple data sets.
       Journal of Machine Learning Research 7.
    """

    p_value: float
    difference: float
    significance: float
    n_series: int

    @classmethod
    def of(cls, ranks: pd.DataFrame, significance: float = 0.05) -> "CriticalDifference":
        """Test ranks of shape (n_series, n_models)."""
        n_series, n_models = ranks.shape
        return cls(
            friedman_p_value(ranks.to_numpy()),
            nemenyi_difference(n_models, n_series, significance),
            significance,
            n_series,
        )

    def __str__(self) -> str:
        if self.n_series < 2:
            return "One series cannot tell whether models differ; compare them on several."
        return (
            f"Friedman test over {self.n_series} series: p = {self.p_value:.2g}. Mean ranks less "
            f"than {self.difference:.2f} apart do not differ (Nemenyi test at "
            f"{self.significance:.0%})."
        )


def rank_models(errors: pd.DataFrame) -> pd.DataFrame:
    """Return the rank of each model on each series: 1 is the best, ties share, NaN is last.

    Examples
    --------
    >>> rank_models(pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 2.0], "c": [np.nan, 0.0]}))
         a    b    c
    0  1.0  2.0  3.0
    1  2.5  2.5  1.0
    """
    ranks = rankdata(errors.fillna(np.inf).to_numpy(), axis=1)
    return pd.DataFrame(ranks, errors.index, errors.columns)


def friedman_p_value(ranks: np.ndarray) -> float:
    """Return the p-value of the Friedman test, corrected for ties; 1 if all are tied.

    Parameters
    ----------
    ranks : ndarray of shape (n_series, n_models)

    Returns
    -------
    float
    """
    # the sum of squares between models over that within series; without ties it is equation 5.1
    # of Friedman (1937), since the ranks of each series have the variance k (k + 1) / 12
    n_series, n_models = ranks.shape
    between = n_series * np.square(ranks.mean(axis=0) - ranks.mean()).sum()
    within = ranks.var(axis=1, ddof=1).mean()
    return float(chi2.sf(between / within, n_models - 1)) if within > 0 else 1.0


def nemenyi_difference(n_models: int, n_series: int, significance: float = 0.05) -> float:
    """Return by how much mean ranks must differ to be told apart (Demšar 2006, section 3.2.2).

    Examples
    --------
    >>> round(nemenyi_difference(4, 14), 2)
    1.25
    """
    q = studentized_range.ppf(1 - significance, n_models, np.inf) / np.sqrt(2)
    return float(q * np.sqrt(n_models * (n_models + 1) / (6 * n_series)))


def groups_alike(ranks: np.ndarray, difference: float) -> list[tuple[int, int]]:
    """Return the first and last of each longest run of models that are not told apart.

    Parameters
    ----------
    ranks : ndarray of shape (n_models,)
        Mean ranks, increasing.
    difference : float

    Examples
    --------
    >>> groups_alike(np.array([1.0, 1.5, 2.2, 4.0]), 1.0)
    [(0, 1), (1, 2)]
    """
    ends = np.searchsorted(ranks, ranks + difference) - 1
    groups = [(i, int(end)) for i, end in enumerate(ends) if end > i]
    return [group for group in groups if not any(a < group[0] and b >= group[1] for a, b in groups)]


def draw_ranks(ranks: pd.Series, test: CriticalDifference, ax: "Axes | None") -> "Axes":
    """Draw mean ranks along a line, names beside it, and bars that join those that are alike."""
    from reservoir.plotting._figure import new_figure

    ranks = ranks.sort_values()
    n = len(ranks)
    n_left = (n + 1) // 2
    if ax is None:
        ax = new_figure((7, 1.2 + 0.25 * n)).subplots()
    groups = groups_alike(ranks.to_numpy(), test.difference)
    depth = 0.6 * len(groups) + 1  # where the names begin, below the bars
    for i, (name, rank) in enumerate(ranks.items()):
        is_left = i < n_left
        level = depth + (i if is_left else n - 1 - i)
        side = 0.8 if is_left else n + 0.2
        ax.plot([rank, rank, side], [0, level, level], color="0.3", linewidth=0.8)
        text, where = f" {name} ({rank:.2f}) ", "right" if is_left else "left"
        ax.text(side, level, text, ha=where, va="center")
    for i, (first, last) in enumerate(groups):
        ends = [ranks.iloc[first] - 0.03, ranks.iloc[last] + 0.03]
        ax.plot(ends, [0.6 * (i + 1)] * 2, color="C3", linewidth=4, solid_capstyle="butt")
    width = min(test.difference, n - 1)
    ax.errorbar(1 + width / 2, -1.6, xerr=width / 2, color="k", capsize=3, linewidth=1)
    text = f"critical difference {test.difference:.2f}"
    ax.text(1 + width / 2, -1.8, text, ha="center", va="bottom", fontsize="small")
    ax.set_xlim(1 - 0.01 * n, n + 0.01 * n)
    ax.set_ylim(depth + n_left - 0.4, -2.8)
    ax.xaxis.set_ticks_position("top")
    ax.set_xticks(range(1, n + 1))
    ax.spines["top"].set_position(("data", 0))
    ax.spines[["left", "right", "bottom"]].set_visible(False)
    ax.set_yticks([])
    return ax
