"""``expect``: the average of an integrand over its random matrices and states, one after the other."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from haarqntk.algebra import RationalFunction
from haarqntk.checks import one_of
from haarqntk.diagrams import SYMPLECTIC_FORM, Reducer
from haarqntk.errors import InputError, InputTypeError
from haarqntk.haar._algebra import MatrixExpression, ScalarExpression
from haarqntk.haar._elimination import Outcome, design_order, eliminate, num_copies, random_letters_in
from haarqntk.haar._explanation import glued_terms, refuse_too_many_pairs
from haarqntk.haar._from_sympy import from_sympy, is_sympy
from haarqntk.haar._integral import Integral
from haarqntk.haar._letters import Declaration, Factors, RandomLetter, joined_factors, needs_even_dimension
from haarqntk.haar._names import listed, named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import sympy

    from haarqntk.diagrams import DiagramMonomial
    from haarqntk.haar._operations import HaarState

    Integrand: TypeAlias = ScalarExpression | MatrixExpression | Integral | sympy.Basic
    Declared: TypeAlias = Iterable[MatrixExpression | HaarState] | MatrixExpression | HaarState
    Terms: TypeAlias = Mapping[DiagramMonomial, RationalFunction]
    Averages: TypeAlias = Iterator[tuple[Outcome, RationalFunction]]


def expect(
    integrand: Integrand, *, over: Declared | None = None, matrices: Declared = (), method: str = "orbits"
) -> Integral:
    r"""The exact average over Haar-random matrices and states.

    .. math:: \mathbb E_{U, V, \dots}\, f = \int f\, dU\, dV \cdots

    Args:
        integrand: A polynomial in traces, entries and expectations, or in words of matrices; also as a SymPy
            expression in MatrixSymbols, whose letters are matched by name.
        over: The random matrices and states to average over; all of the integrand's if left out. The others stay
            in the result. A SymPy expression needs it: nothing else says which of its letters are random.
        matrices: Of a SymPy expression the matrices that obey relations, as ``hq.matrices`` declares them, and the
            random ones that stay; its other letters are general matrices. A state stands for its projector.
        method: "orbits" by default: gluings up to the symmetries of the integrand, its two sides apart where that
            is possible. "definition": every pair (σ, τ), the slow second route.

    Returns:
        The average, an ``Integral``: scalar or operator-valued as the integrand.

    Raises:
        InputTypeError: If ``integrand`` is no such polynomial.
        InputError: If ``over`` names something that is not random.
        UnknownNameError: If there is no such method.
        CostError: If the gluings would not finish; the message gives their number and the largest.

    Examples:
        >>> import haarqntk as hq
        >>> U, A, B = hq.haar_unitary("U"), *hq.matrices("A B", traceless=True)
        >>> hq.expect(hq.tr(U @ A @ U.H @ B) ** 2).to_sympy()
        Trace(A**2)*Trace(B**2)/((D - 1)*(D + 1))
        >>> import sympy
        >>> W, M = (sympy.MatrixSymbol(name, hq.D, hq.D) for name in ("W", "M"))
        >>> hq.expect(sympy.Trace(W * M * W.adjoint() * M), over=hq.haar_unitary("W")).to_sympy()
        Trace(M)**2/D

    Reference:
        collins2006; derivations/11_integrals.md.
    """
    expression = _expression(integrand, over, matrices)
    terms, chosen = expression.terms, _chosen(expression, over)
    unbalanced: Counter[str] = Counter()
    route = partial(_METHODS[one_of("method", method, _METHODS)], chosen=chosen, unbalanced=unbalanced)
    counts: dict[DiagramMonomial, dict[Factors, RationalFunction]] = {}
    for (factors, rest), c in _weighted(integrand, terms, route):
        found = counts.setdefault(rest, {})
        found[factors] = found[factors] + c if factors in found else c
    notes = (f"{number} of {len(terms)} terms vanish: {reason}" for reason, number in unbalanced.items())
    halved, least = _range(terms, expression.declared)
    if isinstance(integrand, Integral):
        halved |= integrand.halved
        names = {*least, *integrand.least}
        least = {name: max(least.get(name, 1), integrand.least.get(name, 1)) for name in names}
    return Integral(
        counts,
        expression.declared,
        expression.spaces,
        least,
        tuple(notes),
        halved=halved,
        origin=(terms, chosen),
        design_order=_design_order(integrand, terms, chosen),
    )


def _range(terms: Terms, declared: Mapping[str, Declaration]) -> tuple[frozenset[str], dict[str, int]]:
    """The named dimensions that must be even, and for each the smallest that has all the indices that occur.

    Even is that of a symplectic matrix, of its form, of an index D/2 + i; there i < D/2.
    """
    indices = [x for monomial in terms for c, _ in monomial for x in c.letters if x.is_number]
    even = {x.spaces[0] for x in indices if x.place}
    for name, declaration in declared.items():
        if name == SYMPLECTIC_FORM or needs_even_dimension(declaration):
            even |= set(declaration.spaces)
    least: dict[str, int] = {}
    for letter in indices:
        (space,) = letter.spaces
        if isinstance(space, str):
            least[space] = max(least.get(space, 1), (int(letter.name) + 1) * (1 + (space in even)))
    return frozenset(space for space in even if isinstance(space, str)), least


def _design_order(integrand: object, terms: Terms, chosen: Mapping[str, RandomLetter]) -> Callable[[], int]:
    """The order that an average needs; of an average the one that both averages together do."""
    if not isinstance(integrand, Integral):
        return partial(design_order, terms, chosen)
    earlier = integrand._design_order  # noqa: SLF001 - one room
    if isinstance(earlier, partial):  # not from a file: what was averaged first is known
        return partial(design_order, earlier.args[0], {**earlier.args[1], **chosen})
    return lambda: max(integrand.design_order, design_order(terms, chosen))


def _weighted(integrand: object, terms: Terms, route: Callable[[Terms], Averages]) -> Averages:
    """What is left of each diagram, with its weights; those of an earlier average stay, exact at every dimension."""
    if not isinstance(integrand, Integral):
        yield from route(terms)
        return
    for monomial, counts in integrand.counts.items():
        for (factors, rest), c in route({monomial: RationalFunction(1)}):
            for earlier, number in counts.items():
                yield (joined_factors(earlier, factors), rest), c * number


def _by_orbits(terms: Terms, chosen: Mapping[str, RandomLetter], unbalanced: Counter[str]) -> Averages:
    """Eliminate every chosen letter; equal terms are merged as they arise."""
    reducer = Reducer()
    for monomial, c in terms.items():
        finished: Counter[Outcome] = Counter()
        waiting: Counter[Outcome] = Counter({(((), ()), monomial): 1})
        while waiting:
            (factors, rest), count = waiting.popitem()
            if not count:
                continue
            letter = next(random_letters_in(rest, chosen), None)
            if letter is None:
                finished[factors, rest] += count
                continue
            outcomes = eliminate(rest, letter, reducer)
            if not outcomes and (reason := _imbalance(rest, letter)):
                unbalanced[reason] += 1
            for (more, left), number in outcomes.items():
                waiting[joined_factors(factors, more), left] += count * number
        for outcome, count in finished.items():
            if count:
                yield outcome, c * count


def _by_definition(terms: Terms, chosen: Mapping[str, RandomLetter], unbalanced: Counter[str]) -> Averages:
    """Take every pair of ways to glue."""
    refuse_too_many_pairs(terms, chosen)
    for monomial in terms:
        reasons = (_imbalance(monomial, letter) for letter in random_letters_in(monomial, chosen))
        if reason := next(filter(None, reasons), None):
            unbalanced[reason] += 1
    for row in glued_terms(terms, chosen, Reducer()):
        if row.diagram is not None:
            yield (joined_factors((row.weights, row.loops), ((), ())), row.diagram), row.factor


_METHODS = {"orbits": _by_orbits, "definition": _by_definition}


def _imbalance(monomial: DiagramMonomial, letter: RandomLetter) -> str | None:
    """Why the symmetry of the measure makes the average vanish, if it does."""
    copies = num_copies(monomial, letter)
    return letter.record.ways.imbalance(letter.name, copies[False], copies[True])


def _chosen(
    expression: ScalarExpression | MatrixExpression, over: Declared | None
) -> dict[str, RandomLetter]:
    """The random letters to average over: those of the integrand, or what is named of them."""
    random = {name: d for name, d in expression.declared.items() if isinstance(d, RandomLetter)}
    if over is None:
        return random
    chosen = {}
    for matrix in listed(over):
        declared = matrix.declared if isinstance(matrix, MatrixExpression) else {}
        names = [name for name, d in declared.items() if isinstance(d, RandomLetter)]
        if not names:
            error = InputError if isinstance(matrix, MatrixExpression) else InputTypeError
            raise error(f"over must hold random matrices or states, got {matrix!r}")
        chosen.update({name: random[name] for name in names if name in random})
    return chosen


def _expression(
    integrand: object, over: Declared | None, matrices: Declared
) -> ScalarExpression | MatrixExpression:
    """The integrand as a polynomial in diagrams."""
    if is_sympy(integrand):
        if over is None:
            raise InputError(
                "over must name the random matrices of a SymPy expression, got none; pass over=hq.haar_unitary('U')"
            )
        return from_sympy(integrand, named([*listed(over), *listed(matrices)]))
    if matrices != ():
        raise InputError("matrices are for SymPy expressions only; this integrand declares its own")
    if isinstance(integrand, Integral):
        if integrand.fixed:
            raise InputError(
                "integrand must have symbolic dimensions, got a specialised result; specialise after"
            )
        return integrand._expression  # noqa: SLF001 - one room
    if isinstance(integrand, ScalarExpression | MatrixExpression):
        return integrand
    raise InputTypeError(
        f"integrand must be a polynomial in traces, entries or words, got {integrand!r}; build it with hq.tr, "
        "hq.haar_unitary and hq.matrices"
    )
