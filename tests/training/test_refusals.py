"""What training refuses, each in one line of its own: other kinds and shapes, and sizes that do not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from haarqntk.errors import CostError, InputError, InputTypeError
from haarqntk.training import (
    Diagnosis,
    FixedGate,
    Observable,
    ParametrisedCircuit,
    PauliRotation,
    check_step_size,
    diagnose,
    diagnose_circuit,
    diagnostics_study,
    kernel_matrix,
    kernel_statistics,
    prl_circuit,
    train,
)

if TYPE_CHECKING:
    from collections.abc import Callable

ANY: Any = None  # arguments of a wrong kind
RNG = np.random.default_rng(1)
CIRCUIT, Z = ParametrisedCircuit(1, (PauliRotation("X", parameter=0),)), Observable.pauli("Z")
LARGE = diagnose([[1.0]], [1]).to_json().replace('"learning_rate": 1.0', f'"learning_rate": 1{"0" * 400}')


def trained(circuit: Any = CIRCUIT, observable: Any = Z, targets: Any = 0, **changes: Any) -> object:
    given: dict[str, Any] = {"learning_rate": 0.1, "steps": 1, "angles": [1.0]} | changes
    return train(circuit, observable, targets, **given)


def drawn(initialisations: int, steps: int = 1) -> object:
    return trained(angles=None, rng=RNG, initialisations=initialisations, steps=steps, record_every=1)


def statistics(depths: Any = (1,), family: Any = lambda _: CIRCUIT, rng: Any = RNG) -> object:
    return kernel_statistics(family, depths, observable=Z, samples=3, rng=rng)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: check_step_size([1.0], 1.0), InputError, r"kernels must have the shape .*, got \(1,\)"),  # type: ignore[arg-type]
        (lambda: check_step_size(np.array(3.0), 1.0), InputError, "kernels must have the shape"),
        (lambda: check_step_size("a", 1.0), InputTypeError, "kernels must be real numbers"),  # type: ignore[arg-type]
        (lambda: check_step_size(np.array([[np.nan]]), 1.0), InputError, "kernels must be finite, got nan"),
        (lambda: check_step_size(np.eye(2), np.nan), InputError, "learning_rate must be finite, got nan"),
        (lambda: kernel_matrix([1, 2]), InputError, r"jacobian must have the shape \(…, m, L\)"),
        (lambda: kernel_matrix("a"), InputTypeError, "jacobian must be real numbers"),
        (lambda: kernel_matrix([[1j]]), InputTypeError, "jacobian must be real numbers"),
        (lambda: Observable.pauli(ANY), InputTypeError, "strings must be a list of str"),
        (lambda: Observable.pauli_sum("ab", ["Z", "Z"]), InputTypeError, "coefficients must be a real"),  # type: ignore[arg-type]
        (lambda: Observable.pauli_sum([1j], ["Z"]), InputTypeError, "coefficients must be a real number"),  # type: ignore[list-item]
        (lambda: Observable.pauli_sum([1, 2], "ZZ"), InputTypeError, "strings must be a list of str"),
        (lambda: Observable.pauli_sum(3, ["Z"]), InputTypeError, "coefficients must be a list, got 3"),  # type: ignore[arg-type]
        (lambda: Observable.pauli("Z" * 40), CostError, "num_qubits must be at most 12, got 40"),
        (lambda: Observable.zero_projector(30), CostError, "num_qubits must be at most 12, got 30"),
        (lambda: Observable.magnetisation(13), CostError, "num_qubits must be at most 12, got 13"),
        (lambda: FixedGate(np.eye(2), 0), InputTypeError, "qubits must be a tuple"),  # type: ignore[arg-type]
        (lambda: ParametrisedCircuit(1, ANY), InputTypeError, "gates must be a tuple of gates, got None"),
        (lambda: prl_circuit(2, 3, 5), InputTypeError, "rng must be a numpy.random.Generator, got 5"),  # type: ignore[arg-type]
        (lambda: trained(observable="ZZ"), InputTypeError, "observable must be .*Observable, got str"),
        (lambda: trained(None), InputTypeError, "circuit must be .*ParametrisedCircuit, got NoneType"),
        (lambda: trained(checkpoint=3), InputTypeError, "checkpoint must be a path or None, got 3"),
        (lambda: trained(learning_rate=10**400), InputError, "learning_rate must be within the range"),
        (lambda: trained(learning_rate=np.str_("1")), InputTypeError, "learning_rate must be a real number"),
        (lambda: trained(learning_rate=np.complex128(1)), InputTypeError, "must be a real number"),
        (lambda: trained(learning_rate=np.complex64(1)), InputTypeError, "must be a real number"),
        (lambda: trained(learning_rate=np.array(1j)), InputTypeError, "must be a real number"),
        (lambda: trained(learning_rate=10**5000), InputError, "learning_rate must be within the range"),
        (lambda: trained(angles=np.zeros((0, 1))), InputError, "angles must be those of at least one"),
        (lambda: trained(steps=10**12), CostError, "steps must be at most 1666666666 for 1 points"),
        (lambda: drawn(10**12), CostError, "initialisations must be at most 536870912"),
        (lambda: drawn(10**4, 10**6), CostError, "must be at most 107 for 1 points and 1000001 records"),
        (lambda: diagnose([[1.0]], [1], learning_rate=10**400), InputError, "learning_rate must be within"),
        (lambda: diagnose_circuit(CIRCUIT, Z, [0], angles=[[1], [1, 2]]), InputError, "angles must have row"),
        (lambda: diagnose_circuit(ANY, Z, [0], angles=[1]), InputTypeError, "circuit must be"),
        (lambda: Diagnosis.from_json("[" * 100_000), InputError, "got lists within lists"),
        (lambda: Diagnosis.from_json(LARGE), InputError, "learning_rate must be within the range of a float"),
        (lambda: statistics(3), InputTypeError, "depths must be a list of ints"),
        (lambda: statistics(rng=1), InputTypeError, "rng must be a numpy.random.Generator, got 1"),
        (lambda: statistics(family=3), InputTypeError, "family must be a function"),
        (lambda: diagnostics_study(RNG, layers=5), InputTypeError, "layers must be a list of numbers, got 5"),  # type: ignore[arg-type]
        (lambda: diagnostics_study(RNG, label_scales=0.3), InputTypeError, "label_scales must be a list"),  # type: ignore[arg-type]
    ],
)
def test_what_does_not_fit_is_one_line(call: Callable[[], object], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        call()
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_depths_may_be_an_array() -> None:
    assert len(statistics(np.array([1, 2]))) == 2  # type: ignore[arg-type]
