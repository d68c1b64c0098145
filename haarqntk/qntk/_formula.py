"""``Formula``: a closed form that carries its meaning, and stays exact wherever it is evaluated."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import reduce
from operator import add, methodcaller, mul, sub
from typing import TYPE_CHECKING, Any

from haarqntk._arguments import integer, rational
from haarqntk._lazy import LazyModule
from haarqntk._notebook import Shown, one_line
from haarqntk.algebra import Symbol, Trace, TracePolynomial, latex_of
from haarqntk.errors import InputError, InputTypeError
from haarqntk.qntk._derivation import Derivation, derive_in_steps
from haarqntk.qntk._inputs import as_float, binary_fraction, circuit_dimension
from haarqntk.qntk._meaning import meaning
from haarqntk.qntk._ratio import Ratio, check_same_average
from haarqntk.qntk._recipe import (
    Derived,
    Recipe,
    add_recipes,
    design_order,
    multiply_recipes,
    scale_recipe,
    substitute_in_recipe,
)
from haarqntk.qntk._series import series_of
from haarqntk.qntk._values import SymbolValues

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from fractions import Fraction

    from haarqntk.algebra import Power, Series
    from haarqntk.circuits import Cost
    from haarqntk.designs import Dimension

    _Operation = Callable[[TracePolynomial, TracePolynomial], TracePolynomial]

sympy = LazyModule("sympy")
mpmath = LazyModule("mpmath")


@dataclass(frozen=True, slots=True, repr=False)
class Formula(Shown):
    """A closed form: a polynomial in L, traces and overlaps over Q(D), with its ensemble and its source.

    Two formulas are equal when their closed forms and ensembles are.

    Attributes:
        name: Its name in ``hq.formulas()``.
        polynomial: The closed form, valid at every D in range that is no pole.
        ensemble: The ensemble that is averaged over.
        generators: "pauli" (X² = 1, Tr X = 0) or "general" (through X_j = Tr X^j).
        design_order: The smallest t for which independent unitary t-designs in place of the Haar unitaries (of the
            generators under "generator_average") give the average for all D, L, O, X and states; generic ones need it.
        cost: What its derivation takes: copies, layer patterns, coefficients of the walk.
        definition: What is averaged, as plain text.
        definition_latex: What is averaged, in LaTeX.
        notation: The letter of the papers for it, in LaTeX.
        reference: Keys into the bibliography, and the derivation.
        derive: The derivation at an integer or the symbol; run again, by pseudo-inverse, at a pole.
        recipe: The formula as a polynomial in means, which ``explain`` follows; empty for a coefficient of L.

    Examples:
        >>> import haarqntk as hq
        >>> r = hq.formula("kernel_second_moment") - hq.formula("kernel_mean") ** 2
        >>> r == hq.formula("kernel_variance"), r.design_order
        (True, 4)

    Reference:
        liu2023; derivations/02_the_walk.md.
    """

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
    derive: Callable[[Dimension], TracePolynomial] = field(compare=False, repr=False)
    recipe: Recipe = field(default=(), compare=False, repr=False)

    # -- arithmetic: sums, products and powers of results are results ------------------------------------

    def __add__(self, other: Formula) -> Formula:
        return self._combine(other, "+", add, add_recipes)

    def __sub__(self, other: Formula) -> Formula:
        return self._combine(other, "-", sub, lambda a, b: add_recipes(a, scale_recipe(b, -1)))

    def __mul__(self, other: Formula | Fraction | int) -> Formula:
        if isinstance(other, Formula):
            return self._combine(other, "*", mul, multiply_recipes)
        try:
            c = rational("a multiple of a formula", other)
        except InputTypeError:
            return NotImplemented
        return replace(
            self,
            name=f"{c} * ({self.name})",
            polynomial=self.polynomial * c,
            definition=f"{c} * ({self.definition})",
            definition_latex=rf"{c}\, \left({self.notation}\right)",
            notation=rf"{c}\, \left({self.notation}\right)",
            derive=Derived(methodcaller("__mul__", c), (self.derive,)),
            recipe=scale_recipe(self.recipe, c),
        )

    __rmul__ = __mul__

    def __pow__(self, exponent: int) -> Formula:
        return reduce(mul, [self] * integer("exponent", exponent, at_least=1))

    def __truediv__(self, other: Formula) -> Ratio:
        if not isinstance(other, Formula):
            return NotImplemented
        check_same_average(self, other)
        return Ratio(self, other)

    def _combine(
        self,
        other: Formula,
        sign: str,
        operation: _Operation,
        of_recipes: Callable[[Recipe, Recipe], Recipe],
    ) -> Formula:
        if not isinstance(other, Formula):
            return NotImplemented
        check_same_average(self, other)
        both = of_recipes(self.recipe, other.recipe) if self.recipe and other.recipe else None
        return replace(
            self,
            name=f"({self.name}) {sign} ({other.name})",
            polynomial=operation(self.polynomial, other.polynomial),
            design_order=max(self.design_order, other.design_order) if both is None else design_order(both),
            cost=max(self.cost, other.cost),
            definition=f"({self.definition}) {sign} ({other.definition})",
            definition_latex=rf"\left({self.notation}\right) {sign} \left({other.notation}\right)",
            notation=rf"\left({self.notation}\right) {sign} \left({other.notation}\right)",
            reference="; ".join(dict.fromkeys([*self.reference.split("; "), *other.reference.split("; ")])),
            derive=Derived(operation, (self.derive, other.derive)),
            recipe=both or (),
        )

    def coefficient_of_L(self, power: int) -> Formula:
        """The coefficient of L^power, a formula without L.

        Raises:
            InputTypeError, InputError: If the power is no integer ≥ 0.

        Examples:
            >>> from haarqntk.qntk import formula
            >>> print(formula("kernel_mean").coefficient_of_L(1))
            2*(D*T2 - T1**2)/((D - 1)*(D + 1)**2)
        """
        n = integer("power", power, at_least=0)
        return replace(
            self,
            name=f"coefficient of L**{n} in {self.name}",
            polynomial=self.polynomial.coefficient("L", n),
            design_order=design_order(self.recipe, n) if self.recipe else self.design_order,
            notation=rf"[L^{{{n}}}]\, {self.notation}",
            derive=Derived(methodcaller("coefficient", "L", n), (self.derive,)),
            recipe=(),
        )

    def centred(self) -> Formula:
        """The formula for Tr O = 0, which is shorter and, for K and μ, no less general: O → O − (T_1/D)·1.

        Examples:
            >>> from haarqntk.qntk import formula
            >>> print(formula("kernel_mean").centred())
            2*D*L*T2/((D - 1)*(D + 1)**2)
        """
        firsts = (x for x in self.polynomial.variables if isinstance(x, Trace) and x.degree == 1)
        at_zero = dict.fromkeys(firsts, TracePolynomial({}))
        return replace(
            self,
            name=f"{self.name} at T1 = 0",
            polynomial=self.polynomial.substitute(at_zero),
            notation=rf"\left.{self.notation}\right|_{{T_1=0}}",
            derive=Derived(methodcaller("substitute", at_zero), (self.derive,)),
            recipe=substitute_in_recipe(self.recipe, at_zero),
        )

    def explain(self) -> Derivation:
        """How the formula comes about: the walks of the engine, one layer at a time, and a second route.

        Returns:
            The steps as data; ``print`` shows them, ``haarqntk.export`` writes them as Markdown or LaTeX.

        Raises:
            InputError: If the formula is a coefficient of L.

        Examples:
            >>> from haarqntk.qntk import formula
            >>> derivation = formula("kernel_mean").explain()
            >>> [step.title.template for step in derivation.steps()][:3]
            ['Definition', 'Copies', 'Layer patterns']
        """
        return derive_in_steps(self.name, (self,))

    @property
    def degree_in_L(self) -> int:
        """The highest power of the depth L.

        Examples:
            >>> import haarqntk as hq
            >>> hq.formula("kernel_second_moment").degree_in_L
            2
        """
        return self.polynomial.degree_in("L")

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

    def _sympy_(self) -> Any:
        return self.to_sympy()

    def latex(self) -> str:
        r"""The closed form in LaTeX.

        Examples:
            >>> from haarqntk.qntk import formula
            >>> print(formula("kernel_mean").latex())
            \frac{2 L \left(D T_{2} - T_{1}^{2}\right)}{\left(D - 1\right) \left(D + 1\right)^{2}}
        """
        return latex_of(self.to_sympy())

    def facts(self) -> dict[str, str]:
        """What it means, for a notebook.

        Examples:
            >>> import haarqntk as hq
            >>> hq.formula("kernel_mean").facts()["design order"]
            '2'
        """
        return meaning(self)

    def __repr__(self) -> str:
        return f"<Formula {one_line(f'{self.name} = {self}')}>"

    def __str__(self) -> str:
        return str(self.to_sympy())

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
        found = SymbolValues(self, circuit_dimension(D, self.generators, self.ensemble))
        found.add_named(values)
        found.add_generator(generator_spectrum)
        found.add_scalars(L, overlap, num_inputs)
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
        found = SymbolValues(self, circuit_dimension(D, self.generators, self.ensemble))
        found.add_scalars(L, overlap, num_inputs)
        found.add_rounded_traces(exact)
        value = found.value()
        with mpmath.workdps(precision):
            return mpmath.mpf(value.numerator) / value.denominator

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
