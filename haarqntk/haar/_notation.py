"""Components as people write them: Tr(AB), ⟨0|A|1⟩, in text, LaTeX and SymPy."""

from __future__ import annotations

from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

from haarqntk._lazy import LazyModule
from haarqntk._symbols import dimension_symbol
from haarqntk.traces import INDEX, MATRIX, OPEN, VECTOR, Component, Letter, first_ends

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haarqntk.traces import Space
    from haarqntk.traces._diagram import Token

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
        return _web(component, _token_text, "Tr[{}; {}]")
    left, inner, right = split_component(component)
    word = " ".join(_powers(inner, _token_text, "^{}"))
    if left is None or right is None:
        return f"Tr({word})"
    if OPEN in (left.kind, right.kind):
        return " ".join(part for part in (_ket(left, "|{}>"), word or "1", _bra(right, "<{}|")) if part)
    return f"<{_cap(left)}|{word}|{_cap(right)}>" if word else f"<{_cap(left)}|{_cap(right)}>"


def component_latex(component: Component) -> str:
    r"""The component in LaTeX.

    Examples:
        >>> A = Letter("matrix", "A", ("D",))
        >>> print(component_latex(Component((A, A), (3, 2, 1, 0))))
        \operatorname{Tr}\left(A^{2}\right)
    """
    if not component.is_chain:
        return _web(component, _token_latex, r"\operatorname{{Tr}}\left[{}; {}\right]")
    left, inner, right = split_component(component)
    word = " ".join(_powers(inner, _token_latex, "^{{{}}}"))
    if left is None or right is None:
        return rf"\operatorname{{Tr}}\left({word}\right)"
    if OPEN in (left.kind, right.kind):
        ends = (
            _ket(left, r"\left|{}\right\rangle"),
            word or r"\mathbb{1}",
            _bra(right, r"\left\langle{}\right|"),
        )
        return " ".join(part for part in ends if part)
    return rf"\left\langle {_cap(left)}\right|{word or '.'}\left|{_cap(right)}\right\rangle"


def word_in_order(components: Sequence[Component]) -> list[Component]:
    """The components with open ends, by the tensor factor of their first one."""
    return sorted(components, key=lambda component: min(place for _, place in _open_ends(component)))


def is_product_of_words(components: Sequence[Component]) -> bool:
    """Whether every component leads from a row of a tensor factor to the column of the same one."""
    return all(c.is_chain and len({place for _, place in _open_ends(c)}) == 1 for c in components)


def word_text(components: Sequence[Component]) -> str:
    """An operator on several tensor factors; a component between two factors with the ends that it joins.

    Examples:
        >>> ends = [Letter(OPEN, side, ("D",), place=s) for s, side in ((0, "left"), (1, "right"))]
        >>> word_text([Component(tuple(ends), (1, 0))])
        '1[row 0, column 1]'
    """
    return _word(components, component_text, " (x) ", "{}[{}]")


def word_latex(components: Sequence[Component]) -> str:
    """As ``word_text``, in LaTeX."""
    return _word(components, component_latex, r" \otimes ", r"{}_{{\text{{{}}}}}")


def word_sympy(components: Sequence[Component], size: Any) -> Any:
    """A KroneckerProduct of words, or a MatrixSymbol with the text for its name where SymPy has none."""
    if not is_product_of_words(components):
        return sympy.MatrixSymbol(word_text(components), size, size)
    factors = [component_sympy(component) for component in word_in_order(components)]
    return factors[0] if len(factors) == 1 else sympy.KroneckerProduct(*factors)


def _word(components: Sequence[Component], write: Any, times: str, pattern: str) -> str:
    parts = []
    for component in word_in_order(components):
        text = write(component)
        if not is_product_of_words([component]):
            ends = ", ".join(
                f"{'row' if side == 'left' else 'column'} {s}" for side, s in _open_ends(component)
            )
            text = pattern.format(text, ends)
        parts.append(text)
    return times.join(parts)


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
    """The component as a SymPy expression: Trace of MatrixSymbols, a MatrixElement, or a symbol where SymPy has none."""
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


def _cap(letter: Letter) -> str:
    if letter.kind == INDEX and letter.place:
        (space,) = letter.spaces
        return str(space // 2 + int(letter.name)) if isinstance(space, int) else f"{space}/2+{letter.name}"
    side = "" if letter.kind != VECTOR or "normalised" in letter.properties else "_lr"[letter.place + 1 :][:1]
    return letter.name + side + ("*" if letter.kind == VECTOR and letter.conjugated else "")


def _ket(letter: Letter, pattern: str) -> str:
    return "" if letter.kind == OPEN else pattern.format(_cap(letter))


_bra = _ket


def _powers(tokens: Sequence[Token], write: Any, power: str) -> list[str]:
    written = []
    for token, run in groupby(tokens):
        count = len(list(run))
        text = write(*token)
        if count > 1 and "^" in text:
            text = f"({text})" if power == "^{}" else rf"\left({text}\right)"
        written.append(text + power.format(count) if count > 1 else text)
    return written


def _token_text(letter: Letter, transposed: bool) -> str:  # noqa: FBT001 - part of a token
    if letter.conjugated:
        return f"{letter.name}^H" if transposed else f"conj({letter.name})"
    return f"{letter.name}^T" if transposed else letter.name


def _token_latex(letter: Letter, transposed: bool) -> str:  # noqa: FBT001 - part of a token
    name = sympy.latex(sympy.Symbol(letter.name))
    if letter.conjugated:
        return rf"{name}^{{\dagger}}" if transposed else rf"\overline{{{name}}}"
    return f"{name}^{{T}}" if transposed else str(name)


def _web(component: Component, write: Any, pattern: str) -> str:
    """The letters, and for each end the letter and the end that it is joined to, ends of letter n as n.left, n.right."""
    letters, first = component.letters, first_ends(component.letters)
    owner = [i for i, letter in enumerate(letters) for _ in range(letter.num_ends)]
    names = []
    for end, i in enumerate(owner):
        local, letter = end - first[i], letters[i]
        factor, side = divmod(local, 2) if letter.kind == MATRIX else (local, 0)
        names.append(f"{i + 1}{'lr'[side]}{factor + 1}")
    joins = " ".join(
        f"{names[end]}-{names[other]}" for end, other in enumerate(component.partner) if end < other
    )
    listed = ", ".join(
        write(letter, False) if letter.kind == MATRIX else f"{letter.kind} {_cap(letter)}"
        for letter in letters
    )
    return pattern.format(listed, joins)
