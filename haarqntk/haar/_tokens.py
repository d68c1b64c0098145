"""``Style``: how letters, products and traces are written in text and in LaTeX."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from haarqntk._lazy import LazyModule
from haarqntk.diagrams import INDEX, VECTOR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from haarqntk.diagrams import Letter

sympy = LazyModule("sympy")


def cap_text(letter: Letter) -> str:
    """The label of an index or of a state at the end of a path."""
    if letter.kind == INDEX and letter.place:
        (space,) = letter.spaces
        return str(space // 2 + int(letter.name)) if isinstance(space, int) else f"{space}/2+{letter.name}"
    side = "" if letter.kind != VECTOR or "normalised" in letter.properties else "_lr"[letter.place + 1 :][:1]
    return letter.name + side + ("*" if letter.kind == VECTOR and letter.conjugated else "")


def cap_latex(letter: Letter, names: Mapping[str, str] | None = None) -> str:
    """As ``cap_text``, in LaTeX, a state as its letter."""
    if letter.kind != VECTOR:
        return cap_text(letter)
    name = (names or {}).get(letter.name) or str(sympy.latex(sympy.Symbol(letter.name)))
    side = cap_text(letter).rstrip("*").removeprefix(letter.name)
    written = rf"{{{name}}}_{{{side}}}" if side else name
    return f"{written}^{{*}}" if letter.conjugated else written


def token_text(letter: Letter, transposed: bool) -> str:  # noqa: FBT001 - part of a token
    """A letter in text."""
    if letter.conjugated:
        return f"{letter.name}^H" if transposed else f"conj({letter.name})"
    return f"{letter.name}^T" if transposed else letter.name


def token_latex(letter: Letter, transposed: bool, names: Mapping[str, str] | None = None) -> str:  # noqa: FBT001 - part of a token
    """A letter in LaTeX, the author's one if it is among ``names``."""
    name = (names or {}).get(letter.name) or sympy.latex(sympy.Symbol(letter.name))
    if letter.conjugated:
        return rf"{name}^{{\dagger}}" if transposed else rf"\overline{{{name}}}"
    return f"{name}^{{T}}" if transposed else str(name)


def element_text(matrix: str, rows: Sequence[str], columns: Sequence[str]) -> str:
    """An entry of a matrix between indices, one for each tensor factor."""
    return f"{matrix}[{' '.join(rows)}, {' '.join(columns)}]"


def element_latex(matrix: str, rows: Sequence[str], columns: Sequence[str]) -> str:
    r"""As ``element_text``, in LaTeX.

    Examples:
        >>> print(element_latex("A", ["i"], ["j"]), element_latex("A_{1}", ["i"], ["12"]))
        A_{ij} {A_{1}}_{i, 12}
    """
    base = f"{{{matrix}}}" if re.search(r"[_^]", matrix) else matrix
    gap = "" if all(len(name) == 1 for name in (*rows, *columns)) else ", "
    sides = gap.join(rows), gap.join(columns)
    return f"{base}_{{{(gap if len(rows) == 1 else '; ').join(sides)}}}"


@dataclass(frozen=True, slots=True)
class Style:
    """The patterns of one way to write.

    Attributes:
        token: Writes a letter.
        cap: Writes the index or the state at the end of a path.
        power: A power, from its exponent.
        brackets: Parentheses around a product.
        trace: A trace.
        partial_trace: A partial trace over some factors.
        product_trace: Tr[π_0, …](A ⊗ B …): a permutation for each tensor factor.
        entry: An entry, from row, matrix and column.
        entries: A matrix with named indices.
        delta: Two indices that are equal.
        summed: A sum over indices.
        places: A matrix with the tensor factors that it acts on.
        amplitude: A vector with named indices.
        permutation: A permutation operator.
        tensor: The tensor product.
        one: The identity.
        element: Writes an entry of a matrix under a sum over indices.
        delta_sum: A sum, in brackets, from its terms and its indices.
        dyad: |i⟩⟨j|, from the indices of the rows and of the columns.
    """

    token: Callable[[Letter, bool], str]
    cap: Callable[[Letter], str]
    power: str
    brackets: str
    trace: str
    partial_trace: str
    product_trace: str
    entry: str
    entries: str
    delta: str
    summed: str
    places: str
    amplitude: str
    permutation: str
    tensor: str
    one: str
    element: Callable[[str, Sequence[str], Sequence[str]], str]
    delta_sum: str
    dyad: str

    def powers(self, texts: Iterable[str]) -> list[str]:
        """Neighbours that are equal as powers."""
        written = []
        for text, run in groupby(texts):
            count = len(list(run))
            base = self.brackets.format(text) if count > 1 and "^" in text else text
            written.append(base + self.power.format(count) if count > 1 else text)
        return written


TEXT = Style(
    token_text,
    cap_text,
    "^{}",
    "({})",
    "Tr({})",
    "Tr_{}({})",
    "Tr[{}]({})",
    "<{}|{}|{}>",
    "{}[{}, {}]",
    "delta[{}, {}]",
    "sum({}) {}",
    "{}_{{{}}}",
    "{}[{}]",
    "P{}",
    " ⊗ ",
    "1",
    element_text,
    "sum({}, {})",
    "|{}><{}|",
)
LATEX = Style(
    token_latex,
    cap_latex,
    "^{{{}}}",
    r"\left({}\right)",
    r"\operatorname{{Tr}}\left({}\right)",
    r"\operatorname{{Tr}}_{{{}}}\left({}\right)",
    r"\operatorname{{Tr}}_{{{}}}\left({}\right)",
    r"\left\langle {}\right|{}\left|{}\right\rangle",
    r"\left({}\right)_{{{}; {}}}",
    r"\delta_{{{}; {}}}",
    r"\sum_{{{}}} {}",
    r"\left({}\right)_{{[{}]}}",
    r"\left({}\right)_{{[{}]}}",
    "P_{{{}}}",
    r" \otimes ",
    r"\mathbf{1}",  # no font that every LaTeX has knows a blackboard bold digit
    element_latex,
    r"\left(\sum_{{{1}}} {0}\right)",
    r"\left|{}\right\rangle\left\langle {}\right|",
)


def latex_style(names: Mapping[str, str], trace: str) -> Style:
    r"""LaTeX in the author's letters, and with the author's command for Tr.

    Examples:
        >>> latex_style({}, r"\tr").trace.format("A")
        '\\tr\\left(A\\right)'
    """
    operator = trace.replace("{", "{{").replace("}", "}}")
    return replace(
        LATEX,
        token=partial(token_latex, names=dict(names)),
        cap=partial(cap_latex, names=dict(names)),
        trace=operator + r"\left({}\right)",
        partial_trace=operator + r"_{{{}}}\left({}\right)",
        product_trace=operator + r"_{{{}}}\left({}\right)",
    )
