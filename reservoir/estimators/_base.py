"""What all echo state estimators share: parameters, sequences in, a network drawn from a seed."""

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from reservoir.estimators._input import SequenceInput
from reservoir.estimators._reservoir import Floats, Reservoir, build_layers
from reservoir.sequences import Layout
from reservoir.weights import INPUT_KINDS, TOPOLOGIES


class BaseEchoState(SequenceInput, BaseEstimator):
    """A drawn reservoir and the way in and out of it."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_units": [Interval(Integral, 1, None, closed="left")],
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "bidirectional": ["boolean"],
        "topology": [StrOptions(set(TOPOLOGIES)), "array-like", "sparse matrix", callable],
        "connectivity": [
            Interval(Integral, 1, None, closed="left"),
            Interval(Real, 0, 1, closed="right"),
        ],
        "spectral_radius": [Interval(Real, 0, None, closed="left"), None],
        "leak_rate": [Interval(Real, 0, 1, closed="right"), "array-like"],
        "input_weights": [StrOptions(set(INPUT_KINDS)), "array-like"],
        "input_scaling": [Interval(Real, None, None, closed="neither"), "array-like"],
        "bias_scaling": [Interval(Real, 0, None, closed="left")],
        "activation": [StrOptions({"tanh", "identity", "relu", "sigmoid"})],
        "noise": [Interval(Real, 0, None, closed="left")],
        "include_input": ["boolean"],
        "predict_state": [StrOptions({"reset", "carry"})],
        "dtype": [StrOptions({"float64", "float32"})],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    _reservoir: Reservoir
    _noise_rngs: list[np.random.Generator]  # one for each layer, so that blocks do not show
    _final_keys: Any  # names of the sequences that ended in _final_states, or None
    _final_states: Floats
    _final_seen: NDArray[np.int64]  # steps that each had behind it

    def __init__(
        self,
        *,
        n_units: int = 300,
        n_layers: int = 1,
        bidirectional: bool = False,
        topology: Any = "random",
        connectivity: int | float = 10,
        spectral_radius: float | None = 0.9,
        leak_rate: Any = 1.0,
        input_weights: Any = "uniform",
        input_scaling: Any = 1.0,
        bias_scaling: float = 0.0,
        activation: str = "tanh",
        noise: float = 0.0,
        include_input: bool = True,
        predict_state: str = "reset",
        dtype: str = "float64",
        random_state: Any = None,
        verbose: bool | int = False,
    ) -> None:
        self.n_units = n_units
        self.n_layers = n_layers
        self.bidirectional = bidirectional
        self.topology = topology
        self.connectivity = connectivity
        self.spectral_radius = spectral_radius
        self.leak_rate = leak_rate
        self.input_weights = input_weights
        self.input_scaling = input_scaling
        self.bias_scaling = bias_scaling
        self.activation = activation
        self.noise = noise
        self.include_input = include_input
        self.predict_state = predict_state
        self.dtype = dtype
        self.random_state = random_state
        self.verbose = verbose

    @property
    def recurrent_weights_(self) -> Any:
        """W (n_units, n_units): one matrix, or a list of those of all layers."""
        return self._of_layers("recurrent_weights")

    @property
    def input_weights_(self) -> Any:
        """W_in (n_units, n_features): one matrix, or a list of those of all layers."""
        return self._of_layers("input_weights")

    @property
    def bias_(self) -> Any:
        """Bias b (n_units,): one vector, or a list of those of all layers."""
        return self._of_layers("bias")

    def _of_layers(self, name: str) -> Any:
        check_is_fitted(self)
        layers = self._reservoir.layers + self._reservoir.backward_layers
        values = [getattr(layer, name) for layer in layers]
        return values[0] if len(values) == 1 else values

    def _draw_reservoir(
        self, n_features: int, n_feedback: int = 0, feedback_scaling: float = 0.0
    ) -> None:
        """Draw all weights and begin the streams of state noise."""
        if self.bidirectional and (n_feedback or self.predict_state == "carry"):
            other = "feedback=True" if n_feedback else "predict_state='carry'"
            raise ValueError(
                f"bidirectional must be False with {other}, got True; the backward reservoir "
                "needs each sequence to its end before its first output."
            )
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))

        def layers(direction: int, n_feedback: int) -> Any:
            return build_layers(
                n_features,
                n_feedback,
                seed=(seed, direction),
                n_layers=self.n_layers,
                n_units=self.n_units,
                topology=self.topology,
                connectivity=self.connectivity,
                spectral_radius=self.spectral_radius,
                leak_rate=self.leak_rate,
                input_weights=self.input_weights,
                input_scaling=self.input_scaling,
                bias_scaling=self.bias_scaling,
                feedback_scaling=feedback_scaling,
                activation=self.activation,
                dtype=self.dtype,
            )

        self._reservoir = Reservoir(
            layers(0, n_feedback),
            layers(1, 0) if self.bidirectional else (),
            self.include_input,
            n_feedback,
        )
        n_streams = self.n_layers * (1 + self.bidirectional)
        self._noise_rngs = [np.random.default_rng([seed, 2, i]) for i in range(n_streams)]

    def _begin(self, layout: Layout, initial_state: Any = None) -> tuple[Floats, NDArray[np.int64]]:
        """Return the state in which each sequence begins, and how many steps it has behind it."""
        n = layout.n_sequences
        if initial_state is not None:
            return self._given_state(initial_state, n), np.full(n, np.iinfo(np.int32).max)
        if self.predict_state == "carry":
            return self._carried_state(layout)
        return self._at_rest(layout)

    def _at_rest(self, layout: Layout) -> tuple[Floats, NDArray[np.int64]]:
        return self._reservoir.rest(layout.n_sequences), np.zeros(layout.n_sequences, np.int64)

    def _forget(self) -> None:
        """Be unfitted until a new fit has succeeded."""
        for name in ("_reservoir", "_final_keys", "_final_states", "_final_seen"):
            self.__dict__.pop(name, None)

    def _given_state(self, initial_state: Any, n_sequences: int) -> Floats:
        if self._reservoir.backward_layers:
            raise ValueError("initial_state must be None with bidirectional=True, got a state.")
        if np.iscomplexobj(initial_state):
            raise ValueError("initial_state must be real, got complex numbers.")
        state = np.array(initial_state, self._reservoir.state_dtype, ndmin=2)
        expected = (n_sequences, self._reservoir.n_state)
        n_finite = self._reservoir.n_finite
        if state.shape != expected or not np.isfinite(state[:, :n_finite]).all():
            raise ValueError(
                f"initial_state must be finite and of shape (n_sequences, n_state) = {expected}, "
                f"as return_state=True returns it, got shape {np.shape(initial_state)}."
            )
        return state

    def _carried_state(self, layout: Layout) -> tuple[Floats, NDArray[np.int64]]:
        if not hasattr(self, "_final_states"):
            raise ValueError(
                "predict_state='carry' must be set before fit, which then keeps the state at the "
                "end of the training data; it was 'reset' then, so fit again."
            )
        keys = self._final_keys
        if keys is not None and layout.keys is not None:
            states = self._reservoir.rest(layout.n_sequences)
            seen = np.zeros(layout.n_sequences, np.int64)
            found = keys.get_indexer(layout.keys)  # a sequence never seen begins at rest
            states[found >= 0] = self._final_states[found[found >= 0]]
            seen[found >= 0] = self._final_seen[found[found >= 0]]
            return states, seen
        if layout.n_sequences != len(self._final_states):
            raise ValueError(
                f"X must have the {len(self._final_states)} sequence(s) of the training data to "
                f"carry on from their ends with predict_state='carry', got {layout.n_sequences}; "
                "name the sequences with groups or a MultiIndex, or use predict_state='reset'."
            )
        return self._final_states.copy(), self._final_seen.copy()

    def _remember(self, layout: Layout, states: Floats, seen: NDArray[np.int64]) -> None:
        """Keep where each sequence ended and after how many steps, to carry on from there."""
        keys = layout.keys
        carrying = self.predict_state == "carry"
        if carrying and keys is not None and getattr(self, "_final_keys", None) is not None:
            older = ~self._final_keys.isin(keys)
            keys = keys.append(self._final_keys[older])
            states = np.concatenate([states, self._final_states[older]])
            seen = np.concatenate([seen, self._final_seen[older]])
        self._final_keys, self._final_states, self._final_seen = keys, states, seen

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_reservoir")


def as_returned_state(states: NDArray[Any], layout: Layout) -> NDArray[Any]:
    """Give a single sequence its state as a vector."""
    return states[0] if layout.is_single else states
