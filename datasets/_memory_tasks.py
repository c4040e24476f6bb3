"""Tasks that ask a network to keep something for long: sums, products, orders, copies, XOR."""

from collections.abc import Iterator

import numpy as np

from ._common import RandomState, checked_count, checked_span, one_hot, random_generator

ORDER_SYMBOLS = "EBabcdXY"

_FIRST_TEN = 10
_MARK_WINDOWS = {2: ((10, 20), (50, 60)), 3: ((10, 20), (33, 43), (66, 76))}  # of 100 steps


def make_adding(
    n_sequences: int, length: int = 100, *, random_state: RandomState = None
) -> tuple[list[np.ndarray], np.ndarray]:
    r"""Adding problem: at the end of a sequence, give the sum of the two values that were marked.

    A sequence has T to T + T/10 steps. Its first column holds values uniform in [-1, 1), its
    second column marks: 1 in one of the first ten steps, then 1 in one of the first T/2 - 1 steps
    that are still unmarked, -1 in the first and the last step, 0 elsewhere. With the marked values
    X1 and X2,

    .. math:: y = 0.5 + (X_1 + X_2) / 4.

    If the first step is drawn to be marked, its value is set to 0 and its mark stays -1.

    Parameters
    ----------
    n_sequences : int
        Number of sequences.
    length : int, default=100
        The shortest length T, at least 11, so that the last step is not among the first ten.
    random_state : int, Generator, RandomState or None, default=None
        Seed or source of lengths, values and marks.

    Returns
    -------
    X : list of n_sequences ndarrays of shape (n_steps, 2)
        Values and marks; the lengths differ.
    y : ndarray of shape (n_sequences,)
        The target of each sequence, in [0, 1].

    Raises
    ------
    ValueError
        If an argument is out of its range.

    See Also
    --------
    reservoir.metrics.share_within : The paper's criterion, an absolute error below 0.04.

    Notes
    -----
    The paper sets X1 to 0 when the first step is the first to be marked, and is silent about the
    second mark; here both are treated alike. Later papers leave out the -1, draw from [0, 1] or
    take (X1 + X2) / 2 as the target: their errors are not comparable.

    References
    ----------
    S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997,
    section 5.4.

    Examples
    --------
    >>> from reservoir.datasets import make_adding
    >>> X, y = make_adding(3, length=50, random_state=0)
    >>> values, marks = X[0].T
    >>> bool(y[0] == 0.5 + values[marks == 1].sum() / 4)
    True
    """
    marked = list(_marked(n_sequences, length, -1.0, 0.0, random_generator(random_state)))
    sums = np.array([first + second for _, first, second in marked])
    return [rows for rows, _, _ in marked], 0.5 + sums / 4


def make_multiplication(
    n_sequences: int, length: int = 100, *, random_state: RandomState = None
) -> tuple[list[np.ndarray], np.ndarray]:
    """Multiplication problem: at the end, give the product of the two values that were marked.

    As `make_adding`, with values uniform in [0, 1) and the target ``y = X1 X2``. If the first step
    is drawn to be marked, its value is set to 1 and its mark stays -1.

    Parameters
    ----------
    n_sequences : int
        Number of sequences.
    length : int, default=100
        The shortest length T, at least 11; the longest is T + T/10.
    random_state : int, Generator, RandomState or None, default=None
        Seed or source of lengths, values and marks.

    Returns
    -------
    X : list of n_sequences ndarrays of shape (n_steps, 2)
        Values and marks; the lengths differ.
    y : ndarray of shape (n_sequences,)
        The target of each sequence, in [0, 1].

    Raises
    ------
    ValueError
        If an argument is out of its range.

    See Also
    --------
    reservoir.metrics.share_within : The paper's criterion, an absolute error below 0.04.

    References
    ----------
    S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997,
    section 5.5.

    Examples
    --------
    >>> from reservoir.datasets import make_multiplication
    >>> X, y = make_multiplication(3, length=50, random_state=0)
    >>> values, marks = X[0].T
    >>> bool(y[0] == values[marks == 1].prod())
    True
    """
    marked = list(_marked(n_sequences, length, 0.0, 1.0, random_generator(random_state)))
    products = np.array([first * second for _, first, second in marked])
    return [rows for rows, _, _ in marked], products


