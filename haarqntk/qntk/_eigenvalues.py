"""``EigenvalueFormula``: the eigenvalues of the mean supervised kernel, with their multiplicities.

For |A| orthogonal inputs there is a closed form. For any inputs and observables the mean kernel is bilinear,
a(σ_δδ') · b(O_i, O_j), a Kronecker product A ⊗ B with A = a(σ) from the Gram matrix of the inputs, so every eigenvalue
is a product αβ. Eigenvalues are exact from exact data: for each pair of irreducible factors of the two characteristic
polynomials, the products of their roots are the eigenvalues of the Kronecker product of their companion matrices.

Reference: liu2023, Eqs. (17)–(21).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from haarqntk.algebra import (
    SIGMA,
    RationalFunction,
    TracePolynomial,
    collected,
    latex_of,
    rational_spectrum,
    symbol,
)
from haarqntk.base import LazyModule, Shown, complex_array, is_matrix, plain
from haarqntk.checks import integer, rational
from haarqntk.errors import CostError, InputError
from haarqntk.qntk._derivation import Derivation, derive_in_steps
from haarqntk.qntk._formula import Formula, check_same_average
from haarqntk.qntk._inputs import circuit_dimension, is_list, the_one_given
from haarqntk.qntk._values import check_num_inputs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from haarqntk.algebra import Power, Series
    from haarqntk.circuits import Cost

sympy = LazyModule("sympy")

Matrix: TypeAlias = list[list[Fraction]]

_LARGEST_EXACT_GRAM = 16  # isolating the roots of a dense rational matrix: seconds at 16, minutes beyond


@dataclass(frozen=True, slots=True, repr=False)
class EigenvalueFormula(Shown):
    r"""The eigenvalues of E[K_δδ'] for |A| = n orthogonal inputs, and at numbers for any inputs.

    Attributes:
        name: Its name in ``hq.formulas()``.
        uniform: The eigenvalue of the vector (1, …, 1); multiplicity 1.
        difference: The eigenvalue of the vectors that sum to zero; multiplicity n − 1.
        mean: The mean kernel of two inputs and two observables, which gives the matrix for any inputs.
        ensemble: The ensemble that is averaged over.
        generators: The generators of the layers.
        design_order: The t of the unitary t-designs that give the same average.
        cost: What the derivation takes.
        definition: What is averaged, as plain text.
        definition_latex: What is averaged, in LaTeX.
        reference: Keys into the bibliography, and the derivation.

    Raises:
        InputError: If the parts are averages over different ensembles.

    Examples:
        >>> import haarqntk as hq
        >>> f = hq.formula("supervised_kernel_eigenvalues")
        >>> f.ensemble, f.generators, f.design_order, f.cost
        ('segments', 'pauli', 2, Cost(copies=2, patterns=1, coefficients=2))
        >>> f.definition
        "eigenvalues of E[K_δδ'] for |A| = n orthogonal inputs φ_δ, one observable"
        >>> f.definition_latex[:23], f.reference
        ('\\text{eigenvalues of } ', 'liu2023, Eq. (21); derivations/05_supervised_kernel.md')
        >>> print(f)
        2*L*(D - n)*(D*T2 - T1**2)/((D - 1)**2*(D + 1)**2)  (multiplicity 1)
        2*D*L*(D*T2 - T1**2)/((D - 1)**2*(D + 1)**2)  (multiplicity n - 1)

    Reference:
        liu2023, Eq. (21); derivations/05_supervised_kernel.md.
    """

    name: str = field(compare=False)
    uniform: Formula
    difference: Formula
    mean: Formula
    ensemble: str = field(init=False, compare=False)
    generators: str = field(init=False, compare=False)
    design_order: int = field(init=False, compare=False)
    cost: Cost = field(init=False, compare=False)
    definition: str = field(init=False, compare=False)
    definition_latex: str = field(init=False, compare=False)
    reference: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        for other in (self.difference, self.mean):
            check_same_average(self.uniform, other)
        for each in fields(self):
            if not each.init:
                object.__setattr__(self, each.name, getattr(self.uniform, each.name))

    def to_sympy(self) -> dict[Any, Any]:
        """Eigenvalue → multiplicity, as ``sympy.Matrix.eigenvals`` gives them, in D, L, T1, T2 and n = |A|.

        Examples:
            >>> from haarqntk.qntk import formula
            >>> for eigenvalue, multiplicity in formula("supervised_kernel_eigenvalues").to_sympy().items():
            ...     print(eigenvalue, "|", multiplicity)
            2*L*(D - n)*(D*T2 - T1**2)/((D - 1)**2*(D + 1)**2) | 1
            2*D*L*(D*T2 - T1**2)/((D - 1)**2*(D + 1)**2) | n - 1
        """
        return {self.uniform.to_sympy(): sympy.Integer(1), self.difference.to_sympy(): symbol("n") - 1}

    def latex(self) -> str:
        r"""The eigenvalues with their multiplicities, as the lines of an ``aligned`` environment.

        Examples:
            >>> import haarqntk as hq
            >>> lines = hq.formula("supervised_kernel_eigenvalues").latex().split(r" \\ ")
            >>> lines[1].startswith(r"\lambda_{2} &= \frac{2 D L")
            True
        """
        lines = (
            rf"\lambda_{{{i}}} &= {latex_of(value)} && (\times\, {latex_of(multiplicity)})"
            for i, (value, multiplicity) in enumerate(self.to_sympy().items(), start=1)
        )
        return "\\begin{aligned} " + r" \\ ".join(lines) + " \\end{aligned}"

    def facts(self) -> dict[str, str]:
        """What it means, for a notebook.

        Examples:
            >>> import haarqntk as hq
            >>> hq.formula("supervised_kernel_eigenvalues").facts()["design order"]
            '2'
        """
        return self.uniform.facts() | {"name": self.name}

    def __str__(self) -> str:
        return "\n".join(f"{value}  (multiplicity {count})" for value, count in self.to_sympy().items())

    def explain(self) -> Derivation:
        """How the two eigenvalues come about; see ``Formula.explain``.

        Examples:
            >>> import haarqntk as hq
            >>> derivation = hq.formula("supervised_kernel_eigenvalues").explain()
            >>> [step.title.template for step in derivation.steps()][:3]
            ['Definition', 'Copies', 'Layer patterns']
        """
        return derive_in_steps(self.name, (self.uniform, self.difference))

    def series(
        self, order: int = 2, *, scaling: str | Mapping[str, Power] = "pauli_sum"
    ) -> dict[Series, Any]:
        """The expansion of each eigenvalue in 1/D at fixed |A| → its multiplicity; see ``Formula.series``.

        Raises:
            InputTypeError, InputError, UnknownNameError: As ``Formula.series``.

        Examples:
            >>> import haarqntk as hq
            >>> for series, multiplicity in hq.formula("supervised_kernel_eigenvalues").series(order=2).items():
            ...     print(series.to_sympy(), "|", multiplicity)
            2*L*T2/D**2 - 2*L*T1**2/D**3 - 2*L*T2*n/D**3 + 2*L*T1**2*n/D**4 | 1
            2*L*T2/D**2 - 2*L*T1**2/D**3 | n - 1
        """
        parts = (part.series(order, scaling=scaling) for part in (self.uniform, self.difference))
        return collected(zip(parts, self.to_sympy().values(), strict=True))  # both may be one eigenvalue

    def at(
        self,
        *,
        D: int,
        L: int,
        num_inputs: int | None = None,
        gram: object = None,
        spectrum: object = None,
        traces: object = None,
        observable: object = None,
        generator_spectrum: object = None,
    ) -> dict[Any, int]:
        """The eigenvalues at a dimension, with their multiplicities.

        Args:
            D: The dimension: an integer ≥ 2, even for Pauli generators.
            L: The number of layers, an integer ≥ 1.
            num_inputs: |A| orthogonal inputs, an integer from 1 to D; or give ``gram``.
            gram: The Gram matrix ⟨φ_δ|φ_δ'⟩ of the inputs: a Hermitian positive matrix of rank ≤ D with unit
                diagonal; exact rationals, or floats.
            spectrum: The D eigenvalues of O; or a list of such lists, one for each observable, in a common
                eigenbasis.
            traces: [T1, T2], for one observable.
            observable: A D × D Hermitian array or Qobj, or a list of them.
            generator_spectrum: The D eigenvalues of the generator X, for general generators.

        Returns:
            Eigenvalue → multiplicity, increasing. From exact data a rational eigenvalue is a Fraction and an
            irrational one an exact SymPy number; from floats they are floats, equal within rounding.

        Raises:
            InputTypeError, InputError: If an argument is missing, of the wrong kind or out of range.
            CostError: If an exact Gram matrix is too large; floats have no such bound.

        Examples:
            >>> from haarqntk.qntk import formula
            >>> f = formula("supervised_kernel_eigenvalues")
            >>> f.at(D=4, L=6, num_inputs=3, spectrum=[1, -1, -1, 1])
            {Fraction(64, 75): 1, Fraction(256, 75): 2}
            >>> f.at(D=4, L=6, gram=[[1, 0, 0], [0, 1, 0], [0, 0, 1]], spectrum=[1, -1, -1, 1])
            {Fraction(64, 75): 1, Fraction(256, 75): 2}
        """
        dimension, layers = circuit_dimension(D, self.generators, self.ensemble), integer("L", L, at_least=1)
        if (num_inputs is None) == (gram is None):
            raise InputError("exactly one of num_inputs= (orthogonal inputs) and gram= must be given")
        given = {"spectrum": spectrum, "traces": traces, "observable": observable}
        right = _observable_factor(self.mean, dimension, layers, generator_spectrum, given)
        if gram is None:
            n = check_num_inputs(num_inputs, dimension)
            left: Any = [[Fraction(int(i == j)) for j in range(n)] for i in range(n)]
        else:
            left = _squared_gram(gram, dimension)
        u, v = (part.at(dimension) for part in _overlap_factor(self.mean.polynomial))
        if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
            a = np.asarray(left, dtype=float) * float(v) + float(u)
            return _float_products(a, np.asarray(right, dtype=float))
        return _exact_products([[u + v * sigma for sigma in row] for row in left], right)

    def evaluate(
        self, *, D: int, L: int, traces: object, num_inputs: int, digits: int = 50
    ) -> dict[Any, int]:
        """The eigenvalues of orthogonal inputs to any number of decimal digits; see ``Formula.evaluate``.

        Returns:
            Eigenvalue, an ``mpmath.mpf``, → multiplicity.

        Raises:
            InputTypeError, InputError: As ``Formula.evaluate``; if ``num_inputs`` is no integer from 1 to D.

        Examples:
            >>> import haarqntk as hq
            >>> f = hq.formula("supervised_kernel_eigenvalues")
            >>> [*f.evaluate(D=2**50, L=6, traces=[0, 2**50], num_inputs=3, digits=20).values()]
            [1, 2]
        """
        n = check_num_inputs(num_inputs, circuit_dimension(D, self.generators, self.ensemble))
        parts = ((self.uniform, 1), (self.difference, n - 1))[: 2 if n > 1 else 1]
        arguments: dict[str, Any] = {"D": D, "L": L, "traces": traces, "digits": digits, "num_inputs": n}
        return collected((part.evaluate(**arguments), count) for part, count in parts)


def _observable_factor(
    mean: Formula, D: int, L: int, generator_spectrum: object, given: Mapping[str, object]
) -> Matrix | NDArray[np.float64]:
    """b(O_i, O_j), the mean kernel of equal inputs, from one observable or a list of several."""
    name = the_one_given(given)
    value, is_one = given[name], is_matrix if name == "observable" else is_list
    entries: list[Any] = list(value) if name != "traces" and isinstance(value, Iterable) else []
    if not entries or not all(map(is_one, entries)):
        entries = [value]
    pairs = [[(a, b) for b in entries] for a in entries] if len(entries) > 1 else [entries]
    arguments: dict[str, Any] = {"D": D, "L": L, "overlap": 1, "generator_spectrum": generator_spectrum}
    rows = [[mean.at(**(arguments | {name: value})) for value in row] for row in pairs]
    if name == "observable":
        return np.array(rows, dtype=float)
    return [[Fraction(value) for value in row] for row in rows]


def _overlap_factor(mean: TracePolynomial) -> tuple[RationalFunction, RationalFunction]:
    """The coefficients of a(σ) = u + vσ, a(1) = 1: the same for every monomial, as the mean is a Kronecker product."""
    at_one, at_zero = (mean.substitute({SIGMA: TracePolynomial.constant(sigma)}) for sigma in (1, 0))
    (u,) = {at_zero.terms.get(monomial, RationalFunction(0)) / c for monomial, c in at_one.terms.items()}
    return u, 1 - u


def _squared_gram(gram: object, D: int) -> Matrix | NDArray[np.float64]:
    """|⟨φ_δ|φ_δ'⟩|² from a checked Gram matrix: Fractions from exact data, else a float array."""
    given = plain("gram", gram, "operator")
    approximate = complex_array("gram", given, "operator")
    rows: Any = given.tolist() if hasattr(given, "tolist") else given
    n = len(approximate) if approximate.ndim else 0
    if approximate.shape != (n, n) or n == 0:
        raise InputError(f"gram must be a square matrix, got shape {approximate.shape}")
    tolerance = 1e-10 * n
    if np.abs(approximate - approximate.conj().T).max() > tolerance:
        raise InputError("gram must be Hermitian: gram[i][j] is the conjugate of gram[j][i]")
    if np.abs(np.diag(approximate) - 1).max() > tolerance:
        raise InputError("gram must have unit diagonal: the inputs are normalised")
    eigenvalues = np.linalg.eigvalsh(approximate)
    if eigenvalues[0] < -tolerance:
        raise InputError(f"gram must be positive semidefinite, got the eigenvalue {eigenvalues[0]:.3g}")
    if (rank := int((eigenvalues > tolerance).sum())) > D:
        raise InputError(f"gram must have rank at most D = {D}, got rank {rank}")
    if any(isinstance(x, float | complex) for row in rows for x in row):
        return np.asarray(np.abs(approximate) ** 2)
    if n > _LARGEST_EXACT_GRAM:
        raise CostError(
            f"an exact gram of {n} inputs would not finish: its roots have degree up to {n}; "
            f"the largest is {_LARGEST_EXACT_GRAM}; pass floats"
        )
    return [[rational("each entry of gram", x) ** 2 for x in row] for row in rows]


def _exact_products(a: Matrix, b: Matrix) -> dict[Any, int]:
    """The eigenvalues of a ⊗ b with multiplicities, from exact characteristic polynomials."""
    factors = collected(
        (factor, m * n * multiplicity)
        for f, m in rational_spectrum(a)
        for g, n in rational_spectrum(b)
        for factor, multiplicity in rational_spectrum(
            [[x * y for x in row for y in other] for row in _companion(f) for other in _companion(g)]
        )
    )
    roots = collected((root, multiplicity) for f, multiplicity in factors.items() for root in _roots(f))
    return dict(sorted(roots.items(), key=lambda pair: float(pair[0])))


def _companion(f: Sequence[Fraction]) -> Matrix:
    degree = len(f) - 1
    return [
        [Fraction(int(i == j + 1)) if j < degree - 1 else -f[i] / f[-1] for j in range(degree)]
        for i in range(degree)
    ]


def _roots(f: Sequence[Fraction]) -> list[Any]:
    if len(f) == 2:  # noqa: PLR2004 - a linear factor
        return [-f[0] / f[1]]
    return list(sympy.Poly([*map(sympy.Rational, reversed(f))], sympy.Dummy("x")).real_roots())


def _float_products(a: NDArray[np.float64], b: NDArray[np.float64]) -> dict[Any, int]:
    """The same in floats; eigenvalues closer than rounding are one."""
    products = np.sort(np.outer(np.linalg.eigvalsh(a), np.linalg.eigvalsh(b)).ravel())
    tolerance = len(products) * 1e-13 * max(float(np.abs(products).max()), np.finfo(float).tiny)
    groups = np.split(products, np.flatnonzero(np.diff(products) > tolerance) + 1)
    return {float(group.mean()): len(group) for group in groups}
