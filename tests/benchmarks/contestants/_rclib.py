"""rclib: loops and linear algebra in C++."""

import struct
from typing import Any

import numpy as np
from scipy import sparse

from tests.benchmarks._networks import ALPHA, SPECTRAL_RADIUS, Network, Size
from tests.benchmarks.contestants._contestant import Contestant, only_float64


class Rclib(Contestant):
    """The ESN class; weights of ours come in through its documented model file format."""

    name = "rclib"
    distribution = "rclib"
    how = (
        "states by a Python loop over advance(), the only way to get them; ESN.fit, predict and "
        "predict_generative, which loop in C++; our matrices by a model file (version 1)"
    )
    remark = "W always sparse"

    def initialise(self, size: Size, seed: int) -> Any:
        esn = self.regressor(size, seed)
        return _recurrent_weights(esn._cpp_model.dumps())

    def harvester(self, network: Network) -> Any:
        only_float64(network.size, self.name)
        reservoir = self.regressor_of(network).get_reservoir(0)
        advance = reservoir.advance

        def harvest(inputs: np.ndarray) -> np.ndarray:
            if inputs.ndim == 3:
                return np.stack([harvest(sequence) for sequence in inputs])
            reservoir.resetState()
            states = np.empty((len(inputs), network.n_units))
            for t in range(len(inputs)):
                states[t] = advance(inputs[t : t + 1])
            return states

        return harvest

    def regressor(self, size: Size, seed: int) -> Any:
        import rclib

        only_float64(size, self.name)
        esn = rclib.ESN()
        esn.add_reservoir(
            rclib.reservoirs.RandomSparse(
                size.n_units, SPECTRAL_RADIUS, size.connectivity, size.leak_rate, seed=seed
            )
        )
        esn.set_readout(rclib.readouts.Ridge(ALPHA, include_bias=True))
        return esn

    def regressor_of(self, network: Network) -> Any:
        import rclib

        return rclib.ESN._from_cpp_model(rclib._rclib.Model.loads(_model_file(network)))

    def fit(self, regressor: Any, X: np.ndarray, y: np.ndarray) -> Any:
        regressor.fit(X, y)
        return regressor

    def predict(self, regressor: Any, X: np.ndarray) -> np.ndarray:
        return regressor.predict(X)

    def generate(self, regressor: Any, n_steps: int) -> np.ndarray:
        return regressor.predict_generative(np.empty((0, 1)), n_steps)


def _model_file(network: Network) -> bytes:
    """Return a model in rclib's file format: this network and an unfitted ridge readout."""
    size, n = network.size, network.n_units
    W = sparse.csc_array(network.W.T)  # its states are rows: state @ W_res
    W.sort_indices()
    zeros = np.zeros((1, n))
    return b"".join(
        [
            b"RCLIBMDL" + struct.pack("<IBI", 1, 0, 1),
            _text("RandomSparseReservoir"),
            struct.pack("<idddd", n, SPECTRAL_RADIUS, size.connectivity, size.leak_rate, 1.0),
            struct.pack("<?Iqqq", False, 0, n, n, W.nnz),
            W.indptr.astype("<i4").tobytes(),
            W.indices.astype("<i4").tobytes(),
            W.data.astype("<f8").tobytes(),
            _matrix(zeros) + _matrix(zeros),  # bias and state
            struct.pack("<?", True) + _matrix(network.W_in.T),
            _text("RidgeReadout"),
            struct.pack("<d?BdB?", ALPHA, True, 0, 1e-10, 0, False),
        ]
    )


def _text(value: str) -> bytes:
    return struct.pack("<I", len(value)) + value.encode()


def _matrix(values: np.ndarray) -> bytes:
    return struct.pack("<qq", *values.shape) + values.astype("<f8").tobytes(order="F")


def _recurrent_weights(data: bytes) -> Any:
    """Return W out of a model file whose first reservoir is a random sparse one."""
    offset = 8 + struct.calcsize("<IBI") + len(_text("RandomSparseReservoir"))
    offset += struct.calcsize("<idddd?I")
    n, _, n_links = struct.unpack_from("<qqq", data, offset)
    offset += struct.calcsize("<qqq")
    parts = []
    for dtype, count in (("<i4", n + 1), ("<i4", n_links), ("<f8", n_links)):
        parts.append(np.frombuffer(data, dtype, count, offset))
        offset += parts[-1].nbytes
    indptr, indices, values = parts
    return sparse.csc_array((values, indices, indptr), shape=(n, n)).T
