"""Fixed recurrent networks: layers of leaky units, run over sequences block by block."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reservoir import weights
from reservoir.sequences import Layout

Floats = NDArray[np.floating]

BLOCK_SIZE = 2**24  # numbers in one block of features: 128 MB, so that its parts stay long
KEPT = 8  # times as large where the features are kept anyway
ALONE = 32  # times as small where no steps run in parallel: 4 MB, which stays in the cache


@dataclass(frozen=True)
class Layer:
    """One reservoir: x(t) = (1-a) x(t-1) + a f(W_in u(t) + W x(t-1) + W_fb y(t-1) + b)."""

    recurrent_weights: Floats | sparse.csr_array
    input_weights: Floats
    feedback_weights: Floats | None
    bias: Floats
    leak_rate: Floats
    activation: str

    @property
    def n_units(self) -> int:
        return len(self.bias)

    def equals(self, other: "Layer") -> bool:
        """Whether another layer has the same weights and settings."""
        return type(self) is type(other) and all(
            _same(getattr(self, field.name), getattr(other, field.name)) for field in fields(self)
        )

    def drive(self, inputs: Floats, feedback: Floats | None = None) -> Floats:
        """Return the preactivation (n_steps, n_units) without its recurrent part."""
        from reservoir.kernels._lockstep import drive_of

        if self.feedback_weights is not None:
            if feedback is None:
                feedback = np.zeros((len(inputs), self.feedback_weights.shape[1]))
            inputs = np.hstack([inputs, feedback])
        return drive_of(self.network, inputs)

    @cached_property
    def kernel_weights(self) -> Any:
        """The recurrent weights as the sequential kernels want them."""
        from reservoir.kernels._harvest import as_kernel_matrix

        return as_kernel_matrix(self.recurrent_weights, self.bias.dtype)

    @cached_property
    def network(self) -> Any:
        """The layer as the lockstep kernel wants it: feedback is one more kind of input."""
        from reservoir.kernels._lockstep import make_network

        weights = self.input_weights
        if self.feedback_weights is not None:
            weights = np.hstack([weights, self.feedback_weights])
        return make_network(
            self.recurrent_weights, weights, self.bias, self.leak_rate, self.activation
        )

    @cached_property
    def _is_contracting(self) -> bool:
        """Whether the layer is known to forget where it started; see the lockstep kernel."""
        from reservoir.kernels._lockstep import is_contracting

        return is_contracting(self.network)

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def run(
        self,
        inputs: Floats,
        state: Floats,
        feedback: Floats | None = None,
        noise: Floats | None = None,
    ) -> Floats:
        """Return the states (n_steps, n_units) that follow ``state``."""
        from reservoir.kernels._harvest import harvest

        return harvest(
            self.kernel_weights,
            self.drive(inputs, feedback),
            np.ascontiguousarray(state),
            self.leak_rate,
            self.activation,
            noise,
        )

    def run_pieces(
        self,
        inputs: Floats,
        feedback: Floats | None,
        pieces: list[slice],
        states: Floats,
        out: Floats,
        column: int,
        noise: Floats | None,
        together: bool,
    ) -> "Outcome":
        """Write the states of sequences into columns of an array, in lockstep where that pays.

        Parameters
        ----------
        inputs : ndarray of shape (n_rows, n_inputs)
        feedback : ndarray of shape (n_rows, n_outputs) or None
        pieces : list of slice
            The rows of each sequence.
        states : ndarray of shape (n_pieces, n_units)
            Where each begins; holds where each ended afterwards.
        out : ndarray of shape (n_rows, n_columns), C-ordered
        column : int
            The first of the columns that are written.
        noise : ndarray of shape (n_rows, n_units) or None
            Added to each new state; rules lockstep out.
        together : bool
            Whether lockstep is worth a trial.

        Returns
        -------
        Outcome
        """
        from reservoir.kernels._lockstep import harvest_together, lanes_of, plans

        if self.feedback_weights is None:
            feedback = None
        left, finite = np.arange(len(pieces)), True
        ranges = [(piece.start, piece.stop) for piece in pieces]
        ways = plans(ranges, lanes_of(self.bias.dtype)) if together and noise is None else []
        if ways:
            signal = inputs if feedback is None else np.hstack([inputs, feedback])
            signal = np.require(signal, self.bias.dtype, ["C", "W"])
            left = harvest_together(
                self.network, signal, ways, states, out, column, lambda: self._is_contracting
            )
        n_rows = max(64, BLOCK_SIZE // ALONE // self.n_units)
        for i in left:
            for start in range(pieces[i].start, pieces[i].stop, n_rows):
                part = slice(start, min(start + n_rows, pieces[i].stop))
                run = self.run(
                    inputs[part],
                    states[i],
                    None if feedback is None else feedback[part],
                    None if noise is None else noise[part],
                )
                with np.errstate(over="ignore", invalid="ignore"):
                    finite &= bool(np.isfinite(run.sum()))
                out[part, column : column + self.n_units] = run
                states[i] = run[-1]
        return Outcome(finite, len(ways) > 0 and len(left) > 0)


class Outcome(NamedTuple):
    """How a run over sequences has gone."""

    finite: bool  # False: a state may have left the finite numbers
    slow: bool  # lockstep was tried, and the network forgets too slowly for it


@dataclass(frozen=True)
class Reservoir:
    """Layers that drive one another, and, for whole sequences, layers that run backwards.

    The state of the network is one vector: the states of its forward layers from the first to
    the last, then, if the output is fed back, the last output. Its features are the states of
    all layers, then those of the backward layers, then the input if it is included.
    """

    layers: tuple[Layer, ...]
    backward_layers: tuple[Layer, ...]
    include_input: bool
    n_feedback: int

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.layers[0].bias.dtype

    @property
    def state_dtype(self) -> np.dtype[Any]:
        return self.dtype

    @property
    def n_inputs(self) -> int:
        return self.layers[0].input_weights.shape[1]

    @property
    def n_units(self) -> int:
        """Units of all forward layers."""
        return sum(layer.n_units for layer in self.layers)

    @property
    def n_state(self) -> int:
        return self.n_units + self.n_feedback

    @property
    def n_finite(self) -> int:
        """Numbers of a state that are known whenever it was."""
        return self.n_state

    @property
    def n_features(self) -> int:
        backward = sum(layer.n_units for layer in self.backward_layers)
        return self.n_units + backward + (self.n_inputs if self.include_input else 0)

    def equals(self, other: "Reservoir") -> bool:
        """Whether another network has the same weights and layout."""
        mine, theirs = (r.layers + r.backward_layers for r in (self, other))
        return (
            (len(self.layers), len(mine), self.include_input, self.n_feedback)
            == (len(other.layers), len(theirs), other.include_input, other.n_feedback)
        ) and all(a.equals(b) for a, b in zip(mine, theirs, strict=True))

    def rest(self, n_sequences: int) -> Floats:
        """Return the states in which sequences begin: all zero."""
        return np.zeros((n_sequences, self.n_state), self.dtype)

    def harvest(
        self,
        inputs: Floats,
        layout: Layout,
        states: Floats,
        *,
        teacher: Floats | None = None,
        noise: float = 0.0,
        rngs: list[np.random.Generator] | None = None,
        out: Floats | None = None,
    ) -> Iterator[tuple[slice, Floats]]:
        """Run over stacked sequences and yield their features, block after block.

        Parameters
        ----------
        inputs : ndarray of shape (n_rows, n_inputs)
        layout : Layout
        states : ndarray of shape (n_sequences, n_state)
            The state in which each sequence begins; holds that in which it ended when all
            blocks have been drawn.
        teacher : ndarray of shape (n_rows, n_feedback), optional
            The outputs that are fed back, each one step later.
        noise : float, default=0.0
            Uniform noise in ±noise is added to every state.
        rngs : list of Generator, optional
            What the noise is drawn from, one for each layer.
        out : ndarray of shape (n_rows, n_features), optional
            Where the features are written; each block has memory of its own by default.

        Yields
        ------
        rows : slice
            Into the stacked rows.
        features : ndarray of shape (n_rows_of_block, n_features)

        Raises
        ------
        FloatingPointError
            If a state leaves the finite numbers.
        """
        together, start = True, 0
        while start < layout.n_rows:
            size = BLOCK_SIZE // ALONE
            if together and not noise:
                size = BLOCK_SIZE if out is None else BLOCK_SIZE * KEPT
            rows, first, pieces = self._block(layout, start, max(64, size // self.n_features))
            features = (
                np.empty((rows.stop - start, self.n_features), self.dtype)
                if out is None
                else out[rows]
            )
            begin = states[first : first + len(pieces)]
            feedback = None
            if teacher is not None:
                feedback = self._delayed(teacher[rows], pieces, begin)
                begin[:, self.n_units :] = teacher[rows][[piece.stop - 1 for piece in pieces]]
            outcome = self._run_block(
                inputs[rows], feedback, pieces, begin, features, noise, rngs, together
            )
            if not outcome.finite:
                _check_finite(features, rows, layout)
            together = together and not outcome.slow
            yield rows, features
            start = rows.stop

    def step(self, inputs: Floats, state: Floats) -> tuple[Floats, Floats]:
        """Run one step with feedback taken from the state.

        Parameters
        ----------
        inputs : ndarray of shape (1, n_inputs)
        state : ndarray of shape (n_state,)

        Returns
        -------
        features : ndarray of shape (1, n_features)
        state : ndarray of shape (n_state,)
            Its fed back output is still the old one.
        """
        state = state.copy()
        features = np.empty((1, self.n_features), self.dtype)
        self._run_block(
            inputs, state[None, self.n_units :], [slice(0, 1)], state[None], features,
            0.0, None, together=False,
        )  # fmt: skip
        return features, state

    def _block(self, layout: Layout, start: int, n_rows: int) -> tuple[slice, int, list[slice]]:
        """Return the next block of stacked rows, its first sequence, and the rows of each in it."""
        bounds, stop = layout.bounds, min(layout.n_rows, start + n_rows)
        if self.backward_layers:  # need each sequence to its end
            stop = int(bounds[np.searchsorted(bounds, stop)])
        first, last = np.searchsorted(bounds, [start, stop - 1], side="right") - 1
        edges = np.clip(bounds[first : last + 2], start, stop) - start
        pieces = [slice(int(a), int(b)) for a, b in pairwise(edges)]
        return slice(start, stop), int(first), pieces

    def _delayed(self, teacher: Floats, pieces: list[slice], states: Floats) -> Floats:
        delayed = np.empty(teacher.shape, self.dtype)
        delayed[1:] = teacher[:-1]
        delayed[[piece.start for piece in pieces]] = states[:, self.n_units :]
        return delayed

    def _run_block(
        self,
        inputs: Floats,
        feedback: Floats | None,
        pieces: list[slice],
        states: Floats,
        features: Floats,
        noise: float,
        rngs: list[np.random.Generator] | None,
        together: bool,
    ) -> Outcome:
        column, finite, slow = 0, True, False
        streams = iter(rngs or [])

        def run(layer: Layer, signal: Floats, begin: Floats, target: Floats, first: int) -> None:
            nonlocal finite, slow
            shaken = None
            if noise and rngs:
                shaken = next(streams).uniform(-noise, noise, (len(inputs), layer.n_units))
                shaken = shaken.astype(self.dtype, copy=False)
            outcome = layer.run_pieces(
                signal, feedback, pieces, begin, target, first, shaken, together
            )
            finite, slow = finite and outcome.finite, slow or outcome.slow

        signal = inputs
        for layer in self.layers:
            unit = slice(column, column + layer.n_units)
            run(layer, signal, states[:, unit], features, column)
            signal, column = features[:, unit], unit.stop
        if self.backward_layers:
            turned = np.concatenate([np.arange(p.stop - 1, p.start - 1, -1) for p in pieces])
            signal = inputs[turned]
        for layer in self.backward_layers:
            target = np.empty((len(inputs), layer.n_units), self.dtype)
            run(layer, signal, np.zeros((len(pieces), layer.n_units), self.dtype), target, 0)
            features[:, column : column + layer.n_units] = target[turned]
            signal, column = target, column + layer.n_units
        if self.include_input:
            features[:, column:] = inputs
        return Outcome(finite, slow)


def build_layers(
    n_inputs: int,
    n_feedback: int,
    *,
    seed: tuple[int, ...],
    n_layers: int,
    n_units: int,
    topology: Any,
    connectivity: int | float,
    spectral_radius: float | None,
    leak_rate: Any,
    input_weights: Any,
    input_scaling: Any,
    bias_scaling: float,
    feedback_scaling: float,
    activation: str,
    dtype: str,
) -> tuple[Layer, ...]:
    """Draw the weights of a stack of reservoirs; only the first sees input and feedback.

    A layer above the first is driven by all units below it, through random weights divided by
    the root of their number, so that the drive keeps the scale of a single feature.
    """
    leaks = _leak_rates(leak_rate, n_layers, n_units)
    layers = []
    for depth in range(n_layers):
        entropy = np.random.SeedSequence([*seed, depth]).generate_state(4)
        recurrent_seed, input_seed, bias_seed, feedback_seed = (int(word) for word in entropy)
        if depth == 0:
            drawn = weights.input_weights(
                n_units, n_inputs, kind=input_weights, scaling=input_scaling,
                random_state=input_seed,
            )  # fmt: skip
        else:
            scale = input_scaling if np.ndim(input_scaling) == 0 else 1.0
            drawn = weights.input_weights(
                n_units, n_units, scaling=scale / np.sqrt(n_units), random_state=input_seed
            )
        recurrent = weights.recurrent_weights(
            n_units, topology=topology, connectivity=connectivity,
            spectral_radius=spectral_radius, random_state=recurrent_seed,
        )  # fmt: skip
        bias = bias_scaling * np.random.default_rng(bias_seed).uniform(-1, 1, n_units)
        feedback = None
        if depth == 0 and n_feedback:
            rng = np.random.default_rng(feedback_seed)
            feedback = feedback_scaling * rng.uniform(-1, 1, (n_units, n_feedback))
            feedback = feedback.astype(dtype, copy=False)
        layers.append(
            Layer(
                recurrent.astype(dtype, copy=False),
                drawn.astype(dtype, copy=False),
                feedback,
                bias.astype(dtype, copy=False),
                leaks[depth].astype(dtype),
                activation,
            )
        )
    return tuple(layers)


def _same(a: Any, b: Any) -> bool:
    if a is None or b is None:
        return a is b
    if sparse.issparse(a) and sparse.issparse(b):
        return a.shape == b.shape and (a != b).nnz == 0
    return type(a) is type(b) and np.array_equal(a, b)


def _leak_rates(leak_rate: Any, n_layers: int, n_units: int) -> Floats:
    leaks = np.asarray(leak_rate, dtype=float)
    if leaks.shape not in ((), (n_units,), (n_layers, n_units)):
        raise ValueError(
            f"leak_rate must be a number or have shape (n_units,) = ({n_units},) or "
            f"(n_layers, n_units) = ({n_layers}, {n_units}), got shape {leaks.shape}."
        )
    if not ((leaks > 0) & (leaks <= 1)).all():
        raise ValueError(
            f"leak_rate must lie in (0, 1] for every unit, got values from {leaks.min()} to "
            f"{leaks.max()}."
        )
    return np.broadcast_to(leaks, (n_layers, n_units))


def _check_finite(features: Floats, rows: slice, layout: Layout) -> None:
    finite = np.isfinite(features).all(axis=1)
    if finite.all():
        return
    row = rows.start + int(np.argmin(finite))
    raise FloatingPointError(
        f"The reservoir diverged: a state left the finite numbers at step "
        f"{int(layout.positions[row]) + 1} of a sequence; lower spectral_radius or input_scaling, "
        "or use a bounded activation such as 'tanh'."
    )
