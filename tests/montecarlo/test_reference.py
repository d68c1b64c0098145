import itertools
import math
from functools import partial

import numpy as np
import pytest
import qutip
from hypothesis import given, settings
from hypothesis import strategies as st

from haarqntk.errors import InputError
from haarqntk.montecarlo._qutip import (
    Circuit,
    commutator_derivative,
    derivative,
    gradient,
    hessian,
    random_circuit,
)

angles = st.floats(min_value=0, max_value=2 * math.pi)
coefficients = st.floats(min_value=-10, max_value=10)


def random_case(D: int, L: int, seed: int) -> tuple[Circuit, qutip.Qobj, qutip.Qobj]:
    """A circuit with a complex state and an observable that is not diagonal: the reference takes any."""
    rng = np.random.default_rng(seed)
    state = qutip.rand_ket(D, seed=rng)
    observable = qutip.rand_herm(D, seed=rng)
    return random_circuit(D, L, rng), state, observable


@given(coefficients, coefficients, coefficients, angles)
@settings(deadline=None)
def test_derivatives_of_one_rotation(a: float, b: float, c: float, theta: float) -> None:
    """e^{iθX} on |0⟩ turns a + bZ + cY into z = a + b cos 2θ + c sin 2θ."""
    circuit = Circuit((qutip.qeye(2), qutip.qeye(2)), (qutip.sigmax(),), (theta,))
    observable = a * qutip.qeye(2) + b * qutip.sigmaz() + c * qutip.sigmay()
    cos, sin = math.cos(2 * theta), math.sin(2 * theta)
    zero = qutip.basis(2, 0)
    assert circuit.output(zero, observable) == pytest.approx(a + b * cos + c * sin, abs=1e-12)
    d = partial(derivative, circuit, zero, observable)
    assert gradient(d, 1) == pytest.approx([2 * (c * cos - b * sin)], abs=1e-12)
    assert d(0, 0) == pytest.approx(-4 * (b * cos + c * sin), abs=1e-12)


@given(angles, angles)
@settings(deadline=None)
def test_the_last_layer_acts_on_the_state_first(theta_1: float, theta_2: float) -> None:
    """U = e^{iθ_1Z} e^{iθ_2X} on |0⟩ has ⟨Y⟩ = cos 2θ_1 sin 2θ_2; the other order would have sin 2θ_2."""
    one = qutip.qeye(2)
    circuit = Circuit((one, one, one), (qutip.sigmaz(), qutip.sigmax()), (theta_1, theta_2))
    a, b = 2 * theta_1, 2 * theta_2
    expected = [-2 * math.sin(a) * math.sin(b), 2 * math.cos(a) * math.cos(b)]
    slope = partial(derivative, circuit, qutip.basis(2, 0), qutip.sigmay())
    assert gradient(slope, 2) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("D", "L"), [(2, 1), (4, 3), (6, 2), (8, 2)])
def test_shift_rule_equals_finite_differences(D: int, L: int) -> None:
    circuit, state, observable = random_case(D, L, seed=D)
    step = 1e-3

    def difference(layer: int, *others: int) -> float:
        values = []
        for sign in (1, -1):
            shifted = list(circuit.angles)
            shifted[layer] += sign * step
            moved = Circuit(circuit.segments, circuit.generators, tuple(shifted))
            values.append(derivative(moved, state, observable, *others))
        return (values[0] - values[1]) / (2 * step)

    # A function a + b cos 2θ + c sin 2θ has a central difference of exactly sin(2h)/(2h) times its slope.
    ratio = math.sin(2 * step) / (2 * step)
    for layer in range(L):
        first = derivative(circuit, state, observable, layer)
        assert difference(layer) == pytest.approx(ratio * first, abs=1e-11)
        for other in range(L):
            second = derivative(circuit, state, observable, layer, other)
            assert difference(layer, other) == pytest.approx(ratio * second, abs=1e-11)


@pytest.mark.parametrize(("D", "L"), [(2, 1), (2, 4), (4, 3), (6, 2), (8, 3)])
def test_shift_rule_equals_the_commutator(D: int, L: int) -> None:
    """∂z/∂θ_l = Tr(ρ i[M, X]), ρ the state before layer l and M the observable seen from there."""
    circuit, state, observable = random_case(D, L, seed=10 * D + L)
    for layer in range(L):
        ket, after = circuit.segments[L] @ state, circuit.segments[0]
        for late in reversed(range(layer + 1, L)):
            ket = circuit.segments[late] @ (1j * circuit.angles[late] * circuit.generators[late]).expm() @ ket
        for early in range(layer):
            turn = (1j * circuit.angles[early] * circuit.generators[early]).expm()
            after = after @ turn @ circuit.segments[early + 1]
        X = circuit.generators[layer]
        after = after @ (1j * circuit.angles[layer] * X).expm()
        M = after.dag() @ observable @ after
        commutator = (ket.proj() @ (1j * (M @ X - X @ M))).tr()
        assert derivative(circuit, state, observable, layer) == pytest.approx(commutator, abs=1e-12)


