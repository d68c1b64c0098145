"""Diagrams: products of matrices whose ends are joined, reduced by the relations of their letters.

A word is a tuple of letters, read from left to right; under the trace it is cyclic. Tr is not normalised.
"""

from haarqntk.diagrams._component import (
    DELTA,
    INDEX,
    LETTER_KINDS,
    LETTER_PROPERTIES,
    MATRIX,
    OPEN,
    PROPERTIES,
    SYMPLECTIC_FORM,
    VECTOR,
    Component,
    Frame,
    Gluing,
    Letter,
    Reduced,
    Space,
    Token,
    delta_letter,
    first_ends,
    flatten,
    is_open,
    matrix_letter,
    product,
    refuse_impossible,
)
from haarqntk.diagrams._component import Monomial as DiagramMonomial
from haarqntk.diagrams._reduction import Reducer, check_canonical, reduce_diagram

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
