"""The four ensembles and general generators against averages done with matrices, groups and by hand."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache, reduce
from itertools import permutations, product
from math import comb, factorial, prod
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import cycle_lengths, icosahedral_rotations, mean_over_haar_states, power_sums, symmetric_group
from strategies import copies as products
from strategies import rationals, spectra

import haarqntk as hq
from haarqntk.algebra import RationalFunction, Symbol, Trace, TracePolynomial
from haarqntk.circuits import Copy, layer_patterns, mean_of_pattern, mean_of_product
from haarqntk.combinatorics import cycles
from haarqntk.errors import CostError, InputError
from haarqntk.qntk import Formula

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Matrix = NDArray[np.complex128]

D = RationalFunction([0, 1])
L = TracePolynomial.variable("L")
ONE = TracePolynomial.constant(1)
z, g_l, g_m = Copy(()), Copy(("l",)), Copy(("m",))
h_ll, h_lm, h_mm = Copy(("l", "l")), Copy(("l", "m")), Copy(("m", "m"))
MU = (h_lm, g_l, g_m)
K_SQUARED = (g_l, g_l, g_m, g_m)

# -- matrices that do not commute, inputs that overlap -----------------------------------------------------------

LOPSIDED = {2: (3, -1), 3: (2, -1, 0), 4: (2, -1, 0, 0)}  # a third central moment from D = 3 on


@dataclass(frozen=True)
class Setting:
    """Matrices of the observables, projectors on the inputs, the generator of every layer."""

    observables: Mapping[str, Matrix]
    states: Mapping[str, Matrix]
    X: Matrix

    @property
    def dimension(self) -> int:
        return len(self.X)


@cache
def setting(dimension: int, generators: str) -> Setting:
    rng = np.random.default_rng(dimension)

    def hermitian() -> Matrix:
        matrix = rng.normal(size=(dimension, dimension)) + 1j * rng.normal(size=(dimension, dimension))
        return np.asarray((matrix + matrix.conj().T) / 4)

    def projector() -> Matrix:
        vector = rng.normal(size=dimension) + 1j * rng.normal(size=dimension)
        return np.asarray(np.outer(vector, vector.conj()) / np.vdot(vector, vector).real)

    diagonal = LOPSIDED[dimension] if generators == "general" else (1, -1) * (dimension // 2)
    return Setting(
        {name: hermitian() for name in ("O", "A", "B", "C")},
        {name: projector() for name in ("psi", "a", "b")},
        np.diag(diagonal).astype(complex),
    )


def value_of(polynomial: TracePolynomial, at: Setting, depth: int) -> float:
    """The value of a polynomial whose symbols are looked up one by one; a real mean needs real parts only."""

    def value(name: Symbol) -> complex:
        if name == "L":
            return depth
        if isinstance(name, Trace):
            return complex(np.trace(reduce(np.matmul, [at.observables[x] for x in name.observables])))
        if name.startswith(("sigma_", "Re_")):
            _, *letters = name.split("_")
            states = letters if len(letters) > 1 else [*letters[0]]
            return complex(np.trace(reduce(np.matmul, [at.states[state] for state in states]))).real
        if name[0] == "X":
            return complex(np.trace(np.linalg.matrix_power(at.X, int(name[1:]))))
        letters = ["psi", *"O" * int(name[1:])] if name[0] == "m" else name.removeprefix("Tr_").split("_")
        return complex(np.trace(reduce(np.matmul, [{**at.observables, **at.states}[x] for x in letters])))

    total = sum(
        float(c.at(at.dimension)) * prod(value(name) ** e for name, e in monomial)
        for monomial, c in polynomial.terms.items()
    )
    return complex(total).real


# -- the definition with matrices: every segment projects on the permutation operators ------------------------


@cache
def commutant(dimension: int, k: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The k! permutation operators as rows, and the pseudo-inverse of their Gram matrix."""
    identity = np.eye(dimension**k).reshape((dimension,) * (2 * k))
    rows = [identity.transpose([*p, *range(k, 2 * k)]).ravel() for p in permutations(range(k))]
    operators = np.array(rows)
    gram = operators @ operators.T
    return operators, np.asarray(np.linalg.pinv(gram, rcond=1e-10, hermitian=True), dtype=np.float64)


