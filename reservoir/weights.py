"""Recurrent and input matrices: topologies, spectral scaling, and any matrix of one's own.

Every matrix is float64. In a recurrent matrix ``W[i, j]`` is the link from unit j to unit i, so a
row holds what one unit hears.
"""

from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, TypeAlias

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from reservoir._spectral import irreducible_radius

__all__ = [
    "INPUT_KINDS",
    "TOPOLOGIES",
    "cycle",
    "cycle_jumps",
    "delay_line",
    "input_weights",
    "recurrent_weights",
    "small_world",
    "spectral_radius",
]

Matrix: TypeAlias = np.ndarray | sparse.csr_array
RandomState: TypeAlias = int | np.random.Generator | np.random.RandomState | None

RADIUS_DIGITS = 10  # that a matrix is scaled by

# The same integer seed must not give W and W_in the same numbers.
_RECURRENT, _INPUT = 1, 2


def recurrent_weights(
    n_units: int,
    *,
    topology: Any = "random",
    connectivity: float = 10,
    spectral_radius: float | None = 0.9,
    random_state: RandomState = None,
) -> Matrix:
    """Make the recurrent matrix W of a reservoir.

    Parameters
    ----------
    n_units : int
        Number of units.
    topology : str, matrix or callable, default="random"
        A matrix of shape (n_units, n_units), dense or scipy sparse, is copied and used exactly as
        it is, never rescaled. A callable ``(n_units, rng) -> matrix`` gets a
        `numpy.random.Generator`; what it returns is scaled. A name is one of

        - ``"random"``: links drawn at random, weights uniform in [-1, 1];
        - ``"dense"``: all links, weights normal with variance 1/n_units;
        - ``"cycle"``, ``"cycle_jumps"``, ``"delay_line"``, ``"small_world"``: see the functions
          `cycle`, `cycle_jumps`, `delay_line` and `small_world`, whose defaults are used;
        - ``"orthogonal"``: orthogonal, uniform in Haar's measure (Mezzadri 2007).
    connectivity : int or float, default=10
        Of ``"random"``: an int is the exact number of links into each unit (all of them where
        there are fewer units); a float in (0, 1] is the share of all n_units² links, spread over
        the units as evenly as possible. Of ``"small_world"``: the number of ring neighbours that
        each unit hears, or their share of n_units. The other topologies do not use it.
    spectral_radius : float or None, default=0.9
        What a generated matrix is scaled to; None leaves it alone. The radius it is scaled from
        is rounded to 10 digits, so that the matrix does not depend on the number of threads.
    random_state : int, Generator, RandomState or None, default=None
        The same int gives the same matrix up to the scale, whatever the spectral radius, and the
        spectral radius before scaling is then computed once per process, not once per call.

    Returns
    -------
    ndarray or csr_array of shape (n_units, n_units), float64
        Dense for ``"dense"``, ``"orthogonal"``, dense matrices and ``"random"`` with all links;
        else sparse with sorted indices and no stored zeros.

    Raises
    ------
    ValueError
        If an argument is out of its range, a matrix is not square, real and finite, or a matrix
        whose spectral radius is 0, like the delay line, is to be scaled.

    References
    ----------
    H. Jaeger, GMD Report 148 (2001); F. Mezzadri, Notices of the AMS 54 (2007), section 5.

    Examples
    --------
    >>> from reservoir.weights import recurrent_weights, spectral_radius
    >>> W = recurrent_weights(100, connectivity=5, spectral_radius=0.8, random_state=0)
    >>> W.nnz, round(spectral_radius(W), 8)
    (500, 0.8)
    """
    n_units = _positive_int(n_units, "n_units")
    connectivity = _checked_connectivity(connectivity)
    if spectral_radius is not None and not (
        isinstance(spectral_radius, Real) and 0 <= spectral_radius < np.inf
    ):
        raise ValueError(
            f"spectral_radius must be None or a finite number >= 0, got {spectral_radius!r}"
        )
    rng = _generator(random_state, _RECURRENT)
    shape = (n_units, n_units)
    radius = None  # not known before it is computed
    if isinstance(topology, str):
        if topology not in TOPOLOGIES:
            raise ValueError(
                f"topology must be one of {', '.join(TOPOLOGIES)}, a matrix or a callable, "
                f"got {topology!r}"
            )
        W = _GENERATE[topology](n_units, connectivity, rng)
        if topology in _CLOSED_FORM_RADIUS:
            radius = _CLOSED_FORM_RADIUS[topology]
        elif spectral_radius is not None and isinstance(random_state, Integral):
            drawn_from = (topology, n_units, type(connectivity), connectivity, int(random_state))
            radius = _remembered_radius(W, drawn_from)
    elif callable(topology):
        W = _own_matrix(topology(n_units, rng), shape, "the matrix returned by topology")
    else:
        return _own_matrix(topology, shape, "the matrix passed as topology")
    return W if spectral_radius is None else _scaled(W, spectral_radius, radius)


