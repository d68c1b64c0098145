"""``Style``: how letters, products and traces are written in text and in LaTeX."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from haarqntk.base import LazyModule
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
    name = _letter_latex(letter, names)
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
    name = _letter_latex(letter, names)
    if letter.conjugated:
        return rf"{name}^{{\dagger}}" if transposed else rf"\overline{{{name}}}"
    return f"{name}^{{T}}" if transposed else name


def _letter_latex(letter: Letter, names: Mapping[str, str] | None) -> str:
    return (names or {}).get(letter.name) or str(sympy.latex(sympy.Symbol(letter.name)))


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
        cycles: A permutation operator, from its cycles.
        tensor: The tensor product.
        one: The identity.
        element: Writes an entry of a matrix under a sum over indices.
        delta_sum: A sum, in brackets, from its terms and its indices.
        dyad: |i⟩⟨j|, from the indices of the rows and of the columns.
        ket: A vector at the left end of an operator.
        bra: A vector at the right end of an operator.
        overlap: Two vectors that meet.
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
    cycles: str
    tensor: str
    one: str
    element: Callable[[str, Sequence[str], Sequence[str]], str]
    delta_sum: str
    dyad: str
    ket: str
    bra: str
    overlap: str

    def powers(self, texts: Iterable[str]) -> list[str]:
        """Neighbours that are equal as powers."""
        written = []
        for text, run in groupby(texts):
            count = len(list(run))
            base = self.brackets.format(text) if count > 1 and "^" in text else text
            written.append(base + self.power.format(count) if count > 1 else text)
        return written


_PATTERNS: dict[str, tuple[Any, Any]] = {  # in text and in LaTeX
    "token": (token_text, token_latex),
    "cap": (cap_text, cap_latex),
    "power": ("^{}", "^{{{}}}"),
    "brackets": ("({})", r"\left({}\right)"),
    "trace": ("Tr({})", r"\operatorname{{Tr}}\left({}\right)"),
    "partial_trace": ("Tr_{}({})", r"\operatorname{{Tr}}_{{{}}}\left({}\right)"),
    "product_trace": ("Tr[{}]({})", r"\operatorname{{Tr}}_{{{}}}\left({}\right)"),
    "entry": ("<{}|{}|{}>", r"\left\langle {}\right|{}\left|{}\right\rangle"),
    "entries": ("{}[{}, {}]", r"\left({}\right)_{{{}; {}}}"),
    "delta": ("delta[{}, {}]", r"\delta_{{{}; {}}}"),
    "summed": ("sum({}) {}", r"\sum_{{{}}} {}"),
    "places": ("{}_{{{}}}", r"\left({}\right)_{{[{}]}}"),
    "amplitude": ("{}[{}]", r"\left({}\right)_{{[{}]}}"),
    "cycles": ("P{}", "P_{{{}}}"),
    "tensor": (" ⊗ ", r" \otimes "),
    "one": ("1", r"\mathbf{1}"),  # no font that every LaTeX has knows a blackboard bold digit
    "element": (element_text, element_latex),
    "delta_sum": ("sum({}, {})", r"\left(\sum_{{{1}}} {0}\right)"),
    "dyad": ("|{}><{}|", r"\left|{}\right\rangle\left\langle {}\right|"),
    "ket": ("|{}>", r"\left|{}\right\rangle"),
    "bra": ("<{}|", r"\left\langle{}\right|"),
    "overlap": ("<{}|{}>", r"\left\langle {}|{}\right\rangle"),
}
TEXT, LATEX = (Style(**{name: pair[i] for name, pair in _PATTERNS.items()}) for i in (0, 1))


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
