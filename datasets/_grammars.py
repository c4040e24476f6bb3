"""Strings of small grammars, with the symbols that may come next: Reber's, and counting."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice

import numpy as np

from ._common import RandomState, checked_count, one_hot, random_generator

REBER_SYMBOLS = "BTPSXVE"

# where each symbol leads from each state of Reber's grammar; the state after E is the last
_REBER = (
    {"B": 1},
    {"T": 2, "P": 3},
    {"S": 2, "X": 4},
    {"T": 3, "V": 5},
    {"X": 3, "S": 6},
    {"P": 4, "V": 6},
    {"E": 7},
)


def make_embedded_reber(
    n_sequences: int, *, random_state: RandomState = None
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Strings of the embedded Reber grammar, and which symbols may follow at each step.

    A string is B, then T or P, a string of Reber's grammar (from B to E), then the T or P of the
    beginning again, and E. Where the grammar leaves a choice, both symbols have even chances. The
    last E, after which nothing follows, is a target only: a string of m symbols makes m - 1 rows.

    Parameters
    ----------
    n_sequences : int
        Number of strings. Each is drawn anew, so the short ones come many times.
    random_state : int, Generator, RandomState or None, default=None
        Seed or source of the choices.

    Returns
    -------
    X : list of n_sequences ndarrays of shape (n_steps, 7)
        One-hot rows, columns B, T, P, S, X, V, E.
    y : list of n_sequences ndarrays of shape (n_steps, 7)
        1.0 for every symbol that may follow, one or two of them, and 0.0 for the others.

    Raises
    ------
    ValueError
        If `n_sequences` is below 1.

    See Also
    --------
    reservoir.metrics.next_symbols_right : The papers' criterion.

    References
    ----------
    S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997,
    section 5.1, figures 3 and 4; A. Cleeremans, D. Servan-Schreiber and J. L. McClelland, "Finite
    state automata and simple recurrent networks", Neural Computation 1(3), 1989.

    Examples
    --------
    >>> from reservoir.datasets import make_embedded_reber
    >>> X, y = make_embedded_reber(2, random_state=0)
    >>> ["".join("BTPSXVE"[k] for k in rows.argmax(axis=1)) for rows in X]
    ['BPBPVPXTTTTVVEP', 'BPBPVVEP']
    >>> y[0][-1]
    array([0., 0., 0., 0., 0., 0., 1.])
    """
    n_sequences = checked_count("n_sequences", n_sequences)
    rng = random_generator(random_state)
    strings = [list(_embedded_string(rng))[:-1] for _ in range(n_sequences)]
    rows = [_rows(steps, REBER_SYMBOLS) for steps in strings]
    return [X for X, _ in rows], [y for _, y in rows]


def make_continual_reber(
    n_steps: int, *, random_state: RandomState = None
) -> tuple[np.ndarray, np.ndarray]:
    """One stream of embedded Reber strings, one after the other, with nothing to mark their ends.

    As `make_embedded_reber`, but the last E of a string is a row too: the B of the next follows.

    Parameters
    ----------
    n_steps : int
        Number of rows; the last string may be cut off.
    random_state : int, Generator, RandomState or None, default=None
        Seed or source of the choices.

    Returns
    -------
    X : ndarray of shape (n_steps, 7)
        One-hot rows, columns B, T, P, S, X, V, E.
    y : ndarray of shape (n_steps, 7)
        1.0 for every symbol that may follow and 0.0 for the others.

    Raises
    ------
    ValueError
        If `n_steps` is below 1.

    See Also
    --------
    reservoir.metrics.steps_before_error : How long a network predicts without a mistake.

    References
    ----------
    F. A. Gers, J. Schmidhuber and F. Cummins, "Learning to forget: continual prediction with
    LSTM", Neural Computation 12(10), 2000, the continual embedded Reber grammar.

    Examples
    --------
    >>> from reservoir.datasets import make_continual_reber
    >>> X, y = make_continual_reber(30, random_state=0)
    >>> "".join("BTPSXVE"[k] for k in X.argmax(axis=1))
    'BPBPVPXTTTTVVEPEBPBPVVEPEBPBPV'
    """
    n_steps = checked_count("n_steps", n_steps)
    rng = random_generator(random_state)
    endless = chain.from_iterable(iter(lambda: _embedded_string(rng), None))
    return _rows(islice(endless, n_steps), REBER_SYMBOLS)


