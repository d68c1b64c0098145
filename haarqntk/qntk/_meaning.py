"""What a result of the catalogue means, in the words of a notebook's table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from haarqntk.qntk._inputs import range_text

if TYPE_CHECKING:
    from haarqntk.qntk._eigenvalues import EigenvalueFormula
    from haarqntk.qntk._formula import Formula


def meaning(result: Formula | EigenvalueFormula) -> dict[str, str]:
    """Name, average, ensemble, design order, range and source.

    Examples:
        >>> import haarqntk as hq
        >>> meaning(hq.formula("kernel_mean"))["ensemble"]
        'segments, pauli generators'
    """
    return {
        "name": result.name,
        "average": result.definition,
        "ensemble": f"{result.ensemble}, {result.generators} generators",
        "design order": str(result.design_order),
        "range": range_text(result.generators, result.ensemble),
        "source": result.reference,
    }