def twirl(R: Matrix, dimension: int, k: int) -> Matrix:
    operators, inverse = commutant(dimension, k)
    return np.asarray((inverse @ (operators @ R.ravel())) @ operators).reshape(R.shape)


def tensor(factors: Sequence[Matrix]) -> Matrix:
    product = np.ones((1, 1), dtype=complex)
    for factor in factors:
        product = np.kron(product, factor)
    return product


def mean_by_matrices(copies: Sequence[Copy], at: Setting, depth: int) -> float:
    k, one = len(copies), np.eye(at.dimension, dtype=complex)
    sites = [tensor([at.X if i == a else one for i in range(k)]) for a in range(k)]
    start = tensor([at.states[copy.state] for copy in copies])
    total = 0j
    for pattern in layer_patterns(copies):
        R = twirl(start, at.dimension, k)
        for block in pattern:
            for X, count in zip(sites, block, strict=True):
                for _ in range(count):
                    R = 1j * (X @ R - R @ X)
            R = twirl(R, at.dimension, k)
        end = np.trace(R @ tensor([at.observables[copy.observable] for copy in copies]))
        total += comb(depth, len(pattern)) * end
    assert abs(total.imag) < 1e-9
    return total.real


MOMENTS = {
    "z z": [z, z],
    "K": [g_l, g_l],
    "z h": [z, h_ll],
    "mu": list(MU),
    "h_ll g g": [h_ll, g_l, g_l],
    "third derivatives": [Copy(("l", "l", "l")), g_l],
    "K K": list(K_SQUARED),
    "z mu": [z, *MU],
    "h h g g": [h_ll, h_ll, g_l, g_l],
    "h_lm h_lm": [h_lm, h_lm],
    "h_lm h_lm z z": [h_lm, h_lm, z, z],
    "third derivatives of two layers": [Copy(("l", "l", "m")), g_m, z],
    "two inputs, two observables": [Copy(("l",), "a", "A"), Copy(("l",), "b", "B")],
    "two kernels": [Copy((x,), state) for x, state in ("la", "la", "mb", "mb")],
    "an off-diagonal kernel, squared": [Copy((x,), state) for x in "lm" for state in "ab"],
    "three observables": [Copy(("l", "m"), "a", "A"), Copy(("l",), "b", "B"), Copy(("m",), "b", "C")],
}


@pytest.mark.parametrize("name", MOMENTS)
@pytest.mark.parametrize(("D", "generators"), [(2, "pauli"), (4, "pauli"), (2, "general"), (3, "general")])
def test_moments_are_those_of_the_definition_by_matrices(name: str, D: int, generators: str) -> None:
    at = setting(D, generators)
    exact = mean_of_product(MOMENTS[name], generators=generators, dimension=D)
    assert value_of(exact, at, 3) == pytest.approx(mean_by_matrices(MOMENTS[name], at, 3), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    "product",
    [
        [Copy((), observable="A"), Copy(("l", "l"), observable="B"), Copy(("l",), observable="C")],
        [Copy((), observable="A"), Copy(("l", "m"), observable="B"), Copy(("l", "m", "m"), observable="C")],
    ],
)
def test_an_odd_number_of_commutators_sees_the_phase_of_three_observables(product: list[Copy]) -> None:
    """i(Tr ABC − Tr ACB) is real, and X → −X is no symmetry of a general X. A refusal would do as well."""
    at = setting(3, "general")
    expected = mean_by_matrices(product, at, 1)
    assert abs(expected) > 1e-3
    try:
        exact = mean_of_product(product, generators="general", dimension=3)
    except InputError:
        return
    assert value_of(exact, at, 1) == pytest.approx(expected, rel=1e-9)


# -- general generators -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MOMENTS)
def test_general_generators_with_the_traces_of_a_pauli_string_are_pauli_generators(name: str) -> None:
    traces = {f"X{j}": TracePolynomial.constant(D * (1 - j % 2)) for j in range(1, 9)}
    general = mean_of_product(MOMENTS[name], generators="general")
    assert general.substitute(traces) == mean_of_product(MOMENTS[name])


