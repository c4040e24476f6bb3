"""This package."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from tests.benchmarks._learners import ADAM, CLIP_NORM, GATES, RATE, Gate, Learner, Weights
from tests.benchmarks._networks import ALPHA, SPECTRAL_RADIUS, Network, Size
from tests.benchmarks.contestants._contestant import Contestant


class Ours(Contestant):
    """The estimators with their defaults, except that no readout sees the input."""

    name = "reservoir"
    distribution = "reservoir-toolkit"
    how = (
        "ESNTransformer.transform; ESNRegressor.fit, predict and generate; RNNRegressor.predict "
        "and stream, and its trainer on a batch that is there already"
    )
    first_training = """
import numpy as np
from reservoir import LSTMRegressor
X = np.random.default_rng(0).uniform(-1, 1, (32, 100, 8)).astype("float32")
LSTMRegressor(n_units=32, max_iter=1, batch_size=32).fit(X, X[:, :, :1])
"""

    def initialise(self, size: Size, seed: int) -> Any:
        from reservoir.weights import recurrent_weights

        return recurrent_weights(
            size.n_units,
            topology="dense" if size.is_dense else "random",
            connectivity=size.degree,
            spectral_radius=SPECTRAL_RADIUS,
            random_state=seed,
        )

    def harvester(self, network: Network) -> Any:
        from reservoir import ESNTransformer

        transformer = ESNTransformer(**_weights(network), **_settings(network.size))
        return transformer.fit(np.zeros((2, 1), network.size.dtype)).transform

    def integrator(self, network: Network, tau: np.ndarray, effort: int) -> Any:
        method = "rk4" if effort else "heun"
        return _flow(network, tau, "sigmoid", method, 2.0 ** min(0, 1 - effort), "linear")

    def one_step(self, network: Network, tau: np.ndarray) -> Any:
        return _flow(network, tau, "tanh", "exponential_euler", None, "hold")

    def regressor(self, size: Size, seed: int) -> Any:
        from reservoir import ESNRegressor

        return ESNRegressor(
            topology="dense" if size.is_dense else "random",
            connectivity=size.degree,
            spectral_radius=SPECTRAL_RADIUS,
            alpha=ALPHA,
            random_state=seed,
            **_settings(size),
        )

    def regressor_of(self, network: Network) -> Any:
        from reservoir import ESNRegressor

        return ESNRegressor(alpha=ALPHA, **_weights(network), **_settings(network.size))

    def fit(self, regressor: Any, X: np.ndarray, y: np.ndarray) -> Any:
        return regressor.fit(X, y)

    def predict(self, regressor: Any, X: np.ndarray) -> np.ndarray:
        return regressor.predict(X)

    def generate(self, regressor: Any, n_steps: int) -> np.ndarray:
        return regressor.generate(n_steps)

    def trainer(self, learner: Learner, weights: Weights, X: np.ndarray, Y: np.ndarray) -> Any:
        from reservoir.training._trainer import Course, Settings, Trainer
        from reservoir.training._trees import flat
        from reservoir.training.optimisers import Adam

        objective, template, batch = _objective(learner), _tree(learner, weights), _batch(X, Y)
        settings = Settings(
            max_iter=1, tol=0.0, n_iter_no_change=10**9, rate=RATE, schedule="constant",
            power_t=0.5, clip_norm=CLIP_NORM, alpha=0.0, decoupled=False, dropout=0.0,
            teacher_forcing=1.0, learn_initial_state=False,
        )  # fmt: skip
        course = Course(flat(template, learner.dtype), Adam(**ADAM), np.random.default_rng(0))

        def train(n_steps: int) -> float:
            plan: Any = SimpleNamespace(
                epoch=lambda examples, rng: [batch] * n_steps, wants_teacher=False
            )
            Trainer(objective, template, plan, settings).run(course, None, course.n_iter + 1)
            return course.loss_curve[-1]

        return train

    def predictor(self, learner: Learner, weights: Weights) -> Any:
        return _fitted(learner, weights).predict

    def streamer(self, learner: Learner, weights: Weights) -> Any:
        step = _fitted(learner, weights).stream()

        def stream(X: np.ndarray) -> np.ndarray:
            step.reset()
            return np.array([step(row)[0] for row in X])[:, None]

        return stream

    def gradients(self, learner: Learner, weights: Weights, X: np.ndarray, Y: np.ndarray) -> Any:
        from reservoir.training._bptt import batch_gradient
        from reservoir.training._trees import views

        objective, tree = _objective(learner), _tree(learner, weights)
        states = objective.network.begin(tree, len(X))
        found = batch_gradient(objective, tree, _batch(X, Y), states)
        return _gradients_of(learner, views(tree, found.gradient))


def _weights(network: Network) -> dict[str, Any]:
    return {"topology": network.W, "input_weights": network.W_in}


def _settings(size: Size) -> dict[str, Any]:
    return {
        "n_units": size.n_units,
        "leak_rate": size.leak_rate,
        "dtype": size.dtype,
        "include_input": False,
    }


COLUMNS = {"LSTM": "iogf", "GRU": "run", "RNN": "h"}  # the order of gates in this package
CELLS = {"LSTM": "lstm", "GRU": "gru", "RNN": "elman"}


def _objective(learner: Learner) -> Any:
    from reservoir.cells import CELLS as MADE
    from reservoir.training._bptt import Objective
    from reservoir.training._network import Network
    from reservoir.training.losses import SquaredError

    network = Network(
        MADE[CELLS[learner.kind]](),
        learner.n_inputs,
        learner.n_units,
        learner.n_outputs,
        learner.n_layers,
        learner.bidirectional,
    )
    return Objective(network, SquaredError())


def _tree(learner: Learner, weights: Weights) -> Any:
    """Return the parameters of a network in this package's form."""
    from reservoir.training._network import Output, Part
    from reservoir.training._network import Weights as Tree

    cell = _objective(learner).network.cell
    form = type(cell.init(1, 1, 1, np.random.default_rng(0)))
    rest = np.zeros(cell.n_state(learner.n_units, 1), learner.dtype)

    def part(gates: dict[str, Gate]) -> Any:
        ordered = [gates[letter] for letter in COLUMNS[learner.kind]]
        fields = [np.hstack([gate[i] for gate in ordered]) for i in range(3)]
        if learner.kind == "GRU":
            fields.append(gates["n"].c)
        elif learner.kind == "LSTM":
            fields.append(np.zeros((0, learner.n_units), learner.dtype))
        return Part(form(*fields), rest)

    layers = tuple(tuple(part(gates) for gates in layer) for layer in weights.layers)
    return Tree(layers, Output(weights.V, weights.d))


