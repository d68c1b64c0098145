"""Mathematica and Maple: the factored closed form in the language of each, in names that it leaves free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from haarqntk.base import LazyModule
from haarqntk.errors import InputError
from haarqntk.export._free_names import is_free_in_maple, is_free_in_mathematica
from haarqntk.export._style import mapping_of_texts
from haarqntk.export._values import quotients
from haarqntk.haar import Integral

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from haarqntk.export._values import Quotient, Value

sympy = LazyModule("sympy")

_FREE: dict[str, Callable[[str], bool]] = {"Mathematica": is_free_in_mathematica, "Maple": is_free_in_maple}


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
    texts, comment = _written(value, names, "Mathematica", sympy.mathematica_code)
    body = texts[0] if len(texts) == 1 else "{" + ", ".join(texts) + "}"
    return f"(* {comment.replace('*)', '* )')} *)\n{body}" if comment else body


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
    texts, comment = _written(value, names, "Maple", sympy.maple_code)
    body = texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"
    return f"# {comment}\n{body}" if comment else body


def _written(
    value: Value,
    names: object,
    language: str,
    printer: Callable[[Any], str],
) -> tuple[list[str], str]:
    """The text of each closed form, and which names were changed."""
    parts = quotients(value)
    plain = {symbol: name for part in parts for symbol, name in part.identifiers().items()}
    chosen = _names(plain, mapping_of_texts("names", names, "names"), language)
    texts = [printer(part.renamed(chosen)) for part in parts]
    changed = [f"{new} is {old}" for old, new in chosen.items() if old != new and _occurs(old, parts)]
    changed += [f"part {i} is the coefficient of {part.label}" for i, part in _operators(value, parts)]
    return texts, ", ".join(changed)


def _operators(value: Value, parts: Sequence[Quotient]) -> list[tuple[int, Quotient]]:
    """The parts of an operator, counted from 1."""
    is_operator = isinstance(value, Integral) and not value.is_scalar
    return [(i, part) for i, part in enumerate(parts, start=1) if is_operator and part.label]


def _occurs(name: str, parts: Iterable[Quotient]) -> bool:
    return any(free.name == name for part in parts for free in part.expression.free_symbols)


def _names(plain: Mapping[str, str], given: Mapping[str, str], language: str) -> dict[str, str]:
    chosen: dict[str, str] = {}
    symbols = list(plain)
    for symbol, identifier in plain.items():
        free, number = _made_free(identifier, language), 1
        while symbol != free and free in {*chosen.values(), *plain}:  # made here, so made different here
            free, number = f"{free}x{number}", number + 1
        chosen[symbol] = given.get(symbol, free)
    if unknown := [name for name in given if name not in symbols]:
        raise InputError(
            f"names must be of symbols that occur, got {unknown[0]!r}; known: {', '.join(symbols)}"
        )
    for symbol, name in chosen.items():
        if not _FREE[language](name):
            cure = "start with a small letter" if language == "Mathematica" else "choose another"
            raise InputError(
                f"names[{symbol}] must be an identifier that {language} leaves free, got {name!r}; {cure}"
            )
    twice = [name for name in chosen.values() if list(chosen.values()).count(name) > 1]
    if twice:
        raise InputError(f"names must tell symbols apart, got {twice[0]!r} twice; pass names= with others")
    return chosen


def _made_free(identifier: str, language: str) -> str:
    """The name of a symbol in a language, with a small first letter or a mark behind it where it is taken."""
    name = identifier.replace("_", "") if language == "Mathematica" else identifier
    if not _FREE[language](name):
        name = name[:1].lower() + name[1:]
    return name if _FREE[language](name) else f"{name}x"
