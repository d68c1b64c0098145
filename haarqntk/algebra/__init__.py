"""Exact algebra: rational functions of named dimensions, polynomials in named variables, and their names.

``RationalFunction`` is an element of Q(D), or of the field of several dimensions d1, d2, …; ``TracePolynomial`` a
polynomial in traces, overlaps and the depth L over Q(D); ``Series`` what is left of it as D → ∞. ``_flint.py`` is the
one file that knows the backend, python-flint.
"""

from haarqntk.algebra._flint import (
    factor_integer_polynomial,
    multiply_integer_matrices,
    product_of_shifts,
    rational_spectrum,
)
from haarqntk.algebra._grammar import ARITHMETIC, Arithmetic, check_digits, exponent_of, parse
from haarqntk.algebra._polynomial import Combination, TracePolynomial, collected, polynomial_of
from haarqntk.algebra._rational import (
    RationalFunction,
    linear_combination,
    over_common_denominator,
    over_denominator,
)
from haarqntk.algebra._series import (
    Power,
    Series,
    as_power,
    check_order,
    common_denominator,
    expand,
    in_brackets,
    scaling_exponents,
    series_of,
)
from haarqntk.algebra._symbols import (
    DEPTH,
    SIGMA,
    Bargmann,
    Expectation,
    GeneratorTrace,
    Monomial,
    Overlap,
    Symbol,
    Trace,
    WordLetter,
    canonical_cyclic_word,
    expectation_of_power,
    mixed_traces,
    multiply_monomials,
    product_of_state_invariants,
    product_of_traces,
    pure_state_invariant,
    read_symbol,
)
from haarqntk.algebra._sympy import Notation, Result, T, dimension_symbol, latex_of, ordered_terms, symbol

__all__ = [
    "ARITHMETIC",
    "DEPTH",
    "SIGMA",
    "Arithmetic",
    "Bargmann",
    "Combination",
    "Expectation",
    "GeneratorTrace",
    "Monomial",
    "Notation",
    "Overlap",
    "Power",
    "RationalFunction",
    "Result",
    "Series",
    "Symbol",
    "T",
    "Trace",
    "TracePolynomial",
    "WordLetter",
    "as_power",
    "canonical_cyclic_word",
    "check_digits",
    "check_order",
    "collected",
    "common_denominator",
    "dimension_symbol",
    "expand",
    "expectation_of_power",
    "exponent_of",
    "factor_integer_polynomial",
    "in_brackets",
    "latex_of",
    "linear_combination",
    "mixed_traces",
    "multiply_integer_matrices",
    "multiply_monomials",
    "ordered_terms",
    "over_common_denominator",
    "over_denominator",
    "parse",
    "polynomial_of",
    "product_of_shifts",
    "product_of_state_invariants",
    "product_of_traces",
    "pure_state_invariant",
    "rational_spectrum",
    "read_symbol",
    "scaling_exponents",
    "series_of",
    "symbol",
]
