"""Copies and layer patterns: what is averaged, and in which order the layers come.

Under the default ensemble ``segments`` a circuit is S_0 e^{iθ_1X_1} S_1 … e^{iθ_LX_L} S_L with independent Haar
segments; only the order of the layers that a product touches matters, not their places.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from haarqntk.combinatorics import ordered_set_partitions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Copy:
    """One factor ∂_{l_1} ∂_{l_2} … z of a product, z = ⟨state|U† observable U|state⟩.

    Attributes:
        layers: The layer indices that are differentiated, any number, repetitions allowed.
        state: The name of a pure input state.
        observable: The name of an observable.
    """

    layers: tuple[str, ...]
    state: str = "psi"
    observable: str = "O"


Label: TypeAlias = tuple[str, str]
"""The state and the observable of a copy."""

LayerPattern: TypeAlias = tuple[tuple[int, ...], ...]
"""Blocks in the order in which they act on the state; each says how often it differentiates each copy."""


def layer_patterns(copies: Sequence[Copy]) -> Iterator[LayerPattern]:
    """Every way in which the layer indices of ``copies`` coincide or follow each other.

    A pattern with m blocks stands for C(L, m) choices of layers.

    Examples:
        >>> list(layer_patterns([Copy(("l",)), Copy(("l",))]))
        [((1, 1),)]
        >>> sum(1 for _ in layer_patterns([Copy(("l", "m")), Copy(("l",)), Copy(("m",))]))
        3
    """
    indices = sorted({index for copy in copies for index in copy.layers})
    for blocks in ordered_set_partitions(indices):
        yield tuple(
            tuple(sum(Counter(copy.layers)[index] for index in block) for copy in copies) for block in blocks
        )


def canonical_pattern(
    copies: Sequence[Copy], pattern: LayerPattern
) -> tuple[tuple[Label, ...], LayerPattern]:
    """The (state, observable) of each copy and the pattern, with the copies sorted.

    Relabelling the copies changes no mean, so patterns that differ by it are averaged once.

    Examples:
        >>> canonical_pattern([Copy(("l",)), Copy(("m",))], ((1, 0), (0, 1)))[1]
        ((0, 1), (1, 0))
    """
    labels = [(copy.state, copy.observable) for copy in copies]
    columns = (
        sorted(zip(labels, zip(*pattern, strict=True), strict=True))
        if pattern
        else [(x, ()) for x in sorted(labels)]
    )
    return tuple(label for label, _ in columns), tuple(zip(*(counts for _, counts in columns), strict=True))
