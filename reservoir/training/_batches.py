"""Which rows a network learns from together: whole sequences, or windows of them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Examples:
    """Stacked sequences and what they should give.

    Attributes
    ----------
    rows : ndarray of shape (n_rows, n_inputs)
    bounds : ndarray of shape (n_sequences + 1,)
        Sequence i is the rows ``bounds[i]:bounds[i + 1]``.
    targets : ndarray of shape (n_rows, n_outputs) or (n_sequences, n_outputs)
    weight : ndarray of shape (n_rows,) or (n_sequences,)
        How much each target counts.
    per_sequence : bool
    """

    rows: Floats
    bounds: Integers
    targets: Floats
    weight: Floats
    per_sequence: bool

    @property
    def n_sequences(self) -> int:
        return len(self.bounds) - 1

    @property
    def lengths(self) -> Integers:
        return np.diff(self.bounds)

    def take(self, sequences: Integers) -> "Examples":
        """Return some of the sequences."""
        if self.per_sequence:
            targets, weight = self.targets[sequences], self.weight[sequences]
        parts = [np.arange(self.bounds[i], self.bounds[i + 1]) for i in sequences]
        index = np.concatenate(parts) if parts else np.zeros(0, np.int64)
        if not self.per_sequence:
            targets, weight = self.targets[index], self.weight[index]
        bounds = np.r_[0, np.cumsum(self.lengths[sequences])]
        return replace(self, rows=self.rows[index], bounds=bounds, targets=targets, weight=weight)


class Batch(NamedTuple):
    """Parts of sequences that run side by side, time-major."""

    x: Floats  # (n_steps, n_batch, n_inputs)
    lengths: Integers  # (n_batch,), what follows is padding
    targets: Floats  # (n_steps, n_batch, n_outputs), or (n_batch, n_outputs)
    weight: Floats  # (n_steps, n_batch), or (n_batch,)
    teacher: Floats  # the targets of the steps before, (n_steps, n_batch, n_outputs)
    has_teacher: Floats  # (n_steps, n_batch), 0 at the first step of a sequence
    fresh: NDArray[np.bool_]  # (n_batch,), begins where the network does
    stays: NDArray[np.bool_]  # (n_batch,), the next batch goes on where this one ends
    sequence: Integers  # (n_batch,), which of the sequences each is a part of

    def some(self, columns: slice) -> "Batch":
        """Return some of what runs side by side."""
        one = self.weight.ndim == 1
        return Batch(
            np.ascontiguousarray(self.x[:, columns]),
            self.lengths[columns],
            self.targets[columns] if one else np.ascontiguousarray(self.targets[:, columns]),
            self.weight[columns] if one else np.ascontiguousarray(self.weight[:, columns]),
            np.ascontiguousarray(self.teacher[:, columns]),
            np.ascontiguousarray(self.has_teacher[:, columns]),
            self.fresh[columns],
            self.stays[columns],
            self.sequence[columns],
        )


def make_batch(
    examples: Examples,
    sequence: Integers,
    start: Integers,
    stop: Integers,
    *,
    fresh: Any,
    stays: Any,
    warmup: int = 0,
    wants_teacher: bool = False,
) -> Batch:
    """Gather rows from `start` to before `stop` of each sequence, numbered from its beginning."""
    lengths = stop - start
    steps = np.arange(int(lengths.max()))[:, None]
    inside = steps < lengths
    position = np.minimum(start + steps, stop - 1)
    index = examples.bounds[sequence] + position
    no_steps = (0, len(sequence))
    if examples.per_sequence:
        targets, weight = examples.targets[sequence], examples.weight[sequence]
    else:
        targets = examples.targets[index]
        weight = examples.weight[index] * (inside & (position >= warmup))
    weight = weight.astype(examples.rows.dtype, copy=False)
    teacher = np.zeros((*no_steps, examples.targets.shape[1]), examples.rows.dtype)
    has_teacher = np.zeros(no_steps, examples.rows.dtype)
    if wants_teacher:
        has_teacher = (position > 0).astype(examples.rows.dtype)
        teacher = examples.targets[np.maximum(index - 1, examples.bounds[sequence])]
    begins, goes_on = (
        np.broadcast_to(np.asarray(flag, bool), len(sequence)) for flag in (fresh, stays)
    )
    return Batch(
        examples.rows[index],
        lengths,
        targets,
        weight,
        teacher,
        has_teacher,
        begins,
        goes_on,
        sequence,
    )


@dataclass(frozen=True)
class Plan:
    """How examples become batches.

    Attributes
    ----------
    batch_size : int
        Sequences, or windows, that run side by side.
    bptt_steps : int or None
        Steps of a window, the horizon of truncated backpropagation; None for whole sequences.
    carry_state : bool
        Whether a window begins where the one before it ended, and windows come in order; else
        each begins as a sequence does, and they are shuffled.
    shuffle : bool
    warmup : int
        First rows of a sequence that do not count.
    wants_teacher : bool
    """

    batch_size: int
    bptt_steps: int | None
    carry_state: bool
    shuffle: bool
    warmup: int
    wants_teacher: bool

    def epoch(self, examples: Examples, rng: np.random.Generator) -> Iterator[Batch]:
        """Yield the batches of one pass over all examples."""
        if self.bptt_steps is None or examples.per_sequence:
            yield from self._whole(examples, rng)
        elif self.carry_state:
            yield from self._in_order(examples, rng)
        else:
            yield from self._shuffled(examples, rng)

    def _order(self, n: int, rng: np.random.Generator) -> Integers:
        return rng.permutation(n) if self.shuffle else np.arange(n)

    def _batch(self, examples: Examples, *where: Any, fresh: Any, stays: Any) -> Batch:
        return make_batch(
            examples,
            *where,
            fresh=fresh,
            stays=stays,
            warmup=self.warmup,
            wants_teacher=self.wants_teacher,
        )

    def _whole(self, examples: Examples, rng: np.random.Generator) -> Iterator[Batch]:
        order = self._order(examples.n_sequences, rng)
        all_lengths = examples.lengths
        for begin in range(0, len(order), self.batch_size):
            some = order[begin : begin + self.batch_size]
            lengths = all_lengths[some]
            yield self._batch(
                examples, some, np.zeros_like(lengths), lengths, fresh=True, stays=False
            )

    def _in_order(self, examples: Examples, rng: np.random.Generator) -> Iterator[Batch]:
        """Cut long sequences into streams, so that there are enough to fill a batch."""
        assert self.bptt_steps is not None
        streams = self._streams(examples, rng)
        order = self._order(len(streams), rng)
        for begin in range(0, len(order), self.batch_size):
            sequence, first, last = streams[order[begin : begin + self.batch_size]].T
            start = first
            while len(sequence):
                stop = np.minimum(start + self.bptt_steps, last)
                goes_on = stop < last
                yield self._batch(
                    examples, sequence, start, stop, fresh=start == first, stays=goes_on
                )
                sequence, first, last = sequence[goes_on], first[goes_on], last[goes_on]
                start = stop[goes_on]

    def _streams(self, examples: Examples, rng: np.random.Generator) -> Integers:
        """Return the sequence, the first row and the one after the last of each stream."""
        assert self.bptt_steps is not None
        per_stream = max(self.bptt_steps, -(-int(examples.bounds[-1]) // self.batch_size))
        streams = []
        for number, length in enumerate(examples.lengths):
            n = max(1, round(length / per_stream))
            edges = np.arange(n + 1) * length // n
            if n > 1 and self.shuffle:  # elsewhere in each epoch
                edges[1:-1] += rng.integers(-(self.bptt_steps // 2), self.bptt_steps // 2 + 1)
                edges = np.clip(edges, 0, length)
            streams += [(number, a, b) for a, b in pairwise(edges) if a < b]
        return np.array(streams, np.int64)

    def _shuffled(self, examples: Examples, rng: np.random.Generator) -> Iterator[Batch]:
        assert self.bptt_steps is not None
        windows = []
        for number, length in enumerate(examples.lengths):
            offset = 0
            if self.shuffle and length > self.bptt_steps:
                offset = int(rng.integers(self.bptt_steps))
            edges = np.unique(np.r_[0, np.arange(offset, length, self.bptt_steps), length])
            windows += [(number, a, b) for a, b in pairwise(edges)]
        table = np.array(windows, np.int64)
        order = self._order(len(table), rng)
        for begin in range(0, len(order), self.batch_size):
            sequence, start, stop = table[order[begin : begin + self.batch_size]].T
            yield self._batch(examples, sequence, start, stop, fresh=True, stays=False)
