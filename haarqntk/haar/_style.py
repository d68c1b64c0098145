"""``Style``: how letters, products and traces are written, in text and in LaTeX."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from haarqntk.base import LazyModule
from haarqntk.diagrams import INDEX, VECTOR, Letter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

sympy = LazyModule("sympy")

_PATTERNS: dict[str, tuple[str, str]] = {  # in text and in LaTeX
    "letter": ("{}", "{}"),
    "transpose": ("{}^T", "{}^{{T}}"),
    "conjugate": ("conj({})", r"\overline{{{}}}"),
    "adjoint": ("{}^H", r"{}^{{\dagger}}"),
    "power": ("{}^{}", "{}^{{{}}}"),
    "brackets": ("({})", r"\left({}\right)"),
    "trace": ("Tr({})", r"\operatorname{{Tr}}\left({}\right)"),
    "partial trace": ("Tr_{}({})", r"\operatorname{{Tr}}_{{{}}}\left({}\right)"),
    "product trace": (
        "Tr[{}]({})",
        r"\operatorname{{Tr}}_{{{}}}\left({}\right)",
    ),  # a permutation for each factor
    "entry": ("<{}|{}|{}>", r"\left\langle {}\right|{}\left|{}\right\rangle"),  # row, matrix, column
    "entries": ("{}[{}, {}]", r"\left({}\right)_{{{}; {}}}"),  # a matrix with named indices
    "delta": ("delta[{}, {}]", r"\delta_{{{}; {}}}"),  # two indices that are equal
    "sum over": ("sum({}) {}", r"\sum_{{{}}} {}"),
    "places": ("{}_{{{}}}", r"\left({}\right)_{{[{}]}}"),  # a matrix with the tensor factors that it acts on
    "amplitude": ("{}[{}]", r"\left({}\right)_{{[{}]}}"),  # a vector with named indices
    "permuted": ("P{}", "P_{{{}}}"),  # its operator, from its cycles
    "tensor": (" ⊗ ", r" \otimes "),
    "one": ("1", r"\mathbf{{1}}"),  # no font that every LaTeX has knows a blackboard bold digit
    "sum of": ("sum({}, {})", r"\left(\sum_{{{1}}} {0}\right)"),  # terms and indices
    "dyad": ("|{}><{}|", r"\left|{}\right\rangle\left\langle {}\right|"),  # |i⟩⟨j|
    "ket": ("|{}>", r"\left|{}\right\rangle"),  # a vector at the left end of an operator
    "bra": ("<{}|", r"\left\langle{}\right|"),
    "overlap": ("<{}|{}>", r"\left\langle {}|{}\right\rangle"),
}


def cap_text(letter: Letter) -> str:
    """The label of an index or of a state at the end of a path."""
    if letter.kind == INDEX and letter.place:
        (space,) = letter.spaces
        return str(space // 2 + int(letter.name)) if isinstance(space, int) else f"{space}/2+{letter.name}"
    side = "" if letter.kind != VECTOR or "normalised" in letter.properties else "_lr"[letter.place + 1 :][:1]
    return letter.name + side + ("*" if letter.kind == VECTOR and letter.conjugated else "")


@dataclass(frozen=True, slots=True)
class Style:
    """One way to write: in text.

    Attributes:
        patterns: What a trace, an entry, a sum, … looks like, by name.
    """

    patterns: Mapping[str, str]

    def write(self, pattern: str, *parts: object) -> str:
        """The parts in the pattern of that name."""
        return self.patterns[pattern].format(*parts)

    def letter(self, name: str) -> str:
        """The name of a letter."""
        return name

    def token(self, letter: Letter, transposed: bool) -> str:  # noqa: FBT001 - part of a token
        """A letter, as it stands or transposed."""
        kinds = ("conjugate", "adjoint") if letter.conjugated else ("letter", "transpose")
        return self.write(kinds[transposed], self.letter(letter.name))

    def cap(self, letter: Letter) -> str:
        """The index or the state at the end of a path."""
        return cap_text(letter)

    def element(self, matrix: str, rows: Sequence[str], columns: Sequence[str]) -> str:
        """An entry of a matrix between indices, one for each tensor factor."""
        return f"{matrix}[{' '.join(rows)}, {' '.join(columns)}]"

    def powers(self, texts: Iterable[str]) -> list[str]:
        """Neighbours that are equal as powers."""
        written = []
        for text, run in groupby(texts):
            count = len(list(run))
            base = self.write("brackets", text) if count > 1 and "^" in text else text
            written.append(self.write("power", base, count) if count > 1 else text)
        return written


@dataclass(frozen=True, slots=True)
class _Latex(Style):
    """In LaTeX, in the author's letters where ``names`` has them."""

    names: Mapping[str, str]

    def letter(self, name: str) -> str:
        return self.names.get(name) or str(sympy.latex(sympy.Symbol(name)))

    def cap(self, letter: Letter) -> str:
        if letter.kind != VECTOR:
            return cap_text(letter)
        name, side = self.letter(letter.name), cap_text(letter).rstrip("*").removeprefix(letter.name)
        written = rf"{{{name}}}_{{{side}}}" if side else name
        return f"{written}^{{*}}" if letter.conjugated else written

    def element(self, matrix: str, rows: Sequence[str], columns: Sequence[str]) -> str:
        r"""An entry; commas where an index has several characters.

        Examples:
            >>> print(LATEX.element("A", ["i"], ["j"]), LATEX.element("A_{1}", ["i"], ["12"]))
            A_{ij} {A_{1}}_{i, 12}
        """
        base = f"{{{matrix}}}" if re.search(r"[_^]", matrix) else matrix
        gap = "" if all(len(name) == 1 for name in (*rows, *columns)) else ", "
        sides = gap.join(rows), gap.join(columns)
        return f"{base}_{{{(gap if len(rows) == 1 else '; ').join(sides)}}}"


TEXT = Style({name: text for name, (text, _) in _PATTERNS.items()})
LATEX: Style = _Latex({name: latex for name, (_, latex) in _PATTERNS.items()}, {})


def latex_style(names: Mapping[str, str], trace: str) -> Style:
    r"""LaTeX in the author's letters, and with the author's command for Tr.

    Examples:
        >>> latex_style({}, r"\tr").write("trace", "A")
        '\\tr\\left(A\\right)'
    """
    operator = trace.replace("{", "{{").replace("}", "}}")
    traces = {
        name: pattern.replace(r"\operatorname{{Tr}}", operator) for name, pattern in LATEX.patterns.items()
    }
    return _Latex(traces, dict(names))
