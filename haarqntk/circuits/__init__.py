"""Layered random circuits: moments of derivatives of their outputs, exactly in D and L.

A *copy* is one factor ∂_{l…} z: a state, an observable, a multiset of layers. ``mean_of_product`` averages a
product of copies summed over their layer indices: layer patterns (``_terms``), the recursion over the layers with its
two ends (``_recursion``, with ``_generators`` for a layer). The definition is the second route.
"""

from haarqntk.circuits._algebra import (
    FACTORISED_FROM,
    TARGET,
    Circuit,
    Cost,
    Expression,
    Output,
    cost_of,
    design_orders,
    mean_of_expression,
    sum_over,
)
from haarqntk.circuits._ensembles import ENSEMBLES
from haarqntk.circuits._moment import (
    GENERATORS,
    check_dimension,
    kernel_factors,
    kernel_moment,
    kernel_power,
    mean_of_pattern,
    mean_of_product,
)
from haarqntk.circuits._steps import (
    LARGEST_K_BY_CLASSES,
    LARGEST_K_IN_FULL,
    Image,
    Insertion,
    Orbit,
    PatternSteps,
    Recursion,
    Stage,
    steps_of_product,
)
from haarqntk.circuits._terms import Copy, LayerIndex, LayerPattern, Term, layer_indices, layer_patterns

__all__ = [
    "ENSEMBLES",
    "FACTORISED_FROM",
    "GENERATORS",
    "LARGEST_K_BY_CLASSES",
    "LARGEST_K_IN_FULL",
    "TARGET",
    "Circuit",
    "Copy",
    "Cost",
    "Expression",
    "Image",
    "Insertion",
    "LayerIndex",
    "LayerPattern",
    "Orbit",
    "Output",
    "PatternSteps",
    "Recursion",
    "Stage",
    "Term",
    "check_dimension",
    "cost_of",
    "design_orders",
    "kernel_factors",
    "kernel_moment",
    "kernel_power",
    "layer_indices",
    "layer_patterns",
    "mean_of_expression",
    "mean_of_pattern",
    "mean_of_product",
    "steps_of_product",
    "sum_over",
]
