"""``ClosedForm``: what a closed form says about itself, its values and its series; ``Formula`` adds arithmetic."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from haarqntk.algebra import DEPTH, Result, Series, Symbol, Trace, TracePolynomial, series_of
from haarqntk.base import LazyModule, one_line
from haarqntk.checks import integer, one_of
from haarqntk.circuits import ENSEMBLES, GENERATORS
from haarqntk.errors import InputError
from haarqntk.qntk._inputs import as_float, binary_fraction, circuit_dimension, range_text
from haarqntk.qntk._recipe import Recipe, derived_at
from haarqntk.qntk._values import SymbolValues

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from haarqntk.algebra import Power
    from haarqntk.circuits import Cost
    from haarqntk.designs import Dimension

mpmath = LazyModule("mpmath")


@dataclass(frozen=True, slots=True, repr=False)
class ClosedForm(Result):
    """A polynomial in L, traces and overlaps over Q(D), with its ensemble and its source; see ``Formula``."""

    name: str = field(compare=False)
    polynomial: TracePolynomial
    ensemble: str
    generators: str
    design_order: int = field(compare=False)
    cost: Cost = field(compare=False)
    definition: str = field(compare=False)
    definition_latex: str = field(compare=False)
    notation: str = field(compare=False)
    reference: str = field(compare=False)
    recipe: Recipe = field(compare=False, repr=False)

    def __post_init__(self) -> None:
        """Check the names."""
        one_of("ensemble", self.ensemble, ENSEMBLES)
        one_of("generators", self.generators, GENERATORS)

    def derive(self, dimension: Dimension = None) -> TracePolynomial:
        """The derivation, run again at an integer, by pseudo-inverse at a pole, or at the symbol D (None).

        Raises:
            InputError: If there are no such generators in the dimension.

        Examples:
            >>> import haarqntk as hq
            >>> hq.formula("kernel_mean").derive(4).to_sympy()
            -2*L*(T1**2 - 4*T2)/75
        """
        return self.recipe.at(dimension)

    @property
    def degree_in_L(self) -> int:
        """The highest power of the depth L.

        Examples:
            >>> import haarqntk as hq
            >>> hq.formula("kernel_second_moment").degree_in_L
            2
        """
        return self.polynomial.degree_in(DEPTH)

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """The symbols that occur, D first, then L, traces and overlaps.

        Examples:
            >>> import haarqntk as hq
            >>> hq.formula("kernel_second_moment").symbols
            ('D', 'L', 'T1', 'T2', 'T3', 'T4')
        """
        others = sorted(self.polynomial.variables, key=lambda x: (isinstance(x, Trace), x))
        return (Symbol("D"), *others)

    def to_sympy(self) -> Any:
        """The closed form as a SymPy expression in ``hq.D``, ``hq.L``, ``hq.T(1)``, ….

        Factored as a whole or, where that is shorter, power of L by power of L.

        Examples:
            >>> import haarqntk as hq
            >>> hq.formula("kernel_mean").to_sympy()
            2*L*(D*T2 - T1**2)/((D - 1)*(D + 1)**2)
        """
        return self.polynomial.to_sympy(collect="L")

    def at(
        self,
        *,
        D: int,
        L: int | None = None,
        spectrum: object = None,
        traces: object = None,
        observable: object = None,
        observables: object = None,
        states: object = None,
        overlap: object = None,
        num_inputs: int | None = None,
        generator_spectrum: object = None,
        populations: object = None,
        values: Mapping[str, object] | None = None,
    ) -> Fraction | float:
        """The value at a dimension D ≥ 2, exact also below the design order.

        Args:
            D: The dimension: an integer ≥ 2 of any integer type, even for Pauli generators.
            L: The number of layers, an integer ≥ 1; may be left out where the formula has no L.
            spectrum: The D eigenvalues of O, integers or rationals; for two observables with a common
                eigenbasis, a pair of such lists.
            traces: [T1, T2, …] up to the highest power that occurs, or symbol name → value; for D ≥ k.
            observable: O as a D × D Hermitian array or Qobj, or as a nested list, exact where its entries are; one
                matrix for every observable of the formula, or a list of them in the order of their names.
            observables: Name → matrix, for several observables.
            states: Name → normalised vector, or projector, of each input state on which the formula depends; beside
                ``observable`` where the formula has traces of words in both.
            overlap: |⟨φ|φ'⟩|², a rational in [0, 1]; needed where the formula has σ.
            num_inputs: The number |A| of inputs, an integer from 1 to D; needed where the formula has n.
            generator_spectrum: The D eigenvalues of the generator X, where the formula has X1, X2, ….
            populations: The populations p_i of the output state in O's eigenbasis, beside ``spectrum``, where
                the formula has m_j = Σ_i p_i o_i^j.
            values: Any other symbol by name: the target "O_0", expectations "m1", "m2", …, or a trace.

        Returns:
            An exact Fraction from exact data; a float from arrays, Qobjs and lists with floats.

        Raises:
            InputTypeError, InputError: If an argument is missing, of the wrong kind or out of range.

        Examples:
            >>> from haarqntk.qntk import formula
            >>> formula("kernel_mean").at(D=8, L=6, spectrum=[5, 3, 1, 0, 0, -1, -2, -7])
            Fraction(316, 21)
        """
        found = self._values_at(D)
        found.add_named(values)
        found.add_generator(generator_spectrum)
        found.add_scalars(L=L, overlap=overlap, num_inputs=num_inputs)
        found.add_populations(spectrum, populations)
        given = {"spectrum": spectrum, "traces": traces, "observable": observable}
        found.add_operators(given, observables, states)
        value = found.value()
        return value if found.exact else as_float(value)

    def evaluate(
        self,
        *,
        D: int,
        L: int | None = None,
        traces: object,
        digits: int = 50,
        overlap: object = None,
        num_inputs: int | None = None,
    ) -> Any:
        """The value at [T1, T2, …] to any number of decimal digits, for D of any size.

        The traces are taken exactly (an mpmath number is a binary fraction), the formula is evaluated
        exactly, and rounded once: nothing cancels at D = 2^50.

        Args:
            D: The dimension: an even integer ≥ the design order.
            L: The number of layers.
            traces: [T1, T2, …], integers, rationals, floats or mpmath numbers.
            digits: Decimal digits of the result, an integer ≥ 1.
            overlap: As in ``at``.
            num_inputs: As in ``at``.

        Returns:
            An ``mpmath.mpf``, computed with that many digits.

        Raises:
            InputTypeError, InputError: As ``at``.

        Examples:
            >>> from haarqntk.qntk import formula
            >>> value = formula("kernel_mean").evaluate(D=2**50, L=10, traces=[0, 2**50], digits=30)
            >>> print(mpmath.nstr(value, 30))
            1.77635683940024888695600022692e-14
        """
        precision = integer("digits", digits, at_least=1)
        if not isinstance(traces, list | tuple):
            raise InputError(f"traces must be a list [T1, T2, …], got {traces!r}")
        exact = [binary_fraction(f"T{j}", value) for j, value in enumerate(traces, start=1)]
        found = self._values_at(D)
        found.add_scalars(L=L, overlap=overlap, num_inputs=num_inputs)
        found.add_rounded_traces(exact)
        value = found.value()
        with mpmath.workdps(precision):
            return mpmath.mpf(value.numerator) / value.denominator

    def _values_at(self, D: object) -> SymbolValues:
        dimension = circuit_dimension(D, self.generators, self.ensemble)
        return SymbolValues(
            self.name, self.generators, self.symbols[1:], polynomial_at(self, dimension), dimension
        )

    def series(self, order: int = 2, *, scaling: str | Mapping[str, Power] = "pauli_sum") -> Series:
        """The expansion in 1/D with its remainder.

        Args:
            order: The number of powers of D that are kept, from the leading one on; an integer ≥ 1.
            scaling: How T_j grows with D: "pauli_sum" (default), T_j ~ D; "projector", T_j ~ 1; or a mapping
                symbol name → rational exponent; then powers go down by 1/q, their common denominator.

        Returns:
            The series, which carries order, remainder and scaling.

        Raises:
            InputTypeError, InputError, UnknownNameError: If an argument is out of range or unknown.

        Examples:
            >>> from haarqntk.qntk import formula
            >>> print(formula("kernel_mean").series(order=1))
            2*L*T2/D**2 - 2*L*T1**2/D**3 + O(D**-2), T1 ~ D, T2 ~ D
        """
        return series_of(self.polynomial, order, scaling)

    def facts(self) -> dict[str, str]:
        """What it means, for a notebook.

        Examples:
            >>> import haarqntk as hq
            >>> hq.formula("kernel_mean").facts()["design order"]
            '2'
        """
        return {
            "name": self.name,
            "average": self.definition,
            "ensemble": f"{self.ensemble}, {self.generators} generators",
            "design order": str(self.design_order),
            "range": range_text(self.generators, self.ensemble),
            "source": self.reference,
        }

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {one_line(f'{self.name} = {self}')}>"


def polynomial_at(formula: ClosedForm, D: int) -> TracePolynomial:
    """What is evaluated at a dimension: the closed form, or at one of its poles the derivation there.

    A closed form without a pole at D holds there, however small D is: what a Young diagram of more than D rows
    adds to it vanishes for matrices of that dimension.

    Examples:
        >>> import haarqntk as hq
        >>> z, (l,) = hq.Circuit(generators="general").output(), hq.layer_indices("l")
        >>> f = hq.mean(hq.sum_over(z.d(l, l) ** 3, l))
        >>> polynomial_at(f, 4) == f.polynomial, polynomial_at(f, 2) == f.polynomial
        (True, False)
    """
    return derived_at(formula.recipe, D) if formula.polynomial.has_pole_at(D) else formula.polynomial