@given(
    st.sampled_from(["K", "mu", "K K"]),
    st.sampled_from([2, 3, 4]).flatmap(lambda n: st.tuples(spectra(n), spectra(n))),
    rationals(),
    rationals(),
)
def test_a_generator_enters_up_to_a_constant_and_by_its_size(
    name: str, both: tuple[tuple[Fraction, ...], ...], c: Fraction, s: Fraction
) -> None:
    """X → X + c is a global phase; X → sX rescales the angles: K^n by s^(2n), μ by s⁴."""
    O, X = both
    dimension, degree = len(O), {"K": 2, "mu": 4, "K K": 4}[name]
    moment = mean_of_product(MOMENTS[name], generators="general", dimension=dimension)

    def at(generator: Sequence[Fraction]) -> Fraction:
        values = {name.replace("T", "X"): x for name, x in power_sums(generator, 4).items()}
        return moment.at(dimension, power_sums(O, 4) | values | {"L": Fraction(3)})

    assert at([x + c for x in X]) == at(X)
    assert at([s * x for x in X]) == s**degree * at(X)


def moment_of_xi_in_dimension_three(X: Sequence[int], n: int) -> Fraction:
    """E ξ^n, ξ = Tr(A V X V†) with A = diag(1, 0, −1): the Harish-Chandra–Itzykson–Zuber integral at D = 3.

    E exp(tξ) = 2 Σ_σ sgn(σ) exp(t Σ_i a_i x_σ(i)) / (t³ Δ(a) Δ(x)).
    """
    a = (1, 0, -1)
    vandermonde = prod((u[i] - u[j] for u in (a, X) for i in range(3) for j in range(i)), start=1)
    total = 0
    for sigma in symmetric_group(3):
        sign = (-1) ** (3 - len(cycle_lengths(sigma)))
        total += sign * sum(p * X[i] for p, i in zip(a, sigma, strict=True)) ** (n + 3)
    return Fraction(2 * total * factorial(n), vandermonde * factorial(n + 3))


@pytest.mark.parametrize("X", [(2, -1, 0), (1, 5, -3), (0, 1, 2)])
@settings(max_examples=15)
@given(spectra(3), st.integers(1, 9))
def test_moments_of_the_kernel_of_a_qutrit_are_those_of_the_integral_of_harish_chandra(
    X: tuple[int, ...], O: tuple[Fraction, ...], depth: int
) -> None:
    squares = [x * x for x in O]
    two, four = (moment_of_xi_in_dimension_three(X, n) for n in (2, 4))
    v = mean_over_haar_states([squares]) - mean_over_haar_states([O, O])
    v_squared = (
        mean_over_haar_states([squares, squares])
        - 2 * mean_over_haar_states([squares, O, O])
        + mean_over_haar_states([O, O, O, O])
    )
    expected = {"kernel_mean": v * depth * two}
    expected["kernel_second_moment"] = v_squared * (depth * four + depth * (depth - 1) * two**2)
    for name, value in expected.items():
        f = hq.formula(name, generators="general")
        assert isinstance(f, Formula)
        assert f.at(D=3, L=depth, spectrum=O, generator_spectrum=X) == value


def test_the_mean_kernel_of_general_generators_is_two_twirls_of_two_copies() -> None:
    """E Tr(AX̃)² = Tr A² (D X_2 − X_1²)/(D(D²−1)) for traceless A, Tr A² = 2v, E v = (D T_2 − T_1²)/(D(D+1))."""
    T1, T2, X1, X2 = (TracePolynomial.variable(name) for name in ("T1", "T2", "X1", "X2"))
    by_hand = 2 * L * (D * T2 - T1**2) * (D * X2 - X1**2) * (1 / (D**2 * (D + 1) * (D**2 - 1)))
    assert mean_of_product([g_l, g_l], generators="general") == by_hand


# -- translation: a Haar segment absorbs a shift of an angle, whatever X is -----------------------------------


@pytest.mark.parametrize("generators", ["pauli", "general"])
def test_the_three_identities_of_translation_hold_at_the_symbol(generators: str) -> None:
    def mean(*copies: Copy) -> TracePolynomial:
        return mean_of_product(copies, generators=generators)

    assert not mean(h_ll, g_l, g_l)
    assert 3 * mean(z, h_ll, g_l, g_l) == -mean(g_l, g_l, g_l, g_l)
    assert mean(*MU)
    assert 2 * mean(*MU) == -mean(g_l, g_l, h_mm)


