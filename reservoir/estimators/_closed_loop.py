"""A network that is fed its own output: as feedback, or as its next input.

With one layer and the own, linear readout a compiled loop runs; any other readout is asked
step by step. Both compute the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import check_array

from reservoir.estimators._reservoir import Floats, Reservoir
from reservoir.sequences import Layout

Read = Callable[[Floats], Floats]

BLOCK_ROWS = 1024  # whose drive is computed at once
REMEDY = "raise alpha or noise, lower spectral_radius, or use a bounded activation such as 'tanh'"


@dataclass(frozen=True)
class Linear:
    """A linear readout: y = coef features + intercept."""

    coef: Floats  # (n_outputs, n_features)
    intercept: Floats  # (n_outputs,)


@dataclass(frozen=True)
class Readout:
    """What a closed loop knows of a readout.

    Attributes
    ----------
    read : callable
        Features (n_rows, n_features) in, outputs (n_rows, n_outputs) out.
    linear : Linear or None
        The same as numbers, where it is linear.
    """

    read: Read
    linear: Linear | None = None


def run_with_feedback(
    reservoir: Reservoir, readout: Readout, inputs: Floats, layout: Layout, states: Floats
) -> Floats:
    """Run over stacked sequences, the output fed back into the reservoir.

    Parameters
    ----------
    inputs : ndarray of shape (n_rows, n_inputs)
    states : ndarray of shape (n_sequences, n_state)
        Where each sequence begins, its last output included; holds where it ended afterwards.

    Returns
    -------
    ndarray of shape (n_rows, n_outputs)

    Raises
    ------
    FloatingPointError
        If an output leaves the finite numbers.
    """
    outputs = np.empty((layout.n_rows, reservoir.n_feedback))
    for sequence, part in enumerate(layout):
        state = states[sequence]
        if readout.linear is not None and len(reservoir.layers) == 1:
            for start in range(part.start, part.stop, BLOCK_ROWS):
                rows = slice(start, min(part.stop, start + BLOCK_ROWS))
                outputs[rows] = _compiled_feedback(reservoir, readout.linear, inputs[rows], state)
        else:
            for t in range(part.start, part.stop):
                features, state[:] = reservoir.step(inputs[t : t + 1], state)
                outputs[t] = readout.read(features)[0]
                if not np.isfinite(outputs[t]).all():
                    break
                state[reservoir.n_units :] = outputs[t]
        check_closed_loop(outputs[part], REMEDY)
    return outputs


def generate_from_input(
    reservoir: Reservoir, readout: Readout, state: Floats, output: Floats, future: Floats
) -> Floats:
    """Continue a series whose next value is the output: each output is the next input.

    Parameters
    ----------
    state : ndarray of shape (n_state,)
        After the last known input.
    output : ndarray of shape (n_outputs,)
        Read out from that state: the first value to come.
    future : ndarray of shape (n_steps - 1, n_inputs - n_outputs)
        The inputs that follow the series' own columns, for each later step.

    Returns
    -------
    ndarray of shape (n_steps, n_outputs)

    Raises
    ------
    FloatingPointError
        If an output leaves the finite numbers.
    """
    if readout.linear is not None and len(reservoir.layers) == 1:
        later = _compiled_input(reservoir, readout.linear, state, output, future)
        outputs = np.vstack([output, later])
    else:
        outputs = np.empty((len(future) + 1, len(output)))
        outputs[0] = output
        for t, known in enumerate(future, start=1):
            inputs = np.concatenate([outputs[t - 1], known])[None].astype(reservoir.dtype)
            features, state = reservoir.step(inputs, state)
            outputs[t] = readout.read(features)[0]
            if not np.isfinite(outputs[t]).all():
                break
    check_closed_loop(outputs, REMEDY)
    return outputs


def _compiled_feedback(
    reservoir: Reservoir, linear: Linear, inputs: Floats, state: Floats
) -> Floats:
    layer, n, k = reservoir.layers[0], reservoir.n_units, reservoir.n_feedback
    assert layer.feedback_weights is not None
    offset = np.broadcast_to(linear.intercept, (len(inputs), k))
    if reservoir.include_input:
        offset = offset + inputs @ linear.coef[:, n:].T
    outputs, state[:n] = _run(
        reservoir,
        layer.drive(inputs),
        state[:n],
        state[n:],
        layer.feedback_weights.T,
        linear.coef[:, :n],
        np.zeros((k, k)),
        offset,
    )
    state[n:] = outputs[-1]
    return outputs


def _compiled_input(
    reservoir: Reservoir, linear: Linear, state: Floats, output: Floats, future: Floats
) -> Floats:
    layer, n, k = reservoir.layers[0], reservoir.n_units, len(output)
    offset = np.broadcast_to(linear.intercept, (len(future), k))
    direct: Floats = np.zeros((k, k))
    n_rows = len(future) if future.shape[1] else min(len(future), 1)  # the drive of all steps
    if reservoir.include_input:
        direct = linear.coef[:, n : n + k]
        offset = offset + future @ linear.coef[:, n + k :].T
    outputs, _ = _run(
        reservoir,
        layer.drive(np.hstack([np.zeros((n_rows, k)), future[:n_rows]])),
        state[:n],
        output,
        layer.input_weights[:, :k].T,
        linear.coef[:, :n],
        direct,
        offset,
    )
    return outputs


def _run(
    reservoir: Reservoir,
    drive: Floats,
    state: Floats,
    output: Floats,
    feedback_weights: Floats,
    state_weights: Floats,
    direct_weights: Floats,
    offset: Floats,
) -> tuple[Floats, Floats]:
    from reservoir.kernels._harvest import LinearLoop, run_closed_loop

    layer = reservoir.layers[0]
    loop = (feedback_weights, state_weights, direct_weights, offset)
    return run_closed_loop(
        layer.kernel_weights,
        _for_kernel(drive, reservoir),
        _for_kernel(state, reservoir),
        _for_kernel(output, reservoir),
        layer.leak_rate,
        layer.activation,
        LinearLoop(*(_for_kernel(part, reservoir) for part in loop)),
    )


def _for_kernel(values: Floats, reservoir: Reservoir) -> Floats:
    return np.require(values, reservoir.dtype, ["C", "W"])


def check_generate(n_steps: Any, n_outputs: int, n_features: int | None) -> None:
    """Raise ValueError if so many steps cannot be generated.

    `n_features` are those that the outputs must be among; None where they are fed back otherwise.
    """
    if isinstance(n_steps, bool) or not isinstance(n_steps, Integral) or n_steps < 1:
        raise ValueError(f"n_steps must be a positive integer, got {n_steps!r}.")
    if n_features is not None and n_outputs > n_features:
        raise ValueError(
            f"generate needs the outputs among the inputs, got {n_outputs} output(s) for "
            f"{n_features} feature(s); fit to the next row of X."
        )


def check_context(layout: Layout) -> None:
    """Raise ValueError if a context is not one sequence."""
    if layout.n_sequences > 1:
        raise ValueError(
            f"context must be one sequence of shape (n_rows, n_features), got "
            f"{layout.n_sequences} sequences; generate from one at a time."
        )


def check_closed_loop(outputs: Floats, remedy: str) -> None:
    """Raise FloatingPointError if outputs (n_steps, n_outputs) left the finite numbers."""
    finite = np.isfinite(outputs).all(axis=1)
    if not finite.all():
        raise FloatingPointError(
            f"The closed loop diverged: the output left the finite numbers at step "
            f"{int(np.argmin(finite)) + 1} of {len(outputs)}; {remedy}."
        )


def future_rows(
    X_future: Any, n_steps: int, n_columns: int, names: list[str], dtype: Any
) -> Floats:
    """Return what is known of the inputs of steps to come, (n_steps, n_columns).

    Parameters
    ----------
    X_future : array-like or None
    names : list of str
        What the columns of a DataFrame must be called; empty for any names.
    """
    if X_future is None:
        if n_columns:
            raise ValueError(
                f"X_future must hold the {n_columns} input column(s) of each step to come, got "
                "None."
            )
        return np.empty((n_steps, 0), dtype)
    if names and hasattr(X_future, "columns") and list(X_future.columns) != names:
        raise ValueError(
            f"X_future must have the columns {names} in this order, got {list(X_future.columns)}."
        )
    future = check_array(X_future, dtype=np.dtype(dtype), input_name="X_future")
    if future.shape != (n_steps, n_columns):
        raise ValueError(
            f"X_future must have shape (n_steps, n_columns) = ({n_steps}, {n_columns}), got "
            f"{future.shape}."
        )
    return future
