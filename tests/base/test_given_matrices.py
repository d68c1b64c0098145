"""Every public function that takes numbers in rows, against each type of QuTiP: converted, or refused in one line."""

from __future__ import annotations

import inspect
import re
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pytest
import qutip
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import haarqntk as hq
from haarqntk import dynamics, training
from haarqntk.errors import HaarqntkError, InputError, InputTypeError
from haarqntk.montecarlo import random_ansatz

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# -- one object of each type, all of size 4 or 4 x 4, so that the numbers alone could be misread -------------------

X, Z, ROOT = qutip.sigmax(), qutip.sigmaz(), np.sqrt(0.5)
FLIP = qutip.tensor(X, Z)  # Hermitian and unitary
KET = (qutip.basis([2, 2], [0, 0]) + qutip.basis([2, 2], [1, 1])).unit()
QOBJ: dict[str, Any] = {
    "oper": FLIP,
    "other factors": qutip.Qobj(FLIP.full(), dims=[[2, 2], [4]]),
    "projector": KET.proj(),
    "ket": KET,
    "bra": KET.dag(),
    "super": qutip.to_super(X),
    "choi": qutip.to_choi(X),
    "chi": qutip.to_chi(X),
    "operator-ket": qutip.operator_to_vector(X) * ROOT,
    "operator-bra": qutip.operator_to_vector(X).dag() * ROOT,
}
SEEDS = st.integers(0, 2**32 - 1)
VALUE = None  # taken, with the value of the plain array
Answers: TypeAlias = "Mapping[str, str | None]"
CHANNELS = ("super", "choi", "chi")
OPERATOR: Answers = {
    "oper": VALUE,
    "projector": VALUE,
    "other factors": r"the same tensor factors on both sides, .* dims \[\[2, 2\], \[4\]\]",
    "ket": r"be an operator, got a Qobj of type ket with dims \[\[2, 2\], \[1\]\]; pass X.proj\(\)",
    "bra": r"be an operator, got a Qobj of type bra .* pass X.dag\(\).proj\(\)",
    "operator-ket": r"be an operator, got a Qobj of type operator-ket .* qutip.vector_to_operator\(X\)",
    "operator-bra": r"be an operator, .* type operator-bra .* qutip.vector_to_operator\(X.dag\(\)\)",
    **{kind: f"be an operator, got a Qobj of type {kind} with dims" for kind in CHANNELS},
}
UNITARY: Answers = {
    **OPERATOR,
    "projector": "must be unitary",
    "ket": "be a unitary operator, got a Qobj of type ket .* pass the unitary that prepares it",
    "bra": "be a unitary operator, got a Qobj of type bra .* pass the unitary that prepares it",
    "operator-ket": "be a unitary operator, got a Qobj of type operator-ket",
    "operator-bra": "be a unitary operator, got a Qobj of type operator-bra",
    **{kind: f"be a unitary operator, got a Qobj of type {kind}" for kind in CHANNELS},
}
STATE: Answers = {
    **dict.fromkeys(QOBJ, "be a ket or its projector, got a Qobj of type"),
    "ket": VALUE,
    "projector": VALUE,
    "oper": "must be pure",
    "other factors": "the same tensor factors on both sides",
    "bra": r"type bra .* pass X.dag\(\)",
}
KETS: Answers = {
    **dict.fromkeys(QOBJ, "be a ket, got a Qobj of type"),
    "ket": VALUE,
    "bra": r"type bra .* pass X.dag\(\)",
    "oper": "be a ket, got a Qobj of type oper .* pass the kets themselves",
}
KRAUS: Answers = {**OPERATOR, **dict.fromkeys(CHANNELS, VALUE)}
CHANNEL: Answers = {
    **dict.fromkeys(QOBJ, r"must be a list of matrices, got Qobj; pass \[K\]"),
    **dict.fromkeys(CHANNELS, VALUE),
}
LIST: Answers = dict.fromkeys(QOBJ, "must be a list")
NUMBERS: Answers = dict.fromkeys(QOBJ, "be an array of numbers, got a Qobj of type .* pass a NumPy array")
EXPRESSION: Answers = dict.fromkeys(QOBJ, r"must be a matrix expression, got Quantum object.*hq\.matrices")
FACTOR: Answers = dict.fromkeys(QOBJ, r"must be a matrix, got Quantum object.*\.at\(matrices=…\)")
NUMBER: Answers = dict.fromkeys(QOBJ, "must be a real number, got Quantum object")
UNUSED: Answers = dict.fromkeys(QOBJ, "is not used by ensemble .* got Quantum object")
DECLARED: Answers = dict.fromkeys(QOBJ, "declarations must be hq matrices and states, got")
NAME: Answers = dict.fromkeys(QOBJ, "must be a (capital letter|name) .* got Quantum object")
OTHER: Answers = dict.fromkeys(QOBJ, "must (be|hold|list|map|name) .*(Qobj|Quantum object)")

