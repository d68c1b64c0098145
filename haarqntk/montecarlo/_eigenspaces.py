"""Eigenvalues with their multiplicities: all that a Haar-rotated operator is."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Eigenspaces:
    """The joint eigenspaces of A commuting operators, k of them.

    Args:
        values: The eigenvalues, shape (A, k).
        multiplicities: The dimensions of the eigenspaces, shape (k,), with the sum D.
        populations: The weights of a given state in them, shape (k,), with the sum 1; None without such a state.
    """

    values: NDArray[np.float64]
    multiplicities: NDArray[np.int_]
    populations: NDArray[np.float64] | None = None

    @classmethod
    def of(
        cls, spectra: Sequence[Sequence[Fraction]], populations: Sequence[Fraction] | None = None
    ) -> Eigenspaces:
        """Return the eigenspaces of the operators minus a constant: their mean in the state, or Tr O/D.

        Args:
            spectra: For each operator its D eigenvalues, in a common basis. Columns that are equal stand side by
                side, as in sorted spectra.
            populations: The D weights of a given state; None if there is none (default).

        Examples:
            >>> Eigenspaces.of([[Fraction(4), Fraction(1), Fraction(1)]])
            Eigenspaces(values=array([[ 2., -1.]]), multiplicities=array([1, 2]), populations=None)
        """
        D = len(spectra[0])
        weights = [Fraction(1, D)] * D if populations is None else populations
        columns = itertools.groupby(zip(*spectra, weights, strict=True), key=lambda column: column[:-1])
        groups = [(point, [weight for *_, weight in group]) for point, group in columns]
        totals = [sum(group) for _, group in groups]
        rows = [[point[a] for point, _ in groups] for a in range(len(spectra))]
        means = [sum(x * total for x, total in zip(row, totals, strict=True)) for row in rows]
        return cls(
            np.array([[float(x - mean) for x in row] for row, mean in zip(rows, means, strict=True)]),
            np.array([len(group) for _, group in groups]),
            None if populations is None else np.array([float(total) for total in totals]),
        )

    def rows(self, width: int) -> NDArray[np.int_]:
        """Return, for each of the E rows that ``width`` vectors need, the number of its eigenspace.

        An eigenspace of dimension d has min(d, width) rows, since more vectors than that have no components
        that differ.
        """
        return np.repeat(np.arange(len(self.multiplicities)), np.minimum(self.multiplicities, width))

    def depths(self, width: int) -> NDArray[np.int_]:
        """Return, for each of the E rows, its place within its eigenspace, from 0."""
        heights = np.minimum(self.multiplicities, width)
        depths: NDArray[np.int_] = np.arange(heights.sum()) - np.repeat(np.cumsum(heights) - heights, heights)
        return depths

    @property
    def is_constant(self) -> bool:
        """Whether the operators act on the given state, or on every one, as constants."""
        values = self.values if self.populations is None else self.values[:, self.populations > 0]
        return not bool(values.any())
