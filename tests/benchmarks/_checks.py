"""Whether a contestant computed what was asked for."""

import numpy as np

from tests.benchmarks._networks import Network, plain_loop
from tests.benchmarks.contestants import Contestant

TOLERANCE = {"float64": 1e-8, "float32": 1e-3}
N_PLAIN = 1000  # steps compared with the plain loop; all others by their successors


def check_states(
    contestant: Contestant, network: Network, inputs: np.ndarray, states: np.ndarray
) -> str:
    """Raise AssertionError unless these are the states of the equation, from rest, all of them."""
    first = contestant.first_step
    tolerance = TOLERANCE[network.size.dtype]
    if states.ndim == 3:  # three of the sequences
        for sequence in (0, len(states) // 2, len(states) - 1):
            check_states(contestant, network, inputs[sequence], states[sequence])
        return ""
    states, inputs = states[first:], inputs[first : len(states)]
    expected = plain_loop(network, inputs[:N_PLAIN])
    must_be_near(states[:N_PLAIN], expected, tolerance, "the plain loop")
    for start in range(0, len(states) - 1, N_PLAIN):
        block = slice(start, min(start + N_PLAIN, len(states) - 1))
        following = slice(block.start + 1, block.stop + 1)
        successors = network.next_states(states[block], inputs[following])
        must_be_near(states[following], successors, tolerance, "the equation")
    return ""


def must_be_near(actual: np.ndarray, expected: np.ndarray, tolerance: float, whose: str) -> None:
    """Raise AssertionError, with the largest difference, unless all of it is as near as that."""
    assert actual.shape == expected.shape, f"shape {actual.shape}, not {expected.shape}"
    difference = float(abs(actual - expected).max(initial=0.0))
    assert difference <= tolerance, f"up to {difference:.2g} away from {whose}"
