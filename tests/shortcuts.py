"""Formulas by name with their own type, which ``hq.formula`` cannot tell apart."""

from __future__ import annotations

import haarqntk as hq
from haarqntk.qntk import EigenvalueFormula, Formula


def closed_form(name: str) -> Formula:
    """A formula that is one closed form."""
    found = hq.formula(name)
    assert isinstance(found, Formula)
    return found


def eigenvalue_formula() -> EigenvalueFormula:
    """The eigenvalues of the mean supervised kernel."""
    found = hq.formula("supervised_kernel_eigenvalues")
    assert isinstance(found, EigenvalueFormula)
    return found
