"""Integrands as text: ``tr(U A U^H B)^2``, as people write them on paper. Nothing is evaluated as Python.

Names can be declared; without a declaration U, U1, U2 … are Haar-random unitary matrices, psi, psi1 … Haar-random
states, J is the symplectic form, I the identity, and one capital letter a general matrix. Other names are refused.
The names in the declared dimensions are dimensions, D if none are. What is printed can be typed again but for sums
over indices: ⊗, where a literal 1 is the identity of a factor, Tr_0(…), P(0 1), Tr[(0 1), id](…).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import comb
from typing import TYPE_CHECKING, Any

from haarqntk.algebra import ARITHMETIC, Arithmetic, RationalFunction, check_digits, dimension_symbol, parse
from haarqntk.errors import CostError, InputError, InputTypeError
from haarqntk.haar._algebra import MatrixExpression, ScalarExpression, number_of
from haarqntk.haar._letters import check_spaces, is_random_state
from haarqntk.haar._names import (
    RANDOM_STATE,
    called,
    check_bra,
    declared_matrix,
    matrix_of,
    named,
    undeclared,
)
from haarqntk.haar._operations import (
    HaarState,
    haar_state,
    identity,
    kron,
    moved,
    partial_trace,
    permutation,
    tr,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from haarqntk.diagrams import Letter, Space
    from haarqntk.haar._expect import Declared
    from haarqntk.haar._letters import RandomLetter

_LARGEST_NUM_TERMS = 5_000  # of scalars: a second
_LARGEST_NUM_WORDS = 2_000  # of matrices, which are joined letter by letter
_LARGEST_POINT = 100  # of a permutation

_INTEGRAND = (
    ARITHMETIC
    + r"""
    start: sum -> whole
    %override ?product: signed | product ("*" | "@") signed -> times | product "/" signed -> by
        | product power -> beside | product tensor -> beside | product "/" signed power -> by_then
    %extend signed: tensor | modulus
    tensor: placed ("⊗" placed)+
    ?placed: power | power PLACES -> at_places
    %extend power: _ABS "(" sum ")" _POWER exponent -> modulus
    modulus: "|" sum "|" _POWER exponent
    %extend base: base _ADJOINT -> adjoint | base _TRANSPOSE -> transpose | base _CONJUGATE -> conjugate
        | base "[" index ("," index)* "]" -> entry
    %override bracketed: "(" sum ")"
    %extend number: SCIENTIFIC
    %extend atom: NAME -> name | PERMUTATION -> permutation
        | PARTIAL "(" sum ")" -> traced | _PERMUTED way ("," way)* "]" "(" sum ")" -> permuted_trace
        | _IDENTITY "(" label ("," label)* ")" -> identity_on
        | FUNCTION "(" sum ("," sum)* ")" -> call
        | BRA sum KET -> braket | BRA label ">" -> overlap
    !way: CYCLES | "id"
    ?label: NAME | INT
    ?index: place | "(" place ("," place)* ")" -> places
    place: NAME | INDEX | NAME "/" INT -> half | NAME "/" INT PLUS_OR_MINUS INT -> half
    INDEX: /-?\d+(\.\d+)?/
    _ADJOINT.2: /(\^\s*H|\.H)(?!\w)|(\^\s*)?†/
    _TRANSPOSE.2: /(\^\s*T|\.T)(?!\w)/
    _CONJUGATE.2: /\^\s*\*(?!\*)|\.conj\(\)/
    _ABS.3: /abs(?=\()/
    _IDENTITY.3: /identity(?=\()/
    FUNCTION.2: /(?!D\()[A-Za-z]\w*(?=\()/
    PERMUTATION.4: /P(\(\d+( \d+)+\))+/
    CYCLES: /(\(\d+( \d+)+\))+/
    PARTIAL.4: /[Tt]r_\d+(,\d+)*(?=\()/
    _PERMUTED.4: /Tr\[(?=\s*(\(|id\b))/
    PLACES: /_\{\d+(,\d+)*\}/
    SCIENTIFIC.3: /\d+(\.\d*)?[eE][+-]?\d+/
    BRA: /<\s*\w+(\s+\w+)*\s*\|/
    KET: /\|\s*\w+(\s+\w+)*\s*>/
    NAME: /[A-Za-z]([A-Za-z0-9_]*[A-Za-z0-9])?/
"""
)

_MULTIPLY = ("times", "beside", "by_then", "bracketed", "tensor", "at_places")


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
    rules = _Integrand(named(declared), check_spaces(dims))
    value: ScalarExpression | MatrixExpression = parse("integrand", text, _INTEGRAND, rules)
    return value


class _Literal(ScalarExpression):
    """A number as it stands, not in parentheses; 1 is the identity of a factor beside ⊗."""

    __slots__ = ()

    def _like(self, terms: Any, *operands: Any) -> Any:
        """What is computed with it is no literal."""
        return ScalarExpression(terms, self.declared_with(*operands))


@dataclass(frozen=True, slots=True)
class _Deferred:
    """A tensor product or P(0 1), until it is known which factors it acts on: those of what it is multiplied with.

    Attributes:
        build: The matrix on given factors.
        spaces: The factors where nothing else tells.
        is_bare: Whether it is a tensor product that is not in parentheses: A B ⊗ C can mean two things.
    """

    build: Callable[[tuple[Space, ...]], MatrixExpression]
    spaces: tuple[Space, ...]
    is_bare: bool = False


def _settled(value: Any, beside: Any = None) -> Any:
    """The value; a deferred one on the factors of what stands beside it."""
    if not isinstance(value, _Deferred):
        return value
    if value.is_bare and isinstance(beside, MatrixExpression | _Deferred):
        raise InputError("A B ⊗ C can mean (A B) ⊗ C or A (B ⊗ C); write parentheses")
    return value.build(beside.spaces if isinstance(beside, MatrixExpression) else value.spaces)


def _multiplied(left: Any, right: Any) -> Any:
    left, right = _settled(left, right), _settled(right, left)
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


class _Integrand(Arithmetic):
    integer_exponents = (
        "an exponent must be an integer ≥ 0, got {}; only polynomials can be integrated, and the inverse of a unitary "
        "matrix is U^H"
    )

    def __init__(self, declared: dict[str, RandomLetter | Letter], spaces: tuple[Space, ...]) -> None:
        self._declared, self._spaces = declared, spaces
        self._dimensions = {s for s in spaces if isinstance(s, str)}
        for declaration in declared.values():
            self._dimensions |= {s for s in declaration.spaces if isinstance(s, str)}
        clash = sorted(self._dimensions & set(declared))
        if clash:
            raise InputError(f"each name must mean one thing, got {clash[0]} as a matrix and as a dimension")

    def apply(self, rule: str, values: list[Any]) -> Any:
        """The value of a node; a rule that multiplies settles what it is given by itself."""
        return super().apply(rule, values if rule in _MULTIPLY else [_settled(x) for x in values])

    # -- names -----------------------------------------------------------------------------------------

    def number(self, token: str) -> ScalarExpression:
        if "e" in token.lower():
            raise InputError(
                f"a number must have no exponent, got {token}; write 3*10^5, or a product with a space between"
            )
        return _Literal.number(super().number(token))

    def bracketed(self, value: Any) -> Any:
        if isinstance(value, _Literal):
            return ScalarExpression(value.terms, {})
        return replace(value, is_bare=False) if isinstance(value, _Deferred) else value

    whole = bracketed

    def name(self, name: str) -> ScalarExpression | MatrixExpression:
        if name in self._dimensions:
            return ScalarExpression.number(RationalFunction.variable(name))
        if name in self._declared:
            return declared_matrix(self._declared[name])
        return undeclared(name, self._spaces)

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

    times = staticmethod(_multiplied)

    def beside(self, left: Any, right: Any) -> Any:
        """A number behind something could be an argument or an exponent; a literal 1 there is an identity."""
        is_scalar = isinstance(left, ScalarExpression) and not isinstance(left, _Literal)
        if is_scalar and _is_literal_one(right):
            return left * identity(self._spaces)
        if number_of(right) is not None:
            raise InputError(
                f"a number must stand before what it multiplies, got {right} behind it; write 2 A, A^2 or A[0, 1], a*2"
            )
        return _multiplied(left, right)

    def by_then(self, left: Any, right: Any, following: Any) -> Any:
        """``1/2 tr(A)`` can only mean one thing, since nothing is divided by tr(A); ``1/2 D`` can mean two."""
        if isinstance(following, ScalarExpression) and set(following.terms) <= {()}:
            raise InputError(
                "a division must not be followed by a number or a dimension without a sign between them; write "
                "a/(b c) or a/b * c"
            )
        return _multiplied(_settled(left) / right, following)

    def raised(self, base: Any, exponent: int) -> Any:
        n = len(base.terms)
        if isinstance(base, MatrixExpression):
            _check_size(n**exponent, _LARGEST_NUM_WORDS)
        else:
            _check_size(comb(n + exponent - 1, exponent) if n else 0, _LARGEST_NUM_TERMS)
        value = base**0
        for _ in range(exponent):
            value = _multiplied(value, base)
        return value

    def modulus(self, value: Any, exponent: int) -> ScalarExpression:
        if not isinstance(value, ScalarExpression):
            raise InputTypeError(f"a modulus must be of a scalar, got {value!r}; take its trace or an entry")
        if exponent % 2:
            raise InputError(
                f"a modulus must have an even exponent, got {exponent}; only polynomials can be integrated"
            )
        square: ScalarExpression = _multiplied(value, value.conj())
        result: ScalarExpression = self.raised(square, exponent // 2)
        return result

    # -- matrices --------------------------------------------------------------------------------------

    def adjoint(self, value: Any) -> Any:
        return check_bra(matrix_of("^H", value)).H

    def transpose(self, value: Any) -> Any:
        return matrix_of("^T", value).T

    def conjugate(self, value: Any) -> Any:
        return value.conj()

    def place(self, token: str) -> object:
        is_matrix = token[0].isupper() or token in self._declared or RANDOM_STATE.fullmatch(token)
        if is_matrix and token not in self._dimensions:
            raise InputError(
                f"an index must be a number or a small letter, got {token}; write (A B - B A) for a commutator"
            )
        return int(token) if token.lstrip("-").isdecimal() else token

    def half(self, name: str, two: str, sign: str = "+", offset: str = "0") -> Any:
        return dimension_symbol(name) / int(two) + int(f"{sign}{offset}")

    def places(self, *indices: object) -> tuple[object, ...]:
        return indices

    def entry(self, value: Any, *indices: object) -> ScalarExpression:
        return matrix_of("[i, j]", value)[indices]

    def traced(self, trace: str, value: Any) -> MatrixExpression:
        return partial_trace(matrix_of(trace, value), over=[int(s) for s in trace[3:].split(",")])

    def permutation(self, token: str) -> _Deferred:
        """P and its cycles; on as many copies of a single factor as it moves."""
        images = self.way(token[1:])
        spaces = self._spaces if len(self._spaces) > 1 else self._spaces * (max(images) + 1)
        return _Deferred(lambda found: permutation(images, found), spaces)

    def way(self, cycles: str) -> dict[int, int]:
        """Point → image."""
        image: dict[int, int] = {}
        for cycle in () if cycles == "id" else cycles.strip("()").split(")("):
            points = [int(check_digits(point)) for point in cycle.split()]
            if set(points) & set(image) or len(set(points)) < len(points) or max(points) >= _LARGEST_POINT:
                raise InputError(
                    f"cycles must name different points below {_LARGEST_POINT}, counted from 0, got {cycles}"
                )
            image |= zip(points, [*points[1:], points[0]], strict=True)
        return image

    def permuted_trace(self, *parts: Any) -> ScalarExpression:
        """Tr[π_0, …](M ⊗ N …): the right end s of copy i meets the left end s of copy π_s(i)."""
        *ways, value = parts
        matrix, width = matrix_of("Tr[…]", value), len(ways)
        images = {pi[i] * width + s: i * width + s for s, pi in enumerate(ways) for i in pi}
        return tr(matrix @ permutation(images, matrix.spaces))

    def at_places(self, value: Any, places: str) -> tuple[Any, list[int]]:
        return value, [int(s) for s in places[2:-1].split(",")]

    def tensor(self, *factors: Any) -> _Deferred:
        return _Deferred(lambda found: _tensor_product(factors, found), self._spaces, is_bare=True)

    def identity_on(self, *labels: str) -> MatrixExpression:
        if any(x in self._declared or (x[0].isupper() and x not in self._dimensions) for x in labels):
            raise InputError(f"identity must have dimensions such as d1 or 2, got {', '.join(labels)}")
        return identity(tuple(int(check_digits(x)) if x.isdecimal() else x for x in labels))

    call = staticmethod(called)

    def braket(self, bra: str, value: Any, ket: str) -> ScalarExpression:
        left, right = (label.strip("<>| ") for label in (bra, ket))
        matrix = matrix_of("<…|A|…>", value)
        if " " in left + right:
            row, column = (tuple(map(self.place, label.split())) for label in (left, right))
            return matrix[row, column]
        if left.isdecimal() and right.isdecimal():
            return matrix[int(left), int(right)]
        return self._state(left).matrix_element(matrix, self._state(right))

    def overlap(self, bra: str, right: str) -> ScalarExpression:
        left = bra.strip("<| ")
        if left.isdecimal() and right.isdecimal():
            return identity(self._spaces)[int(left), int(right)]
        if left.isdecimal():
            return self._state(right)[int(left)]
        state = self._state(left)
        if right.isdecimal():
            return state[int(right)].conj()
        return state.matrix_element(identity(state.spaces), self._state(right))


def _is_literal_one(value: Any) -> bool:
    return isinstance(value, _Literal) and number_of(value) == 1


def _tensor_product(factors: Sequence[Any], spaces: tuple[Space, ...]) -> MatrixExpression:
    """Factors side by side; a pair of a factor and its places stands there."""
    found: list[MatrixExpression] = []
    places: list[int] = []
    for factor in factors:
        value, at = factor if isinstance(factor, tuple) else (factor, [len(places)])
        value = _settled(value)
        if _is_literal_one(value) and at[0] < len(spaces):
            value = identity(spaces[at[0]])
        if not isinstance(value, MatrixExpression):
            raise InputTypeError(
                f"⊗ must stand between matrices, got {value!r}; 1 is the identity of a factor that dims names"
            )
        found.append(value)
        places += at if isinstance(factor, tuple) else range(len(places), len(places) + len(value.spaces))
    return moved(kron(*found), places)
