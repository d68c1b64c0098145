"""Section "json": every kind of value as JSON and read back, and in the other exports."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import sympy

import haarqntk as hq
from _corpus.fields import Fields, Section, once
from haarqntk import export

if TYPE_CHECKING:
    from collections.abc import Callable

OTHER_EXPORTS: Final = ("latex", "to_python", "to_c", "to_mathematica", "to_maple", "to_mathml", "citation")
GROUPS: Final = ("unitary", "orthogonal", "symplectic")
CLAIMS: Final = (
    "2 L (D Tr(O^2) - Tr(O)^2) / ((D-1)(D+1)^2)",
    "L*T2/D^2",
    r"\\frac{2 L \\operatorname{Tr}(O^2)}{D^2}",
    "2*L*T2/D**2",
    "sqrt(L)*T2",
)
INTEGRANDS: Final = (
    "tr(U A U^H B)",
    "tr(U A U^H B)^2",
    "|tr(U A)|^2",
    "U A U^H B U A U^H",
    "tr(A U B U^T)",
    "U[0, 1] U[0, 1]^* U[2, 2] U[2, 2]^*",
    "<psi|A|psi>^2 <psi|B|psi>",
    "tr(psi A psi1 A)",
    "tr(U J U^T J)",
    "0*tr(U)",
)
TABLES: Final = tuple((k, group) for k in (1, 2, 3, 4) for group in GROUPS)


def _letters(dims: Any = "D", **properties: bool) -> Any:
    return hq.matrices("A B", dims=dims, **properties)


def _formula(name: str, **options: str) -> Any:
    return hq.formula(name, **options)


def _tensor(kind: str) -> Any:
    U, V = hq.haar_unitary("U", dims=("d1", "d2")), hq.haar_unitary("V", dims="d1")
    M = hq.matrices("M", dims=("d1", "d2"))
    P = hq.matrices("P", dims=("d1", "d2"), projector=True, rank_one=True)
    wide = hq.kron(V, hq.identity("d2"))
    kinds: dict[str, Callable[[], Any]] = {
        "both": lambda: U @ M @ U.H @ M,
        "one": lambda: wide @ M @ wide.H @ P @ M,
        "square": lambda: hq.tr(U @ M @ U.H @ P) ** 2,
        "partial trace": lambda: hq.partial_trace(U @ M @ U.H @ P, over=1),
        "zero": lambda: U * 0,
    }
    return kinds[kind]()


def _group_integrand(kind: str) -> Any:
    A, B = _letters()
    O, S, C, E = (
        front(name)
        for front, name in (
            (hq.haar_orthogonal, "O"),
            (hq.haar_symplectic, "S"),
            (hq.circular_orthogonal, "C"),
            (hq.circular_symplectic, "E"),
        )
    )
    kinds: dict[str, Callable[[], Any]] = {
        "orthogonal": lambda: hq.tr(O @ A @ O.T @ B) ** 2,
        "symplectic": lambda: hq.tr(S @ A @ S.H @ B),
        "COE": lambda: hq.tr(C @ A @ C.H @ B),
        "CSE": lambda: hq.tr(E @ A @ E.H @ B),
        "entries": lambda: O[0, 0] ** 2 * O[1, 1] ** 2,
    }
    return kinds[kind]()


def _ratio(ensemble: str) -> Any:
    return _formula("kernel_variance", ensemble=ensemble) / _formula("kernel_mean", ensemble=ensemble) ** 2


def _moment(text: str) -> Any:
    return hq.parse_moment(text, hq.Circuit())


def _arithmetic() -> Any:
    return 3 * _formula("kernel_second_moment") - _formula("kernel_mean") ** 2


def _series(name: str, scaling: str) -> Any:
    return _formula(name).series(3, scaling=scaling)


def _expansion(mu: tuple[int, ...], group: str) -> Any:
    return hq.weingarten(mu, group=group).series(order=4)


def _integral(text: str) -> Any:
    return hq.expect(hq.parse_integrand(text))


def _integral_series(text: str) -> Any:
    return _integral(text).series()


def _on_factors(kind: str) -> Any:
    return hq.expect(_tensor(kind))


def _over_group(kind: str) -> Any:
    return hq.expect(_group_integrand(kind))


def _twirl(k: int) -> Any:
    return hq.twirl(np.arange(4**k, dtype=object).reshape(2**k, 2**k).tolist(), k)


def _group(name: str) -> Any:
    if name == "icosahedral":
        return hq.icosahedral_group()
    return hq.pauli_group(1) if name == "pauli" else hq.clifford_group(1)


def _design(name: str, t: int) -> Any:
    return hq.is_design(_group(name), t)


def _potential(name: str, t: int) -> Any:
    return hq.frame_potential(_group(name), t)


def _law(name: str) -> Any:
    law = hq.kernel_law(D=4, L=3, spectrum=[3, 1, 0, -1])
    kinds: dict[str, Callable[[], Any]] = {
        "moments": lambda: [law.moments(4), law.moments(3, output_power=1), law.xi_moments(4)],
        "moment": lambda: [law.mean, law.variance, law.moment(3), law.largest, law.silence],
        "variance_moments": lambda: [law.variance_moments(3), law.square_sum_moments(3)],
        "facts": lambda: [law.facts(), law.reference, repr(law)],
    }
    return kinds[name]()


def _exported(name: str, value: Callable[[], Any]) -> Any:
    return getattr(hq, name)(value())


KRAUS: Final = ([[[1, 0], [0, 0]], [[0, 0], [0, 1]]], [[[0, 1], [1, 0]]])
_FORMULAS: Final = tuple(
    (name, ensemble)
    for name in (
        "gradient_variance",
        "kernel_mean",
        "kernel_second_moment",
        "kernel_variance",
        "meta_kernel_mean",
        "supervised_kernel_mean",
        "supervised_kernel_eigenvalues",
    )
    for ensemble in ("segments", "prl_ansatz_with_input_block", "generator_average")
    if ensemble != "generator_average" or not name.startswith("supervised")
)
VALUES: Final[dict[str, Callable[[], Any]]] = {
    **{f"formula {n}, {e}": partial(_formula, n, ensemble=e) for n, e in _FORMULAS},
    "formula meta_kernel_second_moment": lambda: _formula("meta_kernel_second_moment"),
    "formula general": lambda: _formula("kernel_second_moment", generators="general"),
    "formula coefficient": lambda: _formula("kernel_second_moment").coefficient_of_L(2),
    "formula centred": lambda: _formula("kernel_variance").centred(),
    "formula arithmetic": _arithmetic,
    "list of formulas": lambda: [_formula("kernel_mean"), _formula("kernel_variance")],
    **{
        f"moment {x}": partial(_moment, x)
        for x in ("z^2*K", "variance(z)", "covariance(e, K)", "cumulant(z, 3)")
    },
    **{f"ratio {e}": partial(_ratio, e) for e in ("segments", "generator_average")},
    "ratio deep limit": lambda: _ratio("segments").deep_limit(),
    "ratio crossover depth": lambda: _ratio("segments").crossover_depth(),
    "ratio leading": (_formula("kernel_variance").centred() / _formula("kernel_mean").centred() ** 2).leading,
    **{
        f"series {name}, {scaling}": partial(_series, name, scaling)
        for name in ("kernel_mean", "kernel_variance", "meta_kernel_mean")
        for scaling in ("pauli_sum", "projector")
    },
    "polynomial": lambda: _formula("kernel_variance").polynomial,
    "series polynomial": lambda: _formula("kernel_mean").series(2).to_polynomial(),
    **{
        f"weingarten {mu}, {group}": partial(hq.weingarten, mu, group=group)
        for mu in ((1,), (2,), (1, 1), (2, 1), (3, 1), (2, 2, 1))
        for group in GROUPS
    },
    "rational function": lambda: hq.weingarten((3, 1)).value,
    **{
        f"expansion {mu}, {group}": partial(_expansion, mu, group)
        for mu in ((2,), (2, 1))
        for group in GROUPS
    },
    **{f"integral {x}": partial(_integral, x) for x in INTEGRANDS},
    **{
        f"integral on factors, {kind}": partial(_on_factors, kind)
        for kind in ("both", "one", "square", "partial trace", "zero")
    },
    **{
        f"integral {kind}": partial(_over_group, kind)
        for kind in ("orthogonal", "symplectic", "COE", "CSE", "entries")
    },
    "integral at a dimension": lambda: hq.expect(hq.parse_integrand("tr(U A U^H B)^2")).specialise(D=2),
    **{f"integral series {x}": partial(_integral_series, x) for x in INTEGRANDS[:3]},
    **{f"twirl {k}": partial(_twirl, k) for k in (1, 2)},
    "twirl of surds": lambda: hq.twirl([[sympy.sqrt(2), 1], [1, sympy.Rational(1, 3)]], 1),
    "twirl of floats": lambda: hq.twirl(np.array([[0.5, 0.25], [0.125, 1.0]]), 1),
    "twirl, transcendental": lambda: hq.twirl([[sympy.pi, 0], [0, 0]], 1),
    **{f"channel {i}": partial(hq.twirl_channel, kraus) for i, kraus in enumerate(KRAUS)},
    **{
        f"design {name}, {t}": partial(_design, name, t)
        for name in ("pauli", "clifford", "icosahedral")
        for t in (1, 2, 3, 5)
    },
    **{f"claim {x}": partial(hq.check_claim, "kernel_mean", x) for x in CLAIMS},
    "claim of a variance": lambda: hq.check_claim("kernel_variance", "2*L*T2**2/D**4"),
    "estimate": lambda: hq.Estimate.of("c0ffee", [1.0, 2.0, 6.0, 3.5]),
    "kernel law": lambda: hq.kernel_law(D=4, L=3, spectrum=[3, 1, 0, -1]),
    "integrand": lambda: hq.tr(hq.haar_unitary("U")),
    "circuit": hq.Circuit,
    "variable": lambda: hq.Circuit().output() ** 2,
}
PLAIN: Final[dict[str, Callable[[], Any]]] = {
    **{f"table {k}, {group}": partial(hq.weingarten_table, k, group=group) for k, group in TABLES},
    **{
        f"frame potential {name}, {t}": partial(_potential, name, t)
        for name in ("pauli", "clifford", "icosahedral")
        for t in (1, 2, 3)
    },
    **{f"kernel law {n}": partial(_law, n) for n in ("moments", "moment", "variance_moments", "facts")},
    "bibliography": export.bibliography,
    "document": lambda: export.latex_document([_formula("kernel_mean")], version="0", bibliography="x"),
    "derivation": lambda: export.latex_derivations([_formula("kernel_mean")], version="0"),
    "steps": lambda: export.markdown_steps(_formula("kernel_variance").explain().steps()),
    "explanation": lambda: str(hq.expect(hq.parse_integrand("tr(U A U^H B)^2")).explain()),
    "table in LaTeX": lambda: export.latex_table([{"quantity": "K", "z": "+0.1", "passed": "yes"}]),
}


def keys() -> list[str]:
    """The names of the values."""
    return [*VALUES, *PLAIN]


def fields(key: str) -> Fields:
    """The value as JSON, read back, and in the other exports; of what has no export, its text."""
    if key in PLAIN:
        value = once(PLAIN[key])
        return {"text": value}
    value = once(VALUES[key])
    exports: dict[str, Callable[[], Any]] = {name: partial(_exported, name, value) for name in OTHER_EXPORTS}
    if key.startswith(("formula", "moment")):
        exports["plain text"] = lambda: export.plain_text(value(), width=80)
    return {
        "json": lambda: hq.to_json(value()),
        "reads back": lambda: hq.from_json(hq.to_json(value())) == value(),
        "text": lambda: str(value()),
        "repr": lambda: repr(value()),
        "html": lambda: value()._repr_html_(),
        "in a notebook": lambda: value()._repr_latex_(),
        "facts": lambda: value().facts(),
        **exports,
    }


SECTION = Section("json", keys, fields, is_sampled=False)
