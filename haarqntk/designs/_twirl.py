r"""The twirl of an operator on k copies, as data, and of X^{⊗k} from its power sums.

.. math:: \mathbb E_V V^{\otimes k} R V^{\dagger\otimes k} = \sum_\sigma c_\sigma P_\sigma, \qquad
          c_\sigma = \sum_\tau \mathrm{Wg}(\sigma\tau^{-1}, D) \mathrm{Tr}(P_\tau^\dagger R)

P_σ moves the tensor factor at place a to place σ(a) (convention C7). Exact input gives exact coefficients. By
Schur–Weyl duality the twirl of a power is a sum over diagrams:

.. math:: \mathbb E_V (VXV^\dagger)^{\otimes k} = \sum_{\pi \in S_k} x(\pi) P_\pi, \qquad
          x(\pi) = \sum_{\lambda \vdash k} \frac{s_\lambda(X)}{\prod_{b \in \lambda}(D + c(b))} \chi^\lambda(\pi),
          \qquad s_\lambda(X) = \sum_\mu \frac{\chi^\lambda(\mu)}{z_\mu} \prod_i \mathrm{Tr} X^{\mu_i}.

At an integer D only diagrams with at most D rows enter; the others have s_λ(X) = 0 over a zero of the product.

Reference: collins2006, Prop. 2.3; derivations/02_the_walk.md, derivations/10_designs_and_twirls.md.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import factorial, prod
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from haarqntk.algebra import RationalFunction, product_of_shifts
from haarqntk.base import Shown, check_factors
from haarqntk.checks import integer, one_of
from haarqntk.combinatorics import (
    Partition,
    Permutation,
    centralizer_order,
    character_table,
    contents,
    inverse,
    partitions,
    quotient_classes,
    symmetric_group,
)
from haarqntk.designs._matrices import Number, number_latex, read_square_matrix, simplified
from haarqntk.errors import CostError, InputError
from haarqntk.groups import UNITARY, cycles_text, weingarten_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


Dimension: TypeAlias = int | None
"""An integer dimension, or None for the symbol D."""


def dimension_as_field(dimension: Dimension) -> RationalFunction:
    """The dimension as an element of Q(D).

    Examples:
        >>> dimension_as_field(None), dimension_as_field(4)
        (RationalFunction([0, 1]), RationalFunction([4]))
    """
    return RationalFunction([0, 1]) if dimension is None else RationalFunction(dimension)


def twirl_of_power(
    k: int, power_trace: Callable[[int], RationalFunction], dimension: Dimension = None
) -> dict[Partition, RationalFunction]:
    """The class function x of E[(VXV†)^{⊗k}] = Σ_π x(π) P_π.

    Args:
        k: The number of factors, ≥ 0.
        power_trace: j ↦ Tr X^j.
        dimension: An integer D ≥ 1, or None for the symbol.

    Returns:
        Cycle type → coefficient.

    Examples:
        A traceless involution: Tr X^j is D for even j and 0 for odd j.

        >>> D = RationalFunction([0, 1])
        >>> x = twirl_of_power(2, lambda j: D if j % 2 == 0 else RationalFunction(0))
        >>> x[2,].to_sympy(), x[1, 1].to_sympy()
        (D/((D - 1)*(D + 1)), -1/((D - 1)*(D + 1)))
    """
    twirl = {mu: RationalFunction(0) for mu in partitions(k)}
    for nu, part in twirl_by_power_sums(k, dimension).items():
        power_sum = prod(map(power_trace, nu), start=RationalFunction(1))
        if power_sum:
            for mu, value in part.items():
                twirl[mu] = twirl[mu] + power_sum * value
    return twirl


@lru_cache(maxsize=64)  # orders up to about ten, at the symbol and at some integers
def twirl_by_power_sums(
    k: int, dimension: Dimension = None
) -> dict[Partition, dict[Partition, RationalFunction]]:
    """The coefficient of Π_i Tr X^{ν_i} in the class function x of E[(VXV†)^{⊗k}], for every ν.

    Examples:
        >>> twirl_by_power_sums(1)  # E[VXV†] = Tr X / D
        {(1,): {(1,): RationalFunction([1], [0, 1])}}
    """
    classes, characters = partitions(k), character_table(k).tolist()
    table = {nu: {mu: RationalFunction(0) for mu in classes} for nu in classes}
    for lam, row in zip(classes, characters, strict=True):
        if dimension is not None and len(lam) > dimension:
            continue
        product = RationalFunction(product_of_shifts(Counter(contents(lam))))
        weight = 1 / (product if dimension is None else RationalFunction(product.at(dimension)))
        for nu, at_nu in zip(classes, row, strict=True):
            scaled = weight * Fraction(at_nu, centralizer_order(nu))
            for mu, at_mu in zip(classes, row, strict=True):
                table[nu][mu] = table[nu][mu] + scaled * at_mu
    return table


def twirl_weights(k: int, dimension: Dimension = None) -> dict[Partition, RationalFunction]:
    """The Weingarten function of S_k, which twirls any operator R to Σ_στ Wg(στ⁻¹) Tr(P_τ†R) P_σ.

    Examples:
        >>> twirl_weights(1)
        {(1,): RationalFunction([1], [0, 1])}
    """
    table = weingarten_table(k)
    if dimension is None:
        return {mu: w.value for mu, w in table.items()}
    return {mu: RationalFunction(w.at(dimension)) for mu, w in table.items()}


_GROUPS = (UNITARY.name,)
_LARGEST_K = 6  # 720² products of a weight and an overlap: a second


def permutation_operator(sigma: Permutation, D: int) -> NDArray[np.int64]:
    """The matrix of P_σ on k copies of dimension D, which moves the factor at place a to place σ(a).

    Examples:
        The factors a, b, c at the places 0, 1, 2 become c, a, b: σ = (0 → 1 → 2 → 0).

        >>> a, b, c = np.array([1, 2]), np.array([3, 5]), np.array([7, 11])
        >>> moved = permutation_operator((1, 2, 0), 2) @ np.kron(np.kron(a, b), c)
        >>> np.array_equal(moved, np.kron(np.kron(c, a), b))
        True
    """
    P = np.zeros((D ** len(sigma),) * 2, dtype=np.int64)
    P[_image_of_indices(sigma, D), np.arange(len(P))] = 1
    return P


def _image_of_indices(sigma: Permutation, D: int) -> NDArray[np.int64]:
    """Where P_σ sends each product basis vector: the digit at place a goes to place σ(a)."""
    k = len(sigma)
    places = np.arange(D**k, dtype=np.int64).reshape((D,) * k)  # axis a is the digit at place a
    moved = np.transpose(places, inverse(sigma))  # read along the new digits, the old index
    image = np.empty(D**k, dtype=np.int64)
    image[moved.reshape(-1)] = np.arange(D**k)
    return image


@dataclass(frozen=True, slots=True, repr=False)
class Twirl(Shown):
    r"""The twirl Σ_σ c_σ P_σ of an operator on k copies.

    Below D = k the P_σ are dependent; the coefficients are then those of the pseudo-inverse, the shortest.

    Attributes:
        dimension: D, of one copy.
        k: The number of copies.
        values: c_σ for every σ ∈ S_k in lexicographic order: Fractions, exact SymPy numbers where they are not
            rational, complex where the operator had floats.

    Raises:
        InputError: If there are not k! values, or both exact ones and floats.

    Examples:
        >>> import haarqntk as hq
        >>> t = hq.twirl([[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]], 2)  # |00⟩⟨00|
        >>> t.coefficients
        {(0, 1): Fraction(1, 6), (1, 0): Fraction(1, 6)}

    Reference:
        derivations/10_designs_and_twirls.md.
    """

    dimension: int
    k: int
    values: tuple[Number, ...]

    def __post_init__(self) -> None:
        """Check that there is a number for each permutation, and of one kind."""
        if len(self.values) != factorial(self.k):
            raise InputError(f"values must be k! numbers, got {len(self.values)} with k = {self.k}")
        if len({isinstance(value, complex) for value in self.values}) > 1:
            raise InputError("values must be all exact or all of floats, got both")

    @property
    def coefficients(self) -> dict[Permutation, Number]:
        """Permutation → c_σ, zeros included.

        Examples:
            >>> import haarqntk as hq
            >>> t = hq.twirl([[1, 0, 0, 0], [0, -1, 0, 0], [0, 0, -1, 0], [0, 0, 0, 1]], 2)  # of Z ⊗ Z
            >>> t.coefficients
            {(0, 1): Fraction(-1, 3), (1, 0): Fraction(2, 3)}
        """
        return dict(zip(symmetric_group(self.k), self.values, strict=True))

    def latex(self) -> str:
        r"""The sum of permutation operators in LaTeX, without zeros; permutations in cycles, from 0.

        Examples:
            >>> import haarqntk as hq
            >>> t = hq.twirl([[1, 0], [0, 2]], 1)
            >>> print(t.latex())
            \frac{3}{2} P_{id}
        """
        named = ((cycles_text(sigma).replace(" ", r"\,"), c) for sigma, c in self.coefficients.items() if c)
        terms = (rf"{_before_operator(c)} P_{{{text}}}" for text, c in named)
        return " + ".join(terms).replace("+ -", "-") or "0"

    def facts(self) -> dict[str, str]:
        """What it is, for a notebook.

        Examples:
            >>> import haarqntk as hq
            >>> t = hq.twirl([[1, 0], [0, 2]], 1)
            >>> t.facts()
            {'copies': '1', 'dimension of a copy': '2'}
        """
        return {"copies": str(self.k), "dimension of a copy": str(self.dimension)}

    def __str__(self) -> str:
        named = ((cycles_text(sigma), c) for sigma, c in self.coefficients.items() if c)
        return " + ".join(f"({c}) P{'(id)' if text == 'id' else text}" for text, c in named) or "0"

    def to_array(self) -> NDArray[Any]:
        """The matrix Σ_σ c_σ P_σ, shape (D^k, D^k), of exact objects, or complex128 if the operator had floats.

        Examples:
            >>> import haarqntk as hq
            >>> t = hq.twirl([[1, 0, 0, 0], [0, -1, 0, 0], [0, 0, -1, 0], [0, 0, 0, 1]], 2)  # of Z ⊗ Z
            >>> print(t.to_array())
            [[Fraction(1, 3) Fraction(0, 1) Fraction(0, 1) Fraction(0, 1)]
             [Fraction(0, 1) Fraction(-1, 3) Fraction(2, 3) Fraction(0, 1)]
             [Fraction(0, 1) Fraction(2, 3) Fraction(-1, 3) Fraction(0, 1)]
             [Fraction(0, 1) Fraction(0, 1) Fraction(0, 1) Fraction(1, 3)]]
        """
        size, is_float = self.dimension**self.k, isinstance(self.values[0], complex)
        total = np.full((size, size), 0j if is_float else Fraction(0))
        for sigma, c in self.coefficients.items():
            total[_image_of_indices(sigma, self.dimension), np.arange(size)] += c
        return (
            total if is_float else np.array([*map(simplified, total.flat)], dtype=object).reshape(size, size)
        )


def _before_operator(number: Number) -> str:
    text = number_latex(number)
    if getattr(number, "is_Add", False):
        text = rf"\left({text}\right)"
    return {"1": "", "-1": "-"}.get(text, text)


def twirl(operator: Any, k: int, *, group: str = "unitary") -> Twirl:
    r"""The k-fold twirl of an operator: its average over all rotations of the k copies by one Haar unitary.

    .. math:: \mathbb E_V V^{\otimes k} R V^{\dagger\otimes k} = \sum_{\sigma\in S_k} c_\sigma P_\sigma

    Args:
        operator: R, of shape (D^k, D^k): a nested list, NumPy array, SymPy matrix or Qobj. D is read off. The
            tensor factors of a Qobj, in their order, must make up k copies.
        k: The number of copies, 1 to 6.
        group: The group: "unitary" (default).

    Returns:
        The coefficients, exact if all entries are, also below D = k.

    Raises:
        InputTypeError: If ``operator`` is no matrix of numbers or k no integer.
        InputError: If it is not square, not finite, its size is no k-th power, or a Qobj acts on other factors.
        UnknownNameError: If the group is unknown.
        CostError: If k is too large to finish.

    Examples:
        >>> import haarqntk as hq
        >>> ZZ = [[1, 0, 0, 0], [0, -1, 0, 0], [0, 0, -1, 0], [0, 0, 0, 1]]
        >>> hq.twirl(ZZ, 2).coefficients
        {(0, 1): Fraction(-1, 3), (1, 0): Fraction(2, 3)}

    Reference:
        collins2006; derivations/10_designs_and_twirls.md.
    """
    k = integer("k", k, at_least=1)
    one_of("group", group, _GROUPS)
    if k > _LARGEST_K:
        raise CostError(f"k = {k} would not finish: {k}!² products; the largest k is {_LARGEST_K}")
    R = read_square_matrix("operator", operator)
    D = round(len(R) ** (1 / k))
    if D**k != len(R):
        raise InputError(
            f"operator must be D^k × D^k, got {len(R)} × {len(R)} with k = {k}; pass the other k"
        )
    check_factors("operator", operator, (D,) * k)
    columns = np.arange(len(R))
    overlaps = [R[_image_of_indices(tau, D), columns].sum() for tau in symmetric_group(k)]  # Tr P_τ†R
    weights = np.array([w.at(D) for w in twirl_weights(k, D).values()], dtype=R.dtype)
    values = weights[quotient_classes(k)] @ np.array(overlaps, dtype=R.dtype)
    return Twirl(D, k, tuple(map(simplified, values.tolist())))
