"""``GaussianRational``: an exact complex number a + bi, as traces of words in several matrices are."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class GaussianRational:
    """An element of Q(i).

    Attributes:
        real: The real part.
        imag: The imaginary part.

    Examples:
        >>> i = GaussianRational(Fraction(0), Fraction(1))
        >>> i * i + 1
        GaussianRational(real=Fraction(0, 1), imag=Fraction(0, 1))
    """

    real: Fraction
    imag: Fraction = Fraction(0)

    def __add__(self, other: GaussianRational | Fraction | int) -> GaussianRational:
        return GaussianRational(self.real + other.real, self.imag + other.imag)

    __radd__ = __add__

    def __mul__(self, other: GaussianRational | Fraction | int) -> GaussianRational:
        return GaussianRational(
            self.real * other.real - self.imag * other.imag, self.real * other.imag + self.imag * other.real
        )

    __rmul__ = __mul__

    def conjugate(self) -> GaussianRational:
        """The complex conjugate."""
        return GaussianRational(self.real, -self.imag)
