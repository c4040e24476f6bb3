"""Pictures; matplotlib is imported when the first one is asked for, and no backend is chosen."""

from reservoir.plotting._dynamics import plot_bifurcation, plot_lyapunov, plot_phase_portrait
from reservoir.plotting._figure import check_picture as check_picture
from reservoir.plotting._figure import new_figure as new_figure
from reservoir.plotting._forecasts import plot_backtest, plot_forecast
from reservoir.plotting._memory import plot_memory_curve
from reservoir.plotting._networks import plot_eigenvalues, plot_loss, plot_states
from reservoir.plotting._residuals import plot_residuals
from reservoir.plotting._timer import plot_timer

__all__ = [
    "plot_backtest",
    "plot_bifurcation",
    "plot_eigenvalues",
    "plot_forecast",
    "plot_loss",
    "plot_lyapunov",
    "plot_memory_curve",
    "plot_phase_portrait",
    "plot_residuals",
    "plot_states",
    "plot_timer",
]