def input_weights(
    n_units: int,
    n_features: int,
    *,
    kind: Any = "uniform",
    scaling: Any = 1.0,
    random_state: RandomState = None,
) -> np.ndarray:
    """Make the input matrix W_in of a reservoir.

    Parameters
    ----------
    n_units, n_features : int
        Shape of the matrix.
    kind : str or matrix, default="uniform"
        A matrix of shape (n_units, n_features), dense or scipy sparse, is copied and used exactly
        as it is: `scaling` is not applied to it. A name is one of ``"uniform"`` (in [-1, 1]),
        ``"normal"`` (variance 1), ``"bernoulli"`` (-1 or 1) and ``"sparse"`` (each unit hears one
        feature, the features are dealt out evenly, weights uniform in [-1, 1]).
    scaling : float or array of shape (n_features,), default=1.0
        Factor of the whole matrix, or of each column. The draw does not depend on it.
    random_state : int, Generator, RandomState or None, default=None
        An int gives the same matrix each time. It may be the one given to `recurrent_weights`:
        the two draw from different streams.

    Returns
    -------
    ndarray of shape (n_units, n_features), float64

    Raises
    ------
    ValueError
        If an argument is out of its range or a matrix is not of that shape, real and finite.

    Examples
    --------
    >>> from reservoir.weights import input_weights
    >>> abs(input_weights(3, 2, kind="bernoulli", scaling=[0.5, 2.0], random_state=0))
    array([[0.5, 2. ],
           [0.5, 2. ],
           [0.5, 2. ]])
    """
    n_units = _positive_int(n_units, "n_units")
    shape = (n_units, _positive_int(n_features, "n_features"))
    rng = _generator(random_state, _INPUT)
    if not isinstance(kind, str):
        own = _own_matrix(kind, shape, "the matrix of input weights")
        return own if isinstance(own, np.ndarray) else own.toarray()
    if kind not in INPUT_KINDS:
        raise ValueError(
            f"the kind of input weights must be one of {', '.join(INPUT_KINDS)} or a matrix, "
            f"got {kind!r}"
        )
    return _DRAW_INPUT[kind](shape, rng) * checked_scaling(scaling, shape[1])


def spectral_radius(W: Any) -> float:
    """Return the largest modulus of the eigenvalues of a square matrix.

    The eigenvalues of a matrix are those of its irreducible diagonal blocks, the strongly
    connected components of its graph. A unit in no loop contributes exactly 0, so a matrix without
    loops (nilpotent, where an eigensolver returns about eps^(1/n)) has radius exactly 0.0. A block
    of up to 400 units, or with more than 10 % of its links, is solved by dense eigenvalues; a
    larger one by ARPACK, from a fixed start and for six eigenvalues, because one alone may miss
    or not converge on a complex leading pair; a larger one with positive weights and at most three
    links per unit, such as a ring, where all eigenvalues have nearly the same modulus and ARPACK
    fails, by Noda's iteration. What does not converge is solved by dense eigenvalues.

    Parameters
    ----------
    W : array-like or scipy sparse of shape (n, n)
        Real and finite, or it is refused with a ValueError.

    Returns
    -------
    float

    References
    ----------
    T. Noda, Numerische Mathematik 17 (1971): inverse iteration for non-negative matrices.

    Examples
    --------
    >>> from reservoir.weights import delay_line, spectral_radius
    >>> round(spectral_radius([[0.0, -2.0], [2.0, 0.0]]), 8)  # eigenvalues +-2i
    2.0
    >>> spectral_radius(delay_line(50))
    0.0
    """
    shape = np.shape(W)
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] == 0:
        raise ValueError(f"W must be a square matrix, got shape {shape}")
    links = _canonical_csr(_own_matrix(W, shape, "W"))
    n_blocks, block_of = connected_components(links, connection="strong")
    size = np.bincount(block_of, minlength=n_blocks)
    radius = np.max(np.abs(links.diagonal()), where=size[block_of] == 1, initial=0.0)
    for block in np.flatnonzero(size > 1):
        units = np.flatnonzero(block_of == block)
        radius = max(radius, irreducible_radius(links[units][:, units]))
    return float(radius)


