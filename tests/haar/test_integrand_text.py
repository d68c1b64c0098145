"""Integrands as text mean what the same integrands mean in Python."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import haarqntk as hq
from haarqntk.errors import HaarqntkError
from haarqntk.haar import parse_declaration, parse_dimensions

U, V = hq.haar_unitary("U"), hq.haar_unitary("V")
A, B = hq.matrices("A B")
psi, phi, J = hq.haar_state("psi"), hq.haar_state("phi"), hq.symplectic_form()
D = hq.D


MEANINGS = [
    ("tr(U A U^H B)^2", hq.tr(U @ A @ U.H @ B) ** 2),
    ("Tr(U*A@U†B)**2", hq.tr(U @ A @ U.H @ B) ** 2),
    ("tr(U A.H U.T U.conj())", hq.tr(U @ A.H @ U.T @ U.conj())),
    ("U^* A^T conj(B)", U.conj() @ A.T @ B.conj()),
    ("A (B + 2 I)^2", A @ (B + 2 * hq.identity()) ** 2),
    ("(A^2)^3", A**6),
    ("-A - -B", B - A),
    ("1/2 tr(A) D", hq.tr(A) * D / 2),
    ("tr(A)/(D (D + 1))/2", hq.tr(A) / (2 * D * (D + 1))),
    ("0.5 * tr(A)^0", hq.tr(hq.identity()) / (2 * D)),
    ("|tr(U)|^4 * |tr(V A)|^2", hq.tr(U) ** 2 * hq.tr(U).conj() ** 2 * hq.tr(V @ A) * hq.tr(V @ A).conj()),
    ("abs(tr(U))^2 abs(tr(V))^2", hq.tr(U) * hq.tr(U).conj() * hq.tr(V) * hq.tr(V).conj()),
    ("<psi|A|psi><psi|B|psi>^2", psi.expectation(A) * psi.expectation(B) ** 2),
    ("<psi|A + B|phi>", psi.matrix_element(A + B, phi)),
    ("|<psi|phi>|^2", psi.overlap(phi)),
    ("<0|psi> <psi|1>", psi[0] * psi[1].conj()),
    ("<0|U A|1> + <0|1>", (U @ A)[0, 1]),
    ("tr(psi A)", psi.expectation(A)),
    ("U[0, 1] U[D/2 + 1, j]^*", U[0, 1] * U[D / 2 + 1, "j"].conj()),
    ("(U^H)[0, 1] U^H[D/2, 0]", U.H[0, 1] * U.H[D / 2, 0]),
    ("J U J^T", J @ U @ J.T),
    ("ptr(kron(U, A, B), 0, 2)", hq.partial_trace(hq.kron(U, A, B), over=[0, 2])),
    (
        "partial_trace(kron(A, identity(d, 2)), 1)",
        hq.partial_trace(hq.kron(A, hq.identity(("d", 2))), over=1),
    ),
    ("kron(A, B)[(0, 1), (i, 0)]", hq.kron(A, B)[(0, 1), ("i", 0)]),
    ("rho U1 U2", hq.matrices("rho") @ hq.haar_unitary("U1") @ hq.haar_unitary("U2")),
]


@pytest.mark.parametrize(("text", "meaning"), MEANINGS)
def test_a_text_means_the_expression(text: str, meaning: Any) -> None:
    parsed = hq.parse_integrand(text, declared=[V, phi])
    assert parsed == meaning
    assert parsed.declared == meaning.declared


def test_declarations_outrank_the_letters() -> None:
    X, O, v = hq.matrices("U", involution=True), hq.haar_orthogonal("O"), hq.haar_state("v")
    assert hq.parse_integrand("U O U", declared=[X, O]) == X @ O @ X
    assert hq.parse_integrand("<v|A|v> + <psi|A|psi>", declared=v) == v.expectation(A) + psi.expectation(A)
    pair = hq.haar_state("psi", dims=("d1", 2))
    reduced = hq.partial_trace(pair.projector(), over=1)
    assert hq.parse_integrand("d1 tr(ptr(psi, 1)^2)", dims=("d1", 2)) == hq.tr(reduced @ reduced) * hq.tr(
        hq.identity("d1")
    )


def test_what_is_printed_can_be_typed_again() -> None:
    mean = hq.expect(hq.parse_integrand("tr(U A U^H B)^2 - A[0,1] B[1,0] tr(A^H B^T) + <psi|A|psi>^3"))
    assert hq.expect(hq.parse_integrand(str(mean))) == mean


@pytest.mark.parametrize(
    ("text", "declared"),
    [
        ("O=haar_orthogonal", [hq.haar_orthogonal("O")]),
        ("S=haar_symplectic", [hq.haar_symplectic("S")]),
        ("A, B = hermitian, traceless", [*hq.matrices("A B", hermitian=True, traceless=True)]),
        ("v = haar_state on d1*2", [hq.haar_state("v", dims=("d1", 2))]),
        ("V,W=haar_unitary on 3", [hq.haar_unitary("V", dims=3), hq.haar_unitary("W", dims=3)]),
        ("M=on d", [hq.matrices("M", dims="d")]),
        ("X=matrix unitary", [hq.matrices("X", unitary=True)]),
    ],
)
def test_declarations(text: str, declared: list[Any]) -> None:
    assert parse_declaration(text) == declared


def test_dimensions() -> None:
    assert parse_dimensions("d1 * 2*d2") == ("d1", 2, "d2")


WITHOUT_MEANING = [
    ("psi^H A psi", r"the adjoint of the state psi is not read: .* write <psi.A.psi> for an expectation"),
    ("tr(A psi2† B)", "the adjoint of the state psi2 is not read"),
    ("tr(U A", "integrand does not parse: it ends too early at column 7"),
    ("tr(U A))", r"integrand does not parse: unexpected '\)' at column 8"),
    ("tr(UAU^HB)", "integrand does not parse: unexpected 'H' at column 8"),
    ("__import__('os')", "integrand does not parse: unexpected '_' at column 1"),
    ("UAU", "a name of several capitals must be declared, got UAU; write U A U for a product"),
    ("2^3^2", r"integrand does not parse: unexpected '\^' at column 4"),
    ("tr(U)^-1", "an exponent must be an integer ≥ 0, got -1; only polynomials can be integrated"),
    ("tr(U)^0.5", "an exponent must be an integer ≥ 0, got 0.5; only polynomials"),
    ("1/tr(U)", "an expression must be divided by numbers and functions of the dimensions only, got <scalar"),
    ("A/B", "an expression must be divided by numbers and functions of the dimensions only, got <matrix"),
    ("tr(U)/(D - D)", "an expression must not be divided by 0"),
    ("1/2 D", "a division must not be followed by a number or a dimension without a sign between them"),
    ("exp(U)", "unknown function 'exp'; known: tr, "),
    ("tract(U)", "unknown function 'tract'; did you mean 'Trace'"),
    ("U + 1", "a matrix and a scalar must not be added, got <matrix expression of 1 terms in U on D> and"),
    ("|tr(U)|^3", "a modulus must have an even exponent, got 3"),
    ("|U|^2", "a modulus must be of a scalar, got <matrix"),
    ("U[0]", r"a matrix entry must be written A\[i, j\], got"),
    ("U[-1, 0]", "an index must be an integer ≥ 0, got -1"),
    ("U[D, 0]", "an index must be below the dimension D, got D, which is out of range"),
    ("U[0.5, 0]", "an index must be an integer ≥ 0 or a symbol, got '0.5'"),
    ("U[D/3, 0]", r"a symbolic index must be a symbol, or D/2 \+ i"),
    ("tr(A)^H", r"\^H must be applied to a matrix, got <scalar"),
    ("tr(A, B)", "tr must have one argument, got 2 arguments"),
    ("ptr(A)", "ptr must have a matrix and tensor factors, got 1 argument"),
    ("ptr(A, 1)", "over must name different tensor factors among 0 … 0"),
    ("ptr(A, 1/2)", "a tensor factor must be an integer ≥ 0, got"),
    ("ptr(A, tr(U))", "a tensor factor must be an integer ≥ 0, got <scalar"),
    ("<v|A|v>", "a bra or a ket must be a Haar state, got v; declare v=haar_state"),
    ("tr(U)^65", "an exponent must be at most 64, got 65"),
    ("(A + B)^20", "an expanded product must have at most 2000 terms, got 1048576; take a lower power"),
    (
        "(tr(A)+tr(B)+tr(A B)+tr(A^2)+tr(B^2))^60",
        "an expanded product must have at most 5000 terms, got 635376",
    ),
    ("1" * 2000, "a number must have at most 1000 digits, got 2000"),
    ("A" * 10_001, "integrand must have at most 10000 characters, got 10001"),
    ("kron(U, U1) A", "matrices must act on the same space, got dimensions D × D and D"),
]


@pytest.mark.parametrize(("text", "message"), WITHOUT_MEANING)
def test_a_text_without_meaning_is_refused(text: str, message: str) -> None:
    with pytest.raises(HaarqntkError, match=message):
        hq.parse_integrand(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A", "a declaration must be written NAMES=MEANING, such as A,B=hermitian"),
        ("A=hermitan", "unknown kind or property 'hermitan'; did you mean 'hermitian'"),
        ("U=haar_unitary hermitian", "a declaration must give one kind, and properties of a matrix only"),
        ("J=hermitian", "the name J is taken by the library"),
        ("1=matrix", "a name must be a letter, then letters, digits or underscores, got '1'"),
        ("A=on 0", "a dimension must be an integer ≥ 1, got 0"),
        ("A=on d**2", "a dimension must be a name or an integer ≥ 1, got ''"),
        ("P=projector involution", "the properties of P must not contradict each other"),
    ],
)
def test_a_declaration_without_meaning_is_refused(text: str, message: str) -> None:
    with pytest.raises(HaarqntkError, match=message):
        parse_declaration(text)


def test_a_name_means_one_thing() -> None:
    with pytest.raises(
        HaarqntkError, match="each name must mean one thing, got d as a matrix and as a dimension"
    ):
        hq.parse_integrand("tr(d)", declared=[hq.matrices("d"), hq.matrices("A", dims="d")])
    with pytest.raises(
        HaarqntkError, match="each name must mean one thing in an expression, got A as a general"
    ):
        hq.parse_integrand("tr(A)", declared=[A, hq.haar_unitary("A")])


# -- nothing is misread ---------------------------------------------------------------------------------------------

NAMES_OF_OTHER_THINGS = [
    "i", "j", "im", "Im", "Re", "e", "pi", "exp", "sqrt", "int", "dU", "dU1", "dpsi", "d", "hbar", "n",
    "N_A", "E", "H", "T", "t", "x", "theta", "lam", "alpha", "E_0", "tr", "Tr", "trace", "det", "dag", "V",
    "W", "V2", "phi", "chi", "phi1", "D1", "d1", "I2", "I_2", "Id", "eye", "one", "U_1", "U_11", "Udag",
    "Ut", "psi_1", "psi_0", "Psi", "T2", "T_2", "P_s", "swap", "SWAP", "sigmax", "sigma_x", "CNOT", "rho_A",
    "A_1", "oo", "S_z",
]  # fmt: skip
OTHER_NOTATION = [
    "1j", "2i", "2j", "I(2)", "A(2)", "A(B)", "U(2)", "A(t)", "exp(A)", "sqrt(2)", "Re(A)", "Im(A)",
    "det(A)", "E[A]", "E(A)", "[A,B]", "U[A,B]", "U^dagger", "U^t", "U^+", "U'", "U^{-1}", "U^{2}",
    "U_{11}", "U.dag()", "U.adjoint()", "A.conjugate()", "A.tr()", "Tr[A]", "∫", "ψ", "|0><0|", "1E5",
    "1e5", "A_{1}", "2.5e3", "tr_A(B)", "d*psi", "int*dU", "U^-1", "|tr(U)|", "|A|", "|psi>",
]  # fmt: skip
WORDS = st.lists(st.sampled_from(["U", "U^H", "A", "B^T", "psi", "rho", "A1", "U1", "(A + 2 I)"]), max_size=4)


@given(
    before=WORDS,
    after=WORDS,
    token=st.sampled_from(
        NAMES_OF_OTHER_THINGS + OTHER_NOTATION + ["A 2", "A (2)", "[A, B]", "d psi", "U [A, B]"]
    ),
    sign=st.sampled_from([" ", "*", " @ "]),
    frame=st.sampled_from(
        ["tr({})", "{}", "tr({})^2/D", "3 tr(A) - |tr({})|^2", "2/3 tr(U {}) tr(A)", "<psi|{}|psi>"]
    ),
)
def test_what_could_mean_something_else_is_refused_at_every_place(
    before: list[str], after: list[str], token: str, sign: str, frame: str
) -> None:
    with pytest.raises(HaarqntkError) as refused:
        hq.expect(hq.parse_integrand(frame.format(sign.join([*before, token, *after]))))
    assert "Traceback" not in str(refused.value)
    plain = hq.parse_integrand(frame.format(sign.join([*before, "A", *after])))
    assert "A" in plain.declared  # the frame is not what is refused


@pytest.mark.parametrize("name", NAMES_OF_OTHER_THINGS)
def test_a_name_that_is_refused_says_how_it_is_declared_and_is_read_then(name: str) -> None:
    with pytest.raises(
        HaarqntkError, match=rf"{name}.* must be declared|must be declared, got {name}"
    ) as refused:
        hq.parse_integrand(f"tr(U {name} U^H B)")
    assert "\n" not in str(refused.value)
    assert f"{name}=matrix" in str(refused.value) or f"{name}=projector rank_one" in str(refused.value)
    X = hq.matrices(name)
    assert parse_declaration(f"{name}=matrix") == [X]
    assert hq.parse_integrand(f"tr(U {name} U^H B)", declared=X) == hq.tr(U @ X @ U.H @ B)


@pytest.mark.parametrize("name", ["V", "W", "V1", "phi", "chi", "chi2"])
def test_the_refusal_of_a_random_name_is_two_declarations_that_work(name: str) -> None:
    with pytest.raises(HaarqntkError) as refused:
        hq.parse_integrand(f"tr({name} A)")
    kind = "haar_unitary" if name[0].isupper() else "haar_state"
    given_as = "matrix" if name[0].isupper() else "projector rank_one"
    assert f"--let {name}={kind} (declared=hq.{kind}('{name}'))" in str(refused.value)
    assert f"{name}={given_as}" in str(refused.value)
    for text in (f"{name}={kind}", f"{name}={given_as}"):
        read = hq.parse_integrand(f"tr({name} A)", declared=parse_declaration(text))
        assert set(read.declared) == {name, "A"}


def test_with_its_unit_moved_out_a_square_of_a_commutator_has_no_given_matrix_i() -> None:
    text = "-tr((U A U^H B - B U A U^H)^2)"
    commutator = U @ A @ U.H @ B - B @ U @ A @ U.H
    assert hq.parse_integrand(text) == -hq.tr(commutator @ commutator)
    assert set(hq.parse_integrand(text).declared) == {"U", "A", "B"}


# -- what is printed is read ----------------------------------------------------------------------------------------

SPACES = ("d1", "d2", "d1")
R, S = hq.matrices("R S", dims=SPACES)
M, N = hq.matrices("M N", dims=SPACES[:2])
A1, B2 = hq.matrices("A", dims="d1"), hq.matrices("B", dims="d2")
GIVEN = [R, S, M, N, A1, B2]


def random_result(seed: int) -> Any:
    """A mean of a word of matrices on two or three factors, often with a partial trace."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    V1, V2 = hq.haar_unitary("V", dims="d1"), hq.haar_unitary("W", dims=("d1", "d2"))
    one = hq.identity
    if rng.random() < 0.5:
        gates = [hq.kron(V1, one("d2"), V1), hq.kron(V2, one("d1")), hq.kron(one("d1"), one("d2"), V1)]
        letters = [R, S, hq.kron(M, A1), hq.kron(A1, B2, A1.T), hq.kron(A1, B2, one("d1"))]
    else:
        gates = [hq.kron(V1, one("d2")), V2]
        letters = [M, N, hq.kron(A1, B2), hq.kron(A1, one("d2")), N.H]
    gate = rng.choice(gates)
    word = gate @ rng.choice(letters) @ gate.H
    for _ in range(rng.randrange(3)):
        word = word @ rng.choice(letters)
    if rng.random() < 0.6:
        word = hq.partial_trace(word, over=rng.randrange(len(word.spaces)))
    if rng.random() < 0.3 and len(word.spaces) > 1:
        word = word.T
    return hq.expect(hq.tr(word @ word) if rng.random() < 0.2 else word)


