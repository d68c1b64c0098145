"""Every Hypothesis strategy of the tests: the living description of what the library takes.

Sizes are small where an oracle is slow and as large as the promise where it is fast. Numbers are exact; floats
appear only in the observables and states that a user would give as floats.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial, reduce
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy
from hypothesis import strategies as st
from integrands import Node, names_in

import haarqntk as hq
from haarqntk.algebra import RationalFunction, TracePolynomial, read_symbol
from haarqntk.circuits import Copy
from haarqntk.combinatorics import partitions
from haarqntk.haar import ScalarExpression
from haarqntk.training import FixedGate, ParametrisedCircuit, PauliRotation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from haarqntk.combinatorics import Pairing, Partition, Permutation

# -- integers and permutations ---------------------------------------------------------------------------------


def cycle_types(*, smallest: int = 0, largest: int) -> st.SearchStrategy[Partition]:
    """Partitions of k for k from ``smallest`` to ``largest``, each k equally likely."""
    return st.integers(smallest, largest).flatmap(lambda k: st.sampled_from(partitions(k)))


def permutations_of(k: int) -> st.SearchStrategy[Permutation]:
    """Elements of S_k as tuples of images."""
    return st.permutations(range(k)).map(tuple)


@st.composite
def permutation_tuples(draw: st.DrawFn, count: int, *, largest: int) -> tuple[Permutation, ...]:
    """``count`` elements of one S_k, k from 1 to ``largest``."""
    k = draw(st.integers(1, largest))
    return tuple(draw(permutations_of(k)) for _ in range(count))


@st.composite
def pairing_tuples(draw: st.DrawFn, count: int, *, largest: int) -> tuple[Pairing, ...]:
    """``count`` pairings of the same 2k points, k from 1 to ``largest``, canonical."""
    k = draw(st.integers(1, largest))
    listings = [draw(permutations_of(2 * k)) for _ in range(count)]
    return tuple(
        tuple(sorted((min(pair), max(pair)) for pair in zip(listed[::2], listed[1::2], strict=True)))
        for listed in listings
    )


def integer_types() -> st.SearchStrategy[Callable[[int], Any]]:
    """The integer types that a dimension or a depth may have."""
    return st.sampled_from([int, np.int16, np.int64, np.uint8, sympy.Integer])


# -- the field Q(D) and polynomials over it --------------------------------------------------------------------


def rationals(*, largest: int = 9) -> st.SearchStrategy[Fraction]:
    """Small exact rationals."""
    return st.fractions(-largest, largest, max_denominator=6)


def polynomials(*, max_degree: int = 3) -> st.SearchStrategy[list[int]]:
    """Integer coefficients, lowest degree first; zeros anywhere."""
    return st.lists(st.integers(-9, 9), max_size=max_degree + 1)


def rational_functions(*, max_degree: int = 3) -> st.SearchStrategy[RationalFunction]:
    """Elements of Q(D), zero and constants among them."""
    sums = polynomials(max_degree=max_degree)
    return st.builds(RationalFunction, sums, sums.filter(any))


def functions_of_dimensions(
    names: Sequence[str] = ("D", "d1", "d2"), *, max_terms: int = 3
) -> st.SearchStrategy[RationalFunction]:
    """Rational functions of some of the names: of none, one or several."""
    exponents = st.tuples(*(st.integers(0, 2) for _ in names))
    sums = st.dictionaries(exponents, st.integers(-9, 9), max_size=max_terms)
    nonzero = sums.filter(lambda terms: any(terms.values()))
    return st.builds(partial(RationalFunction, names=tuple(names)), sums, nonzero)


def trace_polynomials(
    *, variables: Sequence[str] = ("L", "T1", "T2"), max_terms: int = 3
) -> st.SearchStrategy[TracePolynomial]:
    """Polynomials in a few variables over Q(D), zero among them."""
    symbols = st.sampled_from([read_symbol(name) for name in variables])
    exponents = st.dictionaries(symbols, st.integers(1, 2), max_size=2)
    monomials = exponents.map(lambda powers: tuple(sorted(powers.items())))
    terms = st.dictionaries(monomials, rational_functions(max_degree=1), max_size=max_terms)
    return terms.map(TracePolynomial)


def words(*, letters: str, largest: int, smallest: int = 0) -> st.SearchStrategy[tuple[str, ...]]:
    """Words of one-letter names."""
    return st.lists(st.sampled_from(list(letters)), min_size=smallest, max_size=largest).map(tuple)


def observable_words() -> st.SearchStrategy[tuple[str, ...]]:
    """Words in named observables, as the engine names them: O, or numbered letters."""
    return st.lists(st.sampled_from(["O", "O1", "O2", "A", "B12"]), min_size=1, max_size=6).map(tuple)


# -- problems --------------------------------------------------------------------------------------------------

even_dimensions = st.sampled_from([2, 4, 6, 8, 10, 12])
depths = st.integers(1, 40)
overlaps = st.fractions(0, 1, max_denominator=12)


def spectra(D: int) -> st.SearchStrategy[tuple[Fraction, ...]]:
    """The D eigenvalues of an observable: generic, few-valued (projectors, Pauli strings) and constant ones."""
    generic = st.lists(rationals(), min_size=D, max_size=D)
    few = st.lists(st.sampled_from([Fraction(-1), Fraction(0), Fraction(1)]), min_size=D, max_size=D)
    return st.one_of(generic, few).map(tuple)


@dataclass(frozen=True)
class Problem:
    """A dimension, a depth, an observable by its spectrum."""

    D: int
    L: int
    spectrum: tuple[Fraction, ...]


@st.composite
def problems(draw: st.DrawFn, *, smallest: int = 2) -> Problem:
    """Problems at every even dimension from ``smallest`` to 12."""
    D = draw(even_dimensions.filter(lambda n: n >= smallest))
    return Problem(D, draw(depths), draw(spectra(D)))


@dataclass(frozen=True)
class Pair:
    """A dimension, a depth, two observables in one eigenbasis, two inputs by their overlap."""

    D: int
    L: int
    spectra: tuple[tuple[Fraction, ...], tuple[Fraction, ...]]
    overlap: Fraction


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    """Problems of the supervised kernel at every even dimension from 2 to 12."""
    D = draw(even_dimensions)
    return Pair(D, draw(depths), (draw(spectra(D)), draw(spectra(D))), draw(overlaps))


@st.composite
def gram_matrices(draw: st.DrawFn, *, D: int, largest: int) -> list[list[Fraction]]:
    """Exact Gram matrices of real rational unit vectors in dimension D, by stereographic projection."""
    n = draw(st.integers(1, largest))
    vectors = []
    for _ in range(n):
        point = draw(st.lists(st.fractions(-2, 2, max_denominator=3), min_size=D - 1, max_size=D - 1))
        norm = sum((x * x for x in point), Fraction(0))
        vectors.append([*(2 * x / (norm + 1) for x in point), (norm - 1) / (norm + 1)])
    return [[sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0)) for b in vectors] for a in vectors]


@st.composite
def copies(draw: st.DrawFn, *, most: int, indices: str = "lm") -> list[Copy]:
    """Factors of a moment: up to ``most`` of z and its derivatives of first and second order."""
    layers = st.lists(st.sampled_from(list(indices)), max_size=2).map(lambda found: tuple(sorted(found)))
    return [Copy(found) for found in draw(st.lists(layers, min_size=1, max_size=most))]


def rational_matrices(size: int) -> st.SearchStrategy[list[list[Fraction]]]:
    """Square matrices of exact rationals, as nested lists."""
    row = st.lists(rationals(), min_size=size, max_size=size)
    return st.lists(row, min_size=size, max_size=size)


# -- integrands ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Integrand:
    """A product of traces, entries and perhaps one open word; its group, its dimensions, the given matrices."""

    node: Node
    group: str
    dims: tuple[int, ...]
    matrices: dict[str, Any]
    is_symbolic: bool


FORMS = ("plain", "T", "conj", "H")
DENSE_CASES = {
    "unitary": ((2, 3), (3, 2), (3, 3), (4, 2)),
    "orthogonal": ((2, 3), (3, 3), (4, 2)),
    "symplectic": ((2, 3), (4, 2)),
}
"""For each group the dimensions, each with the largest k at which a dense moment tensor is quick."""


def form_of(letter: str, form: str) -> Node:
    """A letter, its transpose, conjugate or adjoint."""
    node = Node("letter", (letter,))
    return node if form == "plain" else Node(form, (node,))


def given_letters(names: str, *, most: int) -> st.SearchStrategy[list[Node]]:
    """Given matrices in any form."""
    return st.lists(st.builds(form_of, st.sampled_from(list(names)), st.sampled_from(FORMS)), max_size=most)


@st.composite
def copies_of(draw: st.DrawFn, letter: str, *, group: str, k: int) -> list[Node]:
    """The copies of a random matrix that its symmetry allows: k, and k of the conjugate; of O and Sp any 2k."""
    kinds = [("plain", "T")] * k + [("conj", "H")] * k if group == "unitary" else [FORMS] * (2 * k)
    return [form_of(letter, draw(st.sampled_from(kind))) for kind in kinds]


def gaussian_integer_matrices(size: int) -> st.SearchStrategy[list[list[complex]]]:
    """Square matrices of small Gaussian integers, half of them real and then exact integers."""
    real = st.integers(-2, 2)
    entries = st.builds(complex, real, real)

    def squares(x: st.SearchStrategy[complex]) -> st.SearchStrategy[list[list[complex]]]:
        return st.lists(st.lists(x, min_size=size, max_size=size), min_size=size, max_size=size)

    return st.one_of(squares(real), squares(entries))


def word_of(letters: Sequence[Node]) -> Node:
    """The product of matrices."""
    return reduce(lambda a, b: Node("@", (a, b)), letters)


@st.composite
def products(draw: st.DrawFn, factors: list[Node], *, D: int, is_open: bool) -> Node:
    """Matrices in any order, cut into words: traced, an entry of it taken, the last perhaps left open."""
    letters = draw(st.permutations(factors))
    places = st.lists(st.integers(1, max(1, len(letters) - 1)), max_size=3, unique=True)
    cuts = [0, *sorted(draw(places)), len(letters)]
    words = [word_of(letters[a:b]) for a, b in pairwise(cuts) if a < b]
    last = [words.pop()] if is_open else []
    index = st.integers(0, D - 1)
    scalars = [
        Node("tr", (word,)) if draw(st.booleans()) else Node("entry", (word, draw(index), draw(index)))
        for word in words
    ]
    return reduce(lambda a, b: Node("*", (b, a)), last + scalars)


@st.composite
def integrands(
    draw: st.DrawFn, *, group: str, cases: Sequence[tuple[int, int]], largest_second: int = 3
) -> Integrand:
    """Products of traces, entries and open words in random U, V and given A, B, at most k copies in all."""
    D, largest = draw(st.sampled_from(cases))
    k = draw(st.integers(1, largest))
    second = draw(st.integers(0, min(k - 1, largest_second)))
    factors = draw(copies_of("U", group=group, k=k - second)) + draw(copies_of("V", group=group, k=second))
    factors += draw(given_letters("AB", most=4))
    node = draw(products(factors, D=D, is_open=draw(st.booleans())))
    given = {name: draw(gaussian_integer_matrices(D)) for name in "AB"}
    return Integrand(node, group, (D,), given, draw(st.booleans()))


@st.composite
def tensor_integrands(draw: st.DrawFn) -> Integrand:
    """On two tensor factors: U on both, V and W on one each, a state, partial traces; open, or traced."""
    dims = draw(st.sampled_from([(2, 2), (2, 3)]))
    factors = []
    for name in draw(st.sampled_from([*"UVW", "UU", "VV", "VW", "UV", "UW", "s", "sU", "sV"])):
        if name == "s":
            factors += [Node("projector", ("psi",))] * draw(st.integers(1, 2))
        else:
            factors += [_lifted(name, copy) for copy in draw(copies_of(name, group="unitary", k=1))]
    for letter in draw(given_letters("ABC", most=3)):
        (name,) = names_in(letter)
        factors.append(_lifted({"A": "U", "B": "V", "C": "W"}[name], letter))
    letters = draw(st.permutations(factors))
    cut = draw(st.integers(1, len(letters)))
    first, rest = (word_of(part) if part else None for part in (letters[:cut], letters[cut:]))
    assert first is not None
    kept = draw(st.sampled_from([None, 0, 1]))
    if kept is not None:
        local = form_of("BC"[kept], draw(st.sampled_from(FORMS)))
        first = Node("@", (Node("partial_trace", (first, 1 - kept)), local))
    if not draw(st.booleans()):
        first = Node("tr", (first,))
    node = first if rest is None else Node("*", (first, Node("tr", (rest,))))
    sizes = {"A": dims[0] * dims[1], "B": dims[0], "C": dims[1]}
    given = {name: draw(gaussian_integer_matrices(size)) for name, size in sizes.items()}
    return Integrand(node, "unitary", dims, given, draw(st.booleans()))


def _lifted(name: str, letter: Node) -> Node:
    """A matrix on both factors as it is; on one of them (V, W) times the identity on the other."""
    if name == "V":
        return Node("kron", (letter, Node("identity", (1,))))
    return Node("kron", (Node("identity", (0,)), letter)) if name == "W" else letter


# -- floats: what a user computes with -------------------------------------------------------------------------


def bases(D: int) -> st.SearchStrategy[NDArray[np.complex128]]:
    """Orthonormal bases of dimension D, as unitary matrices."""
    return st.integers(0, 2**32 - 1).map(lambda seed: np.linalg.qr(_gaussian(seed, D, D))[0])


def pure_states(D: int) -> st.SearchStrategy[NDArray[np.complex128]]:
    """Projectors on random vectors of dimension D."""
    return st.integers(0, 2**32 - 1).map(lambda seed: _projector(_gaussian(seed, D)))


def _gaussian(seed: int, *shape: int) -> NDArray[np.complex128]:
    rng = np.random.default_rng(seed)
    return np.asarray(rng.normal(size=shape) + 1j * rng.normal(size=shape))


def _projector(vector: NDArray[np.complex128]) -> NDArray[np.complex128]:
    return np.asarray(np.outer(vector, vector.conj()) / np.vdot(vector, vector).real)


# -- integrands ------------------------------------------------------------------------------------------------


@st.composite
def small_integrands(draw: st.DrawFn) -> Any:
    """Scalar integrands of at most two pairs of copies of one random matrix, or a state: traces, entries, products.

    The words mix V, V†, Vᵀ, conj(V) with two given matrices, so that gluings with and without a path between the
    two sides occur, and symmetric and unsymmetric ones.
    """
    group = draw(st.sampled_from(("unitary", "orthogonal", "symplectic", "state")))
    A, B = hq.matrices("A B")
    if group == "state":
        psi = hq.haar_state("V")
        plain = conjugated = [psi.projector(), psi.projector() @ A, B @ psi.projector()]
        copies = draw(st.lists(st.sampled_from(plain), min_size=1, max_size=3))
    else:
        V = getattr(hq, f"haar_{group}")("V")
        plain, conjugated = [V, V.T], [V.H, V.conj()]
        k = draw(st.integers(1, 2))
        copies = [draw(st.sampled_from(kind)) for kind in (plain, conjugated) for _ in range(k)]
    given = draw(st.lists(st.sampled_from((A, B, A.T)), max_size=2))
    letters = draw(st.permutations([*copies, *given]))
    cuts = draw(st.lists(st.booleans(), min_size=len(letters) - 1, max_size=len(letters) - 1))
    words = [letters[0]]
    for letter, cut in zip(letters[1:], cuts, strict=True):
        if cut:
            words.append(letter)
        else:
            words[-1] = words[-1] @ letter
    total = ScalarExpression.number(1)
    for word in words:
        entry = draw(st.sampled_from((None, None, (0, 0), (0, 1), (1, 1))))
        total = total * (hq.tr(word) if entry is None else word[entry])
    return total * total if group == "state" and len(copies) == 1 else total


def integrals() -> st.SearchStrategy[hq.Integral]:
    """Averages of such integrands: over everything that is random, at the symbol D."""
    return small_integrands().map(hq.expect)


# -- circuits that are trained ---------------------------------------------------------------------------------


def pauli_texts(num_qubits: int) -> st.SearchStrategy[str]:
    """Pauli strings of n letters, the identity among them."""
    return st.text("IXYZ", min_size=num_qubits, max_size=num_qubits)


@st.composite
def parametrised_circuits(
    draw: st.DrawFn, *, largest: int = 3, most: int = 8, has_data: bool = True
) -> ParametrisedCircuit:
    """Circuits of 1 to ``largest`` qubits: rotations that share parameters and features, fixed gates of all kinds."""
    n = draw(st.integers(1, largest))
    kinds = draw(st.lists(st.sampled_from("ppppfg" if has_data else "pppg"), min_size=1, max_size=most))
    scales = st.sampled_from([1.0, -0.5, 2.0, 0.3])
    gates: list[PauliRotation | FixedGate] = []
    num_parameters = 0
    for kind in ["p", *kinds]:
        string = draw(pauli_texts(n))
        if kind == "p":
            parameter = draw(st.integers(0, num_parameters))
            num_parameters = max(num_parameters, parameter + 1)
            gates.append(PauliRotation(string, parameter=parameter, scale=draw(scales)))
        elif kind == "f":
            gates.append(PauliRotation(string, feature=draw(st.integers(0, 1)), scale=draw(scales)))
        else:
            qubits = tuple(draw(st.permutations(range(n)))[: draw(st.integers(1, n))])
            gates.append(FixedGate(draw(fixed_matrices(2 ** len(qubits))), qubits))
    return ParametrisedCircuit(n, tuple(gates))


def fixed_matrices(D: int) -> st.SearchStrategy[NDArray[np.complex128]]:
    """Unitaries of dimension D: any, and those with one entry ±1 or ±i in each row."""
    phases = st.lists(st.sampled_from([1, -1, 1j, -1j]), min_size=D, max_size=D)
    shuffles = st.tuples(st.permutations(range(D)), phases)
    return bases(D) | shuffles.map(lambda drawn: np.diag(drawn[1]).astype(np.complex128)[:, list(drawn[0])])


def hermitian_matrices(D: int) -> st.SearchStrategy[NDArray[np.complex128]]:
    """Hermitian matrices of dimension D, dense or diagonal."""
    dense = st.integers(0, 2**32 - 1).map(lambda seed: _gaussian(seed, D, D))
    diagonal = st.integers(0, 2**32 - 1).map(lambda seed: np.diag(_gaussian(seed, D).real).astype(complex))
    return (dense | diagonal).map(lambda matrix: (matrix + matrix.conj().T) / 2)


# -- Jacobians -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LinearModel:
    """z(θ) = z_0 + Jθ on data points and on test points, all integers, so that its training is exact."""

    jacobian: NDArray[np.int64]
    outputs: NDArray[np.int64]
    targets: NDArray[np.int64]
    test_jacobian: NDArray[np.int64]
    test_outputs: NDArray[np.int64]
    test_targets: NDArray[np.int64]


@st.composite
def linear_models(draw: st.DrawFn, *, largest: int = 4) -> LinearModel:
    """More or fewer points than parameters, repeated points, points of no gradient; some gradient does not vanish."""
    m, p, n = (draw(st.integers(1, largest)) for _ in range(3))
    entries = st.integers(-4, 4)
    rows = st.lists(entries, min_size=p, max_size=p)
    J = draw(st.lists(rows, min_size=m, max_size=m).filter(lambda J: any(map(any, J))))
    vectors = [draw(st.lists(entries, min_size=size, max_size=size)) for size in (m, m, n, n)]
    J_test = draw(st.lists(rows, min_size=n, max_size=n))
    z, y, z_test, y_test = map(np.array, vectors)
    return LinearModel(np.array(J), z, y, np.array(J_test), z_test, y_test)
