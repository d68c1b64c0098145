"""Where an integral has a value, and its value at given matrices: exact for rational entries, else floating-point."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from haarqntk.base import check_alike, plain
from haarqntk.checks import integer, rational
from haarqntk.diagrams import (
    DELTA,
    INDEX,
    MATRIX,
    OPEN,
    SYMPLECTIC_FORM,
    VECTOR,
    Component,
    DiagramMonomial,
    Letter,
    Space,
    first_ends,
    flatten,
    refuse_impossible,
)
from haarqntk.errors import CostError, InputError, InputTypeError
from haarqntk.haar._letters import (
    Declaration,
    Dimensions,
    Factors,
    RandomLetter,
    needs_even_dimension,
    refuse_missing,
    total_dimension,
)
from haarqntk.haar._written import halves, with_whole_matrices

if TYPE_CHECKING:
    from haarqntk.algebra import RationalFunction

_ROUNDING = 1e-9
_LARGEST_COST = 10**9  # products of numbers in one sum over indices
_PLANNED_FROM = 10**6  # below, the order of summation costs more to find than it saves


_HALVES = ", as a number counts in the first half while {0} is a symbol; declare the matrices with dims={1}"


class OverDimensions:
    """What an integral knows of its dimensions; the attributes are described there."""

    counts: Mapping[DiagramMonomial, Mapping[Factors, RationalFunction]]
    declared: Mapping[str, Declaration]
    spaces: tuple[Space, ...]
    least: Mapping[str, int]
    halved: frozenset[str]
    fixed: Mapping[str, int]

    def _checked_dimensions(self, given: Mapping[str, Any]) -> dict[str, int]:
        """The dimensions that are given or fixed, one for each name, each in the range of the result."""
        known = self._dimension_names()
        if unknown := sorted(set(given) - known - {"D"}):
            raise InputError(
                f"unknown dimension {', '.join(unknown)}; known: {', '.join(sorted(known)) or 'none'}"
            )
        values = {name: integer(name, value, at_least=1) for name, value in given.items()}
        for name, value in self.fixed.items():
            if values.setdefault(name, value) != value:
                raise InputError(
                    f"{name} is {value} in this result, got {values[name]}; specialise the symbolic one"
                )
        refuse_missing(known - set(values))
        self._check_range(values)
        return values

    def _check_range(self, values: Dimensions) -> None:
        """Refuse dimensions without the halves or the indices of an integrand, or without matrices as declared."""
        for name in sorted(self.halved & values.keys()):
            if values[name] % 2:
                is_symplectic = any(map(needs_even_dimension, self.declared.values()))
                why = "for the symplectic group" if is_symplectic else "where a space has two halves"
                cure = f"pass {name} = 2N for Sp(2N)" if is_symplectic else f"pass {name} = 2N"
                raise InputError(f"{name} must be even {why}, got {values[name]}; {cure}")
        for name, least in self.least.items():
            if values.get(name, least) < least:
                raise InputError(
                    f"{name} must be at least {least}, got {values[name]}: the integrand has an index that does "
                    "not exist below" + (_HALVES.format(name, values[name]) if name in self.halved else "")
                )
        for declaration in self.declared.values():
            if isinstance(declaration, Letter):
                refuse_impossible(declaration, total_dimension(declaration.spaces, values))

    def _dimension_names(self) -> set[str]:
        """The names of the dimensions of a result, and of what was integrated."""
        found = [*self.spaces, *(space for d in self.declared.values() for space in d.spaces)]
        for factors in self.counts.values():
            for (weights, loops), c in factors.items():
                found += [*c.names, *loops, *(space for w in weights for space in w.spaces)]
        return {space for space in found if isinstance(space, str)}


@np.errstate(over="ignore", invalid="ignore")  # numbers that overflow are refused by the caller
def value_of(
    terms: Mapping[DiagramMonomial, RationalFunction],
    declared: Mapping[str, Declaration],
    spaces: tuple[Space, ...],
    dimensions: Mapping[str, int],
    given: Mapping[str, Any],
) -> Any:
    """Σ coefficient · diagram at matrices; see ``Integral.at``."""
    if not isinstance(given, Mapping):
        raise InputTypeError(
            f"matrices must be a mapping from names to matrices, got {given!r}; pass {{'A': …}}"
        )
    needed = {
        letter.name
        for monomial in terms
        for component, _ in monomial
        for letter in component.letters
        if letter.kind in (MATRIX, VECTOR) and letter.name != SYMPLECTIC_FORM
    }
    if random := sorted(name for name in needed if isinstance(declared.get(name), RandomLetter)):
        raise InputError(f"the result must not be random, got {', '.join(random)}; average over it first")
    if missing := sorted(needed - set(given)):
        raise InputError(
            f"matrices must name every matrix of the result, got none for {', '.join(missing)}; "
            f"pass matrices={{'{missing[0]}': …}}, or specialise(D=…) to keep the traces"
        )
    if unknown := sorted(set(given) - set(declared)):
        raise InputError(
            f"unknown matrix {', '.join(unknown)}; known: {', '.join(sorted(declared)) or 'none'}"
        )
    arrays = {}
    alike: dict[tuple[Space, ...], dict[str, object]] = {}
    for name, value in given.items():
        letter = declared[name]
        if isinstance(letter, Letter):
            sizes = _sizes(letter, dimensions)
            arrays[name] = _checked_array(name, value, letter, sizes).reshape(sizes + sizes)
            alike.setdefault(letter.spaces, {})[f"matrix {name}"] = value
    for same in alike.values():
        check_alike(same)
    size = total_dimension(spaces, dimensions)
    total: Any = np.full((size, size), Fraction(0), dtype=object) if spaces else Fraction(0)
    for monomial, c in terms.items():
        total = total + c.at({}) * _contracted(monomial, arrays, dimensions, len(spaces))
    if spaces and not all(isinstance(x, Fraction) for x in total.flat):
        return total.astype(complex if any(isinstance(x, complex) for x in total.flat) else float)
    return total.item() if isinstance(total, np.generic) else total


def _contracted(
    monomial: DiagramMonomial, arrays: Mapping[str, Any], dimensions: Mapping[str, int], width: int
) -> Any:
    """One diagram: cycles and entries as products of matrices, sums over deltas one by one, the rest together."""
    value: Any = Fraction(1)
    rest = []
    for component, e in with_whole_matrices(monomial):
        kinds = {letter.kind for letter in component.letters}
        if component.is_chain and kinds <= {MATRIX, INDEX}:
            value = value * _chain_value(component, arrays, dimensions) ** e
        elif DELTA in kinds and not kinds & {OPEN, VECTOR}:  # a sum that belongs to no other component
            value = value * _network_value(((component, 1),), arrays, dimensions, 0) ** e
        else:
            rest.append((component, e))
    return value * _network_value(tuple(rest), arrays, dimensions, width)


def _chain_value(component: Component, arrays: Mapping[str, Any], dimensions: Mapping[str, int]) -> Any:
    """The trace of a product, or its entry between two unit vectors."""
    read = ((_array(letter, arrays, dimensions), transposed) for letter, transposed in component.word)
    product = reduce(np.matmul, (array.T if transposed else array for array, transposed in read))
    return product.trace() if component.is_cycle else product


def _network_value(
    monomial: DiagramMonomial, arrays: Mapping[str, Any], dimensions: Mapping[str, int], width: int
) -> Any:
    """A diagram by numpy.einsum, an axis for each delta and for each pair of ends joined without one."""
    letters, partner = flatten([monomial])
    axis: dict[int, int] = {}
    for letter, start in zip(letters, first_ends(letters), strict=True):
        if letter.kind == DELTA:
            n = len(axis)
            axis.update((x, n) for end in range(start, start + letter.num_ends) for x in (end, partner[end]))
    for end, other in enumerate(partner):
        if end not in axis:
            axis[end] = axis[other] if other in axis else len(axis)
    operands: list[tuple[Any, list[int]]] = []
    opened: dict[tuple[str, int], int] = {}
    ends: list[list[int]] = []
    for letter, start in zip(letters, first_ends(letters), strict=True):
        axes = [axis[end] for end in range(start, start + letter.num_ends)]
        ends.append(axes)
        if letter.kind == OPEN:
            # an open end has an axis of its own, so that one joined to another open end is an identity matrix
            opened[letter.name, letter.place] = len(axis) + len(opened)
            operands.append(
                (_identity(_sizes(letter, dimensions)[0]), [axes[0], opened[letter.name, letter.place]])
            )
        elif letter.kind in (VECTOR, DELTA):
            pass  # a delta is an axis; a vector is below, with the other side of its matrix
        else:
            operands.append((_array(letter, arrays, dimensions), [*axes[::2], *axes[1::2]]))
    for left, right, conjugated in halves(letters) or ():
        matrix = arrays[letters[left].name]
        operands.append((matrix.conjugate() if conjugated else matrix, [*ends[left], *ends[right]]))
    out = [opened[side, s] for side in ("left", "right") for s in range(width)]
    return _einsum(operands, out, width)


def _einsum(operands: list[tuple[Any, list[int]]], out: list[int], width: int) -> Any:
    if not operands:
        return Fraction(1)
    numbers = {label: n for n, label in enumerate(sorted({x for _, axes in operands for x in axes}))}
    arguments: list[Any] = []
    for array, axes in operands:
        arguments += [array, [numbers[x] for x in axes]]
    arguments.append([numbers[x] for x in out])
    sizes = {x: n for array, axes in operands for x, n in zip(axes, array.shape, strict=True)}
    path: Any = False
    if prod(sizes.values()) > _PLANNED_FROM:
        path, _ = np.einsum_path(*arguments, optimize="greedy")
        _check_cost([set(axes) for _, axes in operands], set(out), path[1:], sizes)
    value = np.einsum(*arguments, optimize=path)
    if not out:
        return value.item() if isinstance(value, np.ndarray | np.generic) else value
    size = int(np.prod(value.shape[:width]))
    return value.reshape(size, size).astype(object)


def _check_cost(
    axes: list[set[int]], out: set[int], path: Sequence[tuple[int, ...]], sizes: Mapping[int, int]
) -> None:
    """Refuse a contraction whose steps would not finish."""
    cost = 0
    for step in path:
        met = set().union(*(axes[i] for i in step))
        axes = [x for i, x in enumerate(axes) if i not in step]
        cost += prod(sizes[x] for x in met)
        axes.append(met & out.union(*axes))
    if cost > _LARGEST_COST:
        raise CostError(
            f"a sum of {cost} products would not finish; the largest number is {_LARGEST_COST}; "
            "pass a smaller dimension"
        )


def _array(letter: Letter, arrays: Mapping[str, Any], dimensions: Mapping[str, int]) -> Any:
    """The array of a letter: the left indices of all its tensor factors, then the right ones."""
    if letter.kind == INDEX:
        return _unit_vector(letter, _sizes(letter, dimensions)[0])
    matrix = _form(letter, dimensions) if letter.name == SYMPLECTIC_FORM else arrays[letter.name]
    return matrix.conjugate() if letter.conjugated else matrix


def _sizes(letter: Letter, dimensions: Mapping[str, int]) -> list[int]:
    return [total_dimension((space,), dimensions) for space in letter.spaces]


def _identity(size: int) -> Any:
    return np.array([[Fraction(int(a == b)) for b in range(size)] for a in range(size)], dtype=object)


def _unit_vector(letter: Letter, size: int) -> Any:
    if not letter.is_number:
        raise InputError(f"an index must be a number to be evaluated, got {letter.name}")
    place = int(letter.name) + (size // 2 if letter.place else 0)
    return np.array([Fraction(int(i == place)) for i in range(size)], dtype=object)


def _form(letter: Letter, dimensions: Mapping[str, int]) -> Any:
    size = total_dimension(letter.spaces, dimensions)
    half = size // 2
    form = [[Fraction((j == i + half) - (i == j + half)) for j in range(size)] for i in range(size)]
    sizes = _sizes(letter, dimensions)
    return np.array(form, dtype=object).reshape(sizes + sizes)


def _checked_array(name: str, value: Any, letter: Letter, sizes: list[int]) -> Any:
    size = prod(sizes)
    array = np.array(plain(f"matrix {name}", value, "operator", factors=sizes), dtype=object)
    if array.shape != (size, size):
        raise InputError(f"matrix {name} must have shape ({size}, {size}), got {array.shape}")
    try:
        exact = np.array([rational(name, x) for x in array.flat], dtype=object)
    except InputTypeError:
        try:
            array = array.astype(complex)
            array = array.real.copy() if not array.imag.any() else array
        except (TypeError, ValueError):
            raise InputTypeError(f"matrix {name} must hold numbers, got {array.flat[0]!r}") from None
        if not np.isfinite(array).all():
            raise InputError(f"matrix {name} must hold finite numbers, got {array}") from None
    else:
        array = exact.reshape(size, size)
    if broken := _broken_relation(array, letter.properties):
        raise InputError(f"matrix {name} was declared {broken}, and the matrix given for it is not")
    return array


def _broken_relation(A: Any, properties: frozenset[str]) -> str | None:
    """The first relation that A breaks: exactly where A is exact, else beyond rounding of the terms compared."""
    one, adjoint, size = _identity(len(A)), A.conjugate().T, abs(A)
    tolerance = 0 if A.dtype == object else _ROUNDING
    products = np.multiply.outer(A, A) if "rank_one" in properties else A
    sides: dict[str, Callable[[], tuple[Any, Any, Any]]] = {
        "hermitian": lambda: (A, adjoint, size),
        "traceless": lambda: (A.trace(), 0, size.trace()),
        "involution": lambda: (A @ A, one, size @ size),
        "projector": lambda: (A @ A, A, size @ size),
        "unitary": lambda: (A @ adjoint, one, size @ size.T),
        "symmetric": lambda: (A, A.T, size),
        "real": lambda: (A, A.conjugate(), size),
        "rank_one": lambda: (products, products.transpose(0, 3, 2, 1), abs(products)),
    }
    for name, compared in sides.items():
        if name in properties:
            left, right, terms = compared()
            if not np.max(abs(left - right)) <= tolerance * np.max(terms) < np.inf:
                return name
    return "rank_one" if "rank_one" in properties and not size.any() else None
