"""JAX without any package: ``lax.scan``, compiled before the clock starts."""

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any, ClassVar

import numpy as np

from tests.benchmarks._networks import Network
from tests.benchmarks.contestants._contestant import Contestant
from tests.benchmarks.contestants._numpy import NumpyLoop


class JaxScan(Contestant):
    """A scan over W as an array, or over the links of each unit, whichever is faster here."""

    name = "JAX scan"
    distribution = "jax"
    how = "jit(lax.scan) of dense W @ x or of gathered links, the faster one; compile time excluded"
    remark = "no package: weights and readout come from the NumPy loop"
    unable: ClassVar[dict[str, str]] = {
        "initialise": "a scan has no initialisation",
        "regressor": "a scan has neither initialisation nor readout",
    }

    def harvester(self, network: Network) -> Any:
        forms = [_harvester(product, W, network) for product, W in _forms(network)]
        chosen: dict[int, Any] = {}  # by the number of dimensions of the inputs

        def harvest(inputs: np.ndarray) -> np.ndarray:
            if inputs.ndim not in chosen:
                chosen[inputs.ndim] = _fastest(forms, inputs[:300])
            return chosen[inputs.ndim](inputs)

        return harvest

    def regressor_of(self, network: Network) -> Any:
        return NumpyLoop().regressor_of(network)

    def fit(self, regressor: Any, X: np.ndarray, y: np.ndarray) -> Any:
        fitted = NumpyLoop().fit(regressor, X, y)
        forms = _forms(fitted["fitted"])
        fitted["loop"] = _fastest([_generator(p, W, fitted) for p, W in forms], 300)
        return fitted

    def generate(self, regressor: Any, n_steps: int) -> np.ndarray:
        return regressor["loop"](n_steps)


def _import_jax() -> Any:
    import jax

    jax.config.update("jax_enable_x64", True)
    return jax


def _forms(network: Network) -> list[tuple[Callable[..., Any], Any]]:
    """Return products with a state and the form of W that each takes."""
    jnp = _import_jax().numpy
    forms: list[tuple[Callable[..., Any], Any]] = [(_dense_product, jnp.asarray(network.dense()))]
    if not network.size.is_dense:
        W = network.W
        shape = (network.size.degree, network.n_units)  # every unit has as many links
        links = W.indices.reshape(shape[::-1]).T, W.data.reshape(shape[::-1]).T
        forms.append((_gathered_product, tuple(jnp.asarray(part) for part in links)))
    return forms


def _dense_product(W: Any, state: Any) -> Any:
    return W @ state


def _gathered_product(links: Any, state: Any) -> Any:
    sources, weights = links
    return (weights * state[sources]).sum(axis=0)


def _next_state(product: Any, network: Network, W: Any, state: Any, drive: Any) -> Any:
    jnp = _import_jax().numpy
    leak = network.size.leak_rate
    return (1 - leak) * state + leak * jnp.tanh(product(W, state) + drive)


def _harvester(product: Any, W: Any, network: Network) -> Any:
    jax = _import_jax()
    W_in = jax.numpy.asarray(network.W_in)

    def scan(W: Any, inputs: Any) -> Any:
        def step(state: Any, drive: Any) -> Any:
            state = _next_state(product, network, W, state, drive)
            return state, state

        drive = inputs @ W_in.T
        return jax.lax.scan(step, jax.numpy.zeros_like(drive[0]), drive)[1]

    single, many = jax.jit(scan), jax.jit(jax.vmap(scan, in_axes=(None, 0)))
    return lambda inputs: np.asarray((single if inputs.ndim == 2 else many)(W, inputs))


def _generator(product: Any, W: Any, fitted: dict[str, Any]) -> Any:
    jax = _import_jax()
    network = fitted["fitted"]
    w_in, coef = network.W_in[:, 0], fitted["coef"][:, 0]

    @partial(jax.jit, static_argnums=2)
    def scan(W: Any, state: Any, n_steps: int) -> Any:
        def step(state: Any, _: Any) -> Any:
            output = state @ coef + fitted["intercept"][0]
            return _next_state(product, network, W, state, w_in * output), output

        return jax.lax.scan(step, state, length=n_steps)[1]

    return lambda n_steps: np.asarray(scan(W, fitted["state"], n_steps))[:, None]


def _fastest(functions: list[Any], argument: Any) -> Any:
    """Return the function that takes the least time on this argument."""
    times = []
    for function in functions:
        function(argument)
        start = perf_counter()
        function(argument)
        times.append(perf_counter() - start)
    return functions[int(np.argmin(times))]
