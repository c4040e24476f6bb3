"""Continuous reservoirs by the pair of Dormand and Prince: steps as long as an error allows.

Orders 5 and 4, with a polynomial of order 4 in each step for what lies within it. Each interval
begins anew, since the input jumps there, with a first step as of Hairer, Nørsett and Wanner,
"Solving ordinary differential equations I", section II.4; the error of a step is the root of the
mean of ``(error / (atol + rtol max(|x before|, |x after|)))²`` over the units, and at most 1.
"""

import numpy as np
from numpy.typing import NDArray

from reservoir.kernels._flow import Floats, FlowNetwork, Pair, drives, write_slopes
from reservoir.kernels._jit import EXACT, jit
from reservoir.kernels._lockstep import drive_of

# Dormand, J. R. and Prince, P. J. (1980). A family of embedded Runge-Kutta formulae. Journal of
# Computational and Applied Mathematics 6, 19-26, table 2.
A = np.array(
    [
        [0, 0, 0, 0, 0, 0],
        [1 / 5, 0, 0, 0, 0, 0],
        [3 / 40, 9 / 40, 0, 0, 0, 0],
        [44 / 45, -56 / 15, 32 / 9, 0, 0, 0],
        [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729, 0, 0],
        [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656, 0],
        [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
    ]
)
NODE = np.array([0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1])
ERROR = np.array([-71 / 57600, 0, 71 / 16695, -71 / 1920, 17253 / 339200, -22 / 525, 1 / 40])
# Shampine, L. F. (1986). Some practical Runge-Kutta formulas. Mathematics of Computation 46,
# 135-150: the weights of the slopes at a share s of a step, of s to s⁴.
DENSE = np.array(
    [
        [1, -8048581381 / 2820520608, 8663915743 / 2820520608, -12715105075 / 11282082432],
        [0, 0, 0, 0],
        [0, 131558114200 / 32700410799, -68118460800 / 10900136933, 87487479700 / 32700410799],
        [0, -1754552775 / 470086768, 14199869525 / 1410260304, -10690763975 / 1880347072],
        [0, 127303824393 / 49829197408, -318862633887 / 49829197408, 701980252875 / 199316789632],
        [0, -282668133 / 205662961, 2019193451 / 616988883, -1453857185 / 822651844],
        [0, 40617522 / 29380423, -110615467 / 29380423, 69997945 / 29380423],
    ]
)
SAFETY, SMALLEST, LARGEST = 0.9, 0.2, 10.0  # factors of the next step
MOST_STEPS = 1_000_000  # in one interval
DONE, STUCK = 0, 1


def harvest_adaptive(
    network: FlowNetwork, inputs: Floats, state: Floats, rtol: float, atol: float
) -> tuple[Floats, int]:
    """Run over rows of inputs, as `harvest_flow` does.

    Returns
    -------
    states : ndarray of shape (n_rows, n_units)
    stopped : int
        The row where no step was short enough, or -1; later states mean nothing.
    """
    drive, change, interval = drives(network, inputs)
    states = np.empty_like(drive)
    x = state.astype(network.dtype)
    stopped = _run_rows(network.alone, network.rule, drive, change, interval, x, rtol, atol, states)
    return states, int(stopped)


def solve(
    network: FlowNetwork,
    inputs: Floats,
    state: Floats,
    moments: NDArray[np.float64],
    rtol: float,
    atol: float,
) -> tuple[Floats, bool]:
    """Run under one row of inputs (n_inputs,), held; return the states at increasing moments > 0.

    Steps pass the moments by; what lies within them comes from their polynomials.
    """
    drive = drive_of(network, np.atleast_2d(inputs))
    nothing = np.empty(0, network.dtype)
    states = np.empty((len(moments), network.n_units), network.dtype)
    x = state.astype(network.dtype)
    status = _solve(
        network.alone, network.rule, drive[0], nothing, float(moments[-1]), x, rtol,
        atol, moments.astype(np.float64), states,
    )  # fmt: skip
    return states, status == DONE


@jit
def _run_rows(weights, rule, drive, change, interval, x, rtol, atol, states):  # type: ignore[no-untyped-def]
    nothing = drive[0, :0]
    for t in range(drive.shape[0]):
        now, changing = drive[t], change[t] if change.shape[0] > 0 else nothing
        end = np.float64(interval[t])
        moments = np.full(1, end)
        if end == 0:
            for i in range(x.shape[0]):
                states[t, i] = x[i]
        elif _solve(weights, rule, now, changing, end, x, rtol, atol, moments, states[t : t + 1]):
            return t
    return -1


@jit(fastmath=EXACT)
def _solve(weights, rule, drive, change, end, x, rtol, atol, moments, states):  # type: ignore[no-untyped-def]
    """Take x to the end of an interval, in place, and write the states at moments in it."""
    n = x.shape[0]
    slopes = np.zeros((7, n), x.dtype)
    argument, new = np.zeros_like(x), np.zeros_like(x)
    active, target = _pair(np.zeros_like(x)), _pair(np.zeros_like(x))
    x_pair, argument_pair, new_pair = _pair(x), _pair(argument), _pair(new)
    rate, offset = rule.pace, rule.offset
    where = np.zeros(1, x.dtype)
    write_slopes(
        weights, rule, offset, x_pair, drive, change, where, rate, active, target, slopes[0]
    )
    size = _norm(x, x, x, rtol, atol)
    pace = _norm(slopes[0], x, x, rtol, atol)
    h = 1e-6 if size < 1e-5 or pace < 1e-5 else 0.01 * size / pace
    h = min(h, end)
    for i in range(n):
        argument[i] = x[i] + h * slopes[0, i]
    where[0] = h / end
    write_slopes(
        weights, rule, offset, argument_pair, drive, change, where, rate, active, target, slopes[1]
    )
    for i in range(n):
        argument[i] = slopes[1, i] - slopes[0, i]
    bend = max(pace, _norm(argument, x, x, rtol, atol) / h)
    h = min(100 * h, max(1e-6, h * 1e-3) if bend <= 1e-15 else (0.01 / bend) ** 0.2, end)
    t, moment, largest = 0.0, 0, LARGEST
    for _ in range(MOST_STEPS):
        if h < 10 * (np.nextafter(t, np.inf) - t):
            return STUCK
        h = min(h, end - t)
        for stage in range(1, 7):
            out = new if stage == 6 else argument
            for i in range(n):
                total = x[i] * 0
                for j in range(stage):
                    total += A[stage, j] * slopes[j, i]
                out[i] = x[i] + h * total
            where[0] = (t + NODE[stage] * h) / end
            write_slopes(
                weights, rule, offset, new_pair if stage == 6 else argument_pair, drive, change,
                where, rate, active, target, slopes[stage],
            )  # fmt: skip
        for i in range(n):
            total = x[i] * 0
            for j in range(7):
                total += ERROR[j] * slopes[j, i]
            argument[i] = h * total
        error = _norm(argument, x, new, rtol, atol)
        if not error < 1:  # not finite: a shorter step
            h *= max(SMALLEST, SAFETY * error**-0.2) if error < np.inf else SMALLEST
            largest = 1.0
            continue
        last = t + h >= end
        while moment < moments.shape[0] and (moments[moment] <= t + h or last):
            s = (moments[moment] - t) / h
            for i in range(n):
                if s >= 1:
                    states[moment, i] = new[i]
                else:
                    total = x[i] * 0
                    for j in range(7):
                        weight = DENSE[j, 3]
                        for power in range(2, -1, -1):
                            weight = weight * s + DENSE[j, power]
                        total += weight * s * slopes[j, i]
                    states[moment, i] = x[i] + h * total
            moment += 1
        for i in range(n):
            x[i] = new[i]
            slopes[0, i] = slopes[6, i]
        if last:
            return DONE
        t += h
        h *= min(largest, SAFETY * error**-0.2) if error > 0 else largest
        largest = LARGEST
    return STUCK


@jit
def _pair(x):  # type: ignore[no-untyped-def]
    return Pair(x.reshape(x.shape[0], 1), x)


@jit(fastmath=EXACT)
def _norm(x, before, after, rtol, atol):  # type: ignore[no-untyped-def]
    total = 0.0
    for i in range(x.shape[0]):
        scale = atol + rtol * max(abs(before[i]), abs(after[i]))
        total += (x[i] / scale) ** 2
    return np.sqrt(total / x.shape[0])
