"""Section "batches": the first numbers of every simulation with a fixed seed, to their last digit."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

import haarqntk as hq
from _corpus.closed_forms import ENSEMBLES, GENERATOR_SPECTRA, GENERATORS, POPULATIONS, SPECTRA
from _corpus.fields import Fields, Section, once

if TYPE_CHECKING:
    from collections.abc import Callable

QUANTITIES: Final = (
    "gradient_variance",
    "kernel_mean",
    "kernel_second_moment",
    "kernel_third_moment",
    "kernel_fourth_moment",
    "kernel_variance",
    "meta_kernel_mean",
    "meta_kernel_second_moment",
    "residual_meta_kernel_mean",
    "residual_meta_kernel_diagonal",
    "residual_meta_kernel_off_diagonal",
    "kernel_meta_kernel_covariance",
    "supervised_kernel_mean",
    "supervised_kernel_covariance",
    "supervised_kernel_eigenvalue_uniform",
    "supervised_kernel_eigenvalue_difference",
)
SAMPLES: Final = {"batched": 20, "frames": 20, "qutip": 2}
SEED: Final = 2026


def keys() -> list[str]:
    """Every quantity in every ensemble, with both kinds of generators, at two dimensions; then what is refused."""
    known = [f"{q}/{e}/{g}/{D}" for q in QUANTITIES for e in ENSEMBLES for g in GENERATORS for D in (2, 4)]
    return [
        *known,
        "kernel_men/segments/pauli/4",
        "kernel_mean/segment/pauli/4",
        "kernel_mean/segments/pauli/3",
    ]


def fields(key: str) -> Fields:
    """Mean, standard error and problem by each route."""
    quantity, ensemble, generators, dimension = key.split("/")
    D = int(dimension)
    arguments: dict[str, Any] = {"D": D, "L": 2, "spectrum": SPECTRA.get(D, [1] * D), "ensemble": ensemble}
    if generators == "general":
        arguments["generator_spectrum"] = GENERATOR_SPECTRA[D]
    if quantity in {"supervised_kernel_mean", "supervised_kernel_covariance"}:
        arguments["overlap"] = Fraction(1, 3)
    if "eigenvalue" in quantity:
        arguments["num_inputs"] = 2
    if ensemble == "generator_average":
        arguments["populations"] = POPULATIONS[D]
    found: dict[str, Any] = {}
    for method, samples in SAMPLES.items():
        estimate = once(partial(_estimate, quantity, arguments, method, samples))
        found[method] = partial(_numbers, estimate)
        if method == "batched":
            found["shown"] = partial(_shown, estimate)
    return found


def _numbers(estimate: Callable[[], Any]) -> list[Any]:
    return [estimate().mean, estimate().standard_error, estimate().samples, estimate().problem]


def _shown(estimate: Callable[[], Any]) -> list[str]:
    return [repr(estimate()), estimate().latex(), estimate().to_json()]


def _estimate(quantity: str, arguments: dict[str, Any], method: str, samples: int) -> Any:
    rng = np.random.default_rng(SEED)
    return hq.simulate(quantity, **arguments, samples=samples, rng=rng, method=method)


SECTION = Section("batches", keys, fields)
