"""What a typed name means without a declaration, and which notation is refused because it could mean something else.

Only names that everybody reads alike need no declaration: U is Haar random and psi a Haar state, with numbers; one
capital letter, with a number, is a given matrix, and so are rho and sigma. A name that could also be a number, a
function, a measure, a gate or a random matrix is refused with what to type instead: nothing is misread in silence.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from haarqntk.errors import InputError, UnknownNameError
from haarqntk.groups import STATE, UNITARY
from haarqntk.haar._states import is_random_state

if TYPE_CHECKING:
    from haarqntk.haar._algebra import MatrixExpression

RANDOM_UNITARY, RANDOM_STATE = re.compile(r"U\d*"), re.compile(r"psi\d*")
_GIVEN = re.compile(r"[A-Z]\d*|(rho|sigma)\d*")
FUNCTIONS = ("tr", "Tr", "Trace", "ptr", "partial_trace", "kron", "conj", "abs", "identity")

_GIVEN_MATRIX = "--let {0}=matrix (declared=hq.matrices('{0}')) if it is a given matrix"
_GIVEN_STATE = (
    "--let '{0}=projector rank_one' (declared=hq.matrices('{0}', projector=True, rank_one=True)) if given"
)
_RANDOM = "--let {0}={1} (declared=hq.{1}('{0}')) if it is random, "
_COMPLEX = "complex numbers are not read; move i out of the trace and use i^2 = -1"
_AVERAGED = "the average is taken anyway; leave {0} out"
_NUMBER = "numbers must be rational; write a fraction such as 3/2, or take the factor out"

_NAMES: tuple[tuple[str, str], ...] = (
    (r"[ij]|im|Im|Re|imag|[ij]\d+", _COMPLEX),
    (r"int|integral|d[A-Z]\w*|d(psi|phi|chi|mu)\w*|[dD]?(haar|Haar)\w*|E|mean|avg|average|expect", _AVERAGED),
    (r"e|exp|pi|sqrt|hbar|inf|oo|nan", _NUMBER),
    (r"tr|Tr|Trace|trace|ptr|kron|conj|det|abs", "write {0}(…) with parentheses for a function"),
    (r"H|T|dag|dagger|adj|adjoint|trans", "write ^H for the adjoint and ^T for the transpose"),
    (
        r"I_?[\da-z]\w*|eye|one|Id|id",
        "write I for the identity on all factors, identity(2) for one of dimension 2",
    ),
    (r"D[\da-z_]\w*|d\w*|n|N_?\w+|dim", "write --dims {0} (dims=) if it is a dimension"),
    (r"U_?[\da-z]\w*", "write U1 for a second random unitary, U[0, 1] for an entry, U^H for the adjoint"),
    (
        r"psi_?\w+|Psi|ket|bra",
        "write psi1 for a second random state, <0|psi> for an amplitude",
    ),
    (r"T_?\d+", "write tr(A^2) for a trace of a power"),
    (r"swap|SWAP|Swap", "write P(0 1) for the exchange of tensor factors 0 and 1"),
    (r"P_\w+", "write P(0 1) for the permutation operator of tensor factors 0 and 1"),
)

_NOTATION: tuple[tuple[str, str, str], ...] = (
    (r"\\", "LaTeX", "write text such as tr(U A U^H B)"),
    (
        r"(?<=[A-Z0-9\])])'",
        "a prime",
        "write U^H for the adjoint, U^T for the transpose, U1 for another matrix",
    ),
    (r"\^\s*\{", "^{…}", "write U^H for the inverse or the adjoint, A^2 for a power"),
    (
        r"\^\s*(?![HT])[A-Za-z+]\w*",
        "an exponent that is no number",
        "write U^H for the adjoint, U^T for the transpose",
    ),
    (r"(?<!P)_\s*\{(?!.*⊗)", "_{…}", "write U[1, 1] for an entry, counted from 0, and U1 for another matrix"),
    (r"(?<![\w.])[Tt]r_[A-Za-z{]", "a partial trace over a name", "write ptr(A, 0), factors counted from 0"),
    (
        r"(?<![\w.])(tr|Trace|trace)\s*\[|(?<![\w.])Tr\s*\[(?!\s*(\(|id\b))",
        "a trace in brackets",
        "write tr(…)",
    ),
    (
        r"[∫𝔼]|(?<!\w)E\s*\[(?![^,\[\]]*,[^,\[\]]*\])",
        "an integral sign or E[…]",
        "the average is taken; leave it out",
    ),
    (r"(?:^|[-+*/@(,=])\s*\[", "a commutator or a list", "write (A B - B A) for [A, B]"),
    (r"\|\s*\w+\s*>\s*<\s*\w+\s*\|(?!\s*\w+\s*>)", "an outer product", "write psi for |psi><psi|"),
    (
        r"\.\s*(dag|adjoint|conjugate|trans|transpose|inv|tr|trace)\b",
        "a method",
        "write U^H, U^T, U^*, tr(U)",
    ),
    (r"\|[^|<>]+\|(?!\s*(\^|\*\*))", "a modulus without an even power", "write |tr(U)|^2"),
    (r"[^\x00-\x7f†⊗]", "a letter outside ASCII", "write psi, rho, tr(U A U^H B)"),
)

_CALLS: dict[str, str] = {
    "exp": "only polynomials can be integrated",
    "log": "only polynomials can be integrated",
    "sqrt": _NUMBER,
    "det": "only traces and entries are read; write det as a sum of products of entries",
    "Re": "write (x + conj(x))/2",
    "re": "write (x + conj(x))/2",
    "Im": "it is (x - conj(x))/(2i), and complex numbers are not read; use Re of i x or |x|^2",
    "im": "it is (x - conj(x))/(2i), and complex numbers are not read; use Re of i x or |x|^2",
    "var": "integrate the square, and subtract the square of the average",
    "dag": "write U^H",
    "adjoint": "write U^H",
    "transpose": "write U^T",
    "inv": "write U^H for the inverse of a unitary matrix",
    "commutator": "write (A B - B A)",
    "eye": "write identity(2)",
}
_CALLS |= dict.fromkeys(
    ("E", "mean", "expect", "average", "int", "integrate"), "the average is taken; leave it out"
)
_CALLS |= {"Var": _CALLS["var"], "variance": _CALLS["var"], "I": "write identity(2), identity(d1)"}


def check_notation(text: str) -> None:
    """Refuse notation that is not read, with what to type instead.

    Raises:
        InputError: If the text holds any.

    Examples:
        >>> check_notation("tr(U^{-1})")
        Traceback (most recent call last):
        ...
        haarqntk.errors.InputError: ^{…} is not read, got '^{' in 'tr(U^{-1})'; write U^H for the inverse or the \