# -- the table ---------------------------------------------------------------------------------------------------

TR = sympy.Trace(sympy.MatrixSymbol("U", 2, 2))
GIVEN = hq.matrices("X", dims=(2, 2))
V = hq.kron(hq.haar_unitary("V", dims=2), hq.identity(2))
CIRCUIT = training.ParametrisedCircuit(
    2, (training.PauliRotation("XI", parameter=0), training.PauliRotation("YX", feature=0))
)
Z1 = training.Observable.pauli("ZI")
KEPT: Any = hq.formula("kernel_mean", ensemble="generator_average")
OVERLAPS: Any = hq.formula("supervised_kernel_mean")
EIGENVALUES: Any = hq.formula("supervised_kernel_eigenvalues")
(LAYER,) = hq.layer_indices("l")
A, B = hq.Circuit().output(state="a"), hq.Circuit().output(state="b")
ENTRY = hq.mean(hq.sum_over(A.d(LAYER) * B.d(LAYER), LAYER) * A * B)
UP, DIAGONAL = qutip.basis([2, 2], [0, 0]), qutip.tensor(Z, qutip.qeye(2)) + qutip.tensor(X, X)
PAIR = {"D": 4, "L": 2, "observable": DIAGONAL}
POINT = {"observable": Z1, "angles": [0.3], "features": [[0.1]]}
LINEAR = {"jacobian": np.eye(4), "targets": np.ones(4), "outputs": np.zeros(4)}
DRAWN: dict[str, Any] = {"samples": 2, "rng": np.random.default_rng(1)}
RATE: dict[str, Any] = {"learning_rate": 0.1}
FLOW: dict[str, Any] = {"times": [1], **RATE}
DEEP = {**FLOW, "observable": FLIP.full(), "states": UP.full().T, "labels": [0.5], "times": [0, 1], "L": 3}
ARRAYS = re.compile("(jacobian|targets|outputs|features|angles|kernels?|residual)$|test_|cross_")
USUAL: dict[str, tuple[Any, dict[str, Any]]] = {  # a call that is right, to spoil in one argument
    "hq.diagnose": (hq.diagnose, {**LINEAR, **{f"test_{name}": value for name, value in LINEAR.items()}}),
    "hq.diagnose_circuit": (
        hq.diagnose_circuit,
        {**POINT, "circuit": CIRCUIT, "targets": [1], "test_features": [[0.2]], "test_targets": [1]},
    ),
    "training.outputs": (training.outputs, {**POINT, "circuit": CIRCUIT}),
    "training.outputs_and_jacobian": (training.outputs_and_jacobian, {**POINT, "circuit": CIRCUIT}),
    "training.meta_kernels": (training.meta_kernels, {**POINT, "circuit": CIRCUIT}),
    "training.train": (training.train, {**POINT, **RATE, "circuit": CIRCUIT, "targets": [0.2], "steps": 1}),
    "training.kernel_statistics": (
        training.kernel_statistics,
        {**DRAWN, "family": lambda _: CIRCUIT, "depths": [1], "observable": Z1, "features": [[0.1]]},
    ),
    "training.fixed_kernels": (
        training.fixed_kernels,
        {"ansatz": random_ansatz(2, 4, np.random.default_rng(1)), "num_inputs": 2, "angles": np.eye(4)},
    ),
    "training.kernel_matrix": (training.kernel_matrix, {"jacobian": np.eye(4)}),
    "training.check_step_size": (training.check_step_size, {"kernels": np.eye(4), **RATE}),
    "training.ising_magnetisation": (training.ising_magnetisation, {"num_qubits": 3, "fields": [1.0]}),
    "dynamics.frozen_kernel": (dynamics.frozen_kernel, {**FLOW, "kernel": np.eye(4), "residual": np.ones(4)}),
    "dynamics.frozen_outputs": (
        dynamics.frozen_outputs,
        {**FLOW, **dict.fromkeys(("kernel", "cross_kernel"), np.eye(4))}
        | dict.fromkeys(("residual", "outputs"), np.ones(4)),
    ),
    "dynamics.constant_lambda_flow": (
        dynamics.constant_lambda_flow,
        {**FLOW, "kernel": 1, "residual": 1, "relative_meta_kernel": 0.1},
    ),
    "dynamics.quadratic_correction": (
        dynamics.quadratic_correction,
        {**FLOW, "kernel": 1, "residual": 1, "meta_kernel": 0.1},
    ),
    "dynamics.loss_lower_bound": (dynamics.loss_lower_bound, FLOW | {"loss": 1, "L": 2, "generator_norm": 1}),
    "dynamics.step_sizes": (dynamics.step_sizes, {"kernel": np.eye(4)}),
    "dynamics.deep_flow": (dynamics.deep_flow, DEEP),
    "hq.simulate": (
        hq.simulate,
        {**DRAWN, "quantity": "kernel_mean", "D": 4, "L": 1, "spectrum": [1, 2, 3, 4]}
        | {"generator_spectrum": [1, 1, -1, -1]},
    ),
}


