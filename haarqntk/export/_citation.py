"""What a result rests on, as BibTeX: the papers of its formula, Weingarten calculus, and this software."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from haarqntk import __version__
from haarqntk.designs import DesignCheck, Twirl, TwirledChannel
from haarqntk.export._json import Recordable
from haarqntk.export._values import Value, quotients
from haarqntk.groups import REGISTRY, UNITARY, WeingartenFunction
from haarqntk.haar import Integral, RandomLetter
from haarqntk.qntk import ClaimCheck, EigenvalueFormula, Formula, Ratio, formula, formulas

if TYPE_CHECKING:
    from haarqntk.base import Shown

# As in CITATION.cff, which a test compares.
_SOFTWARE = f"""\
@misc{{haarqntk,
  author  = {{{{The haarqntk founders}}}},
  title   = {{haarqntk: exact {{Haar}} averages of quantum neural tangent kernels}},
  year    = {{2026}},
  note    = {{Software, version {__version__}, Apache-2.0}}
}}"""
_DESIGNS = ("gross2007",)
_ESTIMATES = ("chan1983",)


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


@cache
def bibliography() -> dict[str, str]:
    """Key → entry of everything that haarqntk cites, and haarqntk itself.

    Examples:
        >>> bibliography()["gross2007"].splitlines()[0]
        '@article{gross2007,'
    """
    text = files("haarqntk.export").joinpath("references.bib").read_text(encoding="utf-8")
    entries = re.findall(r"^@\w+\{(\w+),.*?^\}", text, re.DOTALL | re.MULTILINE)
    found = re.finditer(r"^@\w+\{\w+,.*?^\}", text, re.DOTALL | re.MULTILINE)
    return {**{key: entry[0] for key, entry in zip(entries, found, strict=True)}, "haarqntk": _SOFTWARE}


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
    named = keys_in(_references(value))
    return Citation(tuple(dict.fromkeys([*named, *_calculus(value), "haarqntk"])))


def _references(value: Any) -> str:
    """The keys that the result names itself."""
    if isinstance(value, Ratio):
        return f"{value.numerator.reference}; {value.denominator.reference}"
    if isinstance(value, ClaimCheck):
        return formula(value.name, ensemble=value.ensemble).reference if value.name in formulas() else ""
    return value.reference if isinstance(value, Formula | EigenvalueFormula) else ""


def _calculus(value: object) -> tuple[str, ...]:
    """What the averages rest on."""
    if isinstance(value, DesignCheck):
        return _DESIGNS
    if isinstance(value, Recordable):
        return _ESTIMATES
    if not isinstance(value, Twirl | TwirledChannel | ClaimCheck):
        quotients(value)  # refuses what is no result
    found = set()
    if isinstance(value, WeingartenFunction):
        found = {REGISTRY[value.group].references}
    elif isinstance(value, Integral):
        found = {d.record.references for d in value.declared.values() if isinstance(d, RandomLetter)}
    return tuple(key for keys in sorted(found or {UNITARY.references}) for key in keys)


def keys_in(reference: str) -> list[str]:
    """The keys that a reference names, in their order.

    Examples:
        >>> keys_in("liu2023, Eq. (12); zhang2024; derivations/04_kernel_variance.md")
        ['liu2023', 'zhang2024']
    """
    return [key for key in re.findall(r"[a-z]+\d{4}", reference) if key in bibliography()]