@settings(max_examples=25)
@given(products(most=4), st.sampled_from(["l", "m"]))
def test_a_total_derivative_averages_to_zero_for_general_generators(product: list[Copy], theta: str) -> None:
    total = TracePolynomial({})
    for i, copy in enumerate(product):
        differentiated = [*product[:i], Copy((*copy.layers, theta)), *product[i + 1 :]]
        pattern = tuple(tuple(c.layers.count(index) for c in differentiated) for index in "lm")
        blocks = tuple(block for block in pattern if any(block))
        total = total + mean_of_pattern(differentiated, blocks, generators="general")
    assert not total


# -- independent layers -----------------------------------------------------------------------------------------

BOTH = pytest.mark.parametrize("generators", ["pauli", "general"])


@BOTH
@pytest.mark.parametrize("name", ["K", "K K", "h_ll g g", "z z"])
def test_one_layer_is_independent_of_no_other(name: str, generators: str) -> None:
    """With one layer a product of equal derivatives keeps its law."""
    independent, together = (
        mean_of_product(MOMENTS[name], ensemble=ensemble, generators=generators).substitute({"L": ONE})
        for ensemble in ("independent_layers", "segments")
    )
    assert independent == together


@BOTH
def test_different_derivatives_are_independent_factors(generators: str) -> None:
    def pattern(copies: Sequence[Copy], *blocks: tuple[int, ...]) -> TracePolynomial:
        return mean_of_pattern(copies, blocks, generators=generators)

    def mean(*copies: Copy) -> TracePolynomial:
        return mean_of_product(copies, ensemble="independent_layers", generators=generators)

    square = pattern([g_l, g_l], (1, 1))
    pairs = L * (L - ONE)
    assert mean(*K_SQUARED) == L * pattern([g_l] * 4, (1, 1, 1, 1)) + pairs * square**2
    different = pairs * pattern([h_lm, h_lm], (1, 1), (1, 1))
    assert mean(h_lm, h_lm) == L * pattern([h_ll, h_ll], (2, 2)) + different
    assert not mean(*MU)
    assert mean(z, g_l, g_l) == pattern([z]) * square * L


def test_the_second_moment_of_the_meta_kernel_of_independent_layers_has_two_kinds_of_terms() -> None:
    square, fourth = mean_of_pattern([g_l, g_l], ((1, 1),)), mean_of_pattern([g_l] * 4, ((1, 1, 1, 1),))
    same = mean_of_pattern([h_ll, h_ll], ((2, 2),))
    different = mean_of_pattern([h_lm, h_lm], ((1, 1), (1, 1)))
    expected = L * same * fourth + 2 * L * (L - ONE) * different * square**2
    copies = [*MU, Copy(("p", "q")), Copy(("p",)), Copy(("q",))]
    assert mean_of_product(copies, ensemble="independent_layers") == expected


# -- the ansatz of the letter -----------------------------------------------------------------------------------


@cache
def every_layer() -> tuple[Matrix, Matrix]:
    """Each Pauli string with each element of a 5-design, shapes (240, 2, 2): all that one layer can be."""
    paulis = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    rotations = icosahedral_rotations()
    return np.repeat(paulis, len(rotations), axis=0), np.tile(rotations, (len(paulis), 1, 1))


def mean_by_enumeration(copies: Sequence[Copy], at: Setting, depth: int) -> float:
    """The letter's circuit on a qubit: layer L acts on the input, all Pauli strings, W_l in a finite 5-design.

    W_l absorbs e^{iθ_lP_l} on its right, so all angles are 0. Copies as arrays over the choices of all layers so far.
    """
    P, W = every_layer()
    total = 0j
    for layers in product(range(depth), repeat=2):
        place = dict(zip("lm", layers, strict=True))
        values = np.ones(1)
        for copy in copies:
            R = at.states[copy.state][np.newaxis]
            for layer in reversed(range(depth)):
                R = np.broadcast_to(R[:, np.newaxis], (len(R), len(P), 2, 2))
                for _ in range(sum(place[index] == layer for index in copy.layers)):
                    R = 1j * (P @ R - R @ P)
                R = (W @ R @ W.conj().swapaxes(1, 2)).reshape(-1, 2, 2)
            values = values * np.einsum("nij,ji->n", R, at.observables[copy.observable])
        total += values.mean()
    assert abs(total.imag) < 1e-9
    free = 2 - len({index for copy in copies for index in copy.layers})  # indices that do not occur
    return float(total.real / depth**free)


