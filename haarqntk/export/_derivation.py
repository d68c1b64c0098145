"""Derivations as Markdown, as data, and as one LaTeX document with theorem, proof and check."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Any

from haarqntk.export._bibliography import bibliography, cite
from haarqntk.export._document import escape_latex
from haarqntk.export._equations import equation_lines
from haarqntk.export._latex import aligned, latex_lines
from haarqntk.export._templates import latex_environment
from haarqntk.export._text import range_of
from haarqntk.qntk import (
    CHECK,
    CLOSED_FORM,
    Block,
    Derivation,
    Equation,
    Math,
    Paragraph,
    Step,
    Table,
    formula,
    math_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haarqntk.qntk import EigenvalueFormula, Formula

_LINE = 116
_JOINT = "\x00"
_MARKED = re.compile(r"(<!-- steps of (\w+)[^>]*-->\n).*?(\n<!-- end of steps -->)", flags=re.DOTALL)


# -- Markdown ------------------------------------------------------------------------------------------


def markdown_steps(steps: Sequence[Step]) -> str:
    r"""The steps in Markdown, with the mathematics in dollar signs.

    Examples:
        >>> from haarqntk.qntk import formula
        >>> print(markdown_steps(formula("kernel_mean").explain().steps()[5:6]))
        **1. Closed form**
        <BLANKLINE>
        $$ \overline{K} = \frac{2 L \left(D T_{2} - T_{1}^{2}\right)}{\left(D - 1\right) \left(D + 1\right)^{2}} $$
    """
    parts = []
    for place, step in enumerate(steps, start=1):
        title = "".join(p if isinstance(p, str) else f"${p.latex}$" for p in step.title.pieces())
        parts.append(f"**{place}. {title}**")
        parts += [_markdown_block(block) for block in step.blocks]
    return "\n\n".join(parts).replace(r"\operatorname{", r"\mathrm{")  # which GitHub refuses


def with_steps(document: str) -> str:
    """The document with what stands between its marks replaced by the steps of the formulas that they name.

    A mean that an earlier section of the document has derived is referred to.
    """
    known: set[str] = set()

    def section(found: re.Match[str]) -> str:
        derivation = formula(found[2]).explain()
        steps = markdown_steps(derivation.steps(known=frozenset(known)))
        known.update(average.symbol[0] for average in derivation.averages)
        return f"{found[1]}\n{steps}\n{found[3]}"

    return _MARKED.sub(section, document)


def _markdown_block(block: Block) -> str:
    if isinstance(block, Paragraph):
        # no line ends within mathematics: the next one could begin like a list
        text = "".join(
            p if isinstance(p, str) else f"${p.latex.replace(' ', _JOINT)}$" for p in block.pieces()
        )
        filled = textwrap.fill(text, _LINE, break_long_words=False, break_on_hyphens=False)
        return filled.replace(_JOINT, " ")
    if isinstance(block, Equation):
        return f"$$ {block.left.latex} = {math_of(block.right).latex} $$"
    rows = [
        block.header,
        ("---",) * len(block.header),
        *(tuple(f"${m.latex}$" for m in row) for row in block.rows),
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


# -- data ----------------------------------------------------------------------------------------------


def record_of_derivation(derivation: Derivation) -> dict[str, Any]:
    """The steps, with the mathematics as text and in LaTeX, and the exact contribution of each pattern."""
    return {
        "name": derivation.name,
        "definition": derivation.definition,
        "ensemble": derivation.ensemble,
        "generators": derivation.generators,
        "design_order": derivation.design_order,
        "reference": derivation.reference,
        "averages": [
            {
                "symbol": average.symbol[0],
                "cost": average.cost._asdict(),
                "mean": str(average.mean.to_sympy(collect="L")),
                "patterns": [
                    {
                        "blocks": [list(block) for block in pattern.pattern],
                        "copies": [list(label) for label in pattern.labels],
                        "count": pattern.count,
                        "mean": str(pattern.mean.to_sympy()),
                        "contribution": str(pattern.contribution.to_sympy(collect="L")),
                        "coefficients": [
                            [stage.num_nonzero for stage in walk.stages] for walk in pattern.walks
                        ],
                    }
                    for term in average.terms
                    for pattern in term.patterns
                ],
                "second_route": None if average.second_route is None else average.second_route.route,
                "agrees": None if average.second_route is None else average.second_route.agrees,
            }
            for average in derivation.averages
        ],
        "steps": [
            {"title": _plain(step.title), "blocks": [_record_of_block(block) for block in step.blocks]}
            for step in derivation.steps()
        ],
    }


def _record_of_block(block: Block) -> dict[str, Any]:
    if isinstance(block, Paragraph):
        return {"paragraph": _plain(block)}
    if isinstance(block, Equation):
        right = math_of(block.right)
        return {"left": block.left.text, "right": right.text, "latex": f"{block.left.latex} = {right.latex}"}
    return {"header": list(block.header), "rows": [[cell.text for cell in row] for row in block.rows]}


def _plain(paragraph: Paragraph) -> str:
    return "".join(p.replace("*", "") if isinstance(p, str) else p.text for p in paragraph.pieces())


# -- LaTeX ---------------------------------------------------------------------------------------------


def latex_derivations(formulas: Sequence[Formula | EigenvalueFormula], *, version: str) -> str:
    """One document: for each formula a theorem, its proof in steps, and the check by a second route.

    A mean that an earlier proof has derived is referred to. It needs amsmath, amssymb, amsthm and geometry.
    """
    known: set[str] = set()
    entries = []
    for value in formulas:
        derivation = value.explain()
        steps = derivation.steps(known=frozenset(known))
        known |= {average.symbol[0] for average in derivation.averages}
        proof = [
            step for step in steps if step.title not in {CHECK, CLOSED_FORM}
        ]  # the theorem has the latter
        check = [block for step in steps if step.title == CHECK for block in step.blocks]
        entries.append(
            {
                "name": escape_latex(value.name),
                "definition": value.definition_latex,
                "range": _range(value),
                "ensemble": escape_latex(value.ensemble),
                "design_order": value.design_order,
                "lines": list(map(aligned, latex_lines(value))),
                "proof": "\n\n".join(map(_latex_step, proof)),
                "check": _latex_blocks(check),
                "reference": cite(value.reference),
            }
        )
    template = latex_environment().get_template("derivations.tex.j2")
    return template.render(
        entries=entries,
        version=version,
        bibliography=bibliography([value.reference for value in formulas]),
    )


def _range(value: Formula | EigenvalueFormula) -> str:
    text = escape_latex(range_of(value)).replace("≥", r"$\ge$")
    return text.replace(r"X\_j = Tr X^j", r"$X_j = \operatorname{Tr} X^j$")


def _latex_step(step: Step) -> str:
    return f"\\step{{{_latex_prose(step.title)}}}\n\n{_latex_blocks(step.blocks)}"


def _latex_blocks(blocks: Sequence[Block]) -> str:
    """Paragraphs and tables one by one; equations that follow each other in one alignment."""
    parts: list[str] = []
    lines: list[str] = []
    for block in (*blocks, None):
        if isinstance(block, Equation):
            lines += equation_lines(block.left.latex, block.right)
            continue
        if lines:
            body = " \\\\\n".join(f"& {line}" for line in lines)
            parts.append(f"\\begin{{align*}}\n{body}\n\\end{{align*}}")
            lines = []
        if isinstance(block, Paragraph):
            parts.append(_latex_prose(block))
        elif isinstance(block, Table):
            parts.append(_latex_table(block))
    # an alignment belongs to the paragraph before it
    return re.sub(r"\n\n(\\begin\{align\*\})", r"\n\1", "\n\n".join(parts))


def _latex_table(table: Table) -> str:
    rows = " \\\\\n".join(" & ".join(f"${cell.latex}$" for cell in row) for row in table.rows)
    header = " & ".join(_heading(name) for name in table.header)
    columns = "l" * len(table.header)
    body = f"{header} \\\\ \\hline\n{rows}"
    return f"\\begin{{center}}\\begin{{tabular}}{{{columns}}}\n{body}\n\\end{{tabular}}\\end{{center}}"


def _heading(name: str) -> str:
    return name.replace("τ", r"$\tau$")


def _latex_prose(paragraph: Paragraph) -> str:
    pieces = (
        re.sub(r"\*(.+?)\*", r"\\emph{\1}", escape_latex(p)) if isinstance(p, str) else f"${_breakable(p)}$"
        for p in paragraph.pieces()
    )
    return "".join(pieces)


def _breakable(math: Math) -> str:
    """Commas in lists of values are places where a line may end."""
    return math.latex.replace(", ", r",\allowbreak\ ") if " = " in math.latex else math.latex
