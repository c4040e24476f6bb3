"""Recurrent cells: one file each, with equations, parameters, a step and its way back.

Those that are known by a name:

>>> from reservoir.cells import CELLS
>>> sorted(CELLS)
['elman', 'fully_recurrent', 'gru', 'jordan', 'leaky', 'lstm']

Others are passed as objects, ``RNNRegressor(cell=MyCell())``; see `Cell`. `CTRNN` is one of them,
since its rows need to know how long ago the last one was; `reservoir.CTRNNRegressor` tells it.
`MTRNN` is another, which is made of groups.
`state_gradients` looks at their way back step by step.
"""

from reservoir.cells._cell import Cell, state_gradients
from reservoir.cells._ctrnn import CTRNN, spread_time_constants
from reservoir.cells._elman import Elman
from reservoir.cells._fully_recurrent import FullyRecurrent, Jordan
from reservoir.cells._gru import GRU
from reservoir.cells._leaky import Leaky
from reservoir.cells._lstm import LSTM
from reservoir.cells._mtrnn import MTRNN
from reservoir.kernels._drive import no_forcing

__all__ = [
    "CELLS",
    "CTRNN",
    "GRU",
    "LSTM",
    "MTRNN",
    "Cell",
    "Elman",
    "FullyRecurrent",
    "Jordan",
    "Leaky",
    "no_forcing",
    "spread_time_constants",
    "state_gradients",
]

CELLS: dict[str, type[Cell]] = {
    cell.name: cell for cell in (Elman, Jordan, FullyRecurrent, Leaky, GRU, LSTM)
}