def make_counting(
    counts: Iterable[int], *, with_c: bool = False
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Strings aⁿbⁿ or aⁿbⁿcⁿ between S and T, and which symbols may follow at each step.

    After S comes a; after an a comes another or the first b; from the first b on everything is
    known: n symbols b, n symbols c where there are any, and T. T, after which nothing follows, is
    a target only. Nothing in it is random.

    Parameters
    ----------
    counts : iterable of int
        The n of each string, at least 1, such as ``range(1, 11)``.
    with_c : bool, default=False
        Whether the strings are aⁿbⁿcⁿ, which is context-sensitive, and not aⁿbⁿ, context-free.

    Returns
    -------
    X : list of ndarrays of shape (2 * n + 1, 4), or of shape (3 * n + 1, 5) with c
        One-hot rows, columns S, a, b, T or S, a, b, c, T.
    y : list of ndarrays of the shapes of X
        1.0 for every symbol that may follow and 0.0 for the others.

    Raises
    ------
    ValueError
        If `counts` is empty or holds anything but integers of at least 1.

    See Also
    --------
    reservoir.metrics.next_symbols_right : Which strings a network predicts without a mistake.

    References
    ----------
    F. A. Gers and J. Schmidhuber, "LSTM recurrent networks learn simple context-free and
    context-sensitive languages", IEEE Transactions on Neural Networks 12(6), 2001.

    Examples
    --------
    >>> from reservoir.datasets import make_counting
    >>> X, y = make_counting([2])
    >>> ["SabT"[k] for k in X[0].argmax(axis=1)]
    ['S', 'a', 'a', 'b', 'b']
    >>> y[0]  # a, then a or b, a or b, b, T
    array([[0., 1., 0., 0.],
           [0., 1., 1., 0.],
           [0., 1., 1., 0.],
           [0., 0., 1., 0.],
           [0., 0., 0., 1.]])
    """
    if not isinstance(counts, Iterable):
        raise ValueError(f"counts must be integers, one for each string, got {counts!r}")
    numbers = [checked_count("each of the counts", n) for n in counts]
    if not numbers:
        raise ValueError("counts must hold at least one integer, got none")
    letters = "abc" if with_c else "ab"
    rows = [_rows(_counting_string(n, letters), f"S{letters}T") for n in numbers]
    return [X for X, _ in rows], [y for _, y in rows]


def _embedded_string(rng: np.random.Generator) -> Iterator[tuple[str, str]]:
    """Yield each symbol of a string with the symbols that may follow it; B may follow its end."""
    outer = "TP"[rng.integers(2)]
    yield "B", "TP"
    yield outer, "B"
    state = 0
    while state < len(_REBER):
        choices = _REBER[state]
        symbol = list(choices)[rng.integers(len(choices))]
        state = choices[symbol]
        yield symbol, "".join(_REBER[state]) if state < len(_REBER) else outer
    yield outer, "E"
    yield "E", "B"


def _counting_string(n: int, letters: str) -> Iterator[tuple[str, str]]:
    yield "S", "a"
    for letter, following in zip(letters, letters[1:] + "T", strict=True):
        for k in range(1, n + 1):
            if letter == "a":
                yield "a", "ab"
            else:
                yield letter, letter if k < n else following


def _rows(steps: Iterable[tuple[str, str]], alphabet: str) -> tuple[np.ndarray, np.ndarray]:
    """Return one-hot rows of the symbols, and rows with all symbols that may follow each."""
    symbols, allowed = zip(*steps, strict=True)
    y = np.array([[float(symbol in following) for symbol in alphabet] for following in allowed])
    return one_hot(symbols, alphabet), y
