r"""The arithmetic of typed texts: integrands, moments and claims add their atoms to its grammar and its operations.

A text is parsed by lark and carried out node by node: nothing is evaluated as Python. A text that does not parse is
answered with a caret under the place, or with what to type instead of the notation that it has.

``ARITHMETIC`` is the grammar, to which another one is appended: ``%extend atom: …`` adds atoms. ``Arithmetic`` carries
its rules out, one method a rule.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache, reduce
from operator import add, neg
from typing import TYPE_CHECKING, Any, ClassVar

from haarqntk.base import LazyModule
from haarqntk.errors import CostError, InputError

if TYPE_CHECKING:
    from lark import Lark, Tree

lark = LazyModule("lark")

_MOST_DIGITS = 1000
_LARGEST_EXPONENT = 64
_LONGEST_TEXT = 10_000

ARITHMETIC = r"""
    ?sum: product | product (PLUS_OR_MINUS product)+ -> total
    ?product: signed | signed (TIMES_OR_BY signed)+ -> chain
    ?signed: power | "-" signed -> negate | "+" signed
    ?power: base | base _POWER exponent -> raised
    ?base: atom
    ?atom: number | bracketed
    ?bracketed: "(" sum ")"
    number: INT | DECIMAL
    exponent: EXPONENT | "(" EXPONENT ")"
    PLUS_OR_MINUS: "+" | "-"
    TIMES_OR_BY: "*" | "/"
    _POWER: "^" | "**"
    EXPONENT: /-?\d+(\.\d+)?/
    %import common.INT
    %import common.DECIMAL
    %import common.WS
    %ignore WS
