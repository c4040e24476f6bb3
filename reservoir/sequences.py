"""The one place where what a user passes becomes sequences, and results take its form again.

A sequence is a run of rows in time order, features in columns. It may arrive as

- a 2-D array or DataFrame: one sequence;
- a DataFrame with a MultiIndex: all levels but the last name the sequence, the last is time;
- either of these with ``groups`` of shape (n_rows,): one sequence for each distinct value;
- a 3-D array (n_sequences, n_timesteps, n_features);
- a list of 2-D arrays of any lengths.

Named sequences stand in the order of their sorted names: so does what belongs to a whole
sequence, one target, one weight or one state each.

Inside the package the rows of all sequences stand one below the other, sequence after
sequence ("stacked"); a `Layout` knows where each begins and how to give results the form of
what came in.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["Layout", "match_targets", "match_weights", "stack"]

# what an object column may turn out to hold
_NUMBERS = {"integer", "floating", "mixed-integer-float", "decimal", "boolean", "complex", "empty"}


@dataclass(frozen=True)
class Layout:
    """Which rows make up which sequence, and the form in which they arrived.

    Attributes
    ----------
    form : {"rows", "array", "list"}
        2-D rows, a 3-D array, or a list of 2-D arrays.
    bounds : ndarray of shape (n_sequences + 1,)
        Sequence ``i`` occupies the stacked rows ``bounds[i]:bounds[i + 1]``.
    order : ndarray of shape (n_rows,) or None
        Stacked row ``i`` is the caller's row ``order[i]``; None where the two agree.
    keys : Index or None
        The name of each sequence, from ``groups`` or a MultiIndex.
    """

    form: Literal["rows", "array", "list"]
    bounds: NDArray[np.int64]
    order: NDArray[np.int64] | None = None
    keys: pd.Index | None = None

    @property
    def n_rows(self) -> int:
        """Rows of all sequences together."""
        return int(self.bounds[-1])

    @property
    def n_sequences(self) -> int:
        """Number of sequences."""
        return len(self.bounds) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Rows of each sequence."""
        return np.diff(self.bounds)

    @property
    def is_single(self) -> bool:
        """Whether rows without any boundary were passed: one sequence, spoken of as such."""
        return self.form == "rows" and self.keys is None

    @property
    def positions(self) -> NDArray[np.int64]:
        """For each stacked row, how many rows of its sequence stand before it."""
        return np.arange(self.n_rows) - np.repeat(self.bounds[:-1], self.lengths)

    def __iter__(self) -> Iterator[slice]:
        """Yield the stacked rows of each sequence as a slice."""
        for start, stop in zip(self.bounds[:-1], self.bounds[1:], strict=True):
            yield slice(int(start), int(stop))

    def gather(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Bring rows from the caller's order into stacked order."""
        return rows if self.order is None else rows[self.order]

    def scatter(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Bring rows from stacked order into the caller's order."""
        if self.order is None:
            return rows
        result = np.empty_like(rows)
        result[self.order] = rows
        return result

    def restore(self, rows: NDArray[Any]) -> Any:
        """Give results for stacked rows the form in which the sequences arrived.

        Parameters
        ----------
        rows : ndarray of shape (n_rows, ...)

        Returns
        -------
        ndarray or list of ndarray
            Rows in the caller's order, a 3-D array, or a list with one array a sequence.

        Examples
        --------
        >>> import numpy as np
        >>> from reservoir.sequences import stack
        >>> rows, layout = stack([np.zeros((2, 1)), np.ones((3, 1))])
        >>> [part.shape for part in layout.restore(rows)]
        [(2, 1), (3, 1)]
        """
        if self.form == "list":
            return [rows[part] for part in self]
        if self.form == "array":
            return rows.reshape(self.n_sequences, -1, *rows.shape[1:])
        return self.scatter(rows)


def stack(X: Any, groups: Any = None) -> tuple[Any, Layout]:
    """Turn any accepted form of sequences into rows and the layout of those rows.

    Parameters
    ----------
    X : array-like, DataFrame, 3-D array or list of 2-D arrays
        See the module's description for the accepted forms.
    groups : array-like of shape (n_rows,), optional
        The name of the sequence that each row belongs to; only with 2-D rows. Rows of one
        sequence keep their order and need not stand together; sequences stand in the order of
        their sorted names. Takes precedence over a MultiIndex.

    Returns
    -------
    rows : array-like or DataFrame of shape (n_rows, n_features)
        The rows in the order in which they were passed; `Layout.gather` stacks them. Their
        values are not looked at here.
    layout : Layout

    Raises
    ------
    ValueError
        If ``groups`` does not fit, a list is empty or holds anything but 2-D arrays of one
        width, a column does not hold numbers, or a time index is not strictly increasing.

    Examples
    --------
    >>> import numpy as np
    >>> rows, layout = stack(np.zeros((4, 1)), groups=["a", "b", "a", "b"])
    >>> layout.lengths
    array([2, 2])
    >>> layout.order
    array([0, 2, 1, 3])
    """
    if _is_list_of_sequences(X):
        _refuse_groups(groups, "a list of 2-D arrays")
        return _stack_list(X)
    if getattr(X, "ndim", 0) == 3:
        _refuse_groups(groups, "a 3-D array")
        return _stack_array(np.asarray(X))
    if isinstance(X, list | tuple) and len({np.shape(part) for part in X}) > 1:
        raise ValueError(
            "Each sequence in the list must be 2-D (n_timesteps, n_features), got shapes "
            f"{_some(sorted({np.shape(part) for part in X}))}; reshape series of one feature with "
            "x.reshape(-1, 1)."
        )
    if isinstance(X, list | tuple) and len(X) == 0:
        raise ValueError("X must hold at least one sequence or row, got an empty list.")
    if isinstance(X, str) or not (
        isinstance(X, Sequence) or hasattr(X, "shape") or hasattr(X, "__array__")
    ):
        raise ValueError(
            f"X must hold rows in time order or sequences of them, got {type(X).__name__}; pass an "
            "array, a DataFrame or a list of arrays."
        )
    if getattr(X, "ndim", 2) == 1:
        raise ValueError(
            f"Expected 2D array, got 1D array of shape {X.shape} instead: rows in time order, "
            "features in columns. Reshape your data with X.reshape(-1, 1), or X.to_frame() of a "
            "Series, if it is one series."
        )
    n_rows = _n_rows(X)
    if isinstance(X, pd.DataFrame):
        _check_numeric(X)
    names = _sequence_names(X, groups, n_rows)
    layout = Layout("rows", np.array([0, n_rows])) if names is None else _layout_of_names(names)
    if isinstance(X, pd.DataFrame):
        _check_time_order(X.index, layout, "X")
    return X, layout


def match_targets(y: Any, layout: Layout) -> tuple[Any, bool]:
    """Find out whether targets are given for each row or for each sequence.

    Parameters
    ----------
    y : array-like or list of arrays
        (n_rows,) or (n_rows, n_outputs); a 3-D array or list of arrays where the sequences came
        as one; or one value, label or row of values for each sequence. A Series or DataFrame
        indexed by the names of the sequences is put into their order.
    layout : Layout
        Of the sequences that the targets belong to.

    Returns
    -------
    values : array-like of shape (n_rows,) or (n_sequences,), with n_outputs columns if 2-D
        In the caller's order.
    per_sequence : bool

    Raises
    ------
    ValueError
        If the targets fit neither the rows nor the sequences, or could mean either.

    Examples
    --------
    >>> import numpy as np
    >>> _, layout = stack(np.zeros((3, 5, 1)))
    >>> match_targets(["up", "down", "up"], layout)[1]
    True
    """
    y = _plain(y)
    if layout.form == "list" and _is_list_of_arrays(y):
        return _rows_of_list(y, layout, "y"), False
    ndim = np.ndim(y)
    if ndim == 0:
        raise ValueError(f"y must hold one target for each row or sequence, got {y!r}.")
    if layout.form == "array" and ndim == 3:
        values = np.asarray(y)
        if values.shape[:2] != (layout.n_sequences, layout.lengths[0]):
            raise ValueError(
                f"y must have shape (n_sequences, n_timesteps, n_outputs) = "
                f"({layout.n_sequences}, {layout.lengths[0]}, ...), got {values.shape}."
            )
        return values.reshape(layout.n_rows, -1), False
    n = _n_rows(y)
    could_be_steps = (
        ndim == 2 and (layout.lengths == np.shape(y)[1]).all() and len(y) == len(layout.lengths)
    )
    if layout.form != "rows" and could_be_steps and layout.lengths[0] > 1:
        raise ValueError(
            f"y of shape {np.shape(y)} could hold one target for each step or "
            f"{layout.lengths[0]} targets for each sequence; pass y[:, :, None], or list(y) for a "
            "list, for one target for each step, or X as rows with groups."
        )
    if layout.form == "rows" and n == layout.n_rows:
        if isinstance(y, pd.Series | pd.DataFrame):
            _check_time_order(y.index, layout, "y")
        return y, False
    if n == layout.n_sequences and not layout.is_single:
        return _in_key_order(y, layout.keys), True
    message = f"Found input variables with inconsistent numbers of samples: y has {n}, X has "
    if layout.is_single:
        message += (
            f"{layout.n_rows} rows; pass one target for each row, or name the sequences with "
            "groups or a MultiIndex, which transformers keep with set_output(transform='pandas')."
        )
    elif layout.form == "rows":
        message += (
            f"{layout.n_rows} rows in {layout.n_sequences} sequences; pass one target for each row "
            "or one for each sequence."
        )
    else:
        message += (
            f"{layout.n_sequences} sequences; pass one target for each sequence, or for each step "
            f"in the form of X, {'a list of arrays' if layout.form == 'list' else 'a 3-D array'}."
        )
    raise ValueError(message)


def match_weights(sample_weight: Any, layout: Layout, per_sequence: bool) -> Any:
    """Give sample weights the shape of the targets, in the caller's order.

    Parameters
    ----------
    sample_weight : array-like or None
        One weight for each row, in the form of the rows (for a list or a 3-D array: a list of
        1-D arrays, or (n_sequences, n_timesteps)); or one for each sequence, which then holds
        for each of its rows.
    layout : Layout
    per_sequence : bool
        Whether the targets are given for each sequence.

    Returns
    -------
    array-like of shape (n_rows,) or, for targets given for each sequence, (n_sequences,)

    Raises
    ------
    ValueError
        If the weights fit neither the rows nor the sequences.

    Examples
    --------
    >>> import numpy as np
    >>> _, layout = stack(np.zeros((2, 3, 1)))
    >>> match_weights([1.0, 2.0], layout, per_sequence=False)
    array([1., 1., 1., 2., 2., 2.])
    """
    if sample_weight is None:
        return None
    sample_weight = _plain(sample_weight)
    if layout.form == "list" and _is_list_of_arrays(sample_weight):
        values = _rows_of_list(sample_weight, layout, "sample_weight")
    elif layout.form == "array" and np.ndim(sample_weight) == 2:
        values = np.asarray(sample_weight)
        if values.shape != (layout.n_sequences, layout.lengths[0]):
            raise ValueError(
                f"sample_weight must have shape (n_sequences, n_timesteps) = "
                f"({layout.n_sequences}, {layout.lengths[0]}), got {values.shape}."
            )
        values = values.reshape(-1)
    else:
        values = np.asarray(_in_key_order(sample_weight, layout.keys))
    if values.ndim != 1:
        raise ValueError(
            f"Sample weights must be 1D array or scalar, got shape {values.shape}."
            if values.ndim
            else "sample_weight must hold one weight for each row or sequence, got a number."
        )
    expected = layout.n_sequences if per_sequence else layout.n_rows
    if len(values) == expected:
        return values
    if len(values) == layout.n_sequences and not layout.is_single:
        return layout.scatter(np.repeat(values, layout.lengths))
    raise ValueError(
        f"sample_weight.shape == {values.shape}, expected ({expected},)! Pass one weight for each "
        f"{'sequence' if per_sequence else 'row'}."
    )


def _plain(values: Any) -> Any:
    """Turn anything that offers itself as an array into one; keep lists and pandas objects."""
    is_known = isinstance(values, np.ndarray | pd.Series | pd.DataFrame)
    return np.asarray(values) if hasattr(values, "__array__") and not is_known else values


def _is_list_of_sequences(X: Any) -> bool:
    if isinstance(X, np.ndarray):
        return X.dtype == object and X.ndim == 1 and len(X) > 0 and np.ndim(X[0]) == 2
    return isinstance(X, list | tuple) and len(X) > 0 and np.ndim(X[0]) == 2


def _is_list_of_arrays(y: Any) -> bool:
    is_sequence = isinstance(y, list | tuple) or (
        isinstance(y, np.ndarray) and y.dtype == object and y.ndim == 1
    )
    return is_sequence and len(y) > 0 and np.ndim(y[0]) >= 1


def _rows_of_list(values: Any, layout: Layout, name: str) -> NDArray[Any]:
    parts = [np.asarray(part) for part in values]
    lengths = [len(part) for part in parts]
    if lengths != layout.lengths.tolist():
        raise ValueError(
            f"{name} must have as many rows as X in each sequence, got lengths {_some(lengths)} "
            f"for sequences of lengths {_some(layout.lengths.tolist())}."
        )
    return np.concatenate(parts)


def _stack_list(X: Any) -> tuple[Any, Layout]:
    for i, part in enumerate(X):
        if np.ndim(part) != 2:
            raise ValueError(
                f"Each sequence in the list must be 2-D (n_timesteps, n_features), got "
                f"{np.ndim(part)}-D at position {i}."
            )
    widths = {np.shape(part)[1] for part in X}
    if len(widths) > 1:
        raise ValueError(
            f"All sequences in the list must have the same number of features, got "
            f"{sorted(widths)}."
        )
    frames = [isinstance(part, pd.DataFrame) for part in X]
    if any(frames):
        columns = [list(part.columns) for part, frame in zip(X, frames, strict=True) if frame]
        if not all(frames) or any(names != columns[0] for names in columns):
            raise ValueError(
                "All sequences in the list must be DataFrames with the same columns in the same "
                "order, or none of them may be a DataFrame."
            )
    lengths = [len(part) for part in X]
    if min(lengths) == 0:
        raise ValueError(
            f"Each sequence must have at least one row, got none at position {lengths.index(0)}."
        )
    layout = Layout("list", np.concatenate([[0], np.cumsum(lengths)]))
    if all(frames):
        for part in X:
            _check_numeric(part)
            _check_time_order(part.index, Layout("rows", np.array([0, len(part)])), "X")
        return pd.concat(list(X), ignore_index=True), layout
    return np.concatenate([np.asarray(part) for part in X]), layout


def _stack_array(X: NDArray[Any]) -> tuple[NDArray[Any], Layout]:
    n_sequences, n_timesteps, n_features = X.shape
    if n_sequences * n_timesteps == 0:
        raise ValueError(
            f"X must hold at least one row, got a 3-D array of shape {X.shape} with 0 sample(s)."
        )
    layout = Layout("array", np.arange(n_sequences + 1) * n_timesteps)
    return X.reshape(-1, n_features), layout


def _refuse_groups(groups: Any, form: str) -> None:
    if groups is not None:
        raise ValueError(
            f"groups cannot be combined with {form}, which already says where each sequence "
            "begins; pass 2-D rows, or leave groups out."
        )


def _n_rows(values: Any) -> int:
    shape = getattr(values, "shape", None)
    if shape is None or not isinstance(shape, tuple):
        return len(values) if hasattr(values, "__len__") else len(np.asarray(values))
    if len(shape) == 0:
        raise ValueError(
            "Expected 2D array, got scalar array instead. Reshape your data into rows in time "
            "order and features in columns."
        )
    return int(shape[0])


def _sequence_names(X: Any, groups: Any, n_rows: int) -> pd.Index | None:
    if groups is not None:
        names = np.asarray(groups)
        if names.shape != (n_rows,):
            raise ValueError(
                f"groups must name the sequence of each row, shape ({n_rows},), got {names.shape}."
            )
        if pd.isna(names).any():
            raise ValueError("groups must not hold missing values; name the sequence of each row.")
        return pd.Index(names)
    if isinstance(X, pd.DataFrame) and isinstance(X.index, pd.MultiIndex):
        if X.index.nlevels < 2:
            return None
        if any((codes < 0).any() for codes in X.index.codes):
            raise ValueError("The MultiIndex of X must not hold missing values; fill or drop them.")
        return X.index.droplevel(-1)
    return None


def _layout_of_names(names: pd.Index) -> Layout:
    codes, keys = pd.factorize(names, sort=True)
    bounds = np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=len(keys)))])
    if (np.diff(codes) >= 0).all():
        return Layout("rows", bounds, keys=pd.Index(keys))
    return Layout("rows", bounds, np.argsort(codes, kind="stable"), pd.Index(keys))


