"""Scores that outlive an interrupt: in memory, and in a file of plain JSON."""

import json
import os
import pickle
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import joblib
import numpy as np
from numpy.typing import NDArray

FORMAT = "reservoir search checkpoint 1"
NOT_PICKLED = (pickle.PicklingError, AttributeError, TypeError)  # what lambdas and locals raise


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Offer a new file that takes the place of ``path`` once it is whole, and never before."""
    path = Path(os.path.realpath(path))  # of a link, what it points to
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with unfinished.open("xb+") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def digest(value: Any) -> str:
    """Return a hash of nested parameters; functions that have no name count as themselves."""
    try:
        return str(joblib.hash(value))
    except NOT_PICKLED:
        return str(joblib.hash(_without_functions(value)))


def _without_functions(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_functions(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_functions(each) for each in value]
    return f"{value!r} {id(value)}" if callable(value) else value


class Checkpoint:
    """Arrays of scores by what they belong to, for one search.

    Parameters
    ----------
    settings : object
        Everything that the scores depend on.
    path : path or None
        The file to begin from, if there is one, and to save to; None keeps all in memory.

    Raises
    ------
    ValueError
        If the file is no checkpoint, is damaged or belongs to another search, or if the settings
        hold a function that another process would not know again.
    """

    def __init__(self, settings: Any, path: Any) -> None:
        self.fingerprint = digest(settings)
        self._path = None if path is None else Path(path)
        self._scores: dict[str, Any] = {}
        if self._path is None:
            return
        try:
            joblib.hash(settings)
        except NOT_PICKLED as error:
            raise ValueError(
                "checkpoint must be None with functions that cannot be pickled among the "
                f"parameters, got {self._path}; define them in a module. ({error})"
            ) from None
        if self._path.exists():
            self._scores = self._read(self._path)

    def get(self, key: Any) -> NDArray[np.float64] | None:
        """Return the scores of a key, or None."""
        found = self._scores.get(digest(key))
        return None if found is None else np.array(found, np.float64)

    def put(self, key: Any, scores: NDArray[np.float64]) -> None:
        """Keep the scores of a key."""
        self._scores[digest(key)] = scores.tolist()

    def save(self) -> None:
        """Replace the file by all scores at once, so that none is ever half written."""
        if self._path is None:
            return
        content = {"format": FORMAT, "fingerprint": self.fingerprint, "scores": self._scores}
        with replacing(self._path) as file:
            file.write(json.dumps(content).encode())

    def _read(self, path: Path) -> dict[str, Any]:
        try:
            content = json.loads(path.read_text())
            known = content["format"] == FORMAT
            fingerprint, scores = content["fingerprint"], dict(content["scores"])
        except (ValueError, KeyError, TypeError):
            known = False
        if not known:
            raise ValueError(
                f"checkpoint must be a file that a search has saved, and {path} is none or is "
                "damaged; delete it or name another."
            )
        if fingerprint != self.fingerprint:
            raise ValueError(
                f"checkpoint {path} belongs to a search over other data, folds, scoring or "
                "another estimator; delete it or name another."
            )
        return scores
