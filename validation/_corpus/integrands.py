"""Section "integrands": the random integrands of the differential run, with their averages and values."""

from __future__ import annotations

from typing import Any

import numpy as np
from _differential import library
from _differential.cases import random_case

from _corpus.fields import Fields, Section, fingerprint, once

SEED = 12
NUM = 5_000


def keys() -> list[str]:
    """The numbers of the integrands."""
    return [f"{index:04d}" for index in range(NUM)]


def fields(key: str) -> Fields:
    """Average, value and meaning of one integrand; by text, where it can be typed, the average alone."""
    index = int(key)
    case = random_case(np.random.default_rng([SEED, 0, index]))
    integral = once(lambda: library.by_objects(case))
    found: dict[str, Any] = {
        "input": lambda: fingerprint(case.source()),
        "value": lambda: library.value(case, integral()),
        "sympy": lambda: str(integral().to_sympy()),
        "meaning": lambda: [
            integral().design_order,
            integral().random,
            integral().dimensions,
            integral().facts(),
        ],
    }
    if index % 2:  # each of the three factors every coefficient, which takes most of the time
        found["latex"] = lambda: integral().latex()
    else:
        found["text"] = lambda: str(integral())
    if index % 5 == 0:
        found["series"] = lambda: _series(integral())
    if library.can_be_text(case) and index % 2 == 0:
        found["typed"] = lambda: _same(library.by_text(case), integral())
    if library.can_be_sympy(case) and index % 3 == 0:
        found["from sympy"] = lambda: _same(library.by_sympy(case), integral())
    return found


def _same(found: Any, integral: Any) -> str:
    """Whether the routes agree; the average itself where they name matrices and dimensions differently."""
    return "equal" if found == integral else str(found)


def _series(integral: Any) -> list[str]:
    series = integral.series(order=2)
    return [str(series), series.latex()]


SECTION = Section("integrands", keys, fields)
