"""When gradient descent with a frozen kernel converges: the one notion of the rooms that predict and that train."""

from __future__ import annotations

_EDGE = 2 * (1 - 2.0**-40)  # a learning rate computed as 2/λ_max is the edge, whatever its last digits are


def is_stable(learning_rate: float, largest_eigenvalue: float) -> bool:
    """Whether η < 2/λ_max, so that every residual in the kernel's range falls; the edge itself is not stable.

    Args:
        learning_rate: η > 0, of a loss whose kernel this is: for the mean over m points pass η/m.
        largest_eigenvalue: λ_max ≥ 0.

    Examples:
        >>> is_stable(0.1, 19.9), is_stable(0.1, 20), is_stable(0.1, 20.1)
        (True, False, False)
    """
    return learning_rate * largest_eigenvalue < _EDGE
