"""All contestants; a new one is a file like the others and one line here."""

from tests.benchmarks.contestants._contestant import Contestant, UnableError
from tests.benchmarks.contestants._echoes import Echoes
from tests.benchmarks.contestants._jax import JaxScan
from tests.benchmarks.contestants._numpy import NumpyLoop
from tests.benchmarks.contestants._ours import Ours
from tests.benchmarks.contestants._pyrcn import PyRCN
from tests.benchmarks.contestants._rclib import Rclib
from tests.benchmarks.contestants._resdag import ResDAG
from tests.benchmarks.contestants._reservoirpy import ReservoirPy

OURS = Ours()
RESERVOIRPY = ReservoirPy()
CONTESTANTS: tuple[Contestant, ...] = (
    OURS,
    RESERVOIRPY,
    Rclib(),
    Echoes(),
    PyRCN(),
    ResDAG(),
    JaxScan(),
    NumpyLoop(),
)

__all__ = ["CONTESTANTS", "OURS", "RESERVOIRPY", "Contestant", "UnableError"]
