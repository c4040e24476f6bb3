"""A network of one kind of cell: layers, directions, dropout between them, and an output layer."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reservoir.cells import Cell
from reservoir.cells._cell import uniform
from reservoir.kernels._drive import Forcing, no_forcing
from reservoir.kernels._vectors import aligned

Floats = NDArray[np.floating]
States = tuple[tuple[Floats, ...], ...]  # (n_batch, n_state) of each direction of each layer


class Part(NamedTuple):
    """One direction of one layer."""

    cell: Any  # the cell's own parameters
    initial_state: Floats  # (n_state,), or (n_starts, n_state) with one for each sequence


class Output(NamedTuple):
    """The linear output layer."""

    weights: Floats  # (n_features, n_outputs)
    bias: Floats  # (n_outputs,)


class Weights(NamedTuple):
    """All parameters of a network."""

    layers: tuple[tuple[Part, ...], ...]
    output: Output | tuple[()]  # nothing where the cell makes the outputs


class Pass(NamedTuple):
    """What the way back of one direction of one layer needs."""

    inputs: Floats  # (n_steps, n_batch, n_inputs)
    kept: Floats
    states: Floats  # (n_steps + 1, n_batch, n_state)


class Tape(NamedTuple):
    """What the way back needs."""

    passes: tuple[tuple[Pass, ...], ...]
    masks: list[Floats]  # of dropout, between layers
    features: Floats  # what the output layer saw, (n_rows, n_features)
    forcing: Forcing
    lengths: NDArray[np.int64]


@dataclass(frozen=True)
class Network:
    """The form of a network; its parameters are `Weights`.

    Attributes
    ----------
    cell : Cell
    n_inputs, n_units, n_outputs, n_layers : int
    bidirectional : bool
        Whether each layer also runs backwards through each sequence.
    pooling : {"last", "mean"} or None
        What is read out of a whole sequence; None reads at every step.
    n_starts : int
        Sequences that have an initial state of their own; 0 where all share one.
    """

    cell: Cell
    n_inputs: int
    n_units: int
    n_outputs: int
    n_layers: int = 1
    bidirectional: bool = False
    pooling: str | None = None
    n_starts: int = 0

    @property
    def n_state(self) -> int:
        """Of one direction of one layer."""
        return self.cell.n_state(self.n_units, self.n_outputs)

    @property
    def read(self) -> slice:
        """The columns of a state that are seen outside."""
        return self.cell.read(self.n_units, self.n_outputs)

    @property
    def n_directions(self) -> int:
        return 1 + self.bidirectional

    def init(self, rng: np.random.Generator) -> Weights:
        """Draw parameters."""
        n_read = (self.read.stop - self.read.start) * self.n_directions
        layers = tuple(
            tuple(
                Part(
                    self.cell.init(n_inputs, self.n_units, self.n_outputs, rng),
                    np.zeros((self.n_starts, self.n_state) if self.n_starts else self.n_state),
                )
                for _ in range(self.n_directions)
            )
            for n_inputs in [self.n_inputs] + [n_read] * (self.n_layers - 1)
        )
        if self.cell.feeds_back:
            return Weights(layers, ())
        return Weights(
            layers, Output(uniform(rng, n_read, self.n_outputs), np.zeros(self.n_outputs))
        )

    def arrange(self, weights: Weights) -> Any:
        """Lay parameters out for the compiled loops."""
        return tuple(
            tuple(self.cell.arrange(part.cell) for part in layer) for layer in weights.layers
        )

    def begin(self, weights: Weights, n_batch: int, sequence: Any = slice(None)) -> States:
        """Return the states in which sequences begin, those of these where each has its own."""
        if self.n_starts:
            return tuple(
                tuple(part.initial_state[sequence].copy() for part in layer)
                for layer in weights.layers
            )
        return tuple(
            tuple(np.tile(part.initial_state, (n_batch, 1)) for part in layer)
            for layer in weights.layers
        )

    def forward(
        self,
        weights: Weights,
        arranged: Any,
        x: Floats,
        lengths: NDArray[np.int64],
        states: States,
        forcing: Forcing | None = None,
        masks: list[Floats] | None = None,
        *,
        returns: bool = True,
    ) -> tuple[Floats, States, Tape]:
        """Run sequences side by side.

        Parameters
        ----------
        weights : Weights
        arranged : as `arrange` returned it
        x : ndarray of shape (n_steps, n_batch, n_inputs)
        lengths : ndarray of shape (n_batch,)
            How many steps of each are its own; what follows is padding.
        states : States
            Where they begin.
        forcing : Forcing, optional
        masks : list of ndarray, optional
            Factors of the inputs of each layer above the first, (n_steps, n_batch, n_features).
        returns : bool
            Whether there will be a way back.

        Returns
        -------
        outputs : ndarray of shape (n_steps * n_batch, n_outputs), or (n_batch, n_outputs) if pooled
        ends : States
            Where each ended.
        tape : Tape
        """
        forcing = forcing or no_forcing(x.dtype)
        n_steps, n_batch = x.shape[:2]
        signal, passes, ends = x, [], []
        project = self.cell.project if returns else self.cell.project_once
        own = np.arange(n_batch)
        for number, (layer, plans, begins) in enumerate(
            zip(weights.layers, arranged, states, strict=True)
        ):
            if number and masks:
                signal = signal * masks[number - 1]
            outs, done = [], []
            for backwards, (part, plan, begin) in enumerate(zip(layer, plans, begins, strict=True)):
                inputs = turned(signal, lengths) if backwards else signal
                kept = project(part.cell, inputs.reshape(n_steps * n_batch, -1))
                kept = np.ascontiguousarray(kept).reshape(n_steps, n_batch, -1)
                path = aligned((n_steps + 1, n_batch, self.n_state), x.dtype)
                path[0] = begin
                self.cell.run(plan, kept, path, forcing)
                _clear_padding(kept, path[1:], lengths)
                out = path[1:, :, self.read]
                outs.append(turned(out, lengths) if backwards else out)
                done.append(Pass(inputs, kept, path))
            passes.append(tuple(done))
            ends.append(tuple(each.states[lengths, own] for each in done))
            signal = outs[0] if len(outs) == 1 else np.concatenate(outs, axis=2)
        features = self._pooled(signal, passes[-1], lengths)
        outputs = features
        if weights.output:
            outputs = features @ weights.output.weights
            outputs += weights.output.bias
        return outputs, tuple(ends), Tape(tuple(passes), masks or [], features, forcing, lengths)

    def backward(
        self,
        weights: Weights,
        arranged: Any,
        tape: Tape,
        errors: Floats,
        *,
        fresh: NDArray[np.bool_] | None = None,
        sequence: NDArray[np.int64] | None = None,
        vanishing_penalty: float = 0.0,
    ) -> tuple[Weights, float]:
        """Return the gradient of the loss in all parameters, and the penalty for vanishing.

        Parameters
        ----------
        errors : ndarray, as the outputs
            The gradient of the loss in the outputs.
        fresh : ndarray of shape (n_batch,), optional
            Which sequences began at the network's own initial state; all by default.
        sequence : ndarray of shape (n_batch,), optional
            Which of the initial states was theirs, where there are several; as they stand by
            default.
        vanishing_penalty : float
            Factor of the regulariser of vanishing gradients.
        """
        output: Output | tuple[()] = ()
        if weights.output:
            output = Output(tape.features.T @ errors, errors.sum(0))
            V = weights.output.weights.T
            errors = errors * V if len(V) == 1 else errors @ V  # numpy is slow at outer products
        n_steps, n_batch = tape.passes[0][0].kept.shape[:2]
        error = self._unpooled(errors, n_steps, n_batch, tape.lengths)
        layers, penalty = [], 0.0
        for number in range(self.n_layers - 1, -1, -1):
            parts, error, omega = self._layer_back(
                weights.layers[number],
                arranged[number],
                tape,
                number,
                error,
                slice(None) if fresh is None else fresh,
                np.arange(n_batch) if sequence is None else sequence,
                vanishing_penalty,
            )
            layers.append(parts)
            penalty += omega
            if number and tape.masks:
                error = error * tape.masks[number - 1]
        return Weights(tuple(layers[::-1]), output), penalty

    def _layer_back(
        self,
        layer: Any,
        plans: Any,
        tape: Tape,
        number: int,
        error: Floats,
        fresh: Any,
        sequence: NDArray[np.int64],
        penalty: float,
    ) -> tuple[tuple[Part, ...], Floats, float]:
        """Return a layer's gradients, the gradient in its inputs (0 for the first), the penalty."""
        parts, total, omega = [], np.zeros(0, error.dtype), 0.0
        width = self.read.stop - self.read.start
        for backwards, (part, plan) in enumerate(zip(layer, plans, strict=True)):
            inputs, kept, states = tape.passes[number][backwards]
            n_steps, n_batch = kept.shape[:2]
            own = np.ascontiguousarray(error[:, :, backwards * width : (backwards + 1) * width])
            own = turned(own, tape.lengths) if backwards else own
            end = np.zeros((2, n_batch, self.n_state), error.dtype)
            self.cell.run_back(plan, kept, states, tape.forcing, own, self.read.start, end)
            n_rows = n_steps * n_batch
            before, after = self._before(states, tape.forcing), states[1:]
            gradient = self.cell.gradients(
                part.cell,
                inputs.reshape(n_rows, -1),
                before.reshape(n_rows, -1),
                after.reshape(n_rows, -1),
                kept.reshape(n_rows, -1),
            )
            if penalty:
                found = self.cell.vanishing(part.cell, after, kept)
                if found is not None:
                    omega += penalty * found[0]
                    gradient = type(gradient)(
                        *(a + penalty * b for a, b in zip(gradient, found[1], strict=True))
                    )
            if number:
                below = self.cell.input_errors(part.cell, kept.reshape(n_rows, -1))
                below = below.reshape(n_steps, n_batch, -1)
                below = turned(below, tape.lengths) if backwards else below
                total = below if total.size == 0 else total + below
            start = end[n_steps % 2][fresh]
            if self.n_starts:
                of_starts = np.zeros((self.n_starts, self.n_state), error.dtype)
                np.add.at(of_starts, sequence[fresh], start)
                parts.append(Part(gradient, of_starts))
            else:
                parts.append(Part(gradient, start.sum(0)))
        return tuple(parts), total, omega

    def _before(self, states: Floats, forcing: Forcing) -> Floats:
        """Return the states in which steps began, with what the teacher has put into them."""
        before = states[:-1]
        if len(forcing.teacher):
            columns = slice(forcing.column, forcing.column + forcing.teacher.shape[2])
            before = before.copy()
            fed = before[:, :, columns]
            fed += forcing.share[:, :, None] * (forcing.teacher - fed)
        return before

    def _pooled(self, signal: Floats, top: tuple[Pass, ...], lengths: NDArray[np.int64]) -> Floats:
        n_steps, n_batch, n_features = signal.shape
        if self.pooling is None:
            return signal.reshape(n_steps * n_batch, n_features)
        if self.pooling == "last":  # each direction where it has seen all
            own = np.arange(n_batch)
            return np.hstack([each.states[lengths, own, self.read] for each in top])
        return np.einsum("tbf,tb->bf", signal, _shares(n_steps, lengths, signal.dtype))

    def _unpooled(
        self, errors: Floats, n_steps: int, n_batch: int, lengths: NDArray[np.int64]
    ) -> Floats:
        if self.pooling is None:
            return errors.reshape(n_steps, n_batch, -1)
        if self.pooling == "mean":
            return _shares(n_steps, lengths, errors.dtype)[:, :, None] * errors
        error = np.zeros((n_steps, *errors.shape), errors.dtype)
        own, width = np.arange(n_batch), self.read.stop - self.read.start
        error[lengths - 1, own, :width] = errors[:, :width]
        error[0, own, width:] = errors[:, width:]
        return error


def _shares(n_steps: int, lengths: NDArray[np.int64], dtype: Any) -> Floats:
    """Return the weight of each step in the mean of its sequence (n_steps, n_batch)."""
    return ((np.arange(n_steps)[:, None] < lengths) / lengths).astype(dtype)


def _clear_padding(kept: Floats, states: Floats, lengths: NDArray[np.int64]) -> None:
    """Set what follows each sequence to 0: a network that grows would overflow there."""
    n_steps = len(states)
    if (lengths < n_steps).any():
        outside = np.arange(n_steps)[:, None] >= lengths
        kept[outside] = 0
        states[outside] = 0


def turned(x: Floats, lengths: NDArray[np.int64]) -> Floats:
    """Return sequences (n_steps, n_batch, ...) each from its end, padding left where it is."""
    n_steps = len(x)
    if (lengths == n_steps).all():
        return np.ascontiguousarray(x[::-1])
    steps = np.arange(n_steps)[:, None]
    index = np.where(steps < lengths, lengths - 1 - steps, steps)
    return np.ascontiguousarray(x[index, np.arange(x.shape[1])])
