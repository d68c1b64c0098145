"""Products of derivatives of outputs: copies, layer indices and patterns, terms and how they are written.

Under the default ensemble ``segments`` a circuit is S_0 e^{iθ_1X_1} S_1 … e^{iθ_LX_L} S_L with independent Haar
segments; only the order of the layers that a product touches matters, not their places. In a term the letters of
summed indices and the order of the factors mean nothing: terms are equal exactly when they are equal as polynomials in
the derivatives of the outputs.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from haarqntk.algebra import latex_of
from haarqntk.base import LazyModule, Shown
from haarqntk.combinatorics import ordered_set_partitions
from haarqntk.errors import InputError, InputTypeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from haarqntk.algebra import TracePolynomial


sympy = LazyModule("sympy")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Copy:
    """One factor ∂_{l_1} ∂_{l_2} … z of a product, z = ⟨state|U† observable U|state⟩.

    Attributes:
        layers: The layer indices that are differentiated, any number, repetitions allowed.
        state: The name of a pure input state.
        observable: The name of an observable.
    """

    layers: tuple[str, ...]
    state: str = "psi"
    observable: str = "O"


Label: TypeAlias = tuple[str, str]
"""The state and the observable of a copy."""

LayerPattern: TypeAlias = tuple[tuple[int, ...], ...]
"""Blocks in the order in which they act on the state; each says how often it differentiates each copy."""


def layer_patterns(copies: Sequence[Copy]) -> Iterator[LayerPattern]:
    """Every way in which the layer indices of ``copies`` coincide or follow each other.

    A pattern with m blocks stands for C(L, m) choices of layers.

    Examples:
        >>> list(layer_patterns([Copy(("l",)), Copy(("l",))]))
        [((1, 1),)]
        >>> sum(1 for _ in layer_patterns([Copy(("l", "m")), Copy(("l",)), Copy(("m",))]))
        3
    """
    indices = sorted({index for copy in copies for index in copy.layers})
    for blocks in ordered_set_partitions(indices):
        yield tuple([tuple([sum(map(copy.layers.count, block)) for copy in copies]) for block in blocks])


def canonical_pattern(
    copies: Sequence[Copy], pattern: LayerPattern
) -> tuple[tuple[Label, ...], LayerPattern]:
    """The (state, observable) of each copy and the pattern, with the copies sorted.

    Relabelling the copies changes no mean, so patterns that differ by it are averaged once.

    Examples:
        >>> canonical_pattern([Copy(("l",)), Copy(("m",))], ((1, 0), (0, 1)))[1]
        ((0, 1), (1, 0))
    """
    labels = tuple([(copy.state, copy.observable) for copy in copies])
    columns = sorted(zip(labels, *pattern, strict=True))
    return tuple([label for label, *_ in columns]), tuple(
        zip(*[counts for _, *counts in columns], strict=True)
    )


def columns_of(
    labels: tuple[Label, ...], pattern: tuple[tuple[T, ...], ...]
) -> Iterator[tuple[Label, tuple[T, ...]]]:
    """Each copy by itself: its label, and what each block of a pattern, or of placements, says of it."""
    return zip(labels, zip(*pattern, strict=True) if pattern else [()] * len(labels), strict=True)


@lru_cache(
    maxsize=256
)  # a derivation asks for the mean, the design order and the cost of each of its products
def canonical_patterns(copies: tuple[Copy, ...]) -> Counter[tuple[tuple[Label, ...], LayerPattern]]:
    """The layer patterns up to the order of alike copies, each with the number of those that are equal to it."""
    return Counter([canonical_pattern(copies, pattern) for pattern in layer_patterns(copies)])


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
        copies += [
            replace(copy, layers=tuple(sorted(rename.get(layer, layer) for layer in copy.layers)))
            for copy in term.copies
        ]
    return Term(tuple(copies), frozenset(taken - a.free - b.free))


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
        (a, b, tuple(number if layer == index else layer for layer in layers)) for a, b, layers in factors
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

    touched = ((*label, tuple(sorted(map(kind, layers)))) for *label, layers in factors if index in layers)
    return tuple(sorted(touched))


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


_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")


@dataclass(frozen=True, slots=True)
class LayerIndex(Shown):
    """A letter for a layer, 1 … L; two different letters may stand for the same layer.

    Args:
        name: An identifier of letters and digits.

    Raises:
        InputError: If the name is no identifier.

    Examples:
        >>> import haarqntk as hq
        >>> l = hq.LayerIndex("l")
        >>> hq.sum_over(hq.Circuit().output().d(l) ** 2, l)
        Expression(sum(d(l)*d(l), l))

    Reference:
        derivations/02_the_walk.md.
    """

    name: str

    def __post_init__(self) -> None:
        check_name("layer index", self.name)

    def latex(self) -> str:
        r"""Its range in LaTeX.

        Examples:
            >>> import haarqntk as hq
            >>> print(hq.LayerIndex("l").latex())
            l \in \left\{1, \dots, L\right\}
        """
        return rf"{index_latex(self.name)} \in \left\{{1, \dots, L\right\}}"


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

    Reference:
        derivations/02_the_walk.md.
    """
    if not isinstance(names, str):
        raise InputTypeError(f"names must be a text such as 'l m', got {names!r}")
    listed = names.split()
    if len(set(listed)) < len(listed) or not listed:
        raise InputError(f"names must list different layer indices, got {names!r}; write for example 'l m'")
    return tuple(LayerIndex(name) for name in listed)


def check_name(kind: str, name: object) -> str:
    """Check an identifier that a user gives to a layer index or a state."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InputError(f"{kind} must be a name of letters and digits, got {name!r}")
    return name


def index_latex(name: str) -> str:
    """A layer index."""
    return str(sympy.latex(sympy.Symbol(name)))


def latex_of_terms(terms: Mapping[Term, TracePolynomial]) -> str:
    """A sum of terms with their coefficients."""
    return " + ".join(_term(term, c) for term, c in terms.items()).replace("+ -", "-") or "0"


def _term(term: Term, c: TracePolynomial) -> str:
    powers = Counter(sorted(map(_copy, term.copies))).items()
    factors = [text if exponent == 1 else f"{text}^{{{exponent}}}" for text, exponent in powers]
    sums = rf"\sum_{{{', '.join(map(index_latex, sorted(term.summed)))}}} " if term.summed else ""
    body = sums + " ".join(factors)
    value = latex_of(c.to_sympy())
    if not body:
        return value
    if value in {"1", "-1"}:
        return body if value == "1" else f"- {body}"
    return f"{value} {body}" if len(c.terms) == 1 else rf"\left({value}\right) {body}"


def _copy(copy: Copy) -> str:
    """A derivative of an output; z^{O}_{psi} where state or observable are not the usual ones."""
    label = "z"
    if copy.observable != "O":
        label += f"^{{({index_latex(copy.observable)})}}"
    if copy.state != "psi":
        label += f"_{{{index_latex(copy.state)}}}"
    derivatives = "".join(rf"\partial_{{{index_latex(name)}}} " for name in copy.layers)
    return rf"\left({derivatives}{label}\right)" if derivatives or label != "z" else label
