"""The networks and series that all contestants get, and the equation that all are held to."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import eigs

SPECTRAL_RADIUS = 0.9
ALPHA = 1e-6  # penalty of every ridge readout


@dataclass(frozen=True)
class Size:
    """What a network is to be like; ``connectivity`` is the share of all links, 1 is dense."""

    n_units: int
    connectivity: float
    leak_rate: float = 1.0
    dtype: str = "float64"

    @property
    def is_dense(self) -> bool:
        return self.connectivity == 1

    @property
    def degree(self) -> int:
        """Links into each unit."""
        return max(1, round(self.connectivity * self.n_units))

    def __str__(self) -> str:
        kind = "dense" if self.is_dense else f"sparse {self.connectivity:.3g}"
        leak = "" if self.leak_rate == 1 else f", leak {self.leak_rate:g}"
        return f"{self.n_units} units {kind}{leak}, {self.dtype}"


@dataclass(frozen=True, eq=False)
class Network:
    """Weights of ``x(t) = (1-a) x(t-1) + a tanh(W x(t-1) + W_in u(t))``.

    ``W`` is a csr_array or, if dense, an array (n_units, n_units); ``W_in`` is (n_units, 1).
    """

    size: Size
    W: Any
    W_in: np.ndarray

    @property
    def n_units(self) -> int:
        return self.size.n_units

    def dense(self) -> np.ndarray:
        """Return W as an array."""
        return self.W if self.size.is_dense else self.W.toarray()

    def next_states(self, states: np.ndarray, inputs: np.ndarray) -> np.ndarray:
        """Return the states (n_rows, n_units) that follow each of ``states``."""
        preactivation = (self.W @ states.T).T + inputs @ self.W_in.T
        leak = self.size.leak_rate
        return (1 - leak) * states + leak * np.tanh(preactivation)


@lru_cache(maxsize=8)
def make_network(size: Size, seed: int = 0) -> Network:
    """Draw a network with uniform weights, W scaled to the spectral radius."""
    rng = np.random.default_rng([seed, size.n_units])
    n, degree = size.n_units, size.degree
    if size.is_dense:
        W: Any = rng.uniform(-1, 1, (n, n))
    else:
        columns = np.concatenate([rng.choice(n, degree, replace=False) for _ in range(n)])
        rows = np.repeat(np.arange(n), degree)
        W = sparse.csr_array((rng.uniform(-1, 1, n * degree), (rows, columns)), shape=(n, n))
    W = (W * (SPECTRAL_RADIUS / spectral_radius(W))).astype(size.dtype)
    return Network(size, W, rng.uniform(-1, 1, (n, 1)).astype(size.dtype))


def spectral_radius(W: Any) -> float:
    """Return the largest modulus of an eigenvalue."""
    if W.shape[0] <= 300:
        return float(abs(np.linalg.eigvals(W.toarray() if sparse.issparse(W) else W)).max())
    start = np.ones(W.shape[0])
    return float(abs(eigs(W, k=8, ncv=80, v0=start, return_eigenvectors=False)).max())


@lru_cache(maxsize=4)
def make_series(n_steps: int, dtype: str = "float64") -> tuple[np.ndarray, np.ndarray]:
    """Return inputs (n_steps, 1) and targets (n_steps, 1): two beating waves, one step ahead."""
    time = np.arange(n_steps + 1)
    wave = np.sin(0.2 * time) * np.cos(0.0311 * time)
    return (wave[:-1, None].astype(dtype), wave[1:, None].astype(dtype))


@lru_cache(maxsize=2)
def make_noise(shape: tuple[int, ...], dtype: str = "float64") -> np.ndarray:
    """Return uniform noise in ±1, the input of which no step is like another."""
    return np.random.default_rng(7).uniform(-1, 1, shape).astype(dtype)


def plain_loop(network: Network, inputs: np.ndarray) -> np.ndarray:
    """Return the states (n_steps, n_units), from rest, as the equation says."""
    leak = network.size.leak_rate
    drive = inputs @ network.W_in.T
    states = np.empty_like(drive)
    state = np.zeros(network.n_units, drive.dtype)
    for t in range(len(drive)):
        state = (1 - leak) * state + leak * np.tanh(network.W @ state + drive[t])
        states[t] = state
    return states
