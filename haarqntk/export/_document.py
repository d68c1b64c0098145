r"""A document of formulas: what each averages, where it comes from, and the closed form in lines that fit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from haarqntk.algebra import Notation
from haarqntk.export._citation import Citation, citation, keys_in
from haarqntk.export._latex import document_lines
from haarqntk.export._style import notation
from haarqntk.export._templates import latex_environment
from haarqntk.export._values import quotients

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from haarqntk.qntk import EigenvalueFormula, Formula

_ESCAPED = {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}"}
_BREAKABLE = re.compile(r"([*+,()])")


def escape_latex(text: str) -> str:
    r"""Plain text for LaTeX.

    Examples:
        >>> print(escape_latex("kernel_mean"))
        kernel\_mean
    """
    return re.sub(r"[\\^~&%$#_{}]", lambda found: _ESCAPED.get(found[0], rf"\{found[0]}"), text)


def latex_document(
    formulas: Sequence[Formula | EigenvalueFormula],
    *,
    version: str,
    names: Mapping[str, str] | None = None,
    macros: Mapping[str, str] | None = None,
    bibliography: str | None = None,
) -> str:
    r"""A document with one ``align`` environment for each formula, what it averages, and where it comes from.

    It needs nothing but ``amsmath``, ``amssymb`` and ``geometry``.

    Args:
        formulas: What is written.
        version: The version of haarqntk, for the first line.
        names: The author's letters, as in ``latex``.
        macros: The author's commands, as in ``latex``; the document defines those that LaTeX does not know.
        bibliography: The name of the .bib file, without its ending; it holds ``bibliography_of``. Without one the
            sources stand as text.

    Raises:
        InputTypeError, InputError, UnknownNameError, OutputError: As ``latex``.
    """
    symbols = dict.fromkeys(name for value in formulas for part in quotients(value) for name in part.symbols)
    written = notation(names, macros, symbols)
    labels = [formula.name for formula in formulas if formula.name.isidentifier()]
    entries = [
        {
            "name": _breakable(formula.name),
            "label": formula.name if labels.count(formula.name) == 1 else str(i),
            "lines": document_lines(formula, written),
            "definition": _definition(formula),
            "ensemble": escape_latex(formula.ensemble),
            "design_order": formula.design_order,
            "reference": _source(formula.reference, cited=bibliography is not None),
        }
        for i, formula in enumerate(formulas, start=1)
    ]
    template = latex_environment().get_template("formulas.tex.j2")
    return template.render(
        entries=entries,
        version=version,
        definitions=_definitions(written),
        letters=[(name, written.names[name]) for name in sorted(written.names)],
        bibliography=bibliography,
        cited=bibliography_of(formulas).keys if bibliography else (),
    )


def bibliography_of(formulas: Sequence[Formula | EigenvalueFormula]) -> Citation:
    """What to cite for several results, each entry once.

    Examples:
        >>> from haarqntk.qntk import formula
        >>> bibliography_of([formula("kernel_mean"), formula("kernel_variance")]).keys
        ('liu2023', 'collins2003', 'collins2006', 'haarqntk', 'zhang2024')
    """
    return Citation(tuple(dict.fromkeys(key for formula in formulas for key in citation(formula).keys)))


def _definitions(written: Notation) -> list[tuple[str, str]]:
    """The author's commands with what they stand for, for a document that does not load the author's macros."""
    standard = Notation()
    pairs = [(written.trace, standard.trace), (written.real_part, standard.real_part)]
    pairs += [(re.sub(r"_\{.*", "", text), name) for name, text in written.names.items()]
    return [(command, meaning) for command, meaning in pairs if re.fullmatch(r"\\[A-Za-z]+", command)]


def _definition(formula: Formula | EigenvalueFormula) -> str:
    """What is averaged; a moment that was typed in stands as its text, which may break."""
    typed = formula.definition_latex.startswith(r"\texttt{")
    return rf"\texttt{{{_breakable(formula.definition)}}}" if typed else f"${formula.definition_latex}$"


def _breakable(text: str) -> str:
    return _BREAKABLE.sub(r"\1\\allowbreak{}", escape_latex(text))


def _source(reference: str, *, cited: bool) -> str:
    text = escape_latex(reference)
    for key in dict.fromkeys(keys_in(reference) if cited else []):
        text = text.replace(key, rf"\cite{{{key}}}")
    return text.replace("/", r"/\allowbreak{}")


def latex_table(rows: Sequence[Mapping[str, str]]) -> str:
    """Rows of one set of columns as a ``tabular`` environment."""
    columns = list(rows[0]) if rows else []
    header = " & ".join(escape_latex(column) for column in columns)
    body = [" & ".join(_table_cell(row[column]) for column in columns) + r" \\" for row in rows]
    return "\n".join(
        [rf"\begin{{tabular}}{{{'l' * len(columns)}}}", header + r" \\ \hline", *body, r"\end{tabular}"]
    )


def _table_cell(text: str) -> str:
    return escape_latex(text).replace("±", r"$\pm$").replace("σ", r"$\sigma$").replace("|A|", "$|A|$")
