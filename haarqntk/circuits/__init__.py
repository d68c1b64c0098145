"""Layered random circuits: moments of derivatives of their outputs, exactly in D and L.

A *copy* is one factor ∂_{l…} z: a state, an observable, a multiset of layers. ``mean_of_product`` averages a
product of copies summed over their layer indices: layer patterns (``_patterns``), the walk through the circuit
(``_walk``, with ``_insertion`` for a layer), the contraction with the observables (``_contraction``).
``_definition.py`` does one walk as the definition says, without any of these shortcuts.
"""

from haarqntk.circuits._copies import Copy, LayerPattern, layer_patterns
from haarqntk.circuits._moment import mean_of_pattern, mean_of_product

__all__ = ["Copy", "LayerPattern", "layer_patterns", "mean_of_pattern", "mean_of_product"]