def test_what_is_printed_over_tensor_factors_can_be_typed_again() -> None:
    """Partial traces, ⊗, permutation operators and places: one base for subsystem numbers in input and output."""
    found = dict.fromkeys(("Tr_0(", "Tr_1(", "⊗", "P(", "Tr["), 0)
    num_read = 0
    for seed in range(60):
        result = random_result(seed)
        text = str(result)
        if "sum(" in text or "delta[" in text:  # indices with names are not read
            with pytest.raises(HaarqntkError):
                hq.parse_integrand(text, declared=GIVEN, dims=result.spaces or SPACES[:2])
            continue
        again = hq.expect(hq.parse_integrand(text, declared=GIVEN, dims=result.spaces or SPACES[:2]))
        assert (again.terms, again.spaces) == (result.terms, result.spaces), text
        num_read += 1
        found = {mark: count + (mark in text) for mark, count in found.items()}
    assert num_read > 40
    assert all(found.values()), found


def test_stars_and_factors_are_read_as_they_are_written() -> None:
    assert hq.parse_integrand("U^* A") == U.conj() @ A
    assert hq.parse_integrand("2* tr(U*A) ** 2") == 2 * hq.tr(U @ A) ** 2
    assert hq.parse_integrand("tr_1(A ⊗ B) tr(B)") == A * hq.tr(B) ** 2
    assert hq.parse_integrand("<0 1|A ⊗ B|1 i>") == A[0, 1] * B[1, "i"]


