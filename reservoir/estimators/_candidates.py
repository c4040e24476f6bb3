"""Many settings of one network, each evaluated on time-ordered folds in one run over the series.

Networks that differ by a factor of their weights or leak rates run in lockstep as the columns of
one panel. The folds share all work: the readout of a fold is solved from what was gathered up to
where its training rows end, its test rows are predicted as the states pass by, and the same states
then go on into the statistics of later folds. Every penalty is solved from the same statistics.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reservoir.estimators._reservoir import Floats, Layer
from reservoir.readout import choose_statistics, make_statistics, solve_ridge, solve_ridge_path

BLOCK_SIZE = 2**23  # numbers in one block of features of all candidates: 64 MB
SAMPLE_ROWS = 1024
FEWEST_COLUMNS = 4  # fewer candidates run one after the other, each in lockstep with itself


class Fold(NamedTuple):
    """Train on the rows before `start`, test on those from `start` to `stop`."""

    start: int
    stop: int


@dataclass(frozen=True)
class Factors:
    """What tells a candidate's network apart from the layer that it is made of."""

    recurrent: float
    inputs: Floats  # (n_inputs,)
    bias: float
    leak: float

    def apply(self, layer: Layer) -> Layer:
        """Return the candidate's own layer."""
        dtype = layer.bias.dtype
        return Layer(
            (layer.recurrent_weights * self.recurrent).astype(dtype),
            (layer.input_weights * self.inputs).astype(dtype),
            None,
            (layer.bias * self.bias).astype(dtype),
            (layer.leak_rate * self.leak).astype(dtype),
            layer.activation,
        )


@dataclass(frozen=True)
class Series:
    """What all candidates learn: one series, its targets, the rows and the penalties that count."""

    inputs: Floats  # (n_rows, n_inputs)
    targets: Floats  # (n_rows, n_outputs); NaN is left out of training
    folds: list[Fold]
    warmup: int
    include_input: bool


def evaluate(
    layer: Layer,
    factors: list[Factors],
    alphas: list[list[Any]],
    series: Series,
    score: Callable[[Fold, NDArray[Any]], float],
    stopped: Callable[[], bool],
) -> list[NDArray[np.float64]] | None:
    """Evaluate candidates of one layer.

    Parameters
    ----------
    layer : Layer
    factors : list of Factors
        One for each candidate; no more than a panel has columns.
    alphas : list of list
        The penalties of each candidate.
    series : Series
    score : callable
        Fold and predictions (n_test_rows, n_outputs) in, score out.
    stopped : callable
        Asked between blocks whether to give up.

    Returns
    -------
    list of ndarray of shape (n_alphas, n_folds), or None if stopped
        The scores of each candidate; NaN where its states left the finite numbers.
    """
    candidates = [_Candidate(penalties, series, score) for penalties in alphas]
    for start, features in _harvest(layer, factors, series):
        if stopped():
            return None
        for candidate, block in zip(candidates, features, strict=True):
            candidate.learn(start, block)
    return [candidate.scores for candidate in candidates]


def n_columns(layer: Layer) -> int:
    """Return how many candidates of a layer run side by side."""
    return int(layer.network.lanes)


def _harvest(layer: Layer, factors: list[Factors], series: Series) -> Iterator[tuple[int, Floats]]:
    """Yield blocks of features (n_candidates, n_rows, n_features) that cross no edge of a fold."""
    n_inputs = series.inputs.shape[1]
    n_units = layer.n_units
    n_features = n_units + n_inputs * series.include_input
    most_rows = max(64, BLOCK_SIZE // (len(factors) * n_features))
    run = _side_by_side if len(factors) >= FEWEST_COLUMNS else _one_by_one
    states = run(layer, factors)
    edges = sorted({0, *(edge for fold in series.folds for edge in fold)})
    for begin, end in pairwise(edges):
        n_blocks = -(-(end - begin) // most_rows)
        cuts = begin + (end - begin) * np.arange(n_blocks + 1) // n_blocks
        for start, stop in pairwise(cuts.tolist()):
            inputs = series.inputs[start:stop]
            features = np.empty((len(factors), len(inputs), n_features), layer.bias.dtype)
            states(inputs, features)
            features[:, :, n_units:] = inputs[:, : n_features - n_units]
            yield start, features


def _side_by_side(layer: Layer, factors: list[Factors]) -> Callable[[Floats, Floats], Any]:
    from reservoir.kernels._lockstep import Ensemble, Settings

    settings = Settings(
        np.array([each.recurrent for each in factors]),
        np.array([each.inputs for each in factors]),
        np.array([each.bias for each in factors]),
        np.array([each.leak for each in factors]),
    )
    return Ensemble(layer.network, settings).run


def _one_by_one(layer: Layer, factors: list[Factors]) -> Callable[[Floats, Floats], Any]:
    layers = [each.apply(layer) for each in factors]
    states = np.zeros((len(layers), 1, layer.n_units), layer.bias.dtype)

    def run(inputs: Floats, features: Floats) -> None:
        whole = [slice(0, len(inputs))]
        for own, state, out in zip(layers, states, features, strict=True):
            own.run_pieces(inputs, None, whole, state, out, 0, None, together=True)

    return run


class _Candidate:
    """The readouts of one network for all penalties, and their scores on the folds."""

    def __init__(
        self,
        alphas: list[Any],
        series: Series,
        score: Callable[[Fold, NDArray[Any]], float],
    ) -> None:
        self._alphas, self._series, self._score = alphas, series, score
        self.scores = np.full((len(alphas), len(series.folds)), np.nan)
        self._statistics: Any = None
        self._open: dict[int, tuple[list[Any], NDArray[np.float64]]] = {}
        self._diverged = False
        self._last_start = max(fold.start for fold in series.folds)

    def learn(self, start: int, features: Floats) -> None:
        """Predict the folds that a block tests, then gather it for those that it trains."""
        with np.errstate(over="ignore", invalid="ignore"):
            self._diverged = self._diverged or not np.isfinite(features.sum())
        if self._diverged:
            return
        stop = start + len(features)
        for i, fold in enumerate(self._series.folds):
            if fold.start == start:
                shape = (len(self._alphas), fold.stop - fold.start, self._series.targets.shape[1])
                self._open[i] = self._solve(), np.empty(shape)
            if i not in self._open:
                continue
            solutions, outputs = self._open[i]
            for solution, output in zip(solutions, outputs, strict=True):
                here = output[start - fold.start : stop - fold.start]
                np.matmul(features, solution.coef.T, out=here)
                here += solution.intercept
            if fold.stop == stop:
                del self._open[i]
                self.scores[:, i] = [self._score(fold, each) for each in outputs]
        if stop <= self._last_start:
            kept = slice(max(0, self._series.warmup - start), None)
            self._gather(features[kept], self._series.targets[start:stop][kept])

    def _gather(self, features: Floats, targets: Floats) -> None:
        if not len(features):
            return
        if self._statistics is None:
            sample = features[:: -(-len(features) // SAMPLE_ROWS)]
            smallest = float(np.min([np.min(alpha) for alpha in self._alphas]))
            kind = choose_statistics(sample, smallest, self._last_start)
            self._statistics = make_statistics(features.shape[1], targets.shape[1], kind)
        self._statistics.update(features, targets)

    def _solve(self) -> list[Any]:
        if all(np.ndim(alpha) == 0 for alpha in self._alphas):
            return solve_ridge_path(self._statistics, self._alphas)
        return [solve_ridge(self._statistics, alpha) for alpha in self._alphas]
