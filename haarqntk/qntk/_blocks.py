"""What a derivation is written in: steps of paragraphs, equations and tables, each with its mathematics twice.

A piece of mathematics is held as plain text and in LaTeX, so that one narrative serves the terminal, Markdown and
LaTeX. ``as_text`` writes for the terminal; the other two are written by ``haarqntk.export``.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from haarqntk.algebra import latex_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haarqntk.algebra import TracePolynomial

_LINE = 80
_JOINT = "\x00"  # a space that no line is broken at
_LONGEST_PIECE = 30  # of mathematics in prose that is not broken
_LATEX_OF = {
    "Σ": "\\textstyle\\sum",
    "σ": "\\sigma ",
    "τ": "\\tau ",
    "ρ": "\\rho ",
    "θ": "\\theta ",
    "φ": "\\varphi ",
    "ξ": "\\xi ",
    "λ": "\\lambda ",
    "μ": "\\mu ",
    "∂": "\\partial ",
    "†": "^\\dagger ",
    "⁻": "^{-1}",
    "¹": "",
    "²": "^2",
    "⊗": "\\otimes ",
    "·": "\\cdot ",
    "×": "\\times ",
    "±": "\\pm ",
    "−": "-",
    "…": "\\dots ",
    "→": "\\to ",
    "↦": "\\mapsto ",
    "⟨": "\\langle ",
    "⟩": "\\rangle ",
}


@dataclass(frozen=True, slots=True)
class Math:
    """A piece of mathematics: as text for a terminal, and in LaTeX."""

    text: str
    latex: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Prose; `…` is mathematics as text, *…* is stressed, and each {} stands for the next piece of ``math``."""

    template: str
    math: tuple[Math, ...] = ()

    def pieces(self) -> list[str | Math]:
        """Words and mathematics in turn."""
        given = iter(self.math)
        return [
            next(given) if part == "{}" else written(part[1:-1]) if part[:1] == "`" else part
            for part in re.split(r"(`[^`]*`|\{\})", self.template)
        ]


@dataclass(frozen=True, slots=True)
class Equation:
    """left = right, with the right side exact."""

    left: Math
    right: TracePolynomial


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under a header, all of them mathematics."""

    header: tuple[str, ...]
    rows: tuple[tuple[Math, ...], ...]


Block: TypeAlias = Paragraph | Equation | Table


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a derivation: a title, and what stands under it."""

    title: Paragraph
    blocks: tuple[Block, ...]


def math_of(value: TracePolynomial) -> Math:
    """A polynomial, factored or collected in L, whichever is shorter."""
    expression = value.to_sympy(collect="L")
    return Math(str(expression), latex_of(expression))


def written(text: str) -> Math:
    r"""Mathematics written as text, with its LaTeX.

    Examples:
        >>> print(written("Tr(P_τ† ⊗ρ)").latex)
        \operatorname{Tr}(P_\tau^\dagger \otimes\rho)
    """
    latex = re.sub(r"C\((\w+), (\w+)\)", r"\\binom{\1}{\2}", text)
    latex = re.sub(r"([_^])(\w\w+|\d+)", r"\1{\2}", latex)
    latex = re.sub(r"\b(Tr|Wg|cos)\b", r"\\operatorname{\1}", latex)
    latex = "".join(_LATEX_OF.get(letter, letter) for letter in latex)
    return Math(text, re.sub(r"(\\[A-Za-z]+) (?![A-Za-z])", r"\1", latex))


def number(value: int) -> Math:
    """An integer."""
    return Math(str(value), str(value))


def joined(pieces: Sequence[Math], separator: str, latex_separator: str | None = None) -> Math:
    """Pieces with a separator between them."""
    between = separator if latex_separator is None else latex_separator
    return Math(separator.join(p.text for p in pieces), between.join(p.latex for p in pieces))


def as_text(title: str, steps: Sequence[Step], *, width: int = _LINE) -> str:
    """The steps for a terminal of ``width`` columns."""
    lines = [title, "═" * len(title)]
    for number, step in enumerate(steps, start=1):
        lines += ["", *textwrap.wrap(f"{number}. {_prose(step.title)}", width, subsequent_indent="   "), ""]
        for block in step.blocks:
            lines += _lines(block, width)
    return "\n".join(line.replace(_JOINT, " ") for line in lines)


def _lines(block: Block, width: int) -> list[str]:
    if isinstance(block, Paragraph):
        return _wrapped(_prose(block), width, "  ", "  ")
    if isinstance(block, Equation):
        # a line is not broken within a short pair of brackets
        right = re.sub(
            r"\([^()]{1,30}\)", lambda found: found[0].replace(" ", _JOINT), math_of(block.right).text
        )
        return _wrapped(f"{block.left.text.replace(' ', _JOINT)} = {right}", width, "      ", "        ")
    cells = [block.header, *(tuple(cell.text for cell in row) for row in block.rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rows = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells]
    return [f"      {row}" for row in (rows[0], "─" * (sum(widths) + 2 * len(widths) - 2), *rows[1:])]


def _prose(paragraph: Paragraph) -> str:
    """The text, with short mathematics kept in one piece."""
    return "".join(
        piece.replace("*", "") if isinstance(piece, str) else _in_one_piece(piece.text)
        for piece in paragraph.pieces()
    )


def _in_one_piece(text: str) -> str:
    return text.replace(" ", _JOINT) if len(text) <= _LONGEST_PIECE else text


def _wrapped(text: str, width: int, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
