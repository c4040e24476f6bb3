"""Folds that keep the order of time and the bounds of sequences, for scikit-learn's searches."""

from collections.abc import Iterator
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import (
    Interval,
    StrOptions,
    validate_parameter_constraints,
)

from reservoir.sequences import Layout, stack

__all__ = ["PanelSplit", "WindowSplit"]

Positions = NDArray[np.int64]
Mask = NDArray[np.bool_]

COUNT = Interval(Integral, 1, None, closed="left")
GAP = Interval(Integral, 0, None, closed="left")


class WindowSplit(BaseCrossValidator):
    """Forecasting windows at the end of one series, each predicted from the rows before it [1]_.

    The last window ends with the series. A network with ``predict_state="carry"`` goes on into
    each window from where its training rows ended.

    Parameters
    ----------
    n_windows : int, default=5
        Windows that are tested on, one fold each.
    horizon : int, default=1
        Rows of a window.
    gap : int, default=0
        Rows left out between training rows and window, such as those whose targets are not known
        yet when a forecast is made. A state that is carried over them is stale: the network takes
        the first row of the window for the one after its last training row, and until it has
        forgotten that, a readout with a small ``alpha`` may be far off. With a gap prefer
        ``predict_state="reset"`` and ``warmup=0``, so that first rows after rest are learned too.
        Only continuous-time networks with times see how long the gap was; through it they hold
        the input of the row after it.
    stride : int or None, default=None
        Rows from the start of one window to that of the next; None is ``horizon``, windows that
        neither overlap nor leave rows out.
    train_size : int or None, default=None
        Train on this many rows before each window (and its gap), or on all of them with None.

    See Also
    --------
    PanelSplit : For many series in one table.
    ESNSearchCV : A faster search, which takes these folds with ``gap=0`` and
        ``train_size=None``.
    sklearn.model_selection.TimeSeriesSplit : Takes the length of a window from that of the series.

    References
    ----------
    .. [1] Tashman, L. J. (2000). Out-of-sample tests of forecasting accuracy: an analysis and
       review. International Journal of Forecasting 16, 437-450, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from reservoir.model_selection import WindowSplit
    >>> for train, test in WindowSplit(n_windows=3, horizon=2).split(np.zeros((10, 1))):
    ...     print(train, test)
    [0 1 2 3] [4 5]
    [0 1 2 3 4 5] [6 7]
    [0 1 2 3 4 5 6 7] [8 9]
    >>> sliding = WindowSplit(n_windows=2, horizon=2, gap=1, stride=1, train_size=3)
    >>> for train, test in sliding.split(np.zeros((10, 1))):
    ...     print(train, test)
    [3 4 5] [7 8]
    [4 5 6] [8 9]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_windows": [COUNT],
        "horizon": [COUNT],
        "gap": [GAP],
        "stride": [COUNT, None],
        "train_size": [COUNT, None],
    }

    def __init__(
        self,
        n_windows: int = 5,
        horizon: int = 1,
        *,
        gap: int = 0,
        stride: int | None = None,
        train_size: int | None = None,
    ) -> None:
        self.n_windows = n_windows
        self.horizon = horizon
        self.gap = gap
        self.stride = stride
        self.train_size = train_size

    def split(
        self, X: Any, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[Positions, Positions]]:
        """Yield the rows to train on and the rows to test on, window after window.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            One series, rows in time order; only their number matters.
        y : Ignored
        groups : array-like of shape (n_rows,), optional
            Must name one series only.

        Yields
        ------
        train : ndarray of shape (n_train,)
            Positions of rows, increasing.
        test : ndarray of shape (horizon,)

        Raises
        ------
        ValueError
            If a parameter is out of range, there are several series, or too few rows.
        """
        _validate(self)
        layout = _layout_of(X, groups)
        if layout.form != "rows" or layout.n_sequences > 1:
            raise ValueError(
                f"X must be one series of rows, got {layout.n_sequences} sequence(s); use "
                "PanelSplit for several."
            )
        stride = self.horizon if self.stride is None else self.stride
        starts = layout.n_rows - self.horizon - stride * np.arange(self.n_windows)[::-1]
        first_stop = int(starts[0]) - self.gap
        shortest = self.train_size or 1
        if first_stop < shortest:
            raise ValueError(
                f"X must have at least {layout.n_rows + shortest - first_stop} rows with "
                f"n_windows={self.n_windows}, horizon={self.horizon}, gap={self.gap}, "
                f"stride={self.stride} and train_size={self.train_size}, got {layout.n_rows}; "
                "lower one of these."
            )
        for start in starts:
            stop = int(start) - self.gap
            begin = 0 if self.train_size is None else stop - self.train_size
            yield np.arange(begin, stop), np.arange(start, start + self.horizon)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds, ``n_windows``.

        Parameters
        ----------
        X, y, groups : Ignored

        Returns
        -------
        int
        """
        return self.n_windows