def make_temporal_order(
    n_sequences: int,
    n_marks: int = 2,
    length: tuple[int, int] = (100, 110),
    *,
    random_state: RandomState = None,
) -> tuple[list[np.ndarray], np.ndarray]:
    """Temporal order: name the two or three relevant symbols, X or Y, in the order they came in.

    A sequence begins with E and ends with B, the trigger. In between are distractors a, b, c, d,
    but for one symbol that is X or Y in each of `n_marks` windows of rows, counted from the 0 of
    E: 10 to 20 and 50 to 60 for two marks; 10 to 20, 33 to 43 and 66 to 76 for three. These are
    the windows of a shortest length of 100; for another they are scaled by it and rounded down.

    Parameters
    ----------
    n_sequences : int
        Number of sequences.
    n_marks : {2, 3}, default=2
        Relevant symbols: 2 is experiment 6a of the paper, with 4 classes, 3 is 6b, with 8.
    length : (int, int), default=(100, 110)
        Shortest, at least 10, and longest number of rows; every length between is as likely.
    random_state : int, Generator, RandomState or None, default=None
        Seed or source of lengths, symbols and their places.

    Returns
    -------
    X : list of n_sequences ndarrays of shape (n_steps, 8)
        One-hot rows, columns E, B, a, b, c, d, X, Y; the lengths differ.
    y : ndarray of str, shape (n_sequences,)
        The label of each sequence, such as "XY".

    Raises
    ------
    ValueError
        If an argument is out of its range.

    See Also
    --------
    reservoir.metrics.share_within : The paper's criterion, all outputs within 0.3 of theirs.

    References
    ----------
    S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997,
    section 5.6.

    Examples
    --------
    >>> from reservoir.datasets import make_temporal_order
    >>> X, y = make_temporal_order(3, length=(10, 12), random_state=1)
    >>> ["".join("EBabcdXY"[k] for k in rows.argmax(axis=1)) for rows in X]
    ['EXdaaYdabdB', 'EXaddXcdbbB', 'EbXdacXadabB']
    >>> y
    array(['XY', 'XX', 'XX'], dtype='<U2')
    """
    n_sequences = checked_count("n_sequences", n_sequences)
    if isinstance(n_marks, bool) or n_marks not in _MARK_WINDOWS:
        raise ValueError(f"n_marks must be 2 or 3, got {n_marks!r}")
    shortest, longest = checked_span("length", length, minimum=10)
    windows = np.array(_MARK_WINDOWS[n_marks]) * shortest // 100

    rng = random_generator(random_state)
    X, labels = [], []
    for _ in range(n_sequences):
        symbols = rng.choice(list("abcd"), rng.integers(shortest, longest, endpoint=True))
        marks = rng.choice(list("XY"), n_marks)
        symbols[rng.integers(windows[:, 0], windows[:, 1], endpoint=True)] = marks
        symbols[0], symbols[-1] = "E", "B"
        X.append(one_hot(symbols, ORDER_SYMBOLS))
        labels.append("".join(marks))
    return X, np.array(labels)


