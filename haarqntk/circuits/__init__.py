"""Layered random circuits: moments of derivatives of their outputs, exactly in D and L.

A *copy* is one factor ∂_{l…} z: a state, an observable, a multiset of layers. ``mean_of_product`` averages a
product of copies summed over their layer indices: layer patterns (``_copies``), the walk through the circuit
(``_walk``, with ``_insertion`` for a layer), the contraction with the observables (``_boundary``).
``_definition.py`` does one walk as the definition says, without any of these shortcuts.
"""

from haarqntk.circuits._algebra import TARGET, Circuit, Expression, Output, sum_over
from haarqntk.circuits._copies import Copy, LayerPattern, layer_patterns
from haarqntk.circuits._ensembles import ENSEMBLES, GENERATORS, PAULI_STRINGS, check_dimension
from haarqntk.circuits._factorised import kernel_factors, kernel_moment, kernel_power
from haarqntk.circuits._layer_indices import LayerIndex, layer_indices
from haarqntk.circuits._moment import (
    FACTORISED_FROM,
    Cost,
    cost_of,
    design_orders,
    mean_of_expression,
    mean_of_pattern,
    mean_of_product,
)
from haarqntk.circuits._steps import Image, Insertion, Orbit, PatternSteps, Stage, Walk, steps_of_product
from haarqntk.circuits._terms import Term

__all__ = [
    "ENSEMBLES",
    "FACTORISED_FROM",
    "GENERATORS",
    "PAULI_STRINGS",
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
    "Stage",
    "Term",
    "Walk",
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
