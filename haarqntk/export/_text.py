"""Plain text for a terminal: every closed form can be pasted back into Python."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

from haarqntk.qntk import range_text

if TYPE_CHECKING:
    from haarqntk.qntk import EigenvalueFormula, Formula


def plain_text(formula: Formula | EigenvalueFormula, *, width: int = 80) -> str:
    """The name, what is averaged, the closed form in SymPy's syntax, and its meaning.

    Examples:
        >>> from haarqntk.qntk import formula
        >>> print(plain_text(formula("kernel_mean")))
        kernel_mean
          K̄ = E[Σ_l g_l²]
            2*L*(D*T2 - T1**2)/((D - 1)*(D + 1)**2)
          ensemble segments, 2-designs suffice; even D ≥ 2
          liu2023, Eqs. (6), (9); derivations/03_kernel_mean.md
    """
    lines = [formula.name, f"  {formula.definition}"]
    for expression in str(formula).splitlines():
        lines += textwrap.wrap(
            expression,
            width,
            initial_indent="    ",
            subsequent_indent="      ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    lines += [
        f"  ensemble {formula.ensemble}, {designs_text(formula.design_order)}; {range_of(formula)}",
        f"  {formula.reference}",
    ]
    return "\n".join(lines)


def designs_text(order: int, closed: str = "") -> str:
    """What can stand in for the Haar measure; ``closed`` says what the designs must be closed under.

    Examples:
        >>> designs_text(2), designs_text(0)
        ('2-designs suffice', 'no average is needed')
    """
    return f"{order}-designs{closed} suffice" if order else "no average is needed"


def range_of(formula: Formula | EigenvalueFormula) -> str:
    """The dimensions that the formula holds for, as text."""
    return range_text(formula.generators, formula.ensemble)


def with_error(value: float, error: float) -> str:
    """A value and its standard error, both to the error's second significant digit.

    Examples:
        >>> with_error(0.331558, 0.00821), with_error(1234.5, 31), with_error(3, 0)
        ('0.3316 ± 0.0082', '1234 ± 31', '3 ± 0')
    """
    if not error > 0:
        return f"{value:g} ± 0"
    digits = max(0, 1 - math.floor(math.log10(error)))
    return f"{value:.{digits}f} ± {error:.{digits}f}"
