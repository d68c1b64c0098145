r"""Unitary designs: the frame potential of a finite set of unitaries, and its least value.

.. math:: F_t = \sum_{ij} w_i w_j |\mathrm{Tr} U_i^\dagger U_j|^{2t} \ge \mathbb E |\mathrm{Tr} U|^{2t}
          = \sum_{\lambda \vdash t,\ \mathrm{rows} \le D} (f^\lambda)^2,

with equality if and only if the set is a t-design. The set is floats; the bound of the rounding error is part of
every answer.

Reference: gross2007; derivations/10_designs_and_twirls.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import fsum, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.base import Shown
from haarqntk.checks import integer
from haarqntk.combinatorics import num_standard_tableaux, partitions
from haarqntk.designs._matrices import number_latex, read_square_matrices
from haarqntk.errors import CostError, InputError, InputTypeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_LARGEST_T = 30  # the Haar value reaches 10^15 at D = 2, and a float ends
_LARGEST_WORK = 6 * 10**10  # N²(D² + 16)/2 multiplications: below a minute on one core
_BLOCK = 1024  # rows of one block of overlaps: 16 MB
_UNITARITY = 1e-10  # as observables are checked: generous to products of many gates, far above rounding
_EPS = float(np.finfo(np.float64).eps)
_ENTRY_ERROR = 4 * _EPS  # entries that were rounded once or twice from exact ones
_SUM_ERROR = 32 * _EPS  # NumPy adds 128 numbers in 8 lanes, then pairwise: 16 + log2(2^20) half-epsilons


@dataclass(frozen=True, slots=True)
class DesignCheck(Shown):
    """Whether a set of unitaries is a t-design, with the numbers that decide it; true if it is.

    The frame potential never lies below the Haar value, and equals it for designs only. Its excess grows with the
    square of the distance from a design, so a set that is off by about the root of the tolerance counts as one.
    The tolerance grows with F_t; once it passes 1, not even the excess of a group, an integer, would show.

    Attributes:
        is_design: Whether the excess is within the tolerance.
        t: The order.
        D: The dimension.
        num_unitaries: The number of unitaries.
        frame_potential: F_t, a float.
        haar_value: E|Tr U|^{2t} over the Haar measure, exact.
        excess: frame_potential − haar_value.
        tolerance: The bound of the rounding error of frame_potential.

    Raises:
        InputError: If ``is_design`` contradicts the numbers.

    Examples:
        >>> import haarqntk as hq
        >>> check = hq.is_design(hq.clifford_group(1), 4)
        >>> check.is_design, check.num_unitaries, check.haar_value, round(check.frame_potential, 9)
        (False, 24, 14, 15.0)

    Reference:
        gross2007; derivations/10_designs_and_twirls.md.
    """

    is_design: bool
    t: int
    D: int
    num_unitaries: int
    frame_potential: float
    haar_value: int
    excess: float
    tolerance: float

    def __post_init__(self) -> None:
        """Check that the verdict is what the numbers say."""
        if self.is_design != (self.excess <= self.tolerance):
            raise InputError(
                f"is_design must say whether {self.excess} ≤ {self.tolerance}, got {self.is_design}"
            )

    def __bool__(self) -> bool:
        return self.is_design

    def latex(self) -> str:
        r"""The frame potential against its least value, in LaTeX.

        Examples:
            >>> import haarqntk as hq
            >>> check = hq.is_design(hq.pauli_group(1), 1)
            >>> print(check.latex())
            F_{1} = 1 = 1 = \mathbb{E} \left|\operatorname{Tr} U\right|^{2}
        """
        sign = "=" if self.is_design else ">"
        return (
            rf"F_{{{self.t}}} = {number_latex(self.frame_potential)} {sign} {self.haar_value} = "
            rf"\mathbb{{E}} \left|\operatorname{{Tr}} U\right|^{{{2 * self.t}}}"
        )

    def facts(self) -> dict[str, str]:
        """The verdict, for a notebook.

        Examples:
            >>> import haarqntk as hq
            >>> check = hq.is_design(hq.pauli_group(1), 1)
            >>> check.facts()["verdict"]
            '4 unitaries are a 1-design'
        """
        return {
            "verdict": f"{self.num_unitaries} unitaries are {'a' if self.is_design else 'no'} {self.t}-design",
            "excess": f"{self.excess:.3g}, rounding at most {self.tolerance:.3g}",
        }


@lru_cache(maxsize=256)  # one number for each dimension and order; orders end at 30
def haar_frame_potential(D: int, t: int) -> int:
    r"""The Haar value E|Tr U|^{2t} at an integer dimension: the frame potential of every t-design.

    .. math:: \mathbb E |\mathrm{Tr} U|^{2t} = \sum_{\lambda \vdash t,\ \mathrm{rows} \le D} (f^\lambda)^2,

    the number of permutations of t letters without an increasing subsequence of more than D.

    Examples:
        >>> [haar_frame_potential(2, t) for t in range(6)], haar_frame_potential(7, 5)
        ([1, 1, 2, 5, 14, 42], 120)

    Reference:
        derivations/10_designs_and_twirls.md.
    """
    return sum(num_standard_tableaux(lam) ** 2 for lam in partitions(t) if len(lam) <= D)


def frame_potential(
    unitaries: Any, t: int, *, group: bool = False, weights: Sequence[Any] | None = None
) -> float:
    r"""The frame potential of order t of a finite set of unitaries.

    .. math:: F_t = \frac{1}{N^2} \sum_{ij} |\mathrm{Tr} U_i^\dagger U_j|^{2t}

    Phases do not matter. The error is at most 2tΔF^{1−1/2t} + (2t + 32)εF to first order, with
    Δ = 2√D η + (D² + 4)Dε the error of an overlap, η = 4ε√D + max_i‖U_i†U_i − 1‖ that of an element, ε = 2⁻⁵²;
    ``is_design`` returns its value.

    Args:
        unitaries: N unitaries: an array of shape (N, D, D), or a list of arrays, Qobj or SymPy matrices.
        t: The order, an integer from 0 to 30.
        group: Whether the set is a group up to phases; then one sum over the set is enough. By default no.
        weights: N weights that are not negative and sum to 1 (default: all equal).

    Raises:
        InputTypeError: If ``unitaries`` or ``weights`` are no numbers.
        InputError: If t is out of range, the set is empty, an element has the wrong shape or is not unitary, the
            weights are no probabilities, or the set is no group with ``group=True``.
        CostError: If the number of pairs is too large to finish.

    Examples:
        >>> import haarqntk as hq
        >>> paulis = hq.pauli_group(1)
        >>> hq.frame_potential(paulis, 1), hq.frame_potential(paulis, 2)  # the Haar values are 1 and 2
        (1.0, 4.0)

    Reference:
        gross2007; derivations/10_designs_and_twirls.md.
    """
    return is_design(unitaries, t, group=group, weights=weights).frame_potential


def is_design(
    unitaries: Any, t: int, *, group: bool = False, weights: Sequence[Any] | None = None
) -> DesignCheck:
    """Whether a finite set of unitaries is a t-design: averages of order t over it are Haar averages.

    Args:
        unitaries: N unitaries: an array of shape (N, D, D), or a list of arrays, Qobj or SymPy matrices.
        t: The order, an integer from 0 to 30.
        group: Whether the set is a group up to phases; then one sum over the set is enough. By default no.
        weights: N weights that are not negative and sum to 1 (default: all equal).

    Returns:
        A frozen value, true if the set is a t-design, with the frame potential, its excess over the Haar value
        and the rounding error that decides.

    Raises:
        InputTypeError, InputError, CostError: As ``frame_potential``.

    Examples:
        >>> import haarqntk as hq
        >>> [bool(hq.is_design(hq.icosahedral_group(), t)) for t in (4, 5, 6)]
        [True, True, False]
        >>> [bool(hq.is_design(hq.clifford_group(2), t, group=True)) for t in (3, 4)]
        [True, False]

    Reference:
        gross2007; derivations/10_designs_and_twirls.md.
    """
    t = integer("t", t, at_least=0)
    if t > _LARGEST_T:
        raise InputError(
            f"t must be at most {_LARGEST_T}, got {t}; beyond it a float does not resolve the excess"
        )
    if not isinstance(group, bool):
        raise InputTypeError(f"group must be True or False, got {group!r}; pass group=True for a group")
    U = _read_unitaries(unitaries)
    num_unitaries, D, _ = U.shape
    defects = np.linalg.norm(U.conj().swapaxes(1, 2) @ U - np.eye(D), axis=(1, 2))
    worst = int(defects.argmax())
    if defects[worst] > _UNITARITY:
        raise InputError(
            f"unitaries[{worst}] must be unitary, but ‖U†U − 1‖ = {defects[worst]:.3g}; "
            f"at most {_UNITARITY:g} is taken for rounding"
        )
    p = _read_weights(weights, num_unitaries)
    if group and weights is not None:
        raise InputError("weights must be left out with group=True: a group is averaged uniformly")
    potential = _group_potential(U, t) if group else _pair_potential(U, t, p)
    tolerance = _rounding_error(potential, D, t, float(defects[worst]))
    haar_value = haar_frame_potential(D, t)
    excess = potential - haar_value
    return DesignCheck(excess <= tolerance, t, D, num_unitaries, potential, haar_value, excess, tolerance)


def _rounding_error(potential: float, D: int, t: int, defect: float) -> float:
    """The bound that ``frame_potential`` states; the mean of |x|^{2t−1} is at most F^{1−1/2t} by Jensen."""
    element = _ENTRY_ERROR * sqrt(D) + defect
    overlap = 2 * sqrt(D) * element + (D * D + 4) * D * _EPS
    mean_odd_power: float = potential ** (1 - 1 / (2 * max(t, 1)))
    return 2 * t * overlap * mean_odd_power + (2 * t * _EPS + _SUM_ERROR) * potential


def _pair_potential(U: NDArray[np.complex128], t: int, weights: NDArray[np.float64]) -> float:
    """Σ_ij w_i w_j |Tr U_i†U_j|^{2t} block by block; the blocks above the diagonal count twice."""
    num_unitaries, D, _ = U.shape
    if num_unitaries**2 * (D * D + 16) // 2 > _LARGEST_WORK:
        most = int((2 * _LARGEST_WORK / (D * D + 16)) ** 0.5)
        raise CostError(
            f"{num_unitaries} unitaries would not finish: {num_unitaries**2} overlaps; the largest "
            f"number at D = {D} is {most}, or any with group=True for a group"
        )
    rows = U.reshape(num_unitaries, D * D)
    sums = []
    for i in range(0, num_unitaries, _BLOCK):
        for j in range(i, num_unitaries, _BLOCK):
            powers = _power_of_modulus(rows[i : i + _BLOCK].conj() @ rows[j : j + _BLOCK].T, t)
            powers *= weights[i : i + _BLOCK, None]
            powers *= weights[j : j + _BLOCK]
            sums.append((1 + (j > i)) * float(powers.sum()))
    return fsum(sums)


def _group_potential(U: NDArray[np.complex128], t: int) -> float:
    """The mean of |Tr U|^{2t}; in a group every row of overlaps is the same set, which three rows must show."""
    num_unitaries, D, _ = U.shape
    characters = np.abs(np.trace(U, axis1=1, axis2=2))
    for i in {0, num_unitaries // 2, num_unitaries - 1}:
        overlaps = np.abs(U.reshape(num_unitaries, D * D) @ U[i].conj().reshape(D * D))
        if np.abs(np.sort(overlaps) - np.sort(characters)).max() > D * _UNITARITY:
            raise InputError(
                f"unitaries must be a group up to phases with group=True, but the overlaps with "
                f"unitaries[{i}] are not those with the identity; leave group out"
            )
    return float(_power_of_modulus(characters.astype(np.complex128), t).mean())


def _power_of_modulus(x: NDArray[np.complex128], t: int) -> NDArray[np.float64]:
    """|x|^{2t} by products, t of them at most: NumPy's power takes the logarithm and is ten times slower."""
    square = x.real**2 + x.imag**2
    power = np.ones_like(square)
    for _ in range(t):
        power *= square
    return power


