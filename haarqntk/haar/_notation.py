"""Components as people write them: Tr(AB), ⟨0|A|1⟩, in text, LaTeX and SymPy."""

from __future__ import annotations

from functools import cache
from itertools import starmap
from typing import TYPE_CHECKING, Any

from haarqntk._lazy import LazyModule
from haarqntk.algebra import dimension_symbol
from haarqntk.diagrams import INDEX, MATRIX, OPEN, VECTOR, Component, Letter, flatten
from haarqntk.haar._tokens import LATEX, TEXT, cap_text, token_text
from haarqntk.haar._web_notation import operator_text, web_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haarqntk.diagrams import Space, Token
    from haarqntk.haar._tokens import Style

sympy = LazyModule("sympy")


def split_component(component: Component) -> tuple[Letter | None, list[Token], Letter | None]:
    """The left cap, the inner word and the right cap of a chain; no caps for a trace.

    The path from a rank-one matrix's bra to its ket is the trace with that matrix: it comes back as a trace. A path
    between open ends is read from left to right.
    """
    word = list(component.word)
    if component.is_cycle:
        return None, word, None
    left, right = word[0][0], word[-1][0]
    inner = word[1:-1]
    if (left.kind, left.name, left.conjugated) > (right.kind, right.name, right.conjugated) and OPEN in {
        left.kind,
        right.kind,
    }:
        left, inner, right = right, _turned(inner), left
    if left.kind == OPEN and left.name == "right":
        left, inner, right = right, _turned(inner), left
    if left.kind == right.kind == VECTOR and left.name == right.name and left.conjugated != right.conjugated:
        if not left.conjugated:
            left, inner, right = right, _turned(inner), left
        matrix = Letter(MATRIX, left.name, left.spaces, left.properties)
        return None, [*inner, (matrix, False)], None
    return left, inner, right


def _turned(tokens: Sequence[Token]) -> list[Token]:
    return [(letter, not transposed) for letter, transposed in reversed(tokens)]


def component_text(component: Component) -> str:
    """The component in plain text.

    Examples:
        >>> A = Letter("matrix", "A", ("D",))
        >>> component_text(Component((A, A), (3, 2, 1, 0)))
        'Tr(A^2)'
    """
    if not component.is_chain:
        return web_text(component.letters, component.partner, TEXT)
    left, inner, right = split_component(component)
    word = " ".join(TEXT.powers(starmap(token_text, inner)))
    if left is None or right is None:
        return f"Tr({word})"
    if OPEN in (left.kind, right.kind):
        ends = (_cap(left, "|{}>", TEXT), word or "1", _cap(right, "<{}|", TEXT))
        return " ".join(part for part in ends if part)
    return f"<{cap_text(left)}|{word}|{cap_text(right)}>" if word else f"<{cap_text(left)}|{cap_text(right)}>"


def component_latex(component: Component, style: Style = LATEX) -> str:
    r"""The component in LaTeX.

    Examples:
        >>> A = Letter("matrix", "A", ("D",))
        >>> print(component_latex(Component((A, A), (3, 2, 1, 0))))
        \operatorname{Tr}\left(A^{2}\right)
    """
    if not component.is_chain:
        return web_text(component.letters, component.partner, style)
    left, inner, right = split_component(component)
    word = " ".join(style.powers(starmap(style.token, inner)))
    if left is None or right is None:
        return style.trace.format(word)
    if OPEN in (left.kind, right.kind):
        ends = (
            _cap(left, r"\left|{}\right\rangle", style),
            word or style.one,
            _cap(right, r"\left\langle{}\right|", style),
        )
        return " ".join(part for part in ends if part)
    bar = rf"\right|{word}\left|" if word else "|"
    return rf"\left\langle {style.cap(left)}{bar}{style.cap(right)}\right\rangle"


def word_in_order(components: Sequence[Component]) -> list[Component]:
    """The components with open ends, by the tensor factor of their first one."""
    return sorted(components, key=lambda component: min(place for _, place in _open_ends(component)))


def is_product_of_words(components: Sequence[Component]) -> bool:
    """Whether every component leads from a row of a tensor factor to the column of the same one."""
    return all(c.is_chain and len({place for _, place in _open_ends(c)}) == 1 for c in components)


def _open_ends(component: Component) -> list[tuple[str, int]]:
    """The side and the tensor factor of the open ends, in the order in which the component is read."""
    if component.is_chain:
        left, _, right = split_component(component)
        caps = [cap for cap in (left, right) if cap is not None]
    else:
        caps = sorted(component.letters, key=lambda x: (x.name, x.place))
    return [(cap.name, cap.place) for cap in caps if cap.kind == OPEN]


@cache
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


def word_text(word: Sequence[Component], spaces: Sequence[Space]) -> str:
    """The components with open ends of one term, an operator on ``spaces``, in plain text."""
    if _is_single_word(word, spaces):
        return component_text(word[0])
    return operator_text(*flatten([tuple((component, 1) for component in word)]), TEXT)


def word_latex(word: Sequence[Component], spaces: Sequence[Space], style: Style = LATEX) -> str:
    """As ``word_text``, in LaTeX."""
    if _is_single_word(word, spaces):
        return component_latex(word[0], style)
    return operator_text(*flatten([tuple((component, 1) for component in word)]), style)


def word_sympy(word: Sequence[Component], spaces: Sequence[Space]) -> Any:
    """As ``word_text``, in SymPy: a (Kronecker) product of matrices, or one MatrixSymbol with that text as its name."""
    if _is_single_word(word, spaces):
        return component_sympy(word[0])
    size = _dimension(spaces)
    text = word_text(word, spaces)
    if all(part == "1" for part in text.split(" ⊗ ")):
        return sympy.Identity(size)
    if is_product_of_words(word):
        return sympy.KroneckerProduct(*map(component_sympy, word_in_order(word)))
    return sympy.MatrixSymbol(text, size, size)


def _is_single_word(word: Sequence[Component], spaces: Sequence[Space]) -> bool:
    return len(word) == 1 and len(spaces) == 1 and word[0].is_chain


def _matrix_product(tokens: Sequence[Token]) -> Any:
    return sympy.MatMul(*(_matrix_symbol(*token) for token in tokens)).doit(deep=False)


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


def _cap(letter: Letter, pattern: str, style: Style) -> str:
    """A ket or a bra; nothing at an open end."""
    return "" if letter.kind == OPEN else pattern.format(style.cap(letter))
