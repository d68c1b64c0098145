"""Values of the integrator: nobody can change one from outside, and what is equal has one hash."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Mapping, MutableMapping, MutableSequence, MutableSet
from typing import Any

import numpy as np
import pytest
import sympy

import haarqntk as hq
from haarqntk.algebra import Notation, RationalFunction, TracePolynomial
from haarqntk.diagrams import Component, Letter
from haarqntk.errors import InputError
from haarqntk.haar import Weight

U, S, psi = hq.haar_unitary("U"), hq.haar_symplectic("S"), hq.haar_state("psi")
A, B = hq.matrices("A B")
MEAN = hq.expect(hq.tr(U @ A @ U.H @ B) ** 2)


def built() -> dict[str, Any]:
    """A value of each kind, anew."""
    mean = hq.expect(hq.tr(U @ A @ U.H @ B) ** 2)
    return {
        "scalar integral": mean,
        "operator": hq.expect((U @ A @ U.H) * (S[0, 0] * S[hq.D / 2, hq.D / 2])),
        "integral at a dimension": mean.specialise(D=3),
        "integral from JSON": hq.from_json(hq.to_json(mean)),
        "series": mean.series(),
        "explanation": mean.explain(),
        "scalar expression": hq.tr(U @ A),
        "matrix expression": U @ A,
        "state": psi,
        "design check": hq.is_design(hq.pauli_group(1), 1),
        "twirl": hq.twirl([[1, 0, 0, 0], [0, -1, 0, 0], [0, 0, -1, 0], [0, 0, 0, 1]], 2),
        "channel": hq.twirl_channel([[[1, 0], [0, 0]], [[0, 0], [0, 1]]]),
        "weight": Weight("state", ("D",), ((2,),)),
        "letter": Letter("matrix", "A", ("D",)),
        "component": Component((Letter("matrix", "A", ("D",)),), (1, 0)),
        "trace polynomial": TracePolynomial.variable("T1"),
        "polynomial over D": TracePolynomial.variable("L") * RationalFunction(1, [-1, 0, 1]),
        "notation": Notation(),
    }


VALUES, OTHERS = built(), built()
MEAN = VALUES["scalar integral"]
HASHABLE = [name for name, value in VALUES.items() if isinstance(value, Hashable)]


def is_hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def public_attributes(value: Any) -> dict[str, Any]:
    """The attributes that are data, and not methods."""
    found = {name: getattr(value, name) for name in dir(value) if not name.startswith("_")}
    return {name: x for name, x in found.items() if not callable(x) and name not in {"H", "T"}}


def try_to_change(inside: Any) -> None:
    """What a careless caller does with something that came out of a value, at every level of it."""
    if isinstance(inside, Mapping):
        for x in list(inside.values()):
            try_to_change(x)
        if isinstance(inside, MutableMapping):
            inside.clear()
    elif isinstance(inside, MutableSequence | MutableSet):
        inside.clear()
    elif isinstance(inside, tuple):
        for x in inside:
            try_to_change(x)
    elif isinstance(inside, np.ndarray) and inside.flags.writeable:
        inside[...] = 0


@pytest.mark.parametrize("name", HASHABLE)
def test_nothing_that_comes_out_of_a_value_changes_it(name: str) -> None:
    value = VALUES[name]
    if not is_hashable(value):
        return
    other = OTHERS[name]
    before, seen = hash(value), str(value)
    assert before == hash(other)
    for x in public_attributes(value).values():
        try_to_change(x)
    assert (hash(value), str(value)) == (before, seen)
    assert value == other
    assert {repr(x) for x in public_attributes(value).values()} == {
        repr(x) for x in public_attributes(other).values()
    }


@pytest.mark.parametrize("name", HASHABLE)
def test_no_attribute_of_a_value_can_be_set_again_or_deleted(name: str) -> None:
    value = VALUES[name]
    for attribute, x in public_attributes(value).items():
        with pytest.raises((AttributeError, TypeError)):
            setattr(value, attribute, x)
        with pytest.raises((AttributeError, TypeError)):
            delattr(value, attribute)


def test_mappings_of_an_integral_are_read_only() -> None:
    for mapping in (MEAN.counts, MEAN.terms, MEAN.declared, MEAN.least, MEAN.fixed):
        with pytest.raises(TypeError):
            mapping["X"] = 1  # type: ignore[index]
    for factors in MEAN.counts.values():
        with pytest.raises(TypeError):
            factors["X"] = 1  # type: ignore[index]


def test_a_copy_of_an_integral_knows_all_that_it_knew() -> None:
    for again in (copy.copy(MEAN), copy.deepcopy(MEAN)):
        assert (again, hash(again), again.design_order) == (MEAN, hash(MEAN), MEAN.design_order)
        assert str(again.explain()) == str(MEAN.explain())
        assert again.at(1, matrices={"A": [[2]], "B": [[3]]}) == 36


# -- names -----------------------------------------------------------------------------------------------------


def local(matrix: Any, factor: int, dims: tuple[str, str]) -> Any:
    one = hq.identity(dims[1 - factor])
    return hq.kron(matrix, one) if factor == 0 else hq.kron(one, matrix)


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize("kind", ["adjoint", "transpose", "both factors"])
def test_averages_on_tensor_factors_have_latex_json_and_a_notebook(kind: str, *, is_open: bool) -> None:
    """Their components are named with ⊗, which flint's variables are not."""
    dims = ("d1", "d2")
    V, W = (hq.haar_unitary(name, dims=d) for name, d in zip("VW", dims, strict=True))
    X, Y = hq.matrices("X Y", dims=dims)
    words = {
        "adjoint": local(V, 0, dims) @ X @ local(V.H, 0, dims) @ Y,
        "transpose": local(V, 0, dims) @ X @ local(V.T, 0, dims) @ Y,
        "both factors": local(V, 0, dims) @ X @ local(W, 1, dims) @ Y @ hq.kron(V.H, W.H),
    }
    word = words[kind]
    mean = hq.expect(word @ word.H if is_open else hq.tr(word) * hq.tr(word).conj())
    for value in (mean, mean.specialise(d1=2, d2=2)):
        assert "⊗" not in hq.latex(value)
        assert hq.latex(value).isascii()
        assert hq.from_json(hq.to_json(value)) == value
        assert value.to_sympy() is not None
        assert "<math" in value._repr_html_()
    assert "⊗" in str(mean)


