"""Source code: functions in Python and C, expressions in computer algebra systems, and the table of all formats.

SymPy prints; what is exact stays exact since a sum is in Horner form with integer coefficients, a product stays
factored, and one division is left to each term.
"""

from __future__ import annotations

from functools import lru_cache, partial, reduce
from typing import TYPE_CHECKING, Any, NamedTuple

from haarqntk.base import LazyModule
from haarqntk.checks import one_of
from haarqntk.errors import InputError, InputTypeError
from haarqntk.export._html import to_mathml
from haarqntk.export._json import to_json
from haarqntk.export._latex import latex
from haarqntk.export._names import LANGUAGES, Language, mapping_of_texts
from haarqntk.export._text import filled, meaning_of, plain_text
from haarqntk.export._values import identifier_of, name_of, quotients
from haarqntk.haar import Integral

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from haarqntk.export._values import Value

sympy = LazyModule("sympy")
printing = LazyModule("sympy.printing.codeprinter")
python_printing = LazyModule("sympy.printing.pycode")
c_printing = LazyModule("sympy.printing.c")

_MODULES = ("numpy", "jax", "mpmath", "math", "sympy", "scipy", "cupy", "tensorflow", "torch")
_WIDTH = 100
_QUOTIENT = """\
from fractions import Fraction


def _quotient(top, bottom):
    exact = isinstance(top, (int, Fraction)) and isinstance(bottom, (int, Fraction))
    return Fraction(top) / bottom if exact else top / bottom
"""

# -- functions -----------------------------------------------------------------------------------------


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
    sources = [_QUOTIENT]
    for function in _functions(value, name, "python"):
        terms = [f"_quotient({top}, {bottom})" for top, bottom in function.fractions]
        body = "\n        + ".join(terms)
        result = body if len(terms) == 1 else f"(\n        {body}\n    )"
        head = f"def {function.name}({', '.join(function.arguments)}):"
        remark = "\n    # ".join(filled(function.remark, _WIDTH))
        sources.append(f"{head}\n    # {remark}\n    return {result}\n")
    return "\n\n".join(sources)


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
    sources = []
    for function in _functions(value, name, "c"):
        result = "\n        + ".join(f"({top})/({bottom})" for top, bottom in function.fractions)
        head = f"double {function.name}({', '.join(f'double {each}' for each in function.arguments)})"
        remark = "\n   ".join(filled(function.remark.replace("*/", "* /"), _WIDTH))
        sources.append(f"/* {remark} */\n{head} {{\n    return {result};\n}}\n")
    return "\n".join(sources)


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
    if not isinstance(modules, str):
        raise InputTypeError(f"modules must be a text, one of {', '.join(_MODULES)}, got {modules!r}")
    one_of("modules", modules, _MODULES)
    names = LANGUAGES["python"].names_of(parts[0].identifiers())
    arguments = sympy.symbols(list(names.values()))
    try:
        return sympy.lambdify(arguments, parts[0].renamed(names), modules=modules)  # type: ignore[no-any-return]
    except ImportError:
        raise InputError(f"modules={modules!r} must be installed; pip install {modules}") from None


class _Function(NamedTuple):
    """A function in code: its name and arguments, what it means, and the fractions whose sum it is."""

    name: str
    arguments: list[str]
    remark: str
    fractions: list[tuple[str, str]]


def _functions(value: Value, name: str | None, key: str) -> Iterator[_Function]:
    """The closed forms in a language, with arguments in the order of ``Quotient.symbols`` in every language."""
    language = LANGUAGES[key]
    if not isinstance(name, str | None):
        raise InputTypeError(f"name must be a text, got {name!r}")
    own, labels = name_of(value), {""}
    base = name if name is not None else own if own.isidentifier() else "value"
    for part in quotients(value):
        names = language.names_of(part.identifiers())
        label = part.label if part.label.isidentifier() or not part.label else identifier_of(part.label)
        while label and label in labels:
            label += "_"
        labels.add(label)
        identifier = f"{base}_{label}" if label else base
        if not language.is_free(identifier) or identifier in {*names.values(), "Fraction"}:
            raise InputError(
                "name must be an identifier, no word of the language and no symbol of the formula, "
                f"got {identifier!r}"
            )
        remarks = [meaning_of(value)]
        remarks += [f"coefficient of {part.label}"] * (isinstance(value, Integral) and bool(part.label))
        remarks += [f"{new} is {old}" for old, new in names.items() if new != old]
        arguments, terms = list(names.values()), part.renamed(names).as_ordered_terms()
        yield _Function(
            identifier, arguments, "; ".join(remarks), [_fraction(term, arguments, key) for term in terms]
        )


