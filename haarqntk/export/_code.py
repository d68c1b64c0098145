"""Source text of functions: Python, exact or on arrays, and C. Sums are in Horner form, products stay factored."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Any, NamedTuple

from haarqntk.base import LazyModule
from haarqntk.checks import one_of
from haarqntk.errors import InputError, InputTypeError
from haarqntk.export._free_names import freed, is_free_in_c, is_free_in_python
from haarqntk.export._integral import meaning_of_integral
from haarqntk.export._text import range_of
from haarqntk.export._values import identifier_of, name_of, quotients
from haarqntk.haar import Integral
from haarqntk.qntk import EigenvalueFormula, Formula

if TYPE_CHECKING:
    from collections.abc import Callable

    from haarqntk.export._values import Quotient, Value

sympy = LazyModule("sympy")

_WIDTH = 100
_MODULES = ("numpy", "jax", "mpmath", "math", "sympy", "scipy", "cupy", "tensorflow", "torch")
_QUOTIENT = """\
from fractions import Fraction


def _quotient(top, bottom):
    exact = isinstance(top, (int, Fraction)) and isinstance(bottom, (int, Fraction))
    return Fraction(top) / bottom if exact else top / bottom
"""


def to_python(value: Value, *, name: str | None = None) -> str:
    r"""Python source of a function without dependencies, exact on exact numbers.

    The function uses + − * / and integer powers alone: on integers and Fractions it returns a Fraction, on floats,
    NumPy and JAX arrays of floats it works element by element.

    Args:
        value: A formula, ratio, series, polynomial, rational or Weingarten function, expansion or integral; eigenvalues
            and operators, of which each gives a function.
        name: The function's name; the value's own if left out, where that is an identifier.

    Returns:
        The source of a module. Its arguments are D, L and the other symbols that occur, in the order of
        ``lambdify``; a word of the language has an underscore behind it, and the comment says so.

    Raises:
        InputTypeError: If the value has no closed form.
        InputError: If the name is no identifier, or a word of the language.

    Examples:
        >>> from haarqntk.qntk import formula
        >>> print(to_python(formula("kernel_mean")).split("\n\n\n")[2])
        def kernel_mean(D, L, T1, T2):
            # K̄ = E[Σ_l g_l²]; ensemble segments; even D ≥ 2
            return _quotient(2*L*(D*T2 - T1**2), (D - 1)*(D + 1)**2)
        <BLANKLINE>

    Reference:
        derivations/00_conventions.md, for the symbols.
    """
    functions = []
    for part in _functions(value, is_free_in_python):
        identifier = _identifier(value, part, name, is_free_in_python)
        terms = [
            f"_quotient({_wrapped(top)}, {_wrapped(bottom)})" for top, bottom in _fractions(part, _power)
        ]
        body = "\n        + ".join(terms)
        result = body if len(terms) == 1 else f"(\n        {body}\n    )"
        remark = _commented(part.remark, "    # ")
        functions.append(
            f"def {identifier}({', '.join(part.arguments)}):\n    # {remark}\n    return {result}\n"
        )
    return "\n\n".join([_QUOTIENT, *functions])


def to_c(value: Value, *, name: str | None = None) -> str:
    """C source of a function of doubles.

    A double has 53 bits: near D = 2^50, where terms cancel, take ``evaluate`` or ``to_python``. Traces and entries of
    an integral are real there.

    Args:
        value: As in ``to_python``.
        name: The function's name.

    Returns:
        One function for each closed form, in C99, without headers.

    Raises:
        InputTypeError: If the value has no closed form.
        InputError: If the name is no identifier of C, or its own or a header's.

    Examples:
        >>> from haarqntk.qntk import formula
        >>> print(to_c(formula("kernel_mean")))
        /* K̄ = E[Σ_l g_l²]; ensemble segments; even D ≥ 2 */
        double kernel_mean(double D, double L, double T1, double T2) {
            return (2.0*L*(D*T2 - T1*T1))/((D - 1.0)*(D + 1.0)*(D + 1.0));
        }
        <BLANKLINE>

    Reference:
        derivations/00_conventions.md, for the symbols.
    """
    functions = []
    for part in _functions(value, is_free_in_c):
        identifier = _identifier(value, part, name, is_free_in_c)
        terms = [f"({_wrapped(top)})/({_wrapped(bottom)})" for top, bottom in _fractions(part, _c_power)]
        arguments = ", ".join(f"double {symbol}" for symbol in part.arguments)
        result = "\n        + ".join(terms)
        functions.append(
            f"/* {_commented(part.remark.replace('*/', '* /'), '   ')} */\n"
            f"double {identifier}({arguments}) {{\n    return {result};\n}}\n"
        )
    return "\n".join(functions)


def lambdify(value: Value, modules: str = "numpy") -> Callable[..., Any]:
    """The closed form as a function of arrays, by SymPy's ``lambdify``.

    Args:
        value: A result with one closed form.
        modules: Whose functions it is made of: "numpy" (default), "jax", "mpmath", "math", "sympy", "scipy", "cupy",
            "tensorflow" or "torch".

    Returns:
        A function of D, L and the other symbols that occur, in that order; keywords work too.

    Raises:
        InputTypeError, InputError: If the value has no closed form, or two; if the modules are not installed.
        UnknownNameError: If the modules are none of these.

    Examples:
        >>> import numpy as np
        >>> from haarqntk.qntk import formula
        >>> kernel_mean = lambdify(formula("kernel_mean"))
        >>> kernel_mean(D=np.array([2.0, 4.0]), L=1.0, T1=0.0, T2=np.array([2.0, 4.0]))
        array([0.88888889, 0.42666667])

    Reference:
        derivations/00_conventions.md, for the symbols.
    """
    parts = quotients(value)
    if len(parts) > 1:
        raise InputError(
            f"value must have one closed form, got {len(parts)}; take .uniform or .difference of eigenvalues, "
            "a trace or an entry of an operator"
        )
    (part,) = _functions(value, is_free_in_python)
    arguments = [sympy.Symbol(name) for name in part.arguments]
    _check_modules(modules)
    try:
        return sympy.lambdify(arguments, part.expression, modules=modules)  # type: ignore[no-any-return]
    except ImportError:
        raise InputError(f"modules={modules!r} must be installed; pip install {modules}") from None


def _check_modules(modules: object) -> None:
    if not isinstance(modules, str):
        raise InputTypeError(f"modules must be a text, one of {', '.join(_MODULES)}, got {modules!r}")
    one_of("modules", modules, _MODULES)


class _Function(NamedTuple):
    """A closed form in names of code: what it is the coefficient of, its arguments in order, and what it means."""

    label: str
    expression: Any
    arguments: tuple[str, ...]
    remark: str


def _functions(value: Value, is_free: Callable[[str], bool]) -> list[_Function]:
    """The closed forms, each with its arguments in the order of ``Quotient.symbols``, in every language the same."""
    found: list[_Function] = []
    taken: set[str] = set()
    for part in quotients(value):
        names = _names(part, is_free)
        remarks = [_meaning(value)]
        remarks += [f"coefficient of {part.label}"] * (isinstance(value, Integral) and bool(part.label))
        remarks += [f"{new} is {old}" for old, new in names.items() if new != old]
        label = part.label if part.label.isidentifier() or not part.label else identifier_of(part.label)
        label = freed(label, lambda text: text not in taken)
        taken.add(label)
        arguments = tuple(names[symbol] for symbol in part.symbols)
        found.append(_Function(label, part.renamed(names), arguments, "; ".join(remarks)))
    return found


def _names(part: Quotient, is_free: Callable[[str], bool]) -> dict[str, str]:
    """Symbol → an identifier that the language leaves free."""
    found = part.identifiers()
    for symbol, name in found.items():
        others = {other for key, other in found.items() if key != symbol}
        found[symbol] = freed(name, is_free, others)
    return found


def _identifier(value: Value, part: _Function, name: str | None, is_free: Callable[[str], bool]) -> str:
    """The name of a function, checked together with those of its arguments."""
    if not isinstance(name, str | None):
        raise InputTypeError(f"name must be a text, got {name!r}")
    own = name_of(value)
    base = name if name is not None else own if own.isidentifier() else "value"
    found = f"{base}_{part.label}" if part.label else base
    if not is_free(found) or found in {*part.arguments, "Fraction"}:
        raise InputError(
            f"name must be an identifier, no word of the language and no symbol of the formula, got {found!r}"
        )
    return found


def _meaning(value: Value) -> str:
    """What is averaged and where it holds, on one line."""
    if isinstance(value, Integral):
        return meaning_of_integral(value)
    if not isinstance(value, Formula | EigenvalueFormula):
        return name_of(value)
    text = f"{value.definition}; ensemble {value.ensemble}; {range_of(value)}"
    return " ".join(text.split()).replace("\\", "")


def _fractions(part: _Function, power: Callable[[str, int], str]) -> list[tuple[str, str]]:
    """The terms of the closed form, each as the texts of numerator and denominator."""
    is_c = power is _c_power
    found = []
    for term in part.expression.as_ordered_terms():
        top, bottom = (
            "*".join(_factor(factor, part.arguments, power, is_c=is_c) for factor in side)
            for side in _sides(term)
        )
        found.append((top, bottom))
    return found


def _sides(term: Any) -> tuple[list[Any], list[Any]]:
    """The factors above and below the line; SymPy's ``fraction`` would multiply a number into a sum."""
    above, below = [], []
    for factor in term.as_ordered_factors():
        base, exponent = factor.as_base_exp()
        if factor.is_Rational:
            above += [sympy.Integer(factor.p)] * (factor.p != 1)
            below += [sympy.Integer(factor.q)] * (factor.q != 1)
        elif exponent < 0:
            below.append(base**-exponent)
        else:
            above.append(factor)
    one = [sympy.Integer(1)]
    return above or one, below or one