adjoint, A^2 for a power
    """
    for pattern, what, hint in _NOTATION:
        if found := re.search(pattern, text):
            shown = " ".join(text[max(found.start() - 12, 0) : found.end() + 12].split())
            raise InputError(f"{what} is not read, got {found[0].strip()!r} in {shown!r}; {hint}")


def check_stars(text: object) -> None:
    """Refuse ``U* B``, which could be the conjugate of U, or a product.

    Raises:
        InputError: If the text holds a star with a space behind it only.

    Examples:
        >>> check_stars("U*B"), check_stars("U * B"), check_stars("U^* B")
        (None, None, None)
    """
    if found := re.search(r"([A-Za-z]\w*|[)\]])\*\s+\S+", text if isinstance(text, str) else ""):
        raise InputError(
            f"a star must not have a space behind it alone, got {found[0]!r}; write U^* for the conjugate, U^H for the "
            "adjoint, U*B for a product"
        )


def check_bra(matrix: MatrixExpression) -> MatrixExpression:
    """Refuse the adjoint of a state's name, which stands for the projector: ``psi^H A psi`` would be a matrix.

    Raises:
        InputError: If the matrix is |ψ⟩⟨ψ| of one Haar state.
    """
    names = [name for name, d in matrix.declared.items() if is_random_state(d)]
    if len(names) == len(matrix.declared) == 1 and matrix.H.terms == matrix.terms:
        raise InputError(
            f"the adjoint of the state {names[0]} is not read: {names[0]} stands for |{names[0]}><{names[0]}|; write "
            f"<{names[0]}|A|{names[0]}> for an expectation, {names[0]} for the projector"
        )
    return matrix


def check_given(name: str) -> None:
    """Refuse a name that needs a declaration.

    Raises:
        InputError: If it could mean something else than a given matrix.

    Examples:
        >>> check_given("A1"), check_given("rho")
        (None, None)
        >>> check_given("i")
        Traceback (most recent call last):
        ...
        haarqntk.errors.InputError: the name i must be declared; complex numbers are not read; move i out of the \
trace and use i^2 = -1; --let i=matrix (declared=hq.matrices('i')) if it is a given matrix
    """
    if re.fullmatch(r"[VW]\d*|(phi|chi)\d*", name):
        raise InputError(f"the name {name} must be declared; {two_meanings(name)}")
    if name == "D":
        raise InputError(
            "D must be among the dimensions, got others; write a dimension that dims (--dims) names"
        )
    hint = next((text for pattern, text in _NAMES if re.fullmatch(pattern, name)), "")
    if not hint and _GIVEN.fullmatch(name):
        return
    if not hint and name.isupper() and name.isalpha():
        raise InputError(
            f"a name of several capitals must be declared, got {name}; write {' '.join(name)} for a product, or "
            f"declare {name}=matrix"
        )
    hints = [text.format(name) for text in (hint, _GIVEN_MATRIX) if text]
    raise InputError(f"the name {name} must be declared; {'; '.join(hints)}")


def two_meanings(name: str) -> str:
    """How a name is declared as random, and how as given.

    Examples:
        >>> print(two_meanings("W"))
        --let W=haar_unitary (declared=hq.haar_unitary('W')) if it is random, --let W=matrix \
(declared=hq.matrices('W')) if it is a given matrix
    """
    group, given = (UNITARY, _GIVEN_MATRIX) if name[0].isupper() else (STATE, _GIVEN_STATE)
    return (_RANDOM + given).format(name, group.constructor)


def unknown_function(name: str) -> InputError:
    """The error for a function that is not read.

    Examples:
        >>> print(unknown_function("A"))
        unknown function 'A'; known: tr, Tr, Trace, ptr, partial_trace, kron, conj, abs, identity; write A*(…) for a \
product
    """
    hint = _CALLS.get(name, f"write {name}*(…) for a product")
    return UnknownNameError(f"{UnknownNameError.among('function', name, FUNCTIONS)}; {hint}")
