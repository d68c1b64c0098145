"""JSON of integrals, twirls, checks and estimates: exact there and back, refused in one line where it is damaged."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shortcuts import VALIDATOR, returned
from strategies import cycle_types, integrals, rational_matrices

import haarqntk as hq
from haarqntk.errors import HaarqntkError, InputError, InputTypeError, OutputError
from haarqntk.export import read_section


@settings(max_examples=25)
@given(integrals(), st.sampled_from([1, 2, 6]))
def test_random_integrals_return_and_are_evaluated_below_their_range(integral: hq.Integral, D: int) -> None:
    read = returned(integral)
    assume(integral.least.get("D", 1) <= D and (D % 2 == 0 or not integral.halved))
    assert (read.design_order, read.notes, read.random) == (
        integral.design_order,
        integral.notes,
        integral.random,
    )
    assert read.latex() == integral.latex()
    assert read.specialise(D=D) == integral.specialise(D=D)
    returned(integral.specialise(D=D))


def test_operators_and_tensor_factors_return() -> None:
    U, V = hq.haar_unitary("U", dims=("d1", "d2")), hq.haar_unitary("V", dims="d1")
    M, P = (
        hq.matrices("M", dims=("d1", "d2")),
        hq.matrices("P", dims=("d1", "d2"), projector=True, rank_one=True),
    )
    wide = hq.kron(V, hq.identity("d2"))
    for integrand in (U @ M @ U.H @ M, wide @ M @ wide.H @ P @ M, hq.tr(U @ M @ U.H @ P) ** 2, U * 0):
        read = returned(hq.expect(integrand))
        assert read.specialise(d1=2, d2=3) == hq.expect(integrand).specialise(d1=2, d2=3)
    returned(hq.expect(wide @ M @ wide.H, over=()))
    psi = hq.haar_state("psi", dims=3)
    returned(
        hq.expect(
            psi.projector() @ hq.matrices("A", dims=3, hermitian=True, traceless=True) @ psi.projector()
        )
    )


def test_an_integral_that_was_read_cannot_be_explained() -> None:
    read = returned(hq.expect(hq.parse_integrand("|tr(U A)|^2")))
    with pytest.raises(
        InputError, match=r"must come from hq.expect, got one at fixed dimensions or from JSON"
    ):
        read.explain()


def test_series_and_expansions_return() -> None:
    U, (A, B) = hq.haar_unitary("U"), hq.matrices("A B")
    mean = hq.expect(hq.tr(U @ A @ U.H @ B) ** 2)
    for order in (1, 3):
        for scaling in ("normalised", "fixed"):
            returned(mean.series(order=order, scaling=scaling))
    returned(hq.expect(hq.tr(U) * hq.tr(U).conj()).series())


@settings(max_examples=15)
@given(
    cycle_types(smallest=1, largest=5),
    st.sampled_from(["unitary", "orthogonal", "symplectic"]),
    st.integers(1, 9),
)
def test_weingarten_expansions_return(mu: tuple[int, ...], group: str, order: int) -> None:
    returned(hq.weingarten(mu, group=group).series(order=order))


@settings(max_examples=15)
@given(
    rational_matrices(4),
    st.integers(1, 2),
    st.sampled_from([1, 1.0, 1j, sympy.sqrt(2), sympy.I / sympy.sqrt(3)]),
)
def test_twirls_return_with_exact_algebraic_and_floating_numbers(matrix: Any, k: int, factor: Any) -> None:
    scaled = [[sympy.Rational(x.numerator, x.denominator) * factor for x in row] for row in matrix]
    if isinstance(factor, float | complex):
        scaled = [[complex(x) * factor for x in row] for row in matrix]
    returned(hq.twirl(scaled, k))


@pytest.mark.parametrize(
    "kraus", [[[[1, 0], [0, -1]]], [[[0.5, 0], [0, 1.0]]], [[[sympy.sqrt(2), 0], [1, 1]]]]
)
def test_twirled_channels_return(kraus: Any) -> None:
    read = returned(hq.twirl_channel(kraus))
    assert read.average_fidelity == hq.twirl_channel(kraus).average_fidelity


def test_design_checks_return() -> None:
    for t in (0, 1, 2, 5):
        read = returned(hq.is_design(hq.icosahedral_group(), t))
        assert bool(read)
    returned(hq.is_design(hq.pauli_group(1), 2))
    whole = json.dumps(DESIGN | {"excess": 0, "frame_potential": 1})  # as JavaScript writes them
    assert hq.from_json(whole) == replace(hq.from_json(json.dumps(DESIGN)), excess=0.0, frame_potential=1.0)


@pytest.mark.parametrize(
    "claim", ["0", "L*T2/D^2", "2*L*(D*T2 - T1^2)/((D - 1)*(D + 1)^2)", "sqrt(L*T2^2)/D"]
)
def test_verdicts_return_with_their_evidence(claim: str) -> None:
    check = hq.check_claim("kernel_mean", claim)
    assert str(returned(check)) == str(check)


def test_a_verdict_returns_whose_counterexample_is_a_pole_and_whose_ratio_is_infinite() -> None:
    check = hq.check_claim("kernel_mean", "L*T2/D^2")
    assert check.counterexample is not None
    for value in (sympy.zoo, sympy.oo, -sympy.oo, sympy.I * sympy.sqrt(2), sympy.Abs(hq.T(2) - 1) ** 3):
        returned(replace(check, ratio=value, counterexample=replace(check.counterexample, claimed=value)))


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=5).map(lambda x: [y / 1e160 for y in x]))
def test_estimates_return_by_their_own_reader(values: list[float]) -> None:
    estimate = hq.Estimate.of("c0ffee", values)
    assert hq.to_json(estimate) == estimate.to_json()
    VALIDATOR.validate(json.loads(estimate.to_json()))
    assert hq.Estimate.from_json(estimate.to_json()) == estimate
    with pytest.raises(InputError, match=r"an estimate must be read by hq.Estimate.from_json, got one here"):
        hq.from_json(estimate.to_json())


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (b"{}", InputTypeError, "text must be JSON as a str, got bytes"),
        ("{", InputError, "text must be JSON: "),
        ("[]", InputError, "text must be JSON of the type estimate, got another; read it with hq.from_json"),
        ('{"type": "twirl"}', InputError, "of the type estimate, got another"),
        ('{"type": "estimate"}', InputError, "schema_version must be 1, got None"),
        (
            '{"type": "estimate", "schema_version": 2}',
            InputError,
            "schema_version must be 1, got 2; read it with",
        ),
        (
            '{"type": "estimate", "schema_version": 1}',
            InputError,
            "got missing: problem, samples, mean, squares",
        ),
    ],
)
def test_what_is_no_json_of_an_estimate_is_refused(
    text: Any, error: type[HaarqntkError], message: str
) -> None:
    with pytest.raises(error, match=re.escape(message)):
        hq.Estimate.from_json(text)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (hq.Estimate.from_json, hq.Estimate("c0ffee", samples=5, mean=3.0, squares=20.0).to_json()),
        (hq.Diagnosis.from_json, hq.diagnose([[1.0, 0], [0, 2.0]], targets=[1, 0]).to_json()),
        (hq.from_json, hq.to_json(hq.weingarten((2, 1)))),
        (read_section, '{"type": "section", "schema_version": 1, "title": "a"}'),
    ],
)
def test_a_field_that_stands_twice_is_refused(read: Any, text: str) -> None:
    """Python's json takes the second of them without a word."""
    twice = re.sub(r'("schema_version": ?\d+)', r'"schema_version": 7, \1', text, count=1)
    assert twice != text
    with pytest.raises(InputError, match="each field must stand once, got 'schema_version' twice"):
        read(twice)


