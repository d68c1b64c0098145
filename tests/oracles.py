"""Independent routes that several tests compare the library with; none of them calls an engine."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from functools import cache
from itertools import permutations, product
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy

from haarqntk.algebra import RationalFunction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from haarqntk.combinatorics import Pairing, Partition, Permutation


def to_rational_function(expression: Any) -> RationalFunction:
    """A SymPy expression in one symbol named D as the canonical value, through integer polynomials."""
    D = sympy.Symbol("D")
    plain = sympy.sympify(expression).xreplace({s: D for s in expression.free_symbols if s.name == "D"})
    parts = [sympy.Poly(part, D) for part in sympy.fraction(sympy.together(plain))]
    top, bottom = ([int(c) for c in reversed(part.all_coeffs())] for part in parts)
    return RationalFunction(top, bottom)


def cycle_lengths(sigma: Permutation) -> Partition:
    """The cycle type, by following every point until it is met again."""
    left, lengths = set(range(len(sigma))), []
    while left:
        start = point = left.pop()
        length = 1
        while (point := sigma[point]) != start:
            left.remove(point)
            length += 1
        lengths.append(length)
    return tuple(sorted(lengths, reverse=True))


def loop_halves(p: Pairing, q: Pairing) -> Partition:
    """The coset type of two pairings, by merging the blocks of points that either of them connects."""
    blocks = [set(pair) for pair in p]
    for pair in q:
        met = [block for block in blocks if block & set(pair)]
        blocks = [block for block in blocks if block not in met] + [set().union(*met)]
    return tuple(sorted((len(block) // 2 for block in blocks), reverse=True))


@cache
def symmetric_group(k: int) -> tuple[Permutation, ...]:
    """All of S_k."""
    return tuple(permutations(range(k)))


@cache
def quotient_counts(k: int) -> dict[Partition, Counter[tuple[Partition, Partition]]]:
    """For one ρ of each class: how many τ ∈ S_k have (class of τ, class of τ⁻¹ρ)."""
    group = symmetric_group(k)
    class_of = {sigma: cycle_lengths(sigma) for sigma in group}
    counts: dict[Partition, Counter[tuple[Partition, Partition]]] = {}
    for rho in group:
        if class_of[rho] not in counts:
            quotients = ((tau, tuple(tau.index(image) for image in rho)) for tau in group)
            counts[class_of[rho]] = Counter((class_of[tau], class_of[q]) for tau, q in quotients)
    return counts


def convolve(f: Mapping[Partition, Any], g: Mapping[Partition, Any], k: int) -> dict[Partition, Any]:
    """Σ_τ f(τ) g(τ⁻¹ρ) of two class functions on S_k, by running over the group."""
    return {
        rho: sum((f[mu] * g[nu] * count for (mu, nu), count in counts.items()), start=f[rho] * 0)
        for rho, counts in quotient_counts(k).items()
    }


def power_sums(spectrum: Sequence[Fraction | int], highest: int) -> dict[str, Fraction]:
    """T_1, …, T_highest of an observable with these eigenvalues, by name."""
    return {f"T{j}": sum((Fraction(x) ** j for x in spectrum), Fraction(0)) for j in range(1, highest + 1)}


def mean_over_haar_states(operators: Sequence[Sequence[Fraction]]) -> Fraction:
    """E Π_i ⟨ψ|A_i|ψ⟩ over Haar states for commuting A_i by their spectra: a sum over S_n."""
    n, D = len(operators), len(operators[0])
    total = Fraction(0)
    for sigma in symmetric_group(n):
        left, value = set(range(n)), Fraction(1)
        while left:
            start = point = left.pop()
            cycle = [start]
            while (point := sigma[point]) != start:
                left.remove(point)
                cycle.append(point)
            value *= sum((prod(operators[i][row] for i in cycle) for row in range(D)), Fraction(0))
        total += value
    return total / prod(range(D, D + n))


@cache
def icosahedral_group() -> NDArray[np.complex128]:
    """The 120 unit icosians as matrices in SU(2), a unitary 5-design: shape (120, 2, 2)."""
    golden = (1 + 5**0.5) / 2
    quaternions = {tuple(sign * row) for row in np.eye(4) for sign in (1, -1)}
    quaternions |= set(product((0.5, -0.5), repeat=4))
    for order in permutations(range(4)):
        if (4 - len(cycle_lengths(order))) % 2 == 0:
            for signs in product((0.5, -0.5), repeat=3):
                entries = (signs[0] * golden, signs[1], signs[2] / golden, 0.0)
                quaternions.add(tuple(entries[i] for i in order))
    a, b, c, d = np.array(sorted(quaternions)).T
    return np.stack([np.stack([a + 1j * b, c + 1j * d], -1), np.stack([-c + 1j * d, a - 1j * b], -1)], -2)


@cache
def icosahedral_rotations() -> NDArray[np.complex128]:
    """One of each pair ±u of the group, which averages X ↦ uXu† as well: shape (60, 2, 2)."""
    group = icosahedral_group()
    entries = np.stack([group.real, group.imag], axis=-1).reshape(len(group), -1)
    return group[[next(x for x in row if abs(x) > 1e-9) > 0 for row in entries]]