def _gradients_of(learner: Learner, tree: Any) -> Weights:
    letters = COLUMNS[learner.kind]

    def gates_of(part: Any) -> dict[str, Gate]:
        pieces = [np.split(array, len(letters), axis=-1) for array in part.cell[:3]]
        gates = {letter: Gate(*each) for letter, *each in zip(letters, *pieces, strict=True)}
        if learner.kind == "GRU":
            gates["n"] = gates["n"]._replace(c=part.cell.reset_bias)
        return {letter: gates[letter] for letter in GATES[learner.kind]}

    layers = [[gates_of(part) for part in layer] for layer in tree.layers]
    return Weights(layers, tree.output.weights, tree.output.bias)


def _batch(X: np.ndarray, Y: np.ndarray) -> Any:
    from reservoir.training._batches import Examples, make_batch

    n_sequences, n_steps, _ = X.shape
    rows, targets = (array.reshape(n_sequences * n_steps, -1) for array in (X, Y))
    bounds = np.arange(n_sequences + 1) * n_steps
    examples = Examples(rows, bounds, targets, np.ones(len(rows), X.dtype), per_sequence=False)
    start = np.zeros(n_sequences, np.int64)
    return make_batch(
        examples, np.arange(n_sequences), start, start + n_steps, fresh=True, stays=False
    )


def _fitted(learner: Learner, weights: Weights) -> Any:
    """Return an estimator with these weights."""
    from reservoir import RNNRegressor
    from reservoir.training._trees import flat

    rows = np.zeros((4, learner.n_inputs), learner.dtype)
    regressor = RNNRegressor(
        cell=CELLS[learner.kind], n_units=learner.n_units, dtype=learner.dtype, max_iter=1
    ).fit(rows, np.zeros((4, learner.n_outputs)))
    regressor._vector = flat(_tree(learner, weights), learner.dtype)
    return regressor


def _flow(
    network: Network,
    tau: np.ndarray,
    activation: str,
    integrator: str,
    step: float | None,
    interpolation: str,
) -> Any:
    """Return a function of inputs that returns the states of a continuous reservoir."""
    from reservoir import CTRNNRegressor

    ctrnn = CTRNNRegressor(
        n_units=network.n_units, topology=network.W, spectral_radius=None, bias_scaling=0.0,
        input_weights=network.W_in, time_constants=tau, activation=activation,
        integrator=integrator, step=step, interpolation=interpolation, include_input=False,
    ).fit(np.zeros((2, 1)), np.zeros(2))  # fmt: skip
    return ctrnn.states