INTEGRAL = json.loads(hq.to_json(hq.expect(hq.parse_integrand("tr(U A U^H B)^2"))))
TWIRL = json.loads(hq.to_json(hq.twirl([[1, 0], [0, 2]], 1)))
CHECK = json.loads(hq.to_json(hq.check_claim("kernel_mean", "L*T2/D^2")))
DESIGN = json.loads(hq.to_json(hq.is_design(hq.pauli_group(1), 1)))
EXPANSION = json.loads(hq.to_json(hq.weingarten((2,)).series(order=3)))
FORMULA = json.loads(hq.to_json(hq.formula("kernel_mean")))
TOWER: Any = {"number": [3, 1]}
for _ in range(3):
    TOWER = {"power": TOWER, "exponent": [1000, 1]}
PART = INTEGRAL["terms"][0]["parts"][0]


@pytest.mark.parametrize(
    ("record", "path", "value", "message"),
    [
        (
            INTEGRAL,
            "schema_version",
            2,
            "schema_version must be 1, got 2; read it with the version of haarqntk",
        ),
        (INTEGRAL, "letters.0.kind", "tensor", "unknown kind of letter 'tensor'"),
        (
            INTEGRAL,
            "letters.0.properties",
            ["hermitan"],
            "unknown property 'hermitan'; did you mean 'hermitian'",
        ),
        (INTEGRAL, "letters.0.properties", ["traceless"], "each diagram must be in its canonical form"),
        (INTEGRAL, "letters.0.conjugated", 1, "conjugated must be true or false, got 1"),
        (INTEGRAL, "letters.0.spaces", [0], "letters[0].spaces[0] must be an integer ≥ 1, got 0"),
        (INTEGRAL, "terms.0.diagram.0.letters", [7], "letters must be places among the 2 letters, got [7]"),
        (INTEGRAL, "terms.0.diagram.0.letters", [], "letters must be places among the 2 letters, got []"),
        (INTEGRAL, "terms.0.diagram.0.partner", [0, 1], "partner must join the 4 ends in pairs"),
        (INTEGRAL, "terms.0.diagram.0.partner", [1], "partner must join the 4 ends in pairs"),
        (INTEGRAL, "terms.0.diagram.0.exponent", 10**9, "diagram[0].exponent must be an integer ≤ 10000"),
        (INTEGRAL, "terms.1", INTEGRAL["terms"][0], "each diagram must stand once, got one twice"),
        (INTEGRAL, "terms.0.parts.0.weights.0.group", "SU", "unknown group of a weight 'SU'"),
        (INTEGRAL, "terms.0.parts.0.weights.0.classes", [[1, 2]], "classes must be"),
        (INTEGRAL, "terms.0.parts.0.weights.0.classes", [[1], [1]], "classes must be 1 for the weight"),
        (INTEGRAL, "terms.0.parts.0.denominator", [], "denominator must not be zero"),
        (INTEGRAL, "terms.0.parts.0.numerator", [[1, 1]], "numerator must be a list of [coefficient,"),
        (INTEGRAL, "terms.0.parts.0.loops", [1.5], "parts[0].loops[0] must be an integer or a text, got 1.5"),
        (INTEGRAL, "declared.U.group", "unitari", "unknown group 'unitari'; did you mean 'unitary'"),
        (
            INTEGRAL,
            "terms.0.diagram",
            INTEGRAL["terms"][0]["diagram"][::-1],
            "each diagram must be in its canonical form",
        ),
        (TWIRL, "values", [[1, 1], [1, 1]], "values must be k! numbers, got 2 with k = 1"),
        (TWIRL, "k", 9, "k must be an integer ≤ 6, got 9"),
        (TWIRL, "values.0", {"sum": 3}, "sum must be a list, got 3"),
        (TWIRL, "values.0", {"root": 3}, "the field values[0].root must not be there; leave it out"),
        (
            TWIRL,
            "values.0",
            {"power": {"number": [2, 1]}, "exponent": [10**6, 1]},
            "an exponent must be at most 1000",
        ),
        (TWIRL, "values.0", {"power": {"number": [0, 1]}, "exponent": [-1, 1]}, "must not divide by 0"),
        (
            TWIRL,
            "values.0",
            {"symbol": "__import__('os')"},
            "values[0].symbol must be a name of letters, digits",
        ),
        (TWIRL, "values.0", {"constant": "pi"}, "unknown constant 'pi'; known: infinity, minus infinity"),
        (CHECK, "verdict", "wrong", "unknown verdict 'wrong'"),
        (CHECK, "is_exact", 1, "is_exact must be true or false, got 1"),
        (CHECK, "counterexample.D", 1, "D must be an integer ≥ 2, got 1"),
        (INTEGRAL, "letters.0.spaces", [], "letters[0].spaces must be a list of length ≥ 1, got []"),
        (INTEGRAL, "declared.U.spaces", [], "declared.U.spaces must be a list of length ≥ 1, got []"),
        (INTEGRAL, "letters.0.name", r"\input", "name must be letters, digits and underscores"),
        (
            INTEGRAL,
            "terms.0.parts.0.weights.0.spaces",
            ["é"],
            "spaces[0] must be a name of letters, digits and underscores, got 'é'",
        ),
        (
            INTEGRAL,
            "terms.0.parts.0.weights.0.spaces",
            [],
            "weights[0].spaces must be a list of length ≥ 1, got []",
        ),
        (CHECK, "claim", TOWER, "a power must have at most 13000 bits, got about"),
        (TWIRL, "values.0", TOWER, "a power must have at most 13000 bits, got about"),
        (EXPANSION, "terms.0.power", 10**12, "terms[0].power must be an integer ≤ 10000"),
        (FORMULA, "terms.0.monomial.L", 10**18, "terms[0].monomial.L must be an integer ≤ 10000"),
        (
            FORMULA,
            "x - at `$[0]",
            1,
            "a result must be what its schema says, got 'Object contains unknown field",
        ),
        (FORMULA, "schema_version", 1.0, "schema_version must be 1, got 1.0"),
        (FORMULA, "schema_version", "x" * 5000, "schema_version must be 1, got 'xxx"),
        (FORMULA, "type", "x" * 5000, "unknown type of result 'xxx"),
        (FORMULA, "ensemble", "x" * 5000, "unknown ensemble 'xxx"),
        (INTEGRAL, "letters.0.kind", "x" * 5000, "unknown kind of letter 'xxx"),
        (INTEGRAL, "declared.U.group", "x" * 5000, "unknown group 'xxx"),
        (FORMULA, "notation", r"\input{/etc/passwd}", "notation must be LaTeX of mathematics"),
        (FORMULA, "notation", r"^^5cinput{/etc/passwd}", "notation must be LaTeX of mathematics"),
        (FORMULA, "notation", r"x} \def\x{", "notation must be LaTeX of mathematics"),
        (FORMULA, "notation", "x} {", "notation must be LaTeX of mathematics"),
        (FORMULA, "notation", "x %", "notation must be LaTeX of mathematics"),
        (FORMULA, "definition_latex", r"\write18{ls}", "definition_latex must be LaTeX of mathematics"),
        (DESIGN, "is_design", False, "is_design must say whether"),
        (DESIGN, "haar_value", "-1234567890123456", "haar_value must be an integer ≥ 1, or a text of 16"),
        (DESIGN, "excess", "0", "excess must be a number, got '0'"),
        (EXPANSION, "remainder", 0, "remainder must be below every power, got 0 and"),
        (EXPANSION, "terms", EXPANSION["terms"][::-1], "the powers of an expansion must fall"),
    ],
)
def test_damage_is_one_line(record: dict[str, Any], path: str, value: Any, message: str) -> None:
    place = damaged = json.loads(json.dumps(record))
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in steps:
        place = place[step]
    place[last] = value
    with pytest.raises(HaarqntkError, match=re.escape(message)) as caught:
        hq.from_json(json.dumps(damaged))
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 500  # long values are shortened


