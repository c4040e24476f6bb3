"""The machine and the packages in words, without any name that belongs to one host."""

import os
import platform
from pathlib import Path

from tests.benchmarks.contestants import CONTESTANTS, Contestant, UnableError


def describe() -> list[str]:
    """Return lines for the head of a report."""
    return [
        f"{_processor()}, {os.cpu_count()} cores, {_memory()}, {platform.system()}, "
        f"Python {platform.python_version()}",
        *(f"{one.name} {_version(one)}: {one.how}" for one in CONTESTANTS),
    ]


def _version(contestant: Contestant) -> str:
    try:
        return contestant.version()
    except UnableError as error:
        return f"({error})"


def _processor() -> str:
    """Return the processor's model and family."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    words = dict(line.split(":", 1) for line in lines if ":" in line)
    words = {key.strip(): value.strip() for key, value in words.items()}
    name = words.get("model name", platform.machine())
    family = words.get("cpu family")
    return f"{name} (family {family})" if family else name


def _memory() -> str:
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"
    except (ValueError, OSError, AttributeError):
        return "memory unknown"
