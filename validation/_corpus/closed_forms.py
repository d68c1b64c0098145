"""Sections "formulas" and "moments": named formulas in every ensemble, and moments of random expressions."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from _differential.moments import product_of, random_moment, value_of

import haarqntk as hq
from _corpus.fields import Fields, Section, fingerprint, once

if TYPE_CHECKING:
    from collections.abc import Callable

    from _differential.moments import Moment

SEED = 12
NUM_MOMENTS = 500
ENSEMBLES: Final = (
    "segments",
    "independent_layers",
    "prl_ansatz",
    "prl_ansatz_with_input_block",
    "generator_average",
)
GENERATORS: Final = ("pauli", "general")
SPECTRA: Final = {2: [2, -1], 4: [3, 1, 0, -1], 8: [5, 3, 1, 0, 0, -1, -2, -7]}
OTHER_SPECTRA: Final = {2: [1, 3], 4: [1, 0, 2, -2], 8: [1, 2, 0, 1, -3, 0, 2, 0]}
GENERATOR_SPECTRA: Final = {2: [2, 1], 4: [1, 0, 2, -1], 8: [1, 1, 0, 2, -1, 0, 0, 3]}
POPULATIONS: Final = {
    D: [Fraction(2 * i + 1, D * D) for i in range(D)] for D in SPECTRA
}  # odd numbers: their sum is D²
ATTRIBUTES: Final = (
    "name",
    "ensemble",
    "generators",
    "design_order",
    "cost",
    "symbols",
    "degree_in_L",
    "definition",
    "definition_latex",
    "notation",
    "reference",
)
TYPED: Final = (
    "K",
    "K^2",
    "mu",
    "z^2*K",
    "e*mu",
    "e^2*K",
    "variance(K)",
    "variance(z)",
    "covariance(e, K)",
    "covariance(K, mu)",
    "covariance(z^2, K)",
    "cumulant(z, 3)",
    "cumulant(K, 2)",
    "mean(K)^2 + 3*mean(z^2)",
    "sum(d(l)*d(l), l)^2",
    "sum(d(l,m)*d(l)*d(m), l, m)",
    "sum(d(l,l)*d(l)^2, l)",
    "sum(d(l,m)^2, l, m)",
    "sum(e*d(l,l), l)",
    "sum(d(l, observable=O1)*d(l, observable=O2), l)",
    "sum(d(l, state=a)*d(l, state=b), l)",
    "sum(d(l, observable=O1, state=a)*d(l, observable=O2, state=b), l)",
    "z(observable=O1)*z(observable=O2)",
    "1/2*K - 3*z",
    "sum(d(l)^4, l)/3",
    "K^4",
    "sum(d(l), l)",
    "d(l)^2",
    "covariance(K, nu)",
    "var(K)",
    "K^1/2",
    "Tr(O^2)",
    "sum(d(l)*d(m), l)",
    "E[K]^2",
)


def closed_form_fields(formula: Callable[[], Any], values: dict[str, Callable[[], Any]]) -> dict[str, Any]:
    """Everything that a closed form says about itself; ``values`` are numbers at dimensions."""
    return {
        "repr": lambda: repr(formula()),
        "sympy": lambda: str(formula().to_sympy()),
        "latex": lambda: formula().latex(),
        "meaning": lambda: {name: getattr(formula(), name, "none") for name in ATTRIBUTES},
        "facts": lambda: formula().facts(),
        "series": lambda: _series(formula(), "pauli_sum"),
        "series of a projector": lambda: _series(formula(), "projector"),
        **values,
    }


def _series(formula: Any, scaling: str) -> Any:
    series = formula.series(2, scaling=scaling)
    each = series if isinstance(series, tuple | list) else [series]
    return [[str(x), x.latex(), x.facts()] if hasattr(x, "latex") else str(x) for x in each]


def numbers_for(formula: Any, D: int) -> dict[str, Any]:
    """Arguments of ``.at`` for every symbol that the closed form has."""
    symbols = set(formula.symbols)
    found: dict[str, Any] = {"D": D}
    if "L" in symbols:
        found["L"] = 3
    if any(re.match(r"T_?\w*\d", name) for name in symbols):
        is_pair = any(name.startswith("T_O1") for name in symbols)
        found["spectrum"] = (SPECTRA[D], OTHER_SPECTRA[D]) if is_pair else SPECTRA[D]
    if any(re.fullmatch(r"m\d+", name) for name in symbols):
        found |= {"spectrum": SPECTRA[D], "populations": POPULATIONS[D]}
    if "sigma" in symbols:
        found["overlap"] = Fraction(1, 3)
    if "n" in symbols:
        found["num_inputs"] = 2
    if any(re.fullmatch(r"X\d+", name) for name in symbols):
        found["generator_spectrum"] = GENERATOR_SPECTRA[D]
    return found


def _value(derive: Callable[[], Any], D: int) -> Any:
    formula = derive()
    if hasattr(formula, "symbols"):
        return formula.at(**numbers_for(formula, D))
    return [part.at(**numbers_for(part, D)) for part in (formula.uniform, formula.difference, formula.mean)]


def formula_keys() -> list[str]:
    """Every name in every ensemble, with both kinds of generators; then moments as one types them."""
    named = [f"{name}/{e}/{g}" for name in hq.formulas() for e in ENSEMBLES for g in GENERATORS]
    return named + [f"typed/{text}/{e}/{g}" for text in TYPED for e in ENSEMBLES for g in GENERATORS]


def formula_fields(key: str) -> Fields:
    """What a named formula, or a typed moment, says and gives."""
    rest, ensemble, generators = key.rsplit("/", 2)
    if rest.startswith("typed/"):
        text = rest.removeprefix("typed/")
        formula = once(lambda: hq.parse_moment(text, hq.Circuit(ensemble, generators)))
    else:
        formula = once(lambda: hq.formula(rest, ensemble=ensemble, generators=generators))
    values: dict[str, Callable[[], Any]] = {f"at D = {D}": partial(_value, formula, D) for D in SPECTRA}
    if not rest.startswith("typed/"):
        values |= {
            "to 40 digits": lambda: formula().evaluate(
                D=2**40, L=7, traces=[3, 2**40, 5, 2**41, 1, 2**40], digits=40
            ),
            "centred": lambda: str(formula().centred()),
            "coefficient of L": lambda: str(formula().coefficient_of_L(1)),
        }
    return closed_form_fields(formula, values)


def moment_keys() -> list[str]:
    """The numbers of the random moments."""
    return [f"{index:03d}" for index in range(NUM_MOMENTS)]


def moment_fields(key: str) -> Fields:
    """The closed form of one moment, and its value at D = 2, below the design order, and at D = 8."""
    index = int(key)
    moment = random_moment(np.random.default_rng([SEED, 1, index]))
    formula = once(lambda: _moment(moment, index))
    values: dict[str, Callable[[], Any]] = {
        "input": lambda: fingerprint(moment.source()),
        "at D = 2": lambda: value_of(formula(), moment),
        "at D = 8": lambda: formula().at(**_all_symbols(formula(), 8)),
    }
    return closed_form_fields(formula, values)


def _moment(moment: Moment, index: int) -> Any:
    """A mean for three of five, a variance, a covariance, or a cumulant."""
    copies = moment.copies
    kind = ("mean", "mean", "mean", "variance", "covariance" if index % 10 == 4 else "cumulant")[index % 5]
    if kind == "variance":
        return hq.variance(moment.coefficient * product_of(moment, copies[:2]))
    if kind == "covariance":
        return hq.covariance(product_of(moment, copies[:1]), product_of(moment, copies[1:3] or copies))
    if kind == "cumulant":
        return hq.cumulant(product_of(moment, copies[:1]), 3)
    return hq.mean(moment.coefficient * product_of(moment, copies) ** moment.power)


def _all_symbols(formula: Any, D: int) -> dict[str, Any]:
    """A number for each symbol by its name."""
    names = [name for name in formula.symbols if name not in {"D", "L"}]
    found: dict[str, Any] = {"D": D, "values": {name: Fraction(i + 2, i + 3) for i, name in enumerate(names)}}
    return found | ({"L": 3} if "L" in formula.symbols else {})


FORMULAS = Section("formulas", formula_keys, formula_fields)
MOMENTS = Section("moments", moment_keys, moment_fields)
