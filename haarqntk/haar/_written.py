"""How diagrams and sums of them are written: Tr(AB), ⟨0|A|1⟩, in text, LaTeX and SymPy.

An operator-valued sum is written word by word, each with a scalar coefficient. Text, LaTeX and SymPy, and every
export, are written from the same parts, so they cannot disagree.

The engine cuts a matrix of rank one into two vectors, because then every product of paths has one form. People write
the matrix, and products of paths as traces, ⟨a|B|c⟩⟨c|A|a⟩ = Tr(PBRA) with P = |a⟩⟨a|, R = |c⟩⟨c|:
``with_whole_matrices`` puts the halves together again.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import starmap
from typing import TYPE_CHECKING, Any

from haarqntk.algebra import (
    Notation,
    RationalFunction,
    collected,
    dimension_symbol,
    latex_of,
    linear_combination,
)
from haarqntk.base import LazyModule
from haarqntk.diagrams import (
    INDEX,
    MATRIX,
    OPEN,
    VECTOR,
    Component,
    DiagramMonomial,
    Frame,
    Letter,
    Space,
    Token,
    flatten,
    is_open,
    reduce_diagram,
)
from haarqntk.haar._letters import dimension_product
from haarqntk.haar._notation import network_text
from haarqntk.haar._style import LATEX, TEXT, Style

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

sympy = LazyModule("sympy")

_LARGEST_FACTORED = 60  # terms; beyond, a sum reads as well as a factored sum and takes no time


# -- matrices of rank one ------------------------------------------------------------------------------------


def halves(letters: Sequence[Letter]) -> list[tuple[int, int, bool]] | None:
    """The vectors of a diagram in pairs that make up matrices of rank one.

    Returns:
        Triples (place of the left vector, place of the right vector, whether it is the conjugated matrix); None if
        a vector is left over, a state's amplitude. Where a name occurs several times there are several ways; the
        first is taken.
    """
    places: dict[str, list[int]] = {}
    for i, letter in enumerate(letters):
        if letter.kind == VECTOR:
            places.setdefault(letter.name, []).append(i)
    found: list[tuple[int, int, bool]] = []
    for of_name in places.values():
        properties = letters[of_name[0]].properties
        sides = [(letters[i].place, letters[i].conjugated) for i in of_name]
        if "normalised" in properties:
            pairs = [((0, False), (0, True))]
            if "real" in properties:  # ket and bra are one letter: deal them out
                sides = [(0, bool(n % 2)) for n in range(len(of_name))]
        elif "real" in properties:
            pairs = [((0, False), (1, False))]
        else:
            pairs = [((0, False), (1, True)), ((0, True), (1, False))]  # of |x⟩⟨y|, and of its conjugate
        for left, right in pairs:
            lefts, rights = (
                [i for i, x in zip(of_name, sides, strict=True) if x == side] for side in (left, right)
            )
            if len(lefts) != len(rights):
                return None
            found += [(a, b, left[1]) for a, b in zip(lefts, rights, strict=True)]
    return found


def with_whole_matrices(monomial: DiagramMonomial) -> DiagramMonomial:
    """Join the two vectors of each matrix of rank one: the same value, with a matrix letter for each pair."""
    letters, partner = flatten([monomial])
    pairs = halves(letters)
    if not pairs:
        return monomial
    frame = Frame(letters)
    kept = [i for i, letter in enumerate(letters) if letter.kind != VECTOR]
    whole, ends = [letters[i] for i in kept], frame.ends(kept)
    for left, right, conjugated in sorted(pairs, key=lambda pair: letters[pair[0]].name):
        spaces = letters[left].spaces
        whole.append(Letter(MATRIX, letters[left].name, spaces, conjugated=conjugated))
        ends += [frame.first[i] + s for s in range(len(spaces)) for i in (left, right)]
    place = {end: new for new, end in enumerate(ends)}
    reduced = reduce_diagram(whole, [place[partner[end]] for end in ends])
    return monomial if reduced is None or reduced.sign != 1 or reduced.loops else reduced.monomial


# -- components ----------------------------------------------------------------------------------------------


def split_component(component: Component) -> tuple[Letter | None, list[Token], Letter | None]:
    """The left cap, the inner word and the right cap of a chain; no caps for a trace.

    The path from a rank-one matrix's bra to its ket is the trace with that matrix: it comes back as a trace. A path
    between open ends is read from left to right.
    """
    word = list(component.word)
    if component.is_cycle:
        return None, word, None
    (left, _), *inner, (right, _) = word
    is_trace = (
        left.kind == right.kind == VECTOR and left.name == right.name and left.conjugated != right.conjugated
    )
    keys = [(cap.kind, cap.name, cap.conjugated) for cap in (left, right)]
    if OPEN in (left.kind, right.kind):
        is_turned = (keys[0] > keys[1]) ^ (min(keys)[:2] == (OPEN, "right"))
    else:
        is_turned = is_trace and not left.conjugated
    if is_turned:
        left, inner, right = right, [(x, not transposed) for x, transposed in reversed(inner)], left
    if is_trace:
        return None, [*inner, (Letter(MATRIX, left.name, left.spaces, left.properties), False)], None
    return left, inner, right


def component_text(component: Component, style: Style = TEXT) -> str:
    r"""The component in plain text, or in another style.

    Examples:
        >>> A = Letter("matrix", "A", ("D",))
        >>> component_text(Component((A, A), (3, 2, 1, 0)))
        'Tr(A^2)'
        >>> print(component_text(Component((A, A), (3, 2, 1, 0)), LATEX))
        \operatorname{Tr}\left(A^{2}\right)
    """
    if not component.is_chain:
        return network_text(component.letters, component.partner, style)
    left, inner, right = split_component(component)
    word = " ".join(style.powers(starmap(style.token, inner)))
    if left is None or right is None:
        return style.write("trace", word)
    if OPEN in (left.kind, right.kind):
        ket, bra = (
            "" if cap.kind == OPEN else style.write(pattern, style.cap(cap))
            for cap, pattern in ((left, "ket"), (right, "bra"))
        )
        return " ".join(part for part in (ket, word or style.write("one"), bra) if part)
    caps = style.cap(left), style.cap(right)
    return style.write("entry", caps[0], word, caps[1]) if word else style.write("overlap", *caps)


@lru_cache(maxsize=4096)  # the components of the sums that one session writes; a new symbol is built in 20 µs
def component_symbol(component: Component) -> Any:
    """A SymPy symbol that stands for the component; its name is the text."""
    return sympy.Symbol(component_text(component), commutative=True)


def component_sympy(component: Component) -> Any:
    """The component as a SymPy expression: Trace, MatrixElement, or a symbol where SymPy has none."""
    if not component.is_chain:
        return component_symbol(component)
    left, inner, right = split_component(component)
    if left is None or right is None:
        return sympy.Trace(_matrix_product(inner))
    if left.kind == right.kind == OPEN:
        return _matrix_product(inner) if inner else sympy.Identity(_dimension(left.spaces))
    if left.kind == right.kind == INDEX and inner:
        return _matrix_product(inner)[_index(left), _index(right)]
    if left.kind == right.kind == INDEX:
        return sympy.KroneckerDelta(_index(left), _index(right), (0, _dimension(left.spaces) - 1))
    return component_symbol(component)


def word_text(word: Sequence[Component], spaces: Sequence[Space], style: Style = TEXT) -> str:
    """The components with open ends of one term, an operator on ``spaces``, in plain text or in another style."""
    if _is_single_word(word, spaces):
        return component_text(word[0], style)
    return network_text(*flatten([tuple((component, 1) for component in word)]), style)


def word_sympy(word: Sequence[Component], spaces: Sequence[Space]) -> Any:
    """As ``word_text``, in SymPy: a (Kronecker) product of matrices, or one MatrixSymbol with that text as its name."""
    if _is_single_word(word, spaces):
        return component_sympy(word[0])
    size = _dimension(spaces)
    text = word_text(word, spaces)
    if all(part == "1" for part in text.split(" ⊗ ")):
        return sympy.Identity(size)
    chains = {  # from a row to the same factor's column
        (ends[0].place, ends[1].place): component
        for component in word
        if component.is_chain
        for ends in [sorted((x for x in component.letters if x.kind == OPEN), key=lambda x: x.name)]
        if [x.name for x in ends] == ["left", "right"]
    }
    if all((s, s) in chains for s in range(len(spaces))):
        return sympy.KroneckerProduct(*(component_sympy(chains[s, s]) for s in range(len(spaces))))
    return sympy.MatrixSymbol(text, size, size)


def _is_single_word(word: Sequence[Component], spaces: Sequence[Space]) -> bool:
    return len(word) == 1 and len(spaces) == 1 and word[0].is_chain


def _matrix_product(tokens: Sequence[Token]) -> Any:
    return sympy.MatMul(*starmap(_matrix_symbol, tokens)).doit(deep=False)


def _matrix_symbol(letter: Letter, transposed: bool) -> Any:  # noqa: FBT001 - part of a token
    size = _dimension(letter.spaces)
    matrix = sympy.MatrixSymbol(letter.name, size, size)
    if letter.conjugated:
        return sympy.Adjoint(matrix) if transposed else sympy.Transpose(sympy.Adjoint(matrix))
    return sympy.Transpose(matrix) if transposed else matrix


def _dimension(spaces: Sequence[Space]) -> Any:
    return sympy.Mul(*(sympy.Integer(s) if isinstance(s, int) else dimension_symbol(s) for s in spaces))


def _index(letter: Letter) -> Any:
    offset = sympy.Integer(int(letter.name)) if letter.name.isdigit() else sympy.Symbol(letter.name)
    return offset + _dimension(letter.spaces) / 2 if letter.place else offset


# -- sums ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class WrittenPart:
    """A scalar coefficient, and the operator that it stands before.

    Attributes:
        word: The components with open ends; empty for a scalar.
        spaces: The tensor factors of the operator.
        terms: Closed components → coefficient.
    """

    word: tuple[Component, ...]
    spaces: tuple[Space, ...]
    terms: Mapping[DiagramMonomial, RationalFunction]

    @property
    def operator(self) -> str:
        """The operator in text; empty for a scalar."""
        return self.operator_latex(TEXT)

    def operator_latex(self, style: Style = LATEX) -> str:
        """The operator in LaTeX; empty for a scalar."""
        return word_text(self.word, self.spaces, style) if self.spaces else ""

    @property
    def components(self) -> list[Component]:
        """The closed components that occur, each once."""
        return list(dict.fromkeys(component for monomial in self.terms for component, _ in monomial))

    @property
    def matrices(self) -> frozenset[str]:
        """The names of the matrices and states that occur."""
        return matrices_in((*self.word, *self.components))

    def to_sympy(self) -> Any:
        """The coefficient in symbols that stand for the components, factored unless it is long."""
        products = [
            sympy.Mul(*c.sympy_factors(), *(component_symbol(component) ** e for component, e in monomial))
            for monomial, c in self.terms.items()
        ]
        total = sympy.Add(*products)
        return total if len(products) == 1 or len(products) > _LARGEST_FACTORED else sympy.factor(total)

    def function(self) -> RationalFunction:
        """The coefficient as an exact function of the dimensions and of variables with the components' texts."""
        products = []
        for monomial, c in self.terms.items():
            for component, e in monomial:
                c = c * RationalFunction.variable(component_text(component)) ** e  # noqa: PLW2901 - a product
            products.append((Fraction(1), c))
        return linear_combination(products)

    def letters(self, style: Style = LATEX) -> dict[str, str]:
        """The text of each component → its LaTeX."""
        return {component_text(c): component_text(c, style) for c in self.components}


