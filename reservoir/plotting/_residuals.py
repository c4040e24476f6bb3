"""Pictures of what a forecast has left over."""

from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from reservoir.plotting._figure import label_times, new_figure, open_frame, times_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]


def plot_residuals(
    residuals: ArrayLike | pd.Series, *, axes: Any = None, season: int | None = None
) -> Any:
    """Draw residuals over time, how they are distributed, and how they go on from one another.

    Those of a good model are noise: without a trend or a change of width over time, and with
    autocorrelations inside the grey band, of which one in twenty lies outside by chance.

    Parameters
    ----------
    residuals : Series or array-like of shape (n_rows,)
        Truth minus forecast, one step ahead. Those that are NaN are left out.
    axes : array-like of 3 Axes, optional
        Where to draw; None makes a figure, which is ``axes[0].figure`` of the result.
    season : int, optional
        Steps in a season: the autocorrelation reaches over two, which are marked.

    Returns
    -------
    ndarray of Axes of shape (3,)
        Over time, the histogram with the normal curve of the same mean and standard deviation,
        and the autocorrelation with the band ±1.96 / √n that 95 % of those of noise lie in [1]_.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If ``residuals`` is not one column of real numbers of which two differ, ``axes`` are not
        three, or ``season`` is not an integer above 1.

    References
    ----------
    .. [1] Box, G. E. P. and Jenkins, G. M. (1970). Time Series Analysis: Forecasting and Control.
       Holden-Day, chapter 8.

    Examples
    --------
    >>> import numpy as np
    >>> from reservoir.plotting import plot_residuals
    >>> noise = np.random.default_rng(0).normal(size=200)
    >>> over_time, histogram, autocorrelation = plot_residuals(noise)
    >>> autocorrelation.get_xlabel()
    'lag'
    """
    values = _checked(residuals)
    if season is not None and not (isinstance(season, Integral) and season > 1):
        raise ValueError(f"season must be an integer above 1 or None, got {season!r}.")
    if axes is None:
        panels = new_figure((9, 5)).subplot_mosaic([["time", "time"], ["histogram", "lags"]])
        axes = list(panels.values())
    axes = np.asarray(axes, dtype=object).ravel()
    if len(axes) != 3:
        raise ValueError(f"axes must be three, got {len(axes)}.")
    index = residuals.index if isinstance(residuals, pd.Series) else pd.RangeIndex(len(values))
    axes[0].axhline(0, color="0.7", linewidth=0.8, zorder=0)
    axes[0].plot(times_of(index), values, color="C0", linewidth=1)
    axes[0].set_ylabel("residual")
    label_times(axes[0], index)
    _draw_histogram(axes[1], values[np.isfinite(values)])
    _draw_autocorrelation(axes[2], values, season)
    for ax in axes:
        open_frame(ax)
    return axes


def _checked(residuals: Any) -> Floats:
    values = np.asarray(residuals)
    if values.ndim != 1 or values.dtype.kind not in "biufO":
        raise ValueError(
            f"residuals must be one column of real numbers, got {values.dtype} of shape "
            f"{values.shape}."
        )
    values = pd.Series(values).to_numpy(dtype=np.float64, na_value=np.nan)
    known = values[~np.isnan(values)]
    if np.isinf(known).any() or len(known) < 2 or np.ptp(known) == 0:
        raise ValueError(
            "residuals must be finite or NaN, and two of them differ, got "
            f"{known[:5].tolist()}{'' if len(known) <= 5 else ' and more'}."
        )
    return values


def _draw_histogram(ax: "Axes", values: Floats) -> None:
    n_bins = int(np.ceil(2 * np.cbrt(len(values))))
    ax.hist(values, bins=n_bins, density=True, color="C0", alpha=0.4)
    mean, deviation = values.mean(), values.std()
    reach = max(np.abs(values - mean).max(), 3 * deviation)
    x = np.linspace(mean - reach, mean + reach, 200)
    density = np.exp(-0.5 * ((x - mean) / deviation) ** 2) / (deviation * np.sqrt(2 * np.pi))
    ax.plot(x, density, color="C3", linewidth=1.5, label="normal")
    ax.set(xlabel="residual", ylabel="density")
    ax.legend(frameon=False)


def _draw_autocorrelation(ax: "Axes", values: Floats, season: int | None) -> None:
    n_lags = int(max(10 * np.log10(len(values)), 2 * (season or 0)))
    found = _autocorrelation(values, min(n_lags, len(values) - 1))
    lags = np.arange(1, len(found) + 1)
    if season:
        seasons = range(season, len(found) + 1, season)
        ax.set_xticks([0, *seasons])
        for lag in seasons:
            ax.axvline(lag, color="0.6", linewidth=0.8, linestyle=":", zorder=0)
    limit = 1.96 / np.sqrt(np.isfinite(values).sum())
    ax.axhspan(-limit, limit, color="0.9", linewidth=0, zorder=0)
    ax.axhline(0, color="0.7", linewidth=0.8, zorder=1)
    ax.vlines(lags, 0, found, color="C0", linewidth=1.5)
    ax.plot(lags, found, "o", color="C0", markersize=3)
    ax.set(xlabel="lag", ylabel="autocorrelation")


def _autocorrelation(values: Floats, n_lags: int) -> Floats:
    """Return that of the lags 1, 2, ...; a pair with a missing value adds nothing."""
    centred = np.nan_to_num(values - np.nanmean(values))
    products = [centred[lag:] @ centred[:-lag] for lag in range(1, n_lags + 1)]
    return np.array(products) / (centred @ centred)