def _read_unitaries(unitaries: Any) -> NDArray[np.complex128]:
    if isinstance(unitaries, np.ndarray) and unitaries.dtype.kind in "iufc":
        if unitaries.ndim != 3 or unitaries.shape[1] != unitaries.shape[2]:  # noqa: PLR2004 — a list of matrices
            raise InputError(f"unitaries must have shape (N, D, D), got {unitaries.shape}")
        array = unitaries.astype(np.complex128)
    else:
        matrices = read_square_matrices("unitaries", unitaries, "U", wanted="unitary")
        array = np.array([U.astype(np.complex128) for U in matrices])
    if array.size == 0:
        raise InputError("unitaries must hold at least one unitary, got none")
    if not np.isfinite(array).all():
        raise InputError("unitaries must have finite entries, got nan or inf")
    return array


def _read_weights(weights: Sequence[Any] | None, num_unitaries: int) -> NDArray[np.float64]:
    if weights is None:
        return np.full(num_unitaries, 1 / num_unitaries)
    try:
        p = np.array([float(w) for w in weights])
    except (TypeError, ValueError):
        raise InputTypeError(f"weights must be real numbers, got {weights!r}; pass a list") from None
    if p.shape != (num_unitaries,):
        raise InputError(f"weights must be {num_unitaries}, one for each unitary, got {len(p)}")
    if not (p >= 0).all() or abs(fsum(p) - 1) > num_unitaries * _EPS:
        raise InputError(
            f"weights must be probabilities, got the sum {fsum(p)!r} and the least {float(p.min())!r}; "
            "divide by their sum"
        )
    return p
