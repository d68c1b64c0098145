"""``EigenvalueFormula``: the eigenvalues of the mean supervised kernel, with their multiplicities.

For |A| orthogonal inputs there is a closed form. For any Gram matrix and any observables the mean kernel is
A ⊗ B, so every eigenvalue is a product αβ (``_kronecker.py``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk._arguments import integer
from haarqntk._lazy import LazyModule
from haarqntk._notebook import Shown
from haarqntk._qobj import is_matrix
from haarqntk.algebra import latex_of, symbol
from haarqntk.errors import InputError
from haarqntk.qntk._derivation import Derivation, derive_in_steps
from haarqntk.qntk._inputs import circuit_dimension
from haarqntk.qntk._kronecker import exact_products, float_products, overlap_factor, squared_gram
from haarqntk.qntk._values import check_num_inputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from haarqntk.algebra import Power, Series
    from haarqntk.circuits import Cost
    from haarqntk.qntk._formula import Formula
    from haarqntk.qntk._kronecker import Matrix

sympy = LazyModule("sympy")


@dataclass(frozen=True, slots=True, repr=False)
class EigenvalueFormula(Shown):
    """The eigenvalues of E[K_δδ'] for |A| = n orthogonal inputs, and at numbers for any inputs.

    Attributes:
        name: Its name in ``hq.formulas()``.
        uniform: The eigenvalue of the vector (1, …, 1); multiplicity 1.
        difference: The eigenvalue of the vectors that sum to zero; multiplicity n − 1.
        mean: The mean kernel of two inputs and two observables, which gives the matrix for any inputs.

    Examples:
        >>> import haarqntk as hq
        >>> f = hq.formula("supervised_kernel_eigenvalues")
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

    @property
    def ensemble(self) -> str:
        """The ensemble that is averaged over.

        Examples:
            >>> import haarqntk as hq
            >>> hq.formula("supervised_kernel_eigenvalues").ensemble
            'segments'
        """
        return self.uniform.ensemble

    @property
    def generators(self) -> str:
        """The generators of the layers.

        Examples:
            >>> import haarqntk as hq
            >>> hq.formula("supervised_kernel_eigenvalues").generators
            'pauli'
        """
        return self.uniform.generators

    @property
    def design_order(self) -> int:
        """The t of the unitary t-designs that give the same average.

        Examples:
            >>> import haarqntk as hq
            >>> hq.formula("supervised_kernel_eigenvalues").design_order
            2
        """
        return self.uniform.design_order

    @property
    def cost(self) -> Cost:
        """What the derivation takes.

        Examples:
            >>> import haarqntk as hq
            >>> hq.formula("supervised_kernel_eigenvalues").cost
            Cost(copies=2, patterns=1, coefficients=2)
        """
        return self.uniform.cost

    @property
    def definition(self) -> str:
        """What is averaged, as plain text.

        Examples:
            >>> import haarqntk as hq
            >>> hq.formula("supervised_kernel_eigenvalues").definition
            "eigenvalues of E[K_δδ'] for |A| = n orthogonal inputs φ_δ, one observable"
        """
        return self.uniform.definition

    @property
    def definition_latex(self) -> str:
        r"""What is averaged, in LaTeX.

        Examples:
            >>> import haarqntk as hq
            >>> hq.formula("supervised_kernel_eigenvalues").definition_latex[:23]
            '\\text{eigenvalues of } '
        """
        return self.uniform.definition_latex

    @property
    def reference(self) -> str:
        """Keys into the bibliography, and the derivation.

        Examples:
            >>> import haarqntk as hq
            >>> hq.formula("supervised_kernel_eigenvalues").reference
            'liu2023, Eq. (21); derivations/05_supervised_kernel.md'
        """
        return self.uniform.reference

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
        found: dict[Series, Any] = {}
        parts = (self.uniform, self.difference)
        for part, count in zip(parts, self.to_sympy().values(), strict=True):
            series = part.series(order, scaling=scaling)
            found[series] = found.get(series, 0) + count  # at leading order both are one eigenvalue
        return found

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
        right = _observable_factor(self.mean, dimension, layers, generator_spectrum, _each_observable(given))
        if gram is None:
            n = check_num_inputs(num_inputs, dimension)
            left: Any = [[Fraction(int(i == j)) for j in range(n)] for i in range(n)]
        else:
            left = squared_gram(gram, dimension)
        u, v = (part.at(dimension) for part in overlap_factor(self.mean.polynomial))
        if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
            a = np.asarray(left, dtype=float) * float(v) + float(u)
            return float_products(a, np.asarray(right, dtype=float))
        return exact_products([[u + v * sigma for sigma in row] for row in left], right)

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
        found: dict[Any, int] = {}
        for part, count in ((self.uniform, 1), (self.difference, n - 1)):
            if count:
                value = part.evaluate(D=D, L=L, traces=traces, digits=digits, num_inputs=n)
                found[value] = found.get(value, 0) + count
        return found


def _each_observable(given: Mapping[str, object]) -> dict[str, list[Any]]:
    """The one argument that is given, as a list with one entry for each observable."""
    present = {name: value for name, value in given.items() if value is not None}
    if len(present) != 1:
        got = " and ".join(present) or "none"
        raise InputError(f"exactly one of spectrum=, traces=, observable= must be given, got {got}")
    ((name, value),) = present.items()
    entries: list[Any] = [value]
    if name == "spectrum" and isinstance(value, Iterable):
        rows = list(value)
        if rows and all(isinstance(row, Iterable) and not isinstance(row, str) for row in rows):
            entries = rows
    elif name == "observable":
        rows = list(value) if isinstance(value, Iterable) else []
        if rows and all(map(is_matrix, rows)):
            entries = rows
    return {name: entries}


def _observable_factor(
    mean: Formula, D: int, L: int, generator_spectrum: object, observables: Mapping[str, list[Any]]
) -> Matrix | NDArray[np.float64]:
    """b(O_i, O_j): the mean kernel of equal inputs."""
    ((name, entries),) = observables.items()
    pairs = [[(a, b) for b in entries] for a in entries] if len(entries) > 1 else [[entries[0]]]
    arguments: dict[str, Any] = {"D": D, "L": L, "overlap": 1, "generator_spectrum": generator_spectrum}
    rows = [[mean.at(**(arguments | {name: value})) for value in row] for row in pairs]
    if name == "observable":
        return np.array(rows, dtype=float)
    return [[Fraction(value) for value in row] for row in rows]
