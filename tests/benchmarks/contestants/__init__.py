"""All contestants; a new one is a file like the others and one line here."""

from tests.benchmarks.contestants._contestant import Contestant, UnableError
from tests.benchmarks.contestants._echoes import Echoes
from tests.benchmarks.contestants._integrators import (
    CTRNNPackage,
    Diffrax,
    Discrete,
    SolveIvp,
    TorchDiffEq,
)
from tests.benchmarks.contestants._jax import JaxScan
from tests.benchmarks.contestants._numpy import NumpyLoop
from tests.benchmarks.contestants._ours import Ours
from tests.benchmarks.contestants._pyrcn import PyRCN
from tests.benchmarks.contestants._rclib import Rclib
from tests.benchmarks.contestants._resdag import ResDAG
from tests.benchmarks.contestants._reservoirpy import ReservoirPy
from tests.benchmarks.contestants._torch import Torch

OURS = Ours()
RESERVOIRPY = ReservoirPy()
RESERVOIRS: tuple[Contestant, ...] = (
    OURS,
    RESERVOIRPY,
    Rclib(),
    Echoes(),
    PyRCN(),
    ResDAG(),
    JaxScan(),
    NumpyLoop(),
)
TRAINED: tuple[Contestant, ...] = (OURS, Torch(1), Torch(2))
INTEGRATORS: tuple[Contestant, ...] = (
    OURS,
    SolveIvp(),
    TorchDiffEq(),
    Diffrax(),
    CTRNNPackage(),
    Discrete(),
)
CONTESTANTS: tuple[Contestant, ...] = (*RESERVOIRS, *TRAINED[1:], *INTEGRATORS[1:])

__all__ = [
    "CONTESTANTS",
    "INTEGRATORS",
    "OURS",
    "RESERVOIRPY",
    "RESERVOIRS",
    "TRAINED",
    "Contestant",
    "UnableError",
]
