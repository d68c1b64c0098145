r"""The law of the kernel under ``segments``: K = v·S_L with independent factors, and exact moments of any order.

v = ⟨M²⟩ − ⟨M⟩² is the variance of O in a Haar-random state, S_L = Σ_l ξ_l² with independent ξ_l. The populations
of the state in O's eigenbasis are flat on the simplex, and

.. math:: \mathbb E \xi^{2n} = 4^n \frac{(1/2)_n (D/2)_n}{((D+1)/2)_n (D-1)_n}, \qquad (x)_n = x (x+1) \cdots (x+n-1).

``circuits.kernel_moment`` has the same moments to n = 5 as formulas in D and T_j, by the Weingarten calculus.

Reference: derivations/14_dynamics.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import comb, factorial, lcm, perm

import numpy as np

from haarqntk.base import Tabled, hermitian_array
from haarqntk.checks import integer, one_of
from haarqntk.circuits import ENSEMBLES
from haarqntk.errors import CostError, InputError
from haarqntk.qntk._inputs import circuit_dimension, one_spectrum, the_one_given

_ENSEMBLES = ("segments", "prl_ansatz_with_input_block")
_MOST_STEPS = 2 * 10**7  # multiplications of integers in one table: some ten seconds
_LONGEST_NUMBER = 24  # characters of a fraction that is shown exactly
_LARGEST_ORDER = 200  # some seconds: the fractions grow with the order, and their sums with its square


@dataclass(frozen=True, slots=True, repr=False)
class KernelLaw(Tabled):
    """The law of K for one dimension, depth and spectrum; make one with ``kernel_law``.

    Attributes:
        D: The dimension, even.
        L: The number of layers.
        spectrum: The D eigenvalues of O in increasing order.
        ensemble: "segments", generators with X² = 1, Tr X = 0; or "prl_ansatz_with_input_block", in which a
            generator is the identity, ξ_l = 0, with probability 1/D².

    Examples:
        >>> law = kernel_law(D=4, L=6, spectrum=[1, -1, -1, 1])
        >>> law.mean, law.variance, law.largest
        (Fraction(64, 25), Fraction(64896, 30625), Fraction(24, 1))

    Reference:
        liu2023; derivations/14_dynamics.md.
    """

    D: int
    L: int
    spectrum: tuple[Fraction, ...]
    ensemble: str = "segments"

    @property
    def reference(self) -> str:
        """Where it is derived.

        Examples:
            >>> law = kernel_law(D=4, L=6, spectrum=[1, -1, -1, 1])
            >>> law.reference
            'liu2023; derivations/14_dynamics.md'
        """
        return "liu2023; derivations/14_dynamics.md"

    @property
    def largest_variance(self) -> Fraction:
        """The largest v that a state can have: (o_max − o_min)²/4.

        Examples:
            >>> law = kernel_law(D=4, L=6, spectrum=[1, -1, -1, 1])
            >>> law.largest_variance
            Fraction(1, 1)
        """
        return (self.spectrum[-1] - self.spectrum[0]) ** 2 / 4

    @property
    def largest_square_sum(self) -> Fraction:
        """The largest S_L: ξ² ≤ 4 in every layer.

        Examples:
            >>> law = kernel_law(D=4, L=6, spectrum=[1, -1, -1, 1])
            >>> law.largest_square_sum
            Fraction(24, 1)
        """
        return Fraction(4 * self.L)

    @property
    def largest(self) -> Fraction:
        """The largest K that a circuit can have, L (o_max − o_min)².

        Examples:
            >>> law = kernel_law(D=4, L=6, spectrum=[1, -1, -1, 1])
            >>> law.largest
            Fraction(24, 1)
        """
        return self.largest_variance * self.largest_square_sum

    @property
    def mean(self) -> Fraction:
        """K̄ = E[K].

        Examples:
            >>> law = kernel_law(D=4, L=6, spectrum=[1, -1, -1, 1])
            >>> law.mean
            Fraction(64, 25)
        """
        return self.moment(1)

    @property
    def variance(self) -> Fraction:
        """ΔK² = E[K²] − K̄².

        Examples:
            >>> law = kernel_law(D=4, L=6, spectrum=[1, -1, -1, 1])
            >>> law.variance
            Fraction(64896, 30625)
        """
        return self.moment(2) - self.moment(1) ** 2

    @property
    def silence(self) -> Fraction:
        """The probability that a layer's generator is the identity.

        Examples:
            >>> kernel_law(D=4, L=6, spectrum=[1, -1, -1, 1], ensemble="prl_ansatz_with_input_block").silence
            Fraction(1, 16)
        """
        return Fraction(1, self.D**2) if ENSEMBLES[self.ensemble].draws_pauli_strings else Fraction(0)

    def xi_moments(self, largest: int) -> tuple[Fraction, ...]:
        """E[ξ^{2n}] for n = 0 … ``largest``.

        Raises:
            InputTypeError, InputError: If the argument is no integer ≥ 0.
            CostError: If it is beyond 200.

        Examples:
            >>> law = kernel_law(D=4, L=6, spectrum=[1, -1, -1, 1])
            >>> law.xi_moments(2)
            (Fraction(1, 1), Fraction(8, 15), Fraction(24, 35))
        """
        moments, D = [1 - self.silence], self.D
        for n in range(_order("largest", largest)):  # 4^n (1/2)_n (D/2)_n / ((D+1)/2)_n (D−1)_n, term by term
            ratio = Fraction(2 * (2 * n + 1) * (D + 2 * n), (D + 1 + 2 * n) * (D - 1 + n))
            moments.append(moments[-1] * ratio)
        return (Fraction(1), *moments[1:])

    def square_sum_moments(self, largest: int) -> tuple[Fraction, ...]:
        """E[S_L^n] for n = 0 … ``largest``.

        Raises:
            InputTypeError, InputError: If the argument is no integer ≥ 0.
            CostError: If it is beyond 200.

        Examples:
            >>> law = kernel_law(D=4, L=6, spectrum=[1, -1, -1, 1])
            >>> law.square_sum_moments(1)
            (Fraction(1, 1), Fraction(16, 5))
        """
        n = _order("largest", largest)
        return _square_sum_moments(self.xi_moments(n), self.L)

    def variance_moments(self, largest: int, *, output_power: int = 0) -> tuple[Fraction, ...]:
        """E[z^p v^n] for n = 0 … ``largest``, z = ⟨M⟩ and p = ``output_power``: z and v have one state.

        Raises:
            CostError: If an order is beyond 200, or the table of some D n² steps would not finish.

        Examples:
            >>> law = kernel_law(D=4, L=6, spectrum=[1, -1, -1, 1])
            >>> law.variance_moments(1), law.variance_moments(0, output_power=2)
            ((Fraction(1, 1), Fraction(4, 5)), (Fraction(1, 5),))
        """
        n, p = _order("largest", largest), _order("output_power", output_power)
        return _variance_moments(self.spectrum, n, p)

    def moments(self, largest: int, *, output_power: int = 0) -> tuple[Fraction, ...]:
        """E[z^p K^n] for n = 0 … ``largest`` and p = ``output_power``.

        Raises:
            InputTypeError, InputError: If an argument is no integer ≥ 0.
            CostError: As ``variance_moments``.

        Examples:
            >>> law = kernel_law(D=4, L=6, spectrum=[1, -1, -1, 1])
            >>> [str(moment) for moment in law.moments(2)]
            ['1', '64/25', '10624/1225']
            >>> len(law.moments(40))
            41
        """
        variances = self.variance_moments(largest, output_power=output_power)
        return tuple(
            a * b for a, b in zip(variances, self.square_sum_moments(len(variances) - 1), strict=True)
        )

    def moment(self, n: int, *, output_power: int = 0) -> Fraction:
        """E[z^p K^n] for p = ``output_power``; see ``moments``.

        Raises:
            InputTypeError, InputError, CostError: As ``moments``.

        Examples:
            >>> law = kernel_law(D=4, L=6, spectrum=[1, -1, -1, 1])
            >>> law.moment(1), law.moment(0, output_power=2)
            (Fraction(64, 25), Fraction(1, 5))
        """
        return self.moments(n, output_power=output_power)[-1]

    def facts(self) -> dict[str, str]:
        """The setting and the first moments, for a notebook.

        Examples:
            >>> law = kernel_law(D=4, L=6, spectrum=[1, -1, -1, 1])
            >>> law.facts()["mean"], law.facts()["spectrum of O"]
            ('64/25', '2 different eigenvalues, from -1 to 1')
        """
        ends = f"from {_short(self.spectrum[0])} to {_short(self.spectrum[-1])}"
        return {
            "setting": f"D = {self.D}, L = {self.L}, {self.ensemble}",
            "spectrum of O": f"{len(set(self.spectrum))} different eigenvalues, {ends}",
            "mean": _short(self.mean),
            "variance": _short(self.variance),
            "largest": _short(self.largest),
            "source": self.reference,
        }


def _short(number: Fraction) -> str:
    """The exact number, or six digits where it has many more."""
    return text if len(text := str(number)) <= _LONGEST_NUMBER else f"{float(number):.6g}"


def kernel_law(
    *, D: int, L: int, spectrum: object = None, observable: object = None, ensemble: str = "segments"
) -> KernelLaw:
    """The law of K for Pauli generators and Haar segments, by its exact moments of every order.

    Args:
        D: The dimension, an even integer ≥ 2; a power of two where the generators are Pauli strings.
        L: The number of layers, an integer ≥ 1.
        spectrum: The D eigenvalues of O, integers or rationals, in any order.
        observable: Instead of the spectrum, O as a Hermitian D × D array or Qobj; its eigenvalues are floats, which
            are then taken as the binary fractions that they are.
        ensemble: "segments" (default) or "prl_ansatz_with_input_block". In "prl_ansatz" the law depends on the
            input; in others K is no product of independent factors.

    Returns:
        The law.

    Raises:
        InputTypeError, InputError: If an argument is missing, of the wrong kind or out of range.
        UnknownNameError: If the ensemble is unknown here.

    Examples:
        >>> law = kernel_law(D=8, L=6, spectrum=[5, 3, 1, 0, 0, -1, -2, -7])
        >>> law.mean, law.largest
        (Fraction(316, 21), Fraction(864, 1))

    Reference:
        [liu2023] Eq. 6 for K; derivations/14_dynamics.md.
    """
    if any(ensemble == known.name and not known.has_input_block for known in ENSEMBLES.values()):
        raise InputError(
            f"ensemble {ensemble!r} has no Haar block on the input side, so that the law of K depends on the input; "
            "use ensemble 'prl_ansatz_with_input_block', or simulate it"
        )
    one_of("ensemble", ensemble, _ENSEMBLES)
    dimension, depth = circuit_dimension(D, ensemble=ensemble), integer("L", L, at_least=1)
    if the_one_given({"spectrum": spectrum, "observable": observable}) == "observable":
        matrix = hermitian_array("observable", observable, D=dimension)
        spectrum = [Fraction(float(x)) for x in np.linalg.eigvalsh(matrix)]
    return KernelLaw(dimension, depth, tuple(sorted(one_spectrum(spectrum, dimension))), ensemble)


def _order(name: str, value: object) -> int:
    order = integer(name, value, at_least=0)
    if order > _LARGEST_ORDER:
        raise CostError(f"{name} must be at most {_LARGEST_ORDER}, got {order}: exact moments grow too long")
    return order


@lru_cache(maxsize=64)
def _square_sum_moments(xi_moments: tuple[Fraction, ...], L: int) -> tuple[Fraction, ...]:
    """E[S_L^n] = n! [x^n] (Σ_j E[ξ^{2j}] x^j/j!)^L, by the recursion of g' f = L f' g for g = f^L."""
    f = [value / factorial(j) for j, value in enumerate(xi_moments)]
    g = [Fraction(1)]
    for n in range(1, len(f)):
        terms = (((L + 1) * j - n) * f[j] * g[n - j] for j in range(1, n + 1))
        g.append(sum(terms, Fraction(0)) / n)
    return tuple(value * factorial(n) for n, value in enumerate(g))


@lru_cache(maxsize=64)
def _variance_moments(spectrum: tuple[Fraction, ...], largest: int, power: int) -> tuple[Fraction, ...]:
    """E[z^p v^n] = Σ_i C(p,i) c^{p−i} Σ_j C(n,j) (−1)^j E[⟨A²⟩^{n−j} ⟨A⟩^{2j+i}] for O = c + A."""
    # v does not see the shift c; where it is the commonest eigenvalue, most factors of the table are 1
    centre = max(set(spectrum), key=spectrum.count)
    scale = lcm(*(x.denominator for x in spectrum))
    shifted = tuple(int((x - centre) * scale) for x in spectrum if x != centre)
    degree = 2 * largest + max(power, 2)  # one table for p ≤ 2, which a squared residual needs
    steps = len(shifted) * (degree + 2) ** 2 // 4
    if steps > _MOST_STEPS:
        raise CostError(
            f"moments of v up to n = {largest} at D = {len(spectrum)} would take {steps} steps; at most "
            f"{_MOST_STEPS} are affordable: lower n, or D"
        )
    table, D = _complete_symmetric(shifted, degree), len(spectrum)

    def expectation(a: int, b: int) -> Fraction:
        """E[⟨A⟩^a ⟨A²⟩^b], A in units of 1/scale."""
        return Fraction(factorial(a) * factorial(b) * table[b][a], perm(D + a + b - 1, a + b))

    moments = []
    for n in range(largest + 1):
        total = Fraction(0)
        for i in range(power + 1):
            centred = sum(
                (comb(n, j) * (-1) ** j * expectation(2 * j + i, n - j) for j in range(n + 1)), Fraction(0)
            )
            total += comb(power, i) * centre ** (power - i) * centred / Fraction(scale) ** (2 * n + i)
        moments.append(total)
    return tuple(moments)


@lru_cache(maxsize=4)
def _complete_symmetric(eigenvalues: tuple[int, ...], degree: int) -> list[list[int]]:
    """The coefficients [b][a] of y^a x^b in Π_i 1/(1 − yλ_i − xλ_i²) = Σ_r h_r(yλ + xλ²), for a + 2b ≤ ``degree``."""
    table = [[0] * (degree - 2 * b + 1) for b in range(degree // 2 + 1)]
    table[0][0] = 1
    for o in eigenvalues:
        square = o * o
        for b, row in enumerate(table):
            above = table[b - 1] if b else [0] * len(row)
            previous = 0
            for a in range(len(row)):
                previous = row[a] = row[a] + o * previous + square * above[a]
    return table
