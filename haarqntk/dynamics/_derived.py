r"""What the engine derives: the kernel of many layers, and E[ε(t)] and E[ε(t)²/2] as exact power series in ηt.

Gradient flow is θ̇_l = −η ε g_l, so along it every function of the angles obeys Ḟ = −η ε Σ_l g_l ∂_l F. Each order adds
a residual and a gradient: two copies.

Reference: you2023; derivations/14_dynamics.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import factorial
from typing import Any

import numpy as np

from haarqntk.algebra import collected
from haarqntk.base import LazyModule, Shown
from haarqntk.checks import integer, one_of
from haarqntk.circuits import TARGET, Circuit, Copy, Expression, Output, Term, layer_indices, sum_over
from haarqntk.dynamics._prediction import Prediction, check_rate, check_times, exact_number, within_floats
from haarqntk.errors import CostError, InputError, InputTypeError
from haarqntk.qntk import Formula, mean

sympy = LazyModule("sympy")

_STARTS = {"residual": 1, "loss": 2}  # copies at order 0
_REFERENCE = "derivations/14_dynamics.md"


def kernel_rate(*, D: int, L: int, generator_square: object = None) -> Fraction:
    """L Z, by which Tr(i[M, ρ_i] i[M, ρ_j]) becomes the kernel of many layers, as the engine derives it.

    Args:
        D: The dimension, an integer ≥ 2.
        L: The number of layers, an integer ≥ 1.
        generator_square: Tr X² of the traceless generators, > 0; D by default, X² = 1, for even D.

    Returns:
        L Z, exact.

    Raises:
        InputTypeError, InputError: If an argument is of the wrong kind or range; at odd D without
            ``generator_square``, where no traceless X has X² = 1.

    Examples:
        >>> kernel_rate(D=4, L=6)
        Fraction(8, 5)

    Reference:
        [you2023]; derivations/14_dynamics.md.
    """
    dimension, depth = integer("D", D, at_least=2), integer("L", L, at_least=1)
    if generator_square is None and dimension % 2:
        raise InputError(
            f"D must be even for the default generators X² = 1, Tr X = 0 (Pauli strings), got {dimension}; "
            "pass generator_square= the Tr X² of yours"
        )
    square = exact_number("generator_square", dimension if generator_square is None else generator_square)
    if square <= 0:
        raise InputError(f"generator_square must be > 0, got {square}")
    return _rate(dimension) * depth * square


@lru_cache(maxsize=64)
def _rate(D: int) -> Fraction:
    """The factor of L Tr X², from the mean of Σ_l ∂_l z_a ∂_l z_b over the generators.

    Tr(i[M, ρ_a] i[M, ρ_b]) = Tr M²ρ_aρ_b + Tr M²ρ_bρ_a − 2 Tr Mρ_aMρ_b.
    """
    circuit, (l,) = Circuit("generator_average", "general"), layer_indices("l")
    a, b = circuit.output(state="a"), circuit.output(state="b")
    kernel = mean(sum_over(a.d(l) * b.d(l), l)).polynomial
    names = ("Tr_O_O_a_b", "Tr_O_O_b_a", "Tr_O_a_O_b")
    given = {name: Fraction(0) for name in names} | {"X1": Fraction(0), "X2": Fraction(1), "L": Fraction(1)}
    left, right, both = (kernel.at(D, given | {name: Fraction(1)}) for name in names)
    assert left == right == -both / 2  # noqa: S101 - it is this product of commutators
    return left


@dataclass(frozen=True, slots=True, repr=False)
class ShortTimeSeries(Shown):
    """Σ_n c_n (ηt)^n, exact in D, L, the traces of O and the target O_0; make one with ``short_time_series``.

    Attributes:
        quantity: "residual", E[ε(t)], or "loss", E[ε(t)²/2].
        coefficients: The c_n as formulas, from n = 0 on.

    Examples:
        >>> series = short_time_series(order=1)
        >>> print(series.coefficients[0])
        -(D*O_0 - T1)/D

    Reference:
        derivations/14_dynamics.md.
    """

    quantity: str
    coefficients: tuple[Formula, ...]

    def to_sympy(self) -> Any:
        """The series as a SymPy expression in ``eta_t`` and the symbols of ``Formula.to_sympy``.

        Examples:
            >>> short_time_series(order=0).to_sympy()
            -(D*O_0 - T1)/D
        """
        x = sympy.Symbol("eta_t", positive=True)
        return sum(c.to_sympy() * x**n for n, c in enumerate(self.coefficients))

    def latex(self) -> str:
        r"""The series in LaTeX.

        Examples:
            >>> print(short_time_series(order=0).latex())
            \left(- \frac{D O_{0} - T_{1}}{D}\right)
        """
        powers = ("", r"\, \eta t", *(rf"\, (\eta t)^{{{n}}}" for n in range(2, len(self.coefficients))))
        terms = (rf"\left({c.latex()}\right){x}" for c, x in zip(self.coefficients, powers, strict=False))
        return " + ".join(terms)

    def facts(self) -> dict[str, str]:
        """Which mean it is, and where its coefficients hold, for a notebook.

        Examples:
            >>> short_time_series(order=0).facts()["mean"]
            'E[ε(t)]'
        """
        return {
            "mean": "E[ε(t)]" if self.quantity == "residual" else "E[ε(t)²/2]",
            "order": str(len(self.coefficients) - 1),
            "design order": str(max(c.design_order for c in self.coefficients)),
            "source": _REFERENCE,
        }

    def __str__(self) -> str:
        return str(self.to_sympy())

    def at(
        self, *, D: int, L: int, spectrum: object, target: object, generator_spectrum: object = None
    ) -> tuple[Fraction, ...]:
        """The exact c_n at a dimension, also below the number of copies.

        Args:
            D: The dimension, an integer ≥ 2, even for Pauli generators.
            L: The number of layers.
            spectrum: The D eigenvalues of O, integers or rationals.
            target: O_0, any real number; a float is the binary fraction that it is.
            generator_spectrum: The D eigenvalues of X, for general generators.

        Raises:
            InputTypeError, InputError: If an argument is of the wrong kind or out of range.

        Examples:
            >>> series = short_time_series(order=1)
            >>> series.at(D=4, L=6, spectrum=[1, 1, -1, -1], target=1)
            (Fraction(-1, 1), Fraction(64, 25))
        """
        O_0, values = exact_number("target", target), []
        for c in self.coefficients:
            given: dict[str, Any] = {"L": L} if "L" in c.symbols else {}
            given |= {"values": {TARGET: O_0}} if TARGET in c.symbols else {}
            values.append(
                Fraction(c.at(D=D, spectrum=spectrum, generator_spectrum=generator_spectrum, **given))
            )
        return tuple(values)

    @within_floats()
    def predict(
        self,
        times: object,
        *,
        learning_rate: object,
        D: int,
        L: int,
        spectrum: object,
        target: object,
        generator_spectrum: object = None,
    ) -> Prediction:
        """The series as a curve; ``loss`` series fill ``loss``, and their ``residual`` is √(2 E[loss]).

        Raises:
            InputTypeError, InputError: As ``at``, or for times and learning rate.

        Examples:
            >>> series = short_time_series(order=1)
            >>> p = series.predict([0, 1], learning_rate=0.01, D=4, L=6, spectrum=[1, 1, -1, -1], target=1)
            >>> p.residual.round(6).tolist()
            [-1.0, -0.9744]
        """
        t, eta = check_times(times), check_rate(learning_rate)
        at = self.at(D=D, L=L, spectrum=spectrum, target=target, generator_spectrum=generator_spectrum)
        curve = np.asarray(
            np.polynomial.polynomial.polyval(eta * t, [float(c) for c in at]), dtype=np.float64
        )
        is_loss = self.quantity == "loss"
        return Prediction(
            times=t,
            residual=np.sqrt(2 * np.maximum(curve, 0.0)) if is_loss else curve,
            loss=curve if is_loss else None,
            assumption=f"Times are short: the series in ηt breaks off after order {len(at) - 1}.",
            reference=_REFERENCE,
        )


def short_time_series(
    quantity: str = "residual", order: int = 2, *, circuit: Circuit | None = None
) -> ShortTimeSeries:
    """The exact power series of a mean along gradient flow, E[ε(t)] or E[ε(t)²/2], in ηt.

    To second order E[ε] − ηt E[εK] + ½(ηt)² E[εK² + 2ε²μ]; the loss is E[ε²/2] − ηt E[ε²K] + (ηt)² E[ε²K² + ε³μ].

    Args:
        quantity: "residual" (default) or "loss".
        order: The highest power of ηt, an integer ≥ 0; at most 2 for Pauli generators, whose averages
            carry 6 copies.
        circuit: Ensemble and generators; ``hq.Circuit()`` by default.

    Returns:
        The series; its coefficients are values like those of ``hq.formula``.

    Raises:
        UnknownNameError: If the quantity is unknown.
        InputTypeError, InputError: If an argument is of the wrong kind or range.
        CostError: If the order takes too many copies.

    Examples:
        >>> series = short_time_series(order=1)
        >>> print(series.coefficients[0])
        -(D*O_0 - T1)/D
        >>> [str(c) for c in series.at(D=4, L=6, spectrum=[1, 1, -1, -1], target=1)]
        ['-1', '64/25']
        >>> short_time_series(order=3)
        Traceback (most recent call last):
        ...
        haarqntk.errors.CostError: order 3 of the residual takes averages of 7 copies; at most 6 would finish: order ≤ 2

    Reference:
        derivations/14_dynamics.md.
    """
    one_of("quantity", quantity, _STARTS)
    n, setting = integer("order", order, at_least=0), Circuit() if circuit is None else circuit
    if not isinstance(setting, Circuit):
        raise InputTypeError(f"circuit must be a Circuit, got {setting!r}; pass hq.Circuit(…)")
    most, first = setting.residual().largest_num_copies, _STARTS[quantity]
    if first + 2 * n > most:
        raise CostError(
            f"order {n} of the {quantity} takes averages of {first + 2 * n} copies; at most {most} would finish: "
            f"order ≤ {(most - first) // 2}"
        )
    return _series(quantity, n, setting)


@lru_cache(maxsize=16)
def _series(quantity: str, order: int, circuit: Circuit) -> ShortTimeSeries:
    e = circuit.residual()
    term: Expression = e if quantity == "residual" else e**2 * Fraction(1, 2)
    coefficients = []
    for n in range(order + 1):
        coefficients.append(mean(term) * Fraction(1, factorial(n)))
        if n < order:
            term = -(e * _gradient_product(e, term, f"s{n}"))
    return ShortTimeSeries(quantity, tuple(coefficients))


def _gradient_product(e: Output, expression: Expression, index: str) -> Expression:
    """Σ_l g_l ∂_l F for a polynomial F, by the product rule; ``index`` is a fresh name for l."""
    g = Copy((index,), e.copy.state, e.copy.observable)
    pairs = []
    for term, c in expression.terms.items():
        for i, copy in enumerate(term.copies):
            moved = Copy(tuple(sorted((*copy.layers, index))), copy.state, copy.observable)
            copies = (g, moved, *term.copies[:i], *term.copies[i + 1 :])
            pairs.append((Term(copies, term.summed | {index}), c))
    return Expression(e.circuit, collected(pairs))
