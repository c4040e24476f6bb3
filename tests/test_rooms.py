"""Who may import whom, and what the import of the package costs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ABOVE = {
    "kernels": {"kernels"},
    "sequences": {"sequences"},
    "metrics": {"metrics"},
    "plotting": {"plotting", "metrics"},
    "_spectral": {"_spectral"},
    "weights": {"weights", "_spectral", "kernels"},
    "_statistics": {"_statistics"},
    "readout": {"readout", "_statistics", "kernels"},
    "cells": {"cells", "kernels"},
    "training": {"training", "cells", "kernels", "_interrupt", "_checkpoint"},
    "_interrupt": set(),
    "model_selection": {
        "model_selection",
        "forecasting",
        "plotting",
        "estimators",
        "sequences",
        "kernels",
        "weights",
        "metrics",
        "_checkpoint",
    },
    "_checkpoint": set(),
    "persistence": {"persistence", "_checkpoint"},
    "_times": {"_times", "sequences"},
    "estimators": {
        "estimators",
        "training",
        "cells",
        "kernels",
        "sequences",
        "weights",
        "readout",
        "metrics",
        "_interrupt",
        "_checkpoint",
        "_times",
    },
}
FILES = sorted((ROOT / "reservoir").rglob("*.py"))


def imports_of(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from (
                f"reservoir.{alias.name}" if node.module == "reservoir" else node.module
                for alias in node.names
            )


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_only_the_rooms_below(path):
    room = path.relative_to(ROOT / "reservoir").parts[0].removesuffix(".py")
    rooms = {name.split(".")[1] for name in imports_of(path) if name.startswith("reservoir.")}
    if room in ABOVE:
        assert rooms <= ABOVE[room]
    if not (room.startswith("_cli") or room in ("cli", "__init__")):
        assert "datasets" not in rooms
    foreign = {name.split(".")[0] for name in imports_of(path)} - {"reservoir"}
    if room != "kernels":
        assert "numba" not in foreign
    if room in ("sequences", "weights", "readout", "metrics", "kernels"):
        assert "sklearn" not in foreign


def test_datasets_stand_alone():
    for path in (ROOT / "datasets").rglob("*.py"):
        foreign = {name.split(".")[0] for name in imports_of(path)} - set(sys.stdlib_module_names)
        assert foreign <= {"numpy", "scipy", "pandas"}, path


def test_import_loads_nothing_heavy():
    code = (
        "import sys, reservoir; "
        "print(sorted({'numpy', 'numba', 'sklearn', 'pandas', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_estimators_load_without_numba():
    code = (
        "import sys; from reservoir import ESNRegressor, ReservoirForecaster; "
        "ESNRegressor(); print(sorted({'numba', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_unknown_name_is_an_attribute_error():
    import reservoir

    assert set(reservoir.__all__) <= set(dir(reservoir))
    with pytest.raises(AttributeError, match="no attribute 'ESNRegresor'"):
        reservoir.ESNRegresor  # noqa: B018