class PanelSplit(BaseCrossValidator):
    """Folds of many series in one table: other series, later times, or both.

    What a score says depends on what was held out:

    - ``by="series"``: how well are series predicted that were not there in training? Whole series
      are held out.
    - ``by="time"``: how well do the series go on that were? Each is tested on windows at its own
      end, and trained on what comes before them.
    - ``by="both"``: how well are other series predicted at later times? Series are held out and
      only their ends are tested, and only what comes before the ends of the others is trained on.
      Where series have much in common at each time, both of the other scores are too good.

    Parameters
    ----------
    by : {"series", "time", "both"}, default="series"
        What training does not see.
    n_splits : int, default=5
        Folds: parts that the series are dealt to or, with "time", windows.
    horizon : int or None, default=None
        With "time" and "both", rows of a window, counted in each series from its own end, whatever
        its dates. None takes of each series 1 part of ``n_splits + 1``, after ``gap``.
    gap : int, default=0
        With "time" and "both", rows left out before each window; see `WindowSplit`.
    shuffle : bool, default=False
        With "series" and "both", whether series are dealt out at random rather than as they stand:
        in the order of their sorted names, or of the list.
    random_state : int, RandomState instance or None, default=None
        Seed of the shuffle.

    See Also
    --------
    WindowSplit : For one series.
    sklearn.model_selection.GroupKFold : Holds groups out so that folds are of equal size.

    Notes
    -----
    In a search, a MultiIndex tells splitter and network alike where series begin. ``groups`` of
    a search reach its splitter only, and the network takes the rows of all series for one, unless
    metadata routing is on and the network requests them in ``fit`` and ``score``.

    A network with ``predict_state="carry"`` goes on with each named series from its own end, and
    begins one that was not there in training at rest. Series without names, in a list or a 3-D
    array, are taken in order: use "reset" where they are held out.

    So series that are held out begin at rest, with "both" at the start of their window. Fit with
    ``warmup=0``, so that the first rows after rest are learned too: of rows that its warm-up has
    kept from it, a readout with a small ``alpha`` may be off by many standard deviations.

    Examples
    --------
    >>> import numpy as np
    >>> from reservoir.model_selection import PanelSplit
    >>> X, groups = np.zeros((8, 1)), list("aaaabbbb")
    >>> for train, test in PanelSplit("time", n_splits=2, horizon=1).split(X, groups=groups):
    ...     print(train, test)
    [0 1 4 5] [2 6]
    [0 1 2 4 5 6] [3 7]
    >>> for train, test in PanelSplit("both", n_splits=2, horizon=1).split(X, groups=groups):
    ...     print(train, test)
    [4 5 6] [3]
    [0 1 2] [7]
    """

    __metadata_request__split: ClassVar[dict[str, bool]] = {"groups": True}

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "by": [StrOptions({"series", "time", "both"})],
        "n_splits": [COUNT],
        "horizon": [COUNT, None],
        "gap": [GAP],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        by: str = "series",
        n_splits: int = 5,
        *,
        horizon: int | None = None,
        gap: int = 0,
        shuffle: bool = False,
        random_state: Any = None,
    ) -> None:
        self.by = by
        self.n_splits = n_splits
        self.horizon = horizon
        self.gap = gap
        self.shuffle = shuffle
        self.random_state = random_state

    def split(
        self, X: Any, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[Positions, Positions]]:
        """Yield what to train on and what to test on, fold after fold.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), 3-D array or list of 2-D arrays
            Several series; see `reservoir.sequences`. A 3-D array or a list only with
            ``by="series"``, since scikit-learn then takes whole series out of it.
        y : Ignored
        groups : array-like of shape (n_rows,), optional
            The series that each row belongs to; before a MultiIndex of X.

        Yields
        ------
        train, test : ndarray of shape (n_train,) and (n_test,)
            Positions of rows, or of series in a list or a 3-D array; increasing.

        Raises
        ------
        ValueError
            If parameters are out of range or do not go together, series have no bounds or are
            fewer than ``n_splits``, or one is too short.
        """
        _validate(self)
        self._check_combination()
        layout = _layout_of(X, groups)
        self._check_panel(layout)
        for train, test in self._folds(layout):
            yield np.flatnonzero(layout.scatter(train)), np.flatnonzero(layout.scatter(test))

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds, ``n_splits``.

        Parameters
        ----------
        X, y, groups : Ignored

        Returns
        -------
        int
        """
        return self.n_splits

    def _folds(self, layout: Layout) -> Iterator[tuple[Mask, Mask]]:
        """Yield masks of stacked rows, or of whole sequences where these are what is split."""
        if self.by == "series":
            for held in self._held_out(layout):
                yield ~held, held
            return
        horizon = np.repeat(self._horizons(layout), layout.lengths)
        to_end = np.repeat(layout.lengths, layout.lengths) - layout.positions  # 1: the last row
        if self.by == "both":
            for held in self._held_out(layout):
                yield ~held & (to_end > horizon + self.gap), held & (to_end <= horizon)
            return
        for n_later in reversed(range(self.n_splits)):
            after, begin = n_later * horizon, (n_later + 1) * horizon
            yield to_end > begin + self.gap, (to_end > after) & (to_end <= begin)

    def _held_out(self, layout: Layout) -> Iterator[Mask]:
        n = layout.n_sequences
        order = np.arange(n)
        if self.shuffle:
            order = check_random_state(self.random_state).permutation(n)
        sequence = np.arange(n)
        if layout.form == "rows":
            sequence = np.repeat(sequence, layout.lengths)
        for held in np.array_split(order, self.n_splits):
            yield np.isin(sequence, held)

    def _horizons(self, layout: Layout) -> NDArray[np.int64]:
        """Return the rows of a window of each sequence, after a check that it is long enough."""
        n_windows = self.n_splits if self.by == "time" else 1
        if self.horizon is None:
            needed = self.gap + self.n_splits + 1
            horizons = (layout.lengths - self.gap) // (self.n_splits + 1)
        else:
            needed = n_windows * self.horizon + self.gap + 1
            horizons = np.full(layout.n_sequences, self.horizon)
        shortest = int(layout.lengths.argmin())
        if layout.lengths[shortest] < needed:
            assert layout.keys is not None
            raise ValueError(
                f"Each series must have at least {needed} rows with by={self.by!r}, "
                f"n_splits={self.n_splits}, horizon={self.horizon} and gap={self.gap}, but "
                f"{layout.keys.tolist()[shortest]!r} has {layout.lengths[shortest]}; drop such "
                "series, or lower one of these."
            )
        return horizons

    def _check_combination(self) -> None:
        if self.by == "series" and (self.horizon is not None or self.gap):
            raise ValueError(
                "horizon must be None and gap 0 with by='series', which tests on whole series, "
                f"got horizon={self.horizon} and gap={self.gap}; use by='both' to test on ends."
            )
        if self.by == "time" and self.shuffle:
            raise ValueError(
                "shuffle must be False with by='time', which holds no series out, got True."
            )
        if self.random_state is not None and not self.shuffle:
            raise ValueError(
                f"random_state must be None without a shuffle, got {self.random_state!r}; set "
                "shuffle=True."
            )
        if self.by != "time" and self.n_splits < 2:
            raise ValueError(
                f"n_splits must be at least 2 with by={self.by!r}, got {self.n_splits}; else no "
                "series is left to train on."
            )

    def _check_panel(self, layout: Layout) -> None:
        if layout.is_single:
            raise ValueError(
                "X must hold several series, got rows without bounds; name the series with groups "
                "or a MultiIndex, or use WindowSplit for one series."
            )
        if layout.form != "rows" and self.by != "series":
            form = "a list" if layout.form == "list" else "a 3-D array"
            raise ValueError(
                f"X must be rows with groups or a MultiIndex with by={self.by!r}, got {form}, of "
                "which only whole series can be taken; make one table with pd.concat of a dict "
                "of DataFrames, or use by='series'."
            )
        if self.by != "time" and self.n_splits > layout.n_sequences:
            raise ValueError(
                f"n_splits must be at most the number of series, got {self.n_splits} and "
                f"{layout.n_sequences} series."
            )


def _validate(splitter: Any) -> None:
    constraints = splitter._parameter_constraints
    given = {name: getattr(splitter, name) for name in constraints}
    validate_parameter_constraints(constraints, given, type(splitter).__name__)


def _layout_of(X: Any, groups: Any) -> Layout:
    """Return which rows make up which sequence, whatever the columns hold."""
    if isinstance(X, pd.DataFrame | pd.Series):
        X = pd.DataFrame(index=X.index)
    elif isinstance(X, np.ndarray) and X.ndim == 1 and X.dtype != object:
        X = X[:, None]
    return stack(X, groups)[1]
