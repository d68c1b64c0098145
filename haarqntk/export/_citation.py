"""What a result rests on: its papers, those of Weingarten calculus, and this software, as BibTeX or in a document."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from haarqntk import __version__
from haarqntk.designs import DesignCheck, Twirl, TwirledChannel
from haarqntk.export._json import Recordable
from haarqntk.export._latex import escape_latex
from haarqntk.export._values import Value, quotients
from haarqntk.groups import REGISTRY, UNITARY, WeingartenFunction
from haarqntk.haar import Integral, RandomLetter
from haarqntk.qntk import ClaimCheck, EigenvalueFormula, Formula, Ratio, formula, formulas

if TYPE_CHECKING:
    from collections.abc import Iterable

    from haarqntk.base import Shown

# As in CITATION.cff, which a test compares.
_SOFTWARE = f"""\
@misc{{haarqntk,
  author  = {{{{The haarqntk founders}}}},
  title   = {{haarqntk: exact {{Haar}} averages of quantum neural tangent kernels}},
  year    = {{2026}},
  note    = {{Software, version {__version__}, Apache-2.0}}
}}"""
_ENTRY = re.compile(r"^@\w+\{(\w+),.*?^\}", re.DOTALL | re.MULTILINE)
_FIELD = re.compile(r"(\w+)\s*=\s*\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}")


@dataclass(frozen=True, slots=True)
class Citation:
    """BibTeX entries; printed, the text of a .bib file.

    Attributes:
        keys: Their keys, in the order of the text.
    """

    keys: tuple[str, ...]

    def __str__(self) -> str:
        entries = bibliography()
        return "\n\n".join(entries[key] for key in self.keys)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"


@lru_cache(maxsize=1)  # the one file
def bibliography() -> dict[str, str]:
    """Key → entry of everything that haarqntk cites, and haarqntk itself.

    Examples:
        >>> bibliography()["gross2007"].splitlines()[0]
        '@article{gross2007,'
    """
    text = files("haarqntk.export").joinpath("references.bib").read_text(encoding="utf-8")
    return {**{entry[1]: entry[0] for entry in _ENTRY.finditer(text)}, "haarqntk": _SOFTWARE}


def citation(value: Value | Shown) -> Citation:
    """What to cite for a result: the papers that it names, those of Weingarten calculus, and the software.

    Args:
        value: A formula, eigenvalues, ratio, series, polynomial, rational or Weingarten function, its expansion, an
            integral or its series; a twirl, design check, claim check or estimate.

    Returns:
        The entries, which show as BibTeX.

    Raises:
        InputTypeError: If the value is no result.

    Examples:
        >>> from haarqntk.qntk import formula
        >>> citation(formula("kernel_mean")).keys
        ('liu2023', 'collins2003', 'collins2006', 'haarqntk')
        >>> print(str(citation(formula("kernel_mean"))).splitlines()[0])
        @article{liu2023,

    Reference:
        The keys of haarqntk/export/references.bib, such as liu2023 and collins2006.
    """
    return Citation(tuple(dict.fromkeys([*keys_in(_references(value)), *_calculus(value), "haarqntk"])))


def bibliography_of(formulas: Iterable[Formula | EigenvalueFormula]) -> Citation:
    """What to cite for several results, each entry once.

    Examples:
        >>> from haarqntk.qntk import formula
        >>> bibliography_of([formula("kernel_mean"), formula("kernel_variance")]).keys
        ('liu2023', 'collins2003', 'collins2006', 'haarqntk', 'zhang2024')
    """
    return Citation(tuple(dict.fromkeys(key for formula in formulas for key in citation(formula).keys)))


def _references(value: Any) -> str:
    """The keys that the result names itself."""
    match value:
        case Ratio():
            return f"{value.numerator.reference}; {value.denominator.reference}"
        case ClaimCheck() if value.name in formulas():
            return formula(value.name, ensemble=value.ensemble).reference
        case Formula() | EigenvalueFormula():
            return value.reference
    return ""


def _calculus(value: object) -> tuple[str, ...]:
    """What the averages rest on."""
    found = {UNITARY.references}
    match value:
        case DesignCheck():
            return ("gross2007",)
        case Recordable():
            return ("chan1983",)
        case WeingartenFunction():
            found = {REGISTRY[value.group].references}
        case Integral():
            random = {d.record.references for d in value.declared.values() if isinstance(d, RandomLetter)}
            found = random or found
        case Twirl() | TwirledChannel() | ClaimCheck():
            pass
        case _:
            quotients(value)  # refuses what is no result
    return tuple(key for keys in sorted(found) for key in keys)


def keys_in(reference: str) -> list[str]:
    """The keys that a reference such as "liu2023, Eq. (12); zhang2024" names, in their order."""
    return [key for key in re.findall(r"[a-z]+\d{4}", reference) if key in bibliography()]


def cite(reference: str) -> str:
    r"""A reference with its keys as citations of LaTeX.

    Examples:
        >>> print(cite("liu2023, Eq. (6); derivations/03_kernel_mean.md"))
        \cite[Eq.~(6)]{liu2023}; \texttt{derivations/03\_kernel\_mean.md}
    """
    parts = []
    for part in reference.split("; "):
        key, _, place = part.partition(", ")
        where = f"[{place.replace('Eq. ', 'Eq.~').replace('Eqs. ', 'Eqs.~')}]" if place else ""
        is_key = key in bibliography()
        parts.append(rf"\cite{where}{{{key}}}" if is_key else rf"\texttt{{{escape_latex(part)}}}")
    return "; ".join(parts)


def list_of_references(used: Iterable[str]) -> str:
    """A ``thebibliography`` environment of the entries that the references cite: no BibTeX run is needed."""
    cited = {key for reference in used for key in keys_in(reference)}
    items = [_item(key, dict(_FIELD.findall(bibliography()[key]))) for key in bibliography() if key in cited]
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
