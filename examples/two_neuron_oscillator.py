"""Two neurons that excite themselves: rest, a cycle around it, and where that is born and dies."""

# %% τ dy/dt = -y + W σ(y + θ) + I, after Beer (1995), "On the dynamics of small continuous-time
# recurrent neural networks", whose oscillator has these weights and biases
import sys

import matplotlib.pyplot as plt
import numpy as np

from reservoir.dynamics import bifurcation_diagram, fixed_points, limit_cycle, network_flow
from reservoir.plotting import plot_bifurcation, plot_phase_portrait

W, theta = [[4.5, 1.0], [-1.0, 4.5]], [-2.75, -1.75]


def oscillator(current=0.0):
    """Return the flow with a current into the first neuron."""
    return network_flow(W, bias=theta, inputs=[current, 0.0], activation="sigmoid")


# %% Without a current: one state stays, but is not stable, and a cycle goes around it
points = fixed_points(oscillator(), random_state=0)
for point in points:
    print(f"rest at {point.state.round(3)}: {point.kind}, eigenvalues {point.eigenvalues.round(3)}")
cycle = limit_cycle(oscillator(), [0.1, 0.0])
print(f"cycle: period {cycle.period:.3f}, stable: {cycle.is_stable}")
print(f"a distance from it is multiplied by {cycle.multipliers[1].real:.1e} in a period")

# %% With a current: where the cycle is born, and where it dies
currents = np.linspace(-1.5, 1.5, 121)
table = bifurcation_diagram(oscillator, currents, state=[0.1, 0.0], settle=300, duration=100)
swings = table.groupby("value")["observed"].agg(np.ptp)
oscillating = swings.index[swings > 0.1]
print(f"it oscillates for currents from {oscillating.min():.3f} to {oscillating.max():.3f}")

# %% Draw the flow, and the extrema of the first neuron over the current
figure = plt.figure(figsize=(10, 4.2), layout="constrained")
left, right = figure.subplots(1, 2)
plot_phase_portrait(
    oscillator(), bounds=((-2, 7), (-2.5, 6.5)), points=points, cycle=cycle, ax=left
)
left.set_title("No current", loc="left", fontsize="medium")
plot_bifurcation(table, name="current into the first neuron", ax=right)
right.set_title("Extrema of the first neuron", loc="left", fontsize="medium")
figure.savefig(sys.argv[1] if len(sys.argv) > 1 else "two_neuron_oscillator.png", dpi=120)
