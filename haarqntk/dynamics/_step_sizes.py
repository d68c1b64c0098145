"""Step sizes that a kernel allows: the stability edge, the critical learning rate, decay times.

Reference: scala2025; derivations/14_dynamics.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from haarqntk._arguments import real_number
from haarqntk._notebook import Tabled
from haarqntk._stability import is_stable
from haarqntk.dynamics._prediction import check_kernel, within_floats
from haarqntk.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_ROUNDING = 2.0**-46  # relative to the largest eigenvalue: what the eigenvalue routine may leave of a zero


@dataclass(frozen=True, eq=False, repr=False)
class StepSizes(Tabled):
    """What a frozen kernel says about the learning rate of gradient descent on ½ Σ_j ε_j².

    Attributes:
        eigenvalues: Of the kernel, from the largest on; those within rounding of 0 are 0.
        learning_rate: η, as given or the critical one.
        critical: c/λ_max.
        stability_edge: 2/λ_max, beyond which the first mode grows.
        condition_number: λ_max/λ_min; infinite for a singular kernel.
        decay_times: 1/(ηλ) of each mode, the time of gradient flow in which it falls to 1/e; infinite where λ = 0.
        decay_steps: 1/|ln |1 − ηλ||, the same in steps of gradient descent; 0 for a mode that one step
            ends, infinite where λ = 0 and where a mode does not decay.
        is_stable: Whether η < 2/λ_max; the edge itself, to within rounding, is not.

    Raises:
        AttributeError: If the eigenvalues, decay times or decay steps are no arrays.

    Examples:
        >>> s = step_sizes([[2, 0], [0, 8]], 0.1)
        >>> s.stability_edge, s.is_stable, s.decay_times.tolist()
        (0.25, True, [1.25, 5.0])

    Reference:
        scala2025; derivations/14_dynamics.md.
    """

    eigenvalues: Array
    learning_rate: float
    critical: float
    stability_edge: float
    condition_number: float
    decay_times: Array
    decay_steps: Array
    is_stable: bool

    def __post_init__(self) -> None:
        for array in (self.eigenvalues, self.decay_times, self.decay_steps):
            array.setflags(write=False)

    def facts(self) -> dict[str, str]:
        """The numbers that are not one for each mode, for a notebook.

        Examples:
            >>> step_sizes([[2, 0], [0, 8]]).facts()["eigenvalues"]
            '2, from 8 to 2'
        """
        largest, smallest = self.eigenvalues[0], self.eigenvalues[-1]
        stable = "stable" if self.is_stable else "unstable"
        return {
            "eigenvalues": f"{self.eigenvalues.size}, from {largest:.4g} to {smallest:.4g}",
            "learning rate": f"{self.learning_rate:.4g}, {stable}; critical {self.critical:.4g}",
            "stability edge": f"{self.stability_edge:.4g}",
            "condition number": f"{self.condition_number:.4g}",
            "longest decay": f"{self.decay_times.max():.4g} in time, {self.decay_steps.max():.4g} steps",
        }


@within_floats()
def step_sizes(kernel: object, learning_rate: object = None, *, c: object = 1) -> StepSizes:
    """The stability edge 2/λ_max, the critical learning rate c/λ_max and the decay times of a kernel.

    Args:
        kernel: K > 0, such as K̄ from ``hq.formula("kernel_mean").at(…)``, or a kernel matrix, symmetric and positive
            semidefinite. For the loss (1/2m) Σ_j ε_j² pass K/m.
        learning_rate: η > 0 for the decay times; the critical one by default.
        c: The constant of the critical learning rate, > 0; 1 by default.

    Returns:
        The step sizes.

    Raises:
        InputTypeError, InputError: If an argument is of the wrong kind or range, or the kernel is 0.

    Examples:
        >>> s = step_sizes([[2, 0], [0, 8]])
        >>> s.critical, s.stability_edge, s.condition_number, s.decay_times.tolist()
        (0.125, 0.25, 4.0, [1.0, 4.0])

    Reference:
        [scala2025]; derivations/14_dynamics.md.
    """
    eigenvalues = np.linalg.eigvalsh(np.atleast_2d(check_kernel(kernel)))[::-1].copy()
    largest = float(eigenvalues[0])
    if largest <= 0:
        raise InputError("kernel must not be 0: nothing would move")
    eigenvalues[eigenvalues <= len(eigenvalues) * _ROUNDING * largest] = 0.0
    critical = real_number("c", c, positive=True) / largest
    eta = critical if learning_rate is None else real_number("learning_rate", learning_rate, positive=True)
    with np.errstate(divide="ignore"):
        log_factor = np.log(np.abs(1 - eta * eigenvalues))
        decay_times = 1 / (eta * eigenvalues)
        decay_steps = np.where(log_factor < 0, -1 / log_factor, np.inf)
    smallest = float(eigenvalues[-1])
    return StepSizes(
        eigenvalues=eigenvalues,
        learning_rate=eta,
        critical=critical,
        stability_edge=2 / largest,
        condition_number=largest / smallest if smallest else np.inf,
        decay_times=decay_times,
        decay_steps=decay_steps,
        is_stable=is_stable(eta, largest),
    )