def cycle(n_units: int, weight: float = 1.0) -> sparse.csr_array:
    """Return a simple cycle: each unit hears the one before it, the first hears the last.

    Its spectral radius is ``abs(weight)``, the weight of every link. Rodan and Tino, *Minimum
    complexity echo state network*, IEEE Trans. Neural Networks 22 (2011), section III.

    Returns
    -------
    csr_array of shape (n_units, n_units), float64

    Examples
    --------
    >>> from reservoir.weights import cycle
    >>> cycle(3, 0.5).toarray()
    array([[0. , 0. , 0.5],
           [0.5, 0. , 0. ],
           [0. , 0.5, 0. ]])
    """
    units = np.arange(_positive_int(n_units, "n_units"))
    return _from_links(n_units, units, np.roll(units, 1), np.full(n_units, weight))


def delay_line(n_units: int, weight: float = 1.0) -> sparse.csr_array:
    """Return a delay line: a cycle whose first unit hears no other, so its spectral radius is 0.

    The weight is that of every link. Rodan and Tino (2011), section III, as for `cycle`.

    Returns
    -------
    csr_array of shape (n_units, n_units), float64

    Examples
    --------
    >>> from reservoir.weights import delay_line
    >>> delay_line(3, 0.5).toarray()
    array([[0. , 0. , 0. ],
           [0.5, 0. , 0. ],
           [0. , 0.5, 0. ]])
    """
    later = np.arange(1, _positive_int(n_units, "n_units"))
    return _from_links(n_units, later, later - 1, np.full(len(later), weight))