"""

# -- notation that is not read ------------------------------------------------------------------------------

# Pattern: what it is (left out where what was found says it) → what to type instead. The first that is found counts.
_NOTATION_OF_INTEGRANDS = {
    r"\\": "LaTeX → write text such as tr(U A U^H B)",
    r"(?<=[A-Z0-9\])])'": "a prime → write U^H for the adjoint, U^T for the transpose, U1 for another matrix",
    r"\^\s*\{": "^{…} → write U^H for the inverse or the adjoint, A^2 for a power",
    r"\^\s*(?![HT])[A-Za-z+]\w*": "an exponent that is no number → write U^H for the adjoint, U^T for the transpose",
    r"(?<!P)_\s*\{(?!.*⊗)": "_{…} → write U[1, 1] for an entry, counted from 0, and U1 for another matrix",
    r"(?<![\w.])[Tt]r_[A-Za-z{]": "a partial trace over a name → write ptr(A, 0), factors counted from 0",
    r"(?<![\w.])(tr|Trace|trace)\s*\[|(?<![\w.])Tr\s*\[(?!\s*(\(|id\b))": "a trace in brackets → write tr(…)",
    r"[∫𝔼]|(?<!\w)E\s*\[(?![^,\[\]]*,[^,\[\]]*\])": "an integral sign or E[…] → the average is taken; leave it out",
    r"(?:^|[-+*/@(,=])\s*\[": "a commutator or a list → write (A B - B A) for [A, B]",
    r"\|\s*\w+\s*>\s*<\s*\w+\s*\|(?!\s*\w+\s*>)": "an outer product → write psi for |psi><psi|",
    r"\.\s*(dag|adjoint|conjugate|trans|transpose|inv|tr|trace)\b": "a method → write U^H, U^T, U^*, tr(U)",
    r"\|[^|<>]+\|(?!\s*(\^|\*\*))": "a modulus without an even power → write |tr(U)|^2",
    r"[^\x00-\x7f†⊗]": "a letter outside ASCII → write psi, rho, tr(U A U^H B)",
}
_NOTATION_OF_CLAIMS = {
    r"\\": "LaTeX is not read; write text such as variance(K) or L*T2/D^2",
    r"\b[Vv]ar\s*[(\[]|Δ": "write variance(K)",
    r"\b[Cc]ov\s*[(\[]": "write covariance(e, K)",
    r"\b(E|avg|average|expect)\s*[(\[]|<\s*\w+\s*>|𝔼": "write mean(K), or K alone: the mean is taken anyway",
    r"\b[Tt]r(ace)?\b": "write T1 for Tr O, T2 for Tr O^2, T_O1O2 for Tr O1 O2",
    r"[∂Σ∑]|\bdiff\s*\(": "write d(l) for a derivative of the output, sum(d(l)^2, l) for a sum over layers",
    r"\b(i|j|I)\s*\*|\*\s*(i|j|I)\b|\d[ij]\b": "moments and claims are real; leave i out",
}
_NOTATION = {
    "integrand": _NOTATION_OF_INTEGRANDS,
    "expression": _NOTATION_OF_CLAIMS,
    "claim": _NOTATION_OF_CLAIMS,
}

# Pattern: what is said at the caret of a text that has none of that notation.
_HINTS_OF_CLAIMS = {
    r"\bO\s*\(|≈|∼|~|(?<!state)(?<!observable)=": "write one side alone, without a remainder",
    r"(\^|\*\*)\s*(\{|\(?\s*[A-Za-z])|[²³⁴⁵⁶⁷⁸⁹]": "write numbers as exponents, such as T2^2",
    r"\bT\s*(_\s*\{|\[|\()": "write T2 for Tr O^2",
    r"\b\d+(\.\d*)?[eE][+-]?\d+": "write 10^5 for a power of ten",
    r"\|": "moments and claims are real; write K^2 for |K|^2",
    r"(\b\d+(\.\d+)?|\w\s|\))\s*[A-Za-z(]|\w\s+\d": "write * between factors, as in 2*L*(D - 1)",
}
_HINTS_OF_MOMENTS = _HINTS_OF_CLAIMS | {
    r"(?<!=)\b(eps\w*|loss|lam\w*|k|g|h|[DLTXO]_?\d*|[a-z]_\w+)\b": "a moment is made of d(l), e, z, K, mu, sum(…) and "
    "numbers; multiply its mean by the rest"
}
_HINTS = {"integrand": {}, "expression": _HINTS_OF_MOMENTS, "claim": _HINTS_OF_CLAIMS}

# What parses, and could mean something else.
_ROOT = re.compile(r"(?:\^|\*\*)\s*(1|-\s*\d+)\s*/\s*(\d+)")
_STAR = re.compile(r"((?<![A-Za-z])[A-Za-z]\w*|[)\]])\*\s+\S+")  # U* B


# -- the operations -----------------------------------------------------------------------------------------


class Arithmetic:
    """The rules of ``ARITHMETIC`` on values that know + − * / and **; a grammar adds its own, as methods.

    Attributes:
        integer_exponents: The message for an exponent that is no integer ≥ 0.
    """

    integer_exponents: ClassVar[str] = "an exponent must be an integer ≥ 0, got {}"

    def apply(self, rule: str, values: list[Any]) -> Any:
        """The value of a node of the tree, from its children's."""
        return getattr(self, rule)(*values)

    def number(self, token: str) -> Any:
        """A number, exact."""
        return Fraction(check_digits(token))

    def exponent(self, token: str, root: str = "1") -> Any:
        """An exponent, written alone or over a root: an integer ≥ 0."""
        if not token.isdecimal() or root != "1":
            raise InputError(self.integer_exponents.format(token if root == "1" else f"{token}/{root}"))
        return exponent_of(token)

    def total(self, first: Any, *rest: Any) -> Any:
        """Σ ± terms, in halves: a sum of thousands of terms nests no deeper than one of two."""
        terms = [first, *(-x if sign == "-" else x for sign, x in zip(rest[::2], rest[1::2], strict=True))]
        while len(terms) > 1:
            terms = [reduce(add, terms[i : i + 2]) for i in range(0, len(terms), 2)]
        return terms[0]

    def chain(self, first: Any, *rest: Any) -> Any:
        """Products and quotients from left to right."""
        for sign, x in zip(rest[::2], rest[1::2], strict=True):
            first = self.by(first, x) if sign == "/" else first * x
        return first

    negate = staticmethod(neg)

    def by(self, left: Any, right: Any) -> Any:
        """A quotient."""
        return left / right

    def raised(self, base: Any, exponent: Any) -> Any:
        """A power; of a number within the limits."""
        if isinstance(base, Fraction) or getattr(base, "is_Rational", False):
            bits = max(abs(int(base.numerator)), int(base.denominator)).bit_length()
            if bits * abs(Fraction(exponent.numerator, exponent.denominator)) > 4 * _MOST_DIGITS:
                raise CostError(f"a power of numbers must have at most {_MOST_DIGITS} digits")
        return base**exponent


