"""Public values can be copied and pickled: what comes back is equal, and gives the same at a dimension."""

from __future__ import annotations

import copy
import pickle
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import haarqntk as hq
from haarqntk.algebra import RationalFunction

if TYPE_CHECKING:
    from collections.abc import Callable

A, B = hq.matrices("A B")
U = hq.haar_unitary("U")
Z = hq.Circuit().output()
MEAN: Any = hq.formula("kernel_mean")
VARIANCE: Any = hq.formula("kernel_variance")
SPECTRUM = (3, 1, 0, -1)

VALUES: dict[str, Any] = {
    "rational function": hq.weingarten((2, 1)).value,
    "Weingarten function": hq.weingarten((2, 1)),
    "polynomial": MEAN.polynomial,
    "formula": MEAN,
    "sum": VARIANCE + 2 * MEAN * MEAN,
    "coefficient": VARIANCE.coefficient_of_L(2).centred(),
    "moment": hq.mean(Z**2),
    "variance": hq.variance(Z),
    "covariance": hq.covariance(Z, Z**2),
    "eigenvalues": hq.formula("supervised_kernel_eigenvalues"),
    "ratio": VARIANCE / MEAN**2,
    "series": VARIANCE.series(),
    "expression": Z,
    "integral": hq.expect(hq.tr(U @ A @ U.H @ B)),
    "law": hq.kernel_law(D=4, L=2, spectrum=SPECTRUM),
    "claim check": hq.check_claim("kernel_mean", "L"),
    "twirl": hq.twirl(np.eye(4), 2),
    "design check": hq.is_design([np.eye(2)], 1),
    "estimate": hq.Estimate.of("c0ffee", [1.0, 2.0]),
}
COPIES: list[Callable[[Any], Any]] = [
    copy.copy,
    copy.deepcopy,
    lambda value: pickle.loads(pickle.dumps(value)),  # noqa: S301 - its own pickle
]


@pytest.mark.parametrize("copied", COPIES, ids=["copy", "deepcopy", "pickle"])
@pytest.mark.parametrize("name", VALUES)
def test_copies_of_public_values_are_equal(name: str, copied: Callable[[Any], Any]) -> None:
    value = copied(VALUES[name])
    assert value == VALUES[name]
    assert str(value) == str(VALUES[name])
    if isinstance(value, hq.Formula):
        for D in (2, 4):  # below the design order a formula derives itself again
            depth: dict[str, Any] = {"L": 2} if "L" in value.symbols else {}
            expected = VALUES[name].at(D=D, spectrum=SPECTRUM[:D], **depth)
            assert value.at(D=D, spectrum=SPECTRUM[:D], **depth) == expected
            assert isinstance(expected, Fraction)


COEFFICIENTS = st.lists(st.integers(-(10**30), 10**30), max_size=5)


@given(COEFFICIENTS, COEFFICIENTS.filter(any))
def test_copies_of_rational_functions_are_canonical(top: list[int], bottom: list[int]) -> None:
    value = RationalFunction(top, bottom)
    for copied in COPIES:
        assert copied(value) == value
        assert hash(copied(value)) == hash(value)