LABELS = st.sampled_from([("psi", "O"), ("psi", "O"), ("psi", "A"), ("a", "O"), ("b", "B")])


@settings(max_examples=30)
@given(st.data(), products(most=4), st.integers(1, 2))
def test_what_the_letters_ansatz_has_is_right(data: st.DataObject, product: list[Copy], depth: int) -> None:
    labelled = [Copy(copy.layers, *data.draw(LABELS)) for copy in product]
    try:
        exact = mean_of_product(labelled, ensemble="prl_ansatz", dimension=2)
    except InputError:
        return
    at = setting(2, "pauli")
    expected = mean_by_enumeration(labelled, at, depth)
    assert value_of(exact, at, depth) == pytest.approx(expected, rel=1e-9, abs=1e-9)


UNSEEN = ["z z", "K", "z h", "mu", "h_ll g g", "third derivatives", "two inputs, two observables"]
SEEN = {
    "K K": MOMENTS["K K"],
    "z z h h": MOMENTS["h_lm h_lm z z"],
    "e h_ll g g": [z, h_ll, g_l, g_l],
    "two kernels": MOMENTS["two kernels"],
    "an odd number, two inputs": [Copy(("l",), "a"), Copy((), "b")],
}


@pytest.mark.parametrize("name", UNSEEN)
@pytest.mark.parametrize("depth", [1, 2])
def test_moments_that_do_not_see_the_input_block(name: str, depth: int) -> None:
    exact = mean_of_product(MOMENTS[name], ensemble="prl_ansatz", dimension=2)
    at = setting(2, "pauli")
    expected = mean_by_enumeration(MOMENTS[name], at, depth)
    assert value_of(exact, at, depth) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", SEEN)
def test_a_moment_that_sees_the_missing_input_block_is_refused_with_the_other_name(name: str) -> None:
    with pytest.raises(InputError, match=r"next to the input .*use ensemble 'prl_ansatz_with_input_block'"):
        mean_of_product(SEEN[name], ensemble="prl_ansatz")
    at = setting(2, "pauli")
    other = mean_of_product(SEEN[name], ensemble="prl_ansatz_with_input_block", dimension=2)
    assert abs(value_of(other, at, 1) - mean_by_enumeration(SEEN[name], at, 1)) > 1e-3


def test_the_second_moment_of_the_kernel_of_a_qubit_differs_by_a_quarter() -> None:
    """derivations/08_ensembles.md: O = Z and the input |0⟩ give 8/5, with the block 32/25."""
    up, Z = np.diag([1, 0]).astype(complex), np.diag([1, -1]).astype(complex)
    qubit = Setting({"O": Z}, {"psi": up}, Z)
    assert mean_by_enumeration([g_l] * 4, qubit, 1) == pytest.approx(8 / 5)
    block = mean_of_product([g_l] * 4, ensemble="prl_ansatz_with_input_block", dimension=2)
    assert value_of(block, qubit, 1) == pytest.approx(32 / 25)


@pytest.mark.parametrize("name", MOMENTS)
def test_no_generator_of_the_ansatz_is_the_identity_with_this_probability(name: str) -> None:
    """Σ over patterns of C(L, blocks) (1 − 1/D²)^blocks times the mean under ``segments``."""
    total = TracePolynomial({})
    for pattern in layer_patterns(MOMENTS[name]):
        choices = prod(
            (L - TracePolynomial.constant(i) for i in range(len(pattern))),
            start=TracePolynomial.constant(Fraction(1, factorial(len(pattern)))),
        )
        total = total + mean_of_pattern(MOMENTS[name], pattern) * choices * (1 - 1 / D**2) ** len(pattern)
    assert mean_of_product(MOMENTS[name], ensemble="prl_ansatz_with_input_block") == total