def make_copy(
    n_sequences: int,
    n_symbols: int = 8,
    length: int = 10,
    lag: int = 100,
    *,
    random_state: RandomState = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Copy task: keep a row of symbols over a lag and give it back when told to.

    The input is `length` symbols, ``lag - 1`` blanks, the delimiter, and `length` blanks, during
    which the symbols are to be put out in their order; before that the target is the blank. The
    first symbol is asked for ``length + lag`` steps after it was shown, as is every other.

    Parameters
    ----------
    n_sequences : int
        Number of sequences.
    n_symbols : int, default=8
        Number of different symbols.
    length : int, default=10
        Symbols to keep in each sequence.
    lag : int, default=100
        Steps from the last symbol to the delimiter: T in the paper.
    random_state : int, Generator, RandomState or None, default=None
        Seed or source of the symbols.

    Returns
    -------
    X : ndarray of shape (n_sequences, lag + 2 * length, n_symbols + 2)
        One-hot rows: the symbols, then the blank, then the delimiter.
    y : ndarray of int, shape (n_sequences, lag + 2 * length, 1)
        The label of each step: the column of X that is to be put out, `n_symbols` for the blank.

    Raises
    ------
    ValueError
        If an argument is below 1.

    Notes
    -----
    Without memory the least mean cross-entropy is
    ``length * log(n_symbols) / (lag + 2 * length)``, that of blanks and then guesses.

    References
    ----------
    M. Arjovsky, A. Shah and Y. Bengio, "Unitary evolution recurrent neural networks", ICML 2016,
    section 5.1, the "copying memory problem", after a task in S. Hochreiter and J. Schmidhuber,
    "Long short-term memory", Neural Computation 9(8), 1997.

    Examples
    --------
    >>> from reservoir.datasets import make_copy
    >>> X, y = make_copy(1, n_symbols=2, length=3, lag=4, random_state=0)
    >>> X[0].argmax(axis=1)
    array([1, 1, 1, 2, 2, 2, 3, 2, 2, 2])
    >>> y[0, :, 0]
    array([2, 2, 2, 2, 2, 2, 2, 1, 1, 1])
    """
    n_sequences = checked_count("n_sequences", n_sequences)
    n_symbols, length = checked_count("n_symbols", n_symbols), checked_count("length", length)
    lag = checked_count("lag", lag)
    kept = random_generator(random_state).integers(n_symbols, size=(n_sequences, length))
    blank, delimiter = n_symbols, n_symbols + 1
    shown = np.full((n_sequences, lag + 2 * length), blank)
    asked = shown.copy()
    shown[:, :length] = asked[:, -length:] = kept
    shown[:, -length - 1] = delimiter
    return np.eye(n_symbols + 2)[shown], asked[:, :, np.newaxis]


def make_temporal_xor(
    n_steps: int, *, random_state: RandomState = None
) -> tuple[np.ndarray, np.ndarray]:
    """Temporal XOR: predict the next bit of a stream in which every third is the XOR of two.

    The stream is made of triples, two random bits and their exclusive or. Row t of the result
    holds bit t and, as the target, bit t + 1: only rows 1, 4, 7, ... can be predicted.

    Parameters
    ----------
    n_steps : int
        Number of rows.
    random_state : int, Generator, RandomState or None, default=None
        Seed or source of the bits.

    Returns
    -------
    X : ndarray of shape (n_steps, 1)
        The bits, 0.0 or 1.0.
    y : ndarray of shape (n_steps,)
        The bit after each.

    Raises
    ------
    ValueError
        If `n_steps` is below 1.

    References
    ----------
    J. L. Elman, "Finding structure in time", Cognitive Science 14(2), 1990, section
    "Exclusive-OR".

    Examples
    --------
    >>> from reservoir.datasets import make_temporal_xor
    >>> X, y = make_temporal_xor(9, random_state=0)
    >>> X[:, 0].reshape(3, 3)
    array([[1., 1., 0.],
           [1., 0., 1.],
           [0., 0., 0.]])
    """
    n_steps = checked_count("n_steps", n_steps)
    random_bits = random_generator(random_state).integers(2, size=(n_steps // 3 + 1, 2))
    bits = np.column_stack([random_bits, random_bits.sum(axis=1) % 2]).ravel().astype(float)
    return bits[:n_steps, np.newaxis], bits[1 : n_steps + 1]


def _marked(
    n_sequences: int, length: int, lowest: float, neutral: float, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, float, float]]:
    """Yield the rows of each sequence, and the two values marked in them."""
    n_sequences = checked_count("n_sequences", n_sequences)
    length = checked_count("length", length, minimum=_FIRST_TEN + 1)
    for _ in range(n_sequences):
        n_steps = rng.integers(length, length + length // 10, endpoint=True)
        values, marks = rng.uniform(lowest, 1.0, n_steps), np.zeros(n_steps)
        first, second = rng.integers([_FIRST_TEN, length // 2 - 1])
        second += second >= first  # counted among the steps still unmarked
        if 0 in (first, second):
            values[0] = neutral
        marks[[first, second]] = 1.0
        marks[[0, -1]] = -1.0
        yield np.column_stack([values, marks]), values[first], values[second]
