r"""Documents in LaTeX and as PDF: formulas, derivations with theorem, proof and check, and tables."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from haarqntk.algebra import Notation
from haarqntk.base import LazyModule
from haarqntk.errors import OutputError
from haarqntk.export._citation import bibliography_of, cite, keys_in, list_of_references
from haarqntk.export._latex import aligned, document_lines, equation_lines, escape_latex, latex_lines
from haarqntk.export._names import notation_of
from haarqntk.export._text import prose, range_of, steps_in_turn
from haarqntk.export._values import quotients
from haarqntk.qntk import CHECK, CLOSED_FORM, Equation, Paragraph, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from haarqntk.qntk import Block, EigenvalueFormula, Formula, Math

jinja2 = LazyModule("jinja2")

_LATEX_MARKS = {
    "variable_start_string": r"\VAR{",
    "variable_end_string": "}",
    "block_start_string": r"\BLOCK{",
    "block_end_string": "}",
    "comment_start_string": r"\#{",
    "comment_end_string": "}",
}
_BREAKABLE = re.compile(r"([*+,()])")
_RUNS = 2  # of pdflatex: the second one knows the citations
_SECONDS = 120


def template(name: str) -> Any:
    r"""A template of Jinja2, which refuses what it is not given.

    HTML escapes what is not marked safe; LaTeX, which needs braces and percent signs for itself, has ``\VAR{…}``.
    """
    is_html = name.endswith(".html.j2")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("haarqntk.export"),
        autoescape=is_html,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        **({} if is_html else _LATEX_MARKS),
    )
    return environment.get_template(name)


# -- formulas ------------------------------------------------------------------------------------------


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
        InputTypeError, InputError, UnknownNameError: As ``latex``.
    """
    written = notation_of(names, macros, [part for value in formulas for part in quotients(value)])
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
    text: str = template("formulas.tex.j2").render(
        entries=entries,
        version=version,
        definitions=_definitions(written),
        letters=[(name, written.names[name]) for name in sorted(written.names)],
        bibliography=bibliography,
        cited=bibliography_of(formulas).keys if bibliography else (),
    )
    return text


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


# -- derivations ---------------------------------------------------------------------------------------


def latex_derivations(formulas: Sequence[Formula | EigenvalueFormula], *, version: str) -> str:
    """One document: for each formula a theorem, its proof in steps, and the check by a second route.

    A mean that an earlier proof has derived is referred to. It needs amsmath, amssymb, amsthm and geometry.
    """
    entries = [
        {
            "name": escape_latex(value.name),
            "definition": value.definition_latex,
            "range": escape_latex(range_of(value))
            .replace("≥", r"$\ge$")
            .replace(r"X\_j = Tr X^j", r"$X_j = \operatorname{Tr} X^j$"),
            "ensemble": escape_latex(value.ensemble),
            "design_order": value.design_order,
            "lines": list(map(aligned, latex_lines(value))),
            "proof": "\n\n".join(
                f"\\step{{{_prose(step.title)}}}\n\n{_blocks(step.blocks)}"
                for step in steps
                if step.title not in {CHECK, CLOSED_FORM}  # the theorem has the latter
            ),
            "check": _blocks([block for step in steps if step.title == CHECK for block in step.blocks]),
            "reference": cite(value.reference),
        }
        for value, steps in steps_in_turn(formulas)
    ]
    text: str = template("derivations.tex.j2").render(
        entries=entries,
        version=version,
        bibliography=list_of_references(value.reference for value in formulas),
    )
    return text


def _blocks(blocks: Sequence[Block]) -> str:
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
            parts.append(_prose(block))
        elif isinstance(block, Table):
            header = [name.replace("τ", r"$\tau$") for name in block.header]
            rows = " \\\\\n".join(" & ".join(f"${cell.latex}$" for cell in row) for row in block.rows)
            table = _tabular(header, f"{rows}\n")
            parts.append(rf"\begin{{center}}{table}\end{{center}}")
    # an alignment belongs to the paragraph before it
    return re.sub(r"\n\n(\\begin\{align\*\})", r"\n\1", "\n\n".join(parts))


def _prose(paragraph: Paragraph) -> str:
    return prose(paragraph, lambda p: re.sub(r"\*(.+?)\*", r"\\emph{\1}", escape_latex(p)), _inline)


def _inline(math: Math) -> str:
    """Commas in lists of values are places where a line may end."""
    latex = math.latex.replace(", ", r",\allowbreak\ ") if " = " in math.latex else math.latex
    return f"${latex}$"


# -- tables and PDF ------------------------------------------------------------------------------------


def latex_table(rows: Sequence[Mapping[str, str]]) -> str:
    """Rows of one set of columns as a ``tabular`` environment."""
    columns = list(rows[0]) if rows else []
    body = [" & ".join(_table_cell(row[column]) for column in columns) + " \\\\\n" for row in rows]
    return _tabular(list(map(escape_latex, columns)), "".join(body))


def _tabular(header: Sequence[str], body: str) -> str:
    head = f"{' & '.join(header)} \\\\ \\hline\n"
    return f"\\begin{{tabular}}{{{'l' * len(header)}}}\n{head}{body}\\end{{tabular}}"


def _table_cell(text: str) -> str:
    return escape_latex(text).replace("±", r"$\pm$").replace("σ", r"$\sigma$").replace("|A|", "$|A|$")


def pdf_of(tex: str) -> bytes:
    """The PDF of a LaTeX document.

    Raises:
        OutputError: If pdflatex is not installed, refuses the document, or does not finish.
    """
    program = shutil.which("pdflatex")
    if program is None:
        raise OutputError(
            "pdf needs pdflatex, which is not on this machine; install texlive-latex-recommended (Debian, Ubuntu) "
            "or write the source with --tex"
        )
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "document.tex").write_text(tex, encoding="utf-8")
        command = [program, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "document.tex"]
        try:
            for _ in range(_RUNS):
                done = subprocess.run(  # noqa: S603 - our own document, and no shell
                    command,
                    cwd=folder,
                    capture_output=True,
                    text=True,
                    errors="replace",
                    timeout=_SECONDS,
                    check=False,
                )
                if done.returncode:
                    lines = done.stdout.splitlines()
                    wrong = next((line for line in lines if line.startswith("!")), "no message")
                    raise OutputError(
                        f"pdf could not be set: pdflatex says {wrong[2:]!r}; write the source with --tex"
                    )
        except subprocess.TimeoutExpired:
            raise OutputError(
                f"pdf could not be set: pdflatex did not finish in {_SECONDS} s; write the source with --tex"
            ) from None
        return (Path(folder) / "document.pdf").read_bytes()
