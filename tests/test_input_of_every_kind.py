"""What users of SymPy, QuTiP, SciPy and pandas type: it is read as what it is, or refused in one line with a cure."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import qutip
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import haarqntk as hq
from haarqntk import dynamics, training
from haarqntk.cli._terminal import parse_partition
from haarqntk.errors import HaarqntkError, InputError, InputTypeError

if TYPE_CHECKING:
    from collections.abc import Callable

A, B, C = hq.matrices("A"), hq.matrices("B"), hq.matrices("C", dims=(2, 3))
U = hq.haar_unitary("U")
MEAN: Any = hq.formula("kernel_mean")
HQ: Any = hq  # whose arguments here are of the wrong type
HT: Any = training
HD: Any = dynamics
AVERAGE = hq.expect(hq.tr(U @ A @ U.H @ B))
READERS: dict[str, Callable[[Any], Any]] = {
    "formula": lambda X: MEAN.at(D=2, L=1, observable=X),
    "law": lambda X: float(hq.kernel_law(D=2, L=1, observable=X).mean),
    "integral": lambda X: AVERAGE.at(2, matrices={"A": X, "B": [[1, 0], [0, 0]]}),
    "twirl": lambda X: str(hq.twirl(X, 1)),
    "channel": lambda X: hq.twirl_channel([X]).depolarising_parameter,
    "observable": lambda X: training.Observable(X).eigenvalues.tolist(),
}
ENTRIES = [[0.25, 0.5], [0.5, -1.0]]


class Table:
    """A table of pandas: it iterates over its labels, and is an array of NumPy when asked."""

    def __iter__(self) -> Any:
        return iter([0, 1])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:  # noqa: FBT001 - NumPy's own
        return np.array(ENTRIES, dtype=dtype)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "made", [sparse.csr_matrix, sparse.csr_array, sparse.dia_matrix, sparse.coo_array, lambda _: Table()]
)
def test_sparse_matrices_and_tables_are_the_matrices_that_they_hold(reader: str, made: Any) -> None:
    assert READERS[reader](made(np.array(ENTRIES))) == READERS[reader](np.array(ENTRIES))


def test_sparse_matrices_are_kraus_operators_and_unitaries_of_a_list() -> None:
    flip = sparse.csr_array(np.array([[0.0, 1.0], [1.0, 0.0]]))
    assert hq.frame_potential([flip, sparse.eye_array(2)], 1) == 2
    assert training.kernel_matrix(flip).tolist() == [[1, 0], [0, 1]]


ROWS: list[Any] = [{3, 1, 0, -1}, {3: 1, 1: 1, 0: 1, -1: 1}, frozenset({3, 1, 0, -1}), {3: 1}.keys(), "3110"]


@pytest.mark.parametrize("row", ROWS)
def test_rows_without_an_order_or_a_multiplicity_are_refused(row: Any) -> None:
    kept: Any = hq.formula("kernel_mean", ensemble="generator_average")
    calls: list[Callable[[], Any]] = [
        lambda: MEAN.at(D=4, L=1, spectrum=row),
        lambda: MEAN.at(D=4, L=1, spectrum=[3, 1, 0, -1], generator_spectrum=row),
        lambda: kept.at(D=4, L=1, spectrum=[3, 1, 0, -1], populations=row),
        lambda: hq.kernel_law(D=4, L=1, spectrum=row),
        lambda: simulated(spectrum=row),
        lambda: simulated(spectrum=[3, 1, 0, -1], generator_spectrum=row),
        lambda: simulated(spectrum=[3, 1, 0, -1], ensemble="generator_average", populations=row),
        lambda: hq.weingarten(row),
    ]
    for call in calls:
        with pytest.raises(InputTypeError) as refused:
            call()
        assert "\n" not in str(refused.value)


def simulated(**arguments: Any) -> Any:
    return hq.simulate("kernel_mean", D=4, L=1, samples=2, rng=np.random.default_rng(1), **arguments)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=5), st.sampled_from([",", ", ", " ,", " , "]))
def test_cycle_types_on_the_command_line_keep_their_parts(parts: list[int], comma: str) -> None:
    assert parse_partition(comma.join(map(str, parts))) == tuple(parts)


@given(st.lists(st.integers(1, 30), min_size=2, max_size=5))
def test_cycle_types_without_commas_are_refused(parts: list[int]) -> None:
    with pytest.raises(InputError, match="CYCLE_TYPE must be positive integers with commas"):
        parse_partition(" ".join(map(str, parts)))


FLAGS: dict[str, Callable[[Any], Any]] = {
    "flow": lambda x: dynamics.frozen_kernel(1.0, [0, 1], learning_rate=0.1, flow=x),
    "flow of outputs": lambda x: dynamics.frozen_outputs(
        [[1]], [0], cross_kernel=[[1]], outputs=[0], residual=[1], learning_rate=0.1, flow=x
    ),
    "flow of a law": lambda x: dynamics.frozen_law(
        hq.kernel_law(D=2, L=1, spectrum=[1, 0]), [0], learning_rate=0.1, flow=x
    ),
    "average": lambda x: dynamics.deep_flow(
        [[1, 0], [0, 0]], [0], states=[[1, 0]], labels=[0], learning_rate=0.1, L=1, average=x
    ),
    "follow_kernel": lambda x: dynamics.quadratic_correction(
        1, [0, 1], learning_rate=0.1, residual=1, meta_kernel=1, follow_kernel=x
    ),
    "pseudo_inverse": lambda x: hq.diagnose(np.eye(2), [1, 2], pseudo_inverse=x),
    "periodic": lambda x: training.hardware_efficient(3, 1, periodic=x),
    "periodic chain": lambda x: training.hamiltonian_variational(3, 1, periodic=x),
    "per_gate": lambda x: training.hamiltonian_variational(3, 1, per_gate=x),
    "reuploads": lambda x: training.Encoding(reuploads=x),
    "centred": lambda x: hq.check_claim("kernel_mean", "L", centred=x),
}


@pytest.mark.parametrize("name", FLAGS)
def test_flags_are_true_or_false_and_no_text(name: str) -> None:
    for right in (True, False, np.True_, np.False_):
        FLAGS[name](right)
    for wrong in ("no", "False", 0, 1, None, np.array([True])):
        with pytest.raises(
            InputTypeError, match=rf"^{name.split(maxsplit=1)[0]} must be True or False, got "
        ):
            FLAGS[name](wrong)


WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "tensor factor True": (lambda: HQ.partial_trace(C, over=True), "over must be an integer ≥ 0, got True"),
    "tensor factor 0.0": (lambda: HQ.partial_trace(C, over=0.0), "over must be an integer ≥ 0, got 0.0"),
    "Jacobian for a kernel": (
        lambda: HT.check_step_size(np.array([[1.0, 2.0], [0.0, 1.0]]), 0.1),
        "kernels must be symmetric, got one that is not; pass kernel_matrix(jacobian) for a Jacobian",
    ),
    "fields of QuTiP": (
        lambda: HT.ising_magnetisation(4, qutip.sigmaz()),
        "fields must be an array of numbers, got a Qobj of type oper with dims [[2], [2]]; pass a NumPy array",
    ),
    "ragged fields": (
        lambda: HT.ising_magnetisation(4, [1, [2]]),
        "fields must be an array of numbers, got list",
    ),
    "floats for moments": (
        lambda: HD.rules_from_moments([1.0, 0.5], Fraction(1)),
        "moment 0 must be an exact integer or rational, got 1.0",
    ),
    "no moments": (
        lambda: HD.rules_from_moments([], Fraction(1)),
        "moments must be a list of those of order 0 … 2n, got []",
    ),
    "an empty interval": (
        lambda: HD.rules_from_moments([Fraction(1), Fraction(1)], Fraction(0)),
        "end must be > 0, got 0",
    ),
    "no ansatz": (lambda: HT.circuit_of_ansatz(5), "ansatz must be drawn by random_ansatz, got 5"),
    "no circuit": (
        lambda: HT.kernel_statistics(
            lambda _: 5, [1], observable=HT.Observable.pauli("Z"), samples=2, rng=np.random.default_rng(1)
        ),
        "family must return a circuit, got 5 at depth 1",
    ),
    "scale of text": (lambda: HT.Encoding(scale="a"), "scale must be a real number, got 'a'"),
    "a matrix as a name": (
        lambda: HQ.Circuit().output(observable=np.eye(2)),
        "a matrix goes to .at(observables={'O1': …}) of the mean",
    ),
    "a matrix as a spectrum": (
        lambda: MEAN.at(D=2, L=1, spectrum=qutip.sigmaz()),
        "in order; a matrix goes to observable=",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_meant_is_refused_in_one_line(name: str) -> None:
    call, text = WRONG[name]
    with pytest.raises(HaarqntkError) as refused:
        call()
    assert text in str(refused.value)
    assert "\n" not in str(refused.value)


def test_fields_of_every_kind_are_read() -> None:
    expected = training.ising_magnetisation(4, [0.5, 1.0])
    assert training.ising_magnetisation(4, np.array([0.5, 1.0])).tolist() == expected.tolist()
    for one in (0.5, np.float64(0.5), np.array(0.5)):
        assert training.ising_magnetisation(4, one).tolist() == expected[:1].tolist()
    assert training.ising_magnetisation(4, (np.float64(0.5), 1)).tolist() == expected.tolist()