def exponent_of(token: str) -> int:
    """An exponent within the limits."""
    if len(token) > 4 or int(token) > _LARGEST_EXPONENT:  # noqa: PLR2004 - digits
        raise CostError(f"an exponent must be at most {_LARGEST_EXPONENT}, got {token}")
    return int(token)


def check_digits(token: str, what: str = "a number") -> str:
    """A number within the limits."""
    if len(token) > _MOST_DIGITS:
        raise CostError(f"{what} must have at most {_MOST_DIGITS} digits, got {len(token)}")
    return token


# -- parsing ------------------------------------------------------------------------------------------------


def parse(kind: str, text: object, grammar: str, rules: Arithmetic) -> Any:
    """Parse a text and carry it out.

    Args:
        kind: What the text is, "integrand", "expression" (a moment) or "claim": the word for it in messages.
        text: The text.
        grammar: ``ARITHMETIC`` with what is added to it.
        rules: A method for each rule of the grammar.

    Raises:
        InputError: If the text does not parse, with a caret under the place, or is notation that is not read.
        CostError: If it is too long or too deep.

    Examples:
        >>> parse("claim", "2^3 - 1/2", "?start: sum" + ARITHMETIC, Arithmetic())
        Fraction(15, 2)
        >>> parse("claim", "2^^3", "?start: sum" + ARITHMETIC, Arithmetic())
        Traceback (most recent call last):
        ...
        haarqntk.errors.InputError: claim does not parse: unexpected '^' at column 3
          2^^3
            ^
    """
    if not isinstance(text, str):
        raise InputError(f"{kind} must be a text, got {text!r}")
    if len(text) > _LONGEST_TEXT:
        raise CostError(f"{kind} must have at most {_LONGEST_TEXT} characters, got {len(text)}")
    if kind == "integrand" and (star := _STAR.search(text)):
        raise InputError(
            f"a star must not have a space behind it alone, got {star[0]!r}; write U^* for the conjugate, U^H for the "
            "adjoint, U*B for a product"
        )
    if root := _ROOT.search(text):
        power, below = root.groups()
        first = power == "1"
        raise InputError(
            f"{kind} has {root[0]}, which is a {'first power' if first else f'power {power}'} divided by {below}; "
            f"write {'sqrt(…)' if first else f'x^({power}/{below})'}, or {'x' if first else f'x^({power})'}/{below}"
        )
    try:
        return _carried_out(_parser(grammar).parse(text), rules)
    except lark.UnexpectedInput as error:
        _check_notation(kind, text)
        at_end = getattr(getattr(error, "token", None), "type", "") == "$END"
        raise _unexpected(kind, text, len(text) if at_end else error.pos_in_stream or 0) from None
    except RecursionError:
        raise CostError(f"{kind} must not be nested so deeply; simplify it") from None


@lru_cache(maxsize=4)  # of integrands, moments and claims
def _parser(grammar: str) -> Lark:
    parser: Lark = lark.Lark(grammar, parser="lalr", maybe_placeholders=False)
    return parser


def _carried_out(tree: Tree[Any], rules: Arithmetic) -> Any:
    """The value of a tree: every node after its children, from left to right."""
    values = [str(x) if isinstance(x, str) else _carried_out(x, rules) for x in tree.children]
    return rules.apply(tree.data, values)


def _unexpected(kind: str, text: str, place: int) -> InputError:
    """The error for a text that does not parse at a place, with the first hint that is known of it."""
    place = min(place, len(text))
    found = f"unexpected {text[place]!r}" if place < len(text) else "it ends too early"
    start = text.rfind("\n", 0, place) + 1  # of the line that holds the place
    line, column = text[start:].split("\n", 1)[0], place - start
    cure = next((f"; {hint}" for pattern, hint in _HINTS[kind].items() if re.search(pattern, text)), "")
    return InputError(
        f"{kind} does not parse: {found} at column {column + 1}{cure}",
        picture=f"\n  {line}\n  {' ' * column}^",
    )


def _check_notation(kind: str, text: str) -> None:
    """Refuse notation that is not read, with what to type instead."""
    for pattern, meaning in _NOTATION[kind].items():
        if found := re.search(pattern, text):
            what, _, cure = meaning.rpartition(" → ")
            seen, around = repr(found[0].strip()), text[max(found.start() - 12, 0) : found.end() + 12]
            place = f", got {seen} in {' '.join(around.split())!r}" if what else ""
            raise InputError(f"{what or seen} is not read{place}; {cure}")
