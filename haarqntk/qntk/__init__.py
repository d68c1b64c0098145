"""What the library exists for: the quantum neural tangent kernel, its moments, the supervised kernel.

``formula(name)`` derives a named closed form with the engine and returns a value that carries its meaning:
ensemble, design order, range of D, source. ``_recipe.py`` says what K and μ are, ``_catalogue.py`` what each name
means.
"""

from haarqntk.qntk._blocks import Block, Equation, Math, Paragraph, Step, Table, as_text, math_of
from haarqntk.qntk._catalogue import closed_form, covariance, cumulant, formula, formulas, mean, variance
from haarqntk.qntk._closed_form import polynomial_at
from haarqntk.qntk._counterexample import Counterexample
from haarqntk.qntk._derivation import CHECK, CLOSED_FORM, Derivation
from haarqntk.qntk._eigenvalues import EigenvalueFormula
from haarqntk.qntk._formula import Formula, Ratio
from haarqntk.qntk._grammar import parse_closed_form, parse_moment
from haarqntk.qntk._inputs import range_text
from haarqntk.qntk._law import KernelLaw, kernel_law
from haarqntk.qntk._recipe import Average, Recipe
from haarqntk.qntk._referee import (
    PUBLISHED_CLAIMS,
    VERDICTS,
    ClaimCheck,
    PublishedClaim,
    check_claim,
    check_formula,
    check_published,
    exact_numerator,
    kernel_mean_of,
)

__all__ = [
    "CHECK",
    "CLOSED_FORM",
    "PUBLISHED_CLAIMS",
    "VERDICTS",
    "Average",
    "Block",
    "ClaimCheck",
    "Counterexample",
    "Derivation",
    "EigenvalueFormula",
    "Equation",
    "Formula",
    "KernelLaw",
    "Math",
    "Paragraph",
    "PublishedClaim",
    "Ratio",
    "Recipe",
    "Step",
    "Table",
    "as_text",
    "check_claim",
    "check_formula",
    "check_published",
    "closed_form",
    "covariance",
    "cumulant",
    "exact_numerator",
    "formula",
    "formulas",
    "kernel_law",
    "kernel_mean_of",
    "math_of",
    "mean",
    "parse_closed_form",
    "parse_moment",
    "polynomial_at",
    "range_text",
    "variance",
]
