"""Integrals over Haar-random matrices and states: integrands as people write them, ``expect``, ``Integral``.

An integrand is written in Python (``_declarations``, ``_operations``, ``_algebra``), as text (``_grammar``) or in
SymPy (``_from_sympy``); all become sums of products of letters (``_letters``). ``_expect`` hands them to
``_elimination``, which glues the copies of each random letter (``_copies``) and collects weights before diagrams.
An ``Integral`` holds these; ``_evaluation`` puts numbers in, ``_series`` expands, ``_written`` and ``_notation``
write, ``_explanation`` shows each term.
"""

from haarqntk.haar._algebra import MatrixExpression, ScalarExpression
from haarqntk.haar._copies import Copies
from haarqntk.haar._declarations import (
    circular_orthogonal,
    circular_symplectic,
    haar_orthogonal,
    haar_symplectic,
    haar_unitary,
    matrices,
    permutation_matrix,
    symplectic_form,
)
from haarqntk.haar._expect import expect
from haarqntk.haar._explanation import (
    EXPLANATION_HEAD,
    Explanation,
    ExplanationClass,
    ExplanationRow,
    GluedPair,
)
from haarqntk.haar._grammar import parse_integrand
from haarqntk.haar._integral import Integral
from haarqntk.haar._letters import Declaration, Factors, RandomLetter, Weight
from haarqntk.haar._names import parse_declaration, parse_dimensions
from haarqntk.haar._operations import HaarState, haar_state, identity, kron, partial_trace, tr
from haarqntk.haar._series import SCALINGS, IntegralSeries
from haarqntk.haar._style import Style, cap_text, latex_style
from haarqntk.haar._written import WrittenPart, with_operator, written_parts

__all__ = [
    "EXPLANATION_HEAD",
    "SCALINGS",
    "Copies",
    "Declaration",
    "Explanation",
    "ExplanationClass",
    "ExplanationRow",
    "Factors",
    "GluedPair",
    "HaarState",
    "Integral",
    "IntegralSeries",
    "MatrixExpression",
    "RandomLetter",
    "ScalarExpression",
    "Style",
    "Weight",
    "WrittenPart",
    "cap_text",
    "circular_orthogonal",
    "circular_symplectic",
    "expect",
    "haar_orthogonal",
    "haar_state",
    "haar_symplectic",
    "haar_unitary",
    "identity",
    "kron",
    "latex_style",
    "matrices",
    "parse_declaration",
    "parse_dimensions",
    "parse_integrand",
    "partial_trace",
    "permutation_matrix",
    "symplectic_form",
    "tr",
    "with_operator",
    "written_parts",
]
