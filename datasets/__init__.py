"""Benchmark tasks and real series.

``make_*`` functions generate a task or a chaotic series of any length; ``load_*`` functions read a
short real series that is shipped with the package.
"""

from ._chaos import make_henon, make_lorenz, make_rossler
from ._grammars import make_continual_reber, make_counting, make_embedded_reber
from ._mackey_glass import make_mackey_glass
from ._memory_tasks import (
    make_adding,
    make_copy,
    make_multiplication,
    make_temporal_order,
    make_temporal_xor,
)
from ._real import (
    load_airline,
    load_beer,
    load_co2,
    load_co2_monthly,
    load_electricity_demand,
    load_elnino,
    load_lynx,
    load_macrodata,
    load_monthly_panel,
    load_nile,
    load_sunspots,
    load_sunspots_monthly,
    load_traffic,
)
from ._tasks import make_delay_memory, make_mso, make_narma
from ._timer import make_timer

__all__ = [
    "load_airline",
    "load_beer",
    "load_co2",
    "load_co2_monthly",
    "load_electricity_demand",
    "load_elnino",
    "load_lynx",
    "load_macrodata",
    "load_monthly_panel",
    "load_nile",
    "load_sunspots",
    "load_sunspots_monthly",
    "load_traffic",
    "make_adding",
    "make_continual_reber",
    "make_copy",
    "make_counting",
    "make_delay_memory",
    "make_embedded_reber",
    "make_henon",
    "make_lorenz",
    "make_mackey_glass",
    "make_mso",
    "make_multiplication",
    "make_narma",
    "make_rossler",
    "make_temporal_order",
    "make_temporal_xor",
    "make_timer",
]