def _check_numeric(X: pd.DataFrame) -> None:
    wrong = [
        str(name)
        for name, column in X.items()
        if not pd.api.types.is_numeric_dtype(column.dtype)
        and not (column.dtype == object and pd.api.types.infer_dtype(column) in _NUMBERS)
    ]
    if wrong:
        raise ValueError(
            f"X must hold numbers only, got column(s) {_some(wrong)} of another type; encode or "
            "drop them."
        )


def _check_time_order(index: pd.Index, layout: Layout, name: str) -> None:
    time = index.get_level_values(-1)
    is_time = isinstance(time, pd.DatetimeIndex | pd.PeriodIndex | pd.TimedeltaIndex)
    in_panel = isinstance(index, pd.MultiIndex) and pd.api.types.is_numeric_dtype(time)
    if not (is_time or in_panel):
        return
    for part in layout:
        rows = part if layout.order is None else layout.order[part]
        times = time[rows]
        if not times.is_monotonic_increasing:
            raise ValueError(
                f"The time index of {name} must be increasing within each sequence, but it is not "
                "sorted; sort X and y alike, with sort_index()."
            )
        if not times.is_unique:
            twice = times[times.duplicated()][0]
            raise ValueError(
                f"The time index of {name} must hold each time once in each sequence, but {twice} "
                "occurs more than once; drop or average the duplicates, or name the sequences "
                "with groups."
            )


def _in_key_order(values: Any, keys: pd.Index | None) -> Any:
    if keys is None or not isinstance(values, pd.Series | pd.DataFrame):
        return values
    named = len(values) == len(keys) and values.index.is_unique and values.index.isin(keys).all()
    return values.loc[keys] if named else values


def _some(values: list[Any], n_shown: int = 5) -> str:
    shown = ", ".join(str(value) for value in values[:n_shown])
    return shown + (", ..." if len(values) > n_shown else "")
