"""What names mean: matrices by their declarations, declarations as text, and names that nobody declared.

Only names that everybody reads alike need no declaration: U is Haar random and psi a Haar state, with numbers; one
capital letter, with a number, is a given matrix, and so are rho and sigma. A name that could also be a number, a
function, a measure, a gate or a random matrix is refused with what to type instead: nothing is misread in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from typing import Any

from haarqntk.algebra import check_digits
from haarqntk.checks import integer
from haarqntk.diagrams import PROPERTIES, SYMPLECTIC_FORM, Letter, Space
from haarqntk.errors import InputError, InputTypeError, UnknownNameError
from haarqntk.groups import REGISTRY, STATE, UNITARY
from haarqntk.haar._algebra import MatrixExpression, number_of
from haarqntk.haar._declarations import given_matrix, haar_unitary, matrices, random_matrix, symplectic_form
from haarqntk.haar._letters import RandomLetter, check_spaces, is_random_state
from haarqntk.haar._operations import HaarState, haar_state, identity, kron, partial_trace, tr

RANDOM_STATE, _RANDOM_UNITARY = re.compile(r"psi\d*"), re.compile(r"U\d*")
_GIVEN = re.compile(r"[A-Z]\d*|(rho|sigma)\d*")
FUNCTIONS = ("tr", "Tr", "Trace", "ptr", "partial_trace", "kron", "conj", "abs", "identity")

_CONSTRUCTORS = {group.constructor: group for group in REGISTRY.values()}
_MATRIX = "matrix"
_KINDS = (*_CONSTRUCTORS, _MATRIX)

_GIVEN_MATRIX = "--let {0}=matrix (declared=hq.matrices('{0}')) if it is a given matrix"
_GIVEN_STATE = (
    "--let '{0}=projector rank_one' (declared=hq.matrices('{0}', projector=True, rank_one=True)) if given"
)
_RANDOM = "--let {0}={1} (declared=hq.{1}('{0}')) if it is random, "
_COMPLEX = "complex numbers are not read; move i out of the trace and use i^2 = -1"
_AVERAGED = "the average is taken anyway; leave {0} out"
_NUMBER = "numbers must be rational; write a fraction such as 3/2, or take the factor out"

_NAMES = {
    r"[ij]|im|Im|Re|imag|[ij]\d+": _COMPLEX,
    r"int|integral|d[A-Z]\w*|d(psi|phi|chi|mu)\w*|[dD]?(haar|Haar)\w*|E|mean|avg|average|expect": _AVERAGED,
    r"e|exp|pi|sqrt|hbar|inf|oo|nan": _NUMBER,
    r"tr|Tr|Trace|trace|ptr|kron|conj|det|abs": "write {0}(…) with parentheses for a function",
    r"H|T|dag|dagger|adj|adjoint|trans": "write ^H for the adjoint and ^T for the transpose",
    r"I_?[\da-z]\w*|eye|one|Id|id": "write I for the identity on all factors, identity(2) for one of dimension 2",
    r"D[\da-z_]\w*|d\w*|n|N_?\w+|dim": "write --dims {0} (dims=) if it is a dimension",
    r"U_?[\da-z]\w*": "write U1 for a second random unitary, U[0, 1] for an entry, U^H for the adjoint",
    r"psi_?\w+|Psi|ket|bra": "write psi1 for a second random state, <0|psi> for an amplitude",
    r"T_?\d+": "write tr(A^2) for a trace of a power",
    r"swap|SWAP|Swap": "write P(0 1) for the exchange of tensor factors 0 and 1",
    r"P_\w+": "write P(0 1) for the permutation operator of tensor factors 0 and 1",
}

_CALLS = {
    r"exp|log": "only polynomials can be integrated",
    r"sqrt": _NUMBER,
    r"det": "only traces and entries are read; write det as a sum of products of entries",
    r"[Rr]e": "write (x + conj(x))/2",
    r"[Ii]m": "it is (x - conj(x))/(2i), and complex numbers are not read; use Re of i x or |x|^2",
    r"[Vv]ar|variance": "integrate the square, and subtract the square of the average",
    r"dag|adjoint": "write U^H",
    r"transpose": "write U^T",
    r"inv": "write U^H for the inverse of a unitary matrix",
    r"commutator": "write (A B - B A)",
    r"eye": "write identity(2)",
    r"I": "write identity(2), identity(d1)",
    r"E|mean|expect|average|int|integrate": "the average is taken; leave it out",
}


def check_bra(matrix: MatrixExpression) -> MatrixExpression:
    """Refuse the adjoint of a state's name, which stands for the projector: ``psi^H A psi`` would be a matrix."""
    names = [name for name, d in matrix.declared.items() if is_random_state(d)]
    if len(names) == len(matrix.declared) == 1 and matrix.H.terms == matrix.terms:
        raise InputError(
            f"the adjoint of the state {names[0]} is not read: {names[0]} stands for |{names[0]}><{names[0]}|; write "
            f"<{names[0]}|A|{names[0]}> for an expectation, {names[0]} for the projector"
        )
    return matrix


