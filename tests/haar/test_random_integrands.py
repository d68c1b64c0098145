"""Random integrands, evaluated exactly by the engine and by two routes that know no Weingarten function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from integrands import (
    Batch,
    BatchRoom,
    NetworkRoom,
    NetworkState,
    dihedral_group,
    evaluate,
    given_network,
    mean_of_network,
    names_in,
    random_network,
)
from oracles import icosahedral_group, icosahedral_rotations
from strategies import DENSE_CASES, integrands, tensor_integrands

import haarqntk as hq

if TYPE_CHECKING:
    from strategies import Integrand

ROUNDING = 1e-9
DECLARE: dict[str, Any] = {
    "unitary": hq.haar_unitary,
    "orthogonal": hq.haar_orthogonal,
    "symplectic": hq.haar_symplectic,
}


def expressions(integrand: Integrand) -> dict[str, Any]:
    """The letters as the library's expressions, at symbolic dimensions or at numbers."""
    names = ("D",) if len(integrand.dims) == 1 else ("d1", "d2")
    dims: tuple[Any, ...] = names if integrand.is_symbolic else integrand.dims
    on = dict.fromkeys("UA", dims)
    on |= {"V": dims[:1], "B": dims[:1]}
    on |= {"W": dims[-1:], "C": dims[-1:]}
    letters = {name: DECLARE[integrand.group](name, dims=on[name]) for name in "UVW"}
    letters |= {name: hq.matrices(name, dims=on[name]) for name in "ABC"}
    letters |= {"psi": hq.haar_state("psi", dims=dims), "dims": dims}
    if integrand.group == "symplectic" and integrand.is_symbolic:
        letters["half"] = integrand.dims[0] // 2
    return letters


def by_the_engine(integrand: Integrand) -> Any:
    mean = hq.expect(evaluate(integrand.node, expressions(integrand), hq))
    names = ("D",) if len(integrand.dims) == 1 else ("d1", "d2")
    given_dims = dict(zip(names, integrand.dims, strict=True)) if integrand.is_symbolic else {}
    matrices = {name: value for name, value in integrand.matrices.items() if name in names_in(integrand.node)}
    return mean.at(matrices=matrices, **given_dims)


def by_moment_tensors(integrand: Integrand) -> Any:
    dims = integrand.dims
    on = {"U": dims, "A": dims, "V": dims[:1], "B": dims[:1], "W": dims[-1:], "C": dims[-1:]}
    letters: dict[str, Any] = {name: random_network(name, on[name]) for name in "UVW"}
    letters |= {
        name: given_network(np.array(value, dtype=complex), on[name])
        for name, value in integrand.matrices.items()
    }
    letters |= {"psi": NetworkState("psi", dims), "dims": dims}
    groups = dict.fromkeys("UVW", integrand.group) | {"psi": "unitary"}
    return mean_of_network(evaluate(integrand.node, letters, NetworkRoom), groups)


def by_group_elements(integrand: Integrand, group: Any, second: Any) -> Any:
    first, other = (np.repeat(group, len(second), axis=0), np.tile(second, (len(group), 1, 1)))
    letters = {"U": Batch(first), "V": Batch(other)}
    letters |= {name: Batch(np.array(x, dtype=complex)[None]) for name, x in integrand.matrices.items()}
    value = evaluate(integrand.node, letters, BatchRoom)
    return (value.values if isinstance(value, Batch) else value).mean(axis=0)


def assert_same(ours: Any, theirs: Any) -> None:
    found, wanted = np.array(ours, dtype=complex), np.array(theirs, dtype=complex)
    assert found.shape == wanted.shape
    scale = max(1.0, float(np.abs(wanted).max()))
    assert np.abs(found - wanted).max() < ROUNDING * scale, (ours, theirs)


@pytest.mark.parametrize("group", ["unitary", "orthogonal", "symplectic"])
def test_traces_entries_and_words_are_those_of_the_projectors_on_the_invariants(group: str) -> None:
    @settings(max_examples=30)
    @given(integrands(group=group, cases=DENSE_CASES[group]))
    def check(integrand: Integrand) -> None:
        assert_same(by_the_engine(integrand), by_moment_tensors(integrand))

    check()


@settings(max_examples=30)
@given(tensor_integrands())
def test_tensor_factors_partial_traces_and_states_are_those_of_the_projectors(integrand: Integrand) -> None:
    assert_same(by_the_engine(integrand), by_moment_tensors(integrand))


@settings(max_examples=30)
@given(integrands(group="unitary", cases=((2, 5),), largest_second=2))
def test_up_to_five_copies_at_two_levels_are_those_of_the_icosahedral_group(integrand: Integrand) -> None:
    """The icosahedral group is a 5-design; the octahedral one, the Clifford group of a qubit, a 3-design."""
    second = hq.clifford_group(1) if "V" in names_in(integrand.node) else np.eye(2)[None]
    ours = by_the_engine(integrand)
    assert_same(ours, by_group_elements(integrand, icosahedral_rotations(), second))


@settings(max_examples=30)
@given(integrands(group="orthogonal", cases=((2, 4),), largest_second=1))
def test_up_to_eight_orthogonal_copies_are_those_of_a_dihedral_group(integrand: Integrand) -> None:
    """The symmetries of the 9-gon average degree < 9 as O(2) does."""
    second = dihedral_group(3) if "V" in names_in(integrand.node) else np.eye(2)[None]
    assert_same(by_the_engine(integrand), by_group_elements(integrand, dihedral_group(9), second))


@settings(max_examples=30)
@given(integrands(group="symplectic", cases=((2, 4),), largest_second=1))
def test_up_to_eight_symplectic_copies_are_those_of_a_binary_icosahedral_group(integrand: Integrand) -> None:
    """Sp(2) is SU(2), whose polynomials of degree ≤ 11 the binary icosahedral group averages."""
    second = icosahedral_group() if "V" in names_in(integrand.node) else np.eye(2)[None]
    assert_same(by_the_engine(integrand), by_group_elements(integrand, icosahedral_group(), second))
