"""Measurements that need a process of their own, and what such a process runs.

``python -m tests.benchmarks._isolated memory rclib '{"n_units": 200, "n_steps": 10000}'`` prints
what it measured as JSON, in its last line.
"""

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from tests.benchmarks._networks import Size, make_network, make_noise, make_series
from tests.benchmarks.contestants import CONTESTANTS, Contestant, UnableError

ROOT = Path(__file__).parents[2]
TIMEOUT = 900.0  # seconds


def measure(
    kind: str, contestant: Contestant, environment: dict[str, str] | None = None, **arguments: Any
) -> dict[str, float]:
    """Run one measurement in a process of its own; raise UnableError if that fails."""
    command = [sys.executable, "-m", "tests.benchmarks._isolated", kind, contestant.name]
    start = perf_counter()
    try:
        done = subprocess.run(
            [*command, json.dumps(arguments)],
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UnableError(f"not done after {TIMEOUT:g} s") from None
    lines = done.stdout.splitlines() + done.stderr.splitlines()
    if done.returncode != 0:
        raise UnableError(lines[-1] if lines else f"its process ended with {done.returncode}")
    answer = json.loads(done.stdout.splitlines()[-1])
    if "unable" in answer:
        raise UnableError(answer["unable"])
    return {**answer, "process_seconds": perf_counter() - start}


def memory(contestant: Contestant, n_units: int, n_steps: int) -> dict[str, float]:
    """Return the peak of a fit above what the process held before, in MB."""
    draw, fit = contestant.method("regressor"), contestant.method("fit")
    size = Size(n_units, 0.1)
    _limit_memory(0.75)
    X, y = make_series(n_steps)
    fit(draw(size, 0), X[:1000], y[:1000])  # compiles, and opens what is opened once
    before = _reset_peak()
    start = perf_counter()
    fit(draw(size, 0), X, y)
    seconds = perf_counter() - start
    return {"megabytes": (_resident("VmHWM") - before) / 1e6, "seconds": seconds}


def first_fit(contestant: Contestant, n_units: int, n_steps: int) -> dict[str, float]:
    """Fit once; what counts is how long the whole process takes."""
    X, y = make_series(n_steps)
    draw, fit = contestant.method("regressor"), contestant.method("fit")
    fit(draw(Size(n_units, 10 / n_units), 0), X, y)
    return {}


def harvest(
    contestant: Contestant, n_units: int, connectivity: float, n_steps: int
) -> dict[str, float]:
    """Return the median time of three harvests, in seconds."""
    inputs = make_noise((n_steps, 1))
    run = contestant.method("harvester")(make_network(Size(n_units, connectivity)))
    run(inputs)
    times = []
    for _ in range(3):
        start = perf_counter()
        run(inputs)
        times.append(perf_counter() - start)
    return {"seconds": float(np.median(times))}


def _limit_memory(share: float) -> None:
    """Let what needs more than this share of the machine's memory fail, and not the machine."""
    import resource  # not on every system

    limit = int(share * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _reset_peak() -> int:
    """Let the peak begin anew at what is held now, and return that in bytes."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
        return _resident("VmRSS")
    except OSError:
        raise UnableError("peak memory is read from /proc, which is missing here") from None


def _resident(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(field)).split()[1])


KINDS = {"memory": memory, "first_fit": first_fit, "harvest": harvest}


def main(kind: str, name: str, arguments: str) -> None:
    warnings.simplefilter("ignore")
    contestant = next(one for one in CONTESTANTS if one.name == name)
    try:
        answer = KINDS[kind](contestant, **json.loads(arguments))
    except Exception as error:  # a reason for the report, not a traceback
        answer = {"unable": str(error) or type(error).__name__}
    print(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