@pytest.mark.parametrize("record", [INTEGRAL, TWIRL, CHECK, DESIGN, EXPANSION])
def test_a_missing_field_is_named(record: dict[str, Any]) -> None:
    read = {"latex", "expression", "text"}
    for name in record.keys() - read - {"schema_version", "type"}:
        with pytest.raises(InputError, match=f"the field {name} must be there"):
            hq.from_json(json.dumps({key: value for key, value in record.items() if key != name}))


@settings(max_examples=60)
@given(st.sampled_from([INTEGRAL, TWIRL, CHECK, DESIGN]), st.data())
def test_any_field_replaced_by_nonsense_is_refused_or_read(
    record: dict[str, Any], data: st.DataObject
) -> None:
    """Never anything but an error of the library."""
    damaged = json.loads(json.dumps(record))
    place, key = damaged, data.draw(st.sampled_from(sorted(damaged)))
    while isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans()):
        place = place[key]
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
    place[key] = data.draw(
        st.sampled_from([None, -1, 0, 1.5, "x", "", [], {}, [[]], [1, 0], {"number": [1, 2]}, True])
    )
    with suppress(HaarqntkError):
        hq.from_json(json.dumps(damaged))


def test_a_number_that_is_not_algebraic_is_not_written() -> None:
    with pytest.raises(OutputError, match=r"must hold rational and algebraic numbers only .*, got .*pi"):
        hq.to_json(hq.twirl([[sympy.pi, 0], [0, 0]], 1))


def test_a_random_integrand_is_no_result() -> None:
    with pytest.raises(InputTypeError, match=r"got ScalarExpression, which is random; average it first"):
        hq.to_json(hq.tr(hq.haar_unitary("U")))
