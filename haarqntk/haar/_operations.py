"""Traces, partial traces, tensor products and the identity."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from haarqntk._arguments import integer
from haarqntk.algebra import RationalFunction
from haarqntk.diagrams import OPEN, Letter, flatten, product
from haarqntk.errors import InputError, InputTypeError
from haarqntk.haar._algebra import MatrixExpression, ScalarExpression
from haarqntk.haar._indices import check_spaces
from haarqntk.haar._terms import (
    LEFT,
    RIGHT,
    Terms,
    add_term,
    identity_terms,
    joined,
    open_ends,
    single_term,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from haarqntk.diagrams import Space


def tr(matrix: MatrixExpression) -> ScalarExpression:
    """The trace, not normalised.

    Raises:
        InputTypeError: If ``matrix`` is no matrix expression.

    Examples:
        >>> import haarqntk as hq
        >>> hq.expect(hq.tr(hq.identity())).to_sympy()
        D

    Reference:
        derivations/11_integrals.md.
    """
    _check_matrix("matrix", matrix)
    traced = partial_trace(matrix, over=range(len(matrix.spaces)))
    return ScalarExpression(traced.terms, traced.declared)


def partial_trace(matrix: MatrixExpression, *, over: int | Iterable[int]) -> MatrixExpression:
    """The partial trace over one or several tensor factors, which count from 0.

    Args:
        matrix: A matrix on at least two tensor factors.
        over: The factors that are traced out, counted from 0 as in Python; the others stay in their order. What is
            printed counts from 0 too: over=0 is Tr_0.

    Raises:
        InputTypeError: If ``matrix`` is no matrix expression.
        InputError: If a factor does not exist or is named twice.

    Examples:
        >>> import haarqntk as hq
        >>> psi = hq.haar_state("psi", dims=("d1", "d2"))
        >>> reduced = hq.partial_trace(psi.projector(), over=1)
        >>> hq.expect(hq.tr(reduced @ reduced)).to_sympy()  # the mean purity
        (d1 + d2)/(d1*d2 + 1)

    Reference:
        derivations/11_integrals.md.
    """
    _check_matrix("matrix", matrix)
    traced = sorted(integer("over", s, at_least=0) for s in (over if isinstance(over, Iterable) else [over]))
    if len(set(traced)) != len(traced) or not set(traced) <= set(range(len(matrix.spaces))):
        raise InputError(
            f"over must name different tensor factors among 0 … {len(matrix.spaces) - 1}, got {traced}"
        )
    kept = [s for s in range(len(matrix.spaces)) if s not in traced]
    total: Terms = {}
    for monomial, c in matrix.terms.items():
        letters, partner = flatten([monomial])
        moved = [
            Letter(OPEN, x.name, x.spaces, place=kept.index(x.place))
            if x.kind == OPEN and x.place in kept
            else Letter(OPEN, f"inner {x.name}", x.spaces, place=x.place)
            if x.kind == OPEN
            else x
            for x in letters
        ]
        pairs = [((f"inner {LEFT}", s), (f"inner {RIGHT}", s)) for s in traced]
        add_term(total, joined(moved, partner, pairs), c)
    return MatrixExpression(total, matrix.declared, tuple(matrix.spaces[s] for s in kept))


def kron(*factors: MatrixExpression) -> MatrixExpression:
    """The tensor product; its tensor factors are those of the arguments, one after the other.

    Raises:
        InputTypeError: If an argument is no matrix expression.

    Examples:
        >>> import haarqntk as hq
        >>> U = hq.haar_unitary("U", dims="d1")
        >>> gate = hq.kron(U, hq.identity("d2"))
        >>> hq.expect(hq.tr(gate) * hq.tr(gate).conj()).to_sympy()
        d2**2

    Reference:
        derivations/11_integrals.md.
    """
    result = MatrixExpression({(): RationalFunction(1)}, {}, ())
    for factor in factors:
        _check_matrix("every factor", factor)
        width = len(result.spaces)
        total: Terms = {}
        for a, x in result.terms.items():
            for b, y in factor.terms.items():
                letters, partner = flatten([b])
                moved = [
                    Letter(OPEN, letter.name, letter.spaces, place=letter.place + width)
                    if letter.kind == OPEN
                    else letter
                    for letter in letters
                ]
                reduced = joined(moved, partner, [])
                if reduced is not None:
                    add_term(total, (reduced[0], product((a, reduced[1]))), x * y)
        result = MatrixExpression(total, result.declared_with(factor), (*result.spaces, *factor.spaces))
    return result


def moved(matrix: MatrixExpression, places: Sequence[int]) -> MatrixExpression:
    """The matrix with its tensor factor k at place ``places[k]``.

    Raises:
        InputError: If the places are not those from 0, each once.
    """
    count = len(matrix.spaces)
    if sorted(places) != list(range(count)):
        raise InputError(
            f"places must be each of 0 … {count - 1} once, got {', '.join(map(str, places))}; factors count from 0"
        )
    total: Terms = {}
    for monomial, c in matrix.terms.items():
        letters, partner = flatten([monomial])
        renumbered = [
            Letter(OPEN, x.name, x.spaces, place=places[x.place]) if x.kind == OPEN else x for x in letters
        ]
        add_term(total, joined(renumbered, partner, []), c)
    spaces = dict(zip(places, matrix.spaces, strict=True))
    return MatrixExpression(total, matrix.declared, tuple(spaces[s] for s in range(count)))


def permutation(images: Mapping[int, int], spaces: tuple[Space, ...]) -> MatrixExpression:
    """P_σ, which moves the tensor factor at place a to place σ(a); a place that is not named stays.

    Raises:
        InputError: If a place does not exist, or the factors that change places differ.
    """
    count = len(spaces)
    if max(images, default=0) >= count or any(spaces[a] != spaces[b] for a, b in images.items()):
        raise InputError(
            f"a permutation must exchange equal tensor factors among 0 … {count - 1}, got {dict(images)} on "
            f"{' × '.join(map(str, spaces))}"
        )
    partner = [0] * (2 * count)
    for a in range(count):
        b = images.get(a, a)
        partner[count + a], partner[b] = b, count + a
    return MatrixExpression(single_term(list(open_ends(spaces)), partner), {}, spaces)


def identity(dims: object = "D") -> MatrixExpression:
    """The identity matrix.

    Args:
        dims: The dimension, or a tuple of them, one for each tensor factor; see ``haar_unitary``.

    Raises:
        InputError: If a dimension is neither a name nor an integer ≥ 1.

    Examples:
        >>> import haarqntk as hq
        >>> hq.expect(hq.tr(hq.identity(("d1", "d2")))).to_sympy()
        d1*d2

    Reference:
        derivations/11_integrals.md.
    """
    spaces = check_spaces(dims)
    return MatrixExpression(identity_terms(spaces), {}, spaces)


def _check_matrix(name: str, value: object) -> None:
    if not isinstance(value, MatrixExpression):
        raise InputTypeError(f"{name} must be a matrix expression, got {value!r}; build it with hq.matrices")