def _factor(factor: Any, order: tuple[str, ...], power: Callable[[str, int], str], *, is_c: bool) -> str:
    base, exponent = factor.as_base_exp()
    if base.is_Integer:
        text = f"{int(base) ** int(exponent)}" + (".0" if is_c else "")
        return f"({text})" if base < 0 else text
    if base.is_Symbol:
        return power(base.name, int(exponent))
    text = f"({_horner(_terms(base, order), order, power, is_c=is_c)})"
    return power(text, int(exponent))


def _terms(total: Any, order: tuple[str, ...]) -> dict[tuple[int, ...], int]:
    """Exponents → coefficient of a sum with integer coefficients."""
    known = {free.name: free for free in total.free_symbols}
    symbols = [known.get(name, sympy.Symbol(name)) for name in order]
    return {tuple(map(int, e)): int(c) for e, c in sympy.Poly(total, *symbols).terms()}


def _horner(
    terms: dict[tuple[int, ...], int],
    order: tuple[str, ...],
    power: Callable[[str, int], str],
    *,
    is_c: bool,
) -> str:
    """((a x + b) x + c), in the first symbol whose coefficients are Horner forms in the others."""
    if not order:
        (constant,) = terms.values()
        return f"{constant}.0" if is_c else str(constant)
    by_power: dict[int, dict[tuple[int, ...], int]] = {}
    for (exponent, *rest), c in terms.items():
        by_power.setdefault(exponent, {})[tuple(rest)] = c
    powers = sorted(by_power, reverse=True)
    text = ""
    for exponent, following in zip(powers, [*powers[1:], 0], strict=True):
        coefficient = _horner(by_power[exponent], order[1:], power, is_c=is_c)
        text = _plus(text, coefficient) if text else coefficient
        if step := exponent - following:
            text = _times(text, power(order[0], step))
    return text


