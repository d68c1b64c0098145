"""JSON keeps every result exactly, obeys its schema, and is refused in one line where it does not."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from shortcuts import SCHEMA, VALIDATOR, closed_form, eigenvalue_formula, returned
from strategies import cycle_types, rational_functions, trace_polynomials

import haarqntk as hq
from haarqntk import export
from haarqntk.algebra import RationalFunction
from haarqntk.base import SCHEMA_VERSION
from haarqntk.errors import InputError, InputTypeError
from haarqntk.export import json_schema

if TYPE_CHECKING:
    from haarqntk.algebra import TracePolynomial

OLD = json.loads(Path(__file__).with_name("results_of_version_1.json").read_text(encoding="utf-8"))


def values_of_each_kind() -> dict[str, Any]:
    """A value of each kind of result, by the name of its text in ``results_of_version_1.json``."""
    mean, variance = closed_form("kernel_mean"), closed_form("kernel_variance")
    U, psi, (A, B) = hq.haar_unitary("U"), hq.haar_state("psi"), hq.matrices("A B", hermitian=True)
    P, average = hq.permutation_matrix("P"), hq.expect(hq.tr(U @ A @ U.H @ B) ** 2)
    return {
        "formula": hq.formula("kernel_mean", generators="general"),
        "eigenvalues": eigenvalue_formula(),
        "ratio": variance / mean**2,
        "series": mean.series(order=2, scaling={"T1": Fraction(1, 2), "T2": 1}),
        "polynomial": mean.polynomial,
        "rational function": RationalFunction([2**70, -1], [0, 3]),
        "Weingarten function": hq.weingarten((2, 1), group="symplectic"),
        "expansion": hq.weingarten((2,), group="orthogonal").series(order=3),
        "integral": average,
        "operator": hq.expect(psi.projector() @ A @ psi.projector()),
        "integral with deltas": hq.expect(hq.tr(P @ A @ P.T @ B)),
        "integral series": average.series(order=2, scaling="fixed"),
        "twirl": hq.twirl([[1, 0], [0, sympy.sqrt(2) * sympy.I]], 1),
        "twirl of floats": hq.twirl([[0.5, 0], [0, 1e-20]], 1),
        "twirled channel": hq.twirl_channel([[[1, 0], [0, -1]]]),
        "design check": hq.is_design(hq.pauli_group(1), 1),
        "verdict": hq.check_claim("kernel_mean", "sqrt(L*T2^2)/D"),
    }


def test_results_saved_by_an_older_version_are_read() -> None:
    values = values_of_each_kind()
    assert {*OLD} == {*values, "estimate"}
    for kind, value in values.items():
        assert hq.from_json(json.dumps(OLD[kind])) == value, kind
        returned(value)
    assert len({record["type"] for record in OLD.values()}) == len(SCHEMA["$defs"]["result"]["oneOf"])
    estimate = hq.Estimate("c0ffee", samples=5, mean=3.0, squares=20.0)
    assert hq.Estimate.from_json(json.dumps(OLD["estimate"])) == estimate


def test_the_schema_is_generated_from_the_structs() -> None:
    path = Path(export.__file__).with_name("schema.json")
    assert path.read_text(encoding="utf-8") == json_schema(), "write it anew, as CONTRIBUTING.md says"


def test_the_schema_is_a_schema_of_this_version() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$defs"]["formula"]["properties"]["schema_version"] == {"const": SCHEMA_VERSION}


@pytest.mark.parametrize("name", hq.formulas())
def test_every_named_formula_returned(name: str) -> None:
    returned(hq.formula(name))


def test_other_kinds_of_results_return() -> None:
    variance, mean = closed_form("kernel_variance"), closed_form("kernel_mean")
    returned(variance / mean**2)
    returned((variance / mean**2).deep_limit())
    for order in (1, 3):
        returned(variance.series(order=order))
    returned(mean.centred().series(order=40, scaling={"T2": 0}))
    returned([mean, RationalFunction(1)])


@given(cycle_types(smallest=1, largest=5), st.sampled_from(["unitary", "orthogonal", "symplectic"]))
def test_weingarten_functions_return(mu: tuple[int, ...], group: str) -> None:
    returned(hq.weingarten(mu, group=group))


@given(rational_functions(), st.integers(2**53 - 2, 2**200))
def test_rational_functions_return_with_numbers_of_any_size(value: RationalFunction, scale: int) -> None:
    returned(value)
    returned(value * scale)
    numbers = re.findall(r"(?<![\w\"])-?\d+(?![\w\"])", hq.to_json(value * scale))
    assert all(abs(int(number)) <= 2**53 for number in numbers)


@given(trace_polynomials(variables=("L", "T1", "T_O1O2", "sigma_ab")))
def test_trace_polynomials_return(value: TracePolynomial) -> None:
    returned(value)


@given(
    st.integers(1, 3),
    st.sampled_from(["segments", "independent_layers"]),
    st.sampled_from(["pauli", "general"]),
)
def test_moments_return(power: int, ensemble: str, generators: str) -> None:
    c = hq.Circuit(ensemble, generators)
    returned(hq.mean(c.output() ** power))


def test_a_formula_that_was_read_is_evaluated_and_derived_anew_below_its_range() -> None:
    mean = closed_form("kernel_second_moment")
    read: Any = hq.from_json(hq.to_json(mean))
    for D in (2, 4, 8):
        spectrum = [1, -1] * (D // 2)
        assert read.at(D=D, L=3, spectrum=spectrum) == mean.at(D=D, L=3, spectrum=spectrum)
    assert (read.name, read.reference, read.cost) == (mean.name, mean.reference, mean.cost)
    assert read.latex() == mean.latex()


def moment_with_a_pole_at_two() -> Any:
    z, (index,) = hq.Circuit(generators="general").output(), hq.layer_indices("l")
    return hq.mean(hq.sum_over(z.d(index, index) ** 3, index))


def test_a_moment_that_was_read_has_no_derivation_at_a_pole() -> None:
    moment = moment_with_a_pole_at_two()
    read: Any = hq.from_json(hq.to_json(moment))
    at: dict[str, Any] = {"L": 2, "spectrum": [0, 1, 2, 3], "generator_spectrum": [0, 1, 2, 4]}
    assert read.at(D=4, **at) == moment.at(D=4, **at)
    with pytest.raises(InputError, match=r"D must be no pole of a formula read from JSON, .* got 2"):
        read.at(D=2, L=2, spectrum=[1, -1], generator_spectrum=[0, 1])


def test_a_name_does_not_lend_its_derivation_to_another_formula() -> None:
    record = json.loads(hq.to_json(moment_with_a_pole_at_two()))
    record["name"] = "kernel_second_moment"
    read: Any = hq.from_json(json.dumps(record))
    with pytest.raises(InputError, match="D must be no pole of a formula read from JSON"):
        read.at(D=2, L=1, spectrum=[1, -1], generator_spectrum=[0, 1])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"schema_version": 2},
            "schema_version must be 1, got 2; read it with the version of haarqntk that wrote it",
        ),
        ({"schema_version": True}, "schema_version must be 1, got True"),
        ({"schema_version": None}, "a result must have the field schema_version"),
        ({"type": "matrix"}, "unknown type of result 'matrix'"),
        ({"terms": None}, "the field terms must be there"),
        ({"terms": {}}, "terms must be a list, got {}"),
        ({"terms": [3]}, "terms[0] must be an object, got 3"),
        ({"ensemble": "segment"}, "unknown ensemble 'segment'; did you mean 'segments'?"),
        ({"design_order": -1}, "design_order must be an integer ≥ 0, got -1"),
        ({"name": 7}, "name must be a text, got 7"),
        (
            {"terms": [{"monomial": {"T1": 0}, "numerator": [1], "denominator": [1]}]},
            "terms[0].monomial.T1 must be an integer ≥ 1, got 0",
        ),
        ({"terms": [{"monomial": {"T1;x": 1}, "numerator": [1], "denominator": [1]}]}, "got 'T1;x'"),
        ({"terms": [{"monomial": {"D": 1}, "numerator": [1], "denominator": [1]}]}, "and not D, got 'D'"),
        (
            {"terms": [{"monomial": {}, "numerator": [1.5], "denominator": [1]}]},
            "terms[0].numerator[0] must be an integer or a text, got 1.5",
        ),
        (
            {"terms": [{"monomial": {}, "numerator": ["12"], "denominator": [1]}]},
            "a text of 16 digits or more, got '12'",
        ),
        ({"terms": [{"monomial": {}, "numerator": [1], "denominator": []}]}, "denominator must not be zero"),
    ],
)
def test_what_breaks_the_schema_is_refused(changes: dict[str, Any], message: str) -> None:
    record = json.loads(hq.to_json(closed_form("kernel_mean")))
    record = {name: value for name, value in (record | changes).items() if value is not None}
    with pytest.raises(InputError, match=re.escape(message)):
        hq.from_json(json.dumps(record))
    assert not VALIDATOR.is_valid(record)


@pytest.mark.parametrize(
    "text", ["", "{", "3", '"x"', "[[]]", "[" * 100_000, "1" * 5000, '{"a": 1, "a": 2}', "NaN"]
)
def test_what_is_no_json_of_a_result_is_one_line(text: str) -> None:
    with pytest.raises(InputError) as caught:
        hq.from_json(text)
    assert len(str(caught.value).splitlines()) == 1


def test_only_texts_are_read() -> None:
    with pytest.raises(InputTypeError, match="text must be JSON as a str, got bytes"):
        hq.from_json(b"{}")  # type: ignore[arg-type]


def test_eigenvalues_that_were_read_give_the_same_numbers() -> None:
    read: Any = hq.from_json(hq.to_json(eigenvalue_formula()))
    arguments: dict[str, Any] = {"D": 4, "L": 6, "num_inputs": 3, "spectrum": [1, -1, -1, 1]}
    assert read.at(**arguments) == eigenvalue_formula().at(**arguments)


# -- saved when prl_ansatz had a Haar block on the input side: not read under the meaning of today -------------------

OLD_RANGE = (
    "even D ≥ 2"  # the range that every version wrote while prl_ansatz had a Haar block on the input side
)


def as_saved_before(value: Any) -> Any:
    """The JSON of a formula with the block, under the name that it had then."""
    data = json.loads(hq.to_json(value).replace("prl_ansatz_with_input_block", "prl_ansatz"))
    return replace_ranges(data)


def replace_ranges(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: OLD_RANGE if key == "range" else replace_ranges(each) for key, each in data.items()}
    return [replace_ranges(each) for each in data] if isinstance(data, list) else data


Z_OF_BLOCK = hq.Circuit(ensemble="prl_ansatz_with_input_block").output()
VARIANCE: Any = hq.formula("kernel_variance", ensemble="prl_ansatz_with_input_block")
MEAN: Any = hq.formula("kernel_mean", ensemble="prl_ansatz_with_input_block")
(LAYER,) = hq.layer_indices("l")
BLOCKED: dict[str, Any] = {
    name: hq.formula(name, ensemble="prl_ansatz_with_input_block")
    for name in ("kernel_second_moment", "kernel_variance", "meta_kernel_second_moment")
} | {
    "moment": hq.variance(hq.sum_over(Z_OF_BLOCK.d(LAYER) ** 2, LAYER)),
    "ratio": VARIANCE / MEAN**2,
}


@pytest.mark.parametrize("name", BLOCKED)
def test_formulas_saved_when_prl_ansatz_had_an_input_block_are_refused_with_the_other_name(name: str) -> None:
    text = json.dumps(as_saved_before(BLOCKED[name]))
    for each in (text, f"[{text}]"):
        with pytest.raises(InputError, match="prl_ansatz_with_input_block") as refused:
            hq.from_json(each)
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "name", ["gradient_variance", "kernel_mean", "meta_kernel_mean", "supervised_kernel_mean"]
)
def test_formulas_that_do_not_see_the_block_are_read_whenever_they_were_saved(name: str) -> None:
    now = hq.formula(name, ensemble="prl_ansatz")
    saved = as_saved_before(hq.formula(name, ensemble="prl_ansatz_with_input_block"))
    assert hq.from_json(json.dumps(saved)) == now
    assert hq.from_json(hq.to_json(now)) == now
    moment = hq.mean(hq.Circuit(ensemble="prl_ansatz").output() ** 2)
    assert hq.from_json(hq.to_json(moment)) == moment


def test_verdicts_saved_when_prl_ansatz_had_an_input_block_are_refused() -> None:
    check = hq.check_claim("kernel_variance", "L", ensemble="prl_ansatz_with_input_block")
    with pytest.raises(InputError, match="prl_ansatz_with_input_block"):
        hq.from_json(json.dumps(as_saved_before(check)))
    unseen = hq.check_claim("kernel_mean", "L", ensemble="prl_ansatz")
    assert hq.from_json(hq.to_json(unseen)) == unseen