def matrices_in(components: Iterable[Component]) -> frozenset[str]:
    """The names of the matrices and states that occur."""
    return frozenset(x.name for c in components for x in c.letters if x.kind in (MATRIX, VECTOR))


def written_parts(
    terms: Mapping[DiagramMonomial, RationalFunction], spaces: tuple[Space, ...]
) -> tuple[WrittenPart, ...]:
    """The coefficients of a sum of diagrams, with matrices of rank one in one piece; one for a scalar.

    Examples:
        >>> import haarqntk as hq
        >>> U, A, B = hq.haar_unitary("U"), *hq.matrices("A B")
        >>> mean = hq.expect(U @ A @ U.H @ B @ U @ A @ U.H)
        >>> [part.operator for part in written_parts(mean.terms, mean.spaces)]
        ['1', 'B']
    """
    found: dict[tuple[Component, ...], list[tuple[DiagramMonomial, RationalFunction]]] = {}
    if not spaces:
        found[()] = []
    for monomial, c in terms.items():
        whole = with_whole_matrices(monomial)
        word = tuple(component for component, _ in whole if is_open(component))
        rest = tuple((component, e) for component, e in whole if not is_open(component))
        found.setdefault(word, []).append((rest, c))
    return tuple(WrittenPart(word, spaces, collected(part)) for word, part in found.items())