def _plus(left: str, right: str) -> str:
    return f"{left} - {right[1:]}" if right.startswith("-") else f"{left} + {right}"


def _times(left: str, right: str) -> str:
    ones = {"1": right, "1.0": right, "-1": f"-{right}", "-1.0": f"-{right}"}
    if left in ones:
        return ones[left]
    is_sum = re.search(r" [+-] ", re.sub(r"\([^()]*\)", "", _without_brackets(left)))
    if is_sum:
        return f"{right}*({left})"
    return f"{left}*{right}" if left[0] in "-0123456789" else f"{right}*{left}"


def _without_brackets(text: str) -> str:
    """The text outside of all brackets."""
    depth, outside = 0, []
    for character in text:
        depth += (character == "(") - (character == ")")
        if depth == 0:
            outside.append(character)
    return "".join(outside)


def _power(text: str, exponent: int) -> str:
    return text if exponent == 1 else f"{text}**{exponent}"


def _c_power(text: str, exponent: int) -> str:
    return "*".join([text] * exponent)


def _commented(text: str, indent: str) -> str:
    """Long remarks on several lines."""
    return f"\n{indent}".join(textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False))


def _wrapped(text: str) -> str:
    """Long sums on several lines; brackets stand around them already."""
    lines = textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
    return ("\n" + " " * 12).join(lines)
