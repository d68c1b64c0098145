"""The ensembles of circuits: one record each, which everything that depends on what is random asks.

The simulation has records of its own (``montecarlo``), since it shares no code with what it checks; a test sets every
formula against the simulation under the ensemble of the same name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_SEGMENTS = "{} with independent Haar unitaries `S_0, …, S_L`"


@dataclass(frozen=True)
class Ensemble:
    """What is random in a circuit U = S_0 e^{iθ_1X_1} S_1 … e^{iθ_LX_L} S_L.

    Attributes:
        name: The name that users type.
        setting: What is averaged over, for a derivation; {} stands for U.
        has_input_block: Whether S_L is Haar; else it is the identity, and a moment that sees this is refused.
        draws_pauli_strings: Whether each X_l is drawn from all 4ⁿ Pauli strings, D = 2ⁿ, and is the identity with
            probability 1/D².
        has_independent_entries: Whether different derivatives are independent factors.
        keeps_state: Whether output state and observable are kept, and only the generators are averaged.
        sees_overlaps: Whether the overlap of two input states is all that a mean depends on.
    """

    name: str
    setting: str
    has_input_block: bool = True
    draws_pauli_strings: bool = False
    has_independent_entries: bool = False
    keeps_state: bool = False
    sees_overlaps: bool = True


_TABLE: Final = (
    Ensemble("segments", f"{_SEGMENTS}."),
    Ensemble(
        "independent_layers",
        f"{_SEGMENTS}, different derivatives taken as independent.",
        has_independent_entries=True,
        sees_overlaps=False,
    ),
    Ensemble(
        "prl_ansatz",
        f"{_SEGMENTS}, but `S_L = 1`, which the averages below do not see; each generator the identity with "
        "probability `1/D²`.",
        has_input_block=False,
        draws_pauli_strings=True,
    ),
    Ensemble(
        "prl_ansatz_with_input_block",
        f"{_SEGMENTS}, each generator the identity with probability `1/D²`.",
        draws_pauli_strings=True,
    ),
    Ensemble(
        "generator_average",
        "in {} the output state and `M = U†OU` are kept, the generator of each layer is Haar-rotated.",
        keeps_state=True,
        sees_overlaps=False,
    ),
)

ENSEMBLES: Final = {ensemble.name: ensemble for ensemble in _TABLE}
