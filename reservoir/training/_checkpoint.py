"""A course of training in a file: plain arrays and JSON, no code."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from reservoir._checkpoint import replacing
from reservoir.training._trainer import Course

FORMAT = "reservoir training checkpoint 1"
NUMBERS = ("n_iter", "rate_factor", "n_unimproved", "best_loss", "best_score", "finished")


def save_course(path: Path, course: Course, fingerprint: str) -> None:
    """Replace the file by the course at once, so that it is never half written."""
    arrays: dict[str, Any] = {
        "vector": course.vector,
        "loss_curve": course.loss_curve,
        "scores": course.scores,
    }
    if course.best_vector is not None:
        arrays["best_vector"] = course.best_vector
    arrays |= {f"moment_{name}": moment for name, moment in course.optimiser.moments.items()}
    header = {
        "format": FORMAT,
        "fingerprint": fingerprint,
        "rng": course.rng.bit_generator.state,
        "n_updates": course.optimiser.n_updates,
        **{name: getattr(course, name) for name in NUMBERS},
    }
    with replacing(path) as file:
        np.savez(file, **{"header": np.array(json.dumps(header)), **arrays})


def load_course(path: Path, course: Course, fingerprint: str, max_iter: int) -> None:
    """Bring a course to where the one in a file was.

    Raises
    ------
    ValueError
        If the file is no checkpoint, is damaged, belongs to another training, or has more than
        ``max_iter`` epochs behind it.
    """
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            header: dict[str, Any] = json.loads(str(file["header"]))
            arrays = {name: file[name] for name in file.files if name != "header"}
        known = header["format"] == FORMAT
        same = header["fingerprint"] == fingerprint
    except Exception:  # whatever a damaged archive makes zipfile, NumPy or JSON raise
        known = same = False
    if known and not same:
        raise ValueError(
            f"checkpoint {path} belongs to a training on other data or with other parameters; "
            "delete it or name another."
        )
    if not known or arrays["vector"].shape != course.vector.shape:
        raise ValueError(
            f"checkpoint must be a file that a training of this network has saved, and {path} is "
            "none or is damaged; delete it or name another."
        )
    if header["n_iter"] > max_iter:
        raise ValueError(
            f"max_iter must be at least the {header['n_iter']} epochs that checkpoint {path} has "
            f"behind it, got {max_iter}; raise it, or name another file."
        )
    course.vector[:] = arrays["vector"]
    course.best_vector = arrays.get("best_vector")
    course.loss_curve, course.scores = (arrays[name].tolist() for name in ("loss_curve", "scores"))
    course.optimiser.n_updates = header["n_updates"]
    course.optimiser.moments = {
        name.removeprefix("moment_"): values.copy()
        for name, values in arrays.items()
        if name.startswith("moment_")
    }
    course.rng.bit_generator.state = header["rng"]
    for name in NUMBERS:
        setattr(course, name, header[name])