@pytest.mark.parametrize("name", ["Aψ", "A²", "Äpfel", "ψ"])
def test_names_that_latex_and_json_do_not_know_are_refused(name: str) -> None:
    for declare in (hq.matrices, hq.haar_unitary, hq.haar_state):
        with pytest.raises(
            InputError, match="a name must be a letter, then letters, digits or underscores, got"
        ):
            declare(name)
    for index in (name, sympy.Symbol(name)):
        with pytest.raises((InputError, TypeError), match="an index must be an integer ≥ 0 or a symbol, got"):
            _ = U[index, 0]


def test_sympy_at_a_dimension_has_no_dimension_left() -> None:
    mean = hq.expect((A @ U @ A @ U.H @ B)["i", "j"] + (A @ B)[0, "j"] + hq.identity()["i", "j"])
    assert hq.D in mean.to_sympy().free_symbols
    at_six = mean.specialise(D=6).to_sympy()
    assert {str(x) for x in at_six.free_symbols} == {"A", "B", "i", "j"}
    assert all(x.args[1][1:] == (0, 5) for x in at_six.atoms(sympy.Sum))
    assert len(at_six.atoms(sympy.Sum)) > 0
    numbers = {"A": sympy.ImmutableMatrix(2, 2, [1, 2, 0, 1]), "B": sympy.ImmutableMatrix(2, 2, [0, 1, 1, 3])}
    at_two = hq.expect((A @ B)["i", 1]).specialise(D=2).to_sympy().subs("i", 0).doit()
    values = {sympy.MatrixSymbol(name, 2, 2): matrix for name, matrix in numbers.items()}
    assert at_two.xreplace(values).doit() == (numbers["A"] * numbers["B"])[0, 1]
    operator = hq.expect(U @ A @ U.H @ B).specialise(D=6).to_sympy()
    assert operator.shape == (6, 6)


def test_an_operator_between_two_basis_vectors_is_one_symbol_in_sympy() -> None:
    """Σ over |0⟩⟨1|: its two ends are two parts of the diagram, and no Kronecker product of matrices."""
    O = hq.haar_orthogonal("O")
    average = hq.expect(O[0, 1] * O)
    (unit,) = average.to_sympy().atoms(sympy.MatrixSymbol)
    assert average.to_sympy() == unit / hq.D
    assert str(unit) == "delta[0, l.0] delta[1, r.0]"
    assert (average.at(2) == [[0, sympy.Rational(1, 2)], [0, 0]]).all()
    A, B = (hq.matrices(name, dims=dims) for name, dims in (("A", "d1"), ("B", "d2")))
    factors = hq.expect(hq.kron(A, B) * hq.tr(O) ** 2).to_sympy()
    assert str(factors) == "KroneckerProduct(A, B)"
