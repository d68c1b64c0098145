"""Random variables of a circuit: outputs, their derivatives, sums over layers, polynomials in all of these.

An ``Expression`` is a polynomial in copies, kept as a sum of terms; a term is a product of copies, the layer
indices that are summed in it, and a coefficient. Nothing is averaged here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, final

from haarqntk._arguments import integer, one_of, rational
from haarqntk.circuits._copies import Copy
from haarqntk.circuits._ensembles import ENSEMBLES, GENERATORS
from haarqntk.errors import CostError, InputError, InputTypeError
from haarqntk.traces import TracePolynomial

if TYPE_CHECKING:
    from collections.abc import Mapping

TARGET = "O_0"
_MOST_TERMS = 5_000
_LARGEST_DEGREE = 10  # K⁵, which the factorisation carries; products of other kinds end at 6

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")


@dataclass(frozen=True, slots=True)
class LayerIndex:
    """A letter for a layer, 1 … L; two different letters may stand for the same layer."""

    name: str

    def __post_init__(self) -> None:
        check_name("layer index", self.name)


def layer_indices(names: str) -> tuple[LayerIndex, ...]:
    """Letters for layers, from names separated by spaces.

    Args:
        names: Identifiers such as "l m"; each may occur once.

    Returns:
        One index for each name, in that order.

    Raises:
        InputError: If a name is no identifier or occurs twice.

    Examples:
        >>> layer_indices("l m")
        (LayerIndex(name='l'), LayerIndex(name='m'))
    """
    if not isinstance(names, str):
        raise InputTypeError(f"names must be a text such as 'l m', got {names!r}")
    listed = names.split()
    repeated = sorted({name for name in listed if listed.count(name) > 1})
    if repeated or not listed:
        raise InputError(f"names must list different layer indices, got {names!r}; write for example 'l m'")
    return tuple(LayerIndex(name) for name in listed)


@dataclass(frozen=True, slots=True)
class Circuit:
    """A layered random circuit: which average is meant, and which generators the layers have.

    Args:
        ensemble: "segments" (default): independent Haar unitaries between the layers. "independent_layers":
            every derivative keeps its law, but different ones are independent. "prl_ansatz": generators drawn
            from all Pauli strings, so that a layer is silent with probability 1/D²; with a Haar block on the input
            side, which the ansatz of the paper lacks (derivations/08_ensembles.md). "generator_average":
            output state and observable are kept, only the generators are averaged.
        generators: "pauli" (default): X² = 1, Tr X = 0. "general": any Hermitian X, through X_j = Tr X^j.

    Raises:
        UnknownNameError: If a name is unknown.
        InputError: If the ensemble fixes the generators otherwise.

    Examples:
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
        if self.ensemble == "prl_ansatz" and self.generators != "pauli":
            raise InputError(
                f"generators must be 'pauli' for the ensemble 'prl_ansatz', whose generators are Pauli strings, "
                f"got {self.generators!r}"
            )

    def output(self, *, observable: str = "O", state: str = "psi") -> Output:
        """The output z = ⟨state|U† observable U|state⟩.

        Args:
            observable: A letter with or without a number: "O" (default), "O1", "O2", ….
            state: A name of a pure input state; different names may overlap.
        """
        if not re.fullmatch(r"[A-Z]\d*", observable):
            raise InputError(
                f"observable must be a capital letter with or without a number, got {observable!r}"
            )
        check_name("state", state)
        if re.fullmatch(r"[A-Z]\d*", state):
            raise InputError(
                f"state must not look like an observable, got {state!r}; write a lower-case name"
            )
        return Output(self, Copy((), state, observable), None)

    def residual(self, *, observable: str = "O", state: str = "psi") -> Output:
        """The residual e = z − O_0, with the target O_0 as a symbol; its derivatives are those of z."""
        output = self.output(observable=observable, state=state)
        return Output(self, output.copy, TracePolynomial.variable(TARGET))


@dataclass(frozen=True, slots=True)
class Term:
    """A product of copies, summed over the indices ``summed``."""

    copies: tuple[Copy, ...]
    summed: frozenset[str]

    @property
    def free(self) -> frozenset[str]:
        """The layer indices that nothing sums over."""
        return frozenset(index for copy in self.copies for index in copy.layers) - self.summed


Coefficients: TypeAlias = "Mapping[Term, TracePolynomial]"