@pytest.mark.parametrize(("D", "L"), [(2, 1), (2, 3), (4, 3), (6, 2)])
def test_commutators_equal_the_shift_rule(D: int, L: int) -> None:
    case = random_case(D, L, seed=D + L)
    for layers in [(), *itertools.product(range(L)), *itertools.product(range(L), repeat=2), (0, L - 1, 0)]:
        expected = derivative(*case, *layers)
        assert commutator_derivative(*case, *layers) == pytest.approx(expected, abs=1e-11)
    shifted, commuted = partial(derivative, *case), partial(commutator_derivative, *case)
    assert hessian(shifted, L) == pytest.approx(np.array(hessian(commuted, L)), abs=1e-11)
    assert gradient(shifted, L) == pytest.approx(gradient(commuted, L), abs=1e-11)


def test_outputs_do_not_depend_on_those_that_were_asked_for_before() -> None:
    """Layers and kets are kept: for other states and angles they must not be taken, nor when an id comes again."""
    circuit, _, observable = random_case(4, 3, seed=3)
    rng = np.random.default_rng(3)
    grid = [0.1, 0.1 + math.pi / 4, 2.0]
    for _ in range(100):
        angles = rng.choice(grid, size=3).tolist()
        state = qutip.rand_ket(4, seed=rng)  # the one before may be gone, and this one in its place
        expected = Circuit(circuit.segments, circuit.generators, tuple(angles)).output(state, observable)
        assert circuit.output(state, observable, angles) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("X", [(1, 2, -1), (3, 0, 0), (0, 1, 1, -2, 3)])
def test_commutators_equal_finite_differences_for_any_generator(X: tuple[int, ...]) -> None:
    D, L, step = len(X), 2, 1e-3
    rng = np.random.default_rng(D)
    state, observable = qutip.rand_ket(D, seed=rng), qutip.rand_herm(D, seed=rng)
    circuit = random_circuit(D, L, rng, generator=np.array(X, dtype=float))

    def value(layer: int, steps: int, *others: int) -> float:
        angles = list(circuit.angles)
        angles[layer] += steps * step
        moved = Circuit(circuit.segments, circuit.generators, tuple(angles))
        return commutator_derivative(moved, state, observable, *others)

    assert commutator_derivative(circuit, state, observable) == pytest.approx(
        circuit.output(state, observable), abs=1e-13
    )
    for layer in range(L):
        for others in [(), (0,), (1,)]:
            near, far = (value(layer, k, *others) - value(layer, -k, *others) for k in (1, 2))
            difference = (8 * near - far) / (12 * step)  # an error of step⁴ times a fifth derivative over 30
            exact = commutator_derivative(circuit, state, observable, layer, *others)
            assert exact == pytest.approx(difference, abs=1e-8)


def test_the_shift_rule_refuses_other_generators() -> None:
    rng = np.random.default_rng(1)
    circuit = random_circuit(3, 2, rng, generator=np.array([1.0, 2, -1]))
    with pytest.raises(InputError, match="must have generators with X² = 1, got others; use commutator_der"):
        derivative(circuit, qutip.basis(3, 0), qutip.qeye(3), 0)


def test_repeated_derivatives() -> None:
    circuit, state, observable = random_case(4, 3, seed=1)

    def d(*layers: int) -> float:
        return derivative(circuit, state, observable, *layers)

    assert d() == circuit.output(state, observable)
    assert d(0, 2) == pytest.approx(d(2, 0), abs=1e-13)
    assert d(1, 1, 1) == pytest.approx(-4 * d(1), abs=1e-13)  # frequencies are 0 and 2, nothing else
    assert d(0, 1, 1, 1, 0, 0) == pytest.approx(16 * d(0, 1), abs=1e-13)


def test_angles_can_be_replaced() -> None:
    circuit, state, observable = random_case(4, 2, seed=2)
    shifted = tuple(angle + math.pi for angle in circuit.angles)
    expected = circuit.output(state, observable)
    assert circuit.output(state, observable, shifted) == pytest.approx(expected, abs=1e-13)


def test_lengths_must_fit() -> None:
    one = qutip.qeye(2)
    with pytest.raises(InputError, match=r"L \+ 1 segments, L generators and L angles, got 2, 1 and 3"):
        Circuit((one, one), (qutip.sigmax(),), (0.0, 0.0, 0.0))
