r"""The twirl of X^{⊗k}, and the weights that twirl any operator.

By Schur–Weyl duality the twirl of a power is a sum over diagrams:

.. math:: \mathbb E_V (VXV^\dagger)^{\otimes k} = \sum_{\pi \in S_k} x(\pi) P_\pi, \qquad
          x(\pi) = \sum_{\lambda \vdash k} \frac{s_\lambda(X)}{\prod_{b \in \lambda}(D + c(b))} \chi^\lambda(\pi),
          \qquad s_\lambda(X) = \sum_\mu \frac{\chi^\lambda(\mu)}{z_\mu} \prod_i \mathrm{Tr} X^{\mu_i}.

At an integer D only diagrams with at most D rows enter; the others have s_λ(X) = 0 over a zero of the product.

Reference: collins2006, Prop. 2.3; derivations/02_the_walk.md.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from math import prod
from typing import TYPE_CHECKING, TypeAlias

from haarqntk.algebra import RationalFunction, product_of_shifts
from haarqntk.combinatorics import (
    Partition,
    centralizer_order,
    character_table,
    contents,
    partitions,
)
from haarqntk.groups import weingarten_table

if TYPE_CHECKING:
    from collections.abc import Callable

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


@cache
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
        weight = 1 / _content_product(lam, dimension)
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


def _content_product(lam: Partition, dimension: Dimension) -> RationalFunction:
    exponents: dict[int, int] = {}
    for c in contents(lam):
        exponents[c] = exponents.get(c, 0) + 1
    product = RationalFunction(product_of_shifts(exponents))
    return product if dimension is None else RationalFunction(product.at(dimension))