def test_a_matrix_on_factors_that_are_no_neighbours_is_read_as_it_is_printed() -> None:
    Q = hq.matrices("Q", dims=("d1", "d1"))
    text = "(1) Q_{0,2} ⊗ B_{1}"
    placed = hq.expect(hq.parse_integrand(text, declared=[Q, B2], dims=SPACES))
    assert str(placed) == text
    rng = np.random.default_rng(4)
    q, b = rng.integers(-3, 4, (2, 2, 2, 2)), rng.integers(-3, 4, (3, 3))
    value = placed.at(d1=2, d2=3, matrices={"Q": q.reshape(4, 4), "B": b})
    assert np.array_equal(value, np.einsum("acdf,be->abcdef", q, b).reshape(12, 12))


@pytest.mark.parametrize("over", [0, 1, (0, 1)])
def test_the_number_of_a_factor_that_is_printed_is_the_number_that_is_typed(over: Any) -> None:
    rng = np.random.default_rng(5)
    array = rng.integers(-3, 4, (3, 2, 3, 2))
    written = str(hq.expect(hq.partial_trace(hq.kron(M, A1), over=over)))
    kept = "".join(x for s, x in enumerate("abc") if s not in np.atleast_1d(over))
    subscripts = "".join(x if s in np.atleast_1d(over) else x.upper() for s, x in enumerate("abc"))
    a1 = rng.integers(-3, 4, (3, 3))
    read = hq.expect(hq.parse_integrand(written, declared=GIVEN, dims=SPACES))
    full = np.einsum("abde,cf->abcdef", array, a1)
    expected = np.einsum(f"abc{subscripts}->{kept}{kept.upper()}", full)
    size = int(np.sqrt(expected.size))
    value = read.at(d1=3, d2=2, matrices={"M": array.reshape(6, 6), "A": a1})
    assert np.array_equal(np.array(value, dtype=float), expected.reshape(size, size))