def sympy_of(parts: Iterable[WrittenPart], spaces: tuple[Space, ...]) -> Any:
    """The sum in SymPy: Trace, MatrixElement and MatrixSymbol."""
    products = []
    for part in parts:
        meant = {component_symbol(c): component_sympy(c) for c in part.components}
        coefficient = part.to_sympy().xreplace(meant)
        if not spaces:
            return coefficient
        products.append(coefficient * word_sympy(part.word, spaces))
    if not products:
        size = dimension_product(spaces).to_sympy()
        return sympy.ZeroMatrix(size, size)
    return sympy.MatAdd(*products) if len(products) > 1 else products[0]


def text_of(parts: Iterable[WrittenPart]) -> str:
    """The sum in plain text."""
    written = (
        f"({part.to_sympy()}) {part.operator}" if part.spaces else str(part.to_sympy()) for part in parts
    )
    return " + ".join(written) or "0"


def latex_of_parts(parts: Iterable[WrittenPart]) -> str:
    """The sum in LaTeX."""
    written = (
        with_operator(latex_of(part.to_sympy(), Notation(part.letters())), part.operator_latex())
        for part in parts
    )
    return " + ".join(written) or "0"


def with_operator(coefficient: str, operator: str) -> str:
    r"""A coefficient before an operator, in LaTeX.

    Examples:
        >>> print(with_operator("D - 1", "B"), with_operator("1", "B"), with_operator("D - 1", ""))
        \left(D - 1\right) B B D - 1
    """
    if not operator:
        return coefficient
    return operator if coefficient == "1" else rf"\left({coefficient}\right) {operator}"
