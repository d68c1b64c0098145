"""Diagrams: products of matrices whose ends are joined, reduced by the relations of their letters.

A word is a tuple of letters, read from left to right; under the trace it is cyclic. Tr is not normalised.
"""

from haarqntk.diagrams._component import Component, Frame, Gluing, Reduced, Token, flatten, is_open, product
from haarqntk.diagrams._component import Monomial as DiagramMonomial
from haarqntk.diagrams._diagram import Reducer, check_canonical, reduce_diagram
from haarqntk.diagrams._letters import (
    DELTA,
    INDEX,
    LETTER_KINDS,
    LETTER_PROPERTIES,
    MATRIX,
    OPEN,
    PROPERTIES,
    SYMPLECTIC_FORM,
    VECTOR,
    Letter,
    Space,
    delta_letter,
    first_ends,
    matrix_letter,
    refuse_impossible,
)

__all__ = [
    "DELTA",
    "INDEX",
    "LETTER_KINDS",
    "LETTER_PROPERTIES",
    "MATRIX",
    "OPEN",
    "PROPERTIES",
    "SYMPLECTIC_FORM",
    "VECTOR",
    "Component",
    "DiagramMonomial",
    "Frame",
    "Gluing",
    "Letter",
    "Reduced",
    "Reducer",
    "Space",
    "Token",
    "check_canonical",
    "delta_letter",
    "first_ends",
    "flatten",
    "is_open",
    "matrix_letter",
    "product",
    "reduce_diagram",
    "refuse_impossible",
]