def _fraction(term: Any, arguments: Sequence[str], key: str) -> tuple[str, str]:
    """Numerator and denominator of a product, factored with sums in Horner form; long ones on several lines.

    SymPy's ``fraction`` of a product would multiply a number into a sum; its ``horner`` takes seven times as long.
    """
    symbols = sympy.symbols(arguments)
    sides: tuple[list[Any], list[Any]] = ([], [])
    for factor in term.as_ordered_factors():
        for part, product in zip(sympy.fraction(factor), sides, strict=True):
            base, exponent = part.as_base_exp()
            if base.is_Add:
                product.append(_horner(sympy.Poly(base, *symbols).rep.to_list(), symbols) ** exponent)
            elif part != 1:
                product.append(part)
    texts = (_printers()[key].doprint(sympy.Mul(*product, evaluate=False)) for product in sides)
    top, bottom = ("\n            ".join(filled(text, _WIDTH)) for text in texts)
    return top, bottom


def _horner(coefficients: Any, symbols: Sequence[Any]) -> Any:
    """((a x + b) x + c) in the first symbol, where a, b, c are Horner forms in the others."""
    if not symbols:
        return sympy.Integer(int(coefficients))
    first, *others = symbols
    return reduce(lambda total, c: total * first + _horner(c, others), coefficients, sympy.Integer(0))


@lru_cache(maxsize=1)  # SymPy is loaded at the first use
def _printers() -> dict[str, Any]:
    """SymPy's printer of each language; in C a number is a double, and a power a product, which needs no header."""

    class InC(c_printing.C99CodePrinter):  # type: ignore[name-defined,misc]  # SymPy has no types
        def _print_Integer(self, expr: Any) -> str:
            return f"{expr.p}.0"

        def _print_Pow(self, expr: Any) -> str:
            base = self.parenthesize(expr.base, printing.PRECEDENCE["Mul"])
            return "*".join([base] * int(expr.exp))

    settings = {"reserved_word_suffix": ""}  # the names are free already
    in_python = python_printing.PythonCodePrinter({**settings, "fully_qualified_modules": False})
    return {"python": in_python, "c": InC(settings)}


# -- expressions of computer algebra systems -----------------------------------------------------------


def to_mathematica(value: Value, *, names: Mapping[str, str] | None = None) -> str:
    """The factored closed form in Mathematica's language; a list for eigenvalues and operators.

    Args:
        value: A formula, eigenvalues, ratio, series, polynomial, rational or Weingarten function, its expansion, or an
            integral or its series.
        names: Symbol → the name that it has there; d for D, which is the derivative there, and names without
            underscores if left out.

    Raises:
        InputTypeError: If the value has no closed form.
        InputError: If a name is no identifier, is taken by the language, or stands for two symbols.

    Examples:
        >>> from haarqntk.qntk import formula
        >>> print(to_mathematica(formula("kernel_mean")))
        (* d is D *)
        2*L*(-T1^2 + T2*d)/((d - 1)*(d + 1)^2)

    Reference:
        derivations/00_conventions.md, for the symbols.
    """
    return _expression(value, names, LANGUAGES["mathematica"])


def to_maple(value: Value, *, names: Mapping[str, str] | None = None) -> str:
    """The factored closed form in Maple's language; a list for eigenvalues and operators.

    Args:
        value: As in ``to_mathematica``.
        names: Symbol → the name that it has there; d for D, which is the derivative there.

    Raises:
        InputTypeError, InputError: As ``to_mathematica``.

    Examples:
        >>> from haarqntk.qntk import formula
        >>> print(to_maple(formula("kernel_mean")))
        # d is D
        2*L*(-T1^2 + T2*d)/((d - 1)*(d + 1)^2)

    Reference:
        derivations/00_conventions.md, for the symbols.
    """
    return _expression(value, names, LANGUAGES["maple"])


def _expression(value: Value, names: object, language: Language) -> str:
    """The text of the closed forms behind a remark that says which names were changed."""
    parts = quotients(value)
    plain = {symbol: name for part in parts for symbol, name in part.identifiers().items()}
    chosen = language.names_of(plain, mapping_of_texts("names", names, "names"))
    texts = [getattr(sympy, language.printer)(part.renamed(chosen)) for part in parts]
    occurring = {free.name for part in parts for free in part.expression.free_symbols}
    remarks = [f"{new} is {old}" for old, new in chosen.items() if old != new and old in occurring]
    if isinstance(value, Integral):
        labels = [(i, part.label) for i, part in enumerate(parts, start=1) if part.label]
        remarks += [f"part {i} is the coefficient of {label}" for i, label in labels]
    body = texts[0] if len(texts) == 1 else language.several.format(", ".join(texts))
    remark = ", ".join(remarks)
    for mark in filter(None, language.comment.split("{}")[1].split()):
        remark = remark.replace(mark, " ".join(mark))  # which would end the comment
    return f"{language.comment.format(remark)}\n{body}" if remark else body


# -- every format --------------------------------------------------------------------------------------

FORMATS: dict[str, Callable[..., str]] = {
    "text": plain_text,
    "latex": latex,
    "mathml": to_mathml,
    "json": to_json,
    "python": to_python,
    "c": to_c,
    **{
        name: partial(_expression, names=None, language=language)
        for name, language in LANGUAGES.items()
        if language.printer
    },
}
"""Name of a format, as on the command line → what writes a result in it."""