def test_the_mean_kernel_of_the_ansatz_is_smaller_by_the_silent_layers() -> None:
    found = mean_of_product([g_l, g_l], ensemble="prl_ansatz")
    assert found == mean_of_product([g_l, g_l]) * (1 - 1 / D**2)


# -- the average over generators alone --------------------------------------------------------------------------


def haar_average_of_the_output_state(polynomial: TracePolynomial) -> TracePolynomial:
    """E Π ⟨O^j_i⟩ over Haar states: Σ_σ Π_cycles T_{sum of j} / (D (D+1) …)."""
    total = TracePolynomial({})
    for monomial, c in polynomial.terms.items():
        powers = [int(name[1:]) for name, e in monomial if name[0] == "m" for _ in range(e)]
        rest = tuple(pair for pair in monomial if pair[0][0] != "m")
        norm = prod((D + i for i in range(len(powers))), start=RationalFunction(1))
        for sigma in symmetric_group(len(powers)):
            sums = (sum(powers[i] for i in cycle) for cycle in cycles(sigma))
            part = TracePolynomial({rest: c / norm})
            total = total + prod((TracePolynomial.variable(f"T{j}") for j in sums), start=part)
    return total


@BOTH
@pytest.mark.parametrize(
    "name", ["K", "z h", "mu", "h_ll g g", "K K", "z mu", "h h g g", "third derivatives of two layers"]
)
def test_a_haar_random_output_state_makes_it_the_average_over_segments(name: str, generators: str) -> None:
    kept = mean_of_product(MOMENTS[name], ensemble="generator_average", generators=generators)
    assert kept.variables != mean_of_product(MOMENTS[name]).variables
    assert haar_average_of_the_output_state(kept) == mean_of_product(MOMENTS[name], generators=generators)


def derivative(copy: Copy, layers: Mapping[str, int], rotated: Sequence[Matrix], at: Setting) -> Any:
    """∂_{l…} ⟨M⟩ with M kept: commutators i[·, X̃] with the layer next to the observable first."""
    M: Any = at.observables[copy.observable]
    for layer in sorted(layers[index] for index in copy.layers):
        M = 1j * (M @ rotated[layer] - rotated[layer] @ M)
    return np.trace(M @ at.states[copy.state], axis1=-2, axis2=-1)


@BOTH
@pytest.mark.parametrize("name", [name for name in MOMENTS if name != "h h g g"])  # six X need a 6-design
def test_kept_states_are_averaged_over_all_generators_of_two_layers(name: str, generators: str) -> None:
    at = setting(2, generators)
    V = icosahedral_rotations()
    assert len(V) == 60
    X = V @ at.X @ V.conj().swapaxes(-1, -2)
    rotated = [X[:, None], X[None, :]]
    indices = sorted({index for copy in MOMENTS[name] for index in copy.layers})
    total = 0.0
    for choice in product((0, 1), repeat=len(indices)):
        layers = dict(zip(indices, choice, strict=True))
        values = prod(derivative(copy, layers, rotated, at) for copy in MOMENTS[name])
        total += float(np.mean(values.real))
    exact = mean_of_product(MOMENTS[name], ensemble="generator_average", generators=generators, dimension=2)
    assert value_of(exact, at, 2) == pytest.approx(total, rel=1e-9, abs=1e-9)


def test_an_odd_number_of_commutators_sees_the_phase_of_two_observables_in_a_kept_state() -> None:
    """E[h_ll(B) g_l(A)] has the term i⟨[A, B]⟩ times the third cumulant of X. A refusal would do as well."""
    at, identity = setting(3, "general"), np.eye(3)
    A, B, rho = at.observables["A"], at.observables["B"], at.states["psi"]

    def moment(X: Sequence[Matrix]) -> complex:
        h = (B @ X[0] - X[0] @ B) @ X[1] - X[1] @ (B @ X[0] - X[0] @ B)
        return complex(1j**3 * np.trace(rho @ h) * np.trace(rho @ (A @ X[2] - X[2] @ A)))

    # X̃ ⊗ X̃ ⊗ X̃ averages to Σ_π x_π P_π, and P_π is a sum of products of matrix units
    operators, inverse = commutant(3, 3)
    weights = inverse @ (operators @ tensor([at.X] * 3).ravel())
    total = 0j
    for weight, operator in zip(weights, operators, strict=True):
        for row, column in np.argwhere(operator.reshape(27, 27)):
            pairs = zip(np.unravel_index(row, (3,) * 3), np.unravel_index(column, (3,) * 3), strict=True)
            total += weight * moment([np.outer(identity[i], identity[j]) for i, j in pairs])
    assert abs(total.imag) < 1e-12
    assert abs(total.real) > 0.01
    product = [Copy(("l", "l"), observable="B"), Copy(("l",), observable="A")]
    try:
        exact = mean_of_product(product, ensemble="generator_average", generators="general", dimension=3)
    except InputError:
        return
    assert value_of(exact, at, 1) == pytest.approx(total.real, rel=1e-9)


