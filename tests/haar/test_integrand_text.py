"""Integrands as text mean what the same integrands mean in Python."""

from __future__ import annotations

from typing import Any

import pytest

import haarqntk as hq
from haarqntk.errors import HaarqntkError
from haarqntk.haar import parse_declaration, parse_dimensions

U, V = hq.haar_unitary("U"), hq.haar_unitary("V")
A, B = hq.matrices("A B")
psi, phi, J = hq.haar_state("psi"), hq.haar_state("phi"), hq.symplectic_form()
D = hq.D


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
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
        (
            "|tr(U)|^4 * |tr(V A)|^2",
            hq.tr(U) ** 2 * hq.tr(U).conj() ** 2 * hq.tr(V @ A) * hq.tr(V @ A).conj(),
        ),
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
    ],
)
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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tr(U A", "integrand does not parse: it ends too early at column 7"),
        ("tr(U A))", r"integrand does not parse: unexpected '\)' at column 8"),
        ("tr(UAU^HB)", "integrand does not parse: unexpected 'H' at column 8"),
        ("__import__('os')", "integrand does not parse: unexpected '_' at column 1"),
        ("UAU", "a name of several capitals must be declared, got UAU; write U A U for a product"),
        ("2^3^2", r"integrand does not parse: unexpected '\^' at column 4"),
        ("tr(U)^-1", "an exponent must be an integer ≥ 0, got -1; only polynomials can be integrated"),
        ("tr(U)^0.5", "an exponent must be an integer ≥ 0, got 0.5; only polynomials"),
        (
            "1/tr(U)",
            "an expression must be divided by numbers and functions of the dimensions only, got <scalar",
        ),
        ("A/B", "an expression must be divided by numbers and functions of the dimensions only, got <matrix"),
        ("tr(U)/(D - D)", "an expression must not be divided by 0"),
        ("1/2 D", "a division must not be followed by a number or a dimension without a sign between them"),
        ("exp(U)", "unknown function 'exp'; known: tr, "),
        ("tract(U)", "unknown function 'tract'; did you mean 'Trace'"),
        (
            "U + 1",
            "a matrix and a scalar must not be added, got <matrix expression of 1 terms in U on D> and",
        ),
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
    ],
)
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
