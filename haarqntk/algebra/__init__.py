"""Exact algebra: the field Q(D) and that of several dimensions, polynomials in named variables, and their names.

``RationalFunction`` is an element of Q(D); ``DimensionFunction`` one of several dimensions d1, d2, …;
``GaussianRational`` an exact complex number; ``TracePolynomial`` a polynomial in traces, overlaps and the depth L over
Q(D). ``_flint.py`` is the one file that knows the backend, python-flint.
"""

from haarqntk.algebra._combination import Combination, collected
from haarqntk.algebra._dimension_function import DimensionFunction, linear_combination
from haarqntk.algebra._flint import factor_integer_polynomial, multiply_integer_matrices, rational_spectrum
from haarqntk.algebra._gaussian import GaussianRational
from haarqntk.algebra._latex import Notation, latex_of, ordered_terms
from haarqntk.algebra._polynomial import Monomial, TracePolynomial, multiply_monomials
from haarqntk.algebra._rational import RationalFunction, over_common_denominator, product_of_shifts
from haarqntk.algebra._result import Result
from haarqntk.algebra._symbols import T, dimension_symbol, symbol
from haarqntk.algebra._words import (
    canonical_cyclic_word,
    has_phase,
    mixed_traces,
    product_of_state_invariants,
    pure_state_invariant,
    symbol_word,
    trace_name,
    trace_word,
)

__all__ = [
    "Combination",
    "DimensionFunction",
    "GaussianRational",
    "Monomial",
    "Notation",
    "RationalFunction",
    "Result",
    "T",
    "TracePolynomial",
    "canonical_cyclic_word",
    "collected",
    "dimension_symbol",
    "factor_integer_polynomial",
    "has_phase",
    "latex_of",
    "linear_combination",
    "mixed_traces",
    "multiply_integer_matrices",
    "multiply_monomials",
    "ordered_terms",
    "over_common_denominator",
    "product_of_shifts",
    "product_of_state_invariants",
    "pure_state_invariant",
    "rational_spectrum",
    "symbol",
    "symbol_word",
    "trace_name",
    "trace_word",
]
