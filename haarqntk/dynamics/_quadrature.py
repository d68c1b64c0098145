r"""Gauss and Gauss–Radau rules from exact moments: brackets of E[f(x)] for completely monotone f.

On [0, b], n moments more than a Gauss rule has nodes fix two rules. Their errors are

.. math:: \frac{f^{(2n)}(\cdot)}{(2n)!} \int \pi_n^2, \qquad \frac{f^{(2n+1)}(\cdot)}{(2n+1)!} \int x\, \pi_n^2,

so where the derivatives of f alternate in sign, as those of e^{−sx} do, Gauss is below E[f(x)] and Radau, with a
node at 0, above.

Reference: golub1973; derivations/14_dynamics.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from haarqntk._arguments import rational
from haarqntk._lazy import LazyModule
from haarqntk._notebook import Tabled, table_of
from haarqntk.errors import InputError, InputTypeError

if TYPE_CHECKING:
    from fractions import Fraction
    from typing import Any

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

mpmath = LazyModule("mpmath")
linalg = LazyModule("scipy.linalg")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Rule(Tabled):
    """Σ_i w_i f(x_i) in place of a mean.

    Attributes:
        nodes: The x_i, increasing.
        weights: The w_i ≥ 0; their sum is the moment of order 0.

    Examples:
        >>> rule = Rule(np.array([0.0, 0.5]), np.array([0.25, 0.75]))
        >>> float(rule.weights @ rule.nodes), rule
        (0.375, <Rule nodes: 2, from 0 to 0.5; total weight: 1>)

    Reference:
        golub1969; derivations/14_dynamics.md.
    """

    nodes: Array
    weights: Array

    def facts(self) -> dict[str, str]:
        """How many nodes it has, and where, for a notebook.

        Examples:
            >>> Rule(np.array([0.0, 0.5]), np.array([0.25, 0.75])).facts()
            {'nodes': '2, from 0 to 0.5', 'total weight': '1'}
        """
        ends = f"from {self.nodes[0]:.4g} to {self.nodes[-1]:.4g}"
        return {"nodes": f"{self.nodes.size}, {ends}", "total weight": f"{self.weights.sum():.4g}"}


class Rules(NamedTuple):
    """The two rules of a bracket.

    Examples:
        >>> from fractions import Fraction
        >>> gauss, radau = rules_from_moments([Fraction(1, n + 1) for n in range(3)], Fraction(1))  # uniform
        >>> gauss.nodes.round(6).tolist(), radau.nodes.round(6).tolist()
        ([0.5], [0.0, 0.666667])

    Reference:
        golub1973; derivations/14_dynamics.md.
    """

    gauss: Rule
    radau: Rule

    def _repr_html_(self) -> str:
        facts = {
            name: "; ".join(map(" ".join, rule.facts().items())) for name, rule in self._asdict().items()
        }
        return f'<div class="haarqntk">{table_of(facts)}</div>'


def rules_from_moments(moments: Sequence[Fraction], end: Fraction) -> Rules:
    """The rules of n and n + 1 nodes from the exact moments of order 0 … 2n of a measure on [0, ``end``].

    Raises:
        InputTypeError: If there is no moment, or one is not exact.
        InputError: If ``end`` is not > 0, or 0 for an atom at 0.

    Examples:
        >>> from fractions import Fraction
        >>> gauss, radau = rules_from_moments([Fraction(1, n + 1) for n in range(5)], Fraction(1))  # uniform
        >>> gauss.nodes.round(6).tolist(), gauss.weights.round(6).tolist()
        ([0.211325, 0.788675], [0.5, 0.5])
        >>> radau.nodes.round(6).tolist(), radau.weights.round(6).tolist()
        ([0.0, 0.355051, 0.844949], [0.111111, 0.512486, 0.376403])

    Reference:
        golub1973 for the rules, golub1969 for their nodes; derivations/14_dynamics.md.
    """
    if isinstance(moments, str) or not isinstance(moments, Sequence) or not moments:
        raise InputTypeError(
            f"moments must be a list of those of order 0 … 2n, got {moments!r}; pass Fractions"
        )
    moments = [rational(f"moment {n}", x) for n, x in enumerate(moments)]
    if (end := rational("end", end)) < 0 or (end == 0 and any(moments[1:])):
        raise InputError(f"end must be > 0, got {end}; the measure is on [0, end]")
    mass = float(moments[0])
    if not moments[0] or not any(moments[1:]):  # nothing at all, or an atom at 0
        atom = Rule(np.zeros(1), np.array([mass]))
        return Rules(atom, atom)
    with mpmath.workdps(_digits(moments, end)):
        scaled = [
            mpmath.mpf(m.numerator) / m.denominator for m in (x / end**k for k, x in enumerate(moments))
        ]
        alpha, beta = _recursion(scaled)
        n = len(moments) // 2
        # p_{n−1}(0)/p_n(0) for the monic orthogonal polynomials; the last coefficient puts a node at 0
        ratio = mpmath.mpf(0)
        for k in range(n):
            ratio = 1 / (-alpha[k] - beta[k] * ratio)
        last = -beta[n] * ratio
        diagonal = [float(a) for a in (*alpha[:n], last)]
        side = [float(mpmath.sqrt(b)) for b in beta[1:]]
    return Rules(
        _rule(diagonal[:n], side[: n - 1], mass, float(end)),
        _rule(diagonal, side, mass, float(end), at_zero=True),
    )


def _digits(moments: Sequence[Fraction], end: Fraction) -> int:
    """The digits that the recursion takes: those that cancel between moments, and 30 that are left.

    Moments of [0, 1] lose 1.53 digits each; of a measure narrower by w, 1.53 + log10(1/w).
    """
    mean = moments[1] / moments[0]
    spread = (moments[2] / moments[0] - mean**2) / end**2 if len(moments) > 2 else 0  # noqa: PLR2004
    narrow = -math.log10(spread) / 2 if spread > 0 else 16.0
    return 30 + math.ceil(len(moments) * (1.6 + narrow))


def _recursion(moments: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Chebyshev's algorithm: α_0 … α_{n−1} and β_0 … β_n of the monic orthogonal polynomials."""
    n = len(moments) // 2
    before, now = [mpmath.mpf(0)] * len(moments), list(moments)
    alpha, beta = [moments[1] / moments[0]], [moments[0]]
    for k in range(1, n + 1):
        row = [mpmath.mpf(0)] * len(moments)
        for m in range(k, len(moments) - k):
            row[m] = now[m + 1] - alpha[k - 1] * now[m] - beta[k - 1] * before[m]
        beta.append(row[k] / now[k - 1])
        if k < n:
            alpha.append(row[k + 1] / row[k] - now[k] / now[k - 1])
        before, now = now, row
    return alpha, beta


def _rule(
    diagonal: list[float], side: list[float], mass: float, end: float, *, at_zero: bool = False
) -> Rule:
    """Nodes and weights from the Jacobi matrix (Golub and Welsch)."""
    nodes, vectors = linalg.eigh_tridiagonal(np.array(diagonal), np.array(side))
    nodes = np.clip(nodes, 0.0, 1.0)
    if at_zero:
        nodes[0] = 0.0
    return Rule(nodes * end, mass * vectors[0] ** 2)