def spoiling(name: str, answers: Answers, *arguments: str) -> dict[str, tuple[Callable[[Any], Any], Answers]]:
    function, usual = USUAL[name]

    def call(argument: str) -> Callable[[Any], Any]:
        return lambda v: function(**{**usual, argument: v})

    return {f"{name}.{argument}": (call(argument), answers) for argument in arguments}


def circuit_output(method: str, argument: str) -> Callable[[Any], Any]:
    return lambda v: getattr(hq.Circuit(), method)(**{argument: v})


def as_numbers(twirled: Any) -> tuple[Any, ...]:
    return twirled.dimension, twirled.depolarising_parameter, twirled.trace_factor


TABLE: dict[str, tuple[Callable[[Any], Any], Answers]] = {
    # exact averages and designs
    "hq.Integral.at.matrices": (
        lambda v: hq.expect(hq.partial_trace(V @ GIVEN @ V.H, over=0)).at(matrices={"X": v}),
        OPERATOR,
    ),
    "hq.twirl.operator": (lambda v: hq.twirl(v, 2).values, OPERATOR),
    "hq.twirl_channel.kraus": (lambda v: as_numbers(hq.twirl_channel(v)), CHANNEL),
    "hq.twirl_channel.kraus[0]": (lambda v: as_numbers(hq.twirl_channel([v])), KRAUS),
    "hq.frame_potential.unitaries": (lambda v: hq.frame_potential(v, 2), {**LIST}),
    "hq.frame_potential.unitaries[0]": (lambda v: hq.frame_potential([v, np.eye(4)], 2), UNITARY),
    "hq.is_design.unitaries": (lambda v: hq.is_design(v, 2), {**LIST}),
    "hq.is_design.unitaries[0]": (lambda v: hq.is_design([v, np.eye(4)], 2).excess, UNITARY),
    # formulas
    "hq.Formula.at.observable": (lambda v: hq.formula("kernel_mean").at(D=4, L=2, observable=v), OPERATOR),
    "hq.Formula.at.observable[0]": (
        lambda v: OVERLAPS.at(D=4, L=2, overlap=0, observable=[v, np.diag([1, 2, 3, 4])]),
        OPERATOR,
    ),
    "hq.Formula.at.observables": (
        lambda v: OVERLAPS.at(D=4, L=2, overlap=0, observables={"O1": v, "O2": np.diag([1, 2, 3, 4])}),
        OPERATOR,
    ),
    "hq.Formula.at.states": (lambda v: ENTRY.at(**PAIR, states={"a": v, "b": UP}), STATE),
    "hq.Formula.at.spectrum": (lambda v: hq.formula("kernel_mean").at(D=4, L=2, spectrum=v), LIST),
    "hq.Formula.at.populations": (lambda v: KEPT.at(D=4, L=2, spectrum=[1, 2, 3, 4], populations=v), OTHER),
    "hq.EigenvalueFormula.at.observable": (
        lambda v: sorted(EIGENVALUES.at(D=4, L=2, num_inputs=2, observable=v).items()),
        OPERATOR,
    ),
    "hq.EigenvalueFormula.at.observable[0]": (
        lambda v: sorted(EIGENVALUES.at(D=4, L=2, gram=np.eye(2), observable=[v, np.eye(4)]).items()),
        OPERATOR,
    ),
    "hq.EigenvalueFormula.at.gram": (
        lambda v: sorted(EIGENVALUES.at(D=4, L=2, gram=v, observable=np.diag([1, 2, 3, 4])).items()),
        {**OPERATOR, "oper": "unit diagonal", "projector": "unit diagonal"},
    ),
    "hq.EigenvalueFormula.at.spectrum": (lambda v: EIGENVALUES.at(D=4, L=2, num_inputs=2, spectrum=v), LIST),
    "hq.EigenvalueFormula.at.traces": (lambda v: EIGENVALUES.at(D=4, L=2, num_inputs=2, traces=v), OTHER),
    "hq.kernel_law.observable": (lambda v: hq.kernel_law(D=4, L=2, observable=v).moments(2), OPERATOR),
    **spoiling("hq.simulate", OTHER, "spectrum", "generator_spectrum"),
    **spoiling("hq.simulate", UNUSED, "populations"),
    # integrands are made of names
    "hq.tr.matrix": (hq.tr, EXPRESSION),
    "hq.partial_trace.matrix": (lambda v: hq.partial_trace(v, over=0), EXPRESSION),
    "hq.HaarState.expectation.matrix": (lambda v: hq.haar_state("psi").expectation(v), FACTOR),
    "hq.HaarState.matrix_element.matrix": (
        lambda v: hq.haar_state("psi").matrix_element(v, hq.haar_state("phi")),
        FACTOR,
    ),
    "hq.kron.factors": (lambda v: hq.kron(v, V), dict.fromkeys(QOBJ, "every factor must be a matrix")),
    "hq.expect.integrand": (hq.expect, OTHER),
    "hq.expect.over": (lambda v: hq.expect(hq.tr(V), over=[v]), OTHER),
    "hq.expect.matrices": (lambda v: hq.expect(TR, over=hq.haar_unitary("U", dims=2), matrices=v), DECLARED),
    "hq.parse_integrand.declared": (lambda v: hq.parse_integrand("Tr(U)", declared=[v]), OTHER),
    **{
        f"hq.Circuit.{method}.{argument}": (circuit_output(method, argument), NAME)
        for method in ("output", "residual")
        for argument in ("observable", "state")
    },
    # training
    "training.Observable.matrix": (lambda v: training.Observable(v).matrix, OPERATOR),
    "training.FixedGate.matrix": (lambda v: training.FixedGate(v, (0, 1)).matrix, UNITARY),
    **{
        key: entry
        for name, (_, usual) in USUAL.items()
        for key, entry in spoiling(name, NUMBERS, *filter(ARRAYS.match, usual)).items()
    },
    **{
        key: entry
        for name, (_, usual) in USUAL.items()
        if "circuit" in usual or "family" in usual
        for key, entry in spoiling(name, OTHER, "observable").items()
    },
    **spoiling("training.ising_magnetisation", NUMBERS, "fields"),
    # predictions
    **spoiling("dynamics.constant_lambda_flow", NUMBER, "kernel", "residual", "relative_meta_kernel"),
    **spoiling("dynamics.quadratic_correction", NUMBER, "kernel", "residual", "meta_kernel"),
    "dynamics.quadratic_correction.relative_meta_kernel": (
        lambda v: dynamics.quadratic_correction(1, [1], **RATE, residual=1, relative_meta_kernel=v),
        NUMBER,
    ),
    **spoiling("dynamics.loss_lower_bound", NUMBER, "generator_norm"),
    **spoiling("dynamics.deep_flow", NUMBER, "generator_square"),
    "dynamics.deep_kernel.generator_square": (
        lambda v: dynamics.deep_kernel(FLIP, [UP], L=2, generator_square=v),
        NUMBER,
    ),
    **spoiling("dynamics.deep_flow", NUMBERS, "labels"),
    "dynamics.deep_flow.observable": (
        lambda v: dynamics.deep_flow(**{**DEEP, "observable": v, "states": [UP]}).residual,
        OPERATOR,
    ),
    **spoiling("dynamics.deep_flow", LIST, "states"),
    "dynamics.deep_flow.states[0]": (
        lambda v: dynamics.deep_flow(**{**DEEP, "states": [flat_vector(v)]}).residual,
        KETS,
    ),
    "dynamics.deep_kernel.observable": (lambda v: dynamics.deep_kernel(v, [UP], L=2), OPERATOR),
    "dynamics.deep_kernel.states": (lambda v: dynamics.deep_kernel(FLIP, v, L=2), LIST),
    "dynamics.deep_kernel.states[0]": (lambda v: dynamics.deep_kernel(FLIP, [flat_vector(v)], L=2), KETS),
}


