"""The bibliography of a LaTeX document, from ``references.bib``: no BibTeX run is needed."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from haarqntk.export._document import escape_latex

if TYPE_CHECKING:
    from collections.abc import Iterable

_FIELD = re.compile(r"(\w+)\s*=\s*\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}")


@cache
def references() -> dict[str, dict[str, str]]:
    """Key → fields of every entry of ``references.bib``; the values are LaTeX.

    Examples:
        >>> references()["liu2023"]["volume"]
        '130'
    """
    text = files("haarqntk.export").joinpath("references.bib").read_text(encoding="utf-8")
    entries = re.findall(r"^@\w+\{(\w+),\n(.*?)^\}", text, flags=re.MULTILINE | re.DOTALL)
    return {key: dict(_FIELD.findall(body)) for key, body in entries}


def cite(reference: str) -> str:
    r"""A reference such as "liu2023, Eq. (6); derivations/03_kernel_mean.md" with its keys as citations.

    Examples:
        >>> print(cite("liu2023, Eq. (6); derivations/03_kernel_mean.md"))
        \cite[Eq.~(6)]{liu2023}; \texttt{derivations/03\_kernel\_mean.md}
    """
    parts = []
    for part in reference.split("; "):
        key, _, place = part.partition(", ")
        if key in references():
            where = f"[{place.replace('Eq. ', 'Eq.~').replace('Eqs. ', 'Eqs.~')}]" if place else ""
            parts.append(rf"\cite{where}{{{key}}}")
        else:
            parts.append(rf"\texttt{{{escape_latex(part)}}}")
    return "; ".join(parts)


def bibliography(used: Iterable[str]) -> str:
    """A ``thebibliography`` environment of the entries that the references cite."""
    text = " ".join(used)
    items = [_item(key, fields) for key, fields in references().items() if key in text]
    return "\n".join([r"\begin{thebibliography}{9}", *items, r"\end{thebibliography}"]) if items else ""


def _item(key: str, fields: dict[str, str]) -> str:
    authors = [" ".join(reversed(name.split(", "))) for name in fields["author"].split(" and ")]
    listed = authors[0] if len(authors) == 1 else f"{', '.join(authors[:-1])} and {authors[-1]}"
    home = " ".join(
        part
        for part in (
            fields.get("journal") or fields.get("booktitle") or fields.get("publisher"),
            rf"\textbf{{{fields['volume']}}}" if "volume" in fields else "",
            fields.get("pages", ""),
            f"({fields['year']})",
        )
        if part
    )
    archive = f", arXiv:{fields['eprint']}" if "eprint" in fields else ""
    return rf"\bibitem{{{key}}} {listed}, \emph{{{fields['title']}}}, {home}{archive}."
