"""How members come about: what the parameters of a forecaster make of rows."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, fields
from numbers import Integral
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils import check_random_state

from reservoir.estimators import ESNRegressor
from reservoir.forecasting._differencing import Differencing
from reservoir.forecasting._learners import Learner, check_estimator, has_memory
from reservoir.forecasting._series import season_of, week_of
from reservoir.forecasting._track import Member, Track, phases, run_on
from reservoir.forecasting._views import CALENDAR, Preparation, View, choose_views

Rows = NDArray[np.float64]

MIN_ROWS = 10
SEASONS_SHOWN = 3


class TooFewRowsError(ValueError):
    """A series is too short for the differences and the warm-up of a forecaster."""


@dataclass(frozen=True)
class Recipe:
    """The parameters of a `ReservoirForecaster` that say how it learns; as there.

    Attributes
    ----------
    random_state : int
        Drawn once from that of the forecaster, where that is not a number.
    """

    estimator: Any
    n_estimators: int | str
    strategy: str
    horizon: int | None
    lags: int | Sequence[int] | None
    transform: str | None
    difference: int | str
    seasonal_difference: int | str
    season: int | None
    fourier: int | str
    calendar: Sequence[str] | str
    scale: bool
    intervals: str
    random_state: int

    @classmethod
    def of(cls, forecaster: Any) -> Self:
        """Return the recipe of a forecaster, checked.

        Raises
        ------
        ValueError
            If parameters do not fit together.
        """
        given = {field.name: getattr(forecaster, field.name) for field in fields(cls)}
        if not isinstance(forecaster.random_state, Integral):  # one that stays
            given["random_state"] = check_random_state(forecaster.random_state).randint(2**31 - 1)
        recipe = cls(**given)
        recipe.check()
        return recipe

    def check(self) -> None:
        """Refuse parameters that do not fit together."""
        estimator = ESNRegressor() if self.estimator is None else self.estimator
        check_estimator(estimator, self.strategy, self.intervals)
        if self.strategy != "recursive" and self.horizon is None:
            raise ValueError(
                f"horizon must be given with strategy={self.strategy!r}, got None; it is the "
                "number of steps that are learned."
            )
        calendar = () if isinstance(self.calendar, str) else self.calendar
        unknown = [name for name in calendar if name not in CALENDAR]
        if unknown:
            raise ValueError(
                f"calendar must hold names among {list(CALENDAR)}, got {unknown[0]!r}."
            )
        lags: list[Any] = [1] if self.lags is None else np.atleast_1d(self.lags).tolist()
        if not lags or any(not isinstance(lag, Integral) or lag < 1 for lag in lags):
            raise ValueError(f"lags must be whole numbers, 1 being the last row, got {lags}.")
        if has_memory(estimator) and self.lags is not None:
            raise ValueError(
                f"lags must be None with {type(estimator).__name__}, whose state is its memory, "
                f"got {self.lags!r}."
            )

    def fit(self, tracks: dict[Any, Track]) -> tuple[list[Member], dict[Any, Track]]:
        """Return what learns some series together, and their rows without gaps."""
        members = self.learn(tracks)
        gaps = {key: track for key, track in tracks.items() if not track.is_known.all()}
        if gaps:
            tracks = {**tracks, **{key: run_on(members, key, gaps[key]) for key in gaps}}
            members = self.learn(tracks)
        return members, tracks

    def learn(self, tracks: dict[Any, Track]) -> list[Member]:
        """Return what learns some series together."""
        from reservoir.kernels._threads import one_blas_thread

        short = min(tracks, key=lambda key: len(tracks[key]))
        shortest, alone = len(tracks[short]), short if len(tracks) == 1 else None
        season, cycle, calendar = self._rhythm(next(iter(tracks.values())).index, shortest)
        views, begin = self._views(season, shortest), phases(tracks)
        has_exogenous = any(track.x.shape[1] for track in tracks.values())
        n = self._n_members(len(views))
        seeds = check_random_state(self.random_state).randint(2**31 - 1, size=n)
        members = []
        for i, seed in enumerate(seeds):
            view = views[i % len(views)]
            n_lost = Differencing(view.difference, view.seasonal_difference, cycle).n_lost
            learner = self._learner(shortest - n_lost, season, int(seed), has_exogenous)
            in_words(short, self._check_length, shortest, n_lost, learner)
            preparations = {
                key: Preparation.of(
                    view, track.y, track.x, season or 1, cycle, calendar, self.scale, begin[key]
                )
                for key, track in tracks.items()
            }
            parts = [track.part(preparations[key]) for key, track in tracks.items()]
            for key, part in zip(tracks, parts, strict=True):
                in_words(key, check_finite, part, tracks[key])
            # networks as small as the default lose more to threads than they gain
            with one_blas_thread() if self.estimator is None else nullcontext():
                members.append(Member(in_words(alone, learner.fit, parts), preparations))
        return members

    def _rhythm(self, index: pd.Index, n_rows: int) -> tuple[int | None, int, tuple[str, ...]]:
        """Return the season, the rows between seasonal differences, and the calendar."""
        season, week = self.season or season_of(index), week_of(index)
        has_weeks = self.season is None and week is not None and n_rows >= SEASONS_SHOWN * week
        if not isinstance(self.calendar, str):
            calendar = tuple(self.calendar)
        else:
            calendar = ("weekday",) if has_weeks else ()
        return season, week if week and has_weeks else season or 1, calendar

    def _views(self, season: int | None, n_rows: int) -> list[View]:
        given = {
            "transform": "none" if self.transform is None else self.transform,
            "difference": self.difference,
            "seasonal_difference": self.seasonal_difference,
            "fourier": self.fourier,
        }
        for name in ("seasonal_difference", "fourier"):
            if season is None and given[name] not in ("auto", 0):
                raise ValueError(
                    f"season must be given with {name}={given[name]}, since none follows from the "
                    "index, got None."
                )
        shown = season if season is not None and n_rows >= SEASONS_SHOWN * season else None
        return choose_views(shown, **given)

    def _n_members(self, n_views: int) -> int:
        if not isinstance(self.n_estimators, str):
            return int(self.n_estimators)
        return 3 * n_views if self.estimator is None or _is_echo_state(self.estimator) else n_views

    def _learner(self, n_rows: int, season: int | None, seed: int, has_exogenous: bool) -> Learner:
        if self.estimator is None:
            regressor = default_network(n_rows, has_exogenous=has_exogenous)
        else:
            regressor = clone(self.estimator)
        seeded = [name for name in regressor.get_params() if name.split("__")[-1] == "random_state"]
        regressor.set_params(**dict.fromkeys(seeded, seed))
        lags: tuple[int, ...] = (0,)
        if not has_memory(regressor):
            if self.lags is None:
                lags = tuple(range(max(1, min((season or 11) + 1, n_rows // 3))))
            elif np.ndim(self.lags) == 0:
                lags = tuple(range(int(np.asarray(self.lags))))
            else:
                lags = tuple(int(lag) - 1 for lag in np.atleast_1d(self.lags))
        return Learner(regressor, self.strategy, lags, self.horizon or 1)

    def _check_length(self, n_rows: int, n_lost: int, learner: Learner) -> None:
        warmup = getattr(learner.regressor, "warmup", 0)
        n_ahead = 0 if self.strategy == "recursive" else learner.horizon - 1
        n_needed = n_lost + n_ahead + max(MIN_ROWS, warmup + 2, learner.n_lags + 3)
        if n_rows >= n_needed:
            return
        made = {
            "difference": self.difference,
            "seasonal_difference": self.seasonal_difference,
            "lags": "auto" if self.lags is None else self.lags,
            "horizon": "auto" if n_ahead == 0 else self.horizon,
            "warmup": "auto" if self.estimator is None or not warmup else warmup,
        }
        settings = [f"{name}={value}" for name, value in made.items() if value != "auto"]
        reason = f" with {' and '.join(settings)}" if settings else ""
        raise TooFewRowsError(f"y must have at least {n_needed} rows{reason}, got {n_rows}.")


def default_network(n_rows: int, *, has_exogenous: bool = False) -> ESNRegressor:
    """Return the network that `ReservoirForecaster` takes for a series of ``n_rows``.

    A unit for every two rows, 300 at most, so that generalised cross-validation can tell a
    penalty that forecasts from one that reproduces the series. Only the states, which are
    bounded, are read out, so that the closed loop stays bounded; with exogenous columns, whose
    effect is often linear, inputs are too.

    Parameters
    ----------
    n_rows : int
        Rows after differencing.
    has_exogenous : bool, default=False

    Returns
    -------
    ESNRegressor

    Examples
    --------
    >>> from reservoir.forecasting import default_network
    >>> default_network(200).n_units
    100
    """
    return ESNRegressor(
        n_units=min(300, max(10, n_rows // 2)),
        spectral_radius=0.95,
        input_scaling=0.3,
        bias_scaling=0.2,
        include_input=has_exogenous,
        alpha=list(np.logspace(-6, 4, 41)),
        warmup=min(100, max(0, n_rows // 10)),
    )


def in_words(key: Any, do: Any, *arguments: Any) -> Any:
    """Do something for one series; what goes wrong names it where there are others."""
    try:
        return do(*arguments)
    except (ValueError, TypeError, FloatingPointError) as error:
        if key is None or str(error).startswith("Series "):  # one is named already
            raise
        raise type(error)(f"Series {key!r}: {error}") from error


def _is_echo_state(estimator: Any) -> bool:
    return "spectral_radius" in estimator.get_params(deep=False)


def check_finite(part: Any, track: Track) -> None:
    """Refuse rows whose preparation is not finite."""
    for name, rows, given in (("y", part.z, track.y), ("X", part.known, track.x)):
        if not np.isfinite(rows).all():
            raise ValueError(
                f"{name} must be small enough for its differences to be finite, got values of "
                f"up to {np.abs(given).max():.3g}; divide it by a number."
            )
