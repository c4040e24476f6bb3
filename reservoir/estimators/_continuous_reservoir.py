"""A reservoir in continuous time: rows with moments beside them, run interval by interval."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from reservoir.estimators._reservoir import (
    Floats,
    Layer,
    Outcome,
    Reservoir,
    build_layers,
)

ADAPTIVE = "dormand_prince"
INTEGRATORS = ("euler", "exponential_euler", "heun", "rk4", ADAPTIVE)


@dataclass(frozen=True)
class ContinuousLayer(Layer):
    """Units with ``τ dx/dt = g(x, u) - x``; see the kernel of flows. Their leak rates are unused.

    Its inputs are those of the kernel: u, the interval, and the u before where that is linear.
    """

    time_constants: Floats
    is_beer: bool
    integrator: str
    longest_step: float
    slack: float
    linear: bool
    interval: float  # the usual one
    rtol: float
    atol: float

    @property
    def is_adaptive(self) -> bool:
        return self.integrator == ADAPTIVE

    @cached_property
    def network(self) -> Any:
        """The layer as the kernels want it."""
        from reservoir.kernels._flow import make_flow

        return make_flow(
            self.recurrent_weights,
            self.input_weights,
            self.bias,
            self.time_constants,
            self.activation,
            is_beer=self.is_beer,
            integrator=self.integrator,
            step=self.longest_step,
            slack=self.slack,
            linear=self.linear,
            interval=self.interval,
        )

    @cached_property
    def _held(self) -> "ContinuousLayer":
        """The same layer under inputs that are held."""
        return replace(self, linear=False) if self.linear else self

    def run(
        self,
        inputs: Floats,
        state: Floats,
        feedback: Floats | None = None,
        noise: Floats | None = None,
    ) -> Floats:
        inputs = np.require(inputs, self.bias.dtype, ["C", "W"])
        if not self.is_adaptive:
            from reservoir.kernels._flow import harvest_flow

            return harvest_flow(self.network, inputs, state)
        from reservoir.kernels._adaptive import harvest_adaptive

        states, stopped = harvest_adaptive(self.network, inputs, state, self.rtol, self.atol)
        if stopped >= 0:
            raise FloatingPointError(
                "The integration stopped: no step was short enough for rtol and atol; raise the "
                "shortest of time_constants, raise rtol, use integrator='exponential_euler', or "
                "lower spectral_radius if the network diverges."
            )
        return states

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
    ) -> Outcome:
        self._check_stable(inputs[:, self.input_weights.shape[1]])
        together = together and not self.is_adaptive
        return super().run_pieces(inputs, feedback, pieces, states, out, column, noise, together)

    def aim(self, inputs: Floats, states: Floats, durations: Floats) -> Floats:
        """Return what states (n_rows, n_units) become within some time each, inputs held."""
        self._check_stable(durations)
        if not self.is_adaptive:
            from reservoir.kernels._flow import aim

            return aim(self._held.network, inputs, states, durations)
        rows = np.column_stack([inputs, durations])
        each = [self._held.run(row[None], x) for row, x in zip(rows, states, strict=True)]
        return np.concatenate(each or [states])

    def _check_stable(self, intervals: Floats) -> None:
        from reservoir.kernels._flow import check_step

        n_steps = np.maximum(1, np.ceil(intervals / self.longest_step - self.slack))
        step = float(np.max(intervals / n_steps, initial=0))
        check_step(self.integrator, step, float(self.time_constants.min()))


@dataclass(frozen=True)
class ContinuousReservoir(Reservoir):
    """One continuous layer. Its rows hold u, the moment (NaN: one usual interval later) and, where
    it aims, how long after that the output is due.

    The state is one vector: that of the units, then the last u and the last moment. Its features
    are the states at the row and, where it aims, those when the output is due; then u.
    """

    aims: bool

    @property
    def layer(self) -> ContinuousLayer:
        layer = self.layers[0]
        assert isinstance(layer, ContinuousLayer)
        return layer

    @property
    def state_dtype(self) -> np.dtype[Any]:
        return np.dtype(np.float64)  # moments need their digits

    @property
    def n_state(self) -> int:
        return self.n_units + self.n_inputs + 1

    @property
    def n_finite(self) -> int:
        return self.n_state - 1

    @property
    def n_features(self) -> int:
        return self.n_units * (1 + self.aims) + (self.n_inputs if self.include_input else 0)

    def rest(self, n_sequences: int) -> Floats:
        states = np.full((n_sequences, self.n_state), np.nan)  # nothing came before
        states[:, : self.n_units] = 0
        return states

    def advance(self, u: Floats, state: Floats, interval: float) -> tuple[Floats, Floats]:
        """Run one row (n_inputs,) of an interval; return features (1, n_features) and the state."""
        begin, features = state[None].copy(), np.empty((1, self.n_features), self.dtype)
        length = np.array([interval])
        ahead = length if self.aims else None
        self._run_rows(u[None], length, ahead, [slice(0, 1)], begin, features, together=False)
        begin[0, -1] += interval
        return features, begin[0]

    def features_at(self, u: Floats, states: Floats, durations: Floats) -> Floats:
        """Return the features some time after rows of inputs u and of states of the units."""
        later = self.layer.aim(u, states, durations)
        parts = [states, later] if self.aims else [later]
        return np.hstack([*parts, u] if self.include_input else parts).astype(self.dtype)

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
        k = self.n_inputs
        u, moments = inputs[:, :k], inputs[:, k]
        intervals = self._intervals(moments, pieces, states[:, -1])
        ahead = inputs[:, k + 1] if self.aims else None
        outcome = self._run_rows(u, intervals, ahead, pieces, states, features, together)
        last = np.array([piece.stop - 1 for piece in pieces])
        states[:, -1] = moments[last]  # NaN where none are known
        return outcome

    def _run_rows(
        self,
        u: Floats,
        intervals: Floats,
        ahead: Floats | None,
        pieces: list[slice],
        states: Floats,
        features: Floats,
        together: bool,
    ) -> Outcome:
        n, k, layer = self.n_units, self.n_inputs, self.layer
        parts = [u, intervals[:, None]]
        if layer.linear:
            before = np.empty_like(u)
            before[1:] = u[:-1]
            starts = np.array([piece.start for piece in pieces])
            known = states[:, n : n + k]
            before[starts] = np.where(np.isnan(known), u[starts], known)
            parts.append(before)
        rows = np.hstack(parts)
        own = np.ascontiguousarray(states[:, :n])
        outcome = layer.run_pieces(rows, None, pieces, own, features, 0, None, together)
        states[:, :n] = own
        states[:, n : n + k] = u[[piece.stop - 1 for piece in pieces]]
        if ahead is not None:
            features[:, n : 2 * n] = layer.aim(u, features[:, :n], ahead)
        if self.include_input:
            features[:, self.n_features - k :] = u
        return outcome

    def _intervals(self, moments: Floats, pieces: list[slice], before: Floats) -> Floats:
        intervals = np.diff(moments, prepend=np.nan)
        starts = np.array([piece.start for piece in pieces])
        intervals[starts] = moments[starts] - before
        check_follows(intervals)
        return np.where(np.isnan(intervals), self.layer.interval, intervals)


def build_continuous(
    n_inputs: int,
    *,
    time_constants: Floats,
    is_beer: bool,
    integrator: str,
    step: float,
    slack: float,
    linear: bool,
    interval: float,
    rtol: float,
    atol: float,
    include_input: bool,
    aims: bool,
    **drawn: Any,
) -> ContinuousReservoir:
    """Draw the weights of a continuous reservoir; `drawn` is passed on to `build_layers`."""
    (plain,) = build_layers(n_inputs, 0, n_layers=1, leak_rate=1.0, feedback_scaling=0.0, **drawn)
    layer = ContinuousLayer(
        **plain.__getstate__(),
        time_constants=time_constants,
        is_beer=is_beer,
        integrator=integrator,
        longest_step=step,
        slack=slack,
        linear=linear,
        interval=interval,
        rtol=rtol,
        atol=atol,
    )
    return ContinuousReservoir((layer,), (), include_input, 0, aims)


def check_follows(intervals: Floats) -> None:
    """Raise ValueError if a sequence does not begin after what led to its state."""
    wrong = intervals <= 0
    if wrong.any():
        raise ValueError(
            "times must follow those that led to the state the network begins in, but a "
            f"sequence begins {-float(intervals[wrong][0]):.6g} unit(s) of time before its "
            "end, or at it; pass later rows, or predict from rest."
        )
