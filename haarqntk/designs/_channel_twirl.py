r"""The twirl of a channel: every channel becomes a depolarising one.

.. math:: \mathbb E_U U^\dagger \Lambda(U\rho U^\dagger) U = p\rho + (s - p) \mathrm{Tr}\rho \frac{1}{D},
          \qquad \Lambda(\rho) = \sum_j K_j \rho K_j^\dagger .

In terms of the twirl of two copies: Σ_j K_j ⊗ K_j† twirls to c_0 1 + c_1 F with p = c_0 and s − p = D c_1,
because 1 stands for ρ ↦ ρ and the swap F for ρ ↦ Tr ρ 1.

Reference: derivations/10_designs_and_twirls.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from haarqntk.base import Shown, is_channel, kraus_operators
from haarqntk.designs._matrices import Number, number_latex, read_square_matrices, simplified
from haarqntk.designs._twirl import twirl_weights
from haarqntk.errors import InputError


@dataclass(frozen=True, slots=True)
class TwirledChannel(Shown):
    r"""The channel ρ ↦ pρ + (s − p) Tr ρ 1/D, the twirl of Λ.

    The numbers are Fractions, exact SymPy numbers where they are not rational, or floats.

    Attributes:
        dimension: D.
        depolarising_parameter: p.
        trace_factor: s = Tr Λ(1)/D, which is 1 if Λ keeps the trace.

    Examples:
        >>> import haarqntk as hq
        >>> dephasing = hq.twirl_channel([[[1, 0], [0, 0]], [[0, 0], [0, 1]]])
        >>> dephasing.depolarising_parameter, dephasing.entanglement_fidelity, dephasing.average_fidelity
        (Fraction(1, 3), Fraction(1, 2), Fraction(2, 3))

    Reference:
        derivations/10_designs_and_twirls.md.
    """

    dimension: int
    depolarising_parameter: Number
    trace_factor: Number

    def latex(self) -> str:
        r"""The map in LaTeX.

        Examples:
            >>> import haarqntk as hq
            >>> dephasing = hq.twirl_channel([[[1, 0], [0, 0]], [[0, 0], [0, 1]]])
            >>> print(dephasing.latex()[:44])
            \rho \mapsto \left(\frac{1}{3}\right) \rho +
        """
        p, s = self.depolarising_parameter, self.trace_factor
        kept, mixed = number_latex(p), number_latex(simplified(s - p))
        return (
            rf"\rho \mapsto \left({kept}\right) \rho + \left({mixed}\right) "
            rf"\operatorname{{Tr}}\left(\rho\right) \frac{{\mathbf{{1}}}}{{{self.dimension}}}"
        )

    def facts(self) -> dict[str, str]:
        """Its fidelities, for a notebook.

        Examples:
            >>> import haarqntk as hq
            >>> dephasing = hq.twirl_channel([[[1, 0], [0, 0]], [[0, 0], [0, 1]]])
            >>> dephasing.facts()["average fidelity"]
            '2/3'
        """
        return {
            "depolarising parameter": str(self.depolarising_parameter),
            "entanglement fidelity": str(self.entanglement_fidelity),
            "average fidelity": str(self.average_fidelity),
        }

    @property
    def entanglement_fidelity(self) -> Number:
        """⟨Φ|(Λ ⊗ 1)(|Φ⟩⟨Φ|)|Φ⟩ with Φ maximally entangled, of Λ and of its twirl: p + (s − p)/D².

        Examples:
            >>> import haarqntk as hq
            >>> dephasing = hq.twirl_channel([[[1, 0], [0, 0]], [[0, 0], [0, 1]]])
            >>> dephasing.entanglement_fidelity
            Fraction(1, 2)
        """
        return self._fidelity(self.dimension**2)

    @property
    def average_fidelity(self) -> Number:
        """The mean of ⟨ψ|Λ(|ψ⟩⟨ψ|)|ψ⟩ over Haar states, of Λ and of its twirl: p + (s − p)/D.

        Examples:
            >>> import haarqntk as hq
            >>> dephasing = hq.twirl_channel([[[1, 0], [0, 0]], [[0, 0], [0, 1]]])
            >>> dephasing.average_fidelity
            Fraction(2, 3)
        """
        return self._fidelity(self.dimension)

    def _fidelity(self, denominator: int) -> Number:
        p, s = self.depolarising_parameter, self.trace_factor
        return simplified(p + (s - p) * Fraction(1, denominator))


def twirl_channel(kraus: Any) -> TwirledChannel:
    r"""The twirl E[U†Λ(UρU†)U] of a channel over the Haar measure, or over any unitary 2-design.

    .. math:: p = \frac{\sum_j |\mathrm{Tr} K_j|^2 - s}{D^2 - 1}, \qquad
              s = \frac1D \sum_j \mathrm{Tr} K_j^\dagger K_j

    Args:
        kraus: The Kraus operators K_j of Λ: a list of D × D nested lists, arrays, SymPy matrices or Qobj, D ≥ 2.
            One unitary is a list of one. Or Λ itself as a Qobj: a superoperator, Choi or chi matrix.

    Returns:
        The depolarising channel, exact if the operators are.

    Raises:
        InputTypeError: If ``kraus`` is no list of matrices of numbers and no channel.
        InputError: If there is none, they differ in shape or tensor factors, are not square, D = 1, or a
            superoperator is not completely positive.

    Examples:
        >>> import haarqntk as hq
        >>> hq.twirl_channel([[[1, 0], [0, -1]]])  # the gate Z
        TwirledChannel(dimension=2, depolarising_parameter=Fraction(-1, 3), trace_factor=Fraction(1, 1))

    Reference:
        derivations/10_designs_and_twirls.md.
    """
    alone = kraus[0] if isinstance(kraus, list | tuple) and len(kraus) == 1 else kraus
    if is_channel(alone):
        operators = kraus_operators("kraus" if alone is kraus else "kraus[0]", alone)
    else:
        operators = read_square_matrices("kraus", kraus, "K")
    if not operators:
        raise InputError("kraus must hold at least one operator, got none")
    D = len(operators[0])
    if D == 1:
        raise InputError(
            "kraus must act on D ≥ 2, got D = 1, where every channel is a multiple of the identity"
        )
    overlap_identity = sum((K.trace() * K.trace().conjugate() for K in operators), start=Fraction(0))
    overlap_swap = sum(((K * K.conj()).sum() for K in operators), start=Fraction(0))
    weights = twirl_weights(2, D)
    equal, swapped = weights[1, 1].at(D), weights[2,].at(D)
    p = _real(equal * overlap_identity + swapped * overlap_swap)
    return TwirledChannel(D, p, _real(overlap_swap * Fraction(1, D)))


def _real(value: Any) -> Number:
    """Canonical; |Tr K|² and Tr K†K are real, so floats lose an imaginary part that is zero."""
    return float(value.real) if isinstance(value, complex) else simplified(value)
