"""Section "training": what ``haarqntk.training`` and ``haarqntk.dynamics`` compute and predict, to the last digit."""

from __future__ import annotations

from dataclasses import fields as fields_of
from dataclasses import is_dataclass
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

import haarqntk as hq
from _corpus.fields import Fields, Section, once

if TYPE_CHECKING:
    from collections.abc import Callable

TIMES: Final = (0, 1, 5, 40)
KERNEL: Final = ((2.0, 0.5), (0.5, 1.0))
JACOBIAN: Final[Any] = ((1.0, 0, 1), (0, 2, 0), (1, 1, 0))


def _circuit(name: str) -> Any:
    t = hq.training
    return {
        "hardware efficient": lambda: t.hardware_efficient(3, 2),
        "hardware efficient, CX": lambda: t.hardware_efficient(
            3, 2, rotations="XY", entangler="CNOT", periodic=False
        ),
        "with data": lambda: t.hardware_efficient(3, 2, encoding="high"),
        "Hamiltonian variational": lambda: t.hamiltonian_variational(3, 2, per_gate=True),
        "of the letter": lambda: t.prl_circuit(2, 6, np.random.default_rng(5)),
    }[name]()


CIRCUITS: Final = (
    "hardware efficient",
    "hardware efficient, CX",
    "with data",
    "Hamiltonian variational",
    "of the letter",
)


def _observable(circuit: Any) -> Any:
    return hq.training.Observable.pauli("Z" + "I" * (circuit.num_qubits - 1))


def _angles(circuit: Any) -> Any:
    return np.random.default_rng(3).uniform(0, 6, circuit.num_parameters)


def _inputs(name: str) -> dict[str, Any]:
    return {"features": [[0.3], [-0.7]]} if name == "with data" else {}


def _derivatives(name: str, method: str) -> Any:
    circuit = _circuit(name)
    return hq.training.outputs_and_jacobian(
        circuit, _observable(circuit), _angles(circuit), **_inputs(name), method=method
    )


def _meta_kernels(name: str) -> Any:
    circuit = _circuit(name)
    return hq.training.meta_kernels(circuit, _observable(circuit), _angles(circuit), **_inputs(name))


def _run(name: str) -> Any:
    circuit = _circuit(name)
    inputs = _inputs(name)
    return hq.training.train(
        circuit,
        _observable(circuit),
        [0.5, -0.2] if inputs else 0.5,
        learning_rate=0.02,
        steps=12,
        record_every=4,
        rng=np.random.default_rng(8),
        **inputs,
    )


def _diagnosis(name: str) -> Any:
    circuit = _circuit(name)
    inputs = _inputs(name)
    return hq.diagnose_circuit(
        circuit, _observable(circuit), [0.5, -0.2] if inputs else [0.5], angles=_angles(circuit), **inputs
    )


def _statistics() -> Any:
    return hq.training.kernel_statistics(
        lambda depth: hq.training.hardware_efficient(2, depth),
        [1, 3],
        observable=hq.training.Observable.pauli("ZI"),
        samples=40,
        rng=np.random.default_rng(1),
    )


def _law(L: int) -> Any:
    return hq.kernel_law(D=4, L=L, spectrum=[1, 1, -1, -1])


def _of_law(name: str, L: int, *, flow: bool) -> Any:
    law = _law(L)
    return getattr(hq.dynamics, name)(
        law, TIMES, learning_rate=float(1 / law.mean if flow else 1 / (2 * law.largest)), flow=flow
    )


def _short_time(quantity: str, order: int) -> Any:
    series = hq.dynamics.short_time_series(quantity, order)
    given: dict[str, Any] = {"D": 4, "L": 6, "spectrum": [1, 1, -1, -1], "target": 1}
    return [str(series.to_sympy()), series.latex(), [str(x) for x in series.coefficients], series.at(**given)]


