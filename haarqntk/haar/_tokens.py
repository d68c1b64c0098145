"""``Style``: how letters, products and traces are written in text and in LaTeX."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from haarqntk._lazy import LazyModule
from haarqntk.traces import INDEX, VECTOR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from haarqntk.traces import Letter

sympy = LazyModule("sympy")


def cap_text(letter: Letter) -> str:
    """The label of an index or of a state at the end of a path."""
    if letter.kind == INDEX and letter.place:
        (space,) = letter.spaces
        return str(space // 2 + int(letter.name)) if isinstance(space, int) else f"{space}/2+{letter.name}"
    side = "" if letter.kind != VECTOR or "normalised" in letter.properties else "_lr"[letter.place + 1 :][:1]
    return letter.name + side + ("*" if letter.kind == VECTOR and letter.conjugated else "")


def token_text(letter: Letter, transposed: bool) -> str:  # noqa: FBT001 - part of a token
    """A letter in text."""
    if letter.conjugated:
        return f"{letter.name}^H" if transposed else f"conj({letter.name})"
    return f"{letter.name}^T" if transposed else letter.name


def token_latex(letter: Letter, transposed: bool) -> str:  # noqa: FBT001 - part of a token
    """A letter in LaTeX."""
    name = sympy.latex(sympy.Symbol(letter.name))
    if letter.conjugated:
        return rf"{name}^{{\dagger}}" if transposed else rf"\overline{{{name}}}"
    return f"{name}^{{T}}" if transposed else str(name)


@dataclass(frozen=True, slots=True)
class Style:
    """The patterns of one way to write.

    Attributes:
        token: Writes a letter.
        power: A power, from its exponent.
        brackets: Parentheses around a product.
        trace: A trace.
        partial_trace: A partial trace over some factors.
        product_trace: Tr[π_1, …](A ⊗ B …): a permutation for each tensor factor.
        entry: An entry, from row, matrix and column.
        entries: A matrix with named indices.
        delta: Two indices that are equal.
        summed: A sum over indices.
        places: A matrix with the tensor factors that it acts on.
        permutation: A permutation operator.
        tensor: The tensor product.
        one: The identity.
    """

    token: Callable[[Letter, bool], str]
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
    permutation: str
    tensor: str
    one: str

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
    "^{}",
    "({})",
    "Tr({})",
    "Tr_{}({})",
    "Tr[{}]({})",
    "<{}|{}|{}>",
    "{}[{}, {}]",
    "delta[{}, {}]",
    "sum({}) {}",
    "{}[{}]",
    "P{}",
    " ⊗ ",
    "1",
)
LATEX = Style(
    token_latex,
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
    "P_{{{}}}",
    r" \otimes ",
    r"\mathbb{1}",
)
