"""What the tangent kernel of a model says about its training: a frozen value, from the Jacobian's SVD.

The spectrum and its times are in ``_diagnosis_spectrum``, the linear model's training in
``_diagnosis_predictions``; here are other targets, and the value as text and JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from haarqntk.errors import InputError
from haarqntk.training._diagnosis_input import real_array
from haarqntk.training._diagnosis_json import read_record, record_text
from haarqntk.training._diagnosis_predictions import LinearTraining
from haarqntk.training._diagnosis_text import as_text, headline, rows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Diagnosis(LinearTraining):
    r"""Diagnostics of one model at its initialisation; ``diagnose`` makes them.

    All predictions are those of the linear model :math:`z(\theta_0) + J (\theta - \theta_0)` under gradient
    descent on :math:`\frac12\sum_\delta \varepsilon_\delta^2`. A trainer that minimises the mean square
    :math:`\frac1m\sum_\delta\varepsilon_\delta^2` takes the same steps at m/2 times the learning rate.

    Attributes:
        singular_values: s_1 ≥ … ≥ s_r > 0 of the Jacobian, those beyond the tolerance, shape (r,).
        modes: Their left vectors as columns, shape (m, r): the kernel's eigenvectors.
        outputs: The model's outputs z(0) at initialisation, shape (m,).
        targets: The targets y, shape (m,).
        num_parameters: The number p of parameters.
        learning_rate: The learning rate η.
        c: The critical learning rate is c/λ_max.
        rank_tolerance: Singular values up to this multiple of s_1 count as zero.
        overfitting_gap: R²(train) − R²(test) beyond which the model is said to overfit.
        outputs_given: Whether the outputs were given; otherwise they are taken as zero.
        test_modes: J_test V, shape (n, r), or None without test points.
        test_outputs: Outputs on the test points at initialisation, shape (n,), or None.
        test_targets: Their targets, shape (n,), or None if unknown.

    Raises:
        InputError: If the arrays do not fit each other; ``diagnose`` makes ones that do.

    Examples:
        >>> import haarqntk as hq
        >>> diagnosis = hq.diagnose([[2.0, 0], [0, 1]], targets=[1.0, -1])
        >>> diagnosis.eigenvalues, diagnosis.condition_number, diagnosis.critical_learning_rate
        (array([4., 1.]), 4.0, 0.25)
        >>> diagnosis.predicted_losses([0, 1, 2])
        array([1.        , 0.28125   , 0.15820312])

    Reference:
        [scala2025] for the diagnostics; derivations/16_diagnostics.md.
    """

    def __eq__(self, other: object) -> bool:
        return self.to_json() == other.to_json() if isinstance(other, Diagnosis) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.to_json())

    def with_targets(self, targets: ArrayLike, test_targets: ArrayLike | None = None) -> Diagnosis:
        """The same model with other targets; spectrum and times stay what they are.

        Raises:
            InputError: If the targets do not fit the points.
            InputTypeError: If they are no numbers.

        Examples:
            >>> import haarqntk as hq
            >>> d = hq.diagnose([[2.0, 0], [0, 1]], targets=[1.0, -1])
            >>> d.with_targets([3.0, 0]).predicted_losses(0)
            array([4.5])
        """
        y = real_array("targets", targets, axes=("points",), cure="pass one number per data point")
        if y.shape != self.targets.shape:
            raise InputError(f"targets must have {self.num_points} entries, one per data point, got {y.size}")
        y_test = None
        if test_targets is not None:
            n = len(self._test_set()[0])
            y_test = real_array(
                "test_targets", test_targets, axes=("points",), cure="pass one number per point"
            )
            if len(y_test) != n:
                raise InputError(f"test_targets must have {n} entries, one per test point, got {y_test.size}")
        return replace(self, targets=y, test_targets=y_test)

    # -- as text ------------------------------------------------------------------------------------------------

    def summary(self) -> str:
        """The diagnostics as text, 80 columns.

        Examples:
            >>> import haarqntk as hq
            >>> d = hq.diagnose([[2.0, 0], [0, 1]], targets=[1.0, -1])
            >>> print(d.summary().splitlines()[0])
            2 data points, 2 parameters, frozen kernel K = J Jᵀ
        """
        return as_text(self)

    def __str__(self) -> str:
        return self.summary()

    def facts(self) -> dict[str, str]:
        """The rows of the summary, for a notebook.

        Examples:
            >>> import haarqntk as hq
            >>> d = hq.diagnose([[2.0, 0], [0, 1]], targets=[1.0, -1])
            >>> d.facts()["rank"]
            '2 of 2, effective rank (Tr K)²/Tr K² = 1.47'
        """
        return dict(rows(self))

    def headline(self) -> str:
        """Points and parameters.

        Examples:
            >>> import haarqntk as hq
            >>> hq.diagnose([[2.0, 0], [0, 1]], targets=[1.0, -1]).headline()
            '2 data points, 2 parameters, frozen kernel K = J Jᵀ'
        """
        return headline(self)

    def __repr__(self) -> str:
        return f"<Diagnosis {headline(self)}>"

    def to_json(self) -> str:
        """The fields, and the derived numbers for other readers; ``from_json`` reads it back, to the bit.

        Examples:
            >>> import haarqntk as hq
            >>> d = hq.diagnose([[2.0, 0], [0, 1]], targets=[1.0, -1])
            >>> d.to_json()[:42]
            '{"schema_version": 1, "type": "diagnosis",'
        """
        return record_text(self)

    @classmethod
    def from_json(cls, text: str) -> Diagnosis:
        """Return the diagnosis that ``to_json`` wrote.

        Raises:
            InputError: If the text is no such record; the message names the key.
            InputTypeError: If it is no text.

        Examples:
            >>> import haarqntk as hq
            >>> diagnosis = hq.diagnose([[2.0, 0], [0, 1]], targets=[1.0, -1])
            >>> Diagnosis.from_json(diagnosis.to_json()) == diagnosis
            True
        """
        return cls(**read_record(text))