def flat_vector(value: Any) -> Any:
    """What stands for a column among plain arrays: a row of the list of states."""
    return value.ravel() if isinstance(value, np.ndarray) else value


@pytest.mark.parametrize("name", TABLE)
def test_a_qobj_has_the_value_of_its_array_or_is_refused_in_one_line(name: str) -> None:
    function, answers = TABLE[name]
    assert answers.keys() == QOBJ.keys()
    for kind, text in answers.items():
        if text is not VALUE:
            with pytest.raises(HaarqntkError, match=text) as caught:
                function(QOBJ[kind])
            assert "\n" not in str(caught.value)
            continue
        plain: Any = QOBJ[kind].full()
        if kind in CHANNELS:  # the unitary channel of X, by its Kraus operator
            plain = X.full() if name.endswith("[0]") else [X.full()]
        found, expected = function(QOBJ[kind]), function(plain)
        np.testing.assert_allclose(numbers(found), numbers(expected), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", [name for name, (_, a) in TABLE.items() if a in (OPERATOR, UNITARY)])
@pytest.mark.parametrize("value", [[FLIP] * 4, [KET] * 4, [KET, UP], qutip.QobjEvo(FLIP)])
def test_a_list_of_qobj_is_no_matrix(name: str, value: Any) -> None:
    if value == [FLIP] * 4 and name == "hq.EigenvalueFormula.at.observable":
        return  # takes a list of observables
    with pytest.raises((InputError, InputTypeError)) as caught:
        TABLE[name][0](value)
    assert "\n" not in str(caught.value)
    assert "must" in str(caught.value)


def numbers(value: Any) -> Any:
    return np.asarray(value, dtype=np.complex128)


# -- the table has every public function -----------------------------------------------------------------------

RESULTS = {  # made by the library, not by its user
    *("DesignCheck", "Diagnosis", "EigenvalueFormula", "Estimate", "Formula", "HaarState", "Integral"),
    *("KernelLaw", "LayerIndex", "MatrixExpression", "Ratio", "ScalarExpression", "Series", "Twirl"),
    *("TwirledChannel", "WeingartenFunction", "DiagnosticsStudy", "KernelStatistics", "StudyFinding"),
    *("StudyModel", "StudyRun", "TrainingRun", "ConstantLambdaFlow", "DeepFlow", "DeepFlowSingle"),
    *("FrozenOutputs", "Prediction", "Rule", "Rules", "ShortTimeSeries", "StepSizes"),
}
WORDS = re.compile(
    r"(?i)matri|array|qobj|unitar|vector|observable|\bstates?\b|kernel|jacobian|operator|kraus|shape"
)
NO_MATRIX = {  # arguments whose names or texts have such a word
    *("dynamics.frozen_law.law", "dynamics.jensen_gap.law", "dynamics.quadratic_correction.follow_kernel"),
    *("hq.Circuit.ensemble", "hq.check_claim.centred", "hq.check_claim.name", "hq.diagnose.pseudo_inverse"),
    *("hq.diagnose.rank_tolerance", "hq.diagnose.scale", "hq.formula.ensemble", "hq.haar_state.dims"),
    *("hq.identity.dims", "hq.matrices.dims", "hq.matrices.properties", "hq.parse_moment.text"),
    *("hq.to_python.value", "hq.twirl.group", "hq.weingarten.group", "hq.weingarten.method"),
    *("hq.weingarten_table.group", "hq.weingarten_table.k", "hq.weingarten_table.method"),
    "training.outputs_and_jacobian.method",
}


def arguments() -> Iterator[str]:
    """Each argument of a public function, as room.function.argument, whose name or text speaks of matrices."""
    seen: set[int] = set()
    for room, module in (("hq", hq), ("training", training), ("dynamics", dynamics)):
        for name in module.__all__:
            public = getattr(module, name)
            if not callable(public) or id(public) in seen:
                continue
            seen.add(id(public))
            functions = {} if name in RESULTS else {name: public}
            if inspect.isclass(public):
                methods = (attribute for attribute in vars(public) if not attribute.startswith("_"))
                functions |= {f"{name}.{m}": f for m in methods if callable(f := getattr(public, m))}
            for path, function in functions.items():
                text = inspect.getdoc(function) or ""
                for argument in inspect.signature(function).parameters:
                    described = re.search(rf"^ {{4}}{argument}: (.*(?:\n {{8}}.*)*)", text, re.MULTILINE)
                    if WORDS.search(f"{argument} {described.group(1) if described else ''}"):
                        yield f"{room}.{path}.{argument}"


def test_no_public_function_is_missing() -> None:
    known = {name.removesuffix("[0]") for name in TABLE} | NO_MATRIX
    assert sorted(set(arguments()) - known) == []
    assert sorted(NO_MATRIX - set(arguments())) == []


# -- channels, against QuTiP's own conversions and fidelity --------------------------------------------------------


def representations(S: Any) -> Iterator[Any]:
    chi = [qutip.to_chi(S)] if set(S.dims[0][0]) == {2} else []
    for channel in (S, qutip.to_choi(S), *chi):
        yield channel
        yield [channel]


def random_kraus(dims: list[int], rank: int, seed: int) -> list[Any]:
    """The blocks of a random isometry."""
    D, rng = int(np.prod(dims)), np.random.default_rng(seed)
    columns = rng.normal(size=(rank * D, D)) + 1j * rng.normal(size=(rank * D, D))
    blocks = np.linalg.qr(columns)[0].reshape(rank, D, D)
    return [qutip.Qobj(K, dims=[dims, dims]) for K in blocks]


def test_amplitude_damping_has_its_parameter_in_every_representation() -> None:
    S = qutip.kraus_to_super([qutip.Qobj([[1, 0], [0, ROOT]]), qutip.Qobj([[0, ROOT], [0, 0]])])
    for channel in (qutip.to_kraus(S), [K.full() for K in qutip.to_kraus(S)], *representations(S)):
        t = hq.twirl_channel(channel)
        assert t.dimension == 2
        assert t.depolarising_parameter == pytest.approx(0.63807119, abs=5e-9)
        assert t.average_fidelity == pytest.approx(0.81903559, abs=5e-9)


@given(dims=st.sampled_from([[2], [3], [2, 2], [2, 3]]), seed=SEEDS, rank=st.integers(1, 4))
def test_a_random_channel_has_one_twirl_in_each_representation(dims: list[int], seed: int, rank: int) -> None:
    kraus, D = random_kraus(dims, rank, seed), int(np.prod(dims))
    S, p = qutip.kraus_to_super(kraus), (sum(abs(K.tr()) ** 2 for K in kraus) - 1) / (D**2 - 1)
    fidelity = qutip.average_gate_fidelity(S)
    for channel in (kraus, *representations(S)):
        t = hq.twirl_channel(channel)
        assert t.dimension == D
        assert t.depolarising_parameter == pytest.approx(p, abs=1e-11)
        assert t.trace_factor == pytest.approx(1, abs=1e-11)
        assert t.average_fidelity == pytest.approx(fidelity, abs=1e-11)


DAMPING = qutip.to_super(qutip.Qobj([[1, 0], [0, ROOT]]))


@pytest.mark.parametrize(
    ("channel", "text"),
    [
        (qutip.liouvillian(X, [qutip.sigmam()]), r"completely positive, .* pass \(L \* t\).expm\(\)"),
        (qutip.spre(X), "completely positive, but its Choi matrix is off by"),
        (-DAMPING, "completely positive"),
        (DAMPING * np.nan, "must be finite"),
        (qutip.to_super(qutip.Qobj(np.ones((3, 2)))), r"on one space .* dims \[\[\[3\], \[3\]\], \[\[2\]"),
        (qutip.tensor(DAMPING, DAMPING), "join channels by qutip.super_tensor"),
        ([DAMPING, DAMPING], r"kraus\[0\] must be an operator, got a Qobj of type super"),
    ],
)
def test_what_is_no_channel_is_refused(channel: Any, text: str) -> None:
    with pytest.raises(HaarqntkError, match=text):
        hq.twirl_channel(channel)


# -- tensor factors ------------------------------------------------------------------------------------------------


@cache
def rotated(num_factors: int) -> Any:
    """Tr_1 of X after a Haar rotation of its first factor, which is Tr_1 X."""
    names = tuple(f"d{i}" for i in range(num_factors))
    rotation = hq.kron(hq.haar_unitary("V", dims="d0"), hq.identity(names[1:]))
    return hq.expect(hq.partial_trace(rotation @ hq.matrices("X", dims=names) @ rotation.H, over=0))


@settings(max_examples=30)
@given(sizes=st.lists(st.integers(2, 3), min_size=2, max_size=3), seed=SEEDS, data=st.data())
def test_a_qobj_has_declared_factors_or_is_refused(sizes: list[int], seed: int, data: st.DataObject) -> None:
    average = rotated(len(sizes))
    dimensions = {f"d{i}": size for i, size in enumerate(sizes)}
    value: Any = qutip.rand_herm(sizes, seed=seed)
    found = average.at(**dimensions, matrices={"X": value})
    assert np.allclose(found.astype(complex), value.ptrace(range(1, len(sizes))).full(), atol=1e-12)
    order = data.draw(st.permutations(range(len(sizes))))
    permuted = value.permute(order)
    if permuted.dims == value.dims:
        return
    wanted = " × ".join(map(str, sizes))
    for wrong in (permuted, qutip.Qobj(value.full())):  # a flat Qobj says nothing of the factors
        with pytest.raises(InputError) as caught:
            average.at(**dimensions, matrices={"X": wrong})
        assert f"X must act on the tensor factors {wanted} in this order" in str(caught.value)
        assert f"dims {wrong.dims}; give it the dims {value.dims}" in str(caught.value)


def test_factors_multiplied_together_in_their_order_are_the_declared_ones() -> None:
    trace = hq.expect(hq.partial_trace(hq.matrices("X", dims=(4, 3)), over=1))
    for dims in ([2, 2, 3], [4, 3], [4, 1, 3]):
        value = qutip.rand_herm(dims, seed=1)
        expected = np.einsum("aibi->ab", value.full().reshape(4, 3, 4, 3))
        assert np.allclose(trace.at(matrices={"X": value}).astype(complex), expected)
    for dims in ([2, 3, 2], [12], [6, 2], [3, 4], [2, 6]):
        with pytest.raises(InputError, match="the tensor factors 4 × 3 in this order"):
            trace.at(matrices={"X": qutip.rand_herm(dims, seed=1)})


Y23, Y32 = qutip.rand_herm([2, 3], seed=1), qutip.rand_herm([3, 2], seed=2)
A6, B6 = hq.matrices("A B", dims=6)


OF_OTHER_FACTORS = [
    (lambda: hq.twirl(qutip.rand_herm(4, seed=1), 2), "tensor factors 2 × 2 in this order, .* dims"),
    (lambda: hq.twirl(qutip.rand_herm([8, 2], seed=1), 2), "tensor factors 4 × 4 in this order"),
    (lambda: training.Observable(qutip.rand_herm([2, 4], seed=1)), "tensor factors 2 × 2 × 2 in this"),
    (lambda: training.FixedGate(qutip.rand_unitary(4, seed=1), (0, 1)), "tensor factors 2 × 2 in this"),
    (
        lambda: hq.expect(hq.tr(A6 @ B6)).at(matrices={"A": Y23, "B": Y32}),
        r"matrix B must act on the tensor factors of matrix A, .* dims \[\[3, 2\], \[3, 2\]\], and \[\[2, 3\]",
    ),
    (lambda: hq.is_design([qutip.qeye([2, 3]), qutip.qeye([3, 2])], 1), r"of unitaries\[0\]"),
    (lambda: hq.twirl_channel([qutip.qeye([2, 3]), qutip.qeye([3, 2])]), r"of kraus\[0\]"),
    (lambda: dynamics.deep_kernel(Y23, [qutip.basis([3, 2], [0, 0])], L=2), "factors of observable"),
    (
        lambda: dynamics.deep_kernel(Y23, [qutip.basis([2, 3], [0, 0]), qutip.basis([3, 2], [0, 0])], L=2),
        r"factors of states\[0\]",
    ),
    (
        lambda: ENTRY.at(**PAIR, states={"a": UP, "b": qutip.basis(4, 1)}),
        r"states\[b\] must act on the tensor factors of O",
    ),
]


@pytest.mark.parametrize(("call", "text"), OF_OTHER_FACTORS)
def test_qobj_of_one_space_have_the_same_factors(call: Callable[[], Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        call()


def test_copies_made_of_several_factors_are_read_in_their_order() -> None:
    R = qutip.rand_herm([2, 2, 2, 2], seed=3)
    assert hq.twirl(R, 2).values == hq.twirl(R.full(), 2).values


OF_ANOTHER_SHAPE = [
    (lambda: hq.twirl(np.ones((4, 1)), 2), r"operator must be a square matrix, got shape \(4, 1\)"),
    (lambda: hq.twirl_channel([np.ones((2, 1))]), r"kraus\[0\] must be a square matrix, got shape \(2, 1\)"),
    (lambda: hq.twirl_channel(np.eye(2)), r"kraus must be a list of matrices, .*; pass \[K\]"),
    (lambda: hq.is_design([np.ones((2, 1))], 1), r"unitaries\[0\] must be a square matrix"),
    (lambda: training.Observable(np.ones((2, 1))), r"matrix must be a square matrix, got the shape \(2, 1\)"),
    (
        lambda: hq.kernel_law(D=2, L=1, observable=np.ones((2, 1))),
        r"shape \(2, 2\) to fit D = 2, got \(2, 1\)",
    ),
    (
        lambda: OVERLAPS.at(D=2, L=1, overlap=0, observable=[[[1], [1, 2]], np.eye(2)]),
        "observable must have rows of one length",
    ),
    (lambda: dynamics.deep_kernel(np.eye(2), np.ones((1, 2, 1)), L=1), r"shape \(m, 2\), got \(1, 2, 1\)"),
]


@pytest.mark.parametrize(("call", "text"), OF_ANOTHER_SHAPE)
def test_arrays_of_another_shape_are_refused(call: Callable[[], Any], text: str) -> None:
    with pytest.raises((InputError, InputTypeError), match=text):
        call()