def cycle_jumps(
    n_units: int, weight: float = 1.0, jump_weight: float = 0.5, jump_size: int | None = None
) -> sparse.csr_array:
    """Return a cycle with jumps: shortcuts both ways between every `jump_size`-th unit.

    Rodan and Tino, *Simple deterministically constructed cycle reservoirs with regular jumps*,
    Neural Computation 24 (2012), section 2. When `jump_size` does not divide `n_units`, the jump
    that would pass the first unit is left out.

    Parameters
    ----------
    n_units : int
        Number of units, at least 4.
    weight, jump_weight : float, default=1.0, 0.5
        Weights of the cycle's links and of the jumps.
    jump_size : int or None, default=None
        From 2 to n_units/2; None is the square root of n_units, rounded.

    Returns
    -------
    csr_array of shape (n_units, n_units), float64

    Examples
    --------
    >>> from reservoir.weights import cycle_jumps
    >>> cycle_jumps(5, 0.5, 0.2, jump_size=2).toarray()
    array([[0. , 0. , 0.2, 0. , 0.5],
           [0.5, 0. , 0. , 0. , 0. ],
           [0.2, 0.5, 0. , 0. , 0.2],
           [0. , 0. , 0.5, 0. , 0. ],
           [0. , 0. , 0.2, 0.5, 0. ]])
    """
    if _positive_int(n_units, "n_units") < 4:
        raise ValueError(
            f"n_units must be at least 4 for a cycle with jumps, got {n_units}; use a cycle"
        )
    size = round(n_units**0.5) if jump_size is None else _positive_int(jump_size, "jump_size")
    if not 2 <= size <= n_units // 2:
        raise ValueError(f"jump_size must be from 2 to {n_units // 2} (n_units/2), got {size}")
    start = size * np.arange(n_units // size)
    end = (start + size) % n_units
    # Two jumps of half the cycle are one and the same.
    jumps = np.unique(np.stack([np.r_[start, end], np.r_[end, start]]), axis=1)
    ring = np.arange(n_units)
    return _from_links(
        n_units,
        np.r_[ring, jumps[0]],
        np.r_[np.roll(ring, 1), jumps[1]],
        np.r_[np.full(n_units, weight), np.full(jumps.shape[1], jump_weight)],
    )


def small_world(
    n_units: int, connectivity: float = 10, rewiring: float = 0.1, random_state: RandomState = None
) -> sparse.csr_array:
    """Return a small world: a ring of neighbours, some links rewired, weights uniform in [-1, 1].

    The directed form of Watts and Strogatz, *Collective dynamics of small-world networks*, Nature
    393 (1998): each link is moved with probability `rewiring` to a unit drawn from those that are
    no ring neighbours, so the number of links into each unit stays what it was.

    Parameters
    ----------
    n_units : int
        Number of units.
    connectivity : int or float, default=10
        Links into each unit, or their share of `n_units`; below `n_units`, half from either side.
    rewiring : float, default=0.1
        Probability that a link is moved.
    random_state : int, Generator, RandomState or None, default=None

    Returns
    -------
    csr_array of shape (n_units, n_units), float64

    Examples
    --------
    >>> from reservoir.weights import recurrent_weights, small_world
    >>> W = recurrent_weights(
    ...     50, topology=lambda n_units, rng: small_world(n_units, 4, 0.3, random_state=rng)
    ... )
    >>> W.nnz
    200
    """
    n_units = _positive_int(n_units, "n_units")
    connectivity = _checked_connectivity(connectivity)
    degree = connectivity if isinstance(connectivity, int) else round(connectivity * n_units)
    if degree >= n_units:
        raise ValueError(
            f"a small world of {n_units} units has at most {n_units - 1} links into each, "
            f"got connectivity={connectivity!r}"
        )
    if not 0 <= rewiring <= 1:
        raise ValueError(f"rewiring must be in [0, 1], got {rewiring!r}")
    rng = _generator(random_state, _RECURRENT)
    step = np.arange(2, degree + 2)
    near = np.where(step % 2 == 0, -(step // 2), step // 2)  # -1, 1, -2, 2, ...
    far = np.setdiff1d(np.arange(1, n_units), near % n_units)
    offset = np.tile(near, (n_units, 1))
    moved = rng.random(offset.shape) < rewiring
    for unit in np.flatnonzero(moved.any(axis=1)):
        links = np.flatnonzero(moved[unit])[: len(far)]
        offset[unit, links] = rng.choice(far, len(links), replace=False)
    units = np.arange(n_units)
    source = (units[:, None] + offset) % n_units
    weight = rng.uniform(-1, 1, source.size)
    return _from_links(n_units, np.repeat(units, degree), source.ravel(), weight)


def _random(n_units: int, connectivity: float, rng: np.random.Generator) -> Matrix:
    """Draw the links into each unit without repetition, and their weights uniform in [-1, 1]."""
    if isinstance(connectivity, int):
        degree = np.full(n_units, min(connectivity, n_units))
    else:
        each, left_over = divmod(round(connectivity * n_units**2), n_units)
        degree = np.full(n_units, each)
        degree[rng.choice(n_units, left_over, replace=False)] += 1
    if degree.min() == n_units:
        return rng.uniform(-1, 1, (n_units, n_units))
    source = np.concatenate([rng.choice(n_units, k, replace=False, shuffle=False) for k in degree])
    weight = rng.uniform(-1, 1, source.size)
    return _from_links(n_units, np.repeat(np.arange(n_units), degree), source, weight)


def _dense(n_units: int, connectivity: float, rng: np.random.Generator) -> np.ndarray:
    """Draw normal weights of variance 1/n_units, so that the radius is near 1 (circular law)."""
    return rng.standard_normal((n_units, n_units)) / np.sqrt(n_units)


def _orthogonal(n_units: int, connectivity: float, rng: np.random.Generator) -> np.ndarray:
    """Draw from Haar's measure: QR of a normal matrix, signs of R's diagonal made positive."""
    from reservoir.kernels._threads import one_blas_thread

    with one_blas_thread():  # the last bits depend on their number
        Q, R = np.linalg.qr(rng.standard_normal((n_units, n_units)))
    return Q * np.sign(np.diagonal(R))


def _sparse_input(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Deal the features out evenly, one to each unit, in random order."""
    n_units, n_features = shape
    feature = rng.permutation(n_features)[rng.permutation(n_units) % n_features]
    W_in = np.zeros(shape)
    W_in[np.arange(n_units), feature] = rng.uniform(-1, 1, n_units)
    return W_in


_GENERATE: dict[str, Callable[[int, float, np.random.Generator], Matrix]] = {
    "random": _random,
    "dense": _dense,
    "cycle": lambda n_units, connectivity, rng: cycle(n_units),
    "cycle_jumps": lambda n_units, connectivity, rng: cycle_jumps(n_units),
    "delay_line": lambda n_units, connectivity, rng: delay_line(n_units),
    "small_world": lambda n_units, connectivity, rng: small_world(
        n_units,
        min(connectivity, n_units - 1) if isinstance(connectivity, int) else connectivity,
        random_state=rng,
    ),
    "orthogonal": _orthogonal,
}
TOPOLOGIES = tuple(_GENERATE)

_CLOSED_FORM_RADIUS = {"cycle": 1.0, "delay_line": 0.0, "orthogonal": 1.0}

_DRAW_INPUT: dict[str, Callable[[tuple[int, int], np.random.Generator], np.ndarray]] = {
    "uniform": lambda shape, rng: rng.uniform(-1, 1, shape),
    "normal": lambda shape, rng: rng.standard_normal(shape),
    "bernoulli": lambda shape, rng: rng.choice([-1.0, 1.0], shape),
    "sparse": _sparse_input,
}
INPUT_KINDS = tuple(_DRAW_INPUT)


_RADII: dict[tuple[Any, ...], float] = {}  # before scaling, of what was drawn from the same


def _remembered_radius(W: Matrix, drawn_from: tuple[Any, ...]) -> float:
    """Return the spectral radius of a matrix, which depends on nothing but these arguments."""
    if drawn_from not in _RADII:
        if len(_RADII) >= 256:
            _RADII.pop(next(iter(_RADII)), None)
        _RADII[drawn_from] = spectral_radius(W)
    return _RADII[drawn_from]


def _scaled(W: Matrix, target: float, radius: float | None) -> Matrix:
    """Scale W from its spectral radius, computed if it is not known, to the one asked for."""
    radius = spectral_radius(W) if radius is None else radius
    if radius <= 1e-8 * abs(W).max():  # above 0 where loops cancel: a solver's sqrt(eps)
        if target == 0.0:
            return W
        raise ValueError(
            f"the spectral radius of this matrix is 0 (no loop of links, or loops that cancel), so "
            f"it cannot be scaled to {target}; pass spectral_radius=None to use it as it is (a "
            f"delay line then has links of weight 1)"
        )
    # an eigensolver's last bits depend on the number of threads
    scaled = W / float(f"{radius:.{RADIUS_DIGITS}g}") * target
    return scaled if isinstance(scaled, np.ndarray) else _canonical_csr(scaled)


def _from_links(
    n_units: int, target: np.ndarray, source: np.ndarray, weight: np.ndarray
) -> sparse.csr_array:
    """Return the matrix with these links."""
    return _canonical_csr(sparse.coo_array((weight, (target, source)), shape=(n_units, n_units)))


def _canonical_csr(matrix: Matrix | sparse.coo_array) -> sparse.csr_array:
    """Return CSR with sorted indices as narrow as they can be, no duplicates, no stored zeros."""
    W = sparse.csr_array(matrix, dtype=np.float64)
    W.sum_duplicates()
    W.eliminate_zeros()
    index = sparse.get_index_dtype(maxval=max(W.nnz, *W.shape))
    W.indices, W.indptr = W.indices.astype(index), W.indptr.astype(index)
    return W


def _own_matrix(matrix: Any, shape: tuple[int, ...], name: str) -> Matrix:
    """Return a checked float64 copy of a matrix that came from outside."""
    given = matrix if sparse.issparse(matrix) else np.asarray(matrix)
    if given.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got {given.shape}")
    if given.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold real numbers, got dtype {given.dtype}")
    if sparse.issparse(given):
        own = _canonical_csr(given.copy())
        finite = np.isfinite(own.data)
    else:
        own = np.array(given, dtype=np.float64, order="C")
        finite = np.isfinite(own)
    if not finite.all():
        raise ValueError(f"{name} must be finite, got {(~finite).sum()} NaN or infinite entries")
    return own


def _generator(random_state: RandomState, stream: int) -> np.random.Generator:
    """Return a generator; an int gives each stream its own."""
    if random_state is None or isinstance(random_state, np.random.Generator):
        return np.random.default_rng(random_state)
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(random_state.randint(2**32, size=4, dtype=np.uint64))
    if isinstance(random_state, Integral) and int(random_state) >= 0:
        return np.random.default_rng([int(random_state), stream])
    raise ValueError(
        f"random_state must be None, an int >= 0, a numpy Generator or a RandomState, "
        f"got {random_state!r}"
    )


def _positive_int(value: int, name: str) -> int:
    """Check a size."""
    if not isinstance(value, Integral) or value < 1:
        raise ValueError(f"{name} must be an int >= 1, got {value!r}")
    return int(value)


def _checked_connectivity(value: float) -> int | float:
    """Return a Python int or float; what an int may be at most depends on the topology."""
    if isinstance(value, Integral) and value >= 1:
        return int(value)
    if isinstance(value, Real) and not isinstance(value, Integral) and 0 < value <= 1:
        return float(value)
    raise ValueError(
        f"connectivity must be an int >= 1 (links into each unit) or a float in (0, 1] "
        f"(share of all links), got {value!r}"
    )


def checked_scaling(value: Any, n_features: int) -> np.ndarray:
    """Check a factor, or one for each feature."""
    scaling = np.asarray(value)
    if scaling.dtype.kind not in "iuf" or not np.isfinite(scaling).all():
        raise ValueError(f"input scaling must be finite and real, got {value!r}")
    if scaling.shape not in ((), (n_features,)):
        raise ValueError(
            f"input scaling must be one number or one for each of the {n_features} features, "
            f"got shape {scaling.shape}"
        )
    return scaling.astype(np.float64)
