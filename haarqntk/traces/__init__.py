"""Words under the trace: canonical cyclic words, relations on their letters, polynomials in traces over Q(D).

A word is a tuple of letters, read from left to right; under the trace it is cyclic. Tr is not normalised.
"""

from haarqntk.traces._polynomial import Monomial, TracePolynomial, multiply_monomials
from haarqntk.traces._words import (
    canonical_cyclic_word,
    has_phase,
    mixed_trace,
    product_of_state_invariants,
    pure_state_invariant,
    trace_name,
    trace_word,
)

__all__ = [
    "Monomial",
    "TracePolynomial",
    "canonical_cyclic_word",
    "has_phase",
    "mixed_trace",
    "multiply_monomials",
    "product_of_state_invariants",
    "pure_state_invariant",
    "trace_name",
    "trace_word",
]
