"""What is random: a table from the names of the ensembles to what the routes have to draw.

A circuit is U = S_0 e^{iθ_1X_1} S_1 … e^{iθ_LX_L} S_L in all of them, and everything random is drawn anew for
every circuit.

segments
    S_0 … S_L are Haar, the θ_l uniform on [0, 2π). X_l is one of the 4ⁿ − 1 non-identity Pauli strings, each
    as likely, or σ_z ⊗ 1 where D is no power of two: between Haar segments only its spectrum matters.
prl_ansatz
    S_0 … S_{L−1} are Haar and S_L = 1: layer L acts on the input itself. X_l is one of all 4ⁿ Pauli strings,
    the identity among them, each as likely. The figures of the letter draw S_l and X_l once and keep them.
prl_ansatz_with_input_block
    As ``prl_ansatz``, but S_L is Haar like the others.
independent_layers
    Every g_l and every h_lm with l ≤ m keeps the law that it has under ``segments``, but different ones are
    independent: each is taken from a circuit of its own.
generator_average
    The output state ρ and the observable M are kept; g_l = Tr(ρ i[M, V_lX_lV_l†]) with independent Haar V_l.
    A circuit with U = 1 does that: S_0 = V_1, S_l = V_l†V_{l+1}, S_L = V_L† and all angles 0.

Reference: [liu2023] Eq. 20 for the ansatz and Eq. 12 for independent layers, [you2023] for the last one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Ensemble:
    """One entry of the table.

    Args:
        name: The name that users type.
        has_input_block: Whether S_L is Haar; else it is the identity.
        uses_all_pauli_strings: Whether the generators are Pauli strings with the identity among them.
        has_independent_entries: Whether every derivative is taken from a circuit of its own. The routes then
            draw circuits of one layer for g_l and h_ll and of two for h_lm. Under ``segments`` that loses
            nothing: the Haar segments on either side of a layer absorb all the others, so a law depends
            neither on L nor on which layers they are.
        uses_populations: Whether state and observable are fixed in a common basis, and U = 1.
    """

    name: str
    has_input_block: bool = True
    uses_all_pauli_strings: bool = False
    has_independent_entries: bool = False
    uses_populations: bool = False


SEGMENTS: Final = Ensemble("segments")

_TABLE = (
    SEGMENTS,
    Ensemble("prl_ansatz", has_input_block=False, uses_all_pauli_strings=True),
    Ensemble("prl_ansatz_with_input_block", uses_all_pauli_strings=True),
    Ensemble("independent_layers", has_independent_entries=True),
    Ensemble("generator_average", uses_populations=True),
)

ENSEMBLES: Final = {ensemble.name: ensemble for ensemble in _TABLE}


def ensembles() -> tuple[str, ...]:
    """Return the names of the ensembles that ``simulate`` draws from.

    Examples:
        >>> ensembles()[:2]
        ('segments', 'prl_ansatz')
    """
    return tuple(ENSEMBLES)