def test_the_limit_of_many_layers_is_the_kernel_of_you_and_others() -> None:
    """K → 2 L Z (⟨M²⟩ − ⟨M⟩²) with Z = Tr X²/(D²−1)."""
    m1, m2 = TracePolynomial.variable("m1"), TracePolynomial.variable("m2")
    expected = 2 * L * (m2 - m1**2) * (D / (D**2 - 1))
    assert mean_of_product([g_l, g_l], ensemble="generator_average") == expected


# -- laws of every ensemble, and sizes ---------------------------------------------------------------------------

ENSEMBLES = pytest.mark.parametrize(
    "ensemble", ["segments", "independent_layers", "prl_ansatz_with_input_block", "generator_average"]
)


@ENSEMBLES
@settings(max_examples=10)
@given(products(most=4), st.randoms(use_true_random=False), st.sampled_from([None, 2, 4]))
def test_copies_commute(ensemble: str, product: list[Copy], random: Any, dimension: int | None) -> None:
    shuffled = list(product)
    random.shuffle(shuffled)
    here, there = (mean_of_product(x, ensemble=ensemble, dimension=dimension) for x in (product, shuffled))
    assert here == there


@ENSEMBLES
@pytest.mark.parametrize("dimension", [2, 4, 8])
def test_the_variance_of_the_kernel_is_not_negative(ensemble: str, dimension: int) -> None:
    """O = diag(3, 1, 0, …, −2) on the first basis state, or on a Haar-random one."""
    spectrum = [3, 1, *[0] * (dimension - 3), -2][-dimension:]
    values = power_sums(spectrum, 4) | {f"m{j}": Fraction(1, 2) * (3**j + (-2) ** j) for j in range(1, 5)}
    for depth in (1, 2, 7):
        at = values | {"L": Fraction(depth)}
        mean, second = (
            mean_of_product(copies, ensemble=ensemble, dimension=dimension).at(dimension, at)
            for copies in ((g_l, g_l), K_SQUARED)
        )
        assert mean > 0
        assert second >= mean**2


@ENSEMBLES
def test_a_single_commutator_averages_to_zero_whatever_it_is_multiplied_with(ensemble: str) -> None:
    product = [Copy((), "a", "A"), Copy((), "b", "B"), Copy(("l",), "b", "C")]
    assert not mean_of_product(product, ensemble=ensemble)
    assert not mean_of_product(product, generators="general")


@pytest.mark.parametrize(
    ("k", "ensemble", "generators", "largest"),
    [
        (7, "segments", "pauli", 6),
        (7, "independent_layers", "pauli", 6),
        (7, "prl_ansatz", "pauli", 6),
        (5, "segments", "general", 4),
        (5, "independent_layers", "general", 4),
        (5, "generator_average", "pauli", 4),
        (5, "generator_average", "general", 4),
    ],
)
def test_one_copy_too_many_is_refused_by_size(k: int, ensemble: str, generators: str, largest: int) -> None:
    text = (
        f"k = {k} copies would not finish: the recursion has {k}! = {factorial(k)} coefficients; "
        f"the largest k for ensemble '{ensemble}' and generators '{generators}' is {largest}"
    )
    with pytest.raises(CostError, match=text):
        mean_of_product([g_l] * k, ensemble=ensemble, generators=generators)
    with pytest.raises(CostError, match=text):
        mean_of_pattern([g_l] * k, ((1,) * k,), ensemble=ensemble, generators=generators)
