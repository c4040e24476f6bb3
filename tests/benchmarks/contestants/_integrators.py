"""Who else integrates ``τ dx/dt = W σ(x) + W_in u(t) - x``, u in straight lines between samples.

Each has a method ``integrator(network, tau, effort)`` that returns a function of inputs (n_steps,
1) in which the states at all samples are computed from rest. Effort 0, 1, 2, ... makes it more
exact: steps are halved, or a tolerance divided by 10.
"""

from typing import Any, ClassVar

import numpy as np
from scipy.special import expit

from tests.benchmarks._networks import Network
from tests.benchmarks.contestants._contestant import Contestant
from tests.benchmarks.contestants._jax import _fastest, _forms, _import_jax


class SolveIvp(Contestant):
    """SciPy's RK45, the whole series in one call."""

    name = "solve_ivp"
    distribution = "scipy"
    how = "solve_ivp(method='RK45', t_eval=samples) of W @ expit(x), W sparse"

    def integrator(self, network: Network, tau: np.ndarray, effort: int) -> Any:
        from scipy.integrate import solve_ivp

        W, w_in = network.W, network.W_in[:, 0]

        def integrate(inputs: np.ndarray) -> np.ndarray:
            moments = np.arange(1.0, len(inputs) + 1)
            knots, u = np.arange(len(inputs) + 1.0), np.r_[0.0, inputs[:, 0]]

            def slope(t: float, x: np.ndarray) -> np.ndarray:
                return (W @ expit(x) + w_in * np.interp(t, knots, u) - x) / tau

            tolerance = 10.0 ** -(3 + effort)
            found = solve_ivp(
                slope, (0.0, moments[-1]), np.zeros(len(tau)), t_eval=moments, rtol=tolerance,
                atol=tolerance / 10,
            )  # fmt: skip
            return found.y.T

        return integrate


class TorchDiffEq(Contestant):
    """torchdiffeq's Runge-Kutta method of order 4 in steps of one length."""

    name = "torchdiffeq"
    distribution = "torchdiffeq"
    how = "odeint(method='rk4', step_size=...) of a dense W, the faster of one and two threads"

    def integrator(self, network: Network, tau: np.ndarray, effort: int) -> Any:
        import torch
        from torchdiffeq import odeint

        torch.set_num_threads(2 if network.n_units >= 500 else 1)
        W, w_in = torch.from_numpy(network.dense()), torch.from_numpy(network.W_in[:, 0])
        pace = torch.from_numpy(1 / tau)

        def integrate(inputs: np.ndarray) -> np.ndarray:
            u = np.r_[0.0, inputs[:, 0], inputs[-1, 0]]
            moments = torch.arange(0.0, len(inputs) + 1, dtype=torch.float64)

            def slope(t: Any, x: Any) -> Any:
                k = min(int(t), len(inputs))
                now = u[k] + (float(t) - k) * (u[k + 1] - u[k])
                return pace * (W @ torch.sigmoid(x) + w_in * now - x)

            with torch.inference_mode():
                found = odeint(
                    slope, torch.zeros(len(tau), dtype=torch.float64), moments, method="rk4",
                    options={"step_size": 2.0**-effort},
                )  # fmt: skip
            return found[1:].numpy()

        return integrate


class Diffrax(Contestant):
    """diffrax's Tsit5 in steps of one length, compiled before the clock starts."""

    name = "diffrax"
    distribution = "diffrax"
    how = "diffeqsolve(Tsit5(), ConstantStepSize) of a dense W or of gathered links, the faster one"

    def integrator(self, network: Network, tau: np.ndarray, effort: int) -> Any:
        jax = _import_jax()
        import diffrax

        w_in, pace = jax.numpy.asarray(network.W_in[:, 0]), jax.numpy.asarray(1 / tau)

        def form(product: Any, W: Any) -> Any:
            def slope(t: Any, x: Any, u: Any) -> Any:
                k = jax.numpy.clip(t.astype(int), 0, len(u) - 2)
                now = u[k] + (t - k) * (u[k + 1] - u[k])
                return pace * (product(W, jax.nn.sigmoid(x)) + w_in * now - x)

            @jax.jit
            def run(u: Any) -> Any:
                moments = jax.numpy.arange(1.0, len(u))
                return diffrax.diffeqsolve(
                    diffrax.ODETerm(slope), diffrax.Tsit5(), 0.0, moments[-1], 2.0**-effort,
                    jax.numpy.zeros(len(tau)), args=u, saveat=diffrax.SaveAt(ts=moments),
                    max_steps=None,
                ).ys  # fmt: skip

            return lambda inputs: np.asarray(run(np.r_[0.0, inputs[:, 0]]))

        forms = [form(product, W) for product, W in _forms(network)]
        return _fastest(forms, np.zeros((200, 1)))


class CTRNNPackage(Contestant):
    """The package CTRNN: Euler's method step by step in Python."""

    name = "CTRNN"
    distribution = "CTRNN"
    how = "euler_step, W sparse"
    unable: ClassVar[dict[str, str]] = {"initialise": "draws no networks of a spectral radius"}

    def integrator(self, network: Network, tau: np.ndarray, effort: int) -> Any:
        from CTRNN import CTRNN
        from scipy import sparse

        per_sample = 2**effort
        step = 1 / per_sample
        w_in = network.W_in[:, 0]

        def integrate(inputs: np.ndarray) -> np.ndarray:
            brain = CTRNN(size=network.n_units, step_size=step)
            brain.taus, brain.biases = tau, np.zeros(network.n_units)
            brain.weights = sparse.csr_matrix(network.W)
            brain.states = np.zeros(network.n_units)
            states, before = np.empty((len(inputs), network.n_units)), 0.0
            for t, now in enumerate(inputs[:, 0]):
                for k in range(per_sample):
                    brain.euler_step(w_in * (before + k * step * (now - before)))
                before, states[t] = now, brain.states
            return states

        return integrate


class Discrete(Contestant):
    """This package's echo state network, leak rates 1 - exp(-1 / τ): one step a sample."""

    name = "reservoir, discrete"
    distribution = "reservoir-toolkit"
    how = "ESNTransformer.transform with a leak rate for each unit"

    def one_step(self, network: Network, tau: np.ndarray) -> Any:
        from reservoir import ESNTransformer

        esn = ESNTransformer(
            n_units=network.n_units, topology=network.W, spectral_radius=None,
            input_weights=network.W_in, leak_rate=-np.expm1(-1 / tau), include_input=False,
        )  # fmt: skip
        return esn.fit(np.zeros((2, 1))).transform
