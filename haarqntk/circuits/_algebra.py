"""Random variables of a circuit: outputs, their derivatives, sums over layers, polynomials in all of these.

An ``Expression`` is a polynomial in copies, kept as a sum of terms; a term is a product of copies, the layer
indices that are summed in it, and a coefficient. Its mean is that of its terms.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from math import factorial
from typing import TYPE_CHECKING, NamedTuple, final

from haarqntk.algebra import Combination, TracePolynomial, collected
from haarqntk.base import Shown
from haarqntk.checks import integer, one_of, rational
from haarqntk.circuits._ensembles import ENSEMBLES
from haarqntk.circuits._moment import (
    GENERATORS,
    LARGEST_POWER,
    kernel_moment,
    kernel_power,
    largest_k,
    mean_of_product,
    pattern_design_order,
    refuse_too_many_copies,
)
from haarqntk.circuits._terms import (
    Copy,
    LayerIndex,
    Term,
    canonical_patterns,
    check_name,
    latex_of_terms,
    product_of_terms,
    text_of_term,
)
from haarqntk.errors import CostError, InputError, InputTypeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from haarqntk.designs import Dimension

TARGET = "O_0"
FACTORISED_FROM = 3  # for K³ the factorisation is ten times as fast as the recursion, and it goes on to K⁵
_MOST_TERMS = 5_000
_OBSERVABLE = re.compile(r"[A-Z]\d*")
_LARGEST_POWER_OF_A_NUMBER = 100


@dataclass(frozen=True, slots=True)
class Circuit(Shown):
    """A layered random circuit: which average is meant, and which generators the layers have.

    Args:
        ensemble: "segments" (default): independent Haar unitaries between the layers. "independent_layers":
            every derivative keeps its law, but different ones are independent. "prl_ansatz": the ansatz of
            the letter, whose generators are drawn from all Pauli strings, so that a layer is the identity with
            probability 1/D², and whose layer L acts on the input itself; for moments that do not see that (else
            refused). "prl_ansatz_with_input_block": the same with a Haar block on the input side
            (derivations/08_ensembles.md). "generator_average": output state and observable are kept, only the
            generators are averaged.
        generators: "pauli" (default): X² = 1, Tr X = 0. "general": any Hermitian X, through X_j = Tr X^j.

    Raises:
        UnknownNameError: If a name is unknown.
        InputError: If the ensemble fixes the generators otherwise.

    Examples:
        >>> from haarqntk.circuits import layer_indices
        >>> e = Circuit().residual()
        >>> (l,) = layer_indices("l")
        >>> sum_over(e.d(l) ** 2, l)
        Expression(sum(d(l)*d(l), l))

    Reference:
        liu2023, Eqs. (1), (20); derivations/00_conventions.md.
    """

    ensemble: str = "segments"
    generators: str = "pauli"

    def __post_init__(self) -> None:
        one_of("ensemble", self.ensemble, ENSEMBLES)
        one_of("generators", self.generators, GENERATORS)
        if ENSEMBLES[self.ensemble].draws_pauli_strings and self.generators != "pauli":
            raise InputError(
                f"generators must be 'pauli' for the ensemble {self.ensemble!r}, whose generators are Pauli "
                f"strings, got {self.generators!r}"
            )

    def latex(self) -> str:
        r"""The circuit in LaTeX; that of the letter ends with layer L.

        Examples:
            >>> import haarqntk as hq
            >>> print(hq.Circuit().latex())
            U = S_{0} e^{i \theta_{1} X_{1}} S_{1} \cdots e^{i \theta_{L} X_{L}} S_{L}
        """
        last = " S_{L}" if ENSEMBLES[self.ensemble].has_input_block else ""
        return r"U = S_{0} e^{i \theta_{1} X_{1}} S_{1} \cdots e^{i \theta_{L} X_{L}}" + last

    def facts(self) -> dict[str, str]:
        """What is random, for a notebook.

        Examples:
            >>> import haarqntk as hq
            >>> hq.Circuit().facts()
            {'ensemble': 'segments', 'generators': 'pauli'}
        """
        return {"ensemble": self.ensemble, "generators": self.generators}

    def output(self, *, observable: str = "O", state: str = "psi") -> Output:
        """The output z = ⟨state|U† observable U|state⟩.

        Args:
            observable: A letter with or without a number: "O" (default), "O1", "O2", ….
            state: A name of a pure input state; different names may overlap.

        Raises:
            InputError: If a name is no identifier, or that of a state looks like an observable.

        Examples:
            >>> import haarqntk as hq
            >>> hq.Circuit().output(observable="O1", state="a")
            Expression(z(observable=O1, state=a))
        """
        if not isinstance(observable, str) or not _OBSERVABLE.fullmatch(observable):
            raise InputError(
                f"observable must be a capital letter with or without a number, got {observable!r}; a matrix goes to "
                ".at(observables={'O1': …}) of the mean"
            )
        check_name("state", state)
        if _OBSERVABLE.fullmatch(state):
            raise InputError(
                f"state must not look like an observable, got {state!r}; write a lower-case name"
            )
        return Output(self, Copy((), state, observable), None)

    def residual(self, *, observable: str = "O", state: str = "psi") -> Output:
        """The residual e = z − O_0, with the target O_0 as a symbol; its derivatives are those of z.

        Raises:
            InputError: As ``output``.

        Examples:
            >>> import haarqntk as hq
            >>> hq.Circuit().residual()
            Expression(z + (-O_0)*1)
        """
        output = self.output(observable=observable, state=state)
        return Output(self, output.copy, TracePolynomial.variable(TARGET))


class Expression(Combination[Term, TracePolynomial], Shown):
    """A polynomial in the outputs of one circuit and their derivatives, with sums over layer indices.

    Supports +, −, * and ** with other expressions of the same circuit and with exact numbers. Two expressions are
    equal when they are the same polynomial: neither the letters of summed indices nor the order of factors count.

    Args:
        circuit: The circuit.
        terms: Term → coefficient, each term as it was first written.
        free: The layer indices on which the expression depends; those of the terms if left out.

    Attributes:
        circuit: The circuit.
        free: The layer indices that were written and that nothing sums over, also where their terms cancel.

    Examples:
        >>> from haarqntk.circuits import layer_indices
        >>> e, (l, m) = Circuit().residual(), layer_indices("l m")
        >>> sum_over(e.d(l, m) * e.d(m), m) == sum_over(e.d(m) * e.d(l, m), m)
        True
        >>> sum_over(e.d(l) ** 2, l) - sum_over(e.d(m) ** 2, m)
        Expression(0)
    """

    __slots__ = ("circuit", "free")
    _times = staticmethod(product_of_terms)
    _one = (Term(()), TracePolynomial.constant(1))

    def __init__(
        self, circuit: Circuit, terms: Mapping[Term, TracePolynomial], free: frozenset[str] | None = None
    ) -> None:
        super().__init__(terms)
        self.circuit = circuit
        self.free = frozenset().union(*(term.free for term in terms)) if free is None else free

    def _like(self, terms: Mapping[Term, TracePolynomial], *operands: Expression) -> Expression:
        return Expression(self.circuit, terms, self.free.union(*(right.free for right in operands)))

    def _signature(self) -> tuple[object, ...]:
        return Expression, self.circuit, self.free

    @property
    def num_copies(self) -> int:
        """The largest number of copies in a term: the design order that its mean needs."""
        return max((len(term.copies) for term in self._terms), default=0)

    @property
    def largest_num_copies(self) -> int:
        """The most copies that a power of it may have for its mean to finish within seconds."""
        ensemble, generators = self.circuit.ensemble, self.circuit.generators
        products = [term.copies for term in self.terms if term.copies]
        are_kernels = all(kernel_power(copies, ensemble, generators) is not None for copies in products)
        if are_kernels and len({copy.state for copies in products for copy in copies}) == 1:
            return 2 * LARGEST_POWER
        return largest_k(ensemble, generators)

    def _check_product(self, right: Expression, num_terms: int) -> None:
        if num_terms > _MOST_TERMS:
            raise CostError(
                f"a product of {num_terms} terms would not finish; the largest number is {_MOST_TERMS}"
            )
        copies = self.num_copies + right.num_copies
        if copies > 2 * LARGEST_POWER:
            largest = min(self.largest_num_copies, right.largest_num_copies)
            raise CostError(
                f"a product of {copies} factors would not finish; the largest number of factors is {largest}"
            )

    def __pow__(self, exponent: int) -> Expression:
        n = integer("exponent", exponent, at_least=0)
        copies, largest = self.num_copies, self.largest_num_copies
        if n * copies > largest:
            if largest < 2 * LARGEST_POWER:
                refuse_too_many_copies(n * copies, self.circuit.ensemble, self.circuit.generators)
            raise CostError(
                f"a power with {n} · {copies} = {n * copies} factors would not finish; "
                f"the largest number of factors is {largest}"
            )
        if not copies and n > _LARGEST_POWER_OF_A_NUMBER:
            raise CostError(
                f"a power of a number must have an exponent of at most {_LARGEST_POWER_OF_A_NUMBER}, got {n}"
            )
        return super().__pow__(n)

    def _coerced(self, other: object) -> Expression | None:
        if isinstance(other, Expression):
            if other.circuit != self.circuit:
                raise InputError(
                    f"both factors must belong to one circuit, got {self.circuit} and {other.circuit}"
                )
            return other
        try:
            value = rational("a number in an expression", other)
        except InputTypeError:
            return None
        return Expression(self.circuit, {Term(()): TracePolynomial.constant(value)})

    def latex(self) -> str:
        """The random variable in LaTeX."""
        return latex_of_terms(self.terms)

    def facts(self) -> dict[str, str]:
        """The circuit that it belongs to, for a notebook."""
        return {"circuit": f"{self.circuit.ensemble}, {self.circuit.generators} generators"}

    def __repr__(self) -> str:
        return f"Expression({' + '.join(text_of_term(term, c) for term, c in self.terms.items()) or '0'})"


@final
class Output(Expression):
    """An output z, or a residual z − O_0, of which derivatives are taken."""

    __slots__ = ("copy",)

    def __init__(self, circuit: Circuit, copy: Copy, target: TracePolynomial | None) -> None:
        terms = {Term((copy,)): TracePolynomial.constant(1)}
        if target is not None:
            terms[Term(())] = -target
        super().__init__(circuit, terms)
        self.copy = copy

    def d(self, *indices: LayerIndex) -> Expression:
        """The derivative ∂_l ∂_m … in the angles of these layers, in radians; the same index may repeat.

        Raises:
            InputTypeError: If an argument is no layer index, or there is none.
        """
        if not indices or not all(isinstance(index, LayerIndex) for index in indices):
            raise InputTypeError(f"d takes one or more layer indices from hq.layer_indices, got {indices!r}")
        copy = replace(self.copy, layers=tuple(sorted(index.name for index in indices)))
        return Expression(self.circuit, {Term((copy,)): TracePolynomial.constant(1)})


def sum_over(expression: Expression, *indices: LayerIndex) -> Expression:
    """The sum over layer indices, 1 … L each.

    Args:
        expression: An expression in which each of the indices is free.
        indices: One or more different layer indices.

    Raises:
        InputTypeError: If an argument is of the wrong kind.
        InputError: If an index is repeated, or is not free in every term.

    Examples:
        >>> from haarqntk.circuits import layer_indices
        >>> e = Circuit().residual()
        >>> l, m = layer_indices("l m")
        >>> sum_over(e.d(l, m) * e.d(l) * e.d(m), l, m)
        Expression(sum(d(l, m)*d(l)*d(m), l, m))

    Reference:
        derivations/02_the_walk.md.
    """
    if not isinstance(expression, Expression):
        raise InputTypeError(f"expression must be built from a circuit's outputs, got {expression!r}")
    if not indices or not all(isinstance(index, LayerIndex) for index in indices):
        raise InputTypeError(f"sum_over takes one or more layer indices, got {indices!r}")
    names = frozenset(index.name for index in indices)
    if len(names) < len(indices):
        raise InputError(f"indices must be different, got {', '.join(index.name for index in indices)}")
    found = [(term.free, term) for term in expression.terms]
    for free, term in [*found, (expression.free, None)]:  # the last where nothing is left of the terms
        for name in sorted(names - free):
            text = "0" if term is None else text_of_term(term, expression.terms[term])
            raise InputError(
                f"the index {name} must be free in {text}: it is summed already or does not occur"
            )
    total = collected((Term(term.copies, term.summed | names), c) for term, c in expression.terms.items())
    return Expression(expression.circuit, total, expression.free - names)


class Cost(NamedTuple):
    """What a derivation takes.

    Attributes:
        copies: The largest number k of factors that are averaged together.
        patterns: The number of different layer patterns; 0 where K = v·S_L serves.
        coefficients: The length k! of the vector that the recursion carries.
    """

    copies: int
    patterns: int
    coefficients: int


def cost_of(expression: Expression) -> Cost:
    """The cost of averaging an expression, known before it is paid.

    Examples:
        >>> from haarqntk.circuits import Circuit, layer_indices, sum_over
        >>> e, (l,) = Circuit().residual(), layer_indices("l")
        >>> cost_of(sum_over(e.d(l) ** 2, l) ** 2)
        Cost(copies=4, patterns=2, coefficients=24)
    """
    circuit = expression.circuit
    patterns: set[object] = set()
    for term in expression.terms:
        power = kernel_power(term.copies, circuit.ensemble, circuit.generators)
        if power is None or power < FACTORISED_FROM:
            patterns |= canonical_patterns(term.copies).keys()
    return Cost(expression.num_copies, len(patterns), factorial(expression.num_copies))


def design_orders(expression: Expression) -> dict[int, int]:
    """The t that the mean of an expression needs, for the layer patterns of each number m of different layers.

    Unitary t-designs in place of the Haar unitaries give the same mean for all states, observables and generators;
    no smaller t does, where the terms of the expression do not cancel each other as random variables.

    Examples:
        >>> from haarqntk.circuits import Circuit, layer_indices, sum_over
        >>> e, (l,) = Circuit("generator_average").residual(), layer_indices("l")
        >>> design_orders(sum_over(e.d(l) ** 2, l) ** 2)  # g_l^4 has four generators of one layer, g_l² g_m² two
        {1: 4, 2: 2}
    """
    circuit, orders = expression.circuit, defaultdict[int, int](int)
    for term in expression.terms:
        for labels, pattern in canonical_patterns(term.copies):
            order = pattern_design_order(labels, pattern, circuit.ensemble, circuit.generators)
            orders[len(pattern)] = max(orders[len(pattern)], order)
    return dict(sorted(orders.items()))


def mean_of_expression(expression: Expression, *, dimension: Dimension = None) -> TracePolynomial:
    """The mean of a polynomial in outputs and derivatives, under the ensemble of its circuit.

    Raises:
        InputError: If a layer index is free.
        CostError: If a term has too many copies.
    """
    if expression.free:
        names = ", ".join(sorted(expression.free))
        raise InputError(f"every layer index must be summed, got the free index {names}; use sum_over")
    setting, total = asdict(expression.circuit), TracePolynomial({})
    for term, coefficient in expression.terms.items():
        power = kernel_power(term.copies, **setting)
        if power is None or power < FACTORISED_FROM:
            mean = mean_of_product(term.copies, **setting, dimension=dimension)
        else:
            mean = kernel_moment(power, dimension)
        total = total + coefficient * mean
    return total