AMBIGUOUS = [
    ("A B ⊗ A", r"A B ⊗ C can mean \(A B\) ⊗ C or A \(B ⊗ C\); write parentheses"),
    ("1 ⊗ 1", "⊗ must stand between matrices, got <scalar .*; 1 is the identity of a factor that dims names"),
    ("A_{0} ⊗ B_{2}", "places must be each of 0 … 1 once, got 0, 2; factors count from 0"),
    ("tr(A P(0 1))", "a permutation must exchange equal tensor factors among 0 … 0"),
    ("P(0 0)", r"cycles must name different points below 100, counted from 0, got \(0 0\)"),
    (
        "tr(U A U* B)",
        r"a star must not have a space behind it alone, got 'U\* B\)'; write U\^\* for the conj",
    ),
    ("<0 psi|A ⊗ A|1 0>", "an index must be a number or a small letter, got psi"),
    ("kron(A, identity(A))", "identity must have dimensions such as d1 or 2, got A"),
    ("U[psi, 0]", "an index must be a number or a small letter, got psi"),
    ("tr(U [A, B] U^H)", r"an index must be .*, got A; write \(A B - B A\) for a commutator"),
    ("A 2", "a number must stand before what it multiplies, got 2 behind it"),
    ("tr(U A)/D(2)", "a division must not be followed by a number"),
]


@pytest.mark.parametrize(("text", "message"), AMBIGUOUS)
def test_what_could_be_printed_otherwise_is_refused(text: str, message: str) -> None:
    with pytest.raises(HaarqntkError, match=message):
        hq.parse_integrand(text)
