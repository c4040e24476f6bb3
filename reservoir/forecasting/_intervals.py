"""How far forecasts may be off: from their errors on rows that were held back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression

from reservoir.forecasting._differencing import binary_size
from reservoir.forecasting._recipe import Recipe, TooFewRowsError
from reservoir.forecasting._track import Member, Track, forecasts
from reservoir.forecasting._views import Power

Rows = NDArray[np.float64]

MOST_ORIGINS = 40


@dataclass(frozen=True)
class Calibration:
    """Errors of forecasts from many points in time, by a model that had not seen those rows.

    Attributes
    ----------
    power : Power
        The errors are those of the transformed rows.
    errors : ndarray of shape (n_origins, n_steps, n_columns)
        NaN where nothing was measured.
    """

    power: Power
    errors: Rows

    @property
    def n_steps(self) -> int:
        """How far ahead they reach."""
        return self.errors.shape[1]

    def deviation(self) -> Rows:
        """Return the standard deviation (n_steps, n_columns), which does not fall with the step.

        Steps at which nothing was measured have that of the step before them.
        """
        steps, columns = np.arange(self.n_steps), []
        for errors in self.errors.transpose(2, 1, 0):  # (n_steps, n_origins)
            size = binary_size(np.nan_to_num(errors).reshape(-1, 1))
            counts = np.isfinite(errors).sum(axis=1)
            some = counts > 0
            squares = np.nanmean((errors[some] / size) ** 2, axis=1)
            growing = IsotonicRegression(out_of_bounds="clip")
            growing.fit(steps[some], squares, sample_weight=counts[some])
            columns.append(size * np.sqrt(growing.predict(steps)))
        return np.column_stack(columns)

    def half_widths(self, coverage: float) -> Rows:
        """Return how far from the forecast a share of the errors is (n_steps, n_columns).

        Split conformal prediction [1]_ with errors relative to their size at their step [2]_, so
        that the errors of all steps count for each. Neighbouring origins share most of their
        future: the quantile is that of as many errors as there are origins.

        References
        ----------
        .. [1] Papadopoulos, H., Proedrou, K., Vovk, V. & Gammerman, A. (2002). Inductive confidence
           machines for regression. ECML 2002, section 3.
        .. [2] Lei, J., G'Sell, M., Rinaldo, A., Tibshirani, R. J. & Wasserman, L. (2018).
           Distribution-free predictive inference for regression. Journal of the American
           Statistical Association 113, section 5.2.
        """
        sizes = self.deviation()
        n = len(self.errors)
        level = min(1.0, np.ceil((n + 1) * coverage) / n)
        with np.errstate(invalid="ignore", divide="ignore"):
            relative = np.where(sizes > 0, np.abs(self.errors) / sizes, 0.0)
        relative[np.isnan(self.errors)] = np.nan
        factors = np.nanquantile(relative.reshape(-1, relative.shape[2]), level, axis=0)
        return sizes * factors

    def quantiles(self, forecast: Rows, levels: Rows) -> Rows:
        """Return quantiles (n_levels, n_steps, n_columns) around forecasts (n_steps, n_columns)."""
        n_steps = len(forecast)
        widths = [np.sign(p - 0.5) * self.half_widths(abs(2 * p - 1))[:n_steps] for p in levels]
        with np.errstate(over="ignore", divide="ignore"):  # an upper end may be infinite
            middle = self.power.apply(forecast)
            return np.array([self.power.undo(middle + width) for width in widths])


def origins(n_rows: int, cut: int) -> NDArray[np.int64]:
    """Return from where to forecast: numbers of rows from ``cut`` to one less than all."""
    return np.unique(np.linspace(cut, n_rows - 1, min(MOST_ORIGINS, n_rows - cut)).astype(int))


def calibrate(
    recipe: Recipe,
    tracks: dict[Any, Track],
    members: Mapping[Any, Sequence[Member]],
    n_steps: int,
    remedy: str,
) -> dict[Any, Calibration]:
    """Return errors of forecasts of the last third of each series, held back for that.

    Parameters
    ----------
    recipe : Recipe
    tracks : dict of Track
        Series that are learned together.
    members : mapping to the members of each series
        Those fitted to all rows, whose powers are those of the errors.
    n_steps : int
    remedy : str
        What to use where too few rows are there.

    Raises
    ------
    TooFewRowsError
        If what is not held back is too little to learn from.
    """
    cuts = {
        key: max(1, len(track) - max(len(track) // 3, n_steps + 1)) for key, track in tracks.items()
    }
    try:
        early = recipe.learn({key: track.until(cuts[key]) for key, track in tracks.items()})
    except TooFewRowsError as error:
        n_rows = min(map(len, tracks.values()))
        fewer = ", or fewer steps" if n_steps >= n_rows // 3 else ""
        raise TooFewRowsError(
            f"y must have more rows than {n_rows} to see how far forecasts of {n_steps} "
            f"step(s) are off in its last third, which is held back; use {remedy}{fewer}."
        ) from error
    return {
        key: _errors(early, members[key], key, track, cuts[key], n_steps)
        for key, track in tracks.items()
    }


def check_range(forecast: Rows) -> None:
    """Refuse a forecast that is not finite."""
    if not np.isfinite(forecast).all():
        raise FloatingPointError(
            "The forecast left the range of floating-point numbers at step "
            f"{np.isfinite(forecast).all(axis=1).argmin() + 1}; divide y by a number, or "
            "forecast fewer steps."
        )


def _errors(
    early: Sequence[Member],
    members: Sequence[Member],
    key: Any,
    track: Track,
    cut: int,
    n_steps: int,
) -> Calibration:
    starts = origins(len(track), cut)
    predicted = np.full((len(starts), n_steps, track.y.shape[1]), np.nan)
    truth = predicted.copy()
    measured = np.where(track.is_known, track.y, np.nan)
    for i, start in enumerate(starts):
        rows = measured[start : start + n_steps]
        x = track.x[start : start + n_steps]
        each = forecasts(early, key, track.until(int(start)), len(rows), x)
        truth[i, : len(rows)], predicted[i, : len(rows)] = rows, np.median(each, axis=0)
        check_range(predicted[i, : len(rows)])
    if not np.isfinite(truth).any(axis=(0, 1)).all():
        raise ValueError(
            "y must have measured values in its last third, to see how far forecasts are off, "
            "got none; use intervals='ensemble' and bias_adjust=False."
        )
    power = _power_of_errors(members, key, track, predicted)
    flat = (-1, track.y.shape[1])
    errors = power.apply(truth.reshape(flat)) - power.apply(predicted.reshape(flat))
    return Calibration(power, errors.reshape(truth.shape))


def _power_of_errors(members: Sequence[Member], key: Any, track: Track, predicted: Rows) -> Power:
    """Return the scale of errors: that of most views, where all forecasts are on it."""
    powers = np.array([m.preparations[key].power.exponents for m in members])
    most = (powers != 1).sum(axis=0) > len(powers) / 2  # so that their median is above 0
    most &= (np.nanmin(predicted, axis=(0, 1)) > 0) & (track.y > 0).all(axis=0)
    units = members[0].preparations[key].power.units
    return Power(np.where(most, np.median(powers, axis=0), 1.0), units)
