"""Words under the trace: canonical cyclic words, relations on their letters, polynomials in traces over Q(D).

A word is a tuple of letters, read from left to right; under the trace it is cyclic. Tr is not normalised.
"""

from haarqntk.traces._component import Component, Token, flatten, is_open, product
from haarqntk.traces._component import Monomial as DiagramMonomial
from haarqntk.traces._diagram import Reduced, Reducer, reduce_diagram
from haarqntk.traces._gluing import Gluing
from haarqntk.traces._latex import Notation, latex_of, ordered_terms
from haarqntk.traces._letters import (
    INDEX,
    MATRIX,
    OPEN,
    PROPERTIES,
    SYMPLECTIC_FORM,
    VECTOR,
    Letter,
    Space,
    matrix_letter,
    refuse_impossible,
)
from haarqntk.traces._polynomial import Monomial, TracePolynomial, multiply_monomials
from haarqntk.traces._web import first_ends
from haarqntk.traces._words import (
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
    "INDEX",
    "MATRIX",
    "OPEN",
    "PROPERTIES",
    "SYMPLECTIC_FORM",
    "VECTOR",
    "Component",
    "DiagramMonomial",
    "Gluing",
    "Letter",
    "Monomial",
    "Notation",
    "Reduced",
    "Reducer",
    "Space",
    "Token",
    "TracePolynomial",
    "canonical_cyclic_word",
    "first_ends",
    "flatten",
    "has_phase",
    "is_open",
    "latex_of",
    "matrix_letter",
    "mixed_traces",
    "multiply_monomials",
    "ordered_terms",
    "product",
    "product_of_state_invariants",
    "pure_state_invariant",
    "reduce_diagram",
    "refuse_impossible",
    "symbol_word",
    "trace_name",
    "trace_word",
]
