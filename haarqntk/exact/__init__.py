"""The field Q(D): rational functions of the dimension with exact integer data.

``RationalFunction`` is the value type; ``DimensionFunction`` that of several dimensions d1, d2, …;
``GaussianRational`` an exact complex number. ``_flint.py`` is the one file that knows the backend, python-flint.
Nothing here knows what D means.
"""

from haarqntk.exact._dimension_function import DimensionFunction, linear_combination
from haarqntk.exact._flint import (
    factor_integer_polynomial,
    multiply_integer_matrices,
    rational_spectrum,
)
from haarqntk.exact._gaussian import GaussianRational
from haarqntk.exact._rational import RationalFunction, over_common_denominator, product_of_shifts

__all__ = [
    "DimensionFunction",
    "GaussianRational",
    "RationalFunction",
    "factor_integer_polynomial",
    "linear_combination",
    "multiply_integer_matrices",
    "over_common_denominator",
    "product_of_shifts",
    "rational_spectrum",
]
