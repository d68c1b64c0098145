"""Terms: products of copies with sums over layer indices, their products, and their canonical form.

The letters of summed indices and the order of the factors mean nothing. ``canonical_form`` forgets both, so it
is equal for two terms exactly when they are equal as polynomials in the derivatives of the outputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from haarqntk.circuits._copies import Copy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from haarqntk.algebra import TracePolynomial

Form: TypeAlias = tuple[Any, ...]
"""A nested tuple of texts and integers."""

# a copy whose layers are texts (free, or summed and not yet fixed) or numbers (summed and fixed)
_Factor: TypeAlias = tuple[str, str, tuple[str | int, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """A product of copies, summed over the indices ``summed``.

    Two terms are equal when they are the same polynomial in the derivatives of the outputs: neither the letters of
    summed indices nor the order of the factors count.
    """

    copies: tuple[Copy, ...]
    summed: frozenset[str] = frozenset()

    @property
    def form(self) -> Form:
        """What equality compares: see ``canonical_form``."""
        return canonical_form(self.copies, self.summed)

    def __eq__(self, other: object) -> bool:
        return self.form == other.form if isinstance(other, Term) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.form)

    @property
    def free(self) -> frozenset[str]:
        """The layer indices that nothing sums over."""
        return frozenset(index for copy in self.copies for index in copy.layers) - self.summed


def product_of_terms(a: Term, b: Term) -> Term:
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


# -- the canonical form ----------------------------------------------------------------------------------------


@lru_cache(maxsize=10_000)
def canonical_form(copies: tuple[Copy, ...], summed: frozenset[str]) -> Form:
    """A product of copies without the letters of its summed indices and without the order of its factors.

    Factors that share no summed index are sorted apart from each other. Within a connected part the summed
    indices are told apart by what they stand beside; where that leaves some alike, each is taken as the first,
    and the smallest result counts.

    Examples:
        >>> g_l, g_m, h_lm, h_ln = (Copy(tuple(layers)) for layers in ("l", "m", "lm", "ln"))
        >>> here = canonical_form((g_l, h_lm), frozenset("m"))
        >>> here == canonical_form((h_ln, g_l), frozenset("n"))
        True
        >>> here == canonical_form((g_m, h_lm), frozenset("m"))
        False
    """
    factors: list[_Factor] = [(copy.state, copy.observable, copy.layers) for copy in copies]
    return _form(factors, summed, 0)


def _form(factors: list[_Factor], loose: frozenset[str], depth: int) -> Form:
    """The sorted forms of the parts that no loose index, summed and not yet fixed, connects."""
    parts: list[tuple[list[_Factor], frozenset[str]]] = []
    for factor in factors:
        shared = loose & {index for index in factor[2] if isinstance(index, str)}
        touched = [part for part in parts if part[1] & shared]
        parts = [part for part in parts if not part[1] & shared]
        together = [factor, *(other for part, _ in touched for other in part)]
        parts.append((together, shared.union(*(indices for _, indices in touched))))
    return tuple(sorted(_form_of_part(part, indices, depth) for part, indices in parts))


def _form_of_part(factors: list[_Factor], loose: frozenset[str], depth: int) -> Form:
    if not loose:
        ((state, observable, layers),) = factors
        return (0, state, observable, tuple(sorted((isinstance(index, int), index) for index in layers)))
    colours = _colours(factors, loose)
    sizes = [list(colours.values()).count(colour) for colour in range(len(loose))]
    chosen = min(set(colours.values()), key=lambda colour: (sizes[colour], colour))
    # of indices that stand in every factor equally often, one is enough
    twins = {
        tuple(layers.count(index) for _, _, layers in factors): index
        for index, colour in colours.items()
        if colour == chosen
    }
    return (
        1,
        min(_form(_fixed(factors, index, depth), loose - {index}, depth + 1) for index in twins.values()),
    )


def _fixed(factors: list[_Factor], index: str, number: int) -> list[_Factor]:
    return [
        (state, observable, tuple(number if layer == index else layer for layer in layers))
        for state, observable, layers in factors
    ]


def _colours(factors: list[_Factor], loose: frozenset[str]) -> dict[str, int]:
    """A number for each loose index, equal where its surroundings are: the stable colouring of the part."""
    colours = dict.fromkeys(loose, 0)
    while True:
        surroundings = {index: (colours[index], _surroundings(factors, index, colours)) for index in loose}
        kinds = {kind: number for number, kind in enumerate(sorted(set(surroundings.values())))}
        refined = {index: kinds[kind] for index, kind in surroundings.items()}
        if len(kinds) == len(set(colours.values())):
            return refined
        colours = refined


def _surroundings(factors: list[_Factor], index: str, colours: Mapping[str, int]) -> Form:
    """The factors in which a loose index stands; 0 for itself, 1 for a loose one, 2 for a number, 3 for a text."""

    def kind(layer: str | int) -> tuple[int, int, str]:
        if layer == index:
            return (0, 0, "")
        if isinstance(layer, int):
            return (2, layer, "")
        return (1, colours[layer], "") if layer in colours else (3, 0, layer)

    found = (
        (state, observable, tuple(sorted(map(kind, layers))))
        for state, observable, layers in factors
        if index in layers
    )
    return tuple(sorted(found))


# -- text ------------------------------------------------------------------------------------------------------


def text_of_term(term: Term, coefficient: TracePolynomial) -> str:
    """The term as one would write it."""
    factors = "*".join(_text_of_copy(copy) for copy in term.copies) or "1"
    body = f"sum({', '.join([factors, *sorted(term.summed)])})" if term.summed else factors
    is_one = coefficient == type(coefficient).constant(1)
    return body if is_one else f"({coefficient.to_sympy()})*{body}"


def _text_of_copy(copy: Copy) -> str:
    labels = [
        f"{kind}={name}"
        for kind, name, usual in (("observable", copy.observable, "O"), ("state", copy.state, "psi"))
        if name != usual
    ]
    if copy.layers:
        return f"d({', '.join([*copy.layers, *labels])})"
    return f"z({', '.join(labels)})" if labels else "z"
