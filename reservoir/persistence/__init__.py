"""Estimators in files, without pickle: `save` and `load`.

A file holds arrays and JSON, no code. Only a closed set of types comes back from it: Python's plain
values and containers, NumPy arrays and random generators, SciPy's sparse matrices and frozen
distributions, pandas indexes and tables, and estimators of this package and of scikit-learn with
what they are made of.
"""

import os
import warnings
from pathlib import Path
from typing import Any

import sklearn
from sklearn.base import BaseEstimator
from sklearn.exceptions import InconsistentVersionWarning

import reservoir
from reservoir.persistence._file import Content, FileError, read, write
from reservoir.persistence._graph import Packer, Unpacker
from reservoir.persistence._names import describe

__all__ = ["load", "save"]

AnyPath = str | os.PathLike[str]


def save(estimator: Any, path: AnyPath) -> None:
    """Save an estimator, fitted or not, to a file that `load` brings back without pickle.

    All that it holds comes back, to the last bit: predictions are the same, and ``partial_fit``
    or a warm start go on with the same numbers. The file appears whole or not at all; an older
    one of that name stays until then.

    Parameters
    ----------
    estimator : estimator
        Of this package; or of scikit-learn, such as a `Pipeline` or a `GridSearchCV` around one.
    path : path
        The file, with any suffix or none.

    Raises
    ------
    TypeError
        If ``estimator`` is none.
    ValueError
        If the estimator holds what cannot be saved without pickle: functions and cells of your
        own, and those estimators of scikit-learn that are compiled inside, such as trees. The
        message says where it is. Or if the folder does not exist.

    See Also
    --------
    load : The way back.

    Notes
    -----
    The file is a zip archive, ``manifest.json`` with arrays in NumPy's own format beside it, and
    ends in the SHA-256 digest of all that comes before. As with pickle, arrays that share memory
    come back as copies.

    Examples
    --------
    >>> import os, tempfile
    >>> from reservoir import ESNRegressor
    >>> from reservoir.datasets import make_narma
    >>> from reservoir.persistence import load, save
    >>> X, y = make_narma(300, random_state=0)
    >>> esn = ESNRegressor(n_units=20, random_state=0).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "narma.esn")
    ...     save(esn, path)
    ...     again = load(path)
    >>> bool((again.predict(X) == esn.predict(X)).all())
    True
    """
    if isinstance(estimator, type) or not isinstance(estimator, BaseEstimator):
        raise TypeError(
            "estimator must be an estimator of this package or of scikit-learn, got "
            f"{describe(estimator)}; pass an instance."
        )
    path = Path(path)
    if not path.absolute().parent.is_dir():
        raise ValueError(
            f"path must be in a folder that exists, got {path}; make the folder first."
        )
    packer, name = Packer(), type(estimator).__name__
    try:
        root = packer.pack(estimator, name)
    except RecursionError:
        raise ValueError(
            f"{name} holds containers that are nested too deeply to be saved; make them flatter."
        ) from None
    versions = {"reservoir": reservoir.__version__, "scikit-learn": sklearn.__version__}
    write(path, Content(versions, root, packer.nodes, packer.arrays))


def load(path: AnyPath) -> Any:
    """Return the estimator that `save` has written to a file.

    Parameters
    ----------
    path : path

    Returns
    -------
    estimator

    Warns
    -----
    UserWarning
        If the file was written by another version of this package or, with estimators of
        scikit-learn inside, by another version of that.

    Raises
    ------
    ValueError
        If the file is not one that `save` has written, is cut short or changed, is of a newer
        format, or holds what this version does not know.

    See Also
    --------
    save : What can be saved, and an example.

    Notes
    -----
    No code in the file is run, and it can name nothing but the classes of this package, those of
    scikit-learn's estimators, metrics and NumPy's elementwise functions. The digest finds damage,
    not malice: whoever can write the file chooses the numbers, and parameters such as
    ``checkpoint``, which names a file that `fit` writes to. Look at those of a stranger's
    estimator before fitting it.
    """
    versions, root, nodes, arrays = read(Path(path))
    unpacker = Unpacker(nodes, arrays)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InconsistentVersionWarning)  # said once, below
        try:
            estimator = unpacker.unpack(root)
            if not isinstance(estimator, BaseEstimator):
                raise FileError(f"holds no estimator but {describe(estimator)}")
        except MemoryError:
            raise
        except FileError as error:
            raise ValueError(f"{path} {error}; {_way_out(versions)}.") from None
        except Exception as error:  # whatever parts that do not fit make their builders raise
            raise ValueError(
                f"{path} holds parts that do not fit together ({type(error).__name__}); "
                f"{_way_out(versions)}."
            ) from error
    for note in _notes(versions, unpacker.knows_sklearn):
        warnings.warn(f"{path} {note}", UserWarning, stacklevel=2)
    return estimator


def _way_out(versions: dict[str, str]) -> str:
    """Return what to do where the parts of a file are not known here."""
    if versions["reservoir"] == reservoir.__version__:
        return "save the estimator anew"
    return f"load it with reservoir {versions['reservoir']}, which has written it"


def _notes(versions: dict[str, str], knows_sklearn: bool) -> list[str]:
    """Return what to say of other versions."""
    here = {"reservoir": reservoir.__version__}
    if knows_sklearn:
        here["scikit-learn"] = sklearn.__version__
    return [
        f"was written with {package} {versions[package]}, and this is {version}: the estimator "
        "may not work as it did; fit and save it anew where you can."
        for package, version in here.items()
        if versions[package] != version
    ]
