"""PyTorch's recurrent layers on the processor, a readout, Adam: the loop that everybody writes."""

from collections.abc import Iterable
from time import perf_counter
from typing import Any

import numpy as np

from tests.benchmarks._learners import ADAM, CLIP_NORM, GATES, RATE, Gate, Learner, Weights
from tests.benchmarks.contestants._contestant import Contestant

LETTERS = {"LSTM": "ifgo", "GRU": "run", "RNN": "h"}  # the order of torch's rows


class Torch(Contestant):
    """torch.nn.LSTM, GRU or RNN with so many threads."""

    distribution = "torch"
    how = (
        "nn.LSTM, nn.GRU, nn.RNN, fused Adam, inference mode; streams take tensors, through "
        "nn.LSTM or nn.LSTMCell, whichever is faster here"
    )
    first_training = """
import numpy as np
import torch
X = np.random.default_rng(0).uniform(-1, 1, (100, 32, 8)).astype("float32")
X = torch.from_numpy(X)
lstm, readout = torch.nn.LSTM(8, 32), torch.nn.Linear(32, 1)
optimiser = torch.optim.Adam([*lstm.parameters(), *readout.parameters()], fused=True)
torch.nn.functional.mse_loss(readout(lstm(X)[0]), X[:, :, :1]).backward()
optimiser.step()
"""

    def __init__(self, n_threads: int) -> None:
        self.n_threads = n_threads
        self.name = f"torch, {n_threads} thread{'s' * (n_threads > 1)}"

    def trainer(self, learner: Learner, weights: Weights, X: np.ndarray, Y: np.ndarray) -> Any:
        import torch

        layers, readout = _modules(learner, weights)
        parameters = [*layers.parameters(), *readout.parameters()]
        betas = ADAM["beta_1"], ADAM["beta_2"]
        optimiser = torch.optim.Adam(parameters, RATE, betas, ADAM["epsilon"], fused=True)
        inputs, targets = _time_major(X), _time_major(Y)

        def train(n_steps: int) -> float:
            torch.set_num_threads(self.n_threads)
            total = 0.0
            for _ in range(n_steps):
                optimiser.zero_grad()
                loss = torch.nn.functional.mse_loss(readout(layers(inputs)[0]), targets)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(parameters, CLIP_NORM)
                optimiser.step()
                total += loss.item()
            return total / n_steps

        return train

    def predictor(self, learner: Learner, weights: Weights) -> Any:
        import torch

        layers, readout = _modules(learner, weights, batch_first=True)

        def predict(X: np.ndarray) -> np.ndarray:
            torch.set_num_threads(self.n_threads)
            with torch.inference_mode():
                return readout(layers(torch.from_numpy(X))[0]).numpy()

        return predict

    def streamer(self, learner: Learner, weights: Weights) -> Any:
        layers, readout = _modules(learner, weights)
        ways = [_layer_stream(layers, readout)]
        if learner.kind == "LSTM":
            ways.append(_cell_stream(layers, readout))
        chosen: list[Any] = []

        def stream(X: np.ndarray) -> np.ndarray:
            import torch

            torch.set_num_threads(self.n_threads)
            rows = torch.from_numpy(X)[:, None]
            with torch.inference_mode():
                if not chosen:
                    chosen.append(min(ways, key=lambda way: _seconds(way, rows[:300])))
                return np.array([output.item() for output in chosen[0](rows)])[:, None]

        return stream

    def gradients(self, learner: Learner, weights: Weights, X: np.ndarray, Y: np.ndarray) -> Any:
        import torch

        torch.set_num_threads(self.n_threads)
        layers, readout = _modules(learner, weights)
        outputs = readout(layers(_time_major(X))[0])
        torch.nn.functional.mse_loss(outputs, _time_major(Y)).backward()
        return _gradients_of(learner, layers, readout)


def _modules(learner: Learner, weights: Weights, batch_first: bool = False) -> tuple[Any, Any]:
    import torch

    dtype = getattr(torch, learner.dtype)
    layers = getattr(torch.nn, learner.kind)(
        learner.n_inputs,
        learner.n_units,
        learner.n_layers,
        bidirectional=learner.bidirectional,
        batch_first=batch_first,
        dtype=dtype,
    )
    readout = torch.nn.Linear(len(weights.V), learner.n_outputs, dtype=dtype)
    with torch.no_grad():
        for (_, _, gates), names in zip(_places(weights), _names(learner), strict=True):
            stacked = [gates[letter] for letter in LETTERS[learner.kind]]
            values = (
                np.hstack([gate.W for gate in stacked]).T,
                np.hstack([gate.U for gate in stacked]).T,
                np.hstack([gate.b for gate in stacked]),
                np.hstack(
                    [np.zeros_like(gate.b) if gate.c is None else gate.c for gate in stacked]
                ),
            )
            for name, value in zip(names, values, strict=True):
                getattr(layers, name).copy_(torch.from_numpy(value))
        readout.weight.copy_(torch.from_numpy(weights.V.T))
        readout.bias.copy_(torch.from_numpy(weights.d))
    layers.flatten_parameters()
    return layers, readout


def _places(weights: Weights) -> Iterable[tuple[int, int, dict[str, Gate]]]:
    for number, layer in enumerate(weights.layers):
        for direction, gates in enumerate(layer):
            yield number, direction, gates


def _names(learner: Learner) -> Iterable[list[str]]:
    """Yield torch's names of W, U, b and c of each direction of each layer."""
    for number in range(learner.n_layers):
        for suffix in ("", "_reverse")[: learner.n_directions]:
            kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            yield [f"{kind}_l{number}{suffix}" for kind in kinds]


def _gradients_of(learner: Learner, layers: Any, readout: Any) -> Weights:
    parts, letters = [], LETTERS[learner.kind]
    for names in _names(learner):
        W, U, b, c = (getattr(layers, name).grad.numpy().T for name in names)
        pieces = [np.split(array, len(letters), axis=-1) for array in (W, U, b, c)]
        gates = {letter: Gate(*each) for letter, *each in zip(letters, *pieces, strict=True)}
        for letter in letters:
            if (learner.kind, letter) != ("GRU", "n"):
                gates[letter] = gates[letter]._replace(c=None)
        parts.append({letter: gates[letter] for letter in GATES[learner.kind]})
    n = learner.n_directions
    found = [parts[i * n : (i + 1) * n] for i in range(learner.n_layers)]
    return Weights(found, readout.weight.grad.numpy().T, readout.bias.grad.numpy())


def _time_major(array: np.ndarray) -> Any:
    import torch

    return torch.from_numpy(np.ascontiguousarray(array.swapaxes(0, 1)))


def _layer_stream(layers: Any, readout: Any) -> Any:
    def stream(rows: Any) -> list[Any]:
        state, outputs = None, []
        for row in rows:
            h, state = layers(row, state)
            outputs.append(readout(h))
        return outputs

    return stream


def _cell_stream(layers: Any, readout: Any) -> Any:
    import torch

    cell = torch.nn.LSTMCell(layers.input_size, layers.hidden_size, dtype=layers.weight_ih_l0.dtype)
    cell.load_state_dict({name.removesuffix("_l0"): w for name, w in layers.state_dict().items()})

    def stream(rows: Any) -> list[Any]:
        state, outputs = None, []
        for row in rows:
            state = cell(row, state)
            outputs.append(readout(state[0]))
        return outputs

    return stream


def _seconds(way: Any, rows: Any) -> float:
    way(rows)
    start = perf_counter()
    way(rows)
    return perf_counter() - start