def undeclared(name: str, spaces: tuple[Space, ...]) -> MatrixExpression:
    """What a name means without a declaration, on tensor factors; an InputError says how another is declared."""
    if name == SYMPLECTIC_FORM:
        return symplectic_form(spaces)
    if name == "I":
        return identity(spaces)
    if RANDOM_STATE.fullmatch(name):
        return haar_state(name, dims=spaces).projector()
    if _RANDOM_UNITARY.fullmatch(name):
        return haar_unitary(name, dims=spaces)
    _check_given(name)
    return given_matrix(name, spaces, frozenset())


def called(name: str, *arguments: Any) -> Any:
    """The value of a function of what stands in its parentheses."""
    if name not in FUNCTIONS:
        hint = _cure(_CALLS, name) or f"write {name}*(…) for a product"
        raise UnknownNameError(f"{UnknownNameError.among('function', name, FUNCTIONS)}; {hint}")
    if name == "kron":
        return kron(*(matrix_of(name, argument) for argument in arguments))
    first, *rest = arguments
    is_partial = name in {"ptr", "partial_trace"}
    if is_partial and rest:
        return partial_trace(matrix_of(name, first), over=[_tensor_factor(argument) for argument in rest])
    if is_partial or rest:
        wanted, count = "a matrix and tensor factors" if is_partial else "one argument", len(arguments)
        raise InputError(f"{name} must have {wanted}, got {count} argument{'s' * (count > 1)}")
    return first.conj() if name == "conj" else tr(matrix_of(name, first))


def matrix_of(what: str, value: Any) -> MatrixExpression:
    """The value, which must be a matrix for what is applied to it."""
    if not isinstance(value, MatrixExpression):
        raise InputTypeError(f"{what} must be applied to a matrix, got {value!r}")
    return value


def _tensor_factor(value: Any) -> int:
    """The number of a tensor factor."""
    number = number_of(value)
    if number is None:
        raise InputError(f"a tensor factor must be an integer ≥ 0, got {value!r}")
    return integer("a tensor factor", number.numerator if number.denominator == 1 else number, at_least=0)


def _check_given(name: str) -> None:
    """Refuse a name that could mean something else than a given matrix."""
    if re.fullmatch(r"[VW]\d*|(phi|chi)\d*", name):
        group, given = (UNITARY, _GIVEN_MATRIX) if name[0].isupper() else (STATE, _GIVEN_STATE)
        raise InputError(
            f"the name {name} must be declared; {(_RANDOM + given).format(name, group.constructor)}"
        )
    if name == "D":
        raise InputError(
            "D must be among the dimensions, got others; write a dimension that dims (--dims) names"
        )
    hint = _cure(_NAMES, name)
    if not hint and _GIVEN.fullmatch(name):
        return
    if not hint and name.isupper() and name.isalpha():
        raise InputError(
            f"a name of several capitals must be declared, got {name}; write {' '.join(name)} for a product, or "
            f"declare {name}=matrix"
        )
    hints = [text.format(name) for text in (hint, _GIVEN_MATRIX) if text]
    raise InputError(f"the name {name} must be declared; {'; '.join(hints)}")