VALUES: Final[dict[str, Callable[[], Any]]] = {
    **{f"circuit {name}": partial(_circuit, name) for name in CIRCUITS},
    **{
        f"{m}, {name}": partial(_derivatives, name, m)
        for name in CIRCUITS
        for m in ("adjoint", "definition", "shift")
    },
    **{f"meta-kernels, {name}": partial(_meta_kernels, name) for name in CIRCUITS},
    **{f"run, {name}": partial(_run, name) for name in CIRCUITS},
    **{f"diagnosis, {name}": partial(_diagnosis, name) for name in CIRCUITS},
    "diagnosis of a Jacobian": lambda: hq.diagnose(JACOBIAN, targets=[1, 0, -1], outputs=[0.5, 0.5, 0]),
    "diagnosis with test points": lambda: hq.diagnose(
        JACOBIAN,
        targets=[1, 0, -1],
        test_jacobian=[[1.0, 1, 1]],
        test_targets=[0.5],
        c=0.5,
        pseudo_inverse=True,
    ),
    "diagnosis refused": lambda: hq.diagnose([[1.0, 0.0], [2.0, 0.0]], targets=[0, 1]),
    "kernel matrix": lambda: hq.training.kernel_matrix(JACOBIAN),
    "kernel statistics": _statistics,
    **{
        f"Ising, {boundary}, {component}": partial(
            hq.training.ising_magnetisation, 3, (-1.0, 0.5, 2.0), boundary=boundary, component=component
        )
        for boundary in ("periodic", "open")
        for component in ("transverse", "longitudinal")
    },
    "step sizes": lambda: hq.dynamics.step_sizes([[2, 0], [0, 8]], 0.1),
    **{
        f"frozen kernel, flow {flow}": partial(
            hq.dynamics.frozen_kernel, KERNEL, TIMES, learning_rate=0.25, residual=[1, 0], flow=flow
        )
        for flow in (False, True)
    },
    **{
        f"{name}, {L} layers, flow {flow}": partial(_of_law, name, L, flow=flow)
        for name in ("frozen_law", "jensen_gap")
        for L in (1, 16)
        for flow in (False, True)
    },
    "frozen outputs": lambda: hq.dynamics.frozen_outputs(
        [[2, 0], [0, 1]], TIMES, cross_kernel=[[1, 1]], outputs=[0], residual=[-1, 1], learning_rate=0.5
    ),
    "quadratic correction": lambda: hq.dynamics.quadratic_correction(
        1, TIMES, learning_rate=0.05, residual=1, meta_kernel=2
    ),
    "quadratic correction, kernel followed": lambda: hq.dynamics.quadratic_correction(
        1, TIMES, learning_rate=0.05, residual=1, relative_meta_kernel=0.5, follow_kernel=True
    ),
    **{
        f"constant λ, {start}": partial(
            hq.dynamics.constant_lambda_flow,
            4,
            TIMES,
            learning_rate=0.1,
            residual=start,
            relative_meta_kernel=1,
        )
        for start in (1.0, 2.0, 3.0)
    },
    "deep kernel": lambda: hq.dynamics.deep_kernel([[0, 1], [1, 0]], [[1, 0]], L=3),
    "kernel rate": lambda: hq.dynamics.kernel_rate(D=4, L=6),
    "deep flow": lambda: hq.dynamics.deep_flow(
        [[0, 1], [1, 0]], TIMES, states=[[1, 0]], labels=[0.5], learning_rate=0.1, L=3
    ),
    **{
        f"deep flow of one output, {y}": partial(
            hq.dynamics.deep_flow_single, -1.2, TIMES, label=y, learning_rate=0.1, L=3, D=2
        )
        for y in (0.5, 1, 2)
    },
    "bound": lambda: hq.dynamics.loss_lower_bound(0.5, TIMES, learning_rate=0.01, L=10),
    "rules": lambda: hq.dynamics.rules_from_moments([Fraction(1, n + 1) for n in range(5)], Fraction(1)),
    **{
        f"short times, {q}, {n}": partial(_short_time, q, n)
        for q in ("residual", "loss", "kernel")
        for n in (0, 1)
    },
}


def keys() -> list[str]:
    """The names of the values."""
    return list(VALUES)


def fields(key: str) -> Fields:
    """The numbers of a value, and what it says of itself."""
    value = once(VALUES[key])
    return {"value": lambda: _numbers(value()), "shown": lambda: _shown(value())}


def _numbers(value: Any) -> Any:
    """A value as plain data: the fields of a record by name, however deep they are."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _numbers(getattr(value, each.name)) for each in fields_of(value)}
    if isinstance(value, list | tuple):
        return [_numbers(each) for each in value]
    return value


def _shown(value: Any) -> Any:
    return [repr(value), value.facts()] if hasattr(value, "facts") else repr(value)


SECTION = Section("training", keys, fields, is_sampled=False)
