"""Fixed recurrent networks: layers of leaky units, run over sequences block by block."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reservoir import weights
from reservoir.sequences import Layout

Floats = NDArray[np.floating]

BLOCK_SIZE = 2**19  # numbers in one block of features: 4 MB, which stays in the cache


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
        """Whether another layer has the same weights."""
        return self.activation == other.activation and all(
            _same(getattr(self, name), getattr(other, name))
            for name in (
                "recurrent_weights",
                "input_weights",
                "feedback_weights",
                "bias",
                "leak_rate",
            )
        )

    def drive(self, inputs: Floats, feedback: Floats | None = None) -> Floats:
        """Return the preactivation (n_steps, n_units) without its recurrent part."""
        with np.errstate(over="ignore", invalid="ignore"):  # a diverged state is named later
            drive = inputs @ self.input_weights.T
            drive += self.bias
            if self.feedback_weights is not None and feedback is not None:
                drive += feedback @ self.feedback_weights.T
        return drive

    def kernel_weights(self) -> Any:
        """Return the recurrent weights as the kernels want them."""
        from reservoir.kernels._harvest import as_kernel_matrix

        return as_kernel_matrix(self.recurrent_weights, self.bias.dtype)

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
            self.kernel_weights(),
            self.drive(inputs, feedback),
            np.ascontiguousarray(state),
            self.leak_rate,
            self.activation,
            noise,
        )


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
        for rows, pieces in _blocks(layout, self.block_rows, whole=bool(self.backward_layers)):
            features = np.empty((rows.stop - rows.start, self.n_features), self.dtype)
            for sequence, piece in pieces:
                block = features[piece.start - rows.start : piece.stop - rows.start]
                feedback = None
                if teacher is not None:
                    feedback = self._delayed(teacher[piece], states[sequence])
                    states[sequence, self.n_units :] = teacher[piece.stop - 1]
                self._run_piece(inputs[piece], states[sequence], block, feedback, noise, rngs)
            _check_finite(features, rows, layout)
            yield rows, features

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
        self._run_piece(inputs, state, features, state[None, self.n_units :], 0.0, None)
        return features, state

    @property
    def block_rows(self) -> int:
        """Rows in a block of features."""
        return max(64, BLOCK_SIZE // self.n_features)

    def _delayed(self, teacher: Floats, state: Floats) -> Floats:
        return np.vstack([state[self.n_units :], teacher[:-1]]).astype(self.dtype, copy=False)

    def _run_piece(
        self,
        inputs: Floats,
        state: Floats,
        features: Floats,
        feedback: Floats | None,
        noise: float,
        rngs: list[np.random.Generator] | None,
    ) -> None:
        column = 0
        streams = iter(rngs or [])
        for layers, flow in ((self.layers, 1), (self.backward_layers, -1)):
            signal = inputs[::flow]
            for layer in layers:
                unit = slice(column, column + layer.n_units)
                start = state[unit] if flow > 0 else np.zeros(layer.n_units, self.dtype)
                shaken = None
                if noise and rngs:
                    shaken = next(streams).uniform(-noise, noise, (len(inputs), layer.n_units))
                    shaken = shaken.astype(self.dtype, copy=False)
                signal = layer.run(signal, start, feedback, shaken)
                features[:, unit] = signal[::flow]
                if flow > 0:
                    state[unit] = signal[-1]
                column += layer.n_units
        if self.include_input:
            features[:, column:] = inputs


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


def _blocks(
    layout: Layout, block_rows: int, *, whole: bool
) -> Iterator[tuple[slice, list[tuple[int, slice]]]]:
    """Cut stacked rows into blocks, and each block into the pieces of its sequences."""
    pieces: list[tuple[int, slice]] = []
    start = 0
    for sequence, rows in enumerate(layout):
        position = rows.start
        while position < rows.stop:
            stop = rows.stop if whole else min(rows.stop, start + block_rows)
            pieces.append((sequence, slice(position, stop)))
            position = stop
            if stop - start >= block_rows:
                yield slice(start, stop), pieces
                pieces, start = [], stop
    if pieces:
        yield slice(start, layout.n_rows), pieces


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