def _cure(table: dict[str, str], name: str) -> str:
    return next((text for pattern, text in table.items() if re.fullmatch(pattern, name)), "")


def declared_matrix(declaration: RandomLetter | Letter) -> MatrixExpression:
    """The matrix that was declared; of a state its projector."""
    name, spaces = declaration.name, declaration.spaces
    if isinstance(declaration, RandomLetter):
        if declaration.record.is_vector:
            return HaarState(name, spaces).projector()
        return random_matrix(name, declaration.record, spaces)
    if name == SYMPLECTIC_FORM:
        return symplectic_form(spaces)
    return given_matrix(name, spaces, declaration.properties)


def named(items: object) -> dict[str, RandomLetter | Letter]:
    """Name → declaration of matrices and states that were handed over, for matching by name."""
    matrices = listed(items)
    for item in matrices:
        if not isinstance(item, MatrixExpression):
            raise InputTypeError(
                f"declarations must be hq matrices and states, got {item!r}; build them with hq.haar_unitary and "
                "hq.matrices"
            )
    return MatrixExpression({}, {}, ()).declared_with(*matrices)


def listed(items: object) -> list[Any]:
    """Matrices that were handed over, one or several; of a state its projector."""
    given = [items] if isinstance(items, MatrixExpression | HaarState) else items
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise InputTypeError(f"declarations must be hq matrices and states, got {items!r}")
    return [item.projector() if isinstance(item, HaarState) else item for item in given]


def parse_declaration(text: str, *, dims: Any = "D") -> list[MatrixExpression | HaarState]:
    """Parse ``NAMES=KIND PROPERTIES on DIMENSIONS``, as the command line takes it.

    Args:
        text: Names with commas; then the name of a constructor, such as haar_unitary, or matrix, which it is if
            left out; properties of a matrix as ``matrices`` takes them; dimensions such as d1*d2.
        dims: The dimensions if left out.

    Raises:
        InputError: If the text does not have that form.

    Examples:
        >>> parse_declaration("A,B=hermitian traceless on d1*d2")
        [<matrix expression of 1 terms in A on d1 × d2>, <matrix expression of 1 terms in B on d1 × d2>]
    """
    names, equals, meaning = text.partition("=")
    if not equals or not names.strip() or not meaning.strip():
        raise InputError(
            f"a declaration must be written NAMES=MEANING, such as A,B=hermitian or O=haar_orthogonal, got {text!r}"
        )
    meaning, on, given = f" {meaning}".partition(" on ")
    spaces = parse_dimensions(given) if on else check_spaces(dims)
    words = [word for word in re.split(r"[\s,]+", meaning) if word]
    kinds = [word for word in words if word in _KINDS]
    properties = [word for word in words if word not in _KINDS]
    for word in properties:
        if word not in PROPERTIES:
            raise UnknownNameError.among("kind or property", word, [*_KINDS, *PROPERTIES])
    if len(kinds) > 1 or (properties and kinds not in ([], [_MATRIX])):
        raise InputError(
            f"a declaration must give one kind, and properties of a matrix only, got {meaning.strip()!r}"
        )
    if kinds and kinds != [_MATRIX]:
        group = _CONSTRUCTORS[kinds[0]]
        build = haar_state if group.is_vector else partial(random_matrix, group=group)
        return [build(name.strip(), dims=spaces) for name in names.split(",")]
    found = matrices(names, dims=spaces, **dict.fromkeys(properties, True))
    return [found] if isinstance(found, MatrixExpression) else list(found)


def parse_dimensions(text: str) -> tuple[Space, ...]:
    """Parse dimensions of tensor factors, such as d1*d2*2.

    Examples:
        >>> parse_dimensions("d1*2")
        ('d1', 2)
    """
    parts = [part.strip() for part in text.split("*")]
    return check_spaces(tuple(int(check_digits(part)) if part.isdecimal() else part for part in parts))
