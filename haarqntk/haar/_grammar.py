"""Integrands as text: ``tr(U A U^H B)^2``, as people write them on paper. Nothing is evaluated as Python.

Names can be declared; without a declaration U, U1, U2 … are Haar-random unitary matrices, psi, psi1 … Haar-random
states, J is the symplectic form, I the identity, and one capital letter a general matrix. Other names are refused.
The names in the declared dimensions are dimensions, D if none are. What is printed can be typed again but for sums
over indices: ⊗, where a literal 1 is the identity of a factor, Tr_0(…), P(0 1), Tr[(0 1), id](…).
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache, reduce
from math import comb
from operator import add
from typing import TYPE_CHECKING, Any

from lark import Lark, Token, Transformer, v_args

from haarqntk._parsing import check_digits, exponent_of, parse
from haarqntk.algebra import DimensionFunction, dimension_symbol
from haarqntk.diagrams import SYMPLECTIC_FORM
from haarqntk.errors import CostError, InputError, InputTypeError
from haarqntk.haar._algebra import MatrixExpression, ScalarExpression
from haarqntk.haar._declarations import haar_unitary, matrices, symplectic_form
from haarqntk.haar._declared import declared_matrix, named
from haarqntk.haar._indices import check_spaces
from haarqntk.haar._operations import identity, kron, partial_trace, tr
from haarqntk.haar._states import HaarState, haar_state, is_random_state
from haarqntk.haar._typed_names import (
    FUNCTIONS,
    RANDOM_STATE,
    RANDOM_UNITARY,
    check_bra,
    check_given,
    check_notation,
    check_stars,
    unknown_function,
)
from haarqntk.haar._typed_tensors import (
    Deferred,
    Literal,
    images_of,
    is_one,
    is_rational,
    permutation_of,
    permuted_trace,
    settled,
    tensor_factor,
    tensor_product,
    with_settled,
)

if TYPE_CHECKING:
    from haarqntk.diagrams import Letter, Space
    from haarqntk.haar._expect import Declared
    from haarqntk.haar._weights import RandomLetter

_LARGEST_NUM_TERMS = 5_000  # of scalars: a second
_LARGEST_NUM_WORDS = 2_000  # of matrices, which are joined letter by letter

_INTEGRAND = r"""
    start: sum -> whole
    ?sum: product | product (PLUS_OR_MINUS product)+ -> total
    ?product: signed | product TIMES signed -> times | product power -> beside | product tensor -> beside
        | product "/" signed -> by | product "/" signed power -> by_then
    ?signed: power | tensor | modulus | "-" signed -> negate | "+" signed
    tensor: placed ("⊗" placed)+
    ?placed: power | power PLACES -> at_places
    ?power: base | base POWER exponent -> raised | ABS "(" sum ")" POWER exponent -> absolute
    modulus: "|" sum "|" POWER exponent
    ?base: atom | base ADJOINT -> adjoint | base TRANSPOSE -> transpose | base CONJUGATE -> conjugate
        | base "[" index ("," index)* "]" -> entry
    ?atom: number | SCIENTIFIC -> scientific | NAME -> name | "(" sum ")" -> bracketed | PERMUTATION -> permutation
        | PARTIAL "(" sum ")" -> traced | PERMUTED way ("," way)* "]" "(" sum ")" -> permuted_trace
        | IDENTITY "(" label ("," label)* ")" -> identity_on
        | FUNCTION "(" sum ("," sum)* ")" -> call
        | BRA sum KET -> braket | BRA label ">" -> overlap
    !way: CYCLES | "id"
    exponent: EXPONENT | "(" EXPONENT ")"
    number: INT | DECIMAL
    ?label: NAME | INT
    ?index: place | "(" place ("," place)* ")" -> places
    place: NAME | INDEX | NAME "/" INT -> half | NAME "/" INT PLUS_OR_MINUS INT -> half
    PLUS_OR_MINUS: "+" | "-"
    TIMES: "*" | "@"
    POWER: "^" | "**"
    EXPONENT: /-?\d+(\.\d+)?/
    INDEX: /-?\d+(\.\d+)?/
    ADJOINT.2: /(\^\s*H|\.H)(?!\w)|(\^\s*)?†/
    TRANSPOSE.2: /(\^\s*T|\.T)(?!\w)/
    CONJUGATE.2: /\^\s*\*(?!\*)|\.conj\(\)/
    ABS.3: /abs(?=\()/
    IDENTITY.3: /identity(?=\()/
    FUNCTION.2: /(?!D\()[A-Za-z]\w*(?=\()/
    PERMUTATION.4: /P(\(\d+( \d+)+\))+/
    CYCLES: /(\(\d+( \d+)+\))+/
    PARTIAL.4: /[Tt]r_\d+(,\d+)*(?=\()/
    PERMUTED.4: /Tr\[(?=\s*(\(|id\b))/
    PLACES: /_\{\d+(,\d+)*\}/
    SCIENTIFIC.3: /\d+(\.\d*)?[eE][+-]?\d+/
    BRA: /<\s*\w+(\s+\w+)*\s*\|/
    KET: /\|\s*\w+(\s+\w+)*\s*>/
    NAME: /[A-Za-z]([A-Za-z0-9_]*[A-Za-z0-9])?/
    %import common.INT
    %import common.DECIMAL
    %import common.WS
    %ignore WS
"""

_PARTIAL_TRACE = ("ptr", "partial_trace")


def parse_integrand(
    text: str, *, declared: Declared = (), dims: Any = "D"
) -> ScalarExpression | MatrixExpression:
    """Parse an integrand.

    Args:
        text: Products ``U A U^H B`` (also ``*`` and ``@``), sums, ``^3``, ``^H``, ``^T``, ``^*`` or ``conj(…)``;
            ``tr(…)``, ``ptr(…, 1)``, ``kron(…, …)``, entries ``U[0, 1]``, ``<psi|A|psi>``, ``abs(tr(U))^2``,
            ``identity(d1)``, the identity ``I``, numbers and dimensions. A division applies to the next factor only; an
            index that is a letter is fixed, not summed over; factors and entries count from 0.
        declared: Matrices and states that a name of the text stands for. U and psi, with numbers, are Haar random and
            one capital letter, rho and sigma are given matrices without it; other names need it.
        dims: The dimension of every name that is not declared, or a tuple of them; "D" by default.

    Returns:
        The expression, for ``expect``.

    Raises:
        InputError: If the text does not parse, with a caret under the place, has no meaning, or could be read
            in another way.

    Examples:
        >>> import haarqntk as hq
        >>> hq.expect(hq.parse_integrand("tr(U A U^H B)")).to_sympy()
        Trace(A)*Trace(B)/D
        >>> O = hq.haar_orthogonal("O")
        >>> hq.expect(hq.parse_integrand("O[0, 0]^4", declared=O)).to_sympy()
        3/(D*(D + 2))
        >>> V, W = hq.matrices("V W")  # not random: declared as given
        >>> print(hq.expect(hq.parse_integrand("tr(U^H V U W)", declared=[V, W])))
        Tr(V)*Tr(W)/D

    Reference:
        derivations/11_integrals.md.
    """
    check_stars(text)
    meanings = named(declared)
    value: ScalarExpression | MatrixExpression = parse(
        "integrand", text, _parser(), _Integrand(meanings, check_spaces(dims)), refuse=check_notation
    )
    return value


@cache
def _parser() -> Lark:
    return Lark(_INTEGRAND, parser="lalr", maybe_placeholders=False)


@v_args(wrapper=with_settled)
class _Integrand(Transformer[Token, Any]):
    def __init__(self, declared: dict[str, RandomLetter | Letter], spaces: tuple[Space, ...]) -> None:
        super().__init__()
        self._declared, self._spaces = declared, spaces
        self._dimensions = {s for s in spaces if isinstance(s, str)}
        for declaration in declared.values():
            self._dimensions |= {s for s in declaration.spaces if isinstance(s, str)}
        clash = sorted(self._dimensions & set(declared))
        if clash:
            raise InputError(f"each name must mean one thing, got {clash[0]} as a matrix and as a dimension")

    # -- names -----------------------------------------------------------------------------------------

    def number(self, token: Token) -> ScalarExpression:
        return Literal(ScalarExpression.number(Fraction(check_digits(token))).terms, {})

    def scientific(self, token: Token) -> Any:
        raise InputError(
            f"a number must have no exponent, got {token}; write 3*10^5, or a product with a space between"
        )

    def bracketed(self, value: Any) -> Any:
        if isinstance(value, Literal):
            return ScalarExpression(value.terms, {})
        return replace(value, is_bare=False) if isinstance(value, Deferred) else value

    whole = bracketed

    def name(self, token: Token) -> ScalarExpression | MatrixExpression:  # noqa: PLR0911 - one for each meaning
        name = str(token)
        if name in self._dimensions:
            return ScalarExpression.number(DimensionFunction.variable(name))
        if name in self._declared:
            return declared_matrix(self._declared[name])
        if name == SYMPLECTIC_FORM:
            return symplectic_form(self._spaces)
        if name == "I":
            return identity(self._spaces)
        if RANDOM_UNITARY.fullmatch(name):
            return haar_unitary(name, dims=self._spaces)
        if RANDOM_STATE.fullmatch(name):
            return haar_state(name, dims=self._spaces).projector()
        check_given(name)
        built: MatrixExpression = matrices(name, dims=self._spaces)
        return built

    def _state(self, name: str) -> HaarState:
        declaration = self._declared.get(name)
        if declaration is None and RANDOM_STATE.fullmatch(name):
            return haar_state(name, dims=self._spaces)
        if declaration is None or not is_random_state(declaration):
            raise InputError(
                f"a bra or a ket must be a Haar state, got {name}; declare {name}=haar_state, or write an entry "
                f"A[0, 1], or tr({name} A) with --let '{name}=projector rank_one' for a given pure state"
            )
        return HaarState(name, declaration.spaces)

    # -- arithmetic ------------------------------------------------------------------------------------

    def total(self, first: Any, *rest: Any) -> Any:
        """Σ ± terms, in halves: a sum of thousands of terms nests no deeper than one of two."""
        terms = [first, *(-x if sign == "-" else x for sign, x in zip(rest[::2], rest[1::2], strict=True))]
        while len(terms) > 1:
            terms = [reduce(add, terms[i : i + 2]) for i in range(0, len(terms), 2)]
        return terms[0]

    def negate(self, value: Any) -> Any:
        return -value

    def times(self, left: Any, _sign: Token, right: Any) -> Any:
        return _multiplied(left, right)

    def beside(self, left: Any, right: Any) -> Any:
        """A number behind something could be an argument or an exponent; a literal 1 there is an identity."""
        is_scalar = isinstance(left, ScalarExpression) and not isinstance(left, Literal)
        if isinstance(right, Literal) and is_scalar and is_one(right):
            return left * identity(self._spaces)
        if isinstance(right, ScalarExpression) and is_rational(right):
            raise InputError(
                f"a number must stand before what it multiplies, got {right} behind it; write 2 A, A^2 or A[0, 1], a*2"
            )
        return _multiplied(left, right)

    def by(self, left: Any, right: Any) -> Any:
        return left / right

    def by_then(self, left: Any, right: Any, following: Any) -> Any:
        """``1/2 tr(A)`` can only mean one thing, since nothing is divided by tr(A); ``1/2 D`` can mean two."""
        if isinstance(following, ScalarExpression) and set(following.terms) <= {()}:
            raise InputError(
                "a division must not be followed by a number or a dimension without a sign between them; write "
                "a/(b c) or a/b * c"
            )
        return _multiplied(settled(left) / right, following)

    def exponent(self, token: Token) -> int:
        if not token.isdecimal():
            raise InputError(
                f"an exponent must be an integer ≥ 0, got {token}; only polynomials can be integrated, and the inverse "
                "of a unitary matrix is U^H"
            )
        return exponent_of(token)

    def raised(self, base: Any, _sign: Token, exponent: int) -> Any:
        n = len(base.terms)
        if isinstance(base, MatrixExpression):
            _check_size(n**exponent, _LARGEST_NUM_WORDS)
        else:
            _check_size(comb(n + exponent - 1, exponent) if n else 0, _LARGEST_NUM_TERMS)
        value = base**0
        for _ in range(exponent):
            value = _multiplied(value, base)
        return value

    def modulus(self, value: Any, _sign: Token, exponent: int) -> ScalarExpression:
        if not isinstance(value, ScalarExpression):
            raise InputTypeError(f"a modulus must be of a scalar, got {value!r}; take its trace or an entry")
        if exponent % 2:
            raise InputError(
                f"a modulus must have an even exponent, got {exponent}; only polynomials can be integrated"
            )
        square: ScalarExpression = _multiplied(value, value.conj())
        result: ScalarExpression = self.raised(square, _sign, exponent // 2)
        return result

    def absolute(self, _abs: Token, value: Any, sign: Token, exponent: int) -> ScalarExpression:
        return self.modulus(value, sign, exponent)

    # -- matrices --------------------------------------------------------------------------------------

    def adjoint(self, value: Any, _sign: Token) -> Any:
        return check_bra(_matrix("^H", value)).H

    def transpose(self, value: Any, _sign: Token) -> Any:
        return _matrix("^T", value).T

    def conjugate(self, value: Any, _sign: Token) -> Any:
        return value.conj()

    def place(self, token: str) -> object:
        is_matrix = token[0].isupper() or token in self._declared or RANDOM_STATE.fullmatch(token)
        if is_matrix and token not in self._dimensions:
            raise InputError(
                f"an index must be a number or a small letter, got {token}; write (A B - B A) for a commutator"
            )
        return int(token) if token.lstrip("-").isdecimal() else str(token)

    def half(self, name: Token, two: Token, sign: Token | str = "+", offset: Token | str = "0") -> Any:
        return dimension_symbol(str(name)) / int(two) + int(f"{sign}{offset}")

    def places(self, *indices: object) -> tuple[object, ...]:
        return indices

    def entry(self, value: Any, *indices: object) -> ScalarExpression:
        return _matrix("[i, j]", value)[indices]

    def traced(self, trace: Token, value: Any) -> MatrixExpression:
        return partial_trace(_matrix(str(trace), value), over=[int(s) for s in trace[3:].split(",")])

    def permutation(self, token: Token) -> Deferred:
        return permutation_of(token, self._spaces)

    def way(self, cycles: Token) -> dict[int, int]:
        return {} if cycles == "id" else images_of(cycles)

    def permuted_trace(self, _trace: Token, *parts: Any) -> ScalarExpression:
        *ways, value = parts
        return permuted_trace(ways, _matrix("Tr[…]", value))

    def at_places(self, value: Any, places: Token) -> tuple[Any, list[int]]:
        return value, [int(s) for s in places[2:-1].split(",")]

    def tensor(self, *factors: Any) -> Deferred:
        return tensor_product(factors, self._spaces)

    def identity_on(self, _name: Token, *labels: Token) -> MatrixExpression:
        if any(x in self._declared or (x[0].isupper() and x not in self._dimensions) for x in labels):
            raise InputError(f"identity must have dimensions such as d1 or 2, got {', '.join(labels)}")
        return identity(tuple(int(check_digits(x)) if x.isdecimal() else str(x) for x in labels))

    def call(self, function: Token, *arguments: Any) -> Any:
        name = str(function)
        if name not in FUNCTIONS:
            raise unknown_function(name)
        if name == "kron":
            return kron(*(_matrix(name, argument) for argument in arguments))
        first, *rest = arguments
        if name in _PARTIAL_TRACE and rest:
            return partial_trace(_matrix(name, first), over=[tensor_factor(argument) for argument in rest])
        if rest or name in _PARTIAL_TRACE:
            raise InputError(
                f"{name} must have {'a matrix and tensor factors' if name in _PARTIAL_TRACE else 'one argument'}, got "
                f"{len(arguments)} argument{'s' * (len(arguments) > 1)}"
            )
        return first.conj() if name == "conj" else tr(_matrix(name, first))

    def braket(self, bra: Token, value: Any, ket: Token) -> ScalarExpression:
        left, right = (label.strip("<>| ") for label in (bra, ket))
        matrix = _matrix("<…|A|…>", value)
        if " " in left + right:
            row, column = (tuple(map(self.place, label.split())) for label in (left, right))
            return matrix[row, column]
        if left.isdecimal() and right.isdecimal():
            return matrix[int(left), int(right)]
        return self._state(left).matrix_element(matrix, self._state(right))

    def overlap(self, bra: Token, ket: Token) -> ScalarExpression:
        left, right = bra.strip("<| "), str(ket)
        if left.isdecimal() and right.isdecimal():
            return identity(self._spaces)[int(left), int(right)]
        if left.isdecimal():
            return self._state(right)[int(left)]
        if right.isdecimal():
            return self._state(left)[int(right)].conj()
        state = self._state(left)
        return state.matrix_element(identity(state.spaces), self._state(right))


def _multiplied(left: Any, right: Any) -> Any:
    left, right = settled(left, right), settled(right, left)
    both_matrices = isinstance(left, MatrixExpression) and isinstance(right, MatrixExpression)
    _check_size(
        len(left.terms) * len(right.terms), _LARGEST_NUM_WORDS if both_matrices else _LARGEST_NUM_TERMS
    )
    return left @ right if both_matrices else left * right


def _check_size(size: int, largest: int) -> None:
    if size > largest:
        raise CostError(
            f"an expanded product must have at most {largest} terms, got {size}; take a lower power or fewer terms"
        )


def _matrix(what: str, value: Any) -> MatrixExpression:
    if not isinstance(value, MatrixExpression):
        raise InputTypeError(f"{what} must be applied to a matrix, got {value!r}")
    return value