class Expression:
    """A polynomial in the outputs of one circuit and their derivatives, with sums over layer indices.

    Supports +, −, * and ** with other expressions of the same circuit and with exact numbers.

    Args:
        circuit: The circuit.
        terms: Term → coefficient.
    """

    __slots__ = ("circuit", "terms")

    def __init__(self, circuit: Circuit, terms: Coefficients) -> None:
        self.circuit = circuit
        self.terms = {term: c for term, c in terms.items() if c}

    @property
    def num_copies(self) -> int:
        """The largest number of copies in a term: the design order that its mean needs."""
        return max((len(term.copies) for term in self.terms), default=0)

    @property
    def free(self) -> frozenset[str]:
        """The layer indices that nothing sums over."""
        return frozenset().union(*(term.free for term in self.terms))

    def __add__(self, other: object) -> Expression:
        right = self._coerce(other)
        if right is None:
            return NotImplemented
        total = dict(self.terms)
        for term, c in right.terms.items():
            total[term] = total[term] + c if term in total else c
        return Expression(self.circuit, total)

    __radd__ = __add__

    def __neg__(self) -> Expression:
        return Expression(self.circuit, {term: -c for term, c in self.terms.items()})

    def __sub__(self, other: object) -> Expression:
        right = self._coerce(other)
        return NotImplemented if right is None else self + -right

    def __rsub__(self, other: object) -> Expression:
        return -self + other

    def __mul__(self, other: object) -> Expression:
        right = self._coerce(other)
        if right is None:
            return NotImplemented
        size = len(self.terms) * len(right.terms)
        if size > _MOST_TERMS:
            raise CostError(
                f"a product of {size} terms would not finish; the largest number is {_MOST_TERMS}"
            )
        total: dict[Term, TracePolynomial] = {}
        for a, c in self.terms.items():
            for b, d in right.terms.items():
                term = _product(a, b)
                total[term] = total[term] + c * d if term in total else c * d
        return Expression(self.circuit, total)

    __rmul__ = __mul__

    def __pow__(self, exponent: int) -> Expression:
        power = self._coerce(1)
        if power is None:
            raise AssertionError
        n = integer("exponent", exponent, at_least=0)
        if n * max(self.num_copies, 1) > _LARGEST_DEGREE:
            raise CostError(
                f"a power with {n} · {self.num_copies} = {n * self.num_copies} factors would not finish; "
                f"the largest number of factors is {_LARGEST_DEGREE}"
            )
        for _ in range(n):
            power = power * self
        return power

    def _coerce(self, other: object) -> Expression | None:
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
        return Expression(self.circuit, {Term((), frozenset()): TracePolynomial.constant(value)})

    def __repr__(self) -> str:
        return f"Expression({' + '.join(_text(term, c) for term, c in self.terms.items()) or '0'})"


@final
class Output(Expression):
    """An output z, or a residual z − O_0, of which derivatives are taken."""

    __slots__ = ("copy",)

    def __init__(self, circuit: Circuit, copy: Copy, target: TracePolynomial | None) -> None:
        terms = {Term((copy,), frozenset()): TracePolynomial.constant(1)}
        if target is not None:
            terms[Term((), frozenset())] = -target
        super().__init__(circuit, terms)
        self.copy = copy

    def d(self, *indices: LayerIndex) -> Expression:
        """The derivative ∂_l ∂_m … in the angles of these layers, in radians; the same index may repeat.

        Raises:
            InputTypeError: If an argument is no layer index, or there is none.
        """
        if not indices or not all(isinstance(index, LayerIndex) for index in indices):
            raise InputTypeError(f"d takes one or more layer indices from hq.layer_indices, got {indices!r}")
        layers = tuple(sorted(index.name for index in indices))
        copy = Copy(layers, self.copy.state, self.copy.observable)
        return Expression(self.circuit, {Term((copy,), frozenset()): TracePolynomial.constant(1)})


def sum_over(expression: Expression, *indices: LayerIndex) -> Expression:
    """The sum over layer indices, 1 … L each.

    Args:
        expression: An expression in which each of the indices is free.
        indices: One or more different layer indices.

    Raises:
        InputTypeError: If an argument is of the wrong kind.
        InputError: If an index is repeated, or is not free in every term.

    Examples:
        >>> e = Circuit().residual()
        >>> l, m = layer_indices("l m")
        >>> sum_over(e.d(l, m) * e.d(l) * e.d(m), l, m)
        Expression(sum(d(l, m)*d(l)*d(m), l, m))
    """
    if not isinstance(expression, Expression):
        raise InputTypeError(f"expression must be built from a circuit's outputs, got {expression!r}")
    if not indices or not all(isinstance(index, LayerIndex) for index in indices):
        raise InputTypeError(f"sum_over takes one or more layer indices, got {indices!r}")
    names = frozenset(index.name for index in indices)
    if len(names) < len(indices):
        raise InputError(f"indices must be different, got {', '.join(index.name for index in indices)}")
    total = {}
    for term, c in expression.terms.items():
        for name in sorted(names - term.free):
            raise InputError(
                f"the index {name} must be free in {_text(term, c)}: it is summed already or does not occur"
            )
        total[Term(term.copies, term.summed | names)] = c
    return Expression(expression.circuit, total)


def check_name(kind: str, name: object) -> str:
    """Check an identifier that a user gives to a layer index or a state."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InputError(f"{kind} must be a name of letters and digits, got {name!r}")
    return name


def _product(a: Term, b: Term) -> Term:
    """The product; summed indices are renamed until no two sums, and no sum and no free index, share a name."""
    taken = set(a.free | b.free)
    copies: list[Copy] = []
    for term in (a, b):
        rename = {}
        for name in sorted(term.summed):
            fresh, number = name, 1
            while fresh in taken:
                fresh, number = f"{name}_{number}", number + 1
            rename[name] = fresh
            taken.add(fresh)
        copies += [_renamed(copy, rename) for copy in term.copies]
    return Term(tuple(copies), frozenset(taken - a.free - b.free))


def _renamed(copy: Copy, names: Mapping[str, str]) -> Copy:
    return Copy(tuple(sorted(names.get(layer, layer) for layer in copy.layers)), copy.state, copy.observable)


def _text(term: Term, coefficient: TracePolynomial) -> str:
    factors = "*".join(_copy_text(copy) for copy in term.copies) or "1"
    body = f"sum({', '.join([factors, *sorted(term.summed)])})" if term.summed else factors
    return body if coefficient == TracePolynomial.constant(1) else f"({coefficient.to_sympy()})*{body}"


def _copy_text(copy: Copy) -> str:
    labels = [
        f"{kind}={name}"
        for kind, name, usual in (("observable", copy.observable, "O"), ("state", copy.state, "psi"))
        if name != usual
    ]
    if copy.layers:
        return f"d({', '.join([*copy.layers, *labels])})"
    return f"z({', '.join(labels)})" if labels else "z"
